package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func env(m map[string]string) func(string) string { return func(k string) string { return m[k] } }

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := loadConfig(env(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.listen != ":9100" || c.stateDir != "/var/lib/monitoring/agent" || c.allow.Preset() != "monitor" || c.root != "/" || c.localMetrics != "" || c.token != "" || c.trustedCA != nil {
		t.Errorf("defaults: %+v", c)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	c, err := loadConfig(env(map[string]string{
		"AGENT_LISTEN": "127.0.0.1:9200", "AGENT_STATE_DIR": "/tmp/state", "AGENT_ALLOW": "full", "AGENT_ROOT": "/host",
		"AGENT_TOKEN_FILE": write(t, " mon1.abc \n"), "AGENT_TRUSTED_CA_FILE": write(t, "PEM"),
		"AGENT_LOCAL_METRICS": "[::1]:9101", "AGENT_LOG_LEVEL": "debug",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if c.listen != "127.0.0.1:9200" || c.stateDir != "/tmp/state" || c.allow.Preset() != "full" || c.root != "/host" ||
		c.token != "mon1.abc" || string(c.trustedCA) != "PEM" || c.localMetrics != "[::1]:9101" || c.logLevel.String() != "DEBUG" {
		t.Errorf("values: %+v", c)
	}
}

func TestMissingTokenFileIsNoToken(t *testing.T) {
	t.Parallel()
	c, err := loadConfig(env(map[string]string{"AGENT_TOKEN_FILE": filepath.Join(t.TempDir(), "gone")}))
	if err != nil || c.token != "" {
		t.Errorf("token %q, %v", c.token, err)
	}
}

// TestMistakes: each names its variable and says what is wrong; several are reported together.
func TestMistakes(t *testing.T) {
	t.Parallel()
	f := func(name, value, want string) {
		t.Helper()
		_, err := loadConfig(env(map[string]string{name: value}))
		if err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s=%s: %v, want %q", name, value, err, want)
		}
	}
	f("AGENT_LISTEN", "9100", "address:port")
	f("AGENT_ALLOW", "everything", `"everything"`)
	f("AGENT_LOCAL_METRICS", "0.0.0.0:9101", "loopback")
	f("AGENT_LOCAL_METRICS", ":9101", "loopback")
	f("AGENT_LOCAL_METRICS", "192.0.2.1:9101", "loopback")
	f("AGENT_LOCAL_METRICS", "localhost:9101", "loopback") // a name can point anywhere
	f("AGENT_LOCAL_METRICS", "127.0.0.1", "loopback")
	f("AGENT_TRUSTED_CA_FILE", "/no/such/file", "no such file")
	f("AGENT_LOG_LEVEL", "loud", "unknown name")

	_, err := loadConfig(env(map[string]string{
		"AGENT_TOKEN": "mon1.a", "AGENT_TOKEN_FILE": write(t, "mon1.b"), "AGENT_ALLOW": "x", "AGENT_LISTEN": "y",
	}))
	for _, name := range []string{"AGENT_TOKEN: AGENT_TOKEN_FILE is set too", "AGENT_ALLOW: ", "AGENT_LISTEN: "} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v lacks %q", err, name)
		}
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	f := func(want string, args ...string) {
		t.Helper()
		var out bytes.Buffer
		if err := run(t.Context(), args, env(nil), &out, &out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) {
			t.Errorf("%v prints %q", args, out.String())
		}
	}
	f("dev\n", "-version")
	for _, v := range variables {
		f("\n  "+v.name+"\n", "-help")
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-listen", ":1"}, env(nil), &out, &out); err == nil || !strings.Contains(err.Error(), `"-listen"`) {
		t.Errorf("an unknown argument: %v", err)
	}
}

func TestNoIdentity(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := run(t.Context(), nil, env(map[string]string{"AGENT_LISTEN": "127.0.0.1:0", "AGENT_STATE_DIR": t.TempDir()}), &out, &out)
	if err == nil || !strings.Contains(err.Error(), "AGENT_TOKEN_FILE") {
		t.Errorf("an agent without identity and token: %v", err)
	}
}

func TestImpossiblePort(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := run(t.Context(), nil, env(map[string]string{"AGENT_LISTEN": "127.0.0.1:99999"}), &out, &out)
	if err == nil || !strings.Contains(err.Error(), "listen") {
		t.Errorf("an impossible port: %v", err)
	}
}
