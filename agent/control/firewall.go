package control

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/host"
	"monitoring/words"
)

// Firewall drives UFW and never cuts off who drives it. A change goes this way:
//
//  1. `ufw --dry-run` says what the rules would be, and accepts and opens (tuple.go) whether the panel and SSH still
//     get in: if not, it is refused and nothing has happened.
//  2. The files of UFW as they are go to the disk as a pending revert (revert.go).
//  3. UFW carries the change out.
//  4. The panel confirms over a TCP connection that is younger than the change: an older one would survive any rule.
//  5. Without that, the files come back: by TakeBack, or by Run when the time is over; if the agent died, by a timer of systemd, or when
//     it starts again.
type Firewall struct {
	host *host.Host
	dir  string // for what is pending
	log  *slog.Logger

	confirmWithin time.Duration

	mu      sync.Mutex // held over a change, a confirmation and a revert
	pending *pendingChange
}

// pendingChange is what Confirm has to name.
type pendingChange struct {
	id       string
	applied  time.Time // monotonic
	deadline time.Time
}

const (
	confirmWithin = 30 * time.Second
	ufwTimeout    = time.Minute // it waits for the lock of iptables
	changeTimeout = 2 * time.Minute
	retryRevert   = 5 * time.Second // after one that failed
)

// NewFirewall keeps what is pending in the agent's directory.
func NewFirewall(o Options) *Firewall {
	return &Firewall{host: o.Host, dir: o.StateDir, log: o.Log, confirmWithin: confirmWithin}
}

// Name implements Subsystem.
func (f *Firewall) Name() string { return "firewall" }

// Domain implements Subsystem.
func (f *Firewall) Domain() string { return api.DomainFirewall }

// Inspect implements Subsystem.
func (f *Firewall) Inspect(ctx context.Context) (any, error) { return f.Status(ctx) }

// Actions implements Subsystem.
func (f *Firewall) Actions() []Action {
	return []Action{
		look("/rules", func(ctx context.Context, _ Call) (api.FirewallRules, error) { return f.Rules(ctx) }),
		change(http.MethodPost, "/changes", changeTimeout, func(ctx context.Context, c api.FirewallChange, call Call) (api.FirewallPending, error) {
			return f.Change(ctx, call.From, c)
		}),
		change(http.MethodPost, "/confirm", 0, func(ctx context.Context, c api.FirewallConfirm, call Call) (struct{}, error) {
			return struct{}{}, f.Confirm(ctx, call.From, c)
		}),
		change(http.MethodPost, "/revert", changeTimeout, func(ctx context.Context, c api.FirewallConfirm, _ Call) (struct{}, error) {
			return struct{}{}, f.TakeBack(ctx, c)
		}),
	}
}

// Status reads the state of UFW. A machine without it is no error.
func (f *Firewall) Status(ctx context.Context) (api.FirewallStatus, error) {
	if !f.installed() {
		said := words.Say("ufw is not installed on this server")
		return api.FirewallStatus{Error: said.English, ErrorWords: said.Translatable()}, nil
	}
	out, err := f.ufw(ctx, "status", "verbose")
	if err != nil {
		said := wordsOf(err)
		return api.FirewallStatus{Installed: true, Error: said.English, ErrorWords: said.Translatable()}, ctx.Err()
	}
	return parseStatus(out), nil
}

// installed looks for UFW's settings: a package that was removed leaves them, but then the program is missing.
func (f *Firewall) installed() bool {
	for _, program := range []string{"/usr/sbin/ufw", "/sbin/ufw"} {
		if _, err := f.host.Stat(program); err == nil {
			return true
		}
	}
	return false
}

// Rules lists the rules as UFW numbers them; UFW lists none while it is inactive.
func (f *Firewall) Rules(ctx context.Context) (api.FirewallRules, error) {
	out, err := f.ufw(ctx, "status", "numbered")
	if err != nil {
		return api.FirewallRules{}, fmt.Errorf("list rules: %w", err)
	}
	rules := parseNumbered(out)
	return api.FirewallRules{Active: parseStatus(out).Active, Count: len(rules), Rules: rules}, nil
}

// Change carries out a change and leaves it pending.
func (f *Firewall) Change(ctx context.Context, from Caller, c api.FirewallChange) (api.FirewallPending, error) {
	if err := checkChange(c); err != nil {
		return api.FirewallPending{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pending != nil {
		return api.FirewallPending{}, fail(api.CodeBusy, "another change of the firewall waits for its confirmation: try again in a moment")
	}
	if !f.installed() {
		return api.FirewallPending{}, fail(api.CodeNotInstalled, "ufw is not installed on this server")
	}
	unlock, err := f.lock()
	if err != nil {
		return api.FirewallPending{}, err
	}
	defer unlock()
	if err := f.revertLeftover(ctx); err != nil {
		return api.FirewallPending{}, err
	}
	steps, err := f.plan(ctx, c)
	if err != nil {
		return api.FirewallPending{}, err
	}
	return f.apply(ctx, from, c, steps)
}

// apply runs the steps, each checked before it; the lock is held.
func (f *Firewall) apply(ctx context.Context, from Caller, c api.FirewallChange, steps [][]string) (api.FirewallPending, error) {
	none := api.FirewallPending{}
	if err := f.check(ctx, from, steps[0]); err != nil {
		return none, err // the usual refusal, before anything is written
	}
	r, err := f.snapshot(ctx)
	if err != nil {
		return none, err
	}
	if err := f.saveRevert(r); err != nil {
		return none, err
	}
	within := f.confirmWithin
	if c.HoldSeconds != 0 {
		within = time.Duration(c.HoldSeconds) * time.Second
	}
	f.armTimer(ctx, r, within)
	var output strings.Builder
	for i, step := range steps {
		if i > 0 {
			err = f.check(ctx, from, step)
		}
		out := ""
		if err == nil {
			out, err = f.ufw(ctx, forced(step)...)
		}
		output.WriteString(out)
		if err != nil {
			return none, errors.Join(err, f.revert(ctx, r))
		}
	}
	now := time.Now()
	f.pending = &pendingChange{r.ID, now, now.Add(within)}
	f.log.Info("firewall change waits for its confirmation", "id", r.ID, "change", steps, "actor", c.Actor, "from", from.Addr)
	return api.FirewallPending{ID: r.ID, ConfirmSeconds: int(within.Seconds()), Output: strings.TrimSpace(output.String())}, nil
}

// Confirm makes the pending change lasting.
func (f *Firewall) Confirm(ctx context.Context, from Caller, c api.FirewallConfirm) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.pending == nil || f.pending.id != c.ID:
		return fail(api.CodeNotFound, "this change has been taken back already: it was not confirmed in time")
	case !from.Opened.After(f.pending.applied):
		return fail(api.CodeConflict, "a firewall change is confirmed over a connection that was opened after it")
	}
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if r, err := f.loadRevert(); err != nil || r.ID != c.ID {
		f.pending = nil
		return errors.Join(fail(api.CodeNotFound, "this change has been taken back already"), err)
	}
	if err := f.forgetRevert(); err != nil {
		return err
	}
	f.pending = nil
	f.disarmTimer(ctx)
	f.log.Info("firewall change confirmed", "id", c.ID, "from", from.Addr)
	return nil
}

// Run takes back what was not confirmed, first of all what an earlier process has left, until ctx is done.
func (f *Firewall) Run(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for ctx.Err() == nil {
		if err := f.RunOnce(ctx); err != nil {
			f.log.Error("take back firewall change", "err", err)
			if !sleep(ctx, retryRevert) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
	return nil
}

// RunOnce reverts if there is something to revert and its time has come.
func (f *Firewall) RunOnce(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pending != nil && time.Now().Before(f.pending.deadline) || f.pending == nil && !f.hasRevert() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTimeout)
	defer cancel()
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	err = f.revertLeftover(ctx)
	if err == nil {
		f.pending = nil
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// ufw runs UFW and returns what it printed.
func (f *Firewall) ufw(ctx context.Context, args ...string) (string, error) {
	r, err := f.host.Run(ctx, host.Command{Args: append([]string{"ufw"}, args...), Timeout: ufwTimeout, MaxOutput: 4 << 20})
	if err != nil {
		return r.Output(), err
	}
	return r.Stdout, nil
}
