package postgres

import "context"

// ExecForTest runs a statement that no method of the store offers.
func ExecForTest(ctx context.Context, s *Store, sql string) error { return s.exec(ctx, sql) }
