package tsdb

import (
	"context"
	"time"

	"monitoring/storage"
)

const (
	rollupBatch = 8_000 // rows
	// A pause after each batch keeps the engine's memory flat: unpaced writes doubled it. It grows with what the batch
	// cost, up to a limit: series that are new to a tier or to a month make much of the index anew.
	rollupPause    = 80 * time.Millisecond
	maxRollupPause = 2 * time.Second
	pausePerCost   = 5
	// earlySeries is how many series of a target are seen before its number of samples is decided.
	earlySeries = 9
)

// rollupWriter writes the rows of one window.
type rollupWriter struct {
	to      *vm
	end     int64 // of the window; the time of all its rows
	batch   *rows
	targets map[string]*targetCount
	rows    int
}

// targetCount finds the number of samples that most series of a target have.
type targetCount struct {
	count float64 // 0: not decided
	early []earlyCount
}

type earlyCount struct {
	name  []byte
	count float64
}

// aggregationSuffix is the label __agg__ with its value, as the engine wants it on insert.
var aggregationSuffix = func() (suffix [aggregations]string) {
	for a, name := range aggregationNames {
		suffix[a] = labelSuffix(aggregateLabel, name)
	}
	return suffix
}()

func labelSuffix(name, value string) string {
	b, _ := appendSeriesName(nil, []storage.Label{{Name: name, Value: value}}, nil)
	return string(b)
}

func newRollupWriter(to *vm, end int64) *rollupWriter {
	return &rollupWriter{to: to, end: end, batch: getRows(), targets: map[string]*targetCount{}}
}

func (w *rollupWriter) row(name []byte, a aggregation, v float64) {
	if !isOrdinaryNaN(v) { // the mean of both infinities
		w.batch.addName(name, aggregationSuffix[a], w.end, v)
	}
}

// add writes what one series did. The name is copied.
func (w *rollupWriter) add(ctx context.Context, name []byte, target string, a *aggregate) error {
	if a.counter {
		w.row(name, aggInc, a.increase())
	} else {
		mean := a.mean()
		w.row(name, aggAvg, mean)
		if a.min != mean {
			w.row(name, aggMin, a.min)
		}
		if a.max != mean {
			w.row(name, aggMax, a.max)
		}
	}
	w.addCount(name, target, a.count)
	if w.batch.len() < rollupBatch {
		return nil
	}
	began := time.Now()
	if err := w.flush(); err != nil {
		return err
	}
	return pause(ctx, min(max(rollupPause, pausePerCost*time.Since(began)), maxRollupPause))
}

func (w *rollupWriter) addCount(name []byte, target string, count float64) {
	if target == "" {
		w.row(name, aggCount, count)
		return
	}
	t := w.targets[target]
	if t == nil {
		t = &targetCount{}
		w.targets[target] = t
	}
	switch {
	case t.count == 0:
		t.early = append(t.early, earlyCount{append([]byte(nil), name...), count})
		if len(t.early) == earlySeries {
			w.decide(t)
		}
	case t.count != count:
		w.row(name, aggCount, count)
	}
}

// decide takes the commonest count of the first series as the target's.
func (w *rollupWriter) decide(t *targetCount) {
	votes := map[float64]int{}
	for _, e := range t.early {
		votes[e.count]++
		if votes[e.count] > votes[t.count] || votes[e.count] == votes[t.count] && e.count > t.count {
			t.count = e.count
		}
	}
	for _, e := range t.early {
		if e.count != t.count {
			w.row(e.name, aggCount, e.count)
		}
	}
	t.early = nil
}

// finish writes the counts of the targets and whatever is left.
func (w *rollupWriter) finish() error {
	suffix := labelSuffix(aggregateLabel, targetSamples)
	for key, t := range w.targets {
		if t.count == 0 {
			w.decide(t)
		}
		name, _ := appendSeriesName(nil, append(targetLabels(key), storage.Label{Name: nameLabel, Value: targetMetric}), nil)
		w.batch.addName(name, suffix, w.end, t.count)
	}
	return w.flush()
}

func (w *rollupWriter) flush() error {
	err := w.to.add(w.batch)
	w.rows += w.batch.len()
	w.batch.reset()
	return err
}

func (w *rollupWriter) close() { putRows(w.batch) }

// pause waits, or less if ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
