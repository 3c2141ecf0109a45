package tsdb

import (
	"context"
	"strings"
)

// everything is a limit that no search of a rollup reaches.
const everything = 1 << 26

// rollWindow writes the rollups of the window that ends at end and returns how many rows it wrote. Writing a window again
// is harmless: readers take one row per timestamp.
func (j *rollupJob) rollWindow(ctx context.Context, end int64) (int, error) {
	w := newRollupWriter(j.to.vm, end)
	defer w.close()
	start := end - j.to.resolution.Milliseconds()
	roll := j.rollRollups
	if j.from.resolution == 0 {
		roll = j.rollSamples
	}
	if err := roll(ctx, w, start, end); err != nil {
		return 0, err
	}
	err := w.finish()
	return w.rows, err
}

// rollSamples aggregates samples as scraped. What a counter gained since the last sample before the window belongs to the
// window, however long the gap is: sums of rollups lose nothing.
func (j *rollupJob) rollSamples(ctx context.Context, w *rollupWriter, start, end int64) error {
	since := min(start, j.last) - j.to.resolution.Milliseconds() // as far as the last window that had samples
	since = max(since, start-gapLimit.Milliseconds())
	f, err := newFilters(nil)
	if err != nil {
		return err
	}
	found, err := j.from.vm.search(ctx, f, since+1, end, everything)
	defer found.close()
	if err != nil {
		return err
	}
	returned := returnedCounters{}
	var s samples
	err = eachMetric(found, func(g *metricGroup) error {
		if j.exclude.match(g.metric) {
			return nil
		}
		counter := isCounter(g.metric, j.kind(g.metric))
		for i := range g.series {
			one := &g.series[i]
			if err := g.blocks.read(one.chains[aggAvg], since+1, end, &s); err != nil {
				return err
			}
			a := aggregate{counter: counter}
			continued := a.addSamples(s.ts, s.vs, start)
			if a.count == 0 {
				continue
			}
			if counter && !continued {
				returned.add(one, g.insertName(one), a)
				continue
			}
			if err := w.add(ctx, g.insertName(one), one.target, &a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return j.rollReturned(ctx, w, returned, max(start-gapLimit.Milliseconds(), j.from.oldest(j.now())), since)
}

// returnedCounters are counters that had no sample just before the window, by target and name: new ones, and those that
// come back after a gap.
type returnedCounters map[string]map[string]*returnedCounter

type returnedCounter struct {
	name []byte // for insert
	aggregate
}

func (r returnedCounters) add(s *groupSeries, name []byte, a aggregate) {
	if r[s.target] == nil {
		r[s.target] = map[string]*returnedCounter{}
	}
	r[s.target][s.found] = &returnedCounter{append([]byte(nil), name...), a}
}

// rollReturned looks further back, at [mint, maxt], for where the counters stood.
func (j *rollupJob) rollReturned(ctx context.Context, w *rollupWriter, returned returnedCounters, mint, maxt int64) error {
	for target, counters := range returned {
		if err := j.findBefore(ctx, target, counters, mint, maxt); err != nil {
			return err
		}
		for _, c := range counters {
			if err := w.add(ctx, c.name, target, &c.aggregate); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *rollupJob) findBefore(ctx context.Context, target string, counters map[string]*returnedCounter, mint, maxt int64) error {
	if maxt <= mint {
		return nil
	}
	terms := []term{{label: "job"}, {label: "instance"}, {label: "server"}} // an empty value matches series without the label
	if target != "" {
		for i, l := range targetLabels(target) {
			terms[i].value = l.Value
		}
	}
	f, err := newFilters(terms)
	if err != nil {
		return err
	}
	found, err := j.from.vm.search(ctx, f, mint, maxt, everything)
	defer found.close()
	if err != nil {
		return err
	}
	var s samples
	return eachMetric(found, func(g *metricGroup) error {
		for i := range g.series {
			c := counters[g.series[i].found]
			if c == nil {
				continue
			}
			if err := g.blocks.read(g.series[i].chains[aggAvg], mint, maxt, &s); err != nil {
				return err
			}
			if before, ok := s.last(); ok {
				c.inc += step(before, c.first)
			}
		}
		return nil
	})
}

// rollRollups aggregates rollups of a finer tier.
func (j *rollupJob) rollRollups(ctx context.Context, w *rollupWriter, start, end int64) error {
	counts, err := loadTargetCounts(ctx, j.from.vm, nil, start+1, end)
	if err != nil {
		return err
	}
	f, err := newFilters([]term{{label: aggregateLabel, value: strings.Join(aggregationNames[:], "|"), regexp: true}})
	if err != nil {
		return err
	}
	found, err := j.from.vm.search(ctx, f, start+1, end, everything)
	defer found.close()
	if err != nil {
		return err
	}
	var r rollupReader
	return eachMetric(found, func(g *metricGroup) error {
		if j.exclude.match(g.metric) {
			return nil
		}
		for i := range g.series {
			s := &g.series[i]
			if err := r.read(g.blocks, &s.chains, start+1, end); err != nil {
				return err
			}
			a := r.aggregate(func(t int64) float64 { return counts.at(s.target, t) })
			if a.count == 0 {
				continue
			}
			if err := w.add(ctx, g.insertName(s), s.target, &a); err != nil {
				return err
			}
		}
		return nil
	})
}

// rollupReader decodes the rollups of one series; its buffers are reused.
type rollupReader struct{ lanes [aggregations]lane }

func (r *rollupReader) read(blocks blockList, chains *[aggregations]chain, mint, maxt int64) error {
	for a := range chains {
		r.lanes[a].i = 0
		if err := blocks.read(chains[a], mint, maxt, &r.lanes[a].samples); err != nil {
			return err
		}
	}
	return nil
}

// counter reports whether the series is a counter. Where its type changed the older kind wins: both cannot be joined.
func (r *rollupReader) counter() bool { return len(r.lanes[aggAvg].ts) == 0 }

// count is the number of samples in the window that ends at t, asked in ascending time.
func (r *rollupReader) count(t int64, usual func(int64) float64) float64 {
	if v, ok := r.lanes[aggCount].at(t); ok {
		return v
	}
	return usual(t)
}

// aggregate makes one window of all that was read. usual is the number of samples of the target in the window that ends at t.
func (r *rollupReader) aggregate(usual func(t int64) float64) aggregate {
	a := aggregate{counter: r.counter()}
	if a.counter {
		for i, t := range r.lanes[aggInc].ts {
			a.inc += r.lanes[aggInc].vs[i]
			a.count += r.count(t, usual)
		}
		return a
	}
	for i, t := range r.lanes[aggAvg].ts {
		mean := r.lanes[aggAvg].vs[i]
		a.addGauge(r.count(t, usual), mean, r.lanes[aggMin].atOr(t, mean), r.lanes[aggMax].atOr(t, mean))
	}
	return a
}
