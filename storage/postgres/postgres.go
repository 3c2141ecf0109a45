// Package postgres keeps configuration and the panel's own small records: one Store with all SQL, one file per entity,
// and the Postgres that the panel runs itself when it is not given one (child.go). Never a metric, never a visit.
//
// To change the schema: add migrations/000NN_<what>.sql (a released file is never edited), the field in
// storage/<entity>.go, the column in <entity>.go here.
package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"monitoring/storage"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is the whole database. Inside InTx it is the same type on one transaction.
type Store struct {
	db   querier
	pool *pgxpool.Pool // nil inside a transaction
}

// querier is what a pool and a transaction have in common.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Open connects and brings the schema up to date; two panels may do so at once.
func Open(ctx context.Context, dsn string, log *slog.Logger) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read POSTGRES_DSN: %w", redact(err))
	}
	cfg.MaxConns = 10
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = "30000"
	cfg.ConnConfig.RuntimeParams["application_name"] = "monitoring-panel"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := migrate(ctx, pool, log); err != nil {
		pool.Close()
		return nil, err
	}
	return &Store{db: pool, pool: pool}, nil
}

// redact keeps the password of a malformed connection string out of logs.
func redact(err error) error {
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		return errors.New("it is no connection string; write postgres://user:password@host:5432/database")
	}
	return err
}

func migrate(ctx context.Context, pool *pgxpool.Pool, log *slog.Logger) error {
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func(db *sql.DB) { _ = db.Close() }(db) // the pool stays open
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	done, err := provider.Up(ctx)
	for _, r := range done {
		log.Info("migrated postgres", "file", r.Source.Path, "duration", r.Duration.Round(time.Millisecond))
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Close waits for running queries and closes the pool.
func (s *Store) Close() {
	if s.pool != nil {
		s.pool.Close()
	}
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.exec(ctx, `SELECT 1`) }

// InTx runs do in one transaction: all of its writes happen, or none. It may be nested.
func (s *Store) InTx(ctx context.Context, do func(tx *Store) error) error {
	return pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error { return do(&Store{db: tx}) })
}

// one returns the row that a query answers, or storage.ErrNotFound.
func one[T any](ctx context.Context, s *Store, sql string, args ...any) (T, error) {
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		var zero T
		return zero, translate(err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	return v, translate(err)
}

// many returns all rows, never nil.
func many[T any](ctx context.Context, s *Store, sql string, args ...any) ([]T, error) {
	rows, err := s.db.Query(ctx, sql, args...)
	if err != nil {
		return nil, translate(err)
	}
	v, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if v == nil {
		v = []T{}
	}
	return v, translate(err)
}

// exec runs a statement that answers no rows.
func (s *Store) exec(ctx context.Context, sql string, args ...any) error {
	_, err := s.db.Exec(ctx, sql, args...)
	return translate(err)
}

// count runs a statement and returns how many rows it changed.
func (s *Store) count(ctx context.Context, sql string, args ...any) (int, error) {
	tag, err := s.db.Exec(ctx, sql, args...)
	return int(tag.RowsAffected()), translate(err)
}

// touch runs a statement that must change exactly one row; none is storage.ErrNotFound.
func (s *Store) touch(ctx context.Context, sql string, args ...any) error {
	n, err := s.count(ctx, sql, args...)
	if err == nil && n == 0 {
		return storage.ErrNotFound
	}
	return err
}

// translate maps what every caller has to tell apart to the errors of package storage.
func translate(err error) error {
	var pg *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return storage.ErrNotFound
	case errors.As(err, &pg) && pg.Code == "23505": // unique_violation
		return fmt.Errorf("%w: %s", storage.ErrConflict, pg.ConstraintName)
	case errors.As(err, &pg) && pg.Code == "23503": // foreign_key_violation
		return storage.ErrNotFound
	}
	return err
}
