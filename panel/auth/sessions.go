package auth

import (
	"context"
	"errors"
	"net/http"

	"monitoring/panel/rest"
	"monitoring/storage"
)

// endSession revokes a session and cuts its running requests.
func (s *Service) endSession(ctx context.Context, id string) error {
	if err := s.Store.DeleteSession(ctx, id); err != nil {
		return err
	}
	s.running.end(sessionKey(id))
	return nil
}

func (s *Service) logout(w http.ResponseWriter, r *http.Request) error {
	if err := s.endSession(r.Context(), SessionID(r.Context())); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	http.SetCookie(w, s.cookie("", -1))
	return rest.Done(w)
}

// SessionItem is a session as the list shows it.
type SessionItem struct {
	storage.Session
	Current bool `json:"current"`
}

// SessionsResponse lists the open sessions.
type SessionsResponse struct {
	Sessions []SessionItem `json:"sessions"`
	Count    int           `json:"count"`
}

func (s *Service) listSessions(w http.ResponseWriter, r *http.Request) error {
	sessions, err := s.Store.Sessions(r.Context())
	if err != nil {
		return err
	}
	answer := SessionsResponse{Sessions: []SessionItem{}, Count: len(sessions)}
	for _, session := range sessions {
		session.CreatedAt, session.LastUsed = *timestamp(session.CreatedAt), *timestamp(session.LastUsed)
		session.ExpiresAt = *timestamp(session.ExpiresAt)
		answer.Sessions = append(answer.Sessions, SessionItem{session, session.ID == SessionID(r.Context())})
	}
	return rest.Encode(w, http.StatusOK, answer)
}

func (s *Service) deleteSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.endSession(r.Context(), rest.Param(r, "id")); err != nil {
		return err
	}
	return rest.Done(w)
}

func (s *Service) deleteOtherSessions(w http.ResponseWriter, r *http.Request) error {
	n, err := s.endOtherSessions(r.Context())
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, ClearedResponse{true, n})
}

// endOtherSessions revokes every session but the caller's.
func (s *Service) endOtherSessions(ctx context.Context) (int, error) {
	sessions, err := s.Store.Sessions(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, session := range sessions {
		if session.ID == SessionID(ctx) {
			continue
		}
		if err := s.endSession(ctx, session.ID); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return n, err
		}
		n++
	}
	return n, nil
}
