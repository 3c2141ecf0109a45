package server

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"monitoring/agent/api"
)

func TestProcessTable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := machineFiles(t)
		d, set := newTestDocument(t, files)
		if _, err := set.Processes(t.Context()); err != nil {
			t.Fatal(err)
		}
		replaceIn(files, "proc/413/stat", " 9000 1000 ", " 9400 1100 ") // 500 of the 2000 ticks of five seconds
		time.Sleep(5 * time.Second)
		got, err := d.Processes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !got.CollectedAt.Equal(time.Now()) || got.Count != 8 {
			t.Errorf("%d processes as of %v", got.Count, got.CollectedAt)
		}
		const page = 4096 // 8,192,000,000 bytes of memory
		want := []api.Process{
			{PID: 413, Name: "nginx", User: "www-data", CPUPercent: 25, MemoryPercent: 1, MemoryBytes: 20000 * page, Status: "running", Threads: 4, Started: 2010, Command: "nginx: worker process"},
			{PID: 1, Name: "systemd", User: "root", MemoryPercent: 0.15, MemoryBytes: 3000 * page, Status: "sleeping", Threads: 1, Started: 1, Command: "/sbin/init splash"},
			{PID: 2, Name: "kthreadd", User: "root", Status: "sleeping", Threads: 1, Started: 1, Command: "[kthreadd]"},
			{PID: 31, Name: "kworker/0:1-events", User: "root", Status: "idle", Threads: 1, Started: 20, Command: "[kworker/0:1-events]"},
			{PID: 412, Name: "nginx", User: "root", MemoryPercent: 0.25, MemoryBytes: 5000 * page, Status: "sleeping", Threads: 1, Started: 2000, Command: "nginx: master process /usr/sbin/nginx"},
			{PID: 777, Name: "tmux: server (x) R", User: "ada", MemoryPercent: 0.05, MemoryBytes: 1000 * page, Status: "sleeping", Threads: 1, Started: 3000, Command: "tmux new -s x"},
			{PID: 800, Name: "defunct one", User: "ada", Status: "zombie", Threads: 1, Started: 3100, Command: "[defunct one]"},
			{PID: 900, Name: "backup", User: "1001", MemoryPercent: 5, MemoryBytes: 100000 * page, Status: "disk-sleep", Threads: 2, Started: 3200,
				Command: "/usr/bin/backup --password *** --api-token=*** postgres://app:***@db/x --config-file=/etc/b.conf"},
		}
		if diff := cmp.Diff(want, got.Processes); diff != "" {
			t.Error(diff)
		}
	})
}

// A process that ends between the table and its details is left out, not an error.
func TestProcessThatEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := machineFiles(t)
		d, _ := newTestDocument(t, files)
		delete(files, "proc/412/status")
		delete(files, "proc/900/cmdline")
		if got, err := d.Processes(t.Context()); err != nil || got.Count != 6 || len(got.Processes) != 6 {
			t.Errorf("%d processes, %v; want 6", got.Count, err)
		}
	})
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	f := func(raw, want string) {
		t.Helper()
		if got := commandLine(raw, "name"); got != want {
			t.Errorf("commandLine(%q) = %q, want %q", raw, got, want)
		}
	}
	f("", "[name]")
	f("\x00\x00", "[name]")
	f("ls\x00-l\x00", "ls -l")
	f("echo\x00a\nb\x1b[31m\x00", "echo a b [31m") // no line breaks, no terminal commands
	f("x\xff", "x?")
	f(strings.Repeat("ж", 200), strings.Repeat("ж", 200))
	f(strings.Repeat("ж", 201), strings.Repeat("ж", 199)+"…")
}

func TestMaskSecrets(t *testing.T) {
	t.Parallel()
	f := func(arguments, want string) {
		t.Helper()
		list := strings.Fields(arguments)
		maskSecrets(list)
		if got := strings.Join(list, " "); got != want {
			t.Errorf("%q became %q, want %q", arguments, got, want)
		}
	}
	f("mysqldump --password=x db", "mysqldump --password=*** db")
	f("app --password x --verbose", "app --password *** --verbose")
	f("app -token x", "app -token ***")
	f("app --password", "app --password")
	f("env DB_PASSWORD=x JWT_SECRET=y app", "env DB_PASSWORD=*** JWT_SECRET=*** app")
	f("app --API-Key=x", "app --API-Key=***")
	f("app --token-file=/run/t --password-file /run/p", "app --token-file=/run/t --password-file /run/p")
	f("curl https://u:p@h/x?y=@z http://u@h https://h/a:b@c", "curl https://u:***@h/x?y=@z http://u@h https://h/a:b@c")
	f("postgres://app:p@ss@db:5432/x", "postgres://app:***@db:5432/x")
	f("/opt/token-service --listen :1", "/opt/token-service --listen :1")
	f("vim passwords", "vim passwords")
}

// Whatever a process calls itself: one line of at most 200 characters that JSON can hold.
func TestCommandLineIsShort(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		got := commandLine(string(rapid.SliceOf(rapid.Byte()).Draw(t, "raw")), "name")
		if n := utf8.RuneCountInString(got); n == 0 || n > maxCommand || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\x00\x1b") {
			t.Fatalf("%d characters: %q", n, got)
		}
	})
}

func TestUserID(t *testing.T) {
	t.Parallel()
	f := func(status, want string) {
		t.Helper()
		if got := userID(status); got != want {
			t.Errorf("%q: %q, want %q", status, got, want)
		}
	}
	f("Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t5\t5\t5\t5\n", "0") // the effective one counts
	f("Name:\tUid: 5 6\n", "")
	f("Uid:\n", "")
	f("", "")
}
