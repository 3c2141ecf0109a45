// Package outbound makes HTTP clients for addresses that the operator typed in (Telegram, webhooks, sources): they time
// out, follow no redirect and reach public addresses only. It is not for agents: panel/fleet dials those.
//
// The address is checked when the connection is made, after the name was resolved, so that a name cannot point at one
// address when it is checked and at another when it is used.
package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

const dialTimeout = 5 * time.Second

// Policy says which addresses may be dialled: public ones, and those in Allow.
type Policy struct {
	Allow []netip.Prefix
}

// BlockedError is an address that the policy refuses.
type BlockedError struct{ Addr netip.Addr }

func (e *BlockedError) Error() string {
	return fmt.Sprintf("%s is no public address; name its network in PANEL_OUTBOUND_ALLOW if the panel shall reach it", e.Addr)
}

// private are the networks that a public service never lives in, IPv6 forms that wrap an IPv4 address included.
var private = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/3", "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
	"2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/9", "ff00::/8")

func prefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, p := range list {
		out[i] = netip.MustParsePrefix(p)
	}
	return out
}

// Check returns a *BlockedError for an address that must not be dialled.
func (p Policy) Check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	for _, allowed := range p.Allow {
		if allowed.Contains(addr) {
			return nil
		}
	}
	for _, net := range private {
		if net.Contains(addr) {
			return &BlockedError{addr}
		}
	}
	return nil
}

// Client returns a client whose requests end within timeout. proxy may be empty; it is dialled under the same policy,
// and what lies behind it is the proxy's to judge.
func (p Policy) Client(timeout time.Duration, proxy string) (*http.Client, error) {
	dialer := &net.Dialer{Timeout: dialTimeout, ControlContext: p.control}
	transport := &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: timeout,
		IdleConnTimeout: time.Minute, MaxIdleConnsPerHost: 1, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
	}
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil {
			return nil, errors.New("read proxy address: it is no URL") // its text may hold a password
		}
		transport.Proxy = http.ProxyURL(u)
	}
	return &http.Client{
		Timeout: timeout, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// control runs between the resolving of a name and the dialling of one of its addresses.
func (p Policy) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("read address %s: %w", address, err)
	}
	return p.Check(ap.Addr())
}

// Do sends a request and returns the status and at most limit bytes of the body. Its errors never show the URL, which may
// hold a credential.
func Do(client *http.Client, req *http.Request, limit int64) (status int, body []byte, err error) {
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, withoutURL(err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return resp.StatusCode, nil, fmt.Errorf("read answer: %w", withoutURL(err))
	}
	return resp.StatusCode, body, nil
}

func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
