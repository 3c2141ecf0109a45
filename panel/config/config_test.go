package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(k string) string { return m[k] }
}

func TestDefaults(t *testing.T) {
	c, err := Load(env())
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:8080" || c.TLS != TLSOff || c.SessionLifetime != 24*time.Hour || c.MaxFailedAttempts != 5 || c.BanDuration != 15*time.Minute {
		t.Errorf("defaults: %+v", c)
	}
	const day = 24 * time.Hour
	if c.RawRetention != 14*day || c.FiveMinutesRetention != 90*day || c.HourRetention != 730*day {
		t.Errorf("retention: %s, %s, %s", c.RawRetention, c.FiveMinutesRetention, c.HourRetention)
	}
	if len(c.RollupExclude) < 5 || c.RollupExclude[0] != "go_*" {
		t.Errorf("RollupExclude = %q", c.RollupExclude)
	}
	if c.PublicURL != "http://127.0.0.1:8080" {
		t.Errorf("PublicURL = %s", c.PublicURL)
	}
}

// Each case is one mistake, and the words that the message must hold.
func TestMistakes(t *testing.T) {
	f := func(words string, pairs ...string) {
		t.Helper()
		_, err := Load(env(pairs...))
		if err == nil {
			t.Errorf("%v: no error", pairs)
			return
		}
		for word := range strings.SplitSeq(words, "|") {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%v: %q lacks %q", pairs, err, word)
			}
		}
	}
	f("PANEL_LISTEN|127.0.0.1:8080", "PANEL_LISTEN", "nonsense")
	f("PANEL_TLS|loopback|PANEL_TRUSTED_PROXIES", "PANEL_LISTEN", "0.0.0.0:8080")
	f("PANEL_TLS|loopback", "PANEL_LISTEN", ":8080")
	f("PANEL_TLS|loopback", "PANEL_LISTEN", "203.0.113.5:8080")
	f("PANEL_TLS|must be one of", "PANEL_TLS", "on")
	f("PANEL_TLS_CERT|PANEL_TLS_KEY", "PANEL_TLS", "files")
	f("acme comes with shipping", "PANEL_TLS", "acme", "DOMAIN", "panel.example.net")
	f("acme comes with shipping|DOMAIN", "PANEL_TLS", "acme")
	f("PANEL_TRUSTED_PROXIES|10.0.0.0/99", "PANEL_TRUSTED_PROXIES", "10.0.0.0/99")
	f("PANEL_URL|without a path", "PANEL_URL", "https://panel.example.net/x")
	f("PANEL_UID|8 to 64", "PANEL_UID", "../etc")
	f("JWT_SECRET|32", "JWT_SECRET", "short")
	f("JWT_EXPIRE_MINUTES|whole number", "JWT_EXPIRE_MINUTES", "1d")
	f("MAX_FAILED_ATTEMPTS|from 1", "MAX_FAILED_ATTEMPTS", "0")
	f("PANEL_LOG_LEVEL|debug", "PANEL_LOG_LEVEL", "loud")
	f("PANEL_TSDB_MAX_GB|from 0", "PANEL_TSDB_MAX_GB", "-1")
	f("PANEL_RETENTION_RAW_DAYS|from 1", "PANEL_RETENTION_RAW_DAYS", "0")
	f("PANEL_RETENTION_1H_DAYS|from 365", "PANEL_RETENTION_1H_DAYS", "364")
	f("read PANEL_PASSWORD_FILE", "PANEL_PASSWORD_FILE", "/nowhere/at/all")
	f("only one of them", "PANEL_PASSWORD_FILE", "/x", "PANEL_PASSWORD", "y")
	// All at once:
	f("PANEL_UID|JWT_EXPIRE_MINUTES|PANEL_LOG_LEVEL", "PANEL_UID", "a", "JWT_EXPIRE_MINUTES", "x", "PANEL_LOG_LEVEL", "x")
}

func TestAllowed(t *testing.T) {
	f := func(publicURL string, pairs ...string) {
		t.Helper()
		c, err := Load(env(pairs...))
		if err != nil {
			t.Errorf("%v: %v", pairs, err)
		} else if c.PublicURL != publicURL {
			t.Errorf("%v: PublicURL = %s, want %s", pairs, c.PublicURL, publicURL)
		}
	}
	f("http://localhost:1234", "PANEL_LISTEN", "localhost:1234")
	f("http://[::1]:1234", "PANEL_LISTEN", "[::1]:1234")
	f("https://p.example.net", "PANEL_LISTEN", "0.0.0.0:8080", "PANEL_TRUSTED_PROXIES", "172.18.0.0/16, 10.0.0.1", "DOMAIN", "p.example.net")
	f("https://p.example.net:8443", "PANEL_LISTEN", ":8443", "PANEL_TLS", "files", "PANEL_TLS_CERT", "c", "PANEL_TLS_KEY", "k", "DOMAIN", "p.example.net")
	f("https://p.example.net", "PANEL_LISTEN", ":443", "PANEL_TLS", "files", "PANEL_TLS_CERT", "c", "PANEL_TLS_KEY", "k", "DOMAIN", "p.example.net")
	f("https://q.example.net", "PANEL_URL", "https://q.example.net/")
}

func TestSecretFromFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte("  hunter2hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(env("PANEL_PASSWORD_FILE", path))
	if err != nil || c.Password != "hunter2hunter2" {
		t.Errorf("Password = %q, %v", c.Password, err)
	}
}

func TestPostgresFromParts(t *testing.T) {
	c, err := Load(env("POSTGRES_HOST", "db:5432", "POSTGRES_PASSWORD", "p@ss/word"))
	if err != nil || c.PostgresDSN != "postgres://panel:p%40ss%2Fword@db:5432/panel" {
		t.Errorf("PostgresDSN = %q, %v", c.PostgresDSN, err)
	}
}

func TestSecretsAreMadeOnceAndPrivate(t *testing.T) {
	dir := t.TempDir()
	load := func() Config {
		t.Helper()
		c, err := Load(env("PANEL_DATA", dir))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.LoadSecrets(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	first, second := load(), load()
	if first.UID == "" || first.UID != second.UID || first.Password != second.Password || first.JWTSecret != second.JWTSecret {
		t.Errorf("secrets changed: %+v, %+v", first, second)
	}
	if len(first.JWTSecret) < 32 || len(first.Password) < 20 || !uidPattern.MatchString(first.UID) {
		t.Errorf("weak secrets: %+v", first)
	}
	path := filepath.Join(dir, SecretsFile)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of %s: %v, %v", path, info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	c := Config{DataDir: dir}
	if _, err := c.LoadSecrets(); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a readable secrets file: %v", err)
	}
}

func TestSecretsFromEnvironmentAreNotWritten(t *testing.T) {
	c := Config{DataDir: t.TempDir(), UID: "from-the-environment", Password: "also-from-there", JWTSecret: strings.Repeat("x", 32), ClickHousePassword: "and-from-there"}
	if made, err := c.LoadSecrets(); made || err != nil {
		t.Fatal(made, err)
	}
	if entries, _ := os.ReadDir(c.DataDir); len(entries) != 0 {
		t.Errorf("written: %v", entries)
	}
}

func TestHelpNamesEveryVariable(t *testing.T) {
	var b bytes.Buffer
	Help(&b)
	for _, v := range variables {
		if !strings.Contains(b.String(), "\n  "+v.name) || v.doc == "" {
			t.Errorf("%s is missing in the reference", v.name)
		}
	}
}
