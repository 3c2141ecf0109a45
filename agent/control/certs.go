package control

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/api"
	"monitoring/agent/host"
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
	now      func() time.Time

	files     sync.Mutex // held over a change of our files
	recovered bool
}

// NewCerts returns the subsystem.
func NewCerts(o Options, x *HAProxy) *Certs {
	c := &Certs{host: o.Host, log: o.Log, stateDir: o.StateDir, acme: o.ACME, looks: o.mayLook(api.DomainCerts), haproxy: x, now: time.Now}
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

// origin is how a certificate of ours came about, so that it can be renewed.
type origin struct {
	Method  string `json:"method"` // standalone, webroot or upload
	Email   string `json:"email,omitempty"`
	Webroot string `json:"webroot,omitempty"`
}

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
		cert.Problem = "fullchain.pem cannot be read"
		return cert
	}
	leaf, err := parseLeaf(content)
	if err != nil {
		cert.Problem = err.Error()
		return cert
	}
	left := leaf.NotAfter.Sub(c.now())
	cert.Names, cert.Issuer, cert.ExpiryDate = leaf.DNSNames, cmp.Or(first(leaf.Issuer.Organization), leaf.Issuer.CommonName), leaf.NotAfter
	cert.DaysLeft, cert.Expired = int(math.Floor(left.Hours()/24)), left <= 0
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

func parseLeaf(content []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(content)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("there is no certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// Combined is the file that HAProxy shows for a domain: chain and key. Of certbot's certificates we make one of our own.
func (c *Certs) Combined(domain string) (string, error) {
	if file := path.Join(c.dir(domain), "combined.pem"); api.IsDomain(domain) {
		if _, err := c.host.Stat(file); err == nil {
			return file, nil
		}
	}
	if live := c.certbotDir(domain); live != "" {
		if _, err := c.derive(domain, live); err != nil {
			return "", err
		}
		return path.Join(c.derived(domain), "combined.pem"), nil
	}
	return "", invalid("cert_domain", "%s has no certificate on this node: issue or upload one first", domain)
}

// certbotDir finds certbot's directory of a domain, which may have -0001 and so on behind it: the newest.
func (c *Certs) certbotDir(domain string) string {
	entries, err := c.host.ReadDir(certbotLive)
	if err != nil || !api.IsDomain(domain) {
		return ""
	}
	best := ""
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), domain+"-")
		if e.Name() == domain || ok && len(number) == 4 && strings.Trim(number, "0123456789") == "" {
			best = max(best, e.Name())
		}
	}
	if best == "" {
		return ""
	}
	return path.Join(certbotLive, best)
}

// derive makes the combined file of a certificate of certbot's and reports whether it is news.
func (c *Certs) derive(domain, live string) (bool, error) {
	chain, err := c.host.ReadFile(path.Join(live, "fullchain.pem"))
	if err != nil {
		return false, fmt.Errorf("read certbot's certificate: %w", err)
	}
	key, err := c.host.ReadFile(path.Join(live, "privkey.pem"))
	if err != nil {
		return false, fmt.Errorf("read certbot's key: %w", err)
	}
	file := path.Join(c.derived(domain), "combined.pem")
	combined := combine(chain, key)
	if old, err := c.host.ReadFile(file); err == nil && bytes.Equal(old, combined) {
		return false, nil
	}
	if err := c.host.MkdirAll(path.Dir(file), 0o700); err != nil {
		return false, err
	}
	return true, c.host.WriteFile(file, combined, 0o600)
}

// combine is what HAProxy reads: the chain, then the key.
func combine(chain, key []byte) []byte {
	return slices.Concat(bytes.TrimRight(chain, "\r\n"), []byte("\n"), bytes.TrimRight(key, "\r\n"), []byte("\n"))
}

// Upload stores a certificate that somebody has.
func (c *Certs) Upload(ctx context.Context, u api.CertUpload) (api.CertChanged, error) {
	var none api.CertChanged
	if !api.IsDomain(u.Domain) {
		return none, invalid("domain", "must be a domain, as in example.net")
	}
	leaf, err := parseLeaf([]byte(u.CertContent))
	if err != nil {
		return none, invalid("cert_content", "is no certificate in PEM: %v", err)
	}
	if block, _ := pem.Decode([]byte(u.KeyContent)); block == nil || !strings.HasSuffix(block.Type, "PRIVATE KEY") {
		return none, invalid("key_content", "is no private key in PEM")
	}
	if _, err := tls.X509KeyPair([]byte(u.CertContent), []byte(u.KeyContent)); err != nil {
		return none, invalid("key_content", "does not belong to the certificate: %v", err)
	}
	if err := leaf.VerifyHostname(u.Domain); err != nil {
		return none, invalid("domain", "is not what the certificate is good for, which is %s", strings.Join(leaf.DNSNames, ", "))
	}
	if !c.now().Before(leaf.NotAfter) {
		return none, invalid("cert_content", "has expired on %s", leaf.NotAfter.Format(time.DateOnly))
	}
	if err := c.store(u.Domain, []byte(u.CertContent), []byte(u.KeyContent), origin{Method: methodUpload}); err != nil {
		return none, err
	}
	return api.CertChanged{Success: true, Message: "the certificate is stored", Domain: u.Domain}, c.show(ctx, u.Domain)
}

// store writes the files of a certificate of ours. combined.pem is the last: what HAProxy reads is always whole.
func (c *Certs) store(domain string, chain, key []byte, o origin) error {
	c.files.Lock()
	defer c.files.Unlock()
	block, rest := pem.Decode(chain)
	if block == nil {
		return errors.New("store certificate: it is not in PEM")
	}
	note, err := json.Marshal(o)
	if err != nil {
		return err
	}
	dir := c.dir(domain)
	if err := c.host.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, f := range []struct {
		name    string
		content []byte
		mode    fs.FileMode
	}{
		{"privkey.pem", key, 0o600}, {"cert.pem", pem.EncodeToMemory(block), 0o644}, {"chain.pem", bytes.TrimLeft(rest, "\r\n"), 0o644},
		{"fullchain.pem", chain, 0o644}, {"origin.json", note, 0o600}, {"combined.pem", combine(chain, key), 0o600},
	} {
		if err := c.host.WriteFile(path.Join(dir, f.name), f.content, f.mode); err != nil {
			return fmt.Errorf("store certificate: %w", err)
		}
	}
	return nil
}

func (c *Certs) origin(domain string) (o origin, err error) {
	b, err := c.host.ReadFile(path.Join(c.dir(domain), "origin.json"))
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	return o, err
}

// show has a running HAProxy take up the new certificate of a domain that it shows.
func (c *Certs) show(ctx context.Context, domains ...string) error {
	config, err := c.host.ReadFile(haproxyConfig)
	if err != nil {
		return nil // there is none
	}
	for _, domain := range domains {
		if len(c.users(domain, config)) > 0 {
			return c.haproxy.ReloadIfRunning(ctx)
		}
	}
	return nil
}

// Remove deletes a certificate of ours that nothing shows.
func (c *Certs) Remove(domain string) (api.Changed, error) {
	c.files.Lock()
	defer c.files.Unlock()
	if _, err := c.host.Stat(c.dir(domain)); err != nil || !api.IsDomain(domain) {
		if c.certbotDir(domain) != "" {
			return api.Changed{}, fail(api.CodeConflict, "the certificate of %s is certbot's: delete it with certbot", domain)
		}
		return api.Changed{}, fail(api.CodeNotFound, "there is no certificate of %q", domain)
	}
	config, _ := c.host.ReadFile(haproxyConfig)
	if users := c.users(domain, config); len(users) > 0 {
		return api.Changed{}, fail(api.CodeConflict, "the certificate of %s is used by %s", domain, strings.Join(users, ", "))
	}
	return done("the certificate is deleted"), c.host.RemoveAll(c.dir(domain))
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
