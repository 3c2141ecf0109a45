package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"monitoring/storage"
)

// AlertSettings returns the operator's triggers: the defaults for everything that was not stored.
func (s *Store) AlertSettings(ctx context.Context) (storage.AlertSettings, error) {
	v := storage.DefaultAlertSettings()
	type row struct{ Settings string }
	r, err := one[row](ctx, s, `SELECT settings::text FROM alert_settings`)
	if errors.Is(err, storage.ErrNotFound) {
		return v, nil
	} else if err != nil {
		return v, err
	}
	if err := json.Unmarshal([]byte(r.Settings), &v); err != nil {
		return v, fmt.Errorf("read stored alert settings: %w", err)
	}
	return v, nil
}

// SetAlertSettings stores the triggers; the caller has checked them.
func (s *Store) SetAlertSettings(ctx context.Context, v storage.AlertSettings) error {
	return s.exec(ctx, `INSERT INTO alert_settings (settings) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET settings = excluded.settings`, v)
}

const alertColumns = `id, rule, fingerprint, alertname, severity, server_id, labels, annotations, details, active_at, fired_at,
	resolved_at, told_at, history_id`

// Alerts returns everything that is pending or firing, or over and not told yet.
func (s *Store) Alerts(ctx context.Context) ([]storage.Alert, error) {
	return many[storage.Alert](ctx, s, `SELECT `+alertColumns+` FROM alerts ORDER BY id`)
}

// PutAlert stores an alert under its rule and fingerprint and returns its id.
func (s *Store) PutAlert(ctx context.Context, a storage.Alert) (int64, error) {
	type row struct{ ID int64 }
	r, err := one[row](ctx, s, `
		INSERT INTO alerts (rule, fingerprint, alertname, severity, server_id, labels, annotations, details, active_at, fired_at,
			resolved_at, told_at, history_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (rule, fingerprint) DO UPDATE SET alertname = excluded.alertname, severity = excluded.severity,
			server_id = excluded.server_id, labels = excluded.labels, annotations = excluded.annotations, details = excluded.details,
			active_at = excluded.active_at, fired_at = excluded.fired_at, resolved_at = excluded.resolved_at,
			told_at = excluded.told_at, history_id = excluded.history_id
		RETURNING id`,
		a.Rule, a.Fingerprint, a.Alertname, a.Severity, a.ServerID, a.Labels, a.Annotations, a.Details, a.ActiveAt, a.FiredAt,
		a.ResolvedAt, a.ToldAt, a.HistoryID)
	return r.ID, err
}

// DeleteAlerts forgets alerts.
func (s *Store) DeleteAlerts(ctx context.Context, ids []int64) error {
	return s.exec(ctx, `DELETE FROM alerts WHERE id = ANY($1)`, ids)
}

// AlertTold records that a person was told of an alert, unless that is known of another moment than was: then it is
// storage.ErrNotFound.
func (s *Store) AlertTold(ctx context.Context, id int64, was *time.Time, at time.Time) error {
	return s.touch(ctx, `UPDATE alerts SET told_at = $3 WHERE id = $1 AND told_at IS NOT DISTINCT FROM $2::timestamptz`, id, was, at)
}

// EndAlerts forgets alerts, all of which must be there.
func (s *Store) EndAlerts(ctx context.Context, ids []int64) error {
	n, err := s.count(ctx, `DELETE FROM alerts WHERE id = ANY($1)`, ids)
	if err == nil && n != len(ids) {
		err = storage.ErrNotFound
	}
	return err
}

// AlertClock returns when rules were last evaluated; zero if never.
func (s *Store) AlertClock(ctx context.Context) (time.Time, error) {
	type row struct{ EvaluatedAt time.Time }
	r, err := one[row](ctx, s, `SELECT evaluated_at FROM alert_clock`)
	if errors.Is(err, storage.ErrNotFound) {
		return time.Time{}, nil
	}
	return r.EvaluatedAt, err
}

// SetAlertClock records that rules were evaluated.
func (s *Store) SetAlertClock(ctx context.Context, at time.Time) error {
	return s.exec(ctx, `INSERT INTO alert_clock (evaluated_at) VALUES ($1) ON CONFLICT (only_row) DO UPDATE SET evaluated_at = excluded.evaluated_at`, at)
}

// AlertChecks returns what the checks remember of every server.
func (s *Store) AlertChecks(ctx context.Context) ([]storage.AlertChecks, error) {
	return many[storage.AlertChecks](ctx, s, `SELECT server_id, state FROM alert_checks ORDER BY server_id`)
}

// PutAlertChecks replaces what the checks remember: a server that is not among them is forgotten.
func (s *Store) PutAlertChecks(ctx context.Context, checks []storage.AlertChecks) error {
	ids, states := make([]int64, len(checks)), make([]string, len(checks))
	for i, c := range checks {
		text, err := json.Marshal(c.State)
		if err != nil {
			return fmt.Errorf("encode checks: %w", err)
		}
		ids[i], states[i] = c.ServerID, string(text)
	}
	if err := s.exec(ctx, `DELETE FROM alert_checks WHERE server_id <> ALL($1)`, ids); err != nil {
		return err
	}
	return s.exec(ctx, `
		INSERT INTO alert_checks (server_id, state) SELECT i, t::jsonb FROM unnest($1::bigint[], $2::text[]) AS u (i, t)
		ON CONFLICT (server_id) DO UPDATE SET state = excluded.state`, ids, states)
}

// AlertSilences returns the silences that end after a time, the next to end first.
func (s *Store) AlertSilences(ctx context.Context, after time.Time) ([]storage.Silence, error) {
	return many[storage.Silence](ctx, s, `
		SELECT id, server_ids, matchers, reason, created_at, ends_at FROM alert_silences WHERE ends_at > $1 ORDER BY ends_at, id`, after)
}

// CreateAlertSilence adds a silence; the caller has checked it.
func (s *Store) CreateAlertSilence(ctx context.Context, v storage.Silence) (storage.Silence, error) {
	return one[storage.Silence](ctx, s, `
		INSERT INTO alert_silences (server_ids, matchers, reason, created_at, ends_at) VALUES ($1, $2, $3, $4, $5)
		RETURNING id, server_ids, matchers, reason, created_at, ends_at`, v.ServerIDs, v.Matchers, v.Reason, orNow(v.CreatedAt), v.EndsAt)
}

// DeleteAlertSilence ends a silence.
func (s *Store) DeleteAlertSilence(ctx context.Context, id int64) error {
	return s.touch(ctx, `DELETE FROM alert_silences WHERE id = $1`, id)
}

// DeleteOldAlertSilences forgets the silences that ended before a time.
func (s *Store) DeleteOldAlertSilences(ctx context.Context, before time.Time) error {
	return s.exec(ctx, `DELETE FROM alert_silences WHERE ends_at < $1`, before)
}
