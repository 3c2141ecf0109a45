package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

// at is a moment that no time zone shows as a full hour, at the precision that Postgres keeps.
var at = time.Date(2026, 3, 29, 1, 30, 15, 123456000, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// addServer makes a monitored server whose URL and agent are named after it.
func addServer(t *testing.T, s *postgres.Store, name string, folder *string) storage.Server {
	t.Helper()
	srv, err := s.CreateServer(t.Context(), storage.Server{
		Name: name, URL: "https://" + name + ".test:9100", Folder: folder, IsActive: true, AgentID: "agent-" + name,
	})
	must(t, err)
	return srv
}

func TestOpenTwiceAtOnceMigratesOnce(t *testing.T) {
	t.Parallel()
	dsn := storagetest.PostgresDSN(t)
	admin, err := postgres.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	must(t, err)
	// An empty database: as if no panel had ever run.
	must(t, postgres.ExecForTest(t.Context(), admin, `DROP SCHEMA public CASCADE; CREATE SCHEMA public`))
	admin.Close()

	var log lockedBuffer
	stores := make([]*postgres.Store, 4)
	var g sync.WaitGroup
	for i := range stores {
		g.Go(func() {
			var err error
			if stores[i], err = postgres.Open(t.Context(), dsn, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	for i, s := range stores {
		if s == nil {
			continue
		}
		addServer(t, s, string(rune('a'+i)), nil)
		defer s.Close()
	}
	if n := strings.Count(log.String(), "00001_init.sql"); n != 1 {
		t.Errorf("migrated %d times:\n%s", n, log.String())
	}
	list, err := stores[0].Servers(t.Context())
	must(t, err)
	if len(list) != len(stores) {
		t.Errorf("%d servers, want %d", len(list), len(stores))
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	f := func(dsn, words string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		s, err := postgres.Open(ctx, dsn, slog.New(slog.DiscardHandler))
		if err == nil {
			s.Close()
			t.Errorf("%q: no error", dsn)
			return
		}
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q: %v, want a text with %q", dsn, err, words)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error has the password: %v", dsn, err)
		}
	}
	f("postgres://panel:hunter2@host:port/db", "POSTGRES_DSN")
	f("nonsense password=hunter2", "POSTGRES_DSN")
	f("postgres://panel:hunter2@127.0.0.1:1/db", "connect to postgres")
	f("host="+t.TempDir()+" user=panel password=hunter2", "connect to postgres")
}

func TestPing(t *testing.T) {
	t.Parallel()
	s, err := postgres.Open(t.Context(), storagetest.PostgresDSN(t), slog.New(slog.DiscardHandler))
	must(t, err)
	must(t, s.Ping(t.Context()))
	s.Close()
	if s.Ping(t.Context()) == nil {
		t.Error("a closed store answers")
	}
}

func TestInTx(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	boom := errors.New("boom")

	err := s.InTx(t.Context(), func(tx *postgres.Store) error {
		addServer(t, tx, "lost", nil)
		return boom
	})
	wantErr(t, err, boom)

	func() { // a panic rolls back, too
		defer func() { _ = recover() }()
		_ = s.InTx(t.Context(), func(tx *postgres.Store) error {
			addServer(t, tx, "panicked", nil)
			panic("boom")
		})
	}()

	must(t, s.InTx(t.Context(), func(tx *postgres.Store) error {
		addServer(t, tx, "kept", nil)
		err := tx.InTx(t.Context(), func(inner *postgres.Store) error { // a savepoint
			addServer(t, inner, "undone", nil)
			_, err := inner.CreateServer(t.Context(), storage.Server{Name: "x", URL: "https://kept.test:9100", AgentID: "x"})
			return err
		})
		wantErr(t, err, storage.ErrConflict)
		addServer(t, tx, "after", nil) // the outer transaction goes on
		return nil
	}))
	same(t, names(t, s), []string{"kept", "after"})
}

// A client that goes away in the middle leaves nothing half done and the store usable.
func TestCancelledRequest(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := s.InTx(ctx, func(tx *postgres.Store) error {
		addServer(t, tx, "lost", nil)
		cancel()
		_, err := tx.Servers(ctx)
		return err
	})
	wantErr(t, err, context.Canceled)
	same(t, names(t, s), []string{})
}

func TestBrokenText(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	var field *storage.FieldError
	if err := s.CreateFolder(t.Context(), "a\x00b"); !errors.As(err, &field) {
		t.Errorf("zero byte: %v, want a field error", err)
	}
	if err := s.CreateFolder(t.Context(), "a\xffb"); !errors.As(err, &field) {
		t.Errorf("broken UTF-8: %v, want a field error", err)
	}
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
