package collector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/agent/host"
)

var (
	processCount = prometheus.NewDesc("agent_processes", "Number of processes.", nil, nil)

	nodePIDs         = prometheus.NewDesc("node_processes_pids", "Number of PIDs", nil, nil)
	nodeThreads      = prometheus.NewDesc("node_processes_threads", "Allocated threads in system", nil, nil)
	nodeStates       = prometheus.NewDesc("node_processes_state", "Number of processes in each state.", []string{"state"}, nil)
	nodeMaxProcesses = prometheus.NewDesc("node_processes_max_processes", "Number of max PIDs limit", nil, nil)
	nodeMaxThreads   = prometheus.NewDesc("node_processes_max_threads", "Limit of threads in the system", nil, nil)
)

// clockTicks is how many ticks of /proc/PID/stat make a second: USER_HZ, which is 100 on every architecture that Go knows.
const clockTicks = 100

// firstDifference is how long the first table waits, since before it there is nothing to compare with. Shorter, one
// tick of the kernel's clock would be several percent.
const firstDifference = 500 * time.Millisecond

// maxDifference is the oldest table that is still compared with: the use of the last hour is not the use of now.
const maxDifference = time.Minute

// Process is one row of the process table.
type Process struct {
	PID      int
	Name     string
	State    byte // as in /proc/PID/stat: R S D Z T t I X P
	Threads  int
	Resident uint64  // bytes
	CPU      float64 // share of the whole machine since the previous table, 0 to 1
	Started  uint64  // ticks since boot; tells a process from a later one with the same number

	ticks uint64 // user and system time
}

// ProcessTable is all processes of one moment.
type ProcessTable struct {
	At        time.Time
	Processes []Process
	compared  bool // CPU is known
}

// processTable walks /proc. It exports node_exporter's processes family too, from the same walk, without the state of
// each thread, for which that collector opens one file per thread of the machine.
type processTable struct {
	host  *host.Host
	cache cached[ProcessTable]

	previous ProcessTable // guarded by cache.mu
	buf      []byte
}

func newProcessTable(h *host.Host) *processTable {
	return &processTable{host: h, buf: make([]byte, 0, 1<<10)}
}

// Collect implements Family.
func (c *processTable) Collect(ch chan<- prometheus.Metric) error {
	t, err := c.cache.renew(c.next)
	if err != nil {
		return err
	}
	send := func(desc *prometheus.Desc, n float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, n, labels...)
	}
	threads, states := 0, map[byte]int{}
	for _, p := range t.Processes {
		threads += p.Threads
		states[p.State]++
	}
	send(processCount, float64(len(t.Processes)))
	send(nodePIDs, float64(len(t.Processes)))
	send(nodeThreads, float64(threads))
	for state, n := range states {
		send(nodeStates, float64(n), string(rune(state)))
	}
	for name, desc := range map[string]*prometheus.Desc{"pid_max": nodeMaxProcesses, "threads-max": nodeMaxThreads} {
		line, err := c.host.Line("proc/sys/kernel/" + name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if limit, ok := parseUint([]byte(line)); ok {
			send(desc, float64(limit))
		}
	}
	return nil
}

// table returns the table with the use of processors.
func (c *processTable) table(ctx context.Context) (ProcessTable, error) {
	t, err := c.cache.get(c.next)
	if err != nil || t.compared {
		return t, err
	}
	wait := time.NewTimer(firstDifference)
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return t, ctx.Err()
	case <-wait.C:
	}
	return c.cache.renew(c.next)
}

// next walks /proc and compares with the previous walk.
func (c *processTable) next() (ProcessTable, error) {
	t, err := c.walk()
	if err != nil {
		return t, fmt.Errorf("read process table: %w", err)
	}
	if t.At.Sub(c.previous.At) < maxDifference {
		if err := c.compare(&t); err != nil {
			return t, fmt.Errorf("compare process tables: %w", err)
		}
	}
	c.previous = t
	return t, nil
}

func (c *processTable) walk() (ProcessTable, error) {
	entries, err := fs.ReadDir(c.host.FS(), "proc")
	if err != nil {
		return ProcessTable{}, err
	}
	t := ProcessTable{At: time.Now(), Processes: make([]Process, 0, len(c.previous.Processes)+16)}
	page := uint64(os.Getpagesize())
	for _, e := range entries {
		pid, ok := parseUint([]byte(e.Name()))
		if !ok {
			continue
		}
		c.buf, err = c.host.ReadInto("proc/"+e.Name()+"/stat", c.buf)
		if err != nil {
			continue // it has ended meanwhile
		}
		p, ok := parseProcess(c.buf)
		if !ok {
			continue
		}
		p.PID, p.Resident = int(pid), p.Resident*page
		t.Processes = append(t.Processes, p)
	}
	slices.SortFunc(t.Processes, func(a, b Process) int { return a.PID - b.PID })
	if len(t.Processes) == 0 {
		return t, errors.New("there is no process in proc")
	}
	return t, nil
}

// compare computes the use of processors since the previous table. A process that began meanwhile has used all it has
// since then.
func (c *processTable) compare(t *ProcessTable) error {
	processors, err := countProcessors(c.host)
	if err != nil {
		return err
	}
	available := t.At.Sub(c.previous.At).Seconds() * clockTicks * float64(processors)
	if available <= 0 {
		return nil
	}
	before := make(map[int]*Process, len(c.previous.Processes))
	for i := range c.previous.Processes {
		before[c.previous.Processes[i].PID] = &c.previous.Processes[i]
	}
	for i := range t.Processes {
		p := &t.Processes[i]
		used := p.ticks
		if b := before[p.PID]; b != nil && b.Started == p.Started {
			used -= min(b.ticks, used)
		}
		p.CPU = min(float64(used)/available, 1)
	}
	t.compared = true
	return nil
}

func countProcessors(h *host.Host) (n int, err error) {
	data, err := fs.ReadFile(h.FS(), "proc/stat")
	if err != nil {
		return 0, err
	}
	parseStat(data, func(cpu int, _ cpuTimes) {
		if cpu != allCPUs {
			n++
		}
	})
	if n == 0 {
		return 0, errors.New("proc/stat lists no processor")
	}
	return n, nil
}

// parseProcess reads /proc/PID/stat (man 5 proc): "12 (name) S ..." where the name may hold anything, parentheses and
// spaces too, so it ends at the last one. Resident is still in pages.
func parseProcess(b []byte) (p Process, ok bool) {
	open, closing := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 0 || closing < open {
		return p, false
	}
	name := b[open+1 : closing]
	state, rest := cutField(b[closing+1:])
	if len(state) != 1 {
		return p, false
	}
	p.State = state[0]
	// Columns 4 to 24. Some are negative (tty, priority), which none of those wanted can be.
	for column := 4; column <= 24; column++ {
		var field []byte
		field, rest = cutField(bytes.TrimRight(rest, "\n"))
		v, number := parseUint(field)
		switch column {
		case 14, 15: // utime, stime
			p.ticks += v
		case 20:
			p.Threads = int(min(v, 1<<31-1))
		case 22:
			p.Started = v
		case 24:
			p.Resident = v
		default:
			continue
		}
		if !number {
			return p, false
		}
	}
	p.Name = string(bytes.ToValidUTF8(name, []byte("?")))
	return p, true
}
