package haproxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// process is a real HAProxy, master and worker, on loopback.
type process struct {
	config         string
	socket, master Socket
	exporter       string // address of its own exporter
	port           int    // of frontend tcp_a
}

func startProcess(t *testing.T) *process {
	t.Helper()
	dir, err := os.MkdirTemp("", "hap") // short: a socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	p := &process{config: filepath.Join(dir, "h.cfg"), port: freePort(t), exporter: fmt.Sprintf("127.0.0.1:%d", freePort(t))}
	at := func(name string) Socket {
		return Socket{Dial: func() (net.Conn, error) { return net.DialTimeout("unix", filepath.Join(dir, name), time.Second) }}
	}
	p.socket, p.master = at("s"), at("m")
	config := fmt.Sprintf(`global
    stats socket %s mode 600 level admin
defaults
    timeout connect 1s
    timeout client 30s
    timeout server 30s
frontend tcp_a
    mode tcp
    bind 127.0.0.1:%d
    default_backend backend_tcp_a
backend backend_tcp_a
    mode tcp
    server srv1 127.0.0.1:1 check inter 100ms fall 1
    server srv2 127.0.0.1:%d check inter 100ms fall 1000 backup
frontend web
    mode http
    bind %s
    http-request use-service prometheus-exporter if { path /metrics }
`, filepath.Join(dir, "s"), p.port, p.port, p.exporter)
	if err := os.WriteFile(p.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("haproxy", "-W", "-S", filepath.Join(dir, "m"), "-f", p.config)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended
		_ = cmd.Wait()
	})
	eventually(t, "HAProxy answers", func() bool {
		_, err := p.socket.Info()
		_, masterErr := p.master.Processes()
		return err == nil && masterErr == nil
	})
	return p
}

func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("not within a minute: %s", what)
}

func (p *process) server(t *testing.T, name string) Stat {
	t.Helper()
	stats, err := p.socket.Stats()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(stats, func(s Stat) bool { return s.Text("svname") == name })
	if i < 0 {
		t.Fatalf("no %s in %v", name, stats)
	}
	return stats[i]
}

func TestRuntimeSocket(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	f := func(err, want error) {
		t.Helper()
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%v, want %v", err, want)
		}
	}
	ip := netip.MustParseAddr("::1")
	f(p.socket.SetAddress("backend_tcp_a", "srv1", ip, 2), nil)
	f(p.socket.SetAddress("backend_tcp_a", "srv1", ip, 2), nil) // once more
	f(p.socket.SetWeight("backend_tcp_a", "srv1", 0), nil)
	f(p.socket.SetState("backend_tcp_a", "srv1", "maint"), nil)
	if s := p.server(t, "srv1"); s.Text("addr") != "[::1]:2" || s.Text("weight") != "0" || s.Text("status") != "MAINT" {
		t.Errorf("%v", s.values)
	}
	f(p.socket.SetWeight("backend_tcp_a", "nobody", 1), ErrNoServer)
	f(p.socket.SetWeight("nobody", "srv1", 1), ErrNoServer)
	f(p.socket.SetWeight("a/b; shutdown", "srv1", 1), ErrNoServer)
	if err := p.socket.SetState("backend_tcp_a", "srv1", "off"); err == nil {
		t.Error("an unknown state was sent")
	}
	if err := p.socket.SetWeight("backend_tcp_a", "srv1", 9999); err == nil || !strings.Contains(err.Error(), "HAProxy says") {
		t.Errorf("a weight that HAProxy refuses: %v", err)
	}
	for _, text := range []string{"show info\nshow stat", "show info;show stat"} {
		if _, err := p.socket.Command(text); err == nil {
			t.Errorf("%q was sent", text)
		}
	}
	processes, err := p.master.Processes()
	if err != nil || len(processes.Workers) != 1 || len(processes.Old) != 0 || processes.Reloads != 0 {
		t.Errorf("%+v, %v", processes, err)
	}
}

func TestParseProcesses(t *testing.T) {
	t.Parallel()
	f := func(text string, want Processes, fails bool) {
		t.Helper()
		got, err := parseProcesses(text)
		if (err != nil) != fails || got.Reloads != want.Reloads || got.Failed != want.Failed || !slices.Equal(got.Workers, want.Workers) || !slices.Equal(got.Old, want.Old) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	head := "#<PID>          <type>          <reloads>       <uptime>        <version>\n"
	f(head+"10 master 3 [failed: 1] 0d 2.6\n# workers\n12 worker 0 0d 2.6\n# old workers\n11 worker 1 0d 2.6\n9 worker 2 0d 2.6\n# programs\n20 exec 0\n",
		Processes{3, 1, []int{12}, []int{11, 9}}, false)
	f(head+"10 master 0 0d 2.2\n# workers\n12 [worker] 0\n", Processes{}, false)
	f("Unknown command\n", Processes{}, true)
	f("", Processes{}, true)
}

func TestSocketPath(t *testing.T) {
	t.Parallel()
	f := func(config, want string) {
		t.Helper()
		if got := SocketPath([]byte(config)); got != want {
			t.Errorf("%q: %q, want %q", config, got, want)
		}
	}
	f("", "")
	f("global\n\tstats socket /run/a mode 660\n", "/run/a")
	f("global\n\tstats socket /run/a level user\n\tstats socket unix@/run/b level admin\n", "/run/b")
	f("global\n\t# stats socket /run/a level admin\n", "")
	f("global\n\tstats socket 127.0.0.1:9999 level admin\n\tstats socket ipv4@127.0.0.1:1\n", "")
	f("global\n\tstats timeout 30s\n\tstats socket\n", "")
}

// families reads metrics as they would stand on the page.
func families(t *testing.T, collect func(chan<- prometheus.Metric)) map[string]*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector(collect))
	list, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*dto.MetricFamily{}
	for _, f := range list {
		out[f.GetName()] = f
	}
	return out
}

type collector func(chan<- prometheus.Metric)

func (c collector) Describe(chan<- *prometheus.Desc)    {}
func (c collector) Collect(ch chan<- prometheus.Metric) { c(ch) }

// Every family and every series of ours is in HAProxy's own exporter, with the same type; values that stand still are
// the same.
func TestMetricsAreTheExporters(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	for range 3 { // some traffic, and failures
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", p.port)); err == nil {
			_, _ = io.WriteString(c, "x")
			c.Close()
		}
	}
	eventually(t, "srv1 is down, srv2 checked: nothing changes any more", func() bool {
		_, checked := p.server(t, "srv2").Int("check_duration")
		return checked && State(p.server(t, "srv1").Text("status")) == "DOWN"
	})
	resp, err := http.Get("http://" + p.exporter + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	theirs, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	stats, err := p.socket.Stats()
	if err != nil {
		t.Fatal(err)
	}
	info, err := p.socket.Info()
	if err != nil {
		t.Fatal(err)
	}
	ours := families(t, func(ch chan<- prometheus.Metric) { Metrics(stats, info, ch) })
	if len(ours) < 60 {
		t.Errorf("only %d families", len(ours))
	}
	still := []string{"_limit_sessions", "_weight", "_active_servers", "_backup_servers", "_nbthread", "_build_info", "_process_max_connections", "haproxy_frontend_status"}
	for name, f := range ours {
		if name == "haproxy_lines_left_out" {
			continue
		}
		their := theirs[name]
		if their == nil || their.GetType() != f.GetType() {
			t.Errorf("%s: ours is a %s, theirs %v", name, f.GetType(), their.GetType())
			continue
		}
		values := map[string]float64{}
		for _, m := range their.Metric {
			values[labels(m)] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
		for _, m := range f.Metric {
			want, ok := values[labels(m)]
			got := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			if !ok {
				t.Errorf("%s%s is not theirs", name, labels(m))
			} else if slices.ContainsFunc(still, func(s string) bool { return strings.HasSuffix(name, s) }) && got != want {
				t.Errorf("%s%s is %v, theirs %v", name, labels(m), got, want)
			}
		}
	}
	for _, name := range []string{"haproxy_backend_status", "haproxy_server_status", "haproxy_server_check_failures_total", "haproxy_frontend_http_responses_total",
		"haproxy_backend_current_queue", "haproxy_server_downtime_seconds_total", "haproxy_process_uptime_seconds"} {
		if ours[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

func labels(m *dto.Metric) string {
	var parts []string
	for _, l := range m.Label {
		parts = append(parts, l.GetName()+"="+l.GetValue())
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

func TestState(t *testing.T) {
	t.Parallel()
	f := func(status, want string) {
		t.Helper()
		if got := State(status); got != want {
			t.Errorf("%q: %s, want %s", status, got, want)
		}
	}
	f("OPEN", "UP")
	f("UP 1/3", "UP")
	f("no check", "UP")
	f("DOWN 1/2", "DOWN")
	f("MAINT (via a/b)", "MAINT")
	f("DRAIN", "DRAIN")
	f("STOP", "DOWN")
}

// A machine with ten thousand servers does not make a page that nobody takes.
func TestMetricsAreBounded(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("# pxname,svname,scur,status,type\n")
	for i := range 10_000 {
		fmt.Fprintf(&text, "b,s%d,1,UP,2\n", i)
	}
	stats, err := parseStats(text.String())
	if err != nil {
		t.Fatal(err)
	}
	got := families(t, func(ch chan<- prometheus.Metric) { Metrics(stats, nil, ch) })
	if n := len(got["haproxy_server_current_sessions"].Metric); n != maxLines {
		t.Errorf("%d servers", n)
	}
	if n := got["haproxy_lines_left_out"].Metric[0].Gauge.GetValue(); n != 10_000-maxLines {
		t.Errorf("%v left out", n)
	}
}

// FuzzParseStats: whatever a socket says, a table has its header's columns and nothing breaks.
func FuzzParseStats(f *testing.F) {
	f.Add("# pxname,svname,type,status,mode,scur\na,FRONTEND,0,OPEN,http,1\n\"b\"\"c\",d,2,UP 1/2,tcp,\n")
	f.Add("# \n")
	f.Fuzz(func(t *testing.T, text string) {
		stats, err := parseStats(text)
		if (err == nil) && !strings.HasPrefix(text, "# ") {
			t.Fatalf("%q is a table", text)
		}
		for _, s := range stats {
			if _, ok := s.Int("no such column"); ok {
				t.Fatal("a column that is not there has a number")
			}
			State(s.Text("status"))
		}
	})
}
