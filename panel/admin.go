package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"monitoring/panel/auth"
	"monitoring/panel/config"
	"monitoring/storage/postgres"
)

// adminCommands answer every way of locking oneself out. They need the data directory and the database, no login.
var adminCommands = []struct {
	name, help string
	run        func(context.Context, program, config.Config) error
}{
	{"url", "print the address with the secret path", adminURL},
	{"password", "set a new password: a made one, or with - the line on standard input", adminPassword},
	{"unban", "lift the bans of all addresses, or of the one given", adminUnban},
	{"sessions", "list the sessions; with \"revoke\" end them all", adminSessions},
	{"export-ca", "print the fleet's CA certificate; with --key the private key too", adminExportCA},
}

func runAdmin(ctx context.Context, p program) error {
	if len(p.args) == 0 {
		for _, c := range adminCommands {
			fmt.Fprintf(p.stdout, "  panel admin %-10s %s\n", c.name, c.help)
		}
		return nil
	}
	cfg, err := config.Load(p.getenv)
	if err != nil {
		return err
	}
	if _, err := os.Stat(cfg.DataDir); err != nil {
		return fmt.Errorf("find the panel's data: %w; set PANEL_DATA to the directory that the panel runs with", err)
	}
	if _, err := cfg.LoadSecrets(); err != nil {
		return err
	}
	name := p.args[0]
	p.args = p.args[1:]
	for _, c := range adminCommands {
		if c.name == name {
			return c.run(ctx, p, cfg)
		}
	}
	return fmt.Errorf("there is no command %q; panel admin lists them", name)
}

func adminURL(_ context.Context, p program, cfg config.Config) error {
	fmt.Fprintf(p.stdout, "%s/%s/\n", cfg.PublicURL, cfg.UID)
	return nil
}

func adminPassword(ctx context.Context, p program, cfg config.Config) error {
	password := strings.ToLower(rand.Text())
	if len(p.args) == 1 && p.args[0] == "-" {
		line, err := io.ReadAll(io.LimitReader(p.stdin, 1024))
		if err != nil {
			return fmt.Errorf("read password: %w", err)
		}
		password = strings.TrimSpace(string(line))
	}
	return withStore(ctx, p, cfg, func(store *postgres.Store) error {
		if err := auth.ResetPassword(ctx, store, password); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "The password is now: %s\nAll sessions have ended.\n", password)
		return nil
	})
}

func adminUnban(ctx context.Context, p program, cfg config.Config) error {
	return withStore(ctx, p, cfg, func(store *postgres.Store) error {
		address := ""
		if len(p.args) > 0 {
			address = p.args[0]
		}
		n, err := auth.Unban(ctx, store, address)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%d bans lifted. A running panel notices within a few seconds.\n", n)
		return nil
	})
}

func adminSessions(ctx context.Context, p program, cfg config.Config) error {
	return withStore(ctx, p, cfg, func(store *postgres.Store) error {
		if len(p.args) > 0 {
			if p.args[0] != "revoke" {
				return fmt.Errorf("there is no %q: panel admin sessions [revoke]", p.args[0])
			}
			if err := auth.RevokeSessions(ctx, store); err != nil {
				return err
			}
			fmt.Fprintln(p.stdout, "All sessions have ended.")
			return nil
		}
		sessions, err := store.Sessions(ctx)
		if err != nil {
			return err
		}
		for _, s := range sessions {
			fmt.Fprintf(p.stdout, "%s  %-39s  %s\n", s.LastUsed.Local().Format(time.DateTime), s.IP, s.UserAgent)
		}
		fmt.Fprintf(p.stdout, "%d sessions\n", len(sessions))
		return nil
	})
}

func adminExportCA(_ context.Context, p program, cfg config.Config) error {
	files := []string{"ca.crt"}
	if len(p.args) > 0 && p.args[0] == "--key" {
		files = append(files, "ca.key")
	}
	for _, name := range files {
		b, err := os.ReadFile(filepath.Join(cfg.DataDir, "ca", name))
		if err != nil {
			return fmt.Errorf("export CA: %w", err)
		}
		if _, err := p.stdout.Write(b); err != nil {
			return fmt.Errorf("export CA: %w", err)
		}
	}
	return nil
}

// withStore opens the database that the panel uses: a running panel's own Postgres is shared, a stopped one is started
// for the moment.
func withStore(ctx context.Context, p program, cfg config.Config, use func(*postgres.Store) error) (err error) {
	log := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	store, child, err := openPostgres(ctx, cfg, log, true)
	if err != nil {
		return err
	}
	if child != nil {
		defer func() { err = errors.Join(err, child.Close()) }()
	}
	defer store.Close()
	return use(store)
}
