package fleet

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/agent/api"
)

func TestAuthorityIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "ca")
	first, err := openAuthority(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{caCertFile, caKeyFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", name, info.Mode().Perm())
		}
	}
	if !first.cert.IsCA || first.cert.MaxPathLen != 0 || !first.cert.MaxPathLenZero {
		t.Error("the CA must be able to sign leaves and nothing else")
	}
	again, err := openAuthority(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if !again.cert.Equal(first.cert) {
		t.Error("the second start made another CA")
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("%d files in the CA directory, %v; want 2", len(left), err)
	}
}

// TestLostCACertificate: made again from the key, it vouches for what was issued before, and agents that trust the old
// one believe what is issued after.
func TestLostCACertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before, err := openAuthority(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, caCertFile)); err != nil {
		t.Fatal(err)
	}
	after, err := openAuthority(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]*authority{{before, after}, {after, before}} {
		leaf, err := pair[0].issueAgent("ffff", &newKey(t).PublicKey, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: pair[1].pool}); err != nil {
			t.Error(err)
		}
	}
}

func TestBrokenAuthority(t *testing.T) {
	t.Parallel()
	f := func(what, want string, spoil func(dir string) error) {
		t.Helper()
		dir := t.TempDir()
		if _, err := openAuthority(dir, time.Now); err != nil {
			t.Fatal(err)
		}
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := openAuthority(dir, time.Now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	path := filepath.Join
	f("key readable by others", "chmod 600", func(dir string) error { return os.Chmod(path(dir, caKeyFile), 0o644) })
	f("key lost", "restore it from a backup", func(dir string) error { return os.Remove(path(dir, caKeyFile)) })
	f("key damaged", "no key in PEM", func(dir string) error { return os.WriteFile(path(dir, caKeyFile), []byte("x"), 0o600) })
	f("certificate damaged", "no certificate in PEM", func(dir string) error { return os.WriteFile(path(dir, caCertFile), []byte("x"), 0o600) })
	f("two halves of different CAs", "do not belong together", func(dir string) error {
		other := path(dir, "other")
		if _, err := openAuthority(other, time.Now); err != nil {
			return err
		}
		return os.Rename(path(other, caCertFile), path(dir, caCertFile))
	})
}

func TestIssuedCertificates(t *testing.T) {
	t.Parallel()
	c := &clock{}
	ca, err := openAuthority(t.TempDir(), c.now)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := ca.issueAgent("ffff", &newKey(t).PublicKey, lastingLife)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(leaf.DNSNames, []string{"ffff" + api.AgentSuffix}) || !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) || leaf.IsCA {
		t.Errorf("agent certificate: names %v, usage %v, CA %v", leaf.DNSNames, leaf.ExtKeyUsage, leaf.IsCA)
	}
	panel, err := ca.panelCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if l := panel.Leaf; !slices.Equal(l.DNSNames, []string{api.PanelName}) || !slices.Equal(l.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}) {
		t.Errorf("panel certificate: names %v, usage %v", l.DNSNames, l.ExtKeyUsage)
	}
	at := func(moved time.Duration) *x509.Certificate {
		c.advance(moved)
		p, err := ca.panelCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		if now := c.now(); now.Before(p.Leaf.NotBefore) || !now.Before(p.Leaf.NotAfter) {
			t.Errorf("moved by %v: not valid now", moved)
		}
		return p.Leaf
	}
	if !at(time.Hour).Equal(panel.Leaf) || !at(-2*time.Hour).Equal(panel.Leaf) {
		t.Error("a clock that jumps an hour makes a new panel certificate")
	}
	if at(4 * 24 * time.Hour).Equal(panel.Leaf) {
		t.Error("the panel certificate is not made anew after half of its life")
	}
}
