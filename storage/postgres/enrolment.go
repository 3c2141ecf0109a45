package postgres

import (
	"context"
	"time"

	"monitoring/storage"
)

const certificateColumns = `serial, server_id, install, not_after, created_at, seen_at, revoked_at`

// InstallToken returns the token whose code has the given hash, expired or not, or storage.ErrNotFound.
func (s *Store) InstallToken(ctx context.Context, codeHash []byte) (storage.InstallToken, error) {
	return one[storage.InstallToken](ctx, s, `SELECT code_hash, server_id, preset, expires_at, created_at FROM install_tokens WHERE code_hash = $1`, codeHash)
}

// CreateInstallToken adds a token of a server.
func (s *Store) CreateInstallToken(ctx context.Context, t storage.InstallToken) error {
	return s.exec(ctx, `INSERT INTO install_tokens (code_hash, server_id, preset, expires_at, created_at) VALUES ($1, $2, $3, $4, $5)`,
		t.CodeHash, t.ServerID, t.Preset, t.ExpiresAt, orNow(t.CreatedAt))
}

// DeleteInstallTokens removes the tokens of a server.
func (s *Store) DeleteInstallTokens(ctx context.Context, serverID int64) error {
	return s.exec(ctx, `DELETE FROM install_tokens WHERE server_id = $1`, serverID)
}

// DeleteExpiredInstallTokens removes the tokens that had expired by now.
func (s *Store) DeleteExpiredInstallTokens(ctx context.Context, now time.Time) error {
	return s.exec(ctx, `DELETE FROM install_tokens WHERE expires_at <= $1`, now)
}

// AgentCertificates returns the certificates that were issued for a server, oldest first.
func (s *Store) AgentCertificates(ctx context.Context, serverID int64) ([]storage.AgentCertificate, error) {
	return many[storage.AgentCertificate](ctx, s,
		`SELECT `+certificateColumns+` FROM agent_certificates WHERE server_id = $1 ORDER BY created_at, serial`, serverID)
}

// CreateAgentCertificate records a certificate before it is handed out.
func (s *Store) CreateAgentCertificate(ctx context.Context, c storage.AgentCertificate) error {
	return s.exec(ctx, `INSERT INTO agent_certificates (`+certificateColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		c.Serial, c.ServerID, c.Install, c.NotAfter, orNow(c.CreatedAt), c.SeenAt, c.RevokedAt)
}

// MarkAgentCertificateSeen records the first handshake that presented a certificate. A lasting one ends the server's
// install certificates and tokens, so it must not be called for one that a newer token has revoked.
func (s *Store) MarkAgentCertificateSeen(ctx context.Context, serial string, at time.Time) error {
	return s.InTx(ctx, func(tx *Store) error {
		c, err := one[storage.AgentCertificate](ctx, tx, `
			UPDATE agent_certificates SET seen_at = coalesce(seen_at, $2) WHERE serial = $1 RETURNING `+certificateColumns, serial, at)
		if err != nil || c.Install {
			return err
		}
		if err := tx.DeleteInstallTokens(ctx, c.ServerID); err != nil {
			return err
		}
		return tx.exec(ctx, `
			UPDATE agent_certificates SET revoked_at = $2
			WHERE server_id = $1 AND install AND revoked_at IS NULL`, c.ServerID, at)
	})
}

// RevokeAgentCertificates ends every certificate of a server.
func (s *Store) RevokeAgentCertificates(ctx context.Context, serverID int64) error {
	return s.exec(ctx, `UPDATE agent_certificates SET revoked_at = now() WHERE server_id = $1 AND revoked_at IS NULL`, serverID)
}
