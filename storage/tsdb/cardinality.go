package tsdb

import (
	"context"
	"time"
)

// Cardinality says what makes series: the index of the raw samples of one day of UTC.
type Cardinality struct {
	Series     uint64
	LabelPairs uint64 // distinct ones
	// The greatest of each, descending.
	SeriesByMetric, ValuesByLabel, SeriesByPair []Count // a pair is written name=value
}

// Count is how often a name occurs.
type Count struct {
	Name  string
	Value uint64
}

// Cardinality counts the series of a day and names the most frequent metrics, labels and pairs, at most most of each.
func (db *DB) Cardinality(ctx context.Context, day time.Time, most int) (Cardinality, error) {
	if err := db.enter(); err != nil {
		return Cardinality{}, err
	}
	defer db.calls.Done()
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	if err := db.gates.clients.enter(ctx); err != nil {
		return Cardinality{}, queueError(err)
	}
	defer db.gates.clients.leave()
	return db.raw.cardinality(ctx, day, most)
}
