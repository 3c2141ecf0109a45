package postgres_test

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

// ownerOf returns the user that a path belongs to.
func ownerOf(t *testing.T, path string) *syscall.Credential {
	t.Helper()
	var st syscall.Stat_t
	must(t, syscall.Stat(path, &st))
	return &syscall.Credential{Uid: st.Uid, Gid: st.Gid}
}

// A pid file may outlive its server, and its number may go to a process that Postgres would take for one: after a reboot
// or in a container.
func TestStalePidFile(t *testing.T) {
	t.Parallel()
	dir := storagetest.PostgresDir(t)
	cluster := filepath.Join(dir, "cluster")
	cmd := exec.CommandContext(t.Context(), "sleep", "600") // of the same user, and even in the cluster's directory
	cmd.Dir = cluster
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: ownerOf(t, cluster)}
	must(t, os.Chown(dir, int(cmd.SysProcAttr.Credential.Uid), int(cmd.SysProcAttr.Credential.Gid)))
	must(t, cmd.Start())
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	file := filepath.Join(cluster, "postmaster.pid")
	must(t, os.WriteFile(file, []byte(strconv.Itoa(cmd.Process.Pid)+"\n"+cluster+"\n1700000000\n5432\n\n\n"), 0o600))
	must(t, os.Chown(file, int(cmd.SysProcAttr.Credential.Uid), int(cmd.SysProcAttr.Credential.Gid)))

	c := startChild(t, postgres.ChildOptions{DataDir: dir})
	must(t, openStore(t, c.DSN()).Ping(t.Context()))
	select {
	case err := <-exited:
		t.Errorf("a process that is no server was ended: %v", err)
	default:
	}
}

func TestOddAndLongPaths(t *testing.T) {
	t.Parallel()
	f := func(name string) {
		t.Helper()
		t.Run("", func(t *testing.T) {
			t.Parallel()
			made := storagetest.PostgresDir(t)
			dir := filepath.Join(filepath.Dir(made), name)
			must(t, os.MkdirAll(filepath.Dir(dir), 0o755))
			must(t, os.Rename(made, dir))
			c := startChild(t, postgres.ChildOptions{DataDir: dir})
			must(t, openStore(t, c.DSN()).Ping(t.Context()))
			if _, socket := postgres.DirForTest(c); len(socket)+len("/.s.PGSQL.5432") > 107 {
				t.Errorf("socket path %s is too long", socket)
			}
			must(t, c.Close())
			_, socket := postgres.DirForTest(c)
			if _, err := os.Stat(socket); err == nil && !strings.HasPrefix(socket, dir) {
				t.Errorf("%s is left", socket)
			}
		})
	}
	f(`it's "my" panel \o`)
	f("yours, mine")
	f(strings.Repeat("long/", 40) + "pg")
}

func TestMakesCluster(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(filepath.Dir(storagetest.PostgresDir(t)), "new", "postgres")
	c := startChild(t, postgres.ChildOptions{DataDir: dir, Settings: []string{"fsync=off"}})
	s := openStore(t, c.DSN())
	addServer(t, s, "a", nil)
	if got, err := postgres.ShowForTest(t.Context(), s, "fsync"); err != nil || got != "off" {
		t.Errorf("fsync is %q, %v: settings of the caller must win", got, err)
	}
	s.Close()
	must(t, c.Close())

	must(t, os.Mkdir(filepath.Join(dir, "cluster.new"), 0o700)) // what a crash in the middle of the making leaves
	c = startChild(t, postgres.ChildOptions{DataDir: dir})
	same(t, names(t, openStore(t, c.DSN())), []string{"a"})
}

func TestUnreachableDirectory(t *testing.T) {
	t.Parallel()
	closed := t.TempDir()
	must(t, os.Chmod(filepath.Dir(closed), 0o700)) // as /root is
	fallback := filepath.Join(filepath.Dir(storagetest.PostgresDir(t)), "var", "lib")
	dir := filepath.Join(closed, "data", "postgres")
	start := func(dir string) (cluster, log string, c *postgres.Child) {
		t.Helper()
		var b lockedBuffer
		c = startChild(t, postgres.ChildOptions{DataDir: dir, Fallback: fallback, Settings: []string{"fsync=off"}, Log: slog.New(slog.NewTextHandler(&b, nil))})
		cluster, _ = postgres.DirForTest(c)
		return cluster, b.String(), c
	}
	if os.Geteuid() != 0 { // whoever is not root uses its own directory as itself
		cluster, _, _ := start(dir)
		if filepath.Dir(cluster) != dir {
			t.Errorf("cluster in %s, want it below %s", cluster, dir)
		}
		return
	}

	cluster, log, c := start(dir)
	if !strings.HasPrefix(cluster, fallback+"/") || !strings.Contains(log, filepath.Dir(cluster)) || !strings.Contains(log, "cannot reach") {
		t.Errorf("cluster in %s, want it below %s; log %q", cluster, fallback, log)
	}
	s := openStore(t, c.DSN())
	addServer(t, s, "kept", nil)
	s.Close()
	must(t, c.Close())

	// Opening the directory, or moving the data elsewhere, must not make the panel look empty.
	moved := filepath.Join(closed, "moved")
	must(t, os.Rename(filepath.Join(closed, "data"), moved))
	must(t, os.Chmod(filepath.Dir(closed), 0o755))
	again, log, c := start(filepath.Join(moved, "postgres"))
	if again != cluster || !strings.Contains(log, filepath.Dir(cluster)) {
		t.Errorf("cluster in %s, want %s; log %q", again, cluster, log)
	}
	same(t, names(t, openStore(t, c.DSN())), []string{"kept"})
}

// A cluster that its user could reach once, and no longer can, is not replaced by an empty one.
func TestClosedDirectory(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // nobody else lends Postgres a user
	}
	dir := storagetest.PostgresDir(t)
	must(t, os.Chmod(filepath.Dir(dir), 0o700))
	_, err := postgres.StartChild(t.Context(), postgres.ChildOptions{DataDir: dir, Fallback: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "chmod o+x "+filepath.Dir(dir)) {
		t.Errorf("error %v, want one that says how to open %s", err, filepath.Dir(dir))
	}
}

func TestFindBinaries(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	bin := func(name, version string) string {
		t.Helper()
		dir := filepath.Join(base, name)
		must(t, os.MkdirAll(dir, 0o755))
		script := "#!/bin/sh\necho '" + version + "'\n"
		must(t, os.WriteFile(filepath.Join(dir, "postgres"), []byte(script), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, "initdb"), []byte(script), 0o755))
		return dir
	}
	v9, v14 := bin("9", "postgres (PostgreSQL) 9.6.24"), bin("14", "postgres (PostgreSQL) 14.5 (Debian 14.5-1)")
	v15, v16 := bin("15", "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), bin("16", "postgres (PostgreSQL) 16beta2")
	v17, broken := bin("17", "postgres (PostgreSQL) 17.0"), bin("broken", "Segmentation fault")
	empty := filepath.Join(base, "empty")
	must(t, os.Mkdir(empty, 0o755))
	cluster := func(version string) string {
		t.Helper()
		dir := t.TempDir()
		if version != "" {
			must(t, os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte(version+"\n"), 0o600))
		}
		return dir
	}
	ok := func(version, want string, dirs ...string) {
		t.Helper()
		if got, err := postgres.FindBinariesForTest(cluster(version), dirs); err != nil || got != want {
			t.Errorf("got %q, %v, want %s", got, err, want)
		}
	}
	bad := func(version, words string, dirs ...string) {
		t.Helper()
		got, err := postgres.FindBinariesForTest(cluster(version), dirs)
		if err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "POSTGRES_DSN") {
			t.Errorf("got %q, %v, want an error with %q and POSTGRES_DSN", got, err, words)
		}
	}
	ok("", v17, v15, v17, v16)
	ok("", v15, v9, v14, broken, empty, "no such directory", v15)
	ok("", v16, v16, v15)
	ok("15", v15, v17, v16, v15) // what made the cluster
	bad("16", "apt-get install postgresql-16", v15, v17)
	bad("", "apt-get install postgresql")
	bad("", "create_main_cluster = false", v9, v14, broken, empty)
}
