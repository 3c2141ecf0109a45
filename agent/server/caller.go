package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"time"

	"monitoring/agent/control"
)

type openedKey struct{}

// withOpened remembers when the TCP connection of a request was accepted.
func withOpened(ctx context.Context, conn net.Conn) context.Context {
	if t, ok := conn.(*tls.Conn); ok {
		if quiet, ok := t.NetConn().(*quietConn); ok {
			return context.WithValue(ctx, openedKey{}, quiet.opened)
		}
	}
	return ctx
}

// caller says who sent a request.
func caller(r *http.Request) control.Caller {
	var c control.Caller
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.Addr = peer.Addr().Unmap()
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if ap, err := netip.ParseAddrPort(local.String()); err == nil {
			c.Local = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
		}
	}
	c.Opened, _ = r.Context().Value(openedKey{}).(time.Time)
	return c
}
