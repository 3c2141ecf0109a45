package system

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage/tsdb"
)

const (
	pingTimeout = 3 * time.Second
	lagLimit    = time.Second     // scrapes that start later than this point to a host that is too slow
	lateLimit   = time.Minute     // after an evaluation of rules was due
	waitLimit   = 5 * time.Minute // of the oldest message: longer than a restart of its receiver takes
)

// HealthResponse is the panel's view of itself. OK is false when any item is not.
type HealthResponse struct {
	OK         bool             `json:"ok"`
	Items      []HealthItem     `json:"items"`
	Scrape     HealthScrape     `json:"scrape"`
	TSDB       HealthTSDB       `json:"tsdb"`
	Disk       HealthDisk       `json:"disk"`
	ClickHouse HealthClickHouse `json:"clickhouse"`
	Alerts     HealthAlerts     `json:"alerts"`
	Messages   HealthMessages   `json:"messages"`
	Children   []HealthChild    `json:"children"`
}

// HealthItem is one figure. The UI translates Name; Detail says what is wrong and is empty otherwise.
type HealthItem struct {
	Name   string  `json:"name"`
	OK     bool    `json:"ok"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"` // seconds, bytes or number
	Detail string  `json:"detail"`
}

// HealthScrape counts since the start of the panel.
type HealthScrape struct {
	Targets             int     `json:"targets"`
	Failing             int     `json:"failing"`
	LagP99Seconds       float64 `json:"lag_p99_seconds"`
	MissedTotal         uint64  `json:"missed_total"`
	DroppedSamplesTotal uint64  `json:"dropped_samples_total"`
}

// HealthTSDB is the size of the metrics store.
type HealthTSDB struct {
	DiskBytes   uint64             `json:"disk_bytes"`
	Series      uint64             `json:"series"`
	Quarantined []tsdb.Quarantined `json:"quarantined"` // months that are damaged and not served
}

// HealthDisk is the file system that holds the panel's data.
type HealthDisk struct {
	FreeBytes  uint64 `json:"free_bytes"`
	TotalBytes uint64 `json:"total_bytes"`
}

// HealthClickHouse is the store of visits. Code is clickhouse_unavailable while it cannot be asked, and Detail says why.
type HealthClickHouse struct {
	Embedded    bool   `json:"embedded"`
	Installed   bool   `json:"installed"` // false: the embedded engine is asked for and not there
	Up          bool   `json:"up"`
	Code        string `json:"code"`
	Detail      string `json:"detail"`
	Restarts    int64  `json:"restarts_total"`
	WaitingRows int64  `json:"waiting_rows"`
	DroppedRows int64  `json:"dropped_rows_total"` // since the start of the panel
}

// HealthAlerts tells whether alerts are raised.
type HealthAlerts struct {
	Rules       int             `json:"rules"`
	Failures    []HealthFailure `json:"failures"` // at the last try
	LateSeconds float64         `json:"late_seconds"`
	LateGroup   string          `json:"late_group"` // the rules that are the latest, "" if none is
}

// HealthFailure is a rule, a rule file or a step of alerting (check, settle, deliver) that failed.
type HealthFailure struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// HealthMessages tells whether messages arrive.
type HealthMessages struct {
	Waiting       int     `json:"waiting"`
	OldestSeconds float64 `json:"oldest_seconds"`
	LastError     string  `json:"last_error"` // of the channel where something waits
}

// HealthChild is a process that the panel runs.
type HealthChild struct {
	Name string `json:"name"`
	Up   bool   `json:"up"`
}

func (s *Service) health(w http.ResponseWriter, r *http.Request) error {
	h := HealthResponse{OK: true, Items: []HealthItem{}, Children: []HealthChild{}}
	s.checkScrape(&h)
	s.checkPostgres(r.Context(), &h)
	s.checkAlerts(&h)
	s.checkMessages(r.Context(), &h)
	s.checkClickHouse(&h)
	s.checkDisk(&h)
	for _, item := range h.Items {
		h.OK = h.OK && item.OK
	}
	return rest.Encode(w, http.StatusOK, h)
}

// add appends a figure; detail is kept only when something is wrong.
func (h *HealthResponse) add(name string, ok bool, value float64, unit, detail string) {
	if ok {
		detail = ""
	}
	h.Items = append(h.Items, HealthItem{name, ok, value, unit, detail})
}

func (s *Service) checkScrape(h *HealthResponse) {
	st := s.o.Scrape()
	h.Scrape = HealthScrape{st.Targets, st.Failing, st.LagP99.Seconds(), st.Missed, st.DroppedSamples}
	h.add("scrape_lag", st.LagP99 <= lagLimit, st.LagP99.Seconds(), "seconds", "scrapes start late: the panel's host is too slow for this fleet and interval")
	// Totals since the start: one old event must not keep the panel red, so they inform and do not judge.
	h.add("scrape_missed", true, float64(st.Missed), "number", "")
	h.add("samples_dropped", true, float64(st.DroppedSamples), "number", "")
}

func (s *Service) checkPostgres(ctx context.Context, h *HealthResponse) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	start := time.Now()
	err := s.o.Store.Ping(ctx)
	h.add("postgres", err == nil, time.Since(start).Seconds(), "seconds", "Postgres does not answer; the panel's log says more")
	if err != nil {
		s.o.Log.Error("ping postgres", "err", err)
	}
	if s.o.Child != nil {
		h.Children = append(h.Children, HealthChild{"postgres", s.o.Child.Up()})
	}
}

// checkAlerts reports rules that are not evaluated as they should be: what nobody is told of looks like good health.
func (s *Service) checkAlerts(h *HealthResponse) {
	st := s.o.Alerts()
	h.Alerts = HealthAlerts{Rules: st.Rules, Failures: []HealthFailure{}, LateSeconds: st.Late.Seconds(), LateGroup: st.LateName}
	detail := ""
	for _, f := range st.Failures {
		h.Alerts.Failures = append(h.Alerts.Failures, HealthFailure(f))
	}
	if len(st.Failures) > 0 {
		detail = fmt.Sprintf("%s: %s", st.Failures[0].Name, st.Failures[0].Reason)
	}
	h.add("alert_rules", len(st.Failures) == 0, float64(len(st.Failures)), "number", detail)
	h.add("alert_lag", st.Late <= lateLimit, st.Late.Seconds(), "seconds", "the rules of "+st.LateName+" are evaluated late: the panel's host is too slow, or a rule takes too long")
}

func (s *Service) checkMessages(ctx context.Context, h *HealthResponse) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	st, err := s.o.Messages(ctx)
	if err != nil {
		s.o.Log.Error("count messages", "err", err)
		h.add("messages_waiting", false, 0, "number", "the queue of messages cannot be read; the panel's log says more")
		return
	}
	h.Messages = HealthMessages{st.Waiting, st.Oldest.Seconds(), st.LastError}
	h.add("messages_waiting", st.Oldest <= waitLimit, float64(st.Waiting), "number", "messages do not arrive: "+st.LastError)
}

// checkClickHouse reports the store of visits. A panel without it is fine as long as nothing waits to be stored.
func (s *Service) checkClickHouse(h *HealthResponse) {
	st := s.o.ClickHouse.Status()
	h.ClickHouse = HealthClickHouse{Embedded: st.Embedded, Installed: st.Installed, Up: st.Up, Detail: st.Reason, Restarts: st.Restarts, WaitingRows: st.WaitingRows, DroppedRows: st.DroppedRows}
	if !st.Up {
		h.ClickHouse.Code = "clickhouse_unavailable"
	}
	h.add("visits_waiting", st.Up || st.WaitingRows == 0, float64(st.WaitingRows), "number", st.Reason)
	h.add("visits_dropped", true, float64(st.DroppedRows), "number", "")
}

func (s *Service) checkDisk(h *HealthResponse) {
	used, err := s.o.TSDB.DiskUsage()
	if err != nil {
		s.o.Log.Error("measure tsdb", "err", err)
	}
	h.TSDB = HealthTSDB{DiskBytes: used, Series: s.o.TSDB.ActiveSeries()}
	h.add("tsdb_disk", err == nil, float64(used), "bytes", "the size of the metrics store cannot be read")
	h.add("tsdb_series", true, float64(h.TSDB.Series), "number", "")

	d, err := s.o.TSDB.Disk()
	if err != nil {
		s.o.Log.Error("measure disk", "err", err)
		h.add("disk_free", false, 0, "bytes", "the state of the metrics store cannot be read; the panel's log says more")
		return
	}
	s.checkStorage(h, d)
	h.Disk = HealthDisk{d.FreeBytes, d.TotalBytes}
	h.add("disk_free", !d.ReadOnly, float64(d.FreeBytes), "bytes",
		fmt.Sprintf("free some space: below %d GB or %.0f %% the panel stores no metrics, it only serves those it has", tsdb.DefaultMinFreeBytes>>30, tsdb.DefaultMinFreePercent))
}
