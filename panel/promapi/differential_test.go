package promapi

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

// The same samples go into our store and, as blocks made by promtool, into a real Prometheus; both are asked the same
// over HTTP. Samples lie 3.217 s off the grid of the questions, because release 3 no longer counts a sample that lies
// exactly on the left border of a range, and Debian's 2.42 does.

const (
	offGrid = 3217 * time.Millisecond
	scrape  = 10 * time.Second
)

// generated are four hours of samples of two servers: a gauge with gaps, a counter with resets, extreme values, and
// label values that need quoting.
func generated(from time.Time) []storage.Sample {
	rnd := rand.New(rand.NewPCG(1, 2))
	extremes := []float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), 1e21, 1e-7, 1 << 53, -123456.789, 0.1}
	var out []storage.Sample
	counter := map[string]float64{}
	for i := range int(4 * time.Hour / scrape) {
		at := from.Add(time.Duration(i)*scrape + offGrid)
		for _, server := range []string{"1", "2"} {
			add := func(value float64, pairs ...string) {
				out = append(out, sample(at, value, append(pairs, "server", server, "job", "node")...))
			}
			if i%400 < 350 { // then nothing for 8 minutes: longer than the lookback
				add(math.Round(rnd.Float64()*1e6)/1e6, "__name__", "usage_ratio")
			}
			if rnd.IntN(500) == 0 {
				counter[server] = 0
			}
			counter[server] += float64(rnd.IntN(5000))
			add(counter[server], "__name__", "bytes_total", "device", "eth0")
			add(counter[server]*2, "__name__", "bytes_total", "device", "eth1")
			for n, value := range extremes { // one series each: the store keeps 15 digits per block of one series
				add(value, "__name__", "extreme", "n", strconv.Itoa(n))
			}
			add(float64(i%7), "__name__", "quoted", "path", `C:\"x"`, "text", "ключ\nvalue")
		}
	}
	return out
}

// openMetrics writes samples family by family, as promtool wants them.
func openMetrics(samples []storage.Sample) []byte {
	byName := map[string][]storage.Sample{}
	var names []string
	for _, s := range samples {
		name := storage.Series{Labels: s.Labels}.Get("__name__")
		if byName[name] == nil {
			names = append(names, name)
		}
		byName[name] = append(byName[name], s)
	}
	var b bytes.Buffer
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	for _, name := range names {
		fmt.Fprintf(&b, "# TYPE %s unknown\n", name)
		for _, s := range byName[name] {
			var pairs []string
			for _, l := range s.Labels {
				if l.Name != "__name__" {
					pairs = append(pairs, l.Name+`="`+escape.Replace(l.Value)+`"`)
				}
			}
			fmt.Fprintf(&b, "%s{%s} %s %s\n", name, strings.Join(pairs, ","), appendFloat(nil, s.Value), appendTime(nil, s.Time))
		}
	}
	b.WriteString("# EOF\n")
	return b.Bytes()
}

// startPrometheus loads samples into a real Prometheus and returns the address of its API.
func startPrometheus(t *testing.T, samples []storage.Sample) string {
	t.Helper()
	dir := t.TempDir()
	page := filepath.Join(dir, "samples.om")
	if err := os.WriteFile(page, openMetrics(samples), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	if out, err := exec.CommandContext(t.Context(), "promtool", "tsdb", "create-blocks-from", "openmetrics", "-q", page, data).CombinedOutput(); err != nil {
		t.Fatalf("promtool (package prometheus of Debian): %v\n%s", err, out)
	}
	return runPrometheus(t, data, "global: {}\n") + "/api/v1"
}

// runPrometheus starts a real Prometheus that also takes samples by remote write, and returns its address.
func runPrometheus(t *testing.T, data, config string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := freeAddress(t)
	var log bytes.Buffer
	cmd := exec.Command("prometheus", "--config.file="+file, "--storage.tsdb.path="+data, "--storage.tsdb.retention.time=10y",
		"--web.listen-address="+addr, "--web.enable-remote-write-receiver")
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("prometheus (package prometheus of Debian): %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it holds nothing that matters
		_ = cmd.Wait()
	})
	waitReady(t, "http://"+addr+"/-/ready", &log)
	return "http://" + addr
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func waitReady(t *testing.T, url string, log *bytes.Buffer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	retry := time.NewTicker(50 * time.Millisecond)
	defer retry.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("prometheus does not get ready:\n%s", log)
		case <-retry.C:
		}
	}
}

func TestSameAnswersAsPrometheus(t *testing.T) {
	t.Parallel()
	from := time.Now().Add(-12 * time.Hour).Truncate(2 * time.Hour)
	samples := generated(from)
	theirs := startPrometheus(t, samples)
	db := storagetest.TSDB(t)
	fill(t, db, samples)
	ours := serve(t, db)

	second := func(offset time.Duration) string { return strconv.FormatInt(from.Add(offset).Unix(), 10) }
	f := func(method, path string, pairs ...string) {
		t.Helper()
		form := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		compare(t, path+"?"+form.Encode(), ask(t, method, ours, path, form), ask(t, method, theirs, path, form))
	}
	for _, expr := range instantQueries {
		for _, at := range []string{second(time.Hour), second(3 * time.Hour), second(65 * time.Minute), second(100 * time.Hour)} {
			f("GET", "/query", "query", expr, "time", at)
		}
	}
	for _, expr := range rangeQueries {
		f("POST", "/query_range", "query", expr, "start", second(0), "end", second(4*time.Hour), "step", "60")
		f("GET", "/query_range", "query", expr, "start", second(90*time.Minute), "end", second(91*time.Minute), "step", "10s")
	}
	for _, expr := range slices.Concat(instantQueries, rangeQueries) {
		f("GET", "/format_query", "query", expr)
		f("POST", "/query_exemplars", "query", expr, "start", second(0), "end", second(time.Hour))
	}
	rfc := from.Add(time.Hour).UTC().Format(time.RFC3339)
	f("GET", "/query", "query", "extreme", "time", rfc)
	f("GET", "/query", "query", "usage_ratio", "time", second(time.Hour), "timeout", "5s")
	f("POST", "/series", "match[]", `bytes_total{device="eth0"}`, "match[]", "quoted")
	f("GET", "/series", "match[]", `{__name__=~".*_ratio",server!="1"}`)
	f("POST", "/labels")
	f("GET", "/labels", "match[]", "bytes_total")
	f("GET", "/label/device/values")
	f("GET", "/label/text/values")
	f("GET", "/label/__name__/values", "match[]", `{device=~".+"}`)
	f("GET", "/label/nothing/values")
	f("GET", "/metadata")
	f("GET", "/rules")
	f("GET", "/alerts")
	for _, c := range wrongRequests {
		f("GET", c[0], c[1:]...)
	}
	compareReads(t, ours, theirs, from)
	compareWords(t, ours, theirs)
}

// compareWords looks at the texts of parse errors, position included: tools show them to people.
func compareWords(t *testing.T, ours, theirs string) {
	t.Helper()
	for _, expr := range misspelt {
		for _, path := range []string{"/query", "/format_query"} {
			form := url.Values{"query": {expr}}
			got, want := ask(t, "GET", ours, path, form), ask(t, "GET", theirs, path, form)
			if want.Code != 400 || got.Code != want.Code || got.Error != want.Error {
				t.Errorf("%s %s:\nours   %d %s\ntheirs %d %s", path, expr, got.Code, got.Error, want.Code, want.Error)
			}
		}
	}
}

// misspelt are expressions whose errors release 3 words as 2.42 does.
var misspelt = []string{
	"up{", "up{a", "up{a=}", `up{a="b"`, "up{a='b',}}", "foo bar", `"a`, "*", "up +", "0x", "{}", `{a=~".*"}`,
	"up[5m", "rate(up)", "rate(up[5m:1m]", "up[5m][5m]", "up @ foo", "nosuchfunction(up)", "vector(up)", "label_replace(up)",
	"sum by (up)", "sum(up) by", "topk(up)", "count_values(up, 1)", `quantile("a", up)`,
	"1 + on(a) 2", "up and 1", "up == bool", "1 == 2",
}

var instantQueries = []string{
	"1.5", "time()", `"text"`, "usage_ratio", `usage_ratio{server="2"}`, `{__name__="quoted"}`, "extreme", "-extreme", "extreme * 0", "sum(extreme)",
	"usage_ratio > 0.5", "usage_ratio > bool 0.5", "nothing", "absent(nothing)", "absent(usage_ratio)",
	"sum(usage_ratio)", "avg by (server) (bytes_total)", "topk(1, bytes_total)", "count_values('v', quoted)", "quantile(0.9, bytes_total)",
	"rate(bytes_total[5m])", "increase(bytes_total[1h])", "irate(bytes_total[1m])", "resets(bytes_total[3h])", "changes(quoted[10m])",
	"avg_over_time(usage_ratio[10m])", "max_over_time(usage_ratio[20s])", "stddev_over_time(usage_ratio[1h])", "count_over_time(usage_ratio[2h])",
	"last_over_time(usage_ratio[10m])", "present_over_time(usage_ratio[1m])", "deriv(usage_ratio[30m])", "predict_linear(usage_ratio[30m], 600)",
	"usage_ratio offset 10m", "usage_ratio[30s]", "max_over_time(rate(bytes_total[5m])[31m30s:7m])", // never on the border
	"bytes_total / on (server) group_left usage_ratio", "bytes_total and on (server) usage_ratio > 0.9", "bytes_total unless bytes_total{device='eth0'}",
	`label_replace(bytes_total, "d", "$1", "device", "eth(.)")`, "histogram_quantile(0.5, nothing)", "sort_desc(bytes_total)", "vector(1)", "scalar(usage_ratio{server='1'})",
	"timestamp(usage_ratio)", "round(usage_ratio, 0.1)", "clamp(usage_ratio, 0.2, 0.4)", "sgn(extreme)", "hour()", "bytes_total @ end()",
}

var rangeQueries = []string{
	"usage_ratio", "avg_over_time(usage_ratio[1m])", "max_over_time(usage_ratio[1m])", "rate(bytes_total[2m])", "sum(rate(bytes_total[2m])) by (server)",
	"extreme", "quoted", "nothing", "1 + 1", "increase(bytes_total[10m]) > 100000", "count(usage_ratio)", "usage_ratio offset 5m", "timestamp(usage_ratio)",
}

// wrongRequests are path and parameters of what both must refuse alike.
var wrongRequests = [][]string{
	{"/query"},
	{"/query", "query", "up{"},
	{"/query", "query", "rate(bytes_total)"},
	{"/query", "query", "nosuchfunction(up)"},
	{"/query", "query", "up", "time", "soon"},
	{"/query", "query", "up", "timeout", "soon"},
	{"/query", "query", "usage_ratio", "timeout", "0.0000001"},
	{"/query_range", "query", "up"},
	{"/query_range", "query", "up", "start", "10", "end", "5", "step", "1"},
	{"/query_range", "query", "up", "start", "1", "end", "2", "step", "0"},
	{"/query_range", "query", "up", "start", "1", "end", "99999", "step", "1"},
	{"/query_range", "query", "up[5m]", "start", "1", "end", "2", "step", "1"},
	{"/series"},
	{"/series", "match[]", "up{"},
	{"/series", "match[]", `{a=""}`},
	{"/labels", "match[]", "1"},
	{"/labels", "start", "soon"},
	{"/metadata", "limit", "many"},
	{"/format_query"},
	{"/format_query", "query", "up{"},
	{"/query_exemplars", "query", "up{"},
	{"/query_exemplars", "query", "up", "start", "10", "end", "5"},
	{"/query_exemplars", "query", "up", "start", "soon"},
	{"/rules", "type", "both"},
}
