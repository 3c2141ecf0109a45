package postgres

import (
	"context"
	"strings"
	"time"

	"monitoring/storage"
)

// AddAuditEntry appends to the audit log, which refuses changes.
func (s *Store) AddAuditEntry(ctx context.Context, e storage.AuditEntry) error {
	return s.exec(ctx, `INSERT INTO audit_log (at, actor, ip, action, server_id, target, detail, status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		orNow(e.At), storable(e.Actor), storable(e.IP), storable(e.Action), e.ServerID, storable(e.Target), storable(e.Detail), e.Status)
}

// AuditEntries returns the entries that a filter leaves, newest first: Limit of them, 100 if zero and 1000 at most.
func (s *Store) AuditEntries(ctx context.Context, f storage.AuditFilter) ([]storage.AuditEntry, error) {
	limit := f.Limit
	if limit <= 0 {
		limit = 100
	}
	return many[storage.AuditEntry](ctx, s, `
		SELECT id, at, actor, ip, action, server_id, target, detail, status FROM audit_log
		WHERE ($1 = '' OR actor ILIKE $1 OR action ILIKE $1 OR target ILIKE $1 OR detail ILIKE $1 OR ip ILIKE $1)
		  AND ($2 = 0 OR server_id = $2)
		  AND ($3::timestamptz IS NULL OR at >= $3)
		  AND ($4::timestamptz IS NULL OR at < $4)
		  AND ($5 = 0 OR id < $5)
		  AND ($6::text[] IS NULL OR action = ANY($6))
		  AND (NOT $7 OR status BETWEEN 200 AND 399)
		ORDER BY id DESC LIMIT $8`,
		contains(storable(f.Query)), f.ServerID, nullTime(f.From), nullTime(f.To), f.BeforeID, f.Actions, f.Done, min(limit, 1000))
}

// contains makes an ILIKE pattern that finds the text itself anywhere; "" stays "".
func contains(text string) string {
	if text == "" {
		return ""
	}
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
}

func nullTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
