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

	"monitoring/agent/api"
	"monitoring/agent/host"
)

const (
	renewHour   = 3 // local time
	renewLog    = 8 << 10
	certsTick   = time.Minute
	ufwComment  = "certificate challenge"
	renewalNote = "every day at 03:00"
)

// Renew renews those of our certificates that expire within a month.
func (c *Certs) Renew(ctx context.Context) (api.CertChanged, error) {
	list, err := c.List()
	if err != nil {
		return api.CertChanged{}, err
	}
	out := api.CertChanged{Success: true, RenewedDomains: []string{}}
	var log strings.Builder
	for _, cert := range list.Certificates {
		if !cert.Renewable || cert.ExpiryDate.Sub(c.now()) > renewBefore {
			continue
		}
		if err := c.again(ctx, cert.Domain); err != nil {
			out.Success = false
			fmt.Fprintf(&log, "%s: %s\n", cert.Domain, explain(err))
			continue
		}
		out.RenewedDomains = append(out.RenewedDomains, cert.Domain)
		fmt.Fprintf(&log, "%s: renewed\n", cert.Domain)
	}
	out.OutputLog = log.String()
	switch n := len(out.RenewedDomains); {
	case !out.Success:
		out.Message = "some certificates could not be renewed"
	case n == 0:
		out.Message = "no certificate is due"
	default:
		out.Message = fmt.Sprintf("%d renewed", n)
	}
	return out, c.show(ctx, out.RenewedDomains...)
}

// RenewOne renews one certificate of ours, due or not.
func (c *Certs) RenewOne(ctx context.Context, domain string) (api.CertChanged, error) {
	if err := c.again(ctx, domain); err != nil {
		return api.CertChanged{}, err
	}
	return api.CertChanged{Success: true, Message: "the certificate is renewed", Domain: domain, RenewedDomains: []string{domain}}, c.show(ctx, domain)
}

func (c *Certs) again(ctx context.Context, domain string) error {
	if !api.IsDomain(domain) {
		return fail(api.CodeNotFound, "there is no certificate of %q", domain)
	}
	o, err := c.origin(domain)
	switch {
	case errors.Is(err, fs.ErrNotExist) && c.certbotDir(domain) != "":
		return fail(api.CodeConflict, "the certificate of %s is certbot's, which renews it", domain)
	case errors.Is(err, fs.ErrNotExist):
		return fail(api.CodeNotFound, "there is no certificate of %q", domain)
	case err != nil:
		return fmt.Errorf("read how %s was issued: %w", domain, err)
	case o.Method == methodUpload:
		return fail(api.CodeConflict, "the certificate of %s was uploaded: upload a new one", domain)
	}
	return c.obtain(ctx, domain, o)
}

// explain adds what the issuer said.
func explain(err error) string {
	var f *api.Failure
	if errors.As(err, &f) && f.Log != "" {
		return f.Detail + ": " + f.Log
	}
	return err.Error()
}

// renewalState is what is known of the renewal that we do by ourselves.
type renewalState struct {
	Disabled bool      `json:"disabled"`
	LastRun  time.Time `json:"last_run"`
	LastLog  string    `json:"last_log"`
}

func (c *Certs) renewalFile() string { return path.Join(c.stateDir, "renewal.json") }

// readRenewal is the zero state where there is none, or a damaged one.
func (c *Certs) readRenewal() (s renewalState) {
	if b, err := c.host.ReadFile(c.renewalFile()); err == nil {
		_ = json.Unmarshal(b, &s)
	}
	return s
}

func (c *Certs) writeRenewal(s renewalState) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := c.host.MkdirAll(c.stateDir, 0o700); err != nil {
		return err
	}
	return c.host.WriteFile(c.renewalFile(), b, 0o600)
}

func (c *Certs) renewal() api.CertRenewal {
	s := c.readRenewal()
	out := api.CertRenewal{Enabled: !s.Disabled, Schedule: renewalNote, LastLog: s.LastLog}
	if !s.LastRun.IsZero() {
		out.LastRun = &s.LastRun
	}
	if out.Enabled {
		next := c.nextRun(c.now())
		out.NextRun = &next
	}
	return out
}

func (c *Certs) setRenewal(enabled bool) (api.CertRenewal, error) {
	c.files.Lock()
	s := c.readRenewal()
	s.Disabled = !enabled
	err := c.writeRenewal(s)
	c.files.Unlock()
	return c.renewal(), err
}

// nextRun is the first 03:00 after a moment, in the machine's own time zone.
func (c *Certs) nextRun(after time.Time) time.Time {
	local := after.In(c.zone())
	next := time.Date(local.Year(), local.Month(), local.Day(), renewHour, 0, 0, 0, local.Location())
	if !next.After(after) {
		next = time.Date(local.Year(), local.Month(), local.Day()+1, renewHour, 0, 0, 0, local.Location())
	}
	return next
}

// zone is the machine's, which in a container is not ours.
func (c *Certs) zone() *time.Location {
	if data, err := c.host.ReadFile("/etc/localtime"); err == nil {
		if zone, err := time.LoadLocationFromTZData("Local", data); err == nil {
			return zone
		}
	}
	return time.UTC
}

// Run implements Subsystem: renewals at 03:00, also the one that was missed while the agent was down, and certbot's
// renewed certificates brought to HAProxy.
func (c *Certs) Run(ctx context.Context) error {
	t := time.NewTicker(certsTick)
	defer t.Stop()
	started := c.now()
	for {
		if err := c.RunOnce(ctx, started); err != nil && ctx.Err() == nil {
			c.log.Error("look after certificates", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// RunOnce does what is due.
func (c *Certs) RunOnce(ctx context.Context, started time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	if err := c.recover(ctx); err != nil {
		return err
	}
	if !c.looks {
		return nil
	}
	if err := c.follow(ctx); err != nil {
		return err
	}
	s := c.readRenewal()
	last := s.LastRun
	if last.IsZero() {
		last = started
	}
	if s.Disabled || c.now().Before(c.nextRun(last)) {
		return nil
	}
	result, err := c.Renew(ctx)
	s.LastRun, s.LastLog = c.now(), result.OutputLog
	if err != nil {
		s.LastLog += err.Error()
	}
	s.LastLog = strings.ToValidUTF8(s.LastLog[:min(len(s.LastLog), renewLog)], "")
	if len(result.RenewedDomains) > 0 || !result.Success {
		c.log.Info("renewed certificates", "domains", result.RenewedDomains, "log", s.LastLog)
	}
	c.files.Lock()
	defer c.files.Unlock()
	s.Disabled = c.readRenewal().Disabled // it may have been changed meanwhile
	return errors.Join(err, c.writeRenewal(s))
}

// follow renews our copies of certbot's certificates.
func (c *Certs) follow(ctx context.Context) error {
	entries, err := c.host.ReadDir(path.Join(c.stateDir, "certbot"))
	if err != nil {
		return nil // none is used
	}
	var renewed []string
	for _, e := range entries {
		live := c.certbotDir(e.Name())
		if live == "" {
			continue // certbot has forgotten it; HAProxy still shows it
		}
		news, err := c.derive(e.Name(), live)
		if err != nil {
			return err
		}
		if news {
			renewed = append(renewed, e.Name())
		}
	}
	return c.show(ctx, renewed...)
}

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
