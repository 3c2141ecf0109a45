package clickhouse

import (
	"context"
	"testing"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// What the tests see of the inside.

// FlushForTest moves everything that waits into the engine.
func FlushForTest(ctx context.Context, s *Store) error {
	for s.queue.waiting() > 0 {
		if _, err := s.flush(ctx, true); err != nil {
			return err
		}
	}
	return nil
}

// OneForTest is one.
func OneForTest[T any](ctx context.Context, s *Store, sql string, p map[string]any) (T, error) {
	return one[T](ctx, s, sql, p)
}

// ManyForTest is many.
func ManyForTest[T any](ctx context.Context, s *Store, sql string, p map[string]any) ([]T, error) {
	return many[T](ctx, s, sql, p)
}

// ExecForTest is exec.
func ExecForTest(ctx context.Context, s *Store, sql string, p map[string]any) error {
	return s.exec(ctx, sql, p)
}

// FlushOnceForTest moves one flight.
func FlushOnceForTest(ctx context.Context, s *Store) error {
	_, err := s.flush(ctx, true)
	return err
}

// DialForTest opens connections of one's own to the engine of a store, with the rights of the panel.
func DialForTest(t testing.TB, s *Store, method driver.CompressionMethod) driver.Conn {
	t.Helper()
	options := *s.client
	options.Compression = &driver.Compression{Method: method}
	conn, err := driver.Open(&options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// SendForTest inserts what waits, several times, and leaves the queue as a crash right after the insert would.
func SendForTest(ctx context.Context, s *Store, times int) error {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	conn, err := s.ready()
	if err != nil {
		return err
	}
	f, err := s.nextFlight(true)
	if err != nil {
		return err
	}
	b, _, err := s.load(f)
	if err != nil {
		return err
	}
	b.Token = f.Token
	for range times {
		if err := s.send(ctx, conn, b); err != nil {
			return err
		}
	}
	return nil
}

// PidForTest is the process id of the embedded engine.
func PidForTest(s *Store) int { return s.embedded.current().Pid }

// SocketForTest is where the embedded engine listens, and the password of the panel's user.
func SocketForTest(s *Store) (socket, password string) { return s.embedded.socket, s.embedded.password }

// EngineArgsForTest are the arguments that the embedded engine was started with.
func EngineArgsForTest(s *Store) []string {
	return []string{"-dir", s.embedded.dir, "-socket", s.embedded.socket + "2", "-library", s.embedded.o.Library, "-memory", "629145600"}
}

// HurryForTest shortens the pauses between attempts to start the engine. Call it before Run.
func HurryForTest(s *Store) { s.longestPause = firstPause }
