package tsdb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// probeCommand is this test binary as `panel tsdb probe`.
var probeCommand = []string{"/usr/bin/env", probeChild + "=1", os.Args[0]}

func runProbeChild() error {
	args := os.Args[1:]
	deep := args[0] == "-deep"
	return tsdb.Probe(context.Background(), args[len(args)-1], deep)
}

// threeMonths are the days that a test writes to, newest first. They do not move while the tests run, however long.
var threeMonths = sync.OnceValue(func() []time.Time {
	now := time.Now().UTC().Add(-time.Minute)
	first := time.Date(now.Year(), now.Month(), 1, 12, 0, 0, 0, time.UTC)
	return []time.Time{now, first.AddDate(0, -1, 3), first.AddDate(0, -2, 3)}
})

// keepLong lets a test store samples of earlier months.
var keepLong = tsdb.Retention{Raw: 400 * 24 * time.Hour, FiveMinutes: 400 * 24 * time.Hour}

const monthSeries = 50

// fillMonths writes a directory with samples in three months and returns their names, newest first.
func fillMonths(t *testing.T, dir string) []string {
	t.Helper()
	db := openDB(t, dir, tsdb.Options{Retention: keepLong})
	var names []string
	for _, at := range threeMonths() {
		var samples []storage.Sample
		for i := range monthSeries {
			for k := range 60 {
				samples = append(samples, sample(fmt.Sprintf(`m{i="%d"}`, i), at.Add(time.Duration(k)*time.Second).UnixMilli(), float64(k*k+i)))
			}
		}
		appendNow(t, db, samples...)
		names = append(names, at.Format("2006_01"))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, tier := range []string{"5m", "1h"} { // all tiers have one format
		if err := os.RemoveAll(filepath.Join(dir, tier, "data")); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(filepath.Join(dir, tier, "data"), os.DirFS(filepath.Join(dir, "raw", "data"))); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// openExamined opens with a probe and returns what was logged.
func openExamined(t *testing.T, dir string) (*tsdb.DB, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	db := openDB(t, dir, tsdb.Options{Retention: keepLong, Probe: probeCommand, Log: slog.New(slog.NewTextHandler(&log, nil))})
	return db, &log
}

// served counts the series of each month.
func served(t *testing.T, db *tsdb.DB) []int {
	t.Helper()
	var counts []int
	for _, at := range threeMonths() {
		found, err := db.Query(t.Context(), "m", at.Add(50*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, len(found))
	}
	return counts
}

// uncleanEnd makes the directory look as if n processes had been killed.
func uncleanEnd(t *testing.T, dir string, n int) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "running"), fmt.Append(nil, n), 0o600); err != nil {
		t.Fatal(err)
	}
}

// filesNamed lists the files of a month that have the name.
func filesNamed(t *testing.T, tier, kind, month, name string) []string {
	t.Helper()
	var found []string
	for k := range strings.SplitSeq(kind, " ") {
		list, err := filepath.Glob(filepath.Join(tier, "data", k, month, "*", name))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, list...)
	}
	if len(found) == 0 {
		t.Fatalf("%s has no %s in %s", month, name, kind)
	}
	return found
}

func cutOff(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()/2); err != nil {
		t.Fatal(err)
	}
}

func wantQuarantined(t *testing.T, db *tsdb.DB, tier string, months ...string) {
	t.Helper()
	disk, err := db.Disk()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range disk.Quarantined {
		got = append(got, q.Partition)
		if q.Tier != tier || q.Reason == "" || time.Since(q.Time) > time.Hour {
			t.Errorf("quarantined: %+v", q)
		}
	}
	slices.Sort(got)
	months = slices.Sorted(slices.Values(months))
	if !slices.Equal(got, months) {
		t.Errorf("quarantined %v, want %v", got, months)
	}
}

// TestTruncatedPart cuts off each kind of file of each month and tier, after a clean end. The database opens without that
// month, says so, keeps the files, and stores new samples.
func TestTruncatedPart(t *testing.T) {
	t.Parallel()
	source := t.TempDir()
	months := fillMonths(t, source)
	f := func(tier, kind, name string) {
		for i, month := range months {
			t.Run(tier+" "+kind+" "+name+" "+month, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
					t.Fatal(err)
				}
				cutOff(t, filesNamed(t, filepath.Join(dir, tier), kind, month, name)[0])
				db, log := openExamined(t, dir)
				want := []int{monthSeries, monthSeries, monthSeries}
				if tier == "raw" {
					want[i] = 0
				}
				if got := served(t, db); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("served %v, want %v", got, want)
				}
				wantQuarantined(t, db, tier, month)
				if !strings.Contains(log.String(), "moved to quarantine") || !strings.Contains(log.String(), name) {
					t.Errorf("log: %s", log)
				}
				if kept, _ := filepath.Glob(filepath.Join(dir, "quarantine", tier, month+"-*", "*", "*", name)); len(kept) == 0 {
					t.Error("the files are not kept")
				}
				appendNow(t, db, sample(`after`, time.Now().UnixMilli(), 1))
				if found, err := db.Query(t.Context(), "after", time.Now()); err != nil || len(found) != 1 {
					t.Errorf("a new sample: %v, %v", found, err)
				}
			})
		}
	}
	for _, name := range []string{"values.bin", "timestamps.bin", "index.bin", "metaindex.bin", "metadata.json"} {
		f("raw", "small big", name)
	}
	for _, name := range []string{"items.bin", "lens.bin", "index.bin", "metaindex.bin", "metadata.json"} {
		f("raw", "indexdb", name)
	}
	f("5m", "small big", "values.bin")
	f("5m", "indexdb", "items.bin")
	f("1h", "small big", "metaindex.bin")
	f("1h", "indexdb", "index.bin")
}

// flip changes the bytes of a file in the middle and keeps its length, which only reading finds.
func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(b) / 4; i < len(b)*3/4; i++ {
		b[i] ^= 0xff
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDamageInside: bytes that are wrong, not missing, are found by a child process that reads everything, once two
// processes in a row had no clean end. All guilty months are found, and only those.
func TestDamageInside(t *testing.T) {
	t.Parallel()
	source := t.TempDir()
	months := fillMonths(t, source)
	f := func(name string, unclean int, want []int, guilty ...string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
				t.Fatal(err)
			}
			for _, month := range guilty {
				for _, file := range filesNamed(t, filepath.Join(dir, "raw"), "small big", month, "values.bin") {
					flip(t, file)
				}
			}
			uncleanEnd(t, dir, unclean)
			db, log := openExamined(t, dir)
			if want != nil {
				wantQuarantined(t, db, "raw", guilty...)
				if got := served(t, db); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("served %v, want %v; log: %s", got, want, log)
				}
			} else {
				wantQuarantined(t, db, "")
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "probe")); len(left) > 0 {
				t.Error("the view is left behind")
			}
		})
	}
	const n = monthSeries
	f("nothing is damaged", 5, []int{n, n, n})
	f("newest", 2, []int{0, n, n}, months[0])
	f("oldest", 3, []int{n, n, 0}, months[2])
	f("two", 2, []int{0, n, 0}, months[0], months[2])
	f("all", 2, []int{0, 0, 0}, months...)
	f("one unclean end does not read all", 1, nil, months[1])
}

// TestProbeFindsPanic: what no check of ours foresees is found by a child that dies: here a directory in place of a file.
func TestProbeFindsPanic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	months := fillMonths(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "raw", "data", "big", months[1], "txn"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	uncleanEnd(t, dir, 1)
	db, log := openExamined(t, dir)
	wantQuarantined(t, db, "raw", months[1])
	if got := served(t, db); fmt.Sprint(got) != fmt.Sprint([]int{monthSeries, 0, monthSeries}) {
		t.Errorf("served %v; log: %s", got, log)
	}
}

// TestNoVerdict: a child that is killed, hangs, cannot be started or fails whatever is hidden makes nobody guilty.
func TestNoVerdict(t *testing.T) {
	t.Parallel()
	source := t.TempDir()
	fillMonths(t, source)
	f := func(name string, command ...string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
				t.Fatal(err)
			}
			uncleanEnd(t, dir, 1)
			var log bytes.Buffer
			db := openDB(t, dir, tsdb.Options{Retention: keepLong, Probe: command, Log: slog.New(slog.NewTextHandler(&log, nil))})
			wantQuarantined(t, db, "")
			if got := served(t, db); fmt.Sprint(got) != fmt.Sprint([]int{monthSeries, monthSeries, monthSeries}) {
				t.Errorf("served %v", got)
			}
			if !strings.Contains(log.String(), "look closer") {
				t.Errorf("log: %s", &log)
			}
		})
	}
	f("killed", "/bin/sh", "-c", "kill -9 $$")
	f("no such program", "/nowhere/panel")
	f("fails always", "/bin/sh", "-c", "echo 'panic: no' >&2; exit 2")
	f("full disk", "/bin/sh", "-c", "echo 'FATAL: cannot write: no space left on device' >&2; exit 2")
}

// TestQuarantineIsAtomic: a process that dies while it moves a month leaves it in its place for the next start.
func TestQuarantineIsAtomic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	months := fillMonths(t, dir)
	moving := filepath.Join(dir, "quarantine", "raw", months[1]+"-20261126T000000.000.moving")
	if err := os.MkdirAll(moving, 0o700); err != nil {
		t.Fatal(err)
	}
	note, err := json.Marshal(tsdb.Quarantined{Tier: "raw", Partition: months[1], Reason: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(moving, "reason.json"), note, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "raw", "data", "small", months[1]), filepath.Join(moving, "small")); err != nil {
		t.Fatal(err)
	}
	db, _ := openExamined(t, dir)
	wantQuarantined(t, db, "")
	if got := served(t, db); fmt.Sprint(got) != fmt.Sprint([]int{monthSeries, monthSeries, monthSeries}) {
		t.Errorf("served %v", got)
	}
	if _, err := os.Stat(moving); !os.IsNotExist(err) {
		t.Errorf("the unfinished move is left: %v", err)
	}
}

// TestRunningFile: a clean end leaves no trace, a running process does.
func TestRunningFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "running")
	f := func(want string) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil || strings.TrimSpace(string(b)) != want {
			t.Errorf("running file %q, want %q: %v", b, want, err)
		}
	}
	db := openDB(t, dir, tsdb.Options{})
	f("1")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("after a clean end: %v", err)
	}
	uncleanEnd(t, dir, 4)
	openDB(t, dir, tsdb.Options{})
	f("5")
}
