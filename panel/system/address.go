package system

import (
	"context"
	"net"
	"net/http"
	"time"

	"monitoring/panel/rest"
)

const resolveTimeout = 5 * time.Second

// AddressResponse is where the panel is found; null for what is not known.
type AddressResponse struct {
	IP     *string `json:"ip"`
	Domain *string `json:"domain"`
}

// address answers the address of the domain, or without a domain the one that connections to the world go out from.
func (s *Service) address(w http.ResponseWriter, r *http.Request) error {
	answer := AddressResponse{}
	if s.o.Domain == "" {
		answer.IP = outgoing(r.Context())
		return rest.Encode(w, http.StatusOK, answer)
	}
	answer.Domain = &s.o.Domain
	ctx, cancel := context.WithTimeout(r.Context(), resolveTimeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupHost(ctx, s.o.Domain)
	if err != nil {
		s.o.Log.Warn("resolve domain of the panel", "domain", s.o.Domain, "err", err)
	} else if len(ips) > 0 {
		answer.IP = &ips[0]
	}
	return rest.Encode(w, http.StatusOK, answer)
}

// outgoing asks the routing table; connecting a UDP socket sends nothing. 192.0.2.1 is reserved for documentation.
func outgoing(ctx context.Context) *string {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", "192.0.2.1:9")
	if err != nil {
		return nil // no route to the world
	}
	defer conn.Close()
	ip := conn.LocalAddr().(*net.UDPAddr).IP.String()
	return &ip
}
