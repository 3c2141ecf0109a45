package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// maxHops bounds the entries of X-Forwarded-For that we look at.
const maxHops = 32

// clientAddr returns the address of the client: the TCP peer or, when that is a trusted proxy, the last hop that a
// trusted proxy added. What the client itself wrote in front of it never counts. What cannot be read is an error.
func clientAddr(r *http.Request, trusted []netip.Prefix) (netip.Addr, error) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("parse peer address: %w", err)
	}
	addr := peer.Addr().Unmap().WithZone("")
	if !containsAddr(trusted, addr) {
		return addr, nil
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if len(hops) == 1 && strings.TrimSpace(hops[0]) == "" {
		return addr, nil // the proxy itself is calling
	}
	if len(hops) > maxHops {
		return netip.Addr{}, errors.New("X-Forwarded-For has too many entries")
	}
	for i := len(hops) - 1; i >= 0 && containsAddr(trusted, addr); i-- {
		if addr, err = parseHop(hops[i]); err != nil {
			return netip.Addr{}, fmt.Errorf("parse X-Forwarded-For: %w", err)
		}
	}
	return addr, nil
}

// parseHop reads an address with or without a port.
func parseHop(s string) (netip.Addr, error) {
	s = strings.TrimSpace(s)
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		withPort, portErr := netip.ParseAddrPort(s)
		if portErr != nil {
			return netip.Addr{}, err
		}
		addr = withPort.Addr()
	}
	return addr.Unmap().WithZone(""), nil
}

func containsAddr(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// banKey is what bans and limits count by: an IPv4 address, or the /64 that one IPv6 customer holds at least.
func banKey(addr netip.Addr) string {
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.Prefix(64)
	if err != nil { // only for the zero Addr, which clientAddr never returns
		return ""
	}
	return prefix.String()
}
