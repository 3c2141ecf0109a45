package collector

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestProcesses(t *testing.T) {
	t.Parallel()
	expect(t, newProcessTable(fakeHost(machine(t))).Collect, `
# HELP agent_processes Number of processes.
# TYPE agent_processes gauge
agent_processes 8
# HELP node_processes_max_processes Number of max PIDs limit
# TYPE node_processes_max_processes gauge
node_processes_max_processes 4.194304e+06
# HELP node_processes_max_threads Limit of threads in the system
# TYPE node_processes_max_threads gauge
node_processes_max_threads 62834
# HELP node_processes_pids Number of PIDs
# TYPE node_processes_pids gauge
node_processes_pids 8
# HELP node_processes_state Number of processes in each state.
# TYPE node_processes_state gauge
node_processes_state{state="D"} 1
node_processes_state{state="I"} 1
node_processes_state{state="R"} 1
node_processes_state{state="S"} 4
node_processes_state{state="Z"} 1
# HELP node_processes_threads Allocated threads in system
# TYPE node_processes_threads gauge
node_processes_threads 12
`)
}

func TestParseProcess(t *testing.T) {
	t.Parallel()
	const rest = " 1 1 1 0 -1 4194560 9 9 9 9 30 12 1 1 20 0 7 0 555 1000 88 18446744073709551615\n"
	f := func(text string, want Process, wantOK bool) {
		t.Helper()
		got, ok := parseProcess([]byte(text))
		if ok != wantOK || ok && !cmp.Equal(want, got, cmp.AllowUnexported(Process{})) {
			t.Errorf("%q: %+v, %v", text, got, ok)
		}
	}
	p := Process{Name: "bash", State: 'S', Threads: 7, Resident: 88, Started: 555, ticks: 42}
	f("12 (bash) S"+rest, p, true)
	p.Name = ") R (tmux: x"
	f("12 () R (tmux: x) S"+rest, p, true) // a name may be made to look like the columns
	p.Name = "caf?"
	f("12 (caf\xc3) S"+rest, p, true) // cut in the middle of a letter
	p.Name = ""
	f("12 () S"+rest, p, true)
	f("12 (bash) S 1 1 1", Process{}, false)
	f("12 bash S"+rest, Process{}, false)
	f("12 )bash( S"+rest, Process{}, false)
	f("12 (bash) SS"+rest, Process{}, false)
	f("", Process{}, false)
}

// process writes /proc/PID/stat.
func process(files fstest.MapFS, pid, ticks, started int) {
	files[fmt.Sprintf("proc/%d/stat", pid)] = &fstest.MapFile{Data: fmt.Appendf(nil,
		"%d (p%d) S 1 1 1 0 -1 0 0 0 0 0 %d 0 0 0 20 0 1 0 %d 0 10 0", pid, pid, ticks, started)}
}

func TestProcessorUseIsADifference(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		files := fstest.MapFS{"proc/stat": {Data: []byte(cpuLine("cpu", 1, 1) + cpuLine("cpu0", 1, 1) + cpuLine("cpu1", 1, 1))}}
		c := newProcessTable(fakeHost(files))
		f := func(want map[int]float64) {
			t.Helper()
			table, err := c.table(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got := map[int]float64{}
			for _, p := range table.Processes {
				got[p.PID] = p.CPU
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-9, 0)); diff != "" {
				t.Error(diff)
			}
		}
		process(files, 1, 1000, 5)
		process(files, 2, 50, 6)
		process(files, 3, 50, 7)
		start := time.Now()
		f(map[int]float64{1: 0, 2: 0, 3: 0}) // nothing was used meanwhile
		if waited := time.Since(start); waited != firstDifference {
			t.Errorf("the first table took %v, want %v", waited, firstDifference)
		}
		// Ten seconds of two processors are 2000 ticks.
		time.Sleep(10 * time.Second)
		process(files, 1, 1500, 5)  // 500 more
		process(files, 2, 40, 9000) // another process with the same number, 40 since it began
		process(files, 4, 100, 8900)
		delete(files, "proc/3/stat")
		f(map[int]float64{1: 0.25, 2: 0.02, 4: 0.05})
		// Within five seconds it is the same table.
		process(files, 1, 9999, 5)
		time.Sleep(4 * time.Second)
		f(map[int]float64{1: 0.25, 2: 0.02, 4: 0.05})
		// After an hour without a question the mean of that hour would be no answer: half a second is.
		time.Sleep(time.Hour)
		start = time.Now()
		f(map[int]float64{1: 0, 2: 0, 4: 0})
		if waited := time.Since(start); waited != firstDifference {
			t.Errorf("after an hour the table took %v, want %v", waited, firstDifference)
		}
	})
}

func TestProcessesEndWithTheRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newProcessTable(fakeHost(machine(t))).table(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("table = %v", err)
	}
}

func TestProcessesOfAnEmptyProc(t *testing.T) {
	t.Parallel()
	for _, files := range []fstest.MapFS{{}, {"proc/stat": {Data: []byte("cpu0 1 2 3 4\n")}}, {"proc/12/stat": {Data: []byte("nonsense")}}} {
		if _, err := newProcessTable(fakeHost(files)).next(); err == nil {
			t.Errorf("no error for %v", files)
		}
	}
}

// The real table holds this test.
func TestProcessesOfThisMachine(t *testing.T) {
	t.Parallel()
	s, err := New(Options{Root: "/", Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	table, err := s.Processes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range table.Processes {
		if p.PID == os.Getpid() {
			if p.State != 'R' && p.State != 'S' || p.Threads < 2 || p.Resident < 1<<20 || p.Name == "" {
				t.Errorf("this test: %+v", p)
			}
			return
		}
	}
	t.Error("no process " + strconv.Itoa(os.Getpid()))
}
