package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"monitoring/storage"
)

const (
	cookieName  = "auth_token"
	tokenPrefix = "mon_"
	issuer      = "monitoring-panel"
	touchEvery  = time.Minute // how exact last_used is
)

var errWrongBearer = errors.New("wrong bearer token")

// errEnded is a session of ours that is over: expired, logged out, or its token is no longer signed by our key.
var errEnded = errors.New("session has ended")

// identify fills in who the visitor is; a stranger is no error. A wrong bearer token is, and counts as a failure.
func (s *Service) identify(r *http.Request, v *visitor) error {
	if cookie, err := r.Cookie(cookieName); err == nil {
		if err := s.identifySession(r.Context(), v, cookie.Value); err == nil || !errors.Is(err, errEnded) {
			return err
		}
	}
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil
	}
	v.bearer = true
	secret = strings.TrimSpace(secret)
	if strings.HasPrefix(secret, tokenPrefix) {
		return s.identifyToken(r.Context(), v, secret)
	}
	err := s.identifySession(r.Context(), v, secret)
	if !errors.Is(err, errEnded) {
		return err
	}
	if _, err := s.parseJWT(secret); err == nil || errors.Is(err, jwt.ErrTokenExpired) {
		return nil // once ours: the client missed that it ended, and guesses nothing
	}
	s.fail(r.Context(), v, "token", secret)
	return errWrongBearer
}

// identifySession returns errEnded for a token that opens no session.
func (s *Service) identifySession(ctx context.Context, v *visitor, signed string) error {
	claims, err := s.parseJWT(signed)
	if err != nil {
		return errEnded
	}
	session, err := s.Store.Session(ctx, claims.ID)
	now := time.Now()
	if errors.Is(err, storage.ErrNotFound) || err == nil && !now.Before(session.ExpiresAt) {
		return errEnded
	}
	if err != nil {
		return fmt.Errorf("read session: %w", err)
	}
	v.session = &session
	if now.Sub(session.LastUsed) >= touchEvery {
		if err := s.Store.TouchSession(ctx, session.ID, now); err != nil {
			s.Log.Warn("touch session", "err", err) // no reason to refuse the request
		}
	}
	return nil
}

func (s *Service) identifyToken(ctx context.Context, v *visitor, secret string) error {
	hash := sha256.Sum256([]byte(secret)) // 256 random bits need no slow hash
	token, err := s.Store.TokenByHash(ctx, hash[:])
	if errors.Is(err, storage.ErrNotFound) {
		s.fail(ctx, v, "token", secret)
		return errWrongBearer
	}
	if err != nil {
		return fmt.Errorf("read token: %w", err)
	}
	v.token = &token
	now := time.Now()
	if token.LastUsed == nil || now.Sub(*token.LastUsed) >= touchEvery {
		if err := s.Store.TouchToken(ctx, token.ID, now); err != nil {
			s.Log.Warn("touch token", "token", token.Name, "err", err)
		}
	}
	return nil
}

// signJWT puts a session's id into a token. The session row decides; the token only proves that we gave out the id.
func (s *Service) signJWT(session storage.Session) (string, error) {
	claims := jwt.RegisteredClaims{
		Issuer: issuer, Subject: "admin", ID: session.ID,
		IssuedAt: jwt.NewNumericDate(session.CreatedAt), ExpiresAt: jwt.NewNumericDate(session.ExpiresAt),
	}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(s.JWTSecret))
}

// parseJWT accepts our own algorithm, key, issuer and lifetime, and nothing else.
func (s *Service) parseJWT(signed string) (*jwt.RegisteredClaims, error) {
	claims := &jwt.RegisteredClaims{}
	_, err := jwt.ParseWithClaims(signed, claims, func(*jwt.Token) (any, error) { return []byte(s.JWTSecret), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithIssuer(issuer))
	if err != nil {
		return nil, err
	}
	if claims.ID == "" {
		return nil, errors.New("token without session id")
	}
	return claims, nil
}
