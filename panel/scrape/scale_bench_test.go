package scrape

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/agent/api"
	"monitoring/panel/scrape/simulate"
	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// The test binary is its own child: with this variable it is simulated agents, so that their cost is not counted as ours.
const agentsChild = "SCRAPE_AGENTS_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(agentsChild) == "" {
		os.Exit(m.Run())
	}
	if err := runAgents(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// agentAddresses is what the child prints: the agents over mutual TLS, and the same pages over plain HTTP for the peers.
type agentAddresses struct {
	URLs  []string
	Plain []string // host:port
}

// runAgents starts an agent per install token and serves until its input ends.
func runAgents(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	var tokens []api.InstallToken
	if err := json.Unmarshal(line, &tokens); err != nil {
		return err
	}
	var a agentAddresses
	for _, token := range tokens {
		l, err := simulate.Listen()
		if err != nil {
			return err
		}
		agent, err := simulate.Start(l, token)
		if err != nil {
			return err
		}
		agent.Set(simulate.Recorded)
		a.URLs = append(a.URLs, agent.URL())
		plain, err := simulate.Listen()
		if err != nil {
			return err
		}
		go func() { _ = http.Serve(plain, agent.Plain()) }() // ends with the process
		a.Plain = append(a.Plain, plain.Addr().String())
	}
	if err := json.NewEncoder(out).Encode(a); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, lines)
	return err
}

// startAgents starts n agents in a child process and puts them into the fleet.
func startAgents(b *testing.B, f *fakeFleet, n int) agentAddresses {
	b.Helper()
	ca, err := simulate.NewAuthority()
	if err != nil {
		b.Fatal(err)
	}
	tokens := make([]api.InstallToken, n)
	for i := range tokens {
		if tokens[i], err = ca.Token(fmt.Sprintf("agent%d", i)); err != nil {
			b.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), agentsChild+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close() // the child ends
		_ = cmd.Wait()
	})
	if err := json.NewEncoder(in).Encode(tokens); err != nil {
		b.Fatal(err)
	}
	var a agentAddresses
	if err := json.NewDecoder(out).Decode(&a); err != nil {
		b.Fatal(err)
	}
	for i, url := range a.URLs {
		f.putClient(storage.Server{ID: int64(i + 1), Name: fmt.Sprintf("agent %d", i), URL: url, IsActive: true}, ca.Client(tokens[i].AgentID, url))
	}
	return a
}

// peer is another program that scrapes the same agents.
type peer struct {
	name    string
	pid     int
	url     string
	counter *regexp.Regexp // of the samples that it stored, on its own metrics page
}

func startPeer(b *testing.B, name, counter string, args ...string) peer {
	b.Helper()
	l, err := simulate.Listen() // a free port
	if err != nil {
		b.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "ADDR", addr)
	}
	cmd := exec.Command(name, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GO") }) // they tune themselves
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	return peer{name, cmd.Process.Pid, "http://" + addr + "/metrics", regexp.MustCompile(`(?m)^` + counter + ` (\S+)$`)}
}

// startPeers starts Debian's victoria-metrics and prometheus on the plain addresses.
func startPeers(b *testing.B, a agentAddresses) []peer {
	b.Helper()
	dir := b.TempDir()
	config := "global: {scrape_interval: 10s}\nscrape_configs:\n- job_name: node\n  metrics_path: /metrics\n  static_configs:\n  - targets: ['" + strings.Join(a.Plain, "','") + "']\n"
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	return []peer{
		startPeer(b, "victoria-metrics", `vm_rows_inserted_total{type="promscrape"}`, "-storageDataPath="+filepath.Join(dir, "vm"),
			"-httpListenAddr=ADDR", "-promscrape.config="+file, "-loggerLevel=ERROR", "-retentionPeriod=2y"),
		startPeer(b, "prometheus", `prometheus_tsdb_head_samples_appended_total(?:{type="float"})?`, "--config.file="+file,
			"--storage.tsdb.path="+filepath.Join(dir, "prometheus"), "--web.listen-address=ADDR", "--log.level=error"),
	}
}

// samples is how many samples the peer has stored so far.
func (p peer) samples(b *testing.B) float64 {
	b.Helper()
	resp, err := http.Get(p.url)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	m := p.counter.FindSubmatch(page)
	if m == nil {
		b.Fatalf("%s does not tell its samples", p.name)
	}
	n, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// processCPU is what a process has used of all cores, in seconds.
func processCPU(b *testing.B, pid int) float64 {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	ticks := 0.0
	for _, f := range fields[11:13] { // utime, stime; in hundredths of a second on every Linux
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return ticks / 100
}

// processRSS is resident memory in bytes.
func processRSS(b *testing.B, pid int) float64 {
	b.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.ParseFloat(strings.Fields(string(statm))[1], 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * float64(os.Getpagesize())
}

// benchSeconds is how long BenchmarkScale measures; BENCH_SECONDS=1800 is the full length. warmUp is how long it waits
// before: the index of new series is merged for minutes, which a panel does once a day and not all the time.
func benchSeconds(b *testing.B) time.Duration { return secondsOf(b, "BENCH_SECONDS", time.Minute) }
func warmUp(b *testing.B) time.Duration       { return secondsOf(b, "BENCH_WARMUP", 3*time.Minute) }

func secondsOf(b *testing.B, variable string, def time.Duration) time.Duration {
	b.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("%s: %v", variable, err)
	}
	return time.Duration(n) * time.Second
}

// startProfile writes a CPU profile of what is measured, and of nothing before, to the file BENCH_PROFILE.
func startProfile(b *testing.B) (end func()) {
	b.Helper()
	path := os.Getenv("BENCH_PROFILE")
	if path == "" {
		return func() {}
	}
	f, err := os.Create(path)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			b.Error(err)
		}
	}
}

// BenchmarkScale scrapes replayed agents every 10 s over mutual TLS with gzip into a store with rollups, while Debian's
// victoria-metrics and prometheus scrape the same agents over plain HTTP. It prints CPU per million samples, without
// the first minutes, which make the index of the series, and the memory at the end, with five dashboards open.
func BenchmarkScale(b *testing.B) {
	for _, n := range []int{20, 100, 500} {
		b.Run(fmt.Sprintf("servers=%d", n), func(b *testing.B) {
			for range b.N {
				scale(b, n)
			}
		})
	}
}

func scale(b *testing.B, n int) {
	debug.SetGCPercent(50) // as the panel does
	f := newFakeFleet()
	agents := startAgents(b, f, n)
	db, err := tsdb.Open(tsdb.Options{Dir: b.TempDir(), MemoryBytes: 128 << 20, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	s := newScraper(Options{
		DB: db, Interval: func() time.Duration { return 10 * time.Second }, ServicesInterval: func() time.Duration { return time.Minute },
		Log: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(),
	}, f, storeOf(db))
	peers := startPeers(b, agents)
	all := append([]peer{{name: "panel", pid: os.Getpid()}}, peers...)
	samples := func(p peer) float64 {
		if p.url == "" {
			return testutil.ToFloat64(s.counters.samples)
		}
		return p.samples(b)
	}
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 2)
	go func() { ended <- db.Run(ctx) }()
	go func() { ended <- s.Run(ctx) }()
	pause(b, warmUp(b))
	runtime.GC()
	endProfile := startProfile(b)
	cpu, stored := map[string]float64{}, map[string]float64{}
	for _, p := range all {
		cpu[p.name], stored[p.name] = processCPU(b, p.pid), samples(p)
	}
	pause(b, benchSeconds(b))
	endProfile()
	for _, p := range all {
		used, got := processCPU(b, p.pid)-cpu[p.name], samples(p)-stored[p.name]
		b.ReportMetric(used/got*1e6, p.name+"-cpu-s/Msample")
		b.ReportMetric(got/benchSeconds(b).Seconds(), p.name+"-samples/s")
	}
	openDashboards(b, db, n)
	for _, p := range all {
		b.ReportMetric(processRSS(b, p.pid)/(1<<20), p.name+"-MB")
	}
	stats := s.Stats()
	b.ReportMetric(float64(stats.LagP99)/1e6, "p99-lag-ms")
	b.ReportMetric(float64(stats.Missed), "missed")
	stop()
	for range 2 {
		if err := <-ended; err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}

// openDashboards asks for 20 s what five open pages ask: each a server's charts of the last hour and the fleet.
func openDashboards(b *testing.B, db *tsdb.DB, n int) {
	b.Helper()
	for range 2 {
		for page := range 5 {
			now := time.Now()
			server := fmt.Sprintf(`{server="%d"}`, page*n/5+1)
			for _, expr := range []string{
				"avg_over_time(agent_cpu_usage_ratio" + server + "[10s])", "max_over_time(agent_cpu_usage_max_ratio" + server + "[10s])",
				"rate(node_network_receive_bytes_total" + server + "[1m])", "agent_tcp_connections" + server,
			} {
				if _, err := db.QueryRange(b.Context(), expr, now.Add(-time.Hour), now, 10*time.Second); err != nil {
					b.Fatal(err)
				}
			}
			if _, err := db.Query(b.Context(), "avg by (server) (agent_cpu_usage_ratio)", now); err != nil {
				b.Fatal(err)
			}
		}
		pause(b, 10*time.Second)
	}
}

// pause waits, but not beyond the end of the benchmark.
func pause(b *testing.B, d time.Duration) {
	b.Helper()
	select {
	case <-time.After(d):
	case <-b.Context().Done():
		b.Fatal(b.Context().Err())
	}
}
