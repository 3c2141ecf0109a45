package host

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Unit is the state of a systemd unit.
type Unit struct {
	Installed bool
	Active    bool // running; also while it reloads
	Enabled   bool // starts at boot
	MainPID   int  // 0 if it does not run
}

// Unit asks systemd for the state of a unit. A machine without the unit, or without systemd, has it not installed.
func (h *Host) Unit(ctx context.Context, name string) (Unit, error) {
	r, err := h.Run(ctx, Command{Args: []string{"systemctl", "show", name, "--property=LoadState,ActiveState,UnitFileState,MainPID"}})
	if _, ok := errors.AsType[*ExitError](err); ok {
		return Unit{}, nil // "System has not been booted with systemd"
	}
	if err != nil {
		return Unit{}, fmt.Errorf("ask for unit %s: %w", name, err)
	}
	var u Unit
	for line := range strings.Lines(r.Stdout) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "LoadState":
			u.Installed = value == "loaded"
		case "ActiveState":
			u.Active = value == "active" || value == "reloading"
		case "UnitFileState":
			u.Enabled = value == "enabled"
		case "MainPID":
			u.MainPID, _ = strconv.Atoi(value) // 0 is what it means then
		}
	}
	return u, nil
}

// Systemctl does one thing to a unit: start, stop, restart, reload, enable or disable it.
func (h *Host) Systemctl(ctx context.Context, action, unit string) error {
	_, err := h.Run(ctx, Command{Args: []string{"systemctl", action, unit}, Timeout: time.Minute})
	return err
}

// Journal returns the last lines that a unit logged, oldest first.
func (h *Host) Journal(ctx context.Context, unit string, lines int) (string, error) {
	r, err := h.Run(ctx, Command{Args: []string{"journalctl", "-u", unit, "-n", strconv.Itoa(lines), "--no-pager", "-o", "short-iso"}, MaxOutput: 1 << 20})
	return r.Stdout, err
}
