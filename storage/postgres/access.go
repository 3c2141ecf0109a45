package postgres

import (
	"context"
	"time"

	"monitoring/storage"
)

const (
	sessionColumns = `id, ip, user_agent, created_at, last_used, expires_at`
	banColumns     = `ip, reason, failures, created_at, until`
	tokenColumns   = `id, name, hash, scopes, created_at, last_used`
)

// Sessions returns all sessions, the latest used first.
func (s *Store) Sessions(ctx context.Context) ([]storage.Session, error) {
	return many[storage.Session](ctx, s, `SELECT `+sessionColumns+` FROM sessions ORDER BY last_used DESC, id`)
}

// Session returns one session, expired or not, or storage.ErrNotFound.
func (s *Store) Session(ctx context.Context, id string) (storage.Session, error) {
	return one[storage.Session](ctx, s, `SELECT `+sessionColumns+` FROM sessions WHERE id = $1`, id)
}

// CreateSession adds a session.
func (s *Store) CreateSession(ctx context.Context, v storage.Session) error {
	return s.exec(ctx, `INSERT INTO sessions (`+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6)`,
		v.ID, v.IP, storable(v.UserAgent), orNow(v.CreatedAt), orNow(v.LastUsed), v.ExpiresAt)
}

// TouchSession records when a session was last used.
func (s *Store) TouchSession(ctx context.Context, id string, at time.Time) error {
	return s.touch(ctx, `UPDATE sessions SET last_used = greatest(last_used, $2) WHERE id = $1`, id, at)
}

// DeleteSession ends one session.
func (s *Store) DeleteSession(ctx context.Context, id string) error {
	return s.touch(ctx, `DELETE FROM sessions WHERE id = $1`, id)
}

// DeleteSessions ends all sessions.
func (s *Store) DeleteSessions(ctx context.Context) error {
	return s.exec(ctx, `DELETE FROM sessions`)
}

// DeleteExpiredSessions removes the sessions that had expired by now.
func (s *Store) DeleteExpiredSessions(ctx context.Context, now time.Time) error {
	return s.exec(ctx, `DELETE FROM sessions WHERE expires_at <= $1`, now)
}

// Ban returns the ban of an address, over or not, or storage.ErrNotFound.
func (s *Store) Ban(ctx context.Context, ip string) (storage.Ban, error) {
	return one[storage.Ban](ctx, s, `SELECT `+banColumns+` FROM bans WHERE ip = $1`, ip)
}

// Bans returns all bans, the one that ends last first.
func (s *Store) Bans(ctx context.Context) ([]storage.Ban, error) {
	return many[storage.Ban](ctx, s, `SELECT `+banColumns+` FROM bans ORDER BY until DESC, ip`)
}

// SetBan adds a ban or replaces the one that the address has.
func (s *Store) SetBan(ctx context.Context, b storage.Ban) error {
	return s.exec(ctx, `
		INSERT INTO bans (`+banColumns+`) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (ip) DO UPDATE SET reason = excluded.reason, failures = excluded.failures,
			created_at = excluded.created_at, until = excluded.until`,
		b.IP, storable(b.Reason), b.Failures, orNow(b.CreatedAt), b.Until)
}

// DeleteBan lifts the ban of an address.
func (s *Store) DeleteBan(ctx context.Context, ip string) error {
	return s.touch(ctx, `DELETE FROM bans WHERE ip = $1`, ip)
}

// DeleteBans lifts all bans and returns how many there were.
func (s *Store) DeleteBans(ctx context.Context) (int, error) {
	return s.count(ctx, `DELETE FROM bans`)
}

// Tokens returns all API tokens by name.
func (s *Store) Tokens(ctx context.Context) ([]storage.Token, error) {
	return many[storage.Token](ctx, s, `SELECT `+tokenColumns+` FROM tokens ORDER BY name`)
}

// TokenByHash returns the token with the given hash of its secret, or storage.ErrNotFound.
func (s *Store) TokenByHash(ctx context.Context, hash []byte) (storage.Token, error) {
	return one[storage.Token](ctx, s, `SELECT `+tokenColumns+` FROM tokens WHERE hash = $1`, hash)
}

// CreateToken adds a token; a name that is taken is storage.ErrConflict.
func (s *Store) CreateToken(ctx context.Context, t storage.Token) (storage.Token, error) {
	return one[storage.Token](ctx, s, `
		INSERT INTO tokens (name, hash, scopes, created_at) VALUES ($1, $2, coalesce($3, '{}'::text[]), $4) RETURNING `+tokenColumns,
		t.Name, t.Hash, t.Scopes, orNow(t.CreatedAt))
}

// TouchToken records when a token was last used.
func (s *Store) TouchToken(ctx context.Context, id int64, at time.Time) error {
	return s.touch(ctx, `UPDATE tokens SET last_used = greatest(last_used, $2) WHERE id = $1`, id, at)
}

// DeleteToken revokes a token.
func (s *Store) DeleteToken(ctx context.Context, id int64) error {
	return s.touch(ctx, `DELETE FROM tokens WHERE id = $1`, id)
}
