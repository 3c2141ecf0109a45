package control

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"monitoring/agent/api"
)

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
