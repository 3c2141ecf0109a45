package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"monitoring/agent/host"
)

const ufwComment = "certificate challenge" // of the rule that opens port 80

// borrowed is on disk while port 80 is ours: what has to be given back, also by the next agent if this one is killed.
type borrowed struct {
	HAProxy bool `json:"haproxy"` // was stopped
	UFW     bool `json:"ufw"`     // was opened
}

func (c *Certs) borrowedFile() string { return path.Join(c.stateDir, "port80.pending") }

// takePort makes port 80 free and reachable: HAProxy is stopped if it listens there, without touching whether it starts
// at boot, and UFW lets the port through.
func (c *Certs) takePort(ctx context.Context) (giveBack func(), err error) {
	var b borrowed
	b.HAProxy = c.haproxy.holds(ctx, 80)
	b.UFW = c.closedByUFW(ctx)
	note, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	if b != (borrowed{}) {
		if err := c.host.MkdirAll(c.stateDir, 0o700); err != nil {
			return nil, err
		}
		if err := c.host.WriteFile(c.borrowedFile(), note, 0o600); err != nil {
			return nil, err
		}
	}
	giveBack = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if err := c.giveBack(ctx, b); err != nil {
			c.log.Error("give port 80 back", "err", err)
		}
	}
	if b.HAProxy {
		err = c.host.Systemctl(ctx, "stop", haproxyUnit)
	}
	if err == nil && b.UFW {
		_, err = c.host.Run(ctx, host.Command{Args: []string{"ufw", "allow", "80/tcp", "comment", ufwComment}})
	}
	if err != nil {
		giveBack()
		return nil, fmt.Errorf("make port 80 free: %w", err)
	}
	return giveBack, nil
}

func (c *Certs) giveBack(ctx context.Context, b borrowed) error {
	var err error
	if b.HAProxy {
		err = c.host.Systemctl(ctx, "start", haproxyUnit)
	}
	if b.UFW {
		_, ufwErr := c.host.Run(ctx, host.Command{Args: []string{"ufw", "--force", "delete", "allow", "80/tcp"}})
		err = errors.Join(err, ufwErr)
	}
	if err != nil {
		return err
	}
	return c.host.Remove(c.borrowedFile())
}

// closedByUFW reports whether UFW is on and has no rule that lets port 80 through.
func (c *Certs) closedByUFW(ctx context.Context) bool {
	r, err := c.host.Run(ctx, host.Command{Args: []string{"ufw", "status"}})
	if err != nil || !strings.HasPrefix(r.Stdout, "Status: active") {
		return false
	}
	for line := range strings.Lines(r.Stdout) {
		words := strings.Fields(line)
		if len(words) > 2 && (words[0] == "80" || words[0] == "80/tcp") && words[1] == "ALLOW" && words[2] == "Anywhere" {
			return false
		}
	}
	return true
}

// recover gives back what a killed agent had borrowed.
func (c *Certs) recover(ctx context.Context) error {
	if c.recovered {
		return nil
	}
	content, err := c.host.ReadFile(c.borrowedFile())
	if errors.Is(err, fs.ErrNotExist) {
		c.recovered = true
		return nil
	}
	var b borrowed
	if err == nil {
		err = json.Unmarshal(content, &b)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", c.borrowedFile(), err)
	}
	c.log.Warn("the agent was ended while it held port 80: it is given back", "haproxy", b.HAProxy, "ufw", b.UFW)
	if err := c.giveBack(ctx, b); err != nil {
		return fmt.Errorf("give port 80 back: %w", err)
	}
	c.recovered = true
	return nil
}
