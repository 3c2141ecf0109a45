package tsdb_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

func TestAppendThenQuery(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	at := time.UnixMilli(1_700_000_000_000)
	e := db.NewExposition(tsdb.ExpositionOptions{Labels: []storage.Label{{Name: "server", Value: "7"}}})
	page := []byte("# TYPE node_load1 gauge\nnode_load1 0.25\nnode_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 12.5\n")
	stats, err := e.Append(page, at)
	if err != nil {
		t.Fatal(err)
	}
	if want := (tsdb.ExpositionStats{Samples: 2, Added: 2}); stats != want {
		t.Errorf("stats = %+v, want %+v", stats, want)
	}
	if err := db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := db.Query(t.Context(), `{server="7"}`, at)
	if err != nil {
		t.Fatal(err)
	}
	want := []storage.Series{
		series(`node_cpu_seconds_total{cpu="0", mode="idle", server="7"}`, point{at.UnixMilli(), 12.5}),
		series(`node_load1{server="7"}`, point{at.UnixMilli(), 0.25}),
	}
	if d := cmp.Diff(want, sortSeries(got)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string][]tsdb.Metadata{"node_load1": {{Type: "gauge"}}}, db.Metadata(context.Background(), "", 0, 0)); d != "" {
		t.Error(d)
	}
}
