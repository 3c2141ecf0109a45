package postgres

import (
	"context"

	"monitoring/storage"
)

// Settings returns what the operator has set; the defaults are not in here.
func (s *Store) Settings(ctx context.Context) (storage.Settings, error) {
	type row struct{ Key, Value string }
	rows, err := many[row](ctx, s, `SELECT key, value FROM settings`)
	out := make(storage.Settings, len(rows))
	for _, r := range rows {
		out[r.Key] = r.Value
	}
	return out, err
}

// SetSetting stores one setting; the caller has checked it.
func (s *Store) SetSetting(ctx context.Context, key, value string) error {
	return s.exec(ctx, `INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
}

// Secret returns one of the panel's own secrets, or storage.ErrNotFound.
func (s *Store) Secret(ctx context.Context, key string) (storage.Secret, error) {
	type row struct{ Value string }
	r, err := one[row](ctx, s, `SELECT value FROM panel_secrets WHERE key = $1`, key)
	return storage.Secret(r.Value), err
}

// SetSecret stores one of the panel's own secrets.
func (s *Store) SetSecret(ctx context.Context, key string, v storage.Secret) error {
	return s.exec(ctx, `INSERT INTO panel_secrets (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, v.Reveal())
}

// DeleteSecret removes one of the panel's own secrets.
func (s *Store) DeleteSecret(ctx context.Context, key string) error {
	return s.touch(ctx, `DELETE FROM panel_secrets WHERE key = $1`, key)
}
