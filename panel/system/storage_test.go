package system

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/tsdb"
)

func TestStorage(t *testing.T) {
	t.Parallel()
	s, url := start(t, nil)
	at := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	if err := s.o.TSDB.Append([]storage.Sample{{Labels: []storage.Label{{Name: "__name__", Value: "m"}}, Time: at.UnixMilli(), Value: 1}}); err != nil {
		t.Fatal(err)
	}
	got := get[StorageResponse](t, url+"/storage")
	var names []string
	for _, tier := range got.Tiers {
		names = append(names, tier.Name)
		if tier.Bytes == 0 || tier.RetentionDays < 365 {
			t.Errorf("tier %+v", tier)
		}
	}
	if strings.Join(names, " ") != "raw 5m 1h" || got.Tiers[1].ResolutionSeconds != 300 || got.Tiers[2].ResolutionSeconds != 3600 {
		t.Errorf("tiers %+v", got.Tiers)
	}
	if got.TotalBytes == 0 || got.FreeBytes == 0 || got.ReadOnly || got.BudgetBytes != 0 || got.Quarantined == nil || len(got.Quarantined) != 0 {
		t.Errorf("%+v", got)
	}
}

// A month in quarantine and a full disk are told by both endpoints.
func TestStorageInTrouble(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := tsdb.Open(tsdb.Options{Dir: dir, MemoryBytes: 16 << 20, MinFreePercent: 101})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	q := tsdb.Quarantined{Tier: "5m", Partition: "2026_10", Reason: "values.bin: cut off", Time: time.Date(2026, 11, 1, 2, 3, 4, 0, time.UTC)}
	note, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(dir, "quarantine", "5m", "2026_10-x")
	if err := os.MkdirAll(place, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(place, "reason.json"), note, 0o600); err != nil {
		t.Fatal(err)
	}
	_, url := start(t, func(o *Options) { o.TSDB = db })
	got := get[StorageResponse](t, url+"/storage")
	if !got.ReadOnly || len(got.Quarantined) != 1 || got.Quarantined[0] != q {
		t.Errorf("%+v", got)
	}
	health := get[HealthResponse](t, url+"/health")
	bad := map[string]string{}
	for _, item := range health.Items {
		if !item.OK {
			bad[item.Name] = item.Detail
		}
	}
	if health.OK || len(bad) != 2 || !strings.Contains(bad["disk_free"], "free some space") ||
		!strings.Contains(bad["tsdb_quarantine"], "2026_10 of the tier 5m is damaged") || !strings.Contains(bad["tsdb_quarantine"], "values.bin: cut off") {
		t.Errorf("health: %v", bad)
	}
	if len(health.TSDB.Quarantined) != 1 || health.TSDB.Quarantined[0] != q {
		t.Errorf("health: %+v", health.TSDB)
	}
}
