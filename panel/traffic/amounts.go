package traffic

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"monitoring/storage"
)

// kind is what is counted: interfaces by node_exporter's counters, or ports by the agent's.
type kind struct {
	label  string    // that tells one from another
	series [2]string // counters of received and of sent bytes, as %s of the selector's other labels
}

var (
	byInterface = kind{"device", [2]string{`node_network_receive_bytes_total{%s}`, `node_network_transmit_bytes_total{%s}`}}
	byPort      = kind{"port", [2]string{`agent_port_bytes_total{%s,direction="rx"}`, `agent_port_bytes_total{%s,direction="tx"}`}}
)

// amounts are the received and the sent bytes of each bucket; NaN where nothing is known.
type amounts [2][]float64

func newAmounts(n int) *amounts {
	a := &amounts{make([]float64, n), make([]float64, n)}
	for _, side := range a {
		for i := range side {
			side[i] = math.NaN()
		}
	}
	return a
}

// add adds the buckets of b; what is not known of one does not hide the other.
func (a *amounts) add(b *amounts) {
	for side := range a {
		for i, v := range b[side] {
			switch {
			case math.IsNaN(v):
			case math.IsNaN(a[side][i]):
				a[side][i] = v
			default:
				a[side][i] += v
			}
		}
	}
}

// total is what is known over all buckets.
func (a *amounts) total() (rx, tx float64) {
	var sum [2]float64
	for side := range a {
		for _, v := range a[side] {
			if !math.IsNaN(v) {
				sum[side] += v
			}
		}
	}
	return sum[0], sum[1]
}

// amounts asks for the buckets of a server's interfaces or ports, by name; only is the one that is wanted, "" is all.
// Complete buckets of one length are one range query, which the tiers of the database serve; others are asked for one
// by one, and so is the last one, which is not over: it ends with the last sample, for PromQL would extrapolate from
// there to now.
func (s *Service) amounts(ctx context.Context, id int64, k kind, only string, u unit, buckets []bucket) (map[string]*amounts, error) {
	out := map[string]*amounts{}
	buckets = slices.Clone(buckets)
	current := &buckets[len(buckets)-1]
	if last, err := s.lastSample(ctx, id, current.end); err != nil {
		return nil, err
	} else if last.After(current.start) {
		current.end = last
	}
	labels := fmt.Sprintf(`server="%d"`, id)
	if only != "" {
		labels += fmt.Sprintf(`,%s=%s`, k.label, strconv.Quote(only))
	}
	put := func(series []storage.Series, side int, place func(ms int64) int) {
		for _, x := range series {
			name := x.Get(k.label)
			if out[name] == nil {
				out[name] = newAmounts(len(buckets))
			}
			for _, p := range x.Points {
				if i := place(p.Time); i >= 0 && i < len(buckets) {
					out[name][side][i] = p.Value
				}
			}
		}
	}
	for side, format := range k.series {
		increase := func(length time.Duration) string {
			return fmt.Sprintf(`sum by (%s) (increase(%s[%s]))`, k.label, fmt.Sprintf(format, labels), seconds(length))
		}
		single := buckets
		if n := len(buckets) - 1; u.step > 0 && n > 0 {
			first := buckets[0].end
			series, err := s.queryRange(ctx, increase(u.step), first, buckets[n-1].end, u.step)
			if err != nil {
				return nil, err
			}
			put(series, side, func(ms int64) int { return int((ms - first.UnixMilli()) / u.step.Milliseconds()) })
			single = buckets[n:]
		}
		for i, b := range single {
			if b.length() < time.Second {
				continue // it has just begun
			}
			series, err := s.query(ctx, increase(b.length()), b.end)
			if err != nil {
				return nil, err
			}
			put(series, side, func(int64) int { return len(buckets) - len(single) + i })
		}
	}
	return out, nil
}

// lastSample is when a server's counters were last read before at, zero if that was long ago.
func (s *Service) lastSample(ctx context.Context, id int64, at time.Time) (time.Time, error) {
	series, err := s.query(ctx, fmt.Sprintf(`max(timestamp(node_network_receive_bytes_total{server="%d"}))`, id), at)
	if err != nil || len(series) == 0 || len(series[0].Points) == 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(int64(math.Round(series[0].Points[0].Value * 1000))), nil
}

// counted tells which interfaces make up a server's total. Bridges, tunnels and containers' cables carry bytes that a
// card counts as well.
func (s *Service) counted(ctx context.Context, id int64, window time.Duration) (map[string]bool, error) {
	expr := fmt.Sprintf(`max by (device) (max_over_time(agent_network_counted{server="%d"}[%s]))`, id, seconds(window))
	series, err := s.query(ctx, expr, s.now())
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, x := range series {
		if len(x.Points) > 0 && x.Points[0].Value > 0 {
			out[x.Get("device")] = true
		}
	}
	return out, nil
}

// seconds writes a duration as PromQL does, whole seconds.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64(max(d, time.Second)/time.Second), 10) + "s"
}

func (s *Service) query(ctx context.Context, expr string, at time.Time) ([]storage.Series, error) {
	return s.limited(ctx, expr, func() ([]storage.Series, error) { return s.db.Query(ctx, expr, at) })
}

func (s *Service) queryRange(ctx context.Context, expr string, from, to time.Time, step time.Duration) ([]storage.Series, error) {
	return s.limited(ctx, expr, func() ([]storage.Series, error) { return s.db.QueryRange(ctx, expr, from, to, step) })
}

// limited runs a query when a slot is free.
func (s *Service) limited(ctx context.Context, expr string, run func() ([]storage.Series, error)) ([]storage.Series, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	series, err := run()
	if err != nil {
		return nil, fmt.Errorf("query %s: %w", expr, err)
	}
	return series, nil
}
