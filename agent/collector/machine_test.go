package collector

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"monitoring/agent/host"
)

type hostTCP = host.TCPSockets

// machine is the small server of testdata/machine, in memory, so that a test can change it: four processors, two
// network cards, Docker, a VPN, a disk with LVM.
func machine(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("testdata/machine")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			return nil
		}
		data, err := fs.ReadFile(root, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// mounted is what the file systems of the machine answer; /mnt/gone is a server that has gone.
var mounted = map[string]host.Usage{
	"/":             {Total: 100 << 30, Used: 24 << 30, Free: 72 << 30}, // 4 are root's reserve
	"/srv/my files": {Total: 1 << 40, Used: 1 << 39, Free: 1 << 39},
}

func fakeHost(files fs.FS) *host.Host { return host.Fake(host.Parts{Files: files, Usage: mounted}) }

var quiet = slog.New(slog.DiscardHandler)

func newSet(t testing.TB, h *host.Host) *Set {
	t.Helper()
	s, err := New(Options{Host: h, Version: "1.2.3", Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// single is one family as a prometheus.Collector, for testutil. It describes nothing, like the page.
type single struct {
	collect func(chan<- prometheus.Metric) error
	err     error
}

func (c *single) Describe(chan<- *prometheus.Desc) {}

func (c *single) Collect(ch chan<- prometheus.Metric) { c.err = c.collect(ch) }

// expect compares what a family exports with the text and lets promlint look at it.
func expect(t *testing.T, collect func(chan<- prometheus.Metric) error, want string, names ...string) {
	t.Helper()
	c := &single{collect: collect}
	if err := testutil.CollectAndCompare(c, strings.NewReader(want), names...); err != nil {
		t.Error(err)
	}
	problems, err := testutil.CollectAndLint(c, names...)
	if err != nil || c.err != nil {
		t.Error(errors.Join(err, c.err))
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// gather returns the families that a collector exports, by name.
func gather(t *testing.T, c prometheus.Collector) map[string]*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	list, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	families := map[string]*dto.MetricFamily{}
	for _, f := range list {
		families[f.GetName()] = f
	}
	return families
}
