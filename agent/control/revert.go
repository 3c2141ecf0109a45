package control

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/host"
)

// ufwFiles are what UFW's own commands change.
var ufwFiles = []string{"/etc/ufw/user.rules", "/etc/ufw/user6.rules", "/etc/ufw/ufw.conf"}

// revert is how the firewall was before a change that nobody has confirmed yet.
type revert struct {
	ID     string            `json:"id"`
	At     time.Time         `json:"at"`
	Active bool              `json:"active"`
	Files  map[string]string `json:"files"`
}

// snapshot reads the firewall as it is.
func (f *Firewall) snapshot(ctx context.Context) (revert, error) {
	out, err := f.ufw(ctx, "status")
	if err != nil {
		return revert{}, fmt.Errorf("read firewall: %w", err)
	}
	r := revert{ID: rand.Text(), At: time.Now().UTC(), Active: parseStatus(out).Active, Files: map[string]string{}}
	for _, name := range ufwFiles {
		data, err := f.host.ReadFile(name)
		if err != nil {
			return revert{}, fmt.Errorf("keep %s: %w", name, err)
		}
		r.Files[name] = string(data)
	}
	return r, nil
}

var errChanged = errors.New("somebody else has changed it")

// revertLeftover puts back what is pending on disk, if anything; the lock is held.
func (f *Firewall) revertLeftover(ctx context.Context) error {
	r, err := f.loadRevert()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.revert(ctx, r)
}

// revert puts the files back and makes UFW load them. It can be repeated: what is pending goes from the disk last.
func (f *Firewall) revert(ctx context.Context, r revert) error {
	for _, name := range ufwFiles {
		data, ok := r.Files[name]
		if !ok {
			continue
		}
		if err := f.host.WriteFile(name, []byte(data), 0o640); err != nil {
			return fmt.Errorf("take back change: %w", err)
		}
	}
	args := []string{"disable"}
	if r.Active {
		args = []string{"reload"} // stops and starts, whatever runs at the moment, for ufw.conf says that it is enabled
	}
	if _, err := f.ufw(ctx, args...); err != nil {
		return fmt.Errorf("take back change: %w", err)
	}
	for name, data := range r.Files { // a ufw that outlived the agent may have written in between
		if now, err := f.host.ReadFile(name); err != nil || string(now) != data {
			return fmt.Errorf("take back change: %s is not as it was (%w)", name, errors.Join(err, errChanged))
		}
	}
	if err := f.forgetRevert(); err != nil {
		return err
	}
	f.disarmTimer(ctx)
	f.log.Warn("firewall change taken back", "id", r.ID, "made", r.At)
	return nil
}

// Revert takes back what is pending on disk, whether its time has come or not.
func (f *Firewall) Revert(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return f.revertLeftover(ctx)
}

// TakeBack reverts the pending change at once, because a person asks for it.
func (f *Firewall) TakeBack(ctx context.Context, c api.FirewallConfirm) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pending == nil || f.pending.id != c.ID {
		return fail(api.CodeNotFound, "this change waits no more: it has been confirmed or taken back already")
	}
	f.pending.deadline = time.Now() // if it does not work now, Run goes on trying
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := f.revertLeftover(ctx); err != nil {
		return err
	}
	f.pending = nil
	return nil
}

const revertUnit = "monitoring-firewall-revert"

// RevertArgument makes the agent's program call Revert instead of serving.
const RevertArgument = "revert-firewall"

// armTimer lets systemd revert in case that this process does not live long enough. Where there is no systemd, or where
// it does not see our program, the next start of the agent does.
func (f *Firewall) armTimer(ctx context.Context, r revert, within time.Duration) {
	program, err := os.Executable()
	if err != nil {
		return
	}
	if _, err := f.host.Stat(program); err != nil {
		return // it lies in the agent's container
	}
	if _, err := f.host.Stat("/run/systemd/system"); err != nil {
		return
	}
	after := within + 15*time.Second // the agent itself comes first
	_, err = f.host.Run(ctx, host.Command{Args: []string{"systemd-run", "--quiet", "--collect", "--unit=" + revertUnit,
		fmt.Sprintf("--on-active=%ds", int(after.Seconds())), "--timer-property=AccuracySec=1s",
		"--setenv=AGENT_STATE_DIR=" + f.dir, program, RevertArgument}})
	if err != nil {
		f.log.Warn("arm timer of systemd: only this process can take the change back", "id", r.ID, "err", err)
	}
}

func (f *Firewall) disarmTimer(ctx context.Context) {
	if _, err := f.host.Stat("/run/systemd/system"); err != nil {
		return
	}
	_, _ = f.host.Run(ctx, host.Command{Args: []string{"systemctl", "stop", revertUnit + ".timer"}}) // it may have run
}

// The revert on disk; there is at most one.

func (f *Firewall) revertFile() string { return f.dir + "/firewall-pending.json" }

func (f *Firewall) hasRevert() bool {
	_, err := f.host.Stat(f.revertFile())
	return err == nil
}

func (f *Firewall) loadRevert() (revert, error) {
	var r revert
	data, err := f.host.ReadFile(f.revertFile())
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("read pending revert: %w", err)
	}
	return r, nil
}

func (f *Firewall) saveRevert(r revert) error {
	data, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keep pending revert: %w", err)
	}
	return f.host.WriteFile(f.revertFile(), data, 0o600)
}

func (f *Firewall) forgetRevert() error {
	if err := f.host.Remove(f.revertFile()); err != nil {
		return fmt.Errorf("forget pending revert: %w", err)
	}
	return nil
}

// lock keeps the agent and the timer's process from working at the same time.
func (f *Firewall) lock() (unlock func(), err error) {
	if err := f.host.MkdirAll(f.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	return f.host.Lock(f.dir + "/firewall.lock")
}
