package storagetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"monitoring/storage/postgres"
)

const (
	startTimeout = 2 * time.Minute
	template     = "template_panel"
	revision     = "2" // of kept clusters: raise it when package postgres makes them differently
)

// serverSettings trade durability for speed.
var serverSettings = []string{
	"fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off",
	"max_connections=300", "timezone=Asia/Kolkata",
}

// Postgres returns a store on a clean, migrated database, closed and dropped when the test ends.
func Postgres(t testing.TB) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), PostgresDSN(t), slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(store.Close)
	return store
}

// PostgresDSN returns the connection string of a clean, migrated database, dropped when the test ends.
func PostgresDSN(t testing.TB) string {
	t.Helper()
	s, err := theServer()
	if err != nil {
		t.Fatalf("start postgres for tests: %v", err)
	}
	name, err := s.clone(t.Context())
	if err != nil {
		t.Fatalf("make test database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startTimeout)
		defer cancel()
		if _, err := s.admin.ExecContext(ctx, `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return s.dsn(name)
}

// PostgresDir returns a data directory for postgres.StartChild, with an empty cluster that is there already, which
// saves the seconds that making one takes. Its user can reach it. It is removed when the test ends.
func PostgresDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "storagetest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove test cluster: %v", err)
		}
	})
	data := filepath.Join(dir, "pg")
	if err := copyCluster(t.Context(), dir, data); err != nil {
		t.Fatalf("make test cluster: %v", err)
	}
	return data
}

// theServer starts the server of this process when the first test asks for it.
var theServer = sync.OnceValues(startServer)

// server is the Postgres of one test process. Nothing closes it: it ends with the process.
type server struct {
	child *postgres.Child
	admin *sql.DB

	mu     sync.Mutex
	clones int
}

func (s *server) dsn(database string) string { return s.child.DSN() + " dbname=" + database }

// clone makes a database from the template; one at a time, since the template must have no other user.
func (s *server) clone(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clones++
	name := "test_" + strconv.Itoa(s.clones)
	_, err := s.admin.ExecContext(ctx, `CREATE DATABASE `+name+` TEMPLATE `+template)
	return name, err
}

func startServer() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "storagetest-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	s := &server{}
	if err := removeAfterDeath(dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	data := filepath.Join(dir, "pg")
	if err := copyCluster(ctx, dir, data); err != nil {
		return nil, err
	}
	if s.child, err = startChild(ctx, data); err != nil {
		return nil, err
	}
	if s.admin, err = sql.Open("pgx", s.child.DSN()); err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if _, err := s.admin.ExecContext(ctx, `CREATE DATABASE `+template); err != nil {
		return nil, fmt.Errorf("make template: %w", err)
	}
	store, err := postgres.Open(ctx, s.dsn(template), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, fmt.Errorf("migrate template: %w", err)
	}
	store.Close()
	return s, nil
}

// copyCluster puts an empty cluster into data, a directory in dir that it makes.
func copyCluster(ctx context.Context, dir, data string) error {
	made, err := madeCluster(ctx)
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o711); err != nil { // the server's user has to pass
		return fmt.Errorf("open directory: %w", err)
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if out, err := exec.CommandContext(ctx, "cp", "-a", made, data).CombinedOutput(); err != nil {
		return fmt.Errorf("copy cluster: %w: %s", err, out)
	}
	return nil
}

func startChild(ctx context.Context, dir string) (*postgres.Child, error) {
	return postgres.StartChild(ctx, postgres.ChildOptions{DataDir: dir, Settings: serverSettings, Log: slog.New(slog.DiscardHandler)})
}

// removeAfterDeath removes dir once this process and its Postgres have ended: a shell waits for the end of a pipe that
// only this process holds open.
func removeAfterDeath(dir string) error {
	const script = `cat >/dev/null; n=0
		while [ -e "$0/pg/cluster/postmaster.pid" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
		rm -rf -- "$0"`
	cmd := exec.Command("/bin/sh", "-c", script, dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the test
	alive, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("make pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start remover: %w", err)
	}
	lifelines.Store(alive, true)
	return nil
}

// lifelines are the pipes that removers wait on: one that nobody holds would be closed with the next garbage.
var lifelines sync.Map

// madeCluster returns an empty cluster to copy. It is made once per user and set of installed versions; processes that
// need it at the same time wait for the first.
func madeCluster(ctx context.Context) (string, error) {
	versions, err := filepath.Glob("/usr/lib/postgresql/*")
	if err != nil {
		return "", fmt.Errorf("list versions: %w", err)
	}
	key := sha256.Sum256([]byte(strings.Join(append(versions, strconv.Itoa(os.Geteuid()), revision), "\n")))
	dir := filepath.Join(os.TempDir(), "storagetest-cluster-"+hex.EncodeToString(key[:6]))
	if err := os.Mkdir(dir, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("make cache: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", fmt.Errorf("make cache: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(st.Uid) != os.Geteuid() {
		return "", fmt.Errorf("%s belongs to somebody else: remove it", dir)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("lock cache: %w", err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock cache: %w", err)
	}
	ready := filepath.Join(dir, "ready")
	if _, err := os.Stat(ready); err == nil {
		return filepath.Join(ready, "cluster"), nil
	}
	fresh := filepath.Join(dir, "fresh")
	if err := os.RemoveAll(fresh); err != nil {
		return "", fmt.Errorf("remove unfinished cluster: %w", err)
	}
	child, err := startChild(ctx, fresh)
	if err != nil {
		return "", err
	}
	if err := child.Close(); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, ready); err != nil {
		return "", fmt.Errorf("keep cluster: %w", err)
	}
	return filepath.Join(ready, "cluster"), nil
}
