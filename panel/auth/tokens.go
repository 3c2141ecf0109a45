package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"monitoring/panel/rest"
	"monitoring/storage"
)

// maxTokenName bounds the name of an API token.
const maxTokenName = 100

// TokenRoutes manage API tokens.
func (s *Service) TokenRoutes(r rest.Router) {
	r.Get("/", s.listTokens)
	r.Post("/", s.createToken)
	r.Delete("/{id}", s.deleteToken)
}

// TokensResponse lists the API tokens.
type TokensResponse struct {
	Tokens []storage.Token `json:"tokens"`
	Count  int             `json:"count"`
}

func (s *Service) listTokens(w http.ResponseWriter, r *http.Request) error {
	tokens, err := s.Store.Tokens(r.Context())
	if err != nil {
		return err
	}
	answer := TokensResponse{Tokens: []storage.Token{}, Count: len(tokens)}
	for _, token := range tokens {
		answer.Tokens = append(answer.Tokens, presented(token))
	}
	return rest.Encode(w, http.StatusOK, answer)
}

func presented(t storage.Token) storage.Token {
	t.CreatedAt = *timestamp(t.CreatedAt)
	if t.LastUsed != nil {
		t.LastUsed = timestamp(*t.LastUsed)
	}
	return t
}

// CreateTokenRequest names a token and what it may do.
type CreateTokenRequest struct {
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
}

// Validate implements rest.Validator.
func (r CreateTokenRequest) Validate() error {
	if strings.TrimSpace(r.Name) == "" || utf8.RuneCountInString(r.Name) > maxTokenName || strings.ContainsRune(r.Name, 0) {
		return storage.Invalid("name", "give a name of 1 to 100 characters")
	}
	known := make([]string, len(rest.Scopes))
	for i, scope := range rest.Scopes {
		known[i] = string(scope)
	}
	for _, scope := range r.Scopes {
		if !slices.Contains(known, scope) {
			return storage.Invalid("scopes", "there is no scope %s; choose from %s", scope, strings.Join(known, ", "))
		}
	}
	if len(r.Scopes) == 0 {
		return storage.Invalid("scopes", "choose at least one of %s", strings.Join(known, ", "))
	}
	return nil
}

// CreateTokenResponse holds the secret, which is never shown again.
type CreateTokenResponse struct {
	Success bool          `json:"success"`
	Token   storage.Token `json:"token"`
	Secret  string        `json:"secret"`
}

func (s *Service) createToken(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[CreateTokenRequest](r)
	if err != nil {
		return err
	}
	slices.Sort(req.Scopes)
	secret := newTokenSecret()
	hash := sha256.Sum256([]byte(secret))
	token, err := s.Store.CreateToken(r.Context(), storage.Token{
		Name: strings.TrimSpace(req.Name), Hash: hash[:], Scopes: slices.Compact(req.Scopes), CreatedAt: time.Now(),
	})
	if errors.Is(err, storage.ErrConflict) {
		return rest.FailField(http.StatusConflict, "conflict", "name", "there is a token of this name already: choose another")
	}
	if err != nil {
		return err
	}
	rest.Note(r.Context(), token.Name, strings.Join(token.Scopes, " "))
	return rest.Encode(w, http.StatusOK, CreateTokenResponse{true, presented(token), secret})
}

func newTokenSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *Service) deleteToken(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	if err := s.Store.DeleteToken(r.Context(), id); err != nil {
		return err
	}
	s.running.end(tokenKey(id))
	return rest.Done(w)
}
