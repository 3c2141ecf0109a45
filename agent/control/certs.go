package control

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/api"
	"monitoring/agent/host"
	"monitoring/words"
)

const (
	certbotLive  = "/etc/letsencrypt/live"
	issueTimeout = 2 * time.Minute // of one certificate
	renewTimeout = 5 * time.Minute // of all
	renewBefore  = 30 * 24 * time.Hour
)

// Certs is the certificates of the machine: ours, below the state directory, and certbot's, which are read and never
// written.
type Certs struct {
	host     *host.Host
	log      *slog.Logger
	stateDir string
	acme     ACME
	looks    bool // after renewals, by itself
	haproxy  *HAProxy
	firewall *Firewall // to look at
	now      func() time.Time

	files sync.Mutex // held over a change of our files

	port      sync.Mutex // held while port 80 is ours
	recovered bool       // what a killed agent had borrowed is given back
}

// NewCerts returns the subsystem.
func NewCerts(o Options, x *HAProxy) *Certs {
	c := &Certs{host: o.Host, log: o.Log, stateDir: o.StateDir, acme: o.ACME, looks: o.mayLook(api.DomainCerts), haproxy: x, firewall: NewFirewall(o), now: time.Now}
	x.certs = c
	return c
}

// Name implements Subsystem.
func (c *Certs) Name() string { return "certs" }

// Domain implements Subsystem.
func (c *Certs) Domain() string { return api.DomainCerts }

// Inspect implements Subsystem.
func (c *Certs) Inspect(context.Context) (any, error) { return c.List() }

// Actions implements Subsystem.
func (c *Certs) Actions() []Action {
	const del, post = http.MethodDelete, http.MethodPost
	return []Action{
		change(post, "/issue", issueTimeout, func(ctx context.Context, i api.CertIssue, _ Call) (api.CertChanged, error) { return c.Issue(ctx, i) }),
		change(post, "/upload", time.Minute, func(ctx context.Context, u api.CertUpload, _ Call) (api.CertChanged, error) { return c.Upload(ctx, u) }),
		command(post, "/renew", renewTimeout, func(ctx context.Context, _ Call) (api.CertChanged, error) { return c.Renew(ctx) }),
		command(post, "/domains/{domain}/renew", issueTimeout, func(ctx context.Context, call Call) (api.CertChanged, error) {
			return c.RenewOne(ctx, call.Param("domain"))
		}),
		command(del, "/domains/{domain}", 0, func(_ context.Context, call Call) (api.Changed, error) { return c.Remove(call.Param("domain")) }),
		look("/renewal", func(context.Context, Call) (api.CertRenewal, error) { return c.renewal(), nil }),
		command(post, "/renewal/enable", 0, func(context.Context, Call) (api.CertRenewal, error) { return c.setRenewal(true) }),
		command(post, "/renewal/disable", 0, func(context.Context, Call) (api.CertRenewal, error) { return c.setRenewal(false) }),
	}
}

func (c *Certs) dir(domain string) string     { return path.Join(c.stateDir, "certs", domain) }
func (c *Certs) derived(domain string) string { return path.Join(c.stateDir, "certbot", domain) }

// List returns every certificate, the one that expires first at the top.
func (c *Certs) List() (api.Certs, error) {
	out := api.Certs{Certificates: []api.Cert{}}
	config, _ := c.host.ReadFile(haproxyConfig) // without one nothing is used
	for _, place := range []struct{ dir, source string }{{path.Join(c.stateDir, "certs"), api.SourceAgent}, {certbotLive, api.SourceCertbot}} {
		entries, err := c.host.ReadDir(place.dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return out, fmt.Errorf("list certificates: %w", err)
		}
		for _, e := range entries {
			if e.IsDir() && api.IsDomain(e.Name()) {
				out.Certificates = append(out.Certificates, c.describe(path.Join(place.dir, e.Name()), place.source, config))
			}
		}
	}
	slices.SortFunc(out.Certificates, func(a, b api.Cert) int {
		return cmp.Or(cmp.Compare(a.DaysLeft, b.DaysLeft), cmp.Compare(a.Domain, b.Domain), cmp.Compare(a.Source, b.Source))
	})
	out.Count = len(out.Certificates)
	return out, nil
}

// describe reads one directory. What is wrong with it is part of the answer.
func (c *Certs) describe(dir, source string, config []byte) api.Cert {
	cert := api.Cert{Domain: path.Base(dir), Names: []string{}, Source: source, CertPath: dir, UsedBy: []string{}}
	there := func(name string) string {
		file := path.Join(dir, name)
		if _, err := c.host.Stat(file); err != nil {
			return ""
		}
		return file
	}
	cert.Files = api.CertFiles{PEM: there("combined.pem"), Key: there("privkey.pem"), Cert: there("cert.pem"), Fullchain: there("fullchain.pem"), Chain: there("chain.pem")}
	if source == api.SourceCertbot {
		combined := path.Join(c.derived(cert.Domain), "combined.pem")
		if _, err := c.host.Stat(combined); err == nil && cert.Files.PEM == "" {
			cert.Files.PEM = combined
		}
	}
	cert.CombinedExists = cert.Files.PEM != ""
	cert.UsedBy = append(cert.UsedBy, c.users(cert.Domain, config)...)
	if source == api.SourceAgent {
		o, err := c.origin(cert.Domain)
		cert.Renewable = err == nil && o.Method != methodUpload
	}
	content, err := c.host.ReadFile(path.Join(dir, "fullchain.pem"))
	if err != nil {
		return unusable(cert, words.Say("fullchain.pem cannot be read"))
	}
	leaf, err := parseLeaf(content)
	switch {
	case errors.Is(err, errNoPEM):
		return unusable(cert, words.Say("there is no certificate in fullchain.pem"))
	case err != nil:
		return unusable(cert, words.Say("the certificate in fullchain.pem cannot be read: %v", err))
	}
	left := leaf.NotAfter.Sub(c.now())
	cert.Names, cert.Issuer, cert.ExpiryDate = leaf.DNSNames, cmp.Or(first(leaf.Issuer.Organization), leaf.Issuer.CommonName), leaf.NotAfter
	cert.DaysLeft, cert.Expired = int(math.Floor(left.Hours()/24)), left <= 0
	return cert
}

// unusable is a certificate with the reason why it cannot be used.
func unusable(cert api.Cert, why words.Sentence) api.Cert {
	cert.Problem, cert.ProblemWords = why.English, why.Translatable()
	return cert
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// users are the rules that show the certificate of a domain, and "the configuration" if something else names its files.
func (c *Certs) users(domain string, config []byte) []string {
	var out []string
	rules, err := c.haproxy.Rules()
	if err == nil {
		for _, r := range rules.Rules {
			if r.CertDomain == domain {
				out = append(out, r.Name)
			}
		}
	}
	for _, dir := range []string{c.dir(domain), c.derived(domain), path.Join(certbotLive, domain)} {
		if len(out) == 0 && bytes.Contains(config, []byte(dir+"/")) {
			out = append(out, "the configuration")
		}
	}
	return out
}

var certExpiry = prometheus.NewDesc("agent_certificate_not_after_timestamp_seconds", "When a certificate on this machine expires.", []string{"domain", "source"}, nil)

// Collect implements Measured.
func (c *Certs) Collect(ch chan<- prometheus.Metric) error {
	if !c.looks || !c.host.Privileged() {
		return nil
	}
	list, err := c.List()
	if err != nil {
		return err
	}
	for _, cert := range list.Certificates {
		if !cert.ExpiryDate.IsZero() {
			ch <- prometheus.MustNewConstMetric(certExpiry, prometheus.GaugeValue, float64(cert.ExpiryDate.Unix()), cert.Domain, cert.Source)
		}
	}
	return nil
}
