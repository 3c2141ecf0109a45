package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// user is somebody who may ask. A user that is not ReadOnly is the panel itself.
type user struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	ReadOnly bool   `json:"read_only"`
}

// authenticate finds the caller by any of the three ways that ClickHouse takes credentials. It takes the same time for
// an unknown name as for a wrong password.
func (h *handler) authenticate(r *http.Request) (user, *exception) {
	name, password, ok := r.BasicAuth()
	if !ok {
		name, password = r.Header.Get("X-ClickHouse-User"), r.Header.Get("X-ClickHouse-Key")
	}
	if q := r.URL.Query(); name == "" {
		name, password = q.Get("user"), q.Get("password")
	}
	if name == "" {
		name = "default"
	}
	var found user
	given, match := sha256.Sum256([]byte(name+"\x00"+password)), 0
	for _, u := range h.users {
		want := sha256.Sum256([]byte(u.Name + "\x00" + u.Password))
		if equal := subtle.ConstantTimeCompare(given[:], want[:]); equal == 1 {
			found, match = u, 1
		}
	}
	switch {
	case match == 0:
		return user{}, fail(codeAuthentication, "AUTHENTICATION_FAILED", name+": Authentication failed: password is incorrect, or there is no user with such name.")
	case found.ReadOnly && !h.sandboxed:
		return user{}, fail(codeAuthentication, "AUTHENTICATION_FAILED", name+": Readers are refused here: this kernel has no Landlock, which keeps their SQL away from files.")
	}
	return found, nil
}
