package collector

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	node "github.com/prometheus/node_exporter/collector"
)

var testDesc = prometheus.NewDesc("test_value", "A value.", []string{"from"}, nil)

// sends is a family that sends one value for each name and then returns err.
func sends(err error, names ...string) func(chan<- prometheus.Metric) error {
	return func(ch chan<- prometheus.Metric) error {
		for _, n := range names {
			ch <- prometheus.MustNewConstMetric(testDesc, prometheus.GaugeValue, 1, n)
		}
		return err
	}
}

// page runs the families and returns the names that were sent and the success of each family.
func runFamilies(t *testing.T, r *runner, families ...Family) (sent []string, success map[string]float64) {
	t.Helper()
	c := &single{collect: func(ch chan<- prometheus.Metric) error {
		r.run(families, func(m prometheus.Metric) { ch <- m })
		return nil
	}}
	success = map[string]float64{}
	for name, f := range gather(t, c) {
		for _, m := range f.Metric {
			label := m.Label[0].GetValue()
			switch name {
			case "test_value":
				sent = append(sent, label)
			case "agent_collector_success", "node_scrape_collector_success":
				success[name+" "+label] = m.Gauge.GetValue()
			}
		}
	}
	slices.Sort(sent)
	return sent, success
}

func TestOneFamilyDoesNotHarmTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		var log strings.Builder
		r := newRunner(slog.New(slog.NewTextHandler(&log, nil)))
		families := []Family{
			{"fails", SetHost, sends(errors.New("no luck"), "before the error")},
			{"panics", SetHost, func(ch chan<- prometheus.Metric) error {
				_ = sends(nil, "before the panic")(ch)
				panic("boom")
			}},
			{"hangs", SetHost, func(ch chan<- prometheus.Metric) error {
				_ = sends(nil, "before it hung")(ch)
				<-end
				return sends(nil, "long after")(ch)
			}},
			{"absent", SetHost, sends(ErrNoData)},
			{"node_absent", SetHost, sends(node.ErrNoData)},
			{"node_works", SetHost, sends(nil, "node")},
			{"works", SetHost, sends(nil, strings.Split(strings.Repeat("x", 500), "")[:1]...)},
		}
		start := time.Now()
		sent, success := runFamilies(t, r, families...)
		if waited := time.Since(start); waited != familyPatience {
			t.Errorf("the page took %v, want %v", waited, familyPatience)
		}
		if diff := cmp.Diff([]string{"before the error", "before the panic", "node", "x"}, sent); diff != "" {
			t.Error(diff)
		}
		const ours, theirs = "agent_collector_success ", "node_scrape_collector_success "
		want := map[string]float64{
			ours + "fails": 0, ours + "panics": 0, ours + "hangs": 0, ours + "absent": 0, theirs + "absent": 0, theirs + "works": 1, ours + "works": 1,
		}
		if diff := cmp.Diff(want, success); diff != "" {
			t.Error(diff)
		}
		for _, text := range []string{"no luck", "boom", "not done after 2s"} {
			if strings.Count(log.String(), text) != 1 {
				t.Errorf("the log does not tell %q once:\n%s", text, &log)
			}
		}
		if strings.Contains(log.String(), "absent") {
			t.Errorf("what a machine does not have is no warning:\n%s", &log)
		}
		close(end)
		synctest.Wait()
	})
}

func TestFamilyThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		var log strings.Builder
		r := newRunner(slog.New(slog.NewTextHandler(&log, nil)))
		var runs atomic.Int32
		hangs := Family{"hangs", SetHost, func(ch chan<- prometheus.Metric) error {
			runs.Add(1)
			<-end
			return sends(nil, "back")(ch)
		}}
		f := func(wantWait time.Duration, wantRuns int32, wantSuccess float64) {
			t.Helper()
			start := time.Now()
			_, success := runFamilies(t, r, hangs)
			if waited := time.Since(start); waited != wantWait || runs.Load() != wantRuns || success["agent_collector_success hangs"] != wantSuccess {
				t.Errorf("waited %v, ran %d times, success %v; want %v, %d, %v", waited, runs.Load(), success, wantWait, wantRuns, wantSuccess)
			}
		}
		f(familyPatience, 1, 0)
		f(familyPatience, 2, 0) // a second try
		f(0, 2, 0)              // no third while both hang
		close(end)
		synctest.Wait()
		f(0, 3, 1)
		if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "collector works again") {
			t.Errorf("want one line for the failure and one for the end of it:\n%s", &log)
		}
	})
}

// More metrics than the channel holds, again and again: nothing is lost or comes twice.
func TestRunnerKeepsEveryMetric(t *testing.T) {
	t.Parallel()
	r := newRunner(quiet)
	var families []Family
	want := map[string]bool{}
	for _, family := range []string{"a", "b", "c"} {
		var names []string
		for i := range 200 {
			names = append(names, family+strings.Repeat("x", i))
			want[names[i]] = true
		}
		families = append(families, Family{family, SetHost, sends(nil, names...)})
	}
	sent, _ := runFamilies(t, r, families...)
	if !slices.Equal(sent, slices.Sorted(maps.Keys(want))) {
		t.Errorf("%d metrics of %d", len(sent), len(want))
	}
}
