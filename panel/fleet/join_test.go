package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"monitoring/agent/api"
	"monitoring/storage"
)

func TestJoinFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, ln := b.add(t, "alpha")
	base := "/api/join/" + codeOf(t, c.Install)
	status, binary := b.call(t, "GET", base+"/agent-amd64", "")
	if status != 200 || string(binary) != "the agent for amd64" {
		t.Errorf("binary: status %d, %q", status, binary)
	}
	if status, page := b.call(t, "GET", base+"/agent-arm64", ""); status != 404 || !strings.Contains(string(page), "no agent for arm64") {
		t.Errorf("a binary that is not there: status %d, %s", status, page)
	}
	sum := sha256.Sum256(binary)
	status, script := b.call(t, "GET", base+"/install.sh", "")
	if status != 200 || !strings.Contains(string(script), "sha256_amd64='"+hex.EncodeToString(sum[:])+"'") || !strings.Contains(string(script), "sha256_arm64=''") {
		t.Errorf("script: status %d, %.300s", status, script)
	}
	if strings.Contains(string(script), "mon1.") || strings.Contains(c.Install.Command, "mon1.") {
		t.Error("the token stands in the script or in the command")
	}
	status, text := b.call(t, "GET", base+"/token", "")
	token, err := api.ParseInstallToken(string(text))
	if status != 200 || err != nil || token.AgentID != c.Server.AgentID {
		t.Fatalf("token: status %d, %v", status, err)
	}
	if string(text) == c.Install.Token+"\n" {
		t.Error("the same key was given out twice: so it is kept somewhere")
	}
	a := runAgent(t, t.TempDir(), string(text), ln)
	b.version(t, c.Server.ID)
	if !a.Joined() {
		t.Error("the fetched token does not work")
	}
	for _, file := range []string{"install.sh", "token", "agent-amd64"} {
		if status, _ := b.call(t, "GET", base+"/"+file, ""); status != 0 {
			t.Errorf("%s after the server joined: status %d, want a closed connection", file, status)
		}
	}
}

func TestUnknownCodesAreDropped(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, _ := b.add(t, "alpha")
	code := codeOf(t, c.Install)
	f := func(path string) {
		t.Helper()
		if status, page := b.call(t, "GET", "/api/join/"+path, ""); status != 0 {
			t.Errorf("%s: status %d, %q; want a closed connection", path, status, page)
		}
	}
	f("x/token")
	f(newCode() + "/token")
	f(newCode() + "/install.sh")
	f(newCode() + "/agent-amd64")
	f(code[:42] + "/token")
	f(code + "x/token")
	f(code + "/agent-mips")
	f(code + "/agent-..%2fca.key")
	f(code + "/secrets.env")
	if _, err := b.Reinstall(t.Context(), c.Server.ID, ""); err != nil {
		t.Fatal(err)
	}
	f(code + "/token")
}

func TestTokenFetchesAreBounded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c, _ := b.add(t, "alpha")
	path := "/api/join/" + codeOf(t, c.Install) + "/token"
	for i := range maxFirstCerts - 1 { // one went out with the answer of Create
		if status, _ := b.call(t, "GET", path, ""); status != 200 {
			t.Fatalf("fetch %d: status %d", i, status)
		}
	}
	if status, _ := b.call(t, "GET", path, ""); status != 0 {
		t.Errorf("one too many: status %d, want a closed connection", status)
	}
}

func TestCodes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		code := newCode()
		if len(code) != codeLength || seen[code] || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Errorf("code %q", code)
		}
		seen[code] = true
	}
}

func TestShellQuote(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		out, err := exec.Command("sh", "-c", "printf %s "+shellQuote(text)).Output()
		if err != nil || string(out) != want {
			t.Errorf("%q: the shell reads %q, %v; want %q", text, out, err, want)
		}
	}
	f("plain", "plain")
	f("", "")
	f("it's", "it's")
	f("'; rm -rf / #", "'; rm -rf / #")
	f("$(id) `id` \"x\" \\", "$(id) `id` \"x\" \\")
	f("two\nlines", "two lines")
	f("Сервер «1»", "Сервер «1»")
}

// installScriptFor writes the script of a server to a file.
func installScriptFor(t *testing.T, srv storage.Server, preset string) string {
	t.Helper()
	b := newBench(t)
	text, err := b.script(newCode(), storage.InstallToken{Preset: preset}, srv)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "install.sh")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// tools makes a PATH on which the script finds harmless stand-ins before the real programs.
func tools(t *testing.T, machine string) []string {
	t.Helper()
	dir := t.TempDir()
	for name, body := range map[string]string{
		"uname": "echo " + machine, "systemctl": "exit 1", "ufw": "echo 'Status: active'", "getent": "echo 198.51.100.9 STREAM",
		"curl": "exit 1", "id": "[ \"$1\" = -u ] && echo 1000; exit 1",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
}

func TestInstallScriptDryRun(t *testing.T) {
	t.Parallel()
	srv := storage.Server{ID: 1, Name: "it's $(touch /tmp/pwned)", URL: "https://203.0.113.7:9222"}
	f := func(preset, machine string, fails bool, want ...string) {
		t.Helper()
		for _, shell := range []string{"dash", "bash"} {
			cmd := exec.Command(shell, installScriptFor(t, srv, preset), "--dry-run")
			cmd.Env = tools(t, machine)
			out, err := cmd.CombinedOutput()
			if (err != nil) != fails {
				t.Errorf("%s, %s, %s: %v\n%s", shell, preset, machine, err, out)
			}
			for _, w := range want {
				if !strings.Contains(string(out), w) {
					t.Errorf("%s, %s, %s: lacks %q:\n%s", shell, preset, machine, w, out)
				}
			}
		}
	}
	f("monitor", "x86_64", false, "MONITORING AGENT", "it's $(touch /tmp/pwned)", "AGENT_ALLOW=monitor", "AGENT_LISTEN=:9222",
		"User=monitoring-agent", "CapabilityBoundingSet=\n", "ProtectSystem=strict", "would run: useradd",
		"would run: ufw allow from 198.51.100.9 to any port 9222 proto tcp", "would run: systemctl restart monitoring-agent")
	f("full", "x86_64", false, "AGENT_ALLOW=full", "User=root", "runs as root")
	f("made up", "x86_64", false, "AGENT_ALLOW=monitor")
	f("monitor", "aarch64", true, "carries no agent for arm64")
	f("monitor", "mips", true, "x86_64 and aarch64 only")
}

func TestInstallScriptArguments(t *testing.T) {
	t.Parallel()
	path := installScriptFor(t, storage.Server{Name: "a", URL: "https://203.0.113.7:9100"}, "monitor")
	f := func(want string, fails bool, args ...string) {
		t.Helper()
		cmd := exec.Command("dash", append([]string{path}, args...)...)
		cmd.Env = tools(t, "x86_64")
		out, err := cmd.CombinedOutput()
		if (err != nil) != fails || !strings.Contains(string(out), want) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	f("unknown argument --force", true, "--force")
	f("run this as root", true)
	f("run this as root", true, "uninstall")
	f("would run: rm -rf", false, "uninstall", "--dry-run")
	f("not installed here", true, "reconfigure", "--dry-run")
}

// TestHalfAScriptDoesNothing: curl | bash runs what has arrived when the connection breaks.
func TestHalfAScriptDoesNothing(t *testing.T) {
	t.Parallel()
	path := installScriptFor(t, storage.Server{Name: "a", URL: "https://203.0.113.7:9100"}, "monitor")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.TrimSuffix(string(text), "}\n")
	if whole == string(text) {
		t.Fatal("the script does not end with its closing brace")
	}
	for i := range 40 {
		part := whole[:len(whole)*(i+1)/40]
		cmd := exec.Command("dash", "-s")
		cmd.Stdin = strings.NewReader(part)
		cmd.Env = []string{"PATH=/nowhere"}
		out, _ := cmd.CombinedOutput() // a syntax error is what we want
		if len(out) > 0 && !strings.Contains(string(out), "Syntax error") {
			t.Errorf("%d of %d bytes: %s", len(part), len(whole), out)
		}
	}
}

func TestBinarySumFollowsTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := binaries{fs: os.DirFS(dir), sums: map[string]binarySum{}}
	if got := b.sum("amd64"); got != "" {
		t.Errorf("sum of nothing: %q", got)
	}
	for i := range 3 {
		text := fmt.Appendf(nil, "version %s", strings.Repeat("x", i))
		if err := os.WriteFile(filepath.Join(dir, "agent-linux-amd64"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		want := sha256.Sum256(text)
		if got := b.sum("amd64"); got != hex.EncodeToString(want[:]) {
			t.Errorf("version %d: sum %s", i, got)
		}
	}
}
