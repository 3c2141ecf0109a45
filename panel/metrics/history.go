package metrics

import (
	"context"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/dashboards"
	"monitoring/panel/rest"
	"monitoring/storage"
)

const (
	maxLimit     = 5000 // of ?limit=
	defaultLimit = 500  // of a free range
)

// HistoryResponse is the history of one server. Points at which nothing was measured are left out.
type HistoryResponse struct {
	Period            string         `json:"period"`      // "custom" for from_time and to_time
	DataSource        string         `json:"data_source"` // raw, hour or day: by the width of a point
	ResolutionSeconds float64        `json:"resolution_seconds"`
	FromTime          string         `json:"from_time"`
	ToTime            string         `json:"to_time"`
	Count             int            `json:"count"`
	Data              []HistoryPoint `json:"data"`
}

// HistoryPoint is the mean (max_*: the maximum) of one step that ends at Timestamp. A value that was not measured is
// null; values that belong to the other data source are left out.
type HistoryPoint struct {
	Timestamp            string   `json:"timestamp"`
	CPUUsage             *float64 `json:"cpu_usage"`
	MaxCPU               *float64 `json:"max_cpu"`
	LoadAvg1             *float64 `json:"load_avg_1"`
	MemoryPercent        *float64 `json:"memory_percent"`
	MaxMemoryPercent     *float64 `json:"max_memory_percent"`
	DiskPercent          *float64 `json:"disk_percent"`
	NetRxBytesPerSec     *float64 `json:"net_rx_bytes_per_sec"`
	NetTxBytesPerSec     *float64 `json:"net_tx_bytes_per_sec"`
	DiskReadBytesPerSec  *float64 `json:"disk_read_bytes_per_sec"`
	DiskWriteBytesPerSec *float64 `json:"disk_write_bytes_per_sec"`
	TCPEstablished       *float64 `json:"tcp_established"`
	TCPListen            *float64 `json:"tcp_listen"`
	TCPTimeWait          *float64 `json:"tcp_time_wait"`
	TCPCloseWait         *float64 `json:"tcp_close_wait"`
	TCPSynSent           *float64 `json:"tcp_syn_sent"`
	TCPSynRecv           *float64 `json:"tcp_syn_recv"`
	TCPFinWait           *float64 `json:"tcp_fin_wait"`

	// Only of data source raw.
	MemoryUsed      *float64  `json:"memory_used,omitempty"`
	MemoryAvailable *float64  `json:"memory_available,omitempty"`
	SwapUsed        *float64  `json:"swap_used,omitempty"`
	ProcessCount    *float64  `json:"process_count,omitempty"`
	PerCPUPercent   []float64 `json:"per_cpu_percent,omitempty"`

	// Only of data sources hour and day.
	TotalRxBytes *float64 `json:"total_rx_bytes,omitempty"`
	TotalTxBytes *float64 `json:"total_tx_bytes,omitempty"`
	DataPoints   *float64 `json:"data_points,omitempty"`
}

// column is one value of a history point and where it comes from.
type column struct {
	expr  string // with the placeholders of package dashboards
	value func(*HistoryPoint) **float64
}

// physical leaves out devices whose traffic passes another one that is counted. The agent asks the kernel which they are
// for its own totals; here only the names are known.
const physical = `device!~"(lo|docker|br|veth|virbr|vnet|tun|tap|wg|bond|team|vlan|vxlan|gre|sit|ip6tnl|cni|flannel|cali|cilium|ifb|dummy).*|.*[.:@].*"`

var commonColumns = []column{
	{"100 * avg_over_time(agent_cpu_usage_ratio{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.CPUUsage }},
	{"100 * max_over_time(agent_cpu_usage_max_ratio{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.MaxCPU }},
	{"avg_over_time(node_load1{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.LoadAvg1 }},
	{"100 * avg_over_time(agent_memory_usage_ratio{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.MemoryPercent }},
	{"100 * max_over_time(agent_memory_usage_ratio{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.MaxMemoryPercent }},
	{"100 * avg_over_time(agent_root_filesystem_usage_ratio{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.DiskPercent }},
	{"avg_over_time(agent_network_total_receive_bytes_per_second{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.NetRxBytesPerSec }},
	{"avg_over_time(agent_network_total_transmit_bytes_per_second{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.NetTxBytesPerSec }},
	{"avg_over_time(agent_disk_total_read_bytes_per_second{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.DiskReadBytesPerSec }},
	{"avg_over_time(agent_disk_total_written_bytes_per_second{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.DiskWriteBytesPerSec }},
	{tcpState("established"), func(p *HistoryPoint) **float64 { return &p.TCPEstablished }},
	{tcpState("listen"), func(p *HistoryPoint) **float64 { return &p.TCPListen }},
	{tcpState("time_wait"), func(p *HistoryPoint) **float64 { return &p.TCPTimeWait }},
	{tcpState("close_wait"), func(p *HistoryPoint) **float64 { return &p.TCPCloseWait }},
	{tcpState("syn_sent"), func(p *HistoryPoint) **float64 { return &p.TCPSynSent }},
	{tcpState("syn_recv"), func(p *HistoryPoint) **float64 { return &p.TCPSynRecv }},
	{tcpState("fin_wait"), func(p *HistoryPoint) **float64 { return &p.TCPFinWait }},
}

var rawColumns = []column{
	{"avg_over_time(node_memory_MemTotal_bytes{$server}[$step]) - avg_over_time(node_memory_MemAvailable_bytes{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.MemoryUsed }},
	{"avg_over_time(node_memory_MemAvailable_bytes{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.MemoryAvailable }},
	{"avg_over_time(node_memory_SwapTotal_bytes{$server}[$step]) - avg_over_time(node_memory_SwapFree_bytes{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.SwapUsed }},
	{"avg_over_time(agent_processes{$server}[$step])", func(p *HistoryPoint) **float64 { return &p.ProcessCount }},
}

var aggregatedColumns = []column{
	{"sum(increase(node_network_receive_bytes_total{$server," + physical + "}[$step]))", func(p *HistoryPoint) **float64 { return &p.TotalRxBytes }},
	{"sum(increase(node_network_transmit_bytes_total{$server," + physical + "}[$step]))", func(p *HistoryPoint) **float64 { return &p.TotalTxBytes }},
	{"sum(count_over_time(agent_cpu_usage_ratio{$server}[$step]))", func(p *HistoryPoint) **float64 { return &p.DataPoints }},
}

const perCore = "100 * avg_over_time(agent_cpu_core_usage_ratio{$server}[$step])"

func tcpState(state string) string {
	return `avg_over_time(agent_tcp_connections{$server,state="` + state + `"}[$step])`
}

func (s *Service) history(w http.ResponseWriter, r *http.Request) error {
	server, err := s.server(r)
	if err != nil {
		return err
	}
	span, err := parseSpan(r, time.Now())
	if err != nil {
		return err
	}
	limit, err := rest.QueryInt(r, "limit", 0, 1, maxLimit)
	if err != nil {
		return err
	}
	cores, err := queryBool(r, "include_per_cpu")
	if err != nil {
		return err
	}
	win := cut(span.from, span.to, span.stepFor(span.mostPoints(limit), s.interval(), s.leastStep(span)))

	ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
	defer cancel()
	points, err := s.points(ctx, server.ID, win, cores)
	if err != nil {
		return s.overload(ctx, err)
	}
	name := span.name
	if name == "" {
		name = "custom"
	}
	return rest.Encode(w, http.StatusOK, HistoryResponse{
		Period: name, DataSource: dataSource(win.step), ResolutionSeconds: win.step.Seconds(),
		FromTime: timestamp(win.from), ToTime: timestamp(win.to), Count: len(points), Data: points,
	})
}

// mostPoints is how many points an answer may have: the period's number, or less if the caller wants less.
func (s span) mostPoints(limit int) int {
	switch {
	case s.name == "" && limit == 0:
		return defaultLimit
	case s.name == "":
		return limit
	case limit == 0:
		return s.maxCount
	}
	return min(limit, s.maxCount)
}

// dataSource names what the predecessor would have read, by the width of a point.
func dataSource(step time.Duration) string {
	switch {
	case step < time.Hour:
		return "raw"
	case step < 24*time.Hour:
		return "hour"
	}
	return "day"
}

func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// points asks for every column and joins them by time.
func (s *Service) points(ctx context.Context, server int64, win window, cores bool) ([]HistoryPoint, error) {
	columns := slices.Concat(commonColumns, aggregatedColumns)
	raw := dataSource(win.step) == "raw"
	if raw {
		columns = slices.Concat(commonColumns, rawColumns)
	}
	answers := make([][]storage.Series, len(columns))
	var coreAnswer []storage.Series
	g, gctx := errgroup.WithContext(ctx)
	ask := func(expr string, to *[]storage.Series) {
		g.Go(func() (err error) {
			*to, err = s.queryRange(gctx, dashboards.Expand(expr, server, win.step), win)
			return err
		})
	}
	for i, c := range columns {
		ask(c.expr, &answers[i])
	}
	if cores && raw {
		ask(perCore, &coreAnswer)
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	rows := newRows(win)
	for i, c := range columns {
		rows.fill(answers[i], c.value)
	}
	rows.fillCores(coreAnswer)
	return rows.measured(), nil
}

// rows are the points of a window while they are being filled.
type rows struct {
	win    window
	points []HistoryPoint
	found  []bool // something was measured at this point
}

func newRows(win window) rows {
	return rows{win, make([]HistoryPoint, win.count()), make([]bool, win.count())}
}

func (t rows) fill(series []storage.Series, value func(*HistoryPoint) **float64) {
	for _, one := range series {
		for _, p := range one.Points {
			if i, ok := t.win.index(p.Time); ok {
				*value(&t.points[i]) = &p.Value
				t.found[i] = true
			}
		}
	}
}

// fillCores lists the cores by number; a core that was not measured at a point is missing there.
func (t rows) fillCores(series []storage.Series) {
	slices.SortFunc(series, func(a, b storage.Series) int { return natural(a.Get("cpu"), b.Get("cpu")) })
	for _, one := range series {
		for _, p := range one.Points {
			if i, ok := t.win.index(p.Time); ok {
				t.points[i].PerCPUPercent = append(t.points[i].PerCPUPercent, p.Value)
			}
		}
	}
}

// measured returns the points that are no gap.
func (t rows) measured() []HistoryPoint {
	out := []HistoryPoint{}
	for i, ms := range t.win.times() {
		if t.found[i] {
			t.points[i].Timestamp = timestamp(time.UnixMilli(ms))
			out = append(out, t.points[i])
		}
	}
	return out
}
