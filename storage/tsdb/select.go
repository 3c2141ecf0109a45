package tsdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	promstorage "github.com/prometheus/prometheus/storage"

	"monitoring/storage"
)

// A time range of this file counts in whole days of UTC, as the index does; a zero time leaves that end open.

// selectorParser reads series selectors such as up{job="node"}.
type selectorParser struct{ p parser.Parser }

func newSelectorParser() selectorParser {
	return selectorParser{parser.NewParser(parser.Options{})}
}

// parse reads selectors, of which each must have a matcher that refuses the empty string. Errors are *ParseError.
func (s selectorParser) parse(selectors []string) ([][]*labels.Matcher, error) {
	sets, err := s.p.ParseMetricSelectors(selectors)
	if err != nil {
		return nil, &ParseError{err}
	}
	for _, ms := range sets {
		if !slices.ContainsFunc(ms, func(m *labels.Matcher) bool { return m != nil && !m.Matches("") }) {
			return nil, &ParseError{errors.New("match[] must contain at least one non-empty matcher")}
		}
	}
	return sets, nil
}

// Series returns the label sets of all series that match one of the selectors, sorted, each once. Limit 0 means no limit.
func (db *DB) Series(ctx context.Context, matchers []string, from, to time.Time, limit int) ([][]storage.Label, error) {
	sets, err := db.parser.parse(matchers)
	if err != nil {
		return nil, err
	}
	if len(sets) == 0 {
		return nil, &ParseError{errors.New("no match[] parameter provided")}
	}
	var found []labels.Labels
	err = db.withQueriers(ctx, from, to, func(ctx context.Context, q *querier) error {
		for _, ms := range sets {
			ms, possible := q.withoutAggregate(ms)
			if !possible {
				continue
			}
			terms, rest := split(ms)
			f, err := newFilters(terms)
			if err != nil {
				return err
			}
			if err := q.eachLabels(ctx, f, rest, func(ls labels.Labels) { found = append(found, ls) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, labels.Compare)
	found = slices.CompactFunc(found, labels.Equal)
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	out := make([][]storage.Label, len(found))
	for i, ls := range found {
		out[i] = labelList(ls)
	}
	return out, nil
}

// LabelNames returns the sorted label names of the series that match one of the selectors, of all series without selectors.
func (db *DB) LabelNames(ctx context.Context, matchers []string, from, to time.Time, limit int) ([]string, error) {
	return db.labelSearch(ctx, matchers, from, to, limit, func(ctx context.Context, q *querier, ms []*labels.Matcher) ([]string, error) {
		names, _, err := q.LabelNames(ctx, &promstorage.LabelHints{Limit: limit}, ms...)
		return names, err
	})
}

// LabelValues returns the sorted values of one label of the series that match one of the selectors, of all series without selectors.
func (db *DB) LabelValues(ctx context.Context, name string, matchers []string, from, to time.Time, limit int) ([]string, error) {
	return db.labelSearch(ctx, matchers, from, to, limit, func(ctx context.Context, q *querier, ms []*labels.Matcher) ([]string, error) {
		values, _, err := q.LabelValues(ctx, name, &promstorage.LabelHints{Limit: limit}, ms...)
		return values, err
	})
}

func (db *DB) labelSearch(ctx context.Context, matchers []string, from, to time.Time, limit int,
	search func(context.Context, *querier, []*labels.Matcher) ([]string, error)) ([]string, error) {
	sets, err := db.parser.parse(matchers)
	if err != nil {
		return nil, err
	}
	if len(sets) == 0 {
		sets = [][]*labels.Matcher{nil}
	}
	var found []string
	err = db.withQueriers(ctx, from, to, func(ctx context.Context, q *querier) error {
		for _, ms := range sets {
			part, err := search(ctx, q, ms)
			if err != nil {
				return err
			}
			found = append(found, part...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if limit > 0 && len(found) > limit {
		found = found[:limit]
	}
	return found, nil
}

// DeleteSeries hides all series that match one of the selectors, with all their samples, and returns how many there were.
// Disk space comes back when the engine merges its files.
func (db *DB) DeleteSeries(ctx context.Context, matchers []string) (int, error) {
	sets, err := db.parser.parse(matchers)
	if err != nil {
		return 0, err
	}
	if err := db.enter(); err != nil {
		return 0, err
	}
	defer db.calls.Done()
	list := make([]filters, len(sets))
	for i, ms := range sets {
		terms, rest := split(ms)
		if len(rest) > 0 {
			return 0, &ParseError{fmt.Errorf("cannot delete by %s: use =, != or a regular expression that is a list of literals", rest[0])}
		}
		if list[i], err = newFilters(terms); err != nil {
			return 0, err
		}
	}
	for _, t := range db.tiers {
		t.vm.flush() // the engine deletes only what a search sees
	}
	gone, err := db.Series(ctx, matchers, time.Time{}, time.Time{}, 0)
	if err != nil {
		return 0, err
	}
	for _, t := range db.tiers {
		for _, f := range list {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			if err := t.vm.deleteSeries(f, math.MaxInt32); err != nil {
				return 0, err
			}
		}
	}
	return len(gone), nil
}

// Read calls f with a reader of one tier, under the limits of a query: samples as scraped when from is not older than
// they are, else the means of the finest tier that is old enough, up to its newest finished window. What f selects is not
// to be used after it has returned.
func (db *DB) Read(ctx context.Context, from, to time.Time, f func(context.Context, promstorage.Querier) error) error {
	return db.underLimits(ctx, func(ctx context.Context) error {
		best := db.tiers[0]
		for _, t := range db.tiers {
			if best.oldest(time.Now()) <= from.UnixMilli() {
				break
			}
			if t.ready() && t.oldest(time.Now()) < best.oldest(time.Now()) {
				best = t
			}
		}
		return best.read(from.UnixMilli(), to.UnixMilli(), func(q *querier) error { return f(ctx, q) })
	})
}

// withQueriers calls f with a reader of each tier that has something of the range that no finer tier has, under the same
// limits as a query.
func (db *DB) withQueriers(ctx context.Context, from, to time.Time, f func(context.Context, *querier) error) error {
	mint, maxt := int64(0), maxTime
	if !from.IsZero() {
		mint = from.UnixMilli()
	}
	if !to.IsZero() {
		maxt = to.UnixMilli()
	}
	return db.underLimits(ctx, func(ctx context.Context) error {
		now := time.Now()
		for i, t := range db.tiers {
			if i > 0 && mint >= db.tiers[i-1].oldest(now) {
				break
			}
			if maxt < t.oldest(now) || !t.ready() {
				continue
			}
			if err := t.read(mint, maxt, func(q *querier) error { return f(ctx, q) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// underLimits calls f when a place for a query is free.
func (db *DB) underLimits(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	if err := db.enter(); err != nil {
		return err
	}
	defer db.calls.Done()
	if err := db.gates.clients.enter(ctx); err != nil {
		return queueError(err)
	}
	defer db.gates.clients.leave()
	return f(ctx)
}

// read calls f with a reader of the tier.
func (t *tier) read(mint, maxt int64, f func(*querier) error) error {
	q, err := t.queryable.Querier(mint, maxt)
	if err != nil {
		return err
	}
	defer q.Close()
	return f(q.(*querier))
}
