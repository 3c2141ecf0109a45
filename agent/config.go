package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"monitoring/agent/control"
	"monitoring/agent/server"
)

// config is what the environment says.
type config struct {
	listen       string
	stateDir     string
	token        string
	allow        server.Allow
	root         string
	trustedCA    []byte
	acme         control.ACME
	localMetrics string // "" is off
	logLevel     slog.Level
}

// variable is one line of the reference that `agent -help` prints.
type variable struct {
	name, def, doc string
	set            func(c *config, value string) error
}

// variables is every environment variable of the agent.
var variables = []variable{
	{"AGENT_LISTEN", ":9100", "Address and port for the panel.", setAddress(func(c *config) *string { return &c.listen })},
	{"AGENT_STATE_DIR", "/var/lib/monitoring/agent", "Directory of the agent's identity (0600).", setDir(func(c *config) *string { return &c.stateDir })},
	{"AGENT_TOKEN_FILE", "", "File with the install token of the panel's Add dialog. Needed until the agent has joined; a new token makes it join anew.", setTokenFile},
	{"AGENT_TOKEN", "", "The install token itself, where a file is impractical.", setToken},
	{"AGENT_ALLOW", "monitor", "What the panel may do here. A preset (monitor: metrics only; readonly: look at everything; full), or a list such as \"traffic:ro haproxy:rw\". Domains: traffic haproxy certs firewall ipset exec power system remnawave.", setAllow},
	{"AGENT_ROOT", "/", "Where the host's file system is mounted, for an agent in a container.", setDir(func(c *config) *string { return &c.root })},
	{"AGENT_TRUSTED_CA_FILE", "", "PEM file with further CAs whose panel is believed, for a rotation.", setTrustedCA},
	{"AGENT_ACME_DIRECTORY", control.LetsEncrypt, "Who issues certificates: URL of an ACME directory.", setDirectory},
	{"AGENT_ACME_CA_FILE", "", "PEM file with the CA of that directory, where the machine does not know it.", setACMECA},
	{"AGENT_ACME_LISTEN", ":80", "Address that answers the http-01 challenge; the issuer asks port 80.", setAddress(func(c *config) *string { return &c.acme.Listen })},
	{"AGENT_LOCAL_METRICS", "", "Loopback address and port, as in 127.0.0.1:9101, of a plain /metrics for a Prometheus on this machine. Default: off.", setLocalMetrics},
	{"AGENT_LOG_LEVEL", "info", "debug, info, warn or error.", func(c *config, v string) error { return c.logLevel.UnmarshalText([]byte(v)) }},
}

// loadConfig reads the variables through getenv. All problems come back together.
func loadConfig(getenv func(string) string) (config, error) {
	var c config
	var problems []error
	for _, v := range variables {
		value := strings.TrimSpace(getenv(v.name))
		if value == "" {
			value = v.def
		}
		if value == "" {
			continue
		}
		if err := v.set(&c, value); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", v.name, err))
		}
	}
	return c, errors.Join(problems...)
}

func help(w io.Writer) {
	fmt.Fprintln(w, "Usage: agent [-help | -version]")
	fmt.Fprintln(w, "\nThe agent is configured by environment variables.")
	for _, v := range variables {
		fmt.Fprintf(w, "\n  %s\n      %s\n", v.name, v.doc)
		if v.def != "" {
			fmt.Fprintf(w, "      Default: %s\n", v.def)
		}
	}
}

func setAddress(field func(*config) *string) func(*config, string) error {
	return func(c *config, v string) error {
		if _, _, err := net.SplitHostPort(v); err != nil {
			return fmt.Errorf("give address:port, as in :9100: %w", err)
		}
		*field(c) = v
		return nil
	}
}

func setDir(field func(*config) *string) func(*config, string) error {
	return func(c *config, v string) (err error) {
		*field(c), err = filepath.Abs(v)
		return err
	}
}

func setToken(c *config, v string) error {
	if c.token != "" {
		return errors.New("AGENT_TOKEN_FILE is set too: set only one of them")
	}
	c.token = v
	return nil
}

// setTokenFile takes a missing file for no token: it may be removed once the agent has joined.
func setTokenFile(c *config, path string) error {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read install token: %w", err)
	}
	c.token = strings.TrimSpace(string(b))
	return nil
}

func setAllow(c *config, v string) (err error) {
	c.allow, err = server.ParseAllow(v)
	return err
}

func setTrustedCA(c *config, path string) (err error) {
	if c.trustedCA, err = os.ReadFile(path); err != nil {
		return fmt.Errorf("read CA file: %w", err)
	}
	return nil
}

func setDirectory(c *config, v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q: give an address that begins with https://", v)
	}
	c.acme.Directory = v
	return nil
}

func setACMECA(c *config, path string) (err error) {
	if c.acme.CA, err = os.ReadFile(path); err != nil {
		return fmt.Errorf("read CA file: %w", err)
	}
	return nil
}

func setLocalMetrics(c *config, v string) error {
	ap, err := netip.ParseAddrPort(v)
	if err != nil || !ap.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("%q: it has neither password nor encryption, so give a loopback address such as 127.0.0.1:9101", v)
	}
	c.localMetrics = v
	return nil
}
