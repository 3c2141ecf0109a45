package auth

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage"
)

// PublicRoutes are what strangers may ask.
func (s *Service) PublicRoutes(r rest.Router) {
	r.Post("/login", s.login)
	r.Post("/validate-uid", s.validateUID)
	r.Get("/check", s.check)
	r.Get("/ban-status", s.banStatus)
}

// Routes are the administrator's own affairs.
func (s *Service) Routes(r rest.Router) {
	r.Post("/logout", s.logout)
	r.Put("/password", s.changePassword)
	r.Get("/sessions", s.listSessions)
	r.Delete("/sessions", s.deleteOtherSessions)
	r.Delete("/sessions/{id}", s.deleteSession)
	r.Post("/clear-ban", s.clearBan)
	r.Delete("/clear-all-bans", s.clearAllBans)
}

// LoginRequest opens a session. UID is needed unless the secret path is in the URL.
type LoginRequest struct {
	Password string `json:"password"`
	UID      string `json:"uid"`
}

// LoginResponse carries the token only for clients that are no browser; a browser has its cookie.
type LoginResponse struct {
	Success bool   `json:"success"`
	Token   string `json:"token,omitempty"`
}

func (s *Service) login(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[LoginRequest](r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	v := visitorOf(ctx)
	if !v.viaUID && !s.isUID(req.UID) {
		s.fail(ctx, v, "uid", req.UID)
		return rest.ErrDrop
	}
	right, err := s.tryLogin(ctx, v, strings.TrimSpace(req.Password))
	if err != nil {
		return err
	}
	if !right {
		return rest.ErrDrop
	}
	session, signed, err := s.openSession(ctx, v, r.UserAgent())
	if err != nil {
		return err
	}
	s.audit(ctx, storage.AuditEntry{Actor: "admin", IP: session.IP, Action: "login", Status: http.StatusOK})
	http.SetCookie(w, s.cookie(signed, int(s.JWTExpire.Seconds())))
	answer := LoginResponse{Success: true}
	if r.Header.Get("Sec-Fetch-Site") == "" {
		answer.Token = signed
	}
	return rest.Encode(w, http.StatusOK, answer)
}

// tryLogin compares the password for an address that is not banned. A right one clears the address.
func (s *Service) tryLogin(ctx context.Context, v *visitor, password string) (bool, error) {
	key := banKey(v.addr)
	right, err := s.tryPassword(ctx, s.failures, key, password, func() { s.fail(ctx, v, "password", password) })
	if right {
		s.failures.clear(key)
	}
	return right, err
}

// tryPassword compares one password at a time and only while key is not banned, so that parallel guesses get no more
// attempts than guesses in a row. wrong counts a failure.
func (s *Service) tryPassword(ctx context.Context, f *failures, key, password string, wrong func()) (bool, error) {
	select {
	case s.loginLock <- struct{}{}:
		defer func() { <-s.loginLock }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if _, banned := f.banned(key, time.Now()); banned {
		return false, nil
	}
	right, err := s.isPassword(ctx, password)
	if err == nil && !right {
		wrong()
	}
	return right, err
}

func (s *Service) openSession(ctx context.Context, v *visitor, userAgent string) (storage.Session, string, error) {
	var id [24]byte
	_, _ = rand.Read(id[:]) // never fails
	now := time.Now().UTC().Truncate(time.Millisecond)
	session := storage.Session{
		ID: base64.RawURLEncoding.EncodeToString(id[:]), IP: v.addr.String(), UserAgent: cut(userAgent, 300),
		CreatedAt: now, LastUsed: now, ExpiresAt: now.Add(s.JWTExpire),
	}
	signed, err := s.signJWT(session)
	if err != nil {
		return session, "", fmt.Errorf("sign session: %w", err)
	}
	if err := s.Store.CreateSession(ctx, session); err != nil {
		return session, "", fmt.Errorf("store session: %w", err)
	}
	return session, signed, nil
}

// cookie returns the session cookie; a maxAge of -1 deletes it.
func (s *Service) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteStrictMode}
}

// ValidateUIDRequest asks whether a secret path is the right one.
type ValidateUIDRequest struct {
	UID string `json:"uid"`
}

// ValidateUIDResponse is only ever true: a wrong secret path drops.
type ValidateUIDResponse struct {
	Valid bool `json:"valid"`
}

func (s *Service) validateUID(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[ValidateUIDRequest](r)
	if err != nil {
		return err
	}
	if !s.isUID(req.UID) {
		s.fail(r.Context(), visitorOf(r.Context()), "uid", req.UID)
		return rest.ErrDrop
	}
	return rest.Encode(w, http.StatusOK, ValidateUIDResponse{true})
}

// CheckResponse says whether the caller is logged in.
type CheckResponse struct {
	Authenticated bool `json:"authenticated"`
}

// check always answers under the secret path: it is how the UI tells a dropped call from an ended session.
func (s *Service) check(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r.Context())
	if !v.known() && !v.viaUID {
		return rest.ErrDrop
	}
	return rest.Encode(w, http.StatusOK, CheckResponse{v.known()})
}
