package collector

import (
	"bufio"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"

	"monitoring/agent/host"
)

// speak answers every command on a socket, as the running HAProxy does.
func speak(t *testing.T, path string, answers map[string]string) {
	t.Helper()
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(c).ReadString('\n')
			_, _ = io.WriteString(c, answers[strings.TrimSpace(line)])
			c.Close()
		}
	}()
}

func TestHAProxy(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "hap") // short: a socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	c := &single{collect: (&haproxyStats{host.Fake(host.Parts{Dir: dir})}).Collect}
	f := func(want string) {
		t.Helper()
		if err := testutil.CollectAndCompare(c, strings.NewReader(want)); err != nil || c.err != nil {
			t.Error(err, c.err)
		}
	}
	f("") // no HAProxy
	for _, d := range []string{"etc/haproxy", "run"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, haproxyConfig)
	if err := os.WriteFile(config, []byte("global\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("") // no socket
	if err := os.WriteFile(config, []byte("global\n stats socket /run/h level admin\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f(`# HELP haproxy_up Whether HAProxy answers on its stats socket.
# TYPE haproxy_up gauge
haproxy_up 0
`)
	answers := map[string]string{}
	for _, what := range []string{"stat", "info"} { // of a real HAProxy 2.6, one of whose servers is down
		b, err := os.ReadFile("testdata/haproxy/show_" + what + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		answers["show "+what] = string(b)
	}
	speak(t, filepath.Join(dir, "run/h"), answers)
	speak(t, filepath.Join(dir, "run/haproxy-master.sock"), map[string]string{
		"show proc": "#<PID> <type> <reloads>\n1 master 1 [failed: 0]\n# workers\n2 worker 0\n# old workers\n3 worker 1\n",
	})
	golden := "testdata/haproxy/page.golden"
	if *update {
		writeFamilies(t, golden, c)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	f(string(want))
	for _, line := range []string{"haproxy_up 1", "haproxy_old_processes 1", `haproxy_backend_status{proxy="backend_tcp_a",state="DOWN"} 1`,
		`haproxy_server_status{proxy="backend_tcp_a",server="srv1",state="DOWN"} 1`, `haproxy_frontend_http_responses_total{code="5xx",proxy="prom"} 1`} {
		if !strings.Contains(string(want), line+"\n") {
			t.Errorf("the page lacks %s", line)
		}
	}
}

// writeFamilies writes what a collector exports as text.
func writeFamilies(t *testing.T, path string, c prometheus.Collector) {
	t.Helper()
	var text strings.Builder
	encoder := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeTextPlain))
	families := gather(t, c)
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if err := encoder.Encode(families[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
