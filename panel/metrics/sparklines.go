package metrics

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/dashboards"
	"monitoring/panel/rest"
	"monitoring/storage"
)

const (
	sparklineAge  = 10 * time.Second // how old an answer may be: every open dashboard asks for the same
	sparklineKeys = 8                // different lengths that are kept
)

// SparklinesResponse is the recent past of the whole fleet: percents, and bytes per second.
type SparklinesResponse struct {
	From        int64                 `json:"from"` // Unix milliseconds of the first point
	StepSeconds float64               `json:"step_seconds"`
	Count       int                   `json:"count"`
	Servers     map[string]Sparklines `json:"servers"` // by id; only those that are monitored and were heard
	Total       Sparklines            `json:"total"`
}

// Sparklines are the traces of one server or of all together.
type Sparklines struct {
	CPU Values `json:"cpu"`
	RAM Values `json:"ram"`
	Rx  Values `json:"rx"`
	Tx  Values `json:"tx"`
}

// The queries of the fleet: one each, for all servers at once. Weights turn percents into shares of the fleet.
const (
	fleetCPU    = `100 * avg by (server) (avg_over_time(agent_cpu_usage_ratio{job="node"}[$step]))`
	fleetRAM    = `100 * avg by (server) (avg_over_time(agent_memory_usage_ratio{job="node"}[$step]))`
	fleetRx     = `avg by (server) (avg_over_time(agent_network_total_receive_bytes_per_second{job="node"}[$step]))`
	fleetTx     = `avg by (server) (avg_over_time(agent_network_total_transmit_bytes_per_second{job="node"}[$step]))`
	fleetCores  = `count by (server) (count by (server, cpu) (last_over_time(agent_cpu_core_usage_ratio{job="node"}[$step])))`
	fleetMemory = `max by (server) (last_over_time(node_memory_MemTotal_bytes{job="node"}[$step]))`
)

func (s *Service) fleetSparklines(w http.ResponseWriter, r *http.Request) error {
	minutes, err := rest.QueryInt(r, "minutes", 60, 5, 24*60)
	if err != nil {
		return err
	}
	points, err := rest.QueryInt(r, "points", 60, 10, 240)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
	defer cancel()
	body, err := s.sparklines.get(sparklineKey{minutes, points}, time.Now(), func() ([]byte, error) {
		return s.fleetTraces(ctx, minutes, points)
	})
	if err != nil {
		return s.overload(ctx, err)
	}
	return rest.Encode(w, http.StatusOK, body)
}

func (s *Service) fleetTraces(ctx context.Context, minutes, points int) ([]byte, error) {
	length := time.Duration(minutes) * time.Minute
	now := time.Now()
	win := cut(now.Add(-length), now, niceStep(length/time.Duration(points), s.interval()))
	queries := []string{fleetCPU, fleetRAM, fleetRx, fleetTx, fleetCores, fleetMemory}
	traces := make([]map[string]Values, len(queries))
	g, gctx := errgroup.WithContext(ctx)
	for i, query := range queries {
		g.Go(func() error {
			series, err := s.queryRange(gctx, dashboards.Expand(query, 0, win.step), win)
			traces[i] = byServer(series, win)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	answer := SparklinesResponse{
		From: win.first().UnixMilli(), StepSeconds: win.step.Seconds(), Count: win.count(), Servers: map[string]Sparklines{},
	}
	cpu, ram, rx, tx, cores, memory := traces[0], traces[1], traces[2], traces[3], traces[4], traces[5]
	var ids []string
	for _, server := range s.fleet.Active() {
		id := strconv.FormatInt(server.ID, 10)
		if cpu[id] == nil && ram[id] == nil && rx[id] == nil {
			continue
		}
		ids = append(ids, id)
		n := win.count()
		answer.Servers[id] = Sparklines{orHoles(cpu[id], n), orHoles(ram[id], n), orHoles(rx[id], n), orHoles(tx[id], n)}
	}
	answer.Total = Sparklines{
		weighted(cpu, cores, ids, win), weighted(ram, memory, ids, win), sum(rx, ids, win), sum(tx, ids, win),
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encode sparklines: %w", err)
	}
	return body, nil
}

func byServer(series []storage.Series, win window) map[string]Values {
	lines, _ := byLegend(dashboards.Series{Legend: "{{server}}"}, series, win)
	return lines
}

// weighted is the mean over servers in which a server counts by its size; one that is silent at a point does not count.
func weighted(values, weights map[string]Values, ids []string, win window) Values {
	out := holes(win.count())
	for i := range out {
		var total, weight float64
		for _, id := range ids {
			v, w := at(values[id], i), at(weights[id], i)
			if !math.IsNaN(v) && !math.IsNaN(w) {
				total += v * w
				weight += w
			}
		}
		if weight > 0 {
			out[i] = total / weight
		}
	}
	return out
}

// sum adds what is there; a point at which every server is silent is a hole.
func sum(values map[string]Values, ids []string, win window) Values {
	out := holes(win.count())
	for i := range out {
		for _, id := range ids {
			if v := at(values[id], i); !math.IsNaN(v) {
				if math.IsNaN(out[i]) {
					out[i] = 0
				}
				out[i] += v
			}
		}
	}
	return out
}

func at(v Values, i int) float64 {
	if v == nil {
		return math.NaN()
	}
	return v[i]
}

// sparklineCache keeps encoded answers for a few seconds. Callers that come while one is being made wait for it.
type sparklineCache struct {
	mu   sync.Mutex
	kept map[sparklineKey]sparklineEntry
}

type sparklineKey struct{ minutes, points int }

type sparklineEntry struct {
	made time.Time
	body []byte
}

func newSparklineCache() *sparklineCache {
	return &sparklineCache{kept: make(map[sparklineKey]sparklineEntry)}
}

func (c *sparklineCache) get(key sparklineKey, now time.Time, build func() ([]byte, error)) (json.RawMessage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.kept[key]; ok && now.Sub(e.made) < sparklineAge {
		return e.body, nil
	}
	body, err := build()
	if err != nil {
		return nil, err
	}
	if len(c.kept) >= sparklineKeys {
		clear(c.kept)
	}
	c.kept[key] = sparklineEntry{now, body}
	return body, nil
}
