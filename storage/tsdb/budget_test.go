package tsdb_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/tsdb"
)

// months lists what is on disk as tier/month, for months with samples.
func monthsOnDisk(t *testing.T, dir string) string {
	t.Helper()
	var found []string
	for _, tier := range []string{"raw", "5m", "1h"} {
		list, err := filepath.Glob(filepath.Join(dir, tier, "data", "small", "2*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range list {
			if parts, _ := filepath.Glob(filepath.Join(dir, tier, "data", "[sb]*", filepath.Base(path), "*", "values.bin")); len(parts) > 0 {
				found = append(found, tier+"/"+filepath.Base(path))
			}
		}
	}
	return strings.Join(found, " ")
}

// TestBudget removes months while the database is in use, the finest tier first and its oldest month first.
func TestBudget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	m := fillMonths(t, dir) // newest first
	var log bytes.Buffer
	db := openDB(t, dir, tsdb.Options{Retention: keepLong, MaxBytes: 1 << 40, Log: slog.New(slog.NewTextHandler(&log, nil))})
	newest := threeMonths()[0]
	now := time.Date(newest.Year(), newest.Month(), 2, 1, 0, 0, 0, time.UTC) // the month before ended 25 hours ago
	all := fmt.Sprintf("raw/%[3]s raw/%[2]s raw/%[1]s 5m/%[3]s 5m/%[2]s 5m/%[1]s 1h/%[3]s 1h/%[2]s 1h/%[1]s", m[0], m[1], m[2])

	f := func(budget uint64, at time.Time, want string) {
		t.Helper()
		db.SetBudget(budget)
		if err := db.EnforceBudget(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if got := monthsOnDisk(t, dir); got != want {
			t.Errorf("budget %d: left %s, want %s", budget, got, want)
		}
	}
	// less is a budget that a database keeps without half a partition.
	less := func(partition string) uint64 {
		t.Helper()
		half := treeBytes(t, filepath.Join(dir, "raw", "data", "*", partition)) / 2
		return treeBytes(t, filepath.Join(dir, "*", "data")) - half
	}
	f(1<<40, now, all)
	f(1, now.Add(-48*time.Hour).AddDate(0, -2, 0), all) // nothing is old enough
	left := strings.TrimPrefix(all, "raw/"+m[2]+" ")
	f(less(m[2]), now, left)
	if got := served(t, db); got[0] != monthSeries || got[1] != monthSeries {
		t.Errorf("served %v after the oldest month went", got)
	}
	left = strings.TrimPrefix(left, "raw/"+m[1]+" ")
	f(less(m[1]), now, left)
	ctx, stop := context.WithCancel(t.Context())
	var users sync.WaitGroup
	defer users.Wait()
	defer stop()
	for i := range 3 {
		users.Go(func() { useUntil(ctx, t, db, i) })
	}
	f(1, now, fmt.Sprintf("raw/%[1]s 5m/%[1]s 1h/%[1]s", m[0]))
	stop()
	users.Wait()

	disk, err := db.Disk()
	if err != nil || !disk.OverBudget || disk.BudgetBytes != 1 {
		t.Errorf("after all that may go is gone: %+v, %v", disk, err)
	}
	if n := strings.Count(log.String(), "removed a month of metrics"); n != 6 {
		t.Errorf("%d months were told of: %s", n, &log)
	}
	if n := strings.Count(log.String(), "no month is left"); n != 2 { // the first time nothing was old enough
		t.Errorf("told %d times that it is over its budget", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	// A process that died while it removed a month: the next finishes it.
	if err := os.MkdirAll(filepath.Join(dir, "removing", "raw-2020_01", "small"), 0o700); err != nil {
		t.Fatal(err)
	}
	db = openDB(t, dir, tsdb.Options{Retention: keepLong, MaxBytes: 1 << 40})
	if got := served(t, db); got[0] != monthSeries {
		t.Errorf("served %v after a restart", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "removing")); !os.IsNotExist(err) {
		t.Errorf("the removed month is left behind: %v", err)
	}
}

// useUntil appends and queries; no call may fail, and none may wait for long.
func useUntil(ctx context.Context, t *testing.T, db *tsdb.DB, i int) {
	for n := 0; ctx.Err() == nil; n++ {
		if err := db.Append([]storage.Sample{sample(fmt.Sprintf(`busy{i="%d"}`, i), time.Now().UnixMilli(), float64(n))}); err != nil {
			t.Errorf("append: %v", err)
			return
		}
		if _, err := db.Query(ctx, "sum(busy) + count(m)", time.Now()); err != nil && ctx.Err() == nil {
			t.Errorf("query: %v", err)
			return
		}
		if _, err := db.LabelValues(ctx, "i", nil, time.Time{}, time.Time{}, 0); err != nil && ctx.Err() == nil {
			t.Errorf("label values: %v", err)
			return
		}
	}
}

// treeBytes adds up the files below all directories that match.
func treeBytes(t *testing.T, pattern string) uint64 {
	t.Helper()
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var total uint64
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				if info, err := d.Info(); err == nil {
					total += uint64(info.Size())
				}
			}
			return nil // merged away meanwhile
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return total
}
