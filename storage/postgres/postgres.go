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
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"monitoring/storage"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	connectTimeout   = 5 * time.Second
	migrateTimeout   = 10 * time.Minute // a file's header says how long it may take
	statementTimeout = "30000"          // milliseconds
	maxConns         = 10
)

// Store is the whole database. Inside InTx it is the same type on one transaction. Times that it returns are in UTC.
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
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	cfg.ConnConfig.RuntimeParams["application_name"] = "monitoring-panel"
	if err := migrate(ctx, cfg.ConnConfig, log); err != nil { // before the statement timeout is set
		return nil, err
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		cfg.MaxConns = maxConns
	}
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = statementTimeout
	cfg.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		conn.TypeMap().RegisterType(&pgtype.Type{Name: "timestamptz", OID: pgtype.TimestamptzOID,
			Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC}})
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("make postgres pool: %w", err)
	}
	return &Store{db: pool, pool: pool}, nil
}

// redact keeps the password of a malformed connection string out of logs.
func redact(err error) error {
	if _, ok := errors.AsType[*pgconn.ParseConfigError](err); ok {
		return errors.New("it is no connection string; write postgres://user:password@host:5432/database")
	}
	return err
}

// migrate applies what is new in migrations/, forward only, on a connection of its own. A session lock makes a second
// panel that starts at the same time wait.
func migrate(ctx context.Context, cfg *pgx.ConnConfig, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, uint64(migrateTimeout.Seconds()))) // tries each second
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	db := stdlib.OpenDB(*cfg.Copy())
	defer func(db *sql.DB) { _ = db.Close() }(db) // nothing is pending
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("connect to postgres: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	done, err := provider.Up(ctx)
	for _, r := range done {
		log.Info("migrated postgres", "file", r.Source.Path, "duration", r.Duration.Round(time.Millisecond))
	}
	if err != nil {
		return fmt.Errorf("migrate postgres: %w", err)
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

// InTx runs do in one transaction: all of its writes happen, or none. Inside do use tx alone. Nested, it is a savepoint;
// without one, a transaction takes no more statements after a conflict.
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
	case errors.As(err, &pg) && pg.Code == "23503": // foreign_key_violation: the server that the row belongs to is gone
		return fmt.Errorf("%w: %s", storage.ErrNotFound, pg.ConstraintName)
	case errors.As(err, &pg) && pg.Code == "22021": // character_not_in_repertoire
		return storage.Invalid("text", "remove the zero byte or the broken UTF-8 from the text")
	}
	return err
}

// storable makes text from outside (a header, an agent's error) acceptable to Postgres: UTF-8 without zero bytes.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
}

// orNow is for a time that the caller left out.
func orNow(t time.Time) time.Time {
	if t.IsZero() {
		return time.Now()
	}
	return t
}
