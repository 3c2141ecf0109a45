package postgres_test

import (
	"testing"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

func TestSettings(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	got, err := s.Settings(t.Context())
	must(t, err)
	same(t, got, storage.Settings{})
	must(t, s.SetSetting(t.Context(), "theme", "light"))
	must(t, s.SetSetting(t.Context(), "timezone", "UTC"))
	must(t, s.SetSetting(t.Context(), "theme", "dark"))
	got, err = s.Settings(t.Context())
	must(t, err)
	same(t, got, storage.Settings{"theme": "dark", "timezone": "UTC"})
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	_, err := s.Secret(t.Context(), "password_hash")
	wantErr(t, err, storage.ErrNotFound)
	must(t, s.SetSecret(t.Context(), "password_hash", "$2a$first"))
	must(t, s.SetSecret(t.Context(), "password_hash", "$2a$second"))
	got, err := s.Secret(t.Context(), "password_hash")
	must(t, err)
	if got.Reveal() != "$2a$second" { // the text, not the mask
		t.Errorf("got %q", got.Reveal())
	}
	settings, err := s.Settings(t.Context())
	must(t, err)
	same(t, settings, storage.Settings{}) // secrets are never listed
	must(t, s.DeleteSecret(t.Context(), "password_hash"))
	wantErr(t, s.DeleteSecret(t.Context(), "password_hash"), storage.ErrNotFound)
}
