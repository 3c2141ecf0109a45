package auth

import (
	"context"
	"net/netip"
	"slices"
	"strconv"

	"monitoring/panel/rest"
	"monitoring/storage"
)

// visitor is who sent a request, as far as the front door could tell.
type visitor struct {
	addr    netip.Addr
	viaUID  bool             // the secret path was in the URL
	bearer  bool             // the secret came in a header, which no other site can make a browser send
	session *storage.Session // set for the administrator
	token   *storage.Token   // set for an API token
	nonce   string           // of the page's content security policy
}

type visitorKey struct{}

func withVisitor(ctx context.Context, v *visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

// visitorOf returns nil for a request that did not come through the front door.
func visitorOf(ctx context.Context) *visitor {
	v, _ := ctx.Value(visitorKey{}).(*visitor)
	return v
}

func (v *visitor) known() bool { return v.session != nil || v.token != nil }

// may reports whether the visitor holds a role.
func (v *visitor) may(role rest.Role) bool {
	switch {
	case role == rest.Public, v.session != nil:
		return true
	case v.token != nil:
		return slices.Contains(rest.Scopes, role) && slices.Contains(v.token.Scopes, string(role))
	}
	return false
}

// key names the login or token behind a request; it is what revoking ends.
func (v *visitor) key() string {
	switch {
	case v.session != nil:
		return sessionKey(v.session.ID)
	case v.token != nil:
		return tokenKey(v.token.ID)
	}
	return ""
}

func sessionKey(id string) string { return "session:" + id }
func tokenKey(id int64) string    { return "token:" + strconv.FormatInt(id, 10) }

func (v *visitor) actor() string {
	switch {
	case v.session != nil:
		return "admin"
	case v.token != nil:
		return "token:" + v.token.Name
	}
	return "anonymous"
}

// SessionID returns the id of the caller's session, "" for a token.
func SessionID(ctx context.Context) string {
	if v := visitorOf(ctx); v != nil && v.session != nil {
		return v.session.ID
	}
	return ""
}

// Actor names the caller as the audit log does: "admin", "token:<name>" or "anonymous".
func Actor(ctx context.Context) string {
	if v := visitorOf(ctx); v != nil {
		return v.actor()
	}
	return "anonymous"
}

// ClientIP returns the caller's address.
func ClientIP(ctx context.Context) string {
	if v := visitorOf(ctx); v != nil {
		return v.addr.String()
	}
	return ""
}

// ViaUID reports whether the request came by the secret path.
func ViaUID(ctx context.Context) bool {
	v := visitorOf(ctx)
	return v != nil && v.viaUID
}

// Nonce returns what inline scripts of the page must carry to be allowed by its content security policy.
func Nonce(ctx context.Context) string {
	if v := visitorOf(ctx); v != nil {
		return v.nonce
	}
	return ""
}
