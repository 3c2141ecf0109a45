package postgres

import (
	"context"
	"time"

	"monitoring/storage"
)

const historyColumns = `id, server_id, server_name, alert_type, severity, message, message_en, message_ru, details, fingerprint, created_at, ended_at, told_at`

// AddAlertRecord adds a line to the history and returns its id.
func (s *Store) AddAlertRecord(ctx context.Context, r storage.AlertRecord) (int64, error) {
	type row struct{ ID int64 }
	v, err := one[row](ctx, s, `
		INSERT INTO alert_history (server_id, server_name, alert_type, severity, message, message_en, message_ru, details, fingerprint, created_at, ended_at, told_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id`,
		r.ServerID, storable(r.ServerName), storable(r.AlertType), storable(r.Severity), storable(r.Message), storable(r.MessageEn), storable(r.MessageRu), r.Details, r.Fingerprint,
		orNow(r.CreatedAt), r.EndedAt, r.ToldAt)
	return v.ID, err
}

// EndAlertRecord records when what a line tells of was over. The line may have been cleared away.
func (s *Store) EndAlertRecord(ctx context.Context, id int64, at time.Time) error {
	return s.exec(ctx, `UPDATE alert_history SET ended_at = $2 WHERE id = $1`, id, at)
}

// AlertRecordsTold records that a person was told of these lines.
func (s *Store) AlertRecordsTold(ctx context.Context, ids []int64, at time.Time) error {
	return s.exec(ctx, `UPDATE alert_history SET told_at = $2 WHERE id = ANY($1)`, ids, at)
}

// AlertLastTold returns when a person was last told of alerts with these fingerprints; one that was not is left out.
func (s *Store) AlertLastTold(ctx context.Context, fingerprints []string) (map[string]time.Time, error) {
	type row struct {
		Fingerprint string
		At          time.Time
	}
	rows, err := many[row](ctx, s, `
		SELECT fingerprint, max(told_at) AS at FROM alert_history WHERE fingerprint = ANY($1) AND told_at IS NOT NULL GROUP BY fingerprint`, fingerprints)
	out := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		out[r.Fingerprint] = r.At
	}
	return out, err
}

const historyWhere = ` WHERE ($1 = 0 OR server_id = $1) AND ($2 = '' OR alert_type = $2)`

// AlertHistory returns a page of the history, the newest line first, and how many lines the filter lets through.
func (s *Store) AlertHistory(ctx context.Context, f storage.AlertHistoryFilter) ([]storage.AlertRecord, int, error) {
	type row struct{ N int }
	total, err := one[row](ctx, s, `SELECT count(*)::int AS n FROM alert_history`+historyWhere, f.ServerID, storable(f.AlertType))
	if err != nil {
		return nil, 0, err
	}
	list, err := many[storage.AlertRecord](ctx, s, `SELECT `+historyColumns+` FROM alert_history`+historyWhere+`
		ORDER BY id DESC LIMIT $3 OFFSET $4`, f.ServerID, storable(f.AlertType), f.Limit, f.Offset)
	return list, total.N, err
}

// AlertsDuring returns the alerts of a server that were active between two times, the newest first, limit of them at most.
// The lines that only tell of a return are left out.
func (s *Store) AlertsDuring(ctx context.Context, server int64, from, to time.Time, limit int) ([]storage.AlertRecord, error) {
	return many[storage.AlertRecord](ctx, s, `
		SELECT `+historyColumns+` FROM alert_history
		WHERE server_id = $1 AND created_at < $3 AND (ended_at IS NULL OR ended_at >= $2) AND alert_type <> $5
		ORDER BY id DESC LIMIT $4`, server, from, to, limit, storage.AlertRecovery)
}

// AlertDays counts the history by day of UTC since a time; days without a line are left out.
func (s *Store) AlertDays(ctx context.Context, since time.Time) ([]storage.AlertDay, error) {
	return many[storage.AlertDay](ctx, s, `
		SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day,
			count(*) FILTER (WHERE severity = 'critical')::int AS critical,
			count(*) FILTER (WHERE severity NOT IN ('critical', 'info'))::int AS warning,
			count(*) FILTER (WHERE severity = 'info')::int AS info
		FROM alert_history WHERE created_at >= $1 GROUP BY 1 ORDER BY 1`, since)
}

// DeleteAlertHistory removes the lines from before a time, all with a zero one, and returns how many those were.
func (s *Store) DeleteAlertHistory(ctx context.Context, before time.Time) (int, error) {
	return s.count(ctx, `DELETE FROM alert_history WHERE $1 OR created_at < $2`, before.IsZero(), before)
}
