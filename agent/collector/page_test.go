package collector

import (
	"bytes"
	"compress/gzip"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

var update = flag.Bool("update", false, "write the golden files anew")

func get(t *testing.T, h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// goldenPage serves the page of the fake machine after a second in which it did something.
func goldenPage(t *testing.T) (page string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		files := machine(t)
		s := newSet(t, fakeHost(files))
		sample := func() {
			if err := s.sampler.RunOnce(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		sample()
		time.Sleep(time.Second)
		files["proc/stat"].Data = []byte(strings.NewReplacer( // 100 ticks of each processor: 50, 25, 0 and 25 in use
			"cpu  4000 100 1500 390000", "cpu  4100 100 1500 390300",
			"cpu0 1000 25 375 97500", "cpu0 1050 25 375 97550",
			"cpu1 1000 25 375 97500", "cpu1 1025 25 375 97575",
			"cpu2 1000 25 375 97500", "cpu2 1000 25 375 97600",
			"cpu3 1000 25 375 97500", "cpu3 1025 25 375 97575",
		).Replace(string(files["proc/stat"].Data)))
		files["proc/net/dev"].Data = bytes.Replace(files["proc/net/dev"].Data, []byte("eth0: 8000000000"), []byte("eth0: 8000125000"), 1)
		sample()
		page = get(t, s.Handler(), "/metrics").Body.String()
	})
	return page
}

// What differs from run to run.
var varying = regexp.MustCompile(`(?m)^((?:process_\w+|agent_collector_duration_seconds\{.*\}) |agent_build_info\{).*$`)

func TestPageGolden(t *testing.T) {
	t.Parallel()
	const file = "testdata/page.golden"
	got := varying.ReplaceAllString(goldenPage(t), "$1...")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("go test -update writes it anew if this is meant: %s", diff)
	}
}

// Our names follow the rules of Prometheus.
func TestPageLint(t *testing.T) {
	t.Parallel()
	problems, err := promlint.New(strings.NewReader(goldenPage(t))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestPageRefuses(t *testing.T) {
	t.Parallel()
	h := newSet(t, fakeHost(machine(t))).Handler()
	f := func(query, want string) {
		t.Helper()
		w := get(t, h, "/metrics?"+query)
		if w.Code != http.StatusBadRequest || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	f("set=hosts", `set: "hosts" is not one of host, services; leave it out for everything`)
	f("window=0", `window: "0" is not a whole number of seconds from 1 to 120`)
	f("window=-5", `window: "-5" is not a whole number of seconds from 1 to 120`)
	f("window=121", `window: "121" is not a whole number of seconds from 1 to 120`)
	f("window=10s", `window: "10s" is not a whole number of seconds from 1 to 120`)
	f("window=1.5", `window: "1.5" is not a whole number of seconds from 1 to 120`)
	f("set=host&window=99999999999999999999", `window: "99999999999999999999" is not a whole number of seconds from 1 to 120`)
}

func TestPageWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLab()
		s := newSet(t, fakeHost(l.files))
		l.sampler = s.sampler
		for i := range uint64(30) { // 100 bytes a second, and 10000 in the 20th
			bytes := i * 100
			if i >= 20 {
				bytes += 9900
			}
			l.tick(t, time.Second, cpuLine("cpu", i, i), netLine("eth0", bytes, 0), "")
		}
		f := func(query string, mean, highest string) {
			t.Helper()
			page := get(t, s.Handler(), "/metrics?set=host"+query).Body.String()
			for _, line := range []string{
				`agent_network_receive_bytes_per_second{device="eth0"} ` + mean + "\n",
				`agent_network_receive_max_bytes_per_second{device="eth0"} ` + highest + "\n",
			} {
				if !strings.Contains(page, line) {
					t.Errorf("%q: the page has no %s", query, line)
				}
			}
		}
		f("&window=5", "100", "100")
		f("&window=9", "100", "100")
		f("&window=10", "1090", "10000") // (9 * 100 + 10000) / 10
		f("", "1090", "10000")           // ten is the default
		f("&window=20", "595", "10000")
	})
}

func TestPageFormats(t *testing.T) {
	t.Parallel()
	h := newSet(t, fakeHost(machine(t))).Handler()
	f := func(wantType, wantCoding string, headers ...string) {
		t.Helper()
		w := get(t, h, "/metrics?set=host", headers...)
		if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, wantType) {
			t.Errorf("%v: type %q", headers, got)
		}
		if got := w.Header().Get("Content-Encoding"); got != wantCoding {
			t.Errorf("%v: coding %q", headers, got)
		}
		var body io.Reader = w.Body
		var err error
		switch wantCoding {
		case "gzip":
			body, err = gzip.NewReader(body)
		case "zstd":
			body, err = zstd.NewReader(body, zstd.WithDecoderConcurrency(1))
		}
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(body)
		if err != nil || !bytes.Contains(page, []byte("\nagent_processes 8")) {
			t.Errorf("%v: %v\n%s", headers, err, page)
		}
		if openMetrics := bytes.HasSuffix(page, []byte("# EOF\n")); openMetrics != strings.Contains(wantType, "openmetrics") {
			t.Errorf("%v: OpenMetrics' last line: %v", headers, openMetrics)
		}
	}
	const text = "text/plain; version=0.0.4"
	f(text, "")
	f(text, "gzip", "Accept-Encoding", "gzip")
	f(text, "gzip", "Accept-Encoding", "deflate, gzip;q=0.5")
	f(text, "", "Accept-Encoding", "gzip;q=0, identity")
	f(text, "zstd", "Accept-Encoding", "zstd, gzip")
	f(text, "zstd", "Accept-Encoding", "gzip, br, zstd;q=0.8")
	f(text, "gzip", "Accept-Encoding", "gzip, zstd; q=0")
	f(text, "", "Accept-Encoding", "br, deflate")
	f("application/openmetrics-text; version=1.0.0", "gzip", "Accept-Encoding", "gzip",
		"Accept", "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
}

func TestPageRefusesTooManyAtOnce(t *testing.T) {
	t.Parallel()
	s := newSet(t, fakeHost(machine(t)))
	for range maxInFlight { // all are being built
		<-s.buffers
	}
	if w := get(t, s.Handler(), "/metrics"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d", w.Code)
	}
	s.buffers <- new(bytes.Buffer)
	for range 3 { // each gives its place back
		if w := get(t, s.Handler(), "/metrics"); w.Code != http.StatusOK {
			t.Errorf("status %d", w.Code)
		}
	}
}

// Each family is in exactly one set, and without a set comes everything.
func TestSets(t *testing.T) {
	t.Parallel()
	h := newSet(t, fakeHost(machine(t))).Handler()
	collectors := func(query string) (names []string) {
		for _, m := range regexp.MustCompile(`(?m)^agent_collector_success\{collector="(\w+)"\}`).FindAllStringSubmatch(get(t, h, "/metrics"+query).Body.String(), -1) {
			names = append(names, m[1])
		}
		return names
	}
	host, services, all := collectors("?set=host"), collectors("?set=services"), collectors("")
	if len(host) == 0 || len(services) == 0 {
		t.Fatalf("host %v, services %v", host, services)
	}
	together := slices.Concat(host, services)
	slices.Sort(together)
	if diff := cmp.Diff(all, together); diff != "" {
		t.Error(diff)
	}
}
