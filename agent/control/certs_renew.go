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
)

const (
	renewHour   = 3 // local time
	renewLog    = 8 << 10
	certsTick   = time.Minute
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
	c.port.Lock()
	err := c.recover(ctx)
	c.port.Unlock()
	if err != nil {
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
