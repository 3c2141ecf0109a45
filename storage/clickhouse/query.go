package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"monitoring/storage"
)

// queryTimeout bounds a query whose caller has set no deadline of its own.
const queryTimeout = time.Minute

// params are the values of a query's {name:Type} places. They travel beside the text, escaped as ClickHouse reads them.
type params map[string]any

func (p params) args() []any {
	args := make([]any, 0, len(p))
	for name, value := range p {
		args = append(args, driver.Named(name, value))
	}
	return args
}

// many runs a query and returns its rows as values of T, whose fields name their columns by ch tags. A query whose
// context ends is stopped in the engine, too.
func many[T any](ctx context.Context, s *Store, sql string, p params) ([]T, error) {
	conn, err := s.ready()
	if err != nil {
		return nil, err
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	list := []T{}
	if err := conn.Select(ctx, &list, sql, p.args()...); err != nil {
		return nil, s.failed(ctx, err)
	}
	return list, nil
}

// one runs a query and returns its first row, or storage.ErrNotFound.
func one[T any](ctx context.Context, s *Store, sql string, p params) (T, error) {
	list, err := many[T](ctx, s, sql, p)
	var none T
	switch {
	case err != nil:
		return none, err
	case len(list) == 0:
		return none, storage.ErrNotFound
	}
	return list[0], nil
}

// exec runs a statement that has no result.
func (s *Store) exec(ctx context.Context, sql string, p params) error {
	conn, err := s.ready()
	if err != nil {
		return err
	}
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	if err := conn.Exec(ctx, sql, p.args()...); err != nil {
		return s.failed(ctx, err)
	}
	return nil
}

func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, queryTimeout)
}

// failed says what an error of the driver means: the caller's own end of patience, an engine that went away under the
// query, or the engine's exception.
func (s *Store) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("ask clickhouse: %w", errors.Join(ctx.Err(), err))
	}
	if Code(err) == 0 {
		if _, gone := s.ready(); gone != nil {
			return gone
		}
	}
	return fmt.Errorf("ask clickhouse: %w", err)
}

// Code is the number of ClickHouse's exception in err; 0 when there is none.
func Code(err error) int32 {
	if e, ok := errors.AsType[*driver.Exception](err); ok {
		return e.Code
	}
	return 0
}
