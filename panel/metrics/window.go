package metrics

import (
	"net/http"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage"
)

// period is one of the spans the UI offers, with the width of its points.
type period struct {
	name     string
	length   time.Duration
	step     time.Duration
	maxCount int // most points of a history answer; those of the step always fit
}

var periods = []period{
	{"1h", time.Hour, 10 * time.Second, 800},
	{"24h", 24 * time.Hour, time.Minute, 1500},
	{"7d", 7 * 24 * time.Hour, 20 * time.Minute, 504},
	{"30d", 30 * 24 * time.Hour, time.Hour, 720},
	{"365d", 365 * 24 * time.Hour, 12 * time.Hour, 730},
}

// longest is how far back a free range may reach: no sample is kept for longer than two years.
const longest = 2 * 366 * 24 * time.Hour

// span is what a request asks for: one of the periods up to now, or a free range, for which period.name is empty.
type span struct {
	period
	from, to time.Time
}

// parseSpan reads period, from_time and to_time.
func parseSpan(r *http.Request, now time.Time) (span, error) {
	q := r.URL.Query()
	s := span{period: periods[0]}
	if name := q.Get("period"); name != "" {
		i := 0
		for i < len(periods) && periods[i].name != name {
			i++
		}
		if i == len(periods) {
			return s, storage.Invalid("period", "period must be one of 1h, 24h, 7d, 30d, 365d")
		}
		s.period = periods[i]
	}
	s.from, s.to = now.Add(-s.length), now
	if q.Get("from_time") == "" && q.Get("to_time") == "" {
		return s, nil
	}
	return s.free(q.Get("from_time"), q.Get("to_time"), now)
}

// free replaces the ends of the span; an end that is missing is the period's length away from the other, or now.
func (s span) free(from, to string, now time.Time) (span, error) {
	var err error
	if to != "" {
		if s.to, err = parseTime("to_time", to); err != nil {
			return s, err
		}
	}
	s.from = s.to.Add(-s.length)
	if from != "" {
		if s.from, err = parseTime("from_time", from); err != nil {
			return s, err
		}
	}
	if s.to.After(now) {
		s.to = now
	}
	switch length := s.to.Sub(s.from); {
	case !s.from.Before(s.to):
		return s, storage.Invalid("from_time", "from_time must be before to_time and not in the future")
	case length > longest:
		return s, storage.Invalid("from_time", "the range must be at most two years")
	}
	s.period = period{length: s.to.Sub(s.from)}
	return s, nil
}

// parseTime reads ISO 8601; a time without a zone is UTC.
func parseTime(field, text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, storage.Invalid(field, "%s must be an ISO 8601 time such as 2026-11-23T12:00:00Z", field)
}

// window is a span cut into points. A point at t stands for (t-step, t]; every t is a multiple of step, so that the
// points of two requests, and of a chart that moves on, fall on the same times.
type window struct {
	from, to time.Time
	step     time.Duration
}

// cut makes the window of a span with points of a given width.
func cut(from, to time.Time, step time.Duration) window {
	w := window{floor(from, step), floor(to, step), step}
	if !w.from.Before(w.to) {
		w.from = w.to.Add(-step)
	}
	return w
}

func floor(t time.Time, step time.Duration) time.Time {
	ms := t.UnixMilli()
	return time.UnixMilli(ms - mod(ms, step.Milliseconds())).UTC()
}

func mod(a, b int64) int64 { return (a%b + b) % b }

// first is the time of the first point.
func (w window) first() time.Time { return w.from.Add(w.step) }

// count is the number of points.
func (w window) count() int { return int(w.to.Sub(w.from) / w.step) }

// times lists the points in Unix milliseconds.
func (w window) times() []int64 {
	out := make([]int64, w.count())
	for i := range out {
		out[i] = w.first().UnixMilli() + int64(i)*w.step.Milliseconds()
	}
	return out
}

// index returns the place of a time among the points, and whether it has one.
func (w window) index(ms int64) (int, bool) {
	off := ms - w.first().UnixMilli()
	step := w.step.Milliseconds()
	return int(off / step), off >= 0 && off%step == 0 && off/step < int64(w.count())
}

// niceSteps are the widths people read easily. Beyond them whole days are used.
var niceSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// niceStep returns the smallest readable width that is at least wanted and a whole number of scrape intervals; a point
// narrower than an interval would be a hole.
func niceStep(wanted, interval time.Duration) time.Duration {
	wanted = max(wanted, interval)
	const day = 24 * time.Hour
	step := (wanted + day - 1) / day * day
	for _, nice := range niceSteps {
		if nice >= wanted {
			step = nice
			break
		}
	}
	return (step + interval - 1) / interval * interval
}

// stepFor returns the width of the points of a span: the period's own, or whatever keeps a free range below most points.
// least is the width below which there is nothing finer to see.
func (s span) stepFor(most int, interval, least time.Duration) time.Duration {
	wanted := max(s.step, least)
	if most > 0 {
		wanted = max(wanted, (s.to.Sub(s.from)+time.Duration(most)-1)/time.Duration(most))
	}
	return niceStep(wanted, interval)
}

// queryBool reads true or false from the query.
func queryBool(r *http.Request, name string) (bool, error) {
	switch r.URL.Query().Get(name) {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	}
	return false, rest.FailField(http.StatusBadRequest, "invalid", name, "%s must be true or false", name)
}
