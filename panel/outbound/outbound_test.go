package outbound

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestPolicy(t *testing.T) {
	t.Parallel()
	p := Policy{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}}
	f := func(addr string, allowed bool) {
		t.Helper()
		err := p.Check(netip.MustParseAddr(addr))
		var blocked *BlockedError
		if allowed && err != nil || !allowed && !errors.As(err, &blocked) {
			t.Errorf("%s: %v", addr, err)
		}
	}
	f("149.154.167.220", true)
	f("2001:67c:4e8:f004::9", true)
	f("10.1.2.3", true)
	f("::ffff:10.1.2.3", true)
	f("fd00:1::5", true)
	f("10.2.2.3", false)
	f("127.0.0.1", false)
	f("0.0.0.0", false)
	f("169.254.169.254", false)
	f("172.31.255.255", false)
	f("172.32.0.1", true)
	f("192.168.1.1", false)
	f("100.100.0.1", false)
	f("255.255.255.255", false)
	f("::1", false)
	f("::", false)
	f("::ffff:127.0.0.1", false)
	f("::127.0.0.1", false)
	f("64:ff9b::7f00:1", false)
	f("2002:7f00:1::", false)
	f("2001:0:53aa:64c::", false)
	f("fe80::1%eth0", false)
	f("fec0::1", false)
	f("fd00:2::1", false)
}

// A name that resolves to a private address is refused when it is dialled.
func TestNamesAreCheckedWhenDialled(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	local := strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
	get := func(p Policy, address, proxy string) error {
		t.Helper()
		c, err := p.Client(5*time.Second, proxy)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = Do(c, req, 100)
		return err
	}
	for _, err := range []error{get(Policy{}, local, ""), get(Policy{}, srv.URL, ""), get(Policy{}, "http://example.net", srv.URL)} {
		if _, ok := errors.AsType[*BlockedError](err); !ok {
			t.Errorf("not blocked: %v", err)
		}
	}
	loopback := Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
	for _, err := range []error{get(loopback, local, ""), get(loopback, "http://example.net", srv.URL)} {
		if err != nil {
			t.Errorf("allowed, but %v", err)
		}
	}
}

func TestNoRedirectNoEndlessBodyNoURLInErrors(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/secret", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(strings.Repeat("x", 1000)))
	}))
	t.Cleanup(srv.Close)
	c, err := Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}.Client(5*time.Second, "")
	if err != nil {
		t.Fatal(err)
	}
	do := func(address string) (int, []byte, error) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		return Do(c, req, 100)
	}
	if status, _, err := do(srv.URL + "/moved"); status != http.StatusFound || err != nil {
		t.Errorf("redirect: %d, %v", status, err)
	}
	if _, body, err := do(srv.URL); len(body) != 100 || err != nil {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	srv.Close()
	_, _, err = do(srv.URL + "/bot123:TOKEN/x")
	var shown *url.Error
	if err == nil || strings.Contains(err.Error(), "TOKEN") || errors.As(err, &shown) {
		t.Errorf("error: %v", err)
	}
}
