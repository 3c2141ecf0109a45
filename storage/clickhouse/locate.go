package clickhouse

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

const (
	// LibraryVersion is the version of libchdb that this panel was made and tested with.
	LibraryVersion = "26.7.3-stable.1"
	libraryFile    = "libchdb.so"
	// EngineProgram is the name of the engine's program, which lies beside the panel's.
	EngineProgram = "clickhouse-engine"
)

// notInstalled is what the API says, so it names both ways out.
const notInstalled = "engine not installed: run `panel clickhouse install` or set CLICKHOUSE_DSN"

// locate finds the program and the library of the engine.
func (e *embedded) locate() (program, library string, err error) {
	program = e.o.Program
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			return "", "", fmt.Errorf("find program: %w", err)
		}
		program = filepath.Join(filepath.Dir(self), EngineProgram)
	}
	if _, err := os.Stat(program); err != nil {
		return "", "", &Unavailable{fmt.Sprintf("engine not installed: there is no %s: build it (make build) or set CLICKHOUSE_DSN", program)}
	}
	candidates := []string{e.o.Library}
	if e.o.Library == "" {
		candidates = []string{LibraryIn(filepath.Dir(e.dir))}
		if cache, err := CachedLibrary(); err == nil {
			candidates = append(candidates, cache)
		}
	}
	for _, path := range candidates {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return program, path, nil
		}
	}
	if e.o.Library != "" {
		return "", "", &Unavailable{notInstalled + " (there is no " + e.o.Library + ")"}
	}
	return "", "", &Unavailable{notInstalled}
}

// LibraryIn is where install puts the library below the directory of the store.
func LibraryIn(dir string) string { return filepath.Join(dir, "lib", LibraryVersion, libraryFile) }

// CachedLibrary is where deploy/dev/setup.sh puts the library, once for all copies of the source.
func CachedLibrary() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache: %w", err)
	}
	return filepath.Join(cache, "monitoring-panel", "libchdb", LibraryVersion+"-"+runtime.GOARCH, libraryFile), nil
}
