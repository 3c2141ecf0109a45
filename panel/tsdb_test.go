package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"monitoring/panel/system"
	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

func TestProbeCommand(t *testing.T) {
	t.Parallel()
	f := func(want string, args ...string) {
		t.Helper()
		err := run(t.Context(), program{args: append([]string{"tsdb"}, args...), getenv: func(string) string { return "" }, stdout: io.Discard, stderr: io.Discard})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", args, err, want)
		}
	}
	f("give panel tsdb probe")
	f("give panel tsdb probe", "probe")
	f("give panel tsdb probe", "mend", "x")
	f("give panel tsdb probe", "probe", "-shallow", "x")
	f("is no directory", "probe", filepath.Join(t.TempDir(), "gone"))
}

// A panel that died twice finds with its own command the month of which it died, starts without it, and says so.
func TestDamagedMonth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	month := damagedTSDB(t, filepath.Join(dir, "tsdb"))
	p := startPanelIn(t, dir, map[string]string{"POSTGRES_DSN": storagetest.PostgresDSN(t), "PANEL_RETENTION_RAW_DAYS": "100"}).login(t)
	var st system.StorageResponse
	p.must(t, "GET", "/api/system/storage", nil, &st)
	if len(st.Quarantined) != 1 || st.Quarantined[0].Partition != month || st.Quarantined[0].Tier != "raw" {
		t.Errorf("quarantined %+v, want %s of raw", st.Quarantined, month)
	}
	var health system.HealthResponse
	p.must(t, "GET", "/api/system/health", nil, &health)
	if health.OK || len(health.TSDB.Quarantined) != 1 {
		t.Errorf("health %+v", health)
	}
}

// damagedTSDB makes a database with a block that cannot be decoded, as two processes that died would leave it.
func damagedTSDB(t *testing.T, dir string) (month string) {
	t.Helper()
	db, err := tsdb.Open(tsdb.Options{Dir: dir, MemoryBytes: 16 << 20, Retention: tsdb.Retention{Raw: 100 * 24 * time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().AddDate(0, 0, -40)
	var samples []storage.Sample
	for i := range 1000 {
		samples = append(samples, storage.Sample{Labels: []storage.Label{{Name: "__name__", Value: "m"}}, Time: at.UnixMilli() + int64(i*1000), Value: float64(i * i % 977)})
	}
	if err := db.Append(samples); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "raw", "data", "*", at.Format("2006_01"), "*", "values.bin"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no part in %s: %v", at.Format("2006_01"), err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Repeat("\xff", int(info.Size()))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "running"), fmt.Append(nil, 2), 0o600); err != nil {
		t.Fatal(err)
	}
	return at.Format("2006_01")
}
