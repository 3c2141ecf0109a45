package haproxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/tsdb"
)

const (
	hourLength  = time.Hour
	hourStep    = time.Minute      // of the points; wider where the agents are asked less often
	hourTimeout = 15 * time.Second // of all queries of a request together
)

// LastHourResponse is the last hour of a server's HAProxy. Bytes are per second; null is a hole.
type LastHourResponse struct {
	From        int64                 `json:"from"` // Unix milliseconds of the first point
	StepSeconds float64               `json:"step_seconds"`
	Connections []*float32            `json:"connections"`
	Sessions    []*float32            `json:"sessions"` // new ones per second
	BytesIn     []*float32            `json:"bytes_in"`
	BytesOut    []*float32            `json:"bytes_out"`
	Frontends   map[string][]*float32 `json:"frontends"` // bytes of both directions, by the name of the frontend
}

// The queries, of all frontends together or of each. What is older than $ago is a hole and no value.
const (
	queryConnections = `sum(last_over_time(haproxy_process_current_connections{$of}[$ago]))`
	querySessions    = `sum(rate(haproxy_frontend_sessions_total{$of}[$ago]))`
	queryIn          = `sum(rate(haproxy_frontend_bytes_in_total{$of}[$ago]))`
	queryOut         = `sum(rate(haproxy_frontend_bytes_out_total{$of}[$ago]))`
	queryFrontends   = `sum by (proxy) (rate(haproxy_frontend_bytes_in_total{$of}[$ago]) + rate(haproxy_frontend_bytes_out_total{$of}[$ago]))`
)

// getLastHour answers the whole page at once, without asking the agent.
func (s *Service) getLastHour(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	if _, err := s.fleet.Control(id, toLook); err != nil && !isClosed(err) {
		return err
	}
	answer, err := s.lastHour(r.Context(), id, time.Now())
	if errors.Is(err, tsdb.ErrBusy) {
		return rest.Fail(http.StatusServiceUnavailable, "busy", "too many queries are running: try again in a moment")
	}
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, answer)
}

func (s *Service) lastHour(ctx context.Context, id int64, now time.Time) (LastHourResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, hourTimeout)
	defer cancel()
	h := hour{step: max(hourStep, s.interval())}
	h.to = now.Truncate(h.step)
	h.from = h.to.Add(-hourLength).Truncate(h.step).Add(h.step)
	fill := strings.NewReplacer("$of", fmt.Sprintf(`job="services",server="%d"`, id), "$ago", fmt.Sprintf("%dms", (5*s.interval()/2).Milliseconds()))
	ask := func(expr string) ([]storage.Series, error) {
		list, err := s.db.QueryRange(ctx, fill.Replace(expr), h.from, h.to, h.step)
		if err != nil {
			return nil, fmt.Errorf("query %s: %w", expr, err)
		}
		return list, nil
	}
	answer := LastHourResponse{From: h.from.UnixMilli(), StepSeconds: h.step.Seconds(), Frontends: map[string][]*float32{}}
	for _, total := range []struct {
		expr string
		into *[]*float32
	}{{queryConnections, &answer.Connections}, {querySessions, &answer.Sessions}, {queryIn, &answer.BytesIn}, {queryOut, &answer.BytesOut}} {
		list, err := ask(total.expr)
		if err != nil {
			return answer, err
		}
		*total.into = h.line(list...)
	}
	list, err := ask(queryFrontends)
	for _, series := range list {
		answer.Frontends[series.Get("proxy")] = h.line(series)
	}
	return answer, err
}

// hour is the time that is looked at, in points that are the same for everybody who looks within a step.
type hour struct {
	from, to time.Time
	step     time.Duration
}

// line puts a series on the points; none at all is nothing but holes.
func (h hour) line(list ...storage.Series) []*float32 {
	points := make([]*float32, h.to.Sub(h.from)/h.step+1)
	for _, series := range list {
		for _, p := range series.Points {
			if i := int(time.UnixMilli(p.Time).Sub(h.from) / h.step); i >= 0 && i < len(points) {
				v := float32(p.Value) // three figures are shown
				points[i] = &v
			}
		}
	}
	return points
}
