package alerts

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/value"

	"monitoring/storage"
)

// alpha weighs a new sample in a baseline: that of a 30-sample exponential moving average.
const alpha = 2.0 / (30 + 1)

// checks is what the checks of the alert settings remember. Only the evaluation of the settings' group uses it; what it
// learns counts once settle has stored it.
type checks struct {
	state map[int64]storage.AlertCheckState
	polls map[int64]polls
}

// polls counts those that have ended since the panel started.
type polls struct{ ok, failed uint64 }

// check is one check of all servers: what settle makes lasting.
type check struct {
	at      time.Time
	state   map[int64]storage.AlertCheckState // with failed checks counted, baselines as before the check
	polls   map[int64]polls
	values  map[string]map[int64]float64 // by trigger, or cores
	samples []storage.Sample
}

func loadChecks(ctx context.Context, o Options) (*checks, error) {
	rows, err := o.Store.AlertChecks(ctx)
	if err != nil {
		return nil, fmt.Errorf("read checks: %w", err)
	}
	c := &checks{state: map[int64]storage.AlertCheckState{}, polls: map[int64]polls{}}
	for _, r := range rows {
		c.state[r.ServerID] = r.State
	}
	return c, nil
}

// check measures every watched server and writes the series that the generated rules read, at the time of their
// evaluation. Nothing is remembered of it until settle.
func (s *Service) check(ctx context.Context, at time.Time) (*check, error) {
	settings := s.Settings()
	c := &check{at: at, state: map[int64]storage.AlertCheckState{}, polls: map[int64]polls{}}
	var err error
	if c.values, err = s.measure(ctx, settings, at); err != nil {
		return nil, err
	}
	for _, srv := range s.o.Fleet.All() {
		ok, failed := s.o.Fleet.Polls(srv.ID)
		c.polls[srv.ID] = polls{ok, failed}
		if srv.IsActive && !slices.Contains(settings.ExcludedServerIDs, srv.ID) {
			c.state[srv.ID] = c.server(settings, srv.ID, s.checks)
		}
	}
	for id, old := range s.checks.state {
		if _, watched := c.state[id]; !watched {
			c.end(id, old)
		}
	}
	if err := s.o.DB.Append(c.samples); err != nil {
		return nil, fmt.Errorf("write checks: %w", err)
	}
	if err := s.o.DB.RunOnce(ctx); err != nil { // the rules must see them
		return nil, err
	}
	return c, nil
}

// measure asks for the values of all triggers that are on: means since the last check, never of one random second.
func (s *Service) measure(ctx context.Context, settings storage.AlertSettings, at time.Time) (map[string]map[int64]float64, error) {
	window := max(time.Duration(settings.CheckInterval)*time.Second, 3*s.o.ScrapeInterval())
	out := map[string]map[int64]float64{}
	ask := func(name, query string) (err error) {
		out[name], err = s.values(ctx, query, window, at)
		return err
	}
	for _, t := range settings.Triggers() {
		if !t.Enabled {
			continue
		}
		if err := ask(t.Name, sources[t.Name].query); err != nil {
			return nil, err
		}
		if t.Name == storage.TriggerLoad {
			if err := ask(coresMetric, coresQuery); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (s *Service) values(ctx context.Context, query string, window time.Duration, at time.Time) (map[int64]float64, error) {
	found, err := s.o.DB.RuleQuery(ctx, inWindow(query, window), at)
	if err != nil {
		return nil, fmt.Errorf("measure: %w", err)
	}
	out := make(map[int64]float64, len(found))
	for _, sample := range found {
		id, err := strconv.ParseInt(sample.Metric.Get("server"), 10, 64)
		if v := sample.F; err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) {
			out[id] = v
		}
	}
	return out, nil
}

func inWindow(query string, window time.Duration) string {
	return strings.ReplaceAll(query, "$w", fmt.Sprintf("%dms", window.Milliseconds()))
}

// server checks one server and returns what is to be remembered of it.
func (c *check) server(settings storage.AlertSettings, id int64, before *checks) storage.AlertCheckState {
	old := before.state[id]
	next := storage.AlertCheckState{Failed: old.Failed, Baselines: maps.Clone(old.Baselines)}
	if next.Baselines == nil {
		next.Baselines = map[string]storage.Baseline{}
	}
	if settings.Offline().Watches(id) {
		next.Failed = failedChecks(old.Failed, before.polls[id], c.polls[id])
		next.Watched = true
		c.add(failedSeries, id, "", float64(next.Failed))
	} else {
		next.Failed = 0
		if old.Watched {
			c.add(failedSeries, id, "", stale)
		}
	}
	for _, t := range settings.Triggers() {
		on := t.Watches(id)
		c.metric(next.Baselines, id, t.Name, on)
		if t.Name == storage.TriggerLoad {
			c.metric(next.Baselines, id, coresMetric, on)
		}
	}
	return next
}

// failedChecks counts on: a check has failed if polls have ended since the one before it and none was answered. One
// without a poll, as after a start, says nothing.
func failedChecks(count int, before, now polls) int {
	switch {
	case now.ok > before.ok:
		return 0
	case now.failed > before.failed:
		return count + 1
	}
	return count
}

// metric writes the series of one metric of a server, or ends them when there is no value or nobody watches it.
func (c *check) metric(baselines map[string]storage.Baseline, id int64, name string, watched bool) {
	b, known := baselines[name]
	v, ok := c.values[name][id]
	switch {
	case watched && ok:
		c.add(valueSeries, id, name, v)
		if name != coresMetric {
			c.add(samplesSeries, id, name, float64(b.Samples+1))
			if b.Samples > 0 {
				c.add(baselineSeries, id, name, b.EMA)
			}
		}
		b.Written = true
		baselines[name] = b
	case known && b.Written:
		c.stop(id, name)
		b.Written = false
		baselines[name] = b
	}
	if !watched {
		delete(baselines, name)
	}
}

// end marks the end of all series of a server that is watched no more.
func (c *check) end(id int64, old storage.AlertCheckState) {
	if old.Watched {
		c.add(failedSeries, id, "", stale)
	}
	for name, b := range old.Baselines {
		if b.Written {
			c.stop(id, name)
		}
	}
}

func (c *check) stop(id int64, name string) {
	for _, series := range []string{valueSeries, baselineSeries, samplesSeries} {
		c.add(series, id, name, stale)
	}
}

var stale = math.Float64frombits(value.StaleNaN)

func (c *check) add(series string, id int64, metric string, v float64) {
	ls := []storage.Label{{Name: "__name__", Value: series}, {Name: "server", Value: strconv.FormatInt(id, 10)}}
	if metric != "" {
		ls = append(ls, storage.Label{Name: "metric", Value: metric})
	}
	c.samples = append(c.samples, storage.Sample{Labels: ls, Time: c.at.UnixMilli(), Value: v})
}

// learn takes this check's values into the baselines, except where a condition holds: what is unusual must not become
// the usual.
func (c *check) learn(holds func(id int64, trigger string) bool) {
	for id, st := range c.state {
		for name, b := range st.Baselines {
			if v, ok := c.values[name][id]; ok && name != coresMetric {
				st.Baselines[name] = learn(b, v, holds(id, name))
			}
		}
	}
}

func learn(b storage.Baseline, v float64, frozen bool) storage.Baseline {
	switch {
	case frozen:
	case b.Samples == 0:
		b.EMA = v
	case b.Samples == 1:
		b.EMA = (b.EMA + v) / 2
	default:
		b.EMA = b.EMA*(1-alpha) + v*alpha
	}
	b.Samples = min(b.Samples+1, math.MaxInt32)
	return b
}

// rows returns what is to be stored.
func (c *check) rows() []storage.AlertChecks {
	out := make([]storage.AlertChecks, 0, len(c.state))
	for _, id := range slices.Sorted(maps.Keys(c.state)) {
		out = append(out, storage.AlertChecks{ServerID: id, State: c.state[id]})
	}
	return out
}

// details are the numbers behind an alert of the settings.
func (c *check) details(settings storage.AlertSettings, id int64, alertname string) storage.AlertDetails {
	name := triggerOf(alertname)
	if name == storage.TriggerOffline {
		n, limit := c.state[id].Failed, settings.Offline().Critical
		return storage.AlertDetails{FailCount: &n, Threshold: &limit}
	}
	var d storage.AlertDetails
	v, ok := c.values[name][id]
	if !ok {
		return d
	}
	d.Current = &v
	if b := c.state[id].Baselines[name]; b.Samples > 0 && name != storage.TriggerLoad && name != storage.TriggerConntrack {
		ema := b.EMA
		d.EMA = &ema
		deviation := 100.0
		if ema != 0 {
			deviation = (v - ema) / ema * 100
		}
		d.DeviationPct = &deviation
	}
	for _, t := range settings.Triggers() {
		if t.Name == name {
			d.Threshold = threshold(t, alertname, d.EMA, c.values[coresMetric][id])
		}
	}
	return d
}

// threshold is the value at which an alert begins.
func threshold(t storage.Trigger, alertname string, ema *float64, cores float64) *float64 {
	var v float64
	switch {
	case t.Name == storage.TriggerLoad:
		v = cores + t.Above
	case strings.HasSuffix(alertname, "_spike") && ema != nil:
		v = max(*ema*(1+t.Spike/100), t.Floor)
	case strings.HasSuffix(alertname, "_drop") && ema != nil:
		v = *ema * (1 - t.Drop/100)
	default:
		v = t.Critical
	}
	return &v
}
