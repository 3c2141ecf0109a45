package promapi

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// What "no limit in time" means to the endpoints that list series and labels.
var (
	minTime = time.Unix(0, 0)
	maxTime = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// maxUnix bounds a time given as a number, in seconds; its milliseconds still fit an int64.
const maxUnix = math.MaxInt64/1000 - 62135596801

// parseTime reads Unix seconds with a fraction, or RFC 3339.
func parseTime(s string) (time.Time, error) {
	if sec, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(sec) <= maxUnix {
		whole, frac := math.Modf(sec)
		frac = math.Round(frac*1000) / 1000 // milliseconds are what samples have
		return time.Unix(int64(whole), int64(frac*float64(time.Second))).UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("cannot parse %q to a valid timestamp", s)
}

// timeParam reads an optional time.
func timeParam(r *http.Request, name string, def time.Time) (time.Time, error) {
	raw := r.Form.Get(name)
	if raw == "" {
		return def, nil
	}
	t, err := parseTime(raw)
	if err != nil {
		return t, badParam(name, fmt.Errorf("invalid time value for '%s': %w", name, err))
	}
	return t, nil
}

// parseDuration reads seconds with a fraction, or Prometheus' form as in 1h30m.
func parseDuration(s string) (time.Duration, error) {
	if sec, err := strconv.ParseFloat(s, 64); err == nil {
		ns := sec * float64(time.Second)
		if !(math.Abs(ns) < math.MaxInt64) { // also false for NaN
			return 0, fmt.Errorf("cannot parse %q to a valid duration. It overflows int64", s)
		}
		return time.Duration(ns), nil
	}
	if d, err := model.ParseDuration(s); err == nil {
		return time.Duration(d), nil
	}
	return 0, fmt.Errorf("cannot parse %q to a valid duration", s)
}

// limitParam reads how many results are wanted; 0 is all.
func limitParam(r *http.Request) (int, error) {
	raw := r.Form.Get("limit")
	if raw == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(raw)
	if err == nil && n < 0 {
		err = errors.New("limit must be non-negative")
	}
	if err != nil {
		return 0, badParam("limit", err)
	}
	return n, nil
}

// selection is what the endpoints that list series and labels are asked.
type selection struct {
	matchers []string
	from, to time.Time
	limit    int // 0 is all
}

// probe is the limit to ask the store for: one more than wanted tells whether something was cut off.
func (s selection) probe() int {
	if s.limit == 0 || s.limit == math.MaxInt {
		return s.limit
	}
	return s.limit + 1
}

func (s *Service) parseSelection(r *http.Request) (selection, error) {
	sel := selection{matchers: r.Form["match[]"]}
	var err error
	if sel.limit, err = limitParam(r); err != nil {
		return sel, err
	}
	if sel.from, err = timeParam(r, "start", minTime); err != nil {
		return sel, err
	}
	if sel.to, err = timeParam(r, "end", maxTime); err != nil {
		return sel, err
	}
	sel.from, sel.to = clamp(sel.from), clamp(sel.to)
	_, err = s.matchers(sel.matchers)
	return sel, err
}

func clamp(t time.Time) time.Time {
	switch {
	case t.Before(minTime):
		return minTime
	case t.After(maxTime):
		return maxTime
	}
	return t
}

// matchers reads selectors and refuses those that would select everything.
func (s *Service) matchers(selectors []string) ([][]*labels.Matcher, error) {
	sets, err := s.parser.ParseMetricSelectors(selectors)
	if err != nil {
		return nil, badParam("match[]", err)
	}
	for _, set := range sets {
		if !selective(set) {
			return nil, &apiError{badData, errors.New("match[] must contain at least one non-empty matcher")}
		}
	}
	return sets, nil
}

func selective(set []*labels.Matcher) bool {
	for _, m := range set {
		if m != nil && !m.Matches("") {
			return true
		}
	}
	return false
}
