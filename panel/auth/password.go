package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"

	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/postgres"
)

// passwordKey is where the hash of a password that was set in the UI lies; it then counts instead of the configured one.
const passwordKey = "password_hash"

// Bounds of a new password: bcrypt reads no more than 72 bytes.
const (
	minPassword = 8
	maxPassword = 72
)

// isPassword compares in constant time.
func (s *Service) isPassword(ctx context.Context, password string) (bool, error) {
	stored, err := s.Store.Secret(ctx, passwordKey)
	if errors.Is(err, storage.ErrNotFound) {
		hash := sha256.Sum256([]byte(password)) // equal lengths for the comparison
		return subtle.ConstantTimeCompare(hash[:], s.passwordHash[:]) == 1, nil
	}
	if err != nil {
		return false, fmt.Errorf("read password: %w", err)
	}
	if len(password) > maxPassword {
		return false, nil
	}
	err = bcrypt.CompareHashAndPassword([]byte(stored.Reveal()), []byte(password))
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return true, nil
}

func setPassword(ctx context.Context, store *postgres.Store, password string) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	if err := store.SetSecret(ctx, passwordKey, storage.Secret(hash)); err != nil {
		return fmt.Errorf("store password: %w", err)
	}
	return nil
}

// checkPassword reports what is wrong with a new password; login trims spaces, so they may not lead or trail.
func checkPassword(password string) error {
	switch {
	case password != strings.TrimSpace(password):
		return storage.Invalid("new_password", "leave out the spaces at the beginning and the end")
	case len(password) < minPassword:
		return storage.Invalid("new_password", "give at least 8 characters")
	case len(password) > maxPassword:
		return storage.Invalid("new_password", "give at most 72 bytes")
	}
	return nil
}

// ChangePasswordRequest sets a new password.
type ChangePasswordRequest struct {
	CurrentPassword string `json:"current_password"`
	NewPassword     string `json:"new_password"`
}

// Validate implements rest.Validator.
func (r ChangePasswordRequest) Validate() error { return checkPassword(r.NewPassword) }

// changePassword ends all other sessions. Too many guesses at the current password end the session: a stolen cookie
// must not become the password. They count by session, since an address can be cleared by whoever holds the cookie.
func (s *Service) changePassword(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[ChangePasswordRequest](r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	id := SessionID(ctx)
	current := strings.TrimSpace(req.CurrentPassword)
	right, err := s.tryPassword(ctx, s.guesses, id, current, func() {
		s.guesses.add(id, sha256.Sum256([]byte(current)), time.Now())
	})
	if err != nil {
		return err
	}
	if !right {
		return s.wrongCurrent(ctx, id)
	}
	if err := setPassword(ctx, s.Store, req.NewPassword); err != nil {
		return err
	}
	s.guesses.clear(id)
	n, err := s.endOtherSessions(ctx)
	if err != nil {
		return err
	}
	rest.Note(ctx, "password", fmt.Sprintf("%d other sessions ended", n))
	return rest.Done(w)
}

func (s *Service) wrongCurrent(ctx context.Context, id string) error {
	if _, banned := s.guesses.banned(id, time.Now()); !banned {
		rest.Note(ctx, "password", "wrong current password")
		return storage.Invalid("current_password", "this is not the current password")
	}
	rest.Note(ctx, "password", "too many wrong passwords: session ended")
	if err := s.endSession(ctx, id); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return rest.ErrDrop
}
