package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"monitoring/storage"
	"monitoring/storage/postgres"
)

// ResetPassword sets a password without knowing the old one and ends every session: `panel admin password`.
func ResetPassword(ctx context.Context, store *postgres.Store, password string) error {
	password = strings.TrimSpace(password)
	if err := checkPassword(password); err != nil {
		return err
	}
	return store.InTx(ctx, func(tx *postgres.Store) error {
		if err := setPassword(ctx, tx, password); err != nil {
			return err
		}
		if err := tx.DeleteSessions(ctx); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		return noteCLI(ctx, tx, "reset password", "")
	})
}

// Unban lifts the ban of an address, or all bans if it is empty, and says how many: `panel admin unban`.
func Unban(ctx context.Context, store *postgres.Store, address string) (int, error) {
	n := 0
	err := store.InTx(ctx, func(tx *postgres.Store) (err error) {
		if address == "" {
			n, err = tx.DeleteBans(ctx)
		} else {
			n, err = unbanOne(ctx, tx, address)
		}
		if err != nil {
			return fmt.Errorf("lift bans: %w", err)
		}
		return noteCLI(ctx, tx, "unban", address)
	})
	return n, err
}

func unbanOne(ctx context.Context, store *postgres.Store, address string) (int, error) {
	addr, err := netip.ParseAddr(address)
	if prefix, prefixErr := netip.ParsePrefix(address); prefixErr == nil {
		addr, err = prefix.Addr(), nil
	}
	if err != nil {
		return 0, storage.Invalid("address", "give an IP address as in 203.0.113.7")
	}
	err = store.DeleteBan(ctx, banKey(addr.Unmap().WithZone("")))
	if errors.Is(err, storage.ErrNotFound) {
		return 0, nil
	}
	return 1, err
}

// RevokeSessions ends every session: `panel admin sessions revoke`. A running panel notices within seconds.
func RevokeSessions(ctx context.Context, store *postgres.Store) error {
	return store.InTx(ctx, func(tx *postgres.Store) error {
		if err := tx.DeleteSessions(ctx); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		return noteCLI(ctx, tx, "revoke sessions", "")
	})
}

func noteCLI(ctx context.Context, store *postgres.Store, action, target string) error {
	return store.AddAuditEntry(ctx, storage.AuditEntry{At: time.Now(), Actor: "cli", Action: action, Target: target})
}
