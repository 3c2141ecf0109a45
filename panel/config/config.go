// Package config reads the panel's environment into one typed Config, with every mistake reported at once. What can
// be changed without a restart is no business of this package: that lives in Postgres (see panel/settings).
package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// TLS modes of the panel's own listener.
const (
	TLSOff   = "off"
	TLSFiles = "files"
	TLSACME  = "acme"
)

// Config is the deploy-time configuration. Secrets that nobody set are made by LoadSecrets.
type Config struct {
	Listen         string
	TLS            string
	TLSCert        string
	TLSKey         string
	Domain         string
	PublicURL      string // scheme and host that browsers and nodes reach; no path
	TrustedProxies []netip.Prefix
	OutboundAllow  []netip.Prefix // private networks that addresses typed in by the operator may lie in
	DataDir        string
	AgentBinaries  string
	LogLevel       slog.Level

	UID               string
	Password          string
	JWTSecret         string
	SessionLifetime   time.Duration
	MaxFailedAttempts int
	BanDuration       time.Duration

	PostgresDSN      string // empty: the panel runs its own Postgres
	PostgresHost     string
	PostgresUser     string
	PostgresPassword string
	PostgresDB       string

	ClickHouseDSN      string // empty: the panel runs the embedded engine
	ClickHousePassword string // of the embedded engine's user "reader"
	ClickHouseListen   string
	ClickHouseMemoryMB int // 0: derived from the machine's
	ClickHouseLibrary  string
	ClickHouseEngine   string
	ClickHouseSource   string
	VisitsQueueMB      int

	TSDBMemoryMB         int
	TSDBMaxGB            int // 0: no limit
	RawRetention         time.Duration
	FiveMinutesRetention time.Duration
	HourRetention        time.Duration
	RollupExclude        []string
}

// Load reads the variables through getenv. All problems come back together.
func Load(getenv func(string) string) (Config, error) {
	var c Config
	var problems []error
	for _, v := range variables {
		value, err := lookup(getenv, v)
		if err == nil {
			err = v.set(&c, value)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", v.name, err))
		}
	}
	if len(problems) == 0 {
		problems = c.check()
	}
	return c, errors.Join(problems...)
}

// lookup returns the value of v: from the variable, from the file that NAME_FILE names, or the default.
func lookup(getenv func(string) string, v variable) (string, error) {
	value := getenv(v.name)
	if !v.secret {
		return or(value, v.def), nil
	}
	file := getenv(v.name + "_FILE")
	if file == "" {
		return or(value, v.def), nil
	}
	if value != "" {
		return "", fmt.Errorf("%s_FILE is set too: set only one of them", v.name)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read %s_FILE: %w", v.name, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// check looks at what only several variables together can tell, and fills in what follows from others.
func (c *Config) check() []error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return []error{fmt.Errorf("PANEL_LISTEN: give address:port, as in 127.0.0.1:8080: %w", err)}
	}
	switch c.TLS {
	case TLSOff:
		if !loopback(host) && len(c.TrustedProxies) == 0 {
			bad("PANEL_TLS: off is allowed on a loopback address only (PANEL_LISTEN is %s); set PANEL_TLS=files, or name the proxy in front in PANEL_TRUSTED_PROXIES", c.Listen)
		}
	case TLSFiles:
		if c.TLSCert == "" {
			bad("PANEL_TLS_CERT: PANEL_TLS=files needs the path of a certificate chain in PEM")
		}
		if c.TLSKey == "" {
			bad("PANEL_TLS_KEY: PANEL_TLS=files needs the path of the private key in PEM")
		}
	case TLSACME:
		if c.Domain == "" {
			bad("DOMAIN: PANEL_TLS=acme needs the domain to get a certificate for")
		}
		bad("PANEL_TLS: acme comes with shipping; until then set PANEL_TLS=files with a certificate of your own, or off behind a proxy")
	}
	if c.PostgresDSN == "" && c.PostgresHost != "" {
		u := url.URL{Scheme: "postgres", User: url.UserPassword(c.PostgresUser, c.PostgresPassword), Host: c.PostgresHost, Path: c.PostgresDB}
		c.PostgresDSN = u.String()
	}
	if c.ClickHouseListen != "" {
		if host, port, err := net.SplitHostPort(c.ClickHouseListen); err != nil || !loopback(host) || port == "" {
			bad("PANEL_CLICKHOUSE_LISTEN: give a loopback address and a port, as in 127.0.0.1:8123, not %q", c.ClickHouseListen)
		}
	}
	if c.DataDir, err = filepath.Abs(c.DataDir); err != nil {
		bad("PANEL_DATA: %w", err)
	}
	if c.PublicURL == "" {
		c.PublicURL = c.defaultURL()
	}
	return problems
}

// defaultURL is where browsers find the panel when PANEL_URL does not say it.
func (c *Config) defaultURL() string {
	host, port, _ := net.SplitHostPort(c.Listen)
	scheme := "https"
	if c.TLS == TLSOff && c.Domain == "" {
		scheme = "http"
	}
	if c.Domain != "" {
		host = c.Domain
		if c.TLS == TLSOff { // a proxy in front listens on the standard port
			port = "443"
		}
	} else if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	if port == "443" && scheme == "https" {
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// Help writes the reference of all variables.
func Help(w io.Writer) {
	fmt.Fprintln(w, "The panel is configured by environment variables. Secrets may also come from a file: NAME_FILE=/path.")
	for _, v := range variables {
		name := v.name
		if v.secret {
			name += " (or " + v.name + "_FILE)"
		}
		fmt.Fprintf(w, "\n  %s\n      %s\n", name, v.doc)
		if v.def != "" {
			fmt.Fprintf(w, "      Default: %s\n", v.def)
		}
	}
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func or(value, def string) string {
	if value != "" {
		return value
	}
	return def
}
