package postgres_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

const ownerEnv = "POSTGRES_TEST_OWNER" // directory of the child that a second process of this test binary owns

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerEnv); dir != "" {
		ownForever(dir)
	}
	os.Exit(m.Run())
}

// ownForever is the second process: it starts a child, says so and waits to be killed.
func ownForever(dir string) {
	_, err := postgres.StartChild(context.Background(), postgres.ChildOptions{DataDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	select {}
}

// startOwner runs the second process and waits until its child answers. It has been killed when the test ends.
func startOwner(t *testing.T, dir string) (kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), ownerEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		t.Fatalf("owner: %q, %v", line, err)
	}
	killed := false
	kill = func() {
		if !killed {
			killed = true
			must(t, cmd.Process.Kill())
			_ = cmd.Wait() // "signal: killed"
		}
	}
	t.Cleanup(kill)
	return kill
}

// eventually polls until ok, and fails the test after the deadline.
func eventually(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func startChild(t *testing.T, opts postgres.ChildOptions) *postgres.Child {
	t.Helper()
	if opts.Log == nil {
		opts.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	c, err := postgres.StartChild(t.Context(), opts)
	must(t, err)
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close child: %v", err)
		}
	})
	return c
}

func openStore(t *testing.T, dsn string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), dsn, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

// pidFile returns the process that Postgres' own pid file names.
func pidFile(t *testing.T, c *postgres.Child) int {
	t.Helper()
	cluster, _ := postgres.DirForTest(c)
	b, err := os.ReadFile(filepath.Join(cluster, "postmaster.pid"))
	must(t, err)
	line, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(line)
	must(t, err)
	return pid
}

// noProcess reports whether no server uses the cluster in dir.
func noProcess(t *testing.T, dir string) bool {
	t.Helper()
	pids, err := postgres.ProcessesForTest(dir)
	must(t, err)
	return len(pids) == 0
}

func TestChildIsPrivateAndDurable(t *testing.T) {
	t.Parallel()
	dir := storagetest.PostgresDir(t)
	c := startChild(t, postgres.ChildOptions{DataDir: dir})
	if !c.Up() || c.Restarts() != 0 || pidFile(t, c) != postgres.PidForTest(c) {
		t.Errorf("up %t, restarts %d, pid %d and %d", c.Up(), c.Restarts(), pidFile(t, c), postgres.PidForTest(c))
	}
	s := openStore(t, c.DSN())
	show := func(name, want string) {
		t.Helper()
		if got, err := postgres.ShowForTest(t.Context(), s, name); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", name, got, err, want)
		}
	}
	show("listen_addresses", "")
	show("fsync", "on")
	show("synchronous_commit", "on")
	show("full_page_writes", "on")
	show("server_encoding", "UTF8")

	cluster, socket := postgres.DirForTest(c)
	for _, path := range []string{dir, cluster, socket} {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %s, want 0700", path, info.Mode())
		}
	}
	group, err := syscall.Getpgid(postgres.PidForTest(c))
	must(t, err)
	if group != postgres.PidForTest(c) {
		t.Errorf("process group %d: Ctrl-C would reach the server", group)
	}
	var status syscall.Stat_t
	must(t, syscall.Stat(fmt.Sprintf("/proc/%d", postgres.PidForTest(c)), &status))
	if status.Uid == 0 {
		t.Error("the server runs as root")
	}

	s.Close()
	must(t, c.Close())
	must(t, c.Close())
	if !noProcess(t, dir) || c.Up() {
		t.Error("a server is left after Close")
	}
}

func TestChildIsRestarted(t *testing.T) {
	t.Parallel()
	dir := storagetest.PostgresDir(t)
	c := startChild(t, postgres.ChildOptions{DataDir: dir})
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- c.Run(ctx) }()
	s := openStore(t, c.DSN())
	for i := range 2 {
		addServer(t, s, "server"+strconv.Itoa(i), nil)
		pid := postgres.PidForTest(c)
		must(t, syscall.Kill(pid, syscall.SIGKILL))
		eventually(t, 30*time.Second, "restarted and up", func() bool {
			return c.Restarts() == int64(i+1) && c.Up() && s.Ping(t.Context()) == nil
		})
		if len(names(t, s)) != i+1 { // the pool has found the new server; nothing acknowledged is lost
			t.Errorf("servers %v after kill %d", names(t, s), i)
		}
	}
	cancel()
	must(t, <-ran)
	must(t, s.Ping(t.Context())) // Run has ended; the server goes with Close alone
}

func TestKilledOwnerLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := storagetest.PostgresDir(t)
	kill := startOwner(t, dir)
	if noProcess(t, dir) {
		t.Fatal("the owner has no server")
	}
	c, err := postgres.StartChild(t.Context(), postgres.ChildOptions{DataDir: dir, Attach: true, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	s := openStore(t, c.DSN())
	addServer(t, s, "kept", nil)
	s.Close()
	kill()
	eventually(t, 2*time.Second, "no server left", func() bool { return noProcess(t, dir) })

	next := startChild(t, postgres.ChildOptions{DataDir: dir})
	same(t, names(t, openStore(t, next.DSN())), []string{"kept"})
}

// The next panel may start before the last server is gone: it must not take that one for its own.
func TestStartRightAfterKill(t *testing.T) {
	t.Parallel()
	dir := storagetest.PostgresDir(t)
	for range 3 {
		startOwner(t, dir)()
		c := startChild(t, postgres.ChildOptions{DataDir: dir})
		if pidFile(t, c) != postgres.PidForTest(c) {
			t.Errorf("the server that answers is %d, ours is %d", pidFile(t, c), postgres.PidForTest(c))
		}
		must(t, openStore(t, c.DSN()).Ping(t.Context()))
		must(t, c.Close())
	}
}

func TestAttach(t *testing.T) {
	t.Parallel()
	dir := storagetest.PostgresDir(t)
	owner := startChild(t, postgres.ChildOptions{DataDir: dir})

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := postgres.StartChild(ctx, postgres.ChildOptions{DataDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second owner: %v", err)
	}

	guest := startChild(t, postgres.ChildOptions{DataDir: dir, Attach: true})
	if guest.DSN() != owner.DSN() || !guest.Up() {
		t.Errorf("guest at %s, up %t, owner at %s", guest.DSN(), guest.Up(), owner.DSN())
	}
	must(t, guest.Run(t.Context()))
	must(t, guest.Close())
	must(t, openStore(t, owner.DSN()).Ping(t.Context())) // the guest has not stopped it

	must(t, owner.Close())
	alone := startChild(t, postgres.ChildOptions{DataDir: dir, Attach: true}) // nobody to attach to: starts its own
	must(t, openStore(t, alone.DSN()).Ping(t.Context()))
	must(t, alone.Close())
	if !noProcess(t, dir) {
		t.Error("the server of a command is left")
	}
}
