package tsdb_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"monitoring/storage"
	"monitoring/storage/tsdb"
)

type point struct {
	at    int64 // Unix milliseconds
	value float64
}

// labelsOf reads name{label="value"}.
func labelsOf(text string) []storage.Label {
	ls, err := parser.NewParser(parser.Options{}).ParseMetric(text)
	if err != nil {
		panic(err)
	}
	var out []storage.Label
	ls.Range(func(l labels.Label) { out = append(out, storage.Label{Name: l.Name, Value: l.Value}) })
	return out
}

func series(text string, points ...point) storage.Series {
	s := storage.Series{Labels: labelsOf(text)}
	for _, p := range points {
		s.Points = append(s.Points, storage.Point{Time: p.at, Value: p.value})
	}
	return s
}

func sample(text string, at int64, value float64) storage.Sample {
	return storage.Sample{Labels: labelsOf(text), Time: at, Value: value}
}

func sortSeries(list []storage.Series) []storage.Series {
	slices.SortFunc(list, func(a, b storage.Series) int {
		return slices.CompareFunc(a.Labels, b.Labels, func(x, y storage.Label) int {
			return strings.Compare(x.Name+"\x00"+x.Value, y.Name+"\x00"+y.Value)
		})
	})
	return list
}

// contextOf is the context of a test, or of a rapid check inside one.
func contextOf(t any) context.Context {
	if t, ok := t.(interface{ Context() context.Context }); ok {
		return t.Context()
	}
	return context.Background()
}

// appendNow stores samples and makes them visible.
func appendNow(t testing.TB, db *tsdb.DB, samples ...storage.Sample) {
	t.Helper()
	if err := db.Append(samples); err != nil {
		t.Fatal(err)
	}
	if err := db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func openDB(t testing.TB, dir string, o tsdb.Options) *tsdb.DB {
	t.Helper()
	o.Dir, o.MemoryBytes = dir, 16<<20
	db, err := tsdb.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() }) // a second Close only says ErrClosed
	return db
}
