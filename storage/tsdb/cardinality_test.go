package tsdb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	promstorage "github.com/prometheus/prometheus/storage"

	"monitoring/storage"
	"monitoring/storage/storagetest"
	"monitoring/storage/tsdb"
)

func TestCardinality(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	day := hourStart.UTC().Truncate(24 * time.Hour)
	at := day.Add(time.Minute).UnixMilli()
	var samples []storage.Sample
	for i := range 12 {
		samples = append(samples, sample(fmt.Sprintf(`many{n="%d",server="%d"}`, i, i%3), at, 1))
	}
	samples = append(samples, sample(`up{server="1"}`, at, 1), sample(`up{server="1"}`, at+1000, 1), sample(`yesterday{server="9"}`, at-24*3_600_000, 1))
	appendNow(t, db, samples...)
	got, err := db.Cardinality(t.Context(), day.Add(time.Hour), 2)
	want := tsdb.Cardinality{
		Series: 13, LabelPairs: 2 + 12 + 3,
		SeriesByMetric: []tsdb.Count{{Name: "many", Value: 12}, {Name: "up", Value: 1}},
		ValuesByLabel:  []tsdb.Count{{Name: "n", Value: 12}, {Name: "server", Value: 3}},
		SeriesByPair:   []tsdb.Count{{Name: "__name__=many", Value: 12}, {Name: "server=1", Value: 5}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if got, err := db.Cardinality(t.Context(), day.Add(-10*24*time.Hour), 2); err != nil || got.Series != 0 {
		t.Errorf("a day without samples: %+v, %v", got, err)
	}
}

// What Read is given is bounded like a query, and its error comes back as it is.
func TestRead(t *testing.T) {
	t.Parallel()
	db := storagetest.TSDB(t)
	mine := errors.New("mine")
	err := db.Read(t.Context(), hourStart, hourStart, func(ctx context.Context, q promstorage.Querier) error {
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > time.Minute || q == nil {
			t.Errorf("deadline %s, reader %v", deadline, q)
		}
		return mine
	})
	if !errors.Is(err, mine) {
		t.Errorf("got %v", err)
	}
}
