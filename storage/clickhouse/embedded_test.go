package clickhouse_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"monitoring/storage/clickhouse"
	"monitoring/storage/storagetest"
)

const ownerEnv = "CLICKHOUSE_TEST_OWNER" // directory, program and library of the store of a second process of this test binary

func TestMain(m *testing.M) {
	if owner := os.Getenv(ownerEnv); owner != "" {
		ownForever(strings.Split(owner, ":"))
	}
	os.Exit(m.Run())
}

// ownForever is the second process: it runs a store, tells the engine's pid and waits to be killed.
func ownForever(owner []string) {
	s, err := clickhouse.Open(clickhouse.Options{
		Dir: owner[0], Embedded: clickhouse.EmbeddedOptions{Program: owner[1], Library: owner[2], MemoryBytes: 600 << 20}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go func() { _ = s.Run(context.Background()) }()
	for s.Ping(context.Background()) != nil {
		<-time.After(10 * time.Millisecond)
	}
	fmt.Println(clickhouse.PidForTest(s))
	select {}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// The panel killed, however rudely, leaves no engine behind, and the next panel opens the same data.
func TestEngineDiesWithThePanel(t *testing.T) {
	t.Parallel()
	o := storagetest.ClickHouseOptions(t)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), ownerEnv+"="+strings.Join([]string{o.Dir, o.Embedded.Program, o.Embedded.Library}, ":"))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	must(t, err)
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("the engine's process group is %d, %v, want its own", group, err)
	}
	if adj, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid)); err != nil || strings.TrimSpace(string(adj)) != "800" {
		t.Errorf("oom_score_adj %q, %v", adj, err)
	}
	if !alive(pid) {
		t.Fatal("the engine is not alive")
	}
	must(t, cmd.Process.Kill())
	_ = cmd.Wait() // "signal: killed"
	eventually(t, "the engine is gone", func() bool { return !alive(pid) })
	storagetest.StartClickHouse(t, o)
}

// hurried is a store that starts its engine again without long pauses.
func hurried(t *testing.T) *clickhouse.Store {
	t.Helper()
	s, err := clickhouse.Open(storagetest.ClickHouseOptions(t))
	must(t, err)
	clickhouse.HurryForTest(s)
	storagetest.RunClickHouse(t, s)
	storagetest.AwaitClickHouse(t, s)
	return s
}

// Twenty times the engine is killed while rows go in. Every acknowledged row is there in the end, once.
func TestKilledWhileInserting(t *testing.T) {
	t.Parallel()
	s := hurried(t)
	ctx, stop := context.WithCancel(t.Context())
	var acknowledged atomic.Int64
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for ctx.Err() == nil {
				if err := s.EnqueueVisits(visits(2000)); err != nil {
					t.Error(err)
					return
				}
				acknowledged.Add(2000)
				<-time.After(5 * time.Millisecond)
			}
		})
	}
	for range 20 {
		storagetest.AwaitClickHouse(t, s)
		before := s.Status().WaitingRows
		eventually(t, "rows go in", func() bool { // into the middle of an insert, as likely as not
			_ = clickhouse.FlushOnceForTest(ctx, s)
			return s.Status().WaitingRows != before
		})
		must(t, syscall.Kill(clickhouse.PidForTest(s), syscall.SIGKILL))
		eventually(t, "the death is noticed", func() bool { return !s.Status().Up })
	}
	stop()
	writers.Wait()
	storagetest.AwaitClickHouse(t, s)
	eventually(t, "the queue is empty", func() bool {
		_ = clickhouse.FlushForTest(t.Context(), s)
		return s.Status().WaitingRows == 0
	})
	want := strconv.FormatInt(2*acknowledged.Load(), 10) // each visit counts 2
	for _, table := range []string{"visits", "hourly", "host_day", "host_month", "host_user", "user_day"} {
		expect(t, s, want, `SELECT toString(sum(visits)) AS v FROM `+table)
	}
	if st := s.Status(); st.Restarts != 20 || st.DroppedRows != 0 {
		t.Errorf("%+v", st)
	}
}

// Go needs its signal handlers; the library resets them when it may.
func TestSignalHandlersStay(t *testing.T) {
	t.Parallel()
	s := storagetest.ClickHouse(t)
	f := func() uint64 {
		t.Helper()
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", clickhouse.PidForTest(s)))
		must(t, err)
		_, rest, _ := strings.Cut(string(status), "SigCgt:")
		caught, err := strconv.ParseUint(strings.TrimSpace(strings.SplitN(rest, "\n", 2)[0]), 16, 64)
		must(t, err)
		return caught
	}
	run(t, s, `SELECT throwIf(0), count() FROM numbers(1000000)`)
	_ = clickhouse.ExecForTest(t.Context(), s, `SELECT throwIf(1)`, nil)
	caught := f()
	for _, sig := range []syscall.Signal{syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGABRT, syscall.SIGURG, syscall.SIGTERM} {
		if caught&(1<<(sig-1)) == 0 {
			t.Errorf("%s is not caught: %x", sig, caught)
		}
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	o := storagetest.ClickHouseOptions(t)
	s := storagetest.StartClickHouse(t, o)
	cmd := exec.CommandContext(t.Context(), o.Embedded.Program, clickhouse.EngineArgsForTest(s)...)
	cmd.Stdin = strings.NewReader(`[{"name":"panel","password":"x"}]` + "\n")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "another process works on") {
		t.Errorf("a second engine on the same directory: %v, %s", err, out)
	}
	must(t, s.Ping(t.Context()))
}

// The engine ends politely when its lifeline does, and says what is wrong when it cannot start.
func TestEngineProgram(t *testing.T) {
	t.Parallel()
	o := storagetest.ClickHouseOptions(t)
	f := func(wantErr, stdin string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), o.Embedded.Program, args...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if (err == nil) != (wantErr == "") || !strings.Contains(string(out), wantErr) {
			t.Errorf("%v: %v: %s, want %q", args, err, out, wantErr)
		}
	}
	dir := t.TempDir()
	good := []string{"-dir", dir, "-socket", dir + "/s", "-library", o.Embedded.Library, "-memory", "629145600"}
	users := `[{"name":"panel","password":"x"}]` + "\n"
	f("", users, good...)
	f("-dir is missing", users)
	f("read users", "", good...)
	f("read users", "nonsense\n", good...)
	f("a user needs a name and a password", `[{"name":"panel"}]`+"\n", good...)
	f("load library", users, "-dir", dir, "-socket", dir+"/s", "-library", os.Args[0])
	f("no such file", users, "-dir", dir+"/none", "-socket", dir+"/s", "-library", o.Embedded.Library)
	if names, err := os.ReadDir(dir); err != nil || len(names) == 0 {
		t.Errorf("%v, %v", names, err)
	}
}

// A library that comes while the panel runs is found; until then everything says what is missing, and rows wait.
func TestInstalledWhileRunning(t *testing.T) {
	t.Parallel()
	o := storagetest.ClickHouseOptions(t)
	library := o.Embedded.Library
	o.Embedded.Library = o.Dir + "/libchdb.so"
	s, err := clickhouse.Open(o)
	must(t, err)
	clickhouse.HurryForTest(s)
	storagetest.RunClickHouse(t, s)
	eventually(t, "the reason is known", func() bool { return strings.HasPrefix(s.Status().Reason, "engine not installed: ") })
	must(t, s.EnqueueVisits(visits(10)))
	if err := s.Ping(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "engine not installed: ") {
		t.Errorf("ping: %v", err)
	}
	if st := s.Status(); st.Up || st.Installed || st.WaitingRows != 10 {
		t.Errorf("%+v", st)
	}
	must(t, os.Symlink(library, o.Embedded.Library))
	storagetest.AwaitClickHouse(t, s)
	eventually(t, "what waited is there", func() bool {
		_ = clickhouse.FlushForTest(t.Context(), s)
		return s.Status().WaitingRows == 0
	})
	expect(t, s, "20", `SELECT toString(sum(visits)) AS v FROM visits`)
	if st := s.Status(); !st.Up || !st.Installed || !st.Running || st.Reason != "" {
		t.Errorf("%+v", st)
	}
}
