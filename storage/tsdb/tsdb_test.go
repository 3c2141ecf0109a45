package tsdb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

func TestReopenKeepsData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now()
	want := []storage.Series{series("m{server=\"1\"}", point{now.UnixMilli(), 42})}
	reg := prometheus.NewRegistry()
	for i := range 3 {
		db := openDB(t, dir, tsdb.Options{Registerer: reg})
		if i == 0 {
			if err := db.Append([]storage.Sample{sample("m{server=\"1\"}", now.UnixMilli(), 42)}); err != nil { // never flushed
				t.Fatal(err)
			}
		} else if got, err := db.Query(t.Context(), "m", now); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("opened %d times: %v %v", i+1, got, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := reg.Gather(); err != nil || len(left) > 0 {
		t.Errorf("metrics are left after Close: %v %v", left, err)
	}
	for _, tier := range []string{"raw", "5m", "1h"} {
		if _, err := os.Stat(filepath.Join(dir, tier, "data")); err != nil {
			t.Errorf("tier %s lives elsewhere: %v", tier, err)
		}
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	db := openDB(t, t.TempDir(), tsdb.Options{})
	page := db.NewExposition(tsdb.ExpositionOptions{})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, tsdb.ErrClosed) {
			t.Errorf("%s after Close: %v", what, err)
		}
	}
	f("Close", db.Close())
	f("Append", db.Append([]storage.Sample{sample("m", time.Now().UnixMilli(), 1)}))
	f("RunOnce", db.RunOnce(t.Context()))
	f("Stale", page.Stale(time.Now()))
	f("AppendMeta", page.AppendMeta())
	_, err := page.Append([]byte("a 1\n"), time.Now())
	f("Exposition.Append", err)
	_, err = db.Query(t.Context(), "m", time.Now())
	f("Query", err)
	_, err = db.Series(t.Context(), []string{"m"}, time.Time{}, time.Time{}, 0)
	f("Series", err)
	_, err = db.DeleteSeries(t.Context(), []string{"m"})
	f("DeleteSeries", err)
	_, err = db.DiskUsage()
	f("DiskUsage", err)
	_, err = db.Tiers()
	f("Tiers", err)
	_, err = db.Queryable().Querier(0, 1)
	f("Querier", err)
}

func TestCloseWaitsForReaders(t *testing.T) {
	t.Parallel()
	db := openDB(t, t.TempDir(), tsdb.Options{})
	q, err := db.Queryable().Querier(0, 1)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() { closed <- db.Close() }()
	select {
	case err := <-closed:
		t.Fatalf("closed under a reader: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	q.Close()
	q.Close() // harmless
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openDB(t, dir, tsdb.Options{})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(o tsdb.Options, want string) {
		t.Helper()
		if _, err := tsdb.Open(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error that says %q", err, want)
		}
	}
	f(tsdb.Options{}, "dir")
	f(tsdb.Options{Dir: dir, Retention: tsdb.Retention{Raw: time.Hour}}, "retention.raw")
	f(tsdb.Options{Dir: dir, Retention: tsdb.Retention{FiveMinutes: time.Hour}}, "retention.five_minutes")
	f(tsdb.Options{Dir: dir, Retention: tsdb.Retention{Hour: 364 * 24 * time.Hour}}, "retention.hour: give at least 365 days")
	f(tsdb.Options{Dir: dir, MemoryBytes: 1}, "memory_bytes")
	f(tsdb.Options{Dir: dir}, "in use")
	f(tsdb.Options{Dir: filepath.Join(file, "below")}, "not a directory")
}

// TestVisibleSoon: Run flushes once a second, so a row is seen about a second after Append, also when its series is new and
// the selector was asked all the time before. Without the flush a new series takes 10 s, each of them; a busy machine may
// delay some.
func TestVisibleSoon(t *testing.T) {
	t.Parallel()
	db := openDB(t, t.TempDir(), tsdb.Options{})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := db.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	defer wg.Wait()
	defer stop()
	fastest := time.Minute
	for i := range 4 {
		at := time.Now()
		born := sample(fmt.Sprintf(`m{x="%d"}`, i), at.UnixMilli(), 1)
		known := sample(`m{x="0"}`, at.UnixMilli()+1, float64(i))
		if err := db.Append([]storage.Sample{born, known}); err != nil {
			t.Fatal(err)
		}
		for {
			got, err := db.Query(t.Context(), fmt.Sprintf(`count(m) == %d and on () m{x="0"} == %d`, i+1, i), at.Add(time.Millisecond))
			if err != nil {
				t.Fatal(err)
			}
			if len(got) == 1 {
				break
			}
			if time.Since(at) > time.Minute {
				t.Fatalf("sample %d is not visible after %s", i, time.Since(at))
			}
			<-time.After(20 * time.Millisecond)
		}
		t.Logf("visible after %s", time.Since(at))
		fastest = min(fastest, time.Since(at))
	}
	if fastest > 3*time.Second {
		t.Errorf("no sample was visible before %s", fastest)
	}
}

func TestDeleteSeries(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	at := hourStart.UnixMilli()
	appendNow(t, db, sample(`m{x="1"}`, at, 1), sample(`m{x="2"}`, at, 2), sample(`m{x="3"}`, at, 3), sample(`n{x="1"}`, at, 4))
	f := func(want int, selectors ...string) {
		t.Helper()
		if n, err := db.DeleteSeries(t.Context(), selectors); err != nil || n != want {
			t.Errorf("%v: %d %v, want %d", selectors, n, err, want)
		}
	}
	f(1, `m{x="1"}`)
	f(2, `m{x="2"}`, `n`)
	f(0, `m{x="9"}`)
	got, err := db.Query(t.Context(), `{x!=""}`, hourStart)
	if d := cmp.Diff([]storage.Series{series(`m{x="3"}`, point{at, 3})}, got); err != nil || d != "" {
		t.Error(d, err)
	}
	if got, err := db.LabelValues(t.Context(), "__name__", nil, time.Time{}, time.Time{}, 0); err != nil || cmp.Diff([]string{"m"}, got) != "" {
		t.Errorf("names %v %v", got, err)
	}
	var e *tsdb.ParseError
	if _, err := db.DeleteSeries(t.Context(), []string{`m{x=~"3.+"}`}); !errors.As(err, &e) {
		t.Errorf("delete by a pattern: %v", err)
	}
	appendNow(t, db, sample(`n{x="1"}`, at+1000, 5))
	got, err = db.Query(t.Context(), `n[1m]`, second(10))
	if d := cmp.Diff([]storage.Series{series(`n{x="1"}`, point{at + 1000, 5})}, got); err != nil || d != "" {
		t.Error("a series that came back", d, err)
	}
}

func TestSeriesAndLabels(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	at := hourStart.UnixMilli()
	appendNow(t, db, sample(`m{x="1"}`, at, 1), sample(`m{x="2"}`, at, 2), sample(`n{y="1"}`, at+3*24*3600_000, 3))
	ctx := t.Context()
	got, err := db.Series(ctx, []string{`m`, `{x="2"}`, `n`}, time.Time{}, time.Time{}, 0)
	want := [][]storage.Label{labelsOf(`m{x="1"}`), labelsOf(`m{x="2"}`), labelsOf(`n{y="1"}`)}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(d, err)
	}
	if got, err := db.Series(ctx, []string{`{__name__=~"m|n"}`}, hourStart, second(60), 1); err != nil || cmp.Diff(want[:1], got) != "" {
		t.Error("limit 1:", got, err)
	}
	f := func(want ...string) func([]string, error) {
		return func(got []string, err error) {
			t.Helper()
			if err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("%q %v, want %q", got, err, want)
			}
		}
	}
	f("__name__", "x", "y")(db.LabelNames(ctx, nil, time.Time{}, time.Time{}, 0))
	f("__name__", "x")(db.LabelNames(ctx, nil, hourStart, second(60), 0))
	f("__name__")(db.LabelNames(ctx, nil, time.Time{}, time.Time{}, 1))
	f("__name__", "y")(db.LabelNames(ctx, []string{"n"}, time.Time{}, time.Time{}, 0))
	f("1", "2")(db.LabelValues(ctx, "x", nil, time.Time{}, time.Time{}, 0))
	f("2")(db.LabelValues(ctx, "x", []string{`m{x!="1"}`, `n`}, time.Time{}, time.Time{}, 0))
	f("m", "n")(db.LabelValues(ctx, "__name__", []string{`{x="1"}`, `{y="1"}`}, time.Time{}, time.Time{}, 0))

	g := func(err error, want string) {
		t.Helper()
		var e *tsdb.ParseError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want a ParseError that says %q", err, want)
		}
	}
	_, err = db.Series(ctx, nil, time.Time{}, time.Time{}, 0)
	g(err, "no match[] parameter provided")
	_, err = db.Series(ctx, []string{`{x=""}`}, time.Time{}, time.Time{}, 0)
	g(err, "match[] must contain at least one non-empty matcher")
	_, err = db.Series(ctx, []string{`{x=`}, time.Time{}, time.Time{}, 0)
	g(err, "parse error")
	_, err = db.LabelNames(ctx, []string{`m{`}, time.Time{}, time.Time{}, 0)
	g(err, "parse error")
}

func TestMetricsOfTheDatabase(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	db := openDB(t, t.TempDir(), tsdb.Options{Registerer: reg})
	now := time.Now()
	page := db.NewExposition(tsdb.ExpositionOptions{})
	for _, text := range []string{"a 1\nb NaN\na 2\n", "a 1\nb 1\na 2\n"} {
		if _, err := page.Append([]byte(text), now); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
	}
	if err := db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Query(t.Context(), "a", now); err != nil {
		t.Fatal(err)
	}
	want := `
# HELP panel_tsdb_active_series Series with a sample in this hour or the previous one.
# TYPE panel_tsdb_active_series gauge
panel_tsdb_active_series{tier="1h"} 0
panel_tsdb_active_series{tier="5m"} 0
panel_tsdb_active_series{tier="raw"} 2
# HELP panel_tsdb_exposition_lines_total Lines of exposition pages, by whether they were remembered from the page before.
# TYPE panel_tsdb_exposition_lines_total counter
panel_tsdb_exposition_lines_total{path="parsed"} 3
panel_tsdb_exposition_lines_total{path="remembered"} 3
# HELP panel_tsdb_samples_appended_total Samples given to the storage engine, staleness markers included.
# TYPE panel_tsdb_samples_appended_total counter
panel_tsdb_samples_appended_total 3
# HELP panel_tsdb_samples_dropped_total Samples that were not stored, by reason.
# TYPE panel_tsdb_samples_dropped_total counter
panel_tsdb_samples_dropped_total{reason="disk_full"} 0
panel_tsdb_samples_dropped_total{reason="duplicate"} 2
panel_tsdb_samples_dropped_total{reason="nan"} 1
# HELP panel_tsdb_series_created_total Series that were new to the index.
# TYPE panel_tsdb_series_created_total counter
panel_tsdb_series_created_total{tier="1h"} 0
panel_tsdb_series_created_total{tier="5m"} 0
panel_tsdb_series_created_total{tier="raw"} 2
`
	err := testutil.GatherAndCompare(reg, strings.NewReader(want), "panel_tsdb_active_series", "panel_tsdb_exposition_lines_total",
		"panel_tsdb_samples_appended_total", "panel_tsdb_samples_dropped_total", "panel_tsdb_series_created_total")
	if err != nil {
		t.Error(err)
	}
	problems, err := testutil.GatherAndLint(reg)
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "panel_") {
			t.Error(p)
		}
	}
	if err != nil || db.ActiveSeries() != 2 {
		t.Error(err, db.ActiveSeries())
	}
	total, err := db.DiskUsage()
	if err != nil || total == 0 {
		t.Errorf("disk usage %d %v", total, err)
	}
	tiers, err := db.Tiers()
	if err != nil || len(tiers) != 3 || tiers[0].Name != "raw" || tiers[0].Samples != 3 || tiers[0].Retention != tsdb.DefaultRetentionRaw || tiers[2].Resolution != time.Hour {
		t.Errorf("tiers %+v %v", tiers, err)
	}
	for _, tier := range tiers {
		if tier.Bytes == 0 || tier.Bytes >= total {
			t.Errorf("tier %s has %d of %d bytes", tier.Name, tier.Bytes, total)
		}
	}
}

// TestConcurrentUse has targets scraped, queried and flushed at the same time; every sample must be there at the end.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	const targets, rounds = 6, 20
	var wg sync.WaitGroup
	for i := range targets {
		wg.Go(func() {
			page := db.NewExposition(tsdb.ExpositionOptions{Labels: []storage.Label{{Name: "server", Value: fmt.Sprint(i)}}})
			for round := range rounds {
				text := fmt.Sprintf("a_total %d\nb{x=\"%d\"} 1\n", round, round%3)
				if _, err := page.Append([]byte(text), second(10*round)); err != nil {
					t.Error(err)
				}
				if _, err := db.Query(t.Context(), "sum(rate(a_total[1m])) by (server) + on (server) group_left () count by (server) (b)", second(10*round)); err != nil {
					t.Error(err)
				}
				if err := db.RunOnce(t.Context()); err != nil {
					t.Error(err)
				}
				if _, err := db.LabelValues(t.Context(), "server", []string{"a_total"}, time.Time{}, time.Time{}, 0); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := db.Query(t.Context(), `sum(count_over_time(a_total[1h]))`, second(10*rounds))
	if err != nil || len(got) != 1 || got[0].Points[0].Value != targets*rounds {
		t.Errorf("%v %v, want %d samples", got, err, targets*rounds)
	}
}
