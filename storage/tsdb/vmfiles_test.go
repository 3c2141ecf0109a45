package tsdb

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOnlyVMFilesSpeakToTheEngine: the engine's API changes from version to version, so its calls stay in few files.
func TestOnlyVMFilesSpeakToTheEngine(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	seen := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), `VictoriaMetrics/lib/`+`storage"`) {
			continue
		}
		seen++
		if !strings.HasPrefix(name, "vm") {
			t.Errorf("%s imports lib/storage: move what needs it to a file that begins with vm", name)
		}
	}
	if seen == 0 {
		t.Error("no file imports lib/storage: this test looks for the wrong path")
	}
}
