package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"monitoring/agent/api"
	"monitoring/dashboards"
	"monitoring/panel/scrape/simulate"
	"monitoring/storage/storagetest"
)

// panelChild makes the test binary a whole panel, so that nothing of the benchmark counts as the panel's.
const panelChild = "PANEL_BENCH_CHILD"

func runPanelChild() error {
	narrow()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, program{getenv: os.Getenv, stdout: io.Discard, stderr: os.Stderr, ready: func(_ *app, addr net.Addr) { fmt.Println(addr) }})
}

// benchPanel is a panel process with simulated agents.
type benchPanel struct {
	cmd   *exec.Cmd
	base  string
	token string
}

func startBenchPanel(b *testing.B) *benchPanel {
	b.Helper()
	dir := b.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), panelChild+"=1", "PANEL_DATA="+dir, "PANEL_LISTEN=127.0.0.1:0", "PANEL_UID=secret-path", "PANEL_PASSWORD="+testPassword,
		"PANEL_AGENT_BINARIES="+dir, "PANEL_LOG_LEVEL=error", "POSTGRES_DSN="+storagetest.PostgresDSN(b))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	var addr string
	if _, err := fmt.Fscanln(out, &addr); err != nil {
		b.Fatal(err)
	}
	p := &benchPanel{cmd: cmd, base: "http://" + addr + "/secret-path"}
	var login struct{ Token string }
	p.call(b, "POST", "/api/auth/login", map[string]string{"password": testPassword}, &login)
	p.token = login.Token
	return p
}

func (p *benchPanel) request(ctx context.Context, method, path string, body any) (*http.Response, error) {
	payload, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, p.base+path, bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	return http.DefaultClient.Do(req)
}

func (p *benchPanel) call(b *testing.B, method, path string, body, out any) {
	b.Helper()
	resp, err := p.request(b.Context(), method, path, body)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, answer, err)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			b.Fatal(err)
		}
	}
}

// join adds n servers and starts their agents, each as a host of its own.
func (p *benchPanel) join(b *testing.B, n int) (ids []int64) {
	b.Helper()
	for i := range n {
		l, err := simulate.Listen()
		if err != nil {
			b.Fatal(err)
		}
		var added installAnswer
		p.call(b, "POST", "/api/servers", map[string]string{"name": fmt.Sprintf("server %d", i), "url": "https://" + l.Addr().String()}, &added)
		token, err := api.ParseInstallToken(added.Install.Token)
		if err != nil {
			b.Fatal(err)
		}
		agent, err := simulate.Start(l, token)
		if err != nil {
			b.Fatal(err)
		}
		agent.Set(simulate.Recorded)
		ids = append(ids, added.Server.ID)
	}
	return ids
}

// dashboard is a browser with the page of one server open: live values, and each chart again every 10 s, first of an
// hour, then of a day, and so on.
func (p *benchPanel) dashboard(ctx context.Context, id int64, charts []string) error {
	stream, err := p.request(ctx, "GET", "/api/events", nil) //nolint:bodyclose // it is closed at the end
	if err != nil {
		return err
	}
	defer stream.Body.Close()
	go func() { _, _ = io.Copy(io.Discard, stream.Body) }() // ends with the stream
	t := time.NewTicker(10 * time.Second)
	defer t.Stop()
	for turn := 0; ; turn++ {
		paths := []string{"/api/servers"}
		for _, chart := range charts {
			paths = append(paths, fmt.Sprintf("/api/proxy/%d/metrics/chart/%s?period=%s", id, chart, []string{"1h", "24h", "30d"}[turn%3]))
		}
		for _, path := range paths {
			resp, err := p.request(ctx, "GET", path, nil)
			if err == nil {
				if resp.StatusCode != http.StatusOK {
					err = fmt.Errorf("%s: HTTP %d", path, resp.StatusCode)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			if err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// resident is what the process has in memory now, and what it had at most, in MB.
func (p *benchPanel) resident(b *testing.B) (now, most float64) {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		for name, value := range map[string]*float64{"VmRSS:": &now, "VmHWM:": &most} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
				if err != nil {
					b.Fatal(err)
				}
				*value = kb / 1024
			}
		}
	}
	return now, most
}

// BenchmarkPanel is a whole panel with all its shipped rules, with five pages of servers open, for BENCH_SECONDS (60;
// 1800 is the full length). It prints the process' memory. bench.sh can move its clock to the end of a month.
func BenchmarkPanel(b *testing.B) {
	length := 60
	if text := os.Getenv("BENCH_SECONDS"); text != "" {
		var err error
		if length, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for _, n := range []int{20, 100, 500} {
		b.Run(fmt.Sprintf("servers=%d", n), func(b *testing.B) {
			for range b.N {
				benchmarkPanel(b, n, time.Duration(length)*time.Second)
			}
		})
	}
}

func benchmarkPanel(b *testing.B, n int, length time.Duration) {
	pages, err := dashboards.Load()
	if err != nil {
		b.Fatal(err)
	}
	var charts []string
	for _, c := range pages["server"].Charts {
		if !c.Collapsed {
			charts = append(charts, c.ID)
		}
	}
	begin := time.Now()
	p := startBenchPanel(b)
	ids := p.join(b, n)
	ctx, cancel := context.WithTimeout(b.Context(), length)
	defer cancel()
	ended := make(chan error, 5)
	for page := range cap(ended) {
		go func() { ended <- p.dashboard(ctx, ids[page*n/cap(ended)], charts) }()
	}
	var seen []float64
	for ctx.Err() == nil {
		now, _ := p.resident(b)
		seen = append(seen, now)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	for range cap(ended) {
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
	end, most := p.resident(b)
	slices.Sort(seen)
	b.ReportMetric(end, "end-MB")
	b.ReportMetric(seen[len(seen)/2], "median-MB")
	b.ReportMetric(most, "most-MB")
	b.Logf("%d servers from %s to %s", n, begin.UTC().Format(time.DateTime), time.Now().UTC().Format(time.DateTime))
}
