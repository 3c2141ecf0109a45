package storagetest

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"monitoring/storage/clickhouse"
)

// clickhouseTimeout allows for a cold disk: half a gigabyte of library is mapped.
const clickhouseTimeout = 3 * time.Minute

// ClickHouse returns a store with an embedded engine of its own, empty and migrated, stopped when the test ends. It takes
// some 200 MB of memory: one per test at most.
func ClickHouse(t testing.TB) *clickhouse.Store {
	t.Helper()
	return StartClickHouse(t, ClickHouseOptions(t))
}

// ClickHouseOptions are those of ClickHouse, to be changed.
func ClickHouseOptions(t testing.TB) clickhouse.Options {
	t.Helper()
	program, err := EngineProgram()
	if err != nil {
		t.Fatal(err)
	}
	library, err := clickhouse.CachedLibrary()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(library); err != nil {
		t.Fatalf("libchdb is not there: run deploy/dev/setup.sh test: %v", err)
	}
	return clickhouse.Options{
		Dir:      t.TempDir(),
		Embedded: clickhouse.EmbeddedOptions{Program: program, Library: library, MemoryBytes: 600 << 20, ReaderPassword: "reader-password"},
		Log:      slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
}

// StartClickHouse opens a store, runs it and waits until it answers. It is closed when the test ends.
func StartClickHouse(t testing.TB, o clickhouse.Options) *clickhouse.Store {
	t.Helper()
	store, err := clickhouse.Open(o)
	if err != nil {
		t.Fatalf("open clickhouse: %v", err)
	}
	RunClickHouse(t, store)
	AwaitClickHouse(t, store)
	return store
}

// RunClickHouse runs a store until the test ends, and closes it then.
func RunClickHouse(t testing.TB, store *clickhouse.Store) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- store.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run clickhouse: %v", err)
		}
		if err := store.Close(); err != nil {
			t.Errorf("close clickhouse: %v", err)
		}
	})
}

// AwaitClickHouse waits until a store answers.
func AwaitClickHouse(t testing.TB, store *clickhouse.Store) {
	t.Helper()
	deadline := time.Now().Add(clickhouseTimeout)
	for {
		err := store.Ping(t.Context())
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("clickhouse does not answer: %v", err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// EngineProgram builds the engine's program, once per process, and returns its path. The file goes with the process.
var EngineProgram = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "storagetest-engine-")
	if err != nil {
		return "", fmt.Errorf("make directory: %w", err)
	}
	if err := removeAfterDeath(dir); err != nil {
		return "", err
	}
	program := filepath.Join(dir, clickhouse.EngineProgram)
	cmd := exec.Command("go", "build", "-o", program, "monitoring/storage/clickhouse/engine")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build engine: %w: %s", err, out)
	}
	return program, nil
})
