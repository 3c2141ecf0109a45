package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"time"

	"monitoring/panel/config"
	"monitoring/storage/clickhouse"
)

// runClickHouse is `panel clickhouse install [-integrity sha512-...] [FILE|URL]`.
func runClickHouse(ctx context.Context, p program) error {
	if len(p.args) == 0 || p.args[0] != "install" {
		return errors.New("usage: panel clickhouse install [-integrity sha512-...] [FILE|URL]")
	}
	cfg, err := config.Load(p.getenv)
	if err != nil {
		return err
	}
	flags := flag.NewFlagSet("panel clickhouse install", flag.ContinueOnError)
	flags.SetOutput(p.stderr)
	integrity := flags.String("integrity", "", "hash of the package, sha512-...; default: the one that this panel was tested with")
	if err := flags.Parse(p.args[1:]); err != nil {
		return err
	}
	source := cfg.ClickHouseSource
	if flags.NArg() > 0 {
		source = flags.Arg(0)
	}
	var told time.Time
	path, err := clickhouse.Install(ctx, clickhouse.InstallOptions{
		Dir: filepath.Join(cfg.DataDir, "clickhouse"), Source: source, Integrity: *integrity,
		Progress: func(bytes, total int64) {
			if time.Since(told) > time.Second || bytes == total {
				told = time.Now()
				fmt.Fprintf(p.stderr, "  %d of %d MB\n", bytes>>20, total>>20)
			}
		},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "The engine is installed: %s. A panel that runs starts it within seconds.\n", path)
	return nil
}
