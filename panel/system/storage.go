package system

import (
	"fmt"
	"net/http"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage/tsdb"
)

// StorageResponse is what the metrics store takes of the disk and will take. Sizes are bytes.
type StorageResponse struct {
	Tiers       []StorageTier      `json:"tiers"`
	WALBytes    uint64             `json:"wal_bytes"`
	FreeBytes   uint64             `json:"free_bytes"`
	TotalBytes  uint64             `json:"total_bytes"`
	ReadOnly    bool               `json:"read_only"`    // the disk is nearly full, nothing is stored
	BudgetBytes uint64             `json:"budget_bytes"` // 0: no limit but the retention
	Quarantined []tsdb.Quarantined `json:"quarantined"`
}

// StorageTier is one resolution of the history.
type StorageTier struct {
	Name              string     `json:"name"`
	ResolutionSeconds int64      `json:"resolution_seconds"` // 0: samples as they were scraped
	RetentionDays     float64    `json:"retention_days"`
	Bytes             uint64     `json:"bytes"`
	Oldest            *time.Time `json:"oldest"`         // null: nothing is stored yet
	ForecastBytes     *uint64    `json:"forecast_bytes"` // once the retention is reached; null: too young to tell
}

func (s *Service) storage(w http.ResponseWriter, _ *http.Request) error {
	d, err := s.o.TSDB.Disk()
	if err != nil {
		return err
	}
	out := StorageResponse{
		Tiers: []StorageTier{}, WALBytes: d.WALBytes, FreeBytes: d.FreeBytes, TotalBytes: d.TotalBytes,
		ReadOnly: d.ReadOnly, BudgetBytes: d.BudgetBytes, Quarantined: d.Quarantined,
	}
	for _, t := range d.Tiers {
		tier := StorageTier{Name: t.Name, ResolutionSeconds: int64(t.Resolution / time.Second), RetentionDays: t.Retention.Hours() / 24, Bytes: t.Bytes}
		if !t.Oldest.IsZero() {
			tier.Oldest = &t.Oldest
		}
		if t.Forecast > 0 {
			tier.ForecastBytes = &t.Forecast
		}
		out.Tiers = append(out.Tiers, tier)
	}
	return rest.Encode(w, http.StatusOK, out)
}

// checkStorage tells what the metrics store did to protect itself.
func (s *Service) checkStorage(h *HealthResponse, d tsdb.Disk) {
	h.TSDB.Quarantined = d.Quarantined
	h.add("tsdb_log", d.WALUp || d.ReadOnly, float64(d.WALBytes), "bytes",
		"the write-ahead log cannot be written: a crash would lose the last seconds of metrics; the panel's log says why")
	detail := ""
	if len(d.Quarantined) > 0 {
		q := d.Quarantined[0]
		detail = fmt.Sprintf("%s of the tier %s is damaged and is not served: %s; its files are kept in tsdb/quarantine in the panel's data, mend them or remove them to end this notice",
			q.Partition, q.Tier, q.Reason)
	}
	h.add("tsdb_quarantine", len(d.Quarantined) == 0, float64(len(d.Quarantined)), "number", detail)
	if d.BudgetBytes > 0 {
		h.add("tsdb_budget", !d.OverBudget, float64(d.BudgetBytes), "bytes",
			"even without its older months the metrics store is larger than this; raise PANEL_TSDB_MAX_GB or watch fewer servers")
	}
}
