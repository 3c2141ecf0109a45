package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage"
)

// fail counts a wrong secret of kind (password, uid, token) and bans the address when it was one too many.
func (s *Service) fail(ctx context.Context, v *visitor, kind, secret string) (banned bool) {
	now := time.Now()
	key := banKey(v.addr)
	counted, banned := s.failures.add(key, sha256.Sum256([]byte(kind+"\x00"+secret)), now)
	if !counted {
		return false
	}
	s.metrics.failures.Inc()
	s.audit(ctx, storage.AuditEntry{Actor: "anonymous", IP: v.addr.String(), Action: "login", Detail: "wrong " + kind})
	if !banned {
		return false
	}
	s.metrics.bans.Inc()
	until := now.Add(s.BanDuration)
	s.Log.Warn("banned address", "address", key, "until", until, "last_wrong", kind)
	if err := s.storeBan(ctx, key, until); err != nil { // memory has it; RunOnce tries again
		s.Log.Error("store ban", "address", key, "err", err)
	}
	s.audit(ctx, storage.AuditEntry{Actor: "panel", IP: v.addr.String(), Action: "ban", Target: key,
		Detail: "until " + until.UTC().Format(time.RFC3339)})
	return true
}

func (s *Service) storeBan(ctx context.Context, key string, until time.Time) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	err := s.Store.SetBan(ctx, storage.Ban{IP: key, Reason: "wrong secrets", Failures: s.MaxFailedAttempts,
		CreatedAt: time.Now(), Until: until})
	if err == nil {
		s.failures.markStored(key, time.Now())
	}
	return err
}

// detached is for writes that must happen even if the client has gone.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

// syncBans brings memory and Postgres together; `panel admin unban` writes to Postgres only.
func (s *Service) syncBans(ctx context.Context) error {
	now := time.Now()
	for key, until := range s.failures.unstored(now) {
		if err := s.storeBan(ctx, key, until); err != nil {
			return err
		}
	}
	stored, err := s.Store.Bans(ctx)
	if err != nil {
		return err
	}
	bans := map[string]time.Time{}
	var expired error
	for _, b := range stored {
		if now.Before(b.Until) {
			bans[b.IP] = b.Until
		} else if err := s.Store.DeleteBan(ctx, b.IP); err != nil && !errors.Is(err, storage.ErrNotFound) {
			expired = errors.Join(expired, err)
		}
	}
	s.failures.replaceStored(bans, now)
	return expired
}

// BanStatus is what the panel holds against the caller's own address.
type BanStatus struct {
	IP           string      `json:"ip"`
	MemoryBanned bool        `json:"memory_banned"`
	MemoryInfo   BanInfo     `json:"memory_info"`
	DBInfo       *BannedInfo `json:"db_info"`
}

// BanInfo counts failures in memory.
type BanInfo struct {
	Failures     int        `json:"failures"`
	AttemptsLeft int        `json:"attempts_left"`
	BannedUntil  *time.Time `json:"banned_until"`
}

// BannedInfo is a ban in Postgres.
type BannedInfo struct {
	BannedUntil time.Time `json:"banned_until"`
}

func (s *Service) banStatus(w http.ResponseWriter, r *http.Request) error {
	v := visitorOf(r.Context())
	key, now := banKey(v.addr), time.Now()
	status := BanStatus{IP: v.addr.String()}
	status.MemoryInfo.Failures = s.failures.count(key, now)
	status.MemoryInfo.AttemptsLeft = max(0, s.MaxFailedAttempts-status.MemoryInfo.Failures)
	if until, banned := s.failures.banned(key, now); banned {
		status.MemoryBanned = true
		status.MemoryInfo.BannedUntil = timestamp(until)
	}
	stored, err := s.Store.Ban(r.Context(), key)
	switch {
	case errors.Is(err, storage.ErrNotFound):
	case err != nil:
		return err
	case now.Before(stored.Until):
		status.DBInfo = &BannedInfo{*timestamp(stored.Until)}
	}
	return rest.Encode(w, http.StatusOK, status)
}

// timestamp is a time as the API writes it: UTC, milliseconds.
func timestamp(t time.Time) *time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

func (s *Service) clearBan(w http.ResponseWriter, r *http.Request) error {
	key := banKey(visitorOf(r.Context()).addr)
	if err := s.Store.DeleteBan(r.Context(), key); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	s.failures.clear(key)
	rest.Note(r.Context(), key, "")
	return rest.Done(w)
}

// ClearedResponse says how many bans were lifted.
type ClearedResponse struct {
	Success bool `json:"success"`
	Count   int  `json:"count"`
}

func (s *Service) clearAllBans(w http.ResponseWriter, r *http.Request) error {
	n, err := s.Store.DeleteBans(r.Context())
	if err != nil {
		return err
	}
	s.failures.clearAll()
	return rest.Encode(w, http.StatusOK, ClearedResponse{true, n})
}
