package clickhouse

import "context"

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
