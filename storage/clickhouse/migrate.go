package clickhouse

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strings"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

//go:embed migrations/*.sql
var migrations embed.FS

const migrateTimeout = 10 * time.Minute

const migrationsTable = `CREATE TABLE IF NOT EXISTS schema_migrations (name String, applied DateTime('UTC') DEFAULT now())
ENGINE = MergeTree ORDER BY name`

// migrate applies what is new in migrations/, forward only. There are no transactions: each file is one statement that
// may run again, and is noted after it has run.
func migrate(ctx context.Context, conn driver.Conn, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	if err := conn.Exec(ctx, migrationsTable); err != nil {
		return fmt.Errorf("migrate clickhouse: %w", err)
	}
	var applied []string
	if err := conn.QueryRow(ctx, `SELECT groupArray(name) FROM schema_migrations`).Scan(&applied); err != nil {
		return fmt.Errorf("read applied migrations: %w", err)
	}
	files, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".sql")
		if slices.Contains(applied, name) {
			continue
		}
		statement, err := migrations.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read migrations: %w", err)
		}
		began := time.Now()
		if err := conn.Exec(ctx, string(statement)); err != nil {
			return fmt.Errorf("migrate clickhouse: %s: %w", name, err)
		}
		if err := conn.Exec(ctx, `INSERT INTO schema_migrations (name) SELECT {name:String}`, driver.Named("name", name)); err != nil {
			return fmt.Errorf("note migration %s: %w", name, err)
		}
		log.Info("migrated clickhouse", "file", name, "duration", time.Since(began).Round(time.Millisecond))
	}
	return nil
}
