package alerts

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage"
)

const (
	backtestDays    = 7
	backtestTimeout = time.Minute
	maxTimes        = 100 // per server
)

// BacktestRequest asks how often a trigger would have fired. Settings are the stored ones, changed where the body names
// a field.
type BacktestRequest struct {
	Trigger  string                `json:"trigger"` // as the fields of the settings begin: cpu, tcp_closewait, offline
	Settings storage.AlertSettings `json:"settings"`
}

// BacktestResponse says how often it would have fired, and shows the whole fleet against the limit by hours.
type BacktestResponse struct {
	Trigger   string           `json:"trigger"`
	Days      int              `json:"days"`
	Fired     int              `json:"fired"`
	Servers   []BacktestServer `json:"servers"` // those on which it would have fired, the most often first
	Checked   int              `json:"checked"` // servers that were looked at
	Unit      string           `json:"unit"`    // of the hours: %, B/s or empty
	Threshold *float64         `json:"threshold"`
	Hours     []BacktestHour   `json:"hours"`
}

// BacktestServer is one server on which the trigger would have fired.
type BacktestServer struct {
	ServerID   int64       `json:"server_id"`
	ServerName string      `json:"server_name"`
	Fired      int         `json:"fired"`
	Times      []time.Time `json:"times"` // at most 100
}

// BacktestHour is the highest value of any server within an hour; for offline, how many servers did not answer.
type BacktestHour struct {
	Start time.Time `json:"start"`
	Max   *float64  `json:"max"`   // null without data
	Fired int       `json:"fired"` // alerts that would have begun
}

// Backtest replays the last seven days.
func (s *Service) Backtest(ctx context.Context, req BacktestRequest, now time.Time) (BacktestResponse, error) {
	if err := req.Settings.Validate(); err != nil {
		return BacktestResponse{}, err
	}
	t, err := backtestTrigger(req)
	if err != nil {
		return BacktestResponse{}, err
	}
	if !s.backtests.TryLock() {
		return BacktestResponse{}, rest.Fail(http.StatusConflict, "busy", "another back-test is running; try again when it is done")
	}
	defer s.backtests.Unlock()
	ctx, cancel := context.WithTimeout(ctx, backtestTimeout)
	defer cancel()
	step := time.Duration(req.Settings.CheckInterval) * time.Second
	to := now.Truncate(step)
	from := to.Add(-backtestDays * 24 * time.Hour)
	b := newBacktest(t, from, to)
	for _, srv := range s.o.Fleet.Active() {
		if !t.Watches(srv.ID) || slices.Contains(req.Settings.ExcludedServerIDs, srv.ID) {
			continue
		}
		samples, err := s.samplesOf(ctx, t, srv, from, to, step)
		if err != nil {
			return BacktestResponse{}, err
		}
		b.add(srv, samples)
	}
	return b.response(), nil
}

func backtestTrigger(req BacktestRequest) (storage.Trigger, error) {
	for _, t := range append(req.Settings.Triggers(), req.Settings.Offline()) {
		if t.Name == req.Trigger {
			t.Enabled = true
			return t, nil
		}
	}
	return storage.Trigger{}, storage.Invalid("trigger", "name a trigger such as offline, cpu, network or tcp_closewait")
}

// samplesOf asks for the values of one server at every check. One server at a time keeps the memory small and lets
// other queries in between.
func (s *Service) samplesOf(ctx context.Context, t storage.Trigger, srv storage.Server, from, to time.Time, step time.Duration) ([]sample, error) {
	window := max(step, 3*s.o.ScrapeInterval())
	query := `max_over_time(up{job="node"}[$w])`
	if t.Name != storage.TriggerOffline {
		query = sources[t.Name].query
	}
	values, err := s.valuesOf(ctx, query, window, srv, from, to, step)
	if err != nil {
		return nil, err
	}
	var cores map[int64]float64
	if t.Name == storage.TriggerLoad {
		if cores, err = s.valuesOf(ctx, coresQuery, window, srv, from, to, step); err != nil {
			return nil, err
		}
	}
	out := make([]sample, 0, int(to.Sub(from)/step)+1)
	for at := from; !at.After(to); at = at.Add(step) {
		v, ok := values[at.UnixMilli()]
		n, counted := cores[at.UnixMilli()]
		out = append(out, sample{at: at, value: v, cores: n, missing: !ok || cores != nil && !counted})
	}
	return out, nil
}

func (s *Service) valuesOf(ctx context.Context, query string, window time.Duration, srv storage.Server, from, to time.Time, step time.Duration) (map[int64]float64, error) {
	expr, err := ofServer(inWindow(query, window), srv.ID)
	if err != nil {
		return nil, err
	}
	found, err := s.o.DB.QueryRange(ctx, expr, from, to, step)
	if err != nil {
		return nil, fmt.Errorf("ask for the history: %w", err)
	}
	out := map[int64]float64{}
	for _, series := range found {
		for _, p := range series.Points {
			if !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0) {
				out[p.Time] = p.Value
			}
		}
	}
	return out, nil
}

// backtest collects the outcome.
type backtest struct {
	trigger storage.Trigger
	out     BacktestResponse
	from    time.Time
}

func newBacktest(t storage.Trigger, from, to time.Time) *backtest {
	b := &backtest{trigger: t, from: from.Truncate(time.Hour)}
	b.out = BacktestResponse{Trigger: t.Name, Days: backtestDays, Servers: []BacktestServer{}, Unit: sources[t.Name].unit}
	if t.Critical > 0 && t.Name != storage.TriggerOffline {
		b.out.Threshold = &t.Critical
	}
	for at := b.from; at.Before(to); at = at.Add(time.Hour) {
		b.out.Hours = append(b.out.Hours, BacktestHour{Start: at})
	}
	return b
}

func (b *backtest) add(srv storage.Server, samples []sample) {
	b.out.Checked++
	var times []time.Time
	if b.trigger.Name == storage.TriggerOffline {
		times = b.offline(samples)
	} else {
		for _, f := range replay(b.trigger, samples) {
			times = append(times, f.at)
		}
		for _, x := range samples {
			if h := b.hour(x.at); h != nil && !x.missing && (h.Max == nil || x.value > *h.Max) {
				h.Max = &x.value
			}
		}
	}
	if len(times) == 0 {
		return
	}
	slices.SortFunc(times, time.Time.Compare)
	for _, at := range times {
		if h := b.hour(at); h != nil {
			h.Fired++
		}
	}
	b.out.Fired += len(times)
	b.out.Servers = append(b.out.Servers, BacktestServer{srv.ID, srv.Name, len(times), times[:min(len(times), maxTimes)]})
}

// offline counts failed checks; in the hours it counts the servers that failed one.
func (b *backtest) offline(samples []sample) (times []time.Time) {
	failed := 0
	var last *BacktestHour
	for _, x := range samples {
		switch {
		case x.missing: // nobody asked it: not monitored, or the panel was down
			continue
		case x.value > 0:
			failed = 0
			continue
		}
		if failed++; float64(failed) == b.trigger.Critical {
			times = append(times, x.at)
		}
		if h := b.hour(x.at); h != nil && h != last {
			n := 1.0
			if h.Max != nil {
				n += *h.Max
			}
			h.Max, last = &n, h
		}
	}
	return times
}

func (b *backtest) hour(at time.Time) *BacktestHour {
	if i := int(at.Sub(b.from) / time.Hour); i >= 0 && i < len(b.out.Hours) {
		return &b.out.Hours[i]
	}
	return nil
}

func (b *backtest) response() BacktestResponse {
	slices.SortFunc(b.out.Servers, func(x, y BacktestServer) int {
		return cmp.Or(cmp.Compare(y.Fired, x.Fired), cmp.Compare(x.ServerName, y.ServerName))
	})
	return b.out
}
