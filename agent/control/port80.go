package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"monitoring/agent/host"
)

// borrowed is on disk while port 80 is ours: what has to be given back, also by the next agent if this one is killed.
type borrowed struct {
	HAProxy bool     `json:"haproxy"` // was stopped
	Opened  []string `json:"opened"`  // programs that have let the port through: iptables, ip6tables
}

func (c *Certs) borrowedFile() string { return path.Join(c.stateDir, "port80.pending") }

// takePort makes port 80 free and reachable: HAProxy is stopped if it listens there, without touching whether it starts
// at boot, and where UFW would not let a stranger in, the port is opened. One challenge has it at a time.
func (c *Certs) takePort(ctx context.Context) (giveBack func(), err error) {
	c.port.Lock()
	if err := c.recover(ctx); err != nil {
		c.port.Unlock()
		return nil, err
	}
	b := borrowed{HAProxy: c.haproxy.holds(ctx, 80), Opened: c.closedBy(ctx)}
	giveBack = func() {
		defer c.port.Unlock()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if err := c.giveBack(ctx, b); err != nil {
			c.recovered = false // Run tries again
			c.log.Error("give port 80 back", "err", err)
		}
	}
	if err := c.take(ctx, b); err != nil {
		giveBack()
		return nil, fmt.Errorf("make port 80 free: %w", err)
	}
	return giveBack, nil
}

func (c *Certs) take(ctx context.Context, b borrowed) error {
	if !b.HAProxy && len(b.Opened) == 0 {
		return nil
	}
	note, err := json.Marshal(b)
	if err != nil {
		return err
	}
	if err := c.host.MkdirAll(c.stateDir, 0o700); err != nil {
		return err
	}
	if err := c.host.WriteFile(c.borrowedFile(), note, 0o600); err != nil {
		return err
	}
	if b.HAProxy {
		if err := c.host.Systemctl(ctx, "stop", haproxyUnit); err != nil {
			return err
		}
	}
	for _, program := range b.Opened {
		if err := c.door(ctx, program, "-I"); err != nil {
			return err
		}
	}
	return nil
}

// giveBack can be repeated.
func (c *Certs) giveBack(ctx context.Context, b borrowed) error {
	var err error
	if b.HAProxy {
		err = c.host.Systemctl(ctx, "start", haproxyUnit)
	}
	for _, program := range b.Opened {
		var absent *host.ExitError
		if checkErr := c.door(ctx, program, "-C"); errors.As(checkErr, &absent) {
			continue // closed already: UFW was reloaded, or the machine restarted
		} else if checkErr != nil {
			err = errors.Join(err, checkErr)
			continue
		}
		err = errors.Join(err, c.door(ctx, program, "-D"))
	}
	if err != nil {
		return err
	}
	return c.host.Remove(c.borrowedFile())
}

// chains are where UFW's own rules begin, before those of its user.
var chains = map[string]string{"iptables": "ufw-before-input", "ip6tables": "ufw6-before-input"}

// door inserts (-I), looks for (-C) or deletes (-D) the rule that lets port 80 through. It stands before UFW's rules and
// not among them: `ufw allow` would turn a user's deny of this port into an allow, and `ufw delete` would take away the
// rule of a user that reads the same.
func (c *Certs) door(ctx context.Context, program, verb string) error {
	_, err := c.host.Run(ctx, host.Command{Args: []string{program, "-w", "10", verb, chains[program],
		"-p", "tcp", "--dport", "80", "-m", "comment", "--comment", "monitoring: certificate challenge", "-j", "ACCEPT"}})
	return err
}

// closedBy returns the programs by which port 80 has to be opened, for UFW is on and would not let a stranger in.
func (c *Certs) closedBy(ctx context.Context) []string {
	if !c.firewall.installed() {
		return nil
	}
	status, err := c.firewall.ufw(ctx, "status")
	if err != nil || !parseStatus(status).Active {
		return nil
	}
	rules, policy, err := c.firewall.rules()
	if err != nil {
		c.log.Warn("look whether port 80 is open", "err", err)
		return nil
	}
	var closed []string
	if !opensToAll(rules.v4, policy == "ACCEPT", 80) {
		closed = append(closed, "iptables")
	}
	if _, err := c.host.Run(ctx, host.Command{Args: []string{"ip6tables", "-w", "10", "-S", chains["ip6tables"]}}); err == nil && !opensToAll(rules.v6, policy == "ACCEPT", 80) {
		closed = append(closed, "ip6tables") // UFW may be told to leave IPv6 alone
	}
	return closed
}

// recover gives back what a killed agent had borrowed; the port is locked.
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
	c.log.Warn("the agent was ended while it held port 80: it is given back", "haproxy", b.HAProxy, "opened", b.Opened)
	if err := c.giveBack(ctx, b); err != nil {
		return fmt.Errorf("give port 80 back: %w", err)
	}
	c.recovered = true
	return nil
}
