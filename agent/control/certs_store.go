package control

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"monitoring/agent/api"
)

// origin is how a certificate of ours came about, so that it can be renewed.
type origin struct {
	Method  string `json:"method"` // standalone, webroot or upload
	Email   string `json:"email,omitempty"`
	Webroot string `json:"webroot,omitempty"`
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

var errNoPEM = errors.New("there is no certificate in PEM")

func parseLeaf(content []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(content)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errNoPEM
	}
	return x509.ParseCertificate(block.Bytes)
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
