package metrics

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/dashboards"
	"monitoring/panel/rest"
	"monitoring/storage"
)

// Bounds of ?points=: a plot asks for one or two points per pixel of its width.
const (
	defaultPoints = 400
	minPoints     = 10
	maxPoints     = 5000
)

// ChartResponse is the data of one chart. A hole in the samples is null in every list.
type ChartResponse struct {
	Chart           string  `json:"chart"`
	From            int64   `json:"from"` // Unix milliseconds, as are all times here
	To              int64   `json:"to"`
	StepSeconds     float64 `json:"step_seconds"`
	IntervalSeconds float64 `json:"interval_seconds"` // of the scrapes behind the points
	Timestamps      []int64 `json:"timestamps"`       // ends of the steps
	Series          []Line  `json:"series"`
	Earliest        *int64  `json:"earliest"` // first sample of this server there is; null when there is none
}

// Line is one line of a chart with its band.
type Line struct {
	Name   string `json:"name"`
	Legend string `json:"legend"`
	Mean   Values `json:"mean"`
	Min    Values `json:"min"` // null when the chart has no band
	Max    Values `json:"max"`
}

func (s *Service) chart(w http.ResponseWriter, r *http.Request) error {
	server, err := s.server(r)
	if err != nil {
		return err
	}
	chart, ok := s.find(rest.Param(r, "chart"))
	if !ok {
		return rest.Fail(http.StatusNotFound, "not_found", "there is no such chart")
	}
	span, err := parseSpan(r, time.Now())
	if err != nil {
		return err
	}
	points, err := rest.QueryInt(r, "points", 0, minPoints, maxPoints)
	if err != nil {
		return err
	}
	if points == 0 && span.name == "" {
		points = defaultPoints
	}
	interval := s.interval()
	win := cut(span.from, span.to, span.stepFor(points, interval, s.leastStep(span)))

	ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
	defer cancel()
	lines, err := s.lines(ctx, chart, server.ID, win)
	if err != nil {
		return s.overload(ctx, err)
	}
	earliest, err := s.earliest(ctx, server.ID, time.Now())
	if err != nil {
		return s.overload(ctx, err)
	}
	return rest.Encode(w, http.StatusOK, ChartResponse{
		Chart: chart.ID, From: win.from.UnixMilli(), To: win.to.UnixMilli(),
		StepSeconds: win.step.Seconds(), IntervalSeconds: interval.Seconds(),
		Timestamps: win.times(), Series: lines, Earliest: earliest,
	})
}

func (s *Service) find(id string) (dashboards.Chart, bool) {
	for _, page := range s.pages {
		if c, ok := page.Chart(id); ok {
			return c, true
		}
	}
	return dashboards.Chart{}, false
}

// lines asks for every line of a chart, in the order of its definition and then of the legends.
func (s *Service) lines(ctx context.Context, chart dashboards.Chart, server int64, win window) ([]Line, error) {
	type reading struct{ mean, min, max []storage.Series }
	readings := make([]reading, len(chart.Series))
	g, gctx := errgroup.WithContext(ctx)
	ask := func(expr string, to *[]storage.Series) {
		if expr == "" {
			return
		}
		g.Go(func() (err error) {
			*to, err = s.queryRange(gctx, dashboards.Expand(expr, server, win.step), win)
			return err
		})
	}
	for i, def := range chart.Series {
		ask(def.Mean, &readings[i].mean)
		ask(def.Min, &readings[i].min)
		ask(def.Max, &readings[i].max)
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	lines := []Line{}
	for i, def := range chart.Series {
		mean, legends := byLegend(def, readings[i].mean, win)
		low, _ := byLegend(def, readings[i].min, win)
		high, _ := byLegend(def, readings[i].max, win)
		for _, legend := range legends {
			line := Line{Name: def.Name, Legend: legend, Mean: mean[legend]}
			if def.Min != "" {
				line.Min = orHoles(low[legend], win.count())
			}
			if def.Max != "" {
				line.Max = orHoles(high[legend], win.count())
			}
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// byLegend lays the points of each series onto the window. Series with the same legend make one line: a server that
// has changed its address has two label sets, one after the other.
func byLegend(def dashboards.Series, series []storage.Series, win window) (map[string]Values, []string) {
	lines := make(map[string]Values)
	var legends []string
	for _, one := range series {
		legend := def.LegendOf(one.Get)
		line, ok := lines[legend]
		if !ok {
			line = holes(win.count())
			lines[legend] = line
			legends = append(legends, legend)
		}
		for _, p := range one.Points {
			if i, ok := win.index(p.Time); ok {
				line[i] = p.Value
			}
		}
	}
	slices.SortFunc(legends, natural)
	return lines, legends
}

// natural orders cpu 2 before cpu 10.
func natural(a, b string) int {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

func orHoles(v Values, n int) Values {
	if v == nil {
		return holes(n)
	}
	return v
}
