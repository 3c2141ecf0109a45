package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"monitoring/agent/api"
	"monitoring/agent/haproxy"
	"monitoring/agent/host"
)

// live makes a change in the running process, so that no reload is needed.
type live func(haproxy.Socket) error

const (
	candidate    = "/dev/stdin"     // a file that is only to be checked: it may hold passwords, so it never lies on disk
	reloadTime   = 15 * time.Second // for the new process to take over
	startTime    = 500 * time.Millisecond
	pollInterval = 20 * time.Millisecond
	failureLogs  = 15 // lines of the journal that explain a failure
)

// pending is on disk while a new file is in place that has not proved itself. The backup holds what was before.
type pending struct {
	Before string `json:"before"` // hash of the file that was replaced, "" if there was none
	After  string `json:"after"`
}

func (x *HAProxy) pendingFile() string { return path.Join(x.stateDir, "haproxy.pending") }

// applyChange brings another configuration into effect:
//
//  1. The new file is checked before it is written; a bad one changes nothing.
//  2. The old file goes to the backup, and a note that a change is under way to the state directory.
//  3. The new file replaces the old one; the running process is changed, or reloaded and watched.
//  4. On any failure the backup comes back and is reloaded. If the agent is killed, recover does the same.
func (x *HAProxy) applyChange(ctx context.Context, c Call, reload bool, edit func(content []byte) ([]byte, live, error)) (api.HAProxyChanged, error) {
	var none api.HAProxyChanged
	if err := x.need(); err != nil {
		return none, err
	}
	if err := x.recover(ctx); err != nil {
		return none, err
	}
	x.config.Lock()
	defer x.config.Unlock()
	defer x.forget()
	old, exists, err := x.configuration()
	if err != nil {
		return none, fmt.Errorf("read configuration: %w", err)
	}
	if want := c.Query.Get("if_config"); want != "" && want != hash(old) {
		return none, fail(api.CodeChanged, "%s has been changed on the node meanwhile", haproxyConfig)
	}
	content, change, err := edit(old)
	if err != nil {
		return none, err
	}
	if err := x.checkCandidate(ctx, content); err != nil {
		return none, err
	}
	done := api.HAProxyChanged{Changed: api.Changed{Success: true}, ConfigValid: true, ConfigHash: hash(content)}
	switch {
	case c.Query.Get("dry_run") == "true":
		done.Say("valid, nothing has been changed")
		done.Content, done.ConfigHash = string(content), hash(old)
		return done, nil
	case exists && hash(old) == hash(content):
		done.Say("nothing to change")
		return done, nil
	}
	if !exists {
		old = nil
	}
	if err := x.begin(old, exists, content); err != nil {
		return none, err
	}
	if err := x.effect(ctx, reload, change, &done); err != nil {
		return none, errors.Join(err, x.rollBack(ctx, old, exists))
	}
	return done, x.host.Remove(x.pendingFile())
}

// checkCandidate runs HAProxy's check of a file that is not in place yet.
func (x *HAProxy) checkCandidate(ctx context.Context, content []byte) error {
	valid, message := x.run(ctx, host.Command{Args: []string{haproxyBinary, "-c", "-f", candidate}, Stdin: content})
	if !valid {
		return api.Fail(api.CodeRefused, "HAProxy does not accept the new configuration; nothing has been changed").WithLog(message)
	}
	return nil
}

// begin puts the new file in place. From here on a killed agent puts the old one back.
func (x *HAProxy) begin(old []byte, exists bool, content []byte) error {
	note := pending{After: hash(content)}
	if exists {
		note.Before = hash(old)
		mode := fs.FileMode(0o644)
		if info, err := x.host.Stat(haproxyConfig); err == nil {
			mode = info.Mode().Perm()
		}
		if info, err := x.host.Stat(haproxyBackup); err == nil && info.Mode().Perm() != mode {
			if err := x.host.Remove(haproxyBackup); err != nil { // so that it gets the mode of the file
				return err
			}
		}
		if err := x.host.WriteFile(haproxyBackup, old, mode); err != nil {
			return err
		}
	}
	b, err := json.Marshal(note)
	if err != nil {
		return err
	}
	for dir, mode := range map[string]fs.FileMode{x.stateDir: 0o700, path.Dir(haproxyConfig): 0o755} {
		if err := x.host.MkdirAll(dir, mode); err != nil {
			return err
		}
	}
	if err := x.host.WriteFile(x.pendingFile(), b, 0o600); err != nil {
		return err
	}
	return x.host.WriteFile(haproxyConfig, content, 0o644)
}

// effect makes the running process follow the file. One that takes the change over its socket runs: systemd, which answers
// more slowly, is asked only otherwise.
func (x *HAProxy) effect(ctx context.Context, reload bool, change live, done *api.HAProxyChanged) error {
	if socket, ok := x.socket(); ok && reload && change != nil {
		err := change(socket)
		if err == nil {
			done.Say("changed in the running process, without a reload")
			done.Runtime = true
			return nil
		}
		x.log.Info("the running HAProxy, if there is one, did not take the change: it is reloaded", "err", err)
	}
	unit, err := x.host.Unit(ctx, haproxyUnit)
	if err != nil {
		return err
	}
	switch {
	case !unit.Active:
		done.Say("saved; HAProxy is not running")
		done.Code = api.SavedNotRunning
		return nil
	case !reload:
		done.Say("saved; it takes effect with the next reload")
		return nil
	}
	if err := x.reload(ctx); err != nil {
		return err
	}
	done.Say("HAProxy has been reloaded")
	done.Reloaded = true
	return nil
}

// rollBack puts the old file back and makes HAProxy read it.
func (x *HAProxy) rollBack(ctx context.Context, old []byte, exists bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changeTimeout) // also when time ran out
	defer cancel()
	var err error
	if exists {
		err = x.host.WriteFile(haproxyConfig, old, 0o644)
	} else {
		err = x.host.Remove(haproxyConfig)
	}
	if err != nil {
		return fmt.Errorf("put the old configuration back: %w", err)
	}
	unit, err := x.host.Unit(ctx, haproxyUnit)
	if err == nil && unit.Active && exists {
		err = x.reload(ctx)
	}
	if err != nil {
		return fmt.Errorf("reload the old configuration: %w", err)
	}
	return x.host.Remove(x.pendingFile())
}

// recover puts back the file that a killed agent was about to replace. A file that somebody has changed since is left
// alone.
func (x *HAProxy) recover(ctx context.Context) error {
	x.config.Lock()
	defer x.config.Unlock()
	if x.recovered {
		return nil
	}
	b, err := x.host.ReadFile(x.pendingFile())
	if errors.Is(err, fs.ErrNotExist) {
		x.recovered = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", x.pendingFile(), err)
	}
	var note pending
	if err := json.Unmarshal(b, &note); err != nil {
		return fmt.Errorf("read %s: %w", x.pendingFile(), err)
	}
	current, err := x.host.ReadFile(haproxyConfig)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch backup, berr := x.host.ReadFile(haproxyBackup); {
	case err == nil && hash(current) != note.After: // not replaced yet, or changed since
		err = x.host.Remove(x.pendingFile())
	case note.Before == "":
		err = x.rollBack(ctx, nil, false)
	case berr != nil || hash(backup) != note.Before:
		x.log.Error("an unconfirmed HAProxy configuration stays: its backup is gone", "backup", haproxyBackup)
		err = x.host.Remove(x.pendingFile())
	default:
		x.log.Warn("the agent was ended in the middle of a change: the old HAProxy configuration is put back")
		err = x.rollBack(ctx, backup, true)
	}
	x.forget()
	x.recovered = err == nil
	return err
}

// reload makes HAProxy start a process with the file, and waits until that has taken over. systemd knows only that the
// signal was sent.
func (x *HAProxy) reload(ctx context.Context) error {
	before := x.process()
	kept := x.chosenStates()
	if err := x.host.Systemctl(ctx, "reload", haproxyUnit); err != nil {
		return x.reloadFailure(ctx, err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, reloadTime)
	defer cancel()
	for {
		switch now := x.process(); {
		case before.unknown():
			return nil
		case now.failed > 0 && now.reloads > before.reloads:
			return x.reloadFailure(ctx, "the new process did not start")
		case now.reloads > before.reloads && now.worker != 0, !before.master && now.worker != 0 && now.worker != before.worker:
			x.choose(kept)
			return nil
		}
		select {
		case <-ctx.Done():
			return x.reloadFailure(ctx, "no new process within "+reloadTime.String())
		case <-time.After(pollInterval):
		}
	}
}

func (x *HAProxy) reloadFailure(ctx context.Context, why string) error {
	logs, _ := x.host.Journal(context.WithoutCancel(ctx), haproxyUnit, failureLogs) // only to explain
	return api.Fail(api.CodeRefused, "HAProxy could not be reloaded; the old configuration is back").WithLog(why + "\n" + logs)
}

// processState is which process works, as far as the sockets tell.
type processState struct {
	master          bool // the master process answers
	reloads, failed int
	worker          int
}

func (p processState) unknown() bool { return !p.master && p.worker == 0 }

func (x *HAProxy) process() processState {
	if p, err := x.master().Processes(); err == nil {
		s := processState{master: true, reloads: p.Reloads, failed: p.Failed}
		if len(p.Workers) > 0 {
			s.worker = slices.Max(p.Workers)
		}
		return s
	}
	socket, ok := x.socket()
	if !ok {
		return processState{}
	}
	info, err := socket.Info()
	if err != nil {
		return processState{}
	}
	var s processState
	_, _ = fmt.Sscan(info["Pid"], &s.worker) // 0 if it is none
	return s
}
