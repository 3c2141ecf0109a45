package collector

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// node_exporter's settings are global to the process: a second root must not silently read the first.
func TestOneRootForOneProcess(t *testing.T) {
	realSet(t)
	realSet(t) // the same again is fine
	_, err := New(Options{Root: t.TempDir(), Log: quiet})
	if err == nil || !strings.Contains(err.Error(), "another root") {
		t.Errorf("New = %v", err)
	}
}

// The names that node_exporter's filters go by are checked by node_exporter; these are the ones that we must not enable.
func TestCollectorsThatOursReplace(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"tcpstat", "processes", "systemd"} {
		if _, ok := nodeCollectors[name]; ok {
			t.Errorf("%s would export the same series twice, or ask a bus", name)
		}
	}
}

// Collectors run no commands, and none but host/ reads a file by its absolute path. The agent's own /proc/self is no
// part of the machine that is measured.
func TestCollectorsRunNoCommands(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	absolute := regexp.MustCompile(`"/(proc|sys)/(\w+)`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), `"os/exec"`) {
			t.Errorf("%s runs commands", file)
		}
		for _, m := range absolute.FindAllStringSubmatch(string(source), -1) {
			if m[2] != "self" {
				t.Errorf("%s reads %s past the root", file, m[0])
			}
		}
	}
}

func TestFamiliesHaveANameAndASet(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range realSet(t).All(defaultWindow) {
		if f.Name == "" || seen[f.Name] || !slices.Contains([]string{SetHost, SetServices}, f.Set) {
			t.Errorf("family %q in set %q", f.Name, f.Set)
		}
		seen[f.Name] = true
	}
	if len(seen) < 40 {
		t.Errorf("only %d families", len(seen))
	}
}
