package tsdb

import (
	"slices"
	"time"
)

// Disk is what the database takes of the disk and will take.
type Disk struct {
	Tiers       []TierDisk
	WALBytes    uint64
	FreeBytes   uint64 // of the file system, as far as we may use it
	TotalBytes  uint64
	ReadOnly    bool
	WALUp       bool
	BudgetBytes uint64 // 0: none
	OverBudget  bool   // although nothing is left that may be removed
	Quarantined []Quarantined
}

// TierDisk is one tier's part.
type TierDisk struct {
	Name       string
	Resolution time.Duration // 0: samples as they came
	Retention  time.Duration
	Bytes      uint64
	Oldest     time.Time // of the first sample; zero when there is none
	Forecast   uint64    // bytes once as old as it gets; 0 when it is too young to tell
}

// Disk measures the database.
func (db *DB) Disk() (Disk, error) {
	if err := db.enter(); err != nil {
		return Disk{}, err
	}
	defer db.calls.Done()
	s, err := db.disk.space()
	if err != nil {
		return Disk{}, err
	}
	wal := db.wal.stats()
	d := Disk{WALBytes: uint64(wal.bytes), WALUp: wal.up, FreeBytes: s.free, TotalBytes: s.total, ReadOnly: db.ReadOnly(),
		BudgetBytes: db.budget, OverBudget: db.overBudget.Load()}
	if d.Quarantined, err = quarantined(db.dir); err != nil {
		return Disk{}, err
	}
	now := time.Now()
	for _, t := range db.tiers {
		m, err := t.measure(now)
		if err != nil {
			return Disk{}, err
		}
		d.Tiers = append(d.Tiers, m)
	}
	return d, nil
}

// measure walks through the files of the tier.
func (t *tier) measure(now time.Time) (TierDisk, error) {
	m := TierDisk{Name: t.name, Resolution: t.resolution, Retention: t.retention}
	var err error
	if m.Bytes, err = t.bytes(); err != nil {
		return m, err
	}
	months, err := partitions(t.dir)
	if err != nil {
		return m, err
	}
	for _, p := range slices.Backward(months) {
		if at, ok := p.oldest(); ok {
			m.Oldest = at
			m.Forecast = forecast(m.Bytes, now.Sub(at), t.retention)
			break
		}
	}
	return m, nil
}

const (
	tellsFuture = 6 * time.Hour // a younger tier consists of small files and a new index
	longMonth   = 31 * day
)

// forecast says how large a tier gets that has grown to so many bytes in that time, 0 when it is too young to tell. The
// engine frees whole months, so the oldest sample gets a month older than the retention says.
func forecast(bytes uint64, age, retention time.Duration) uint64 {
	if age < tellsFuture {
		return 0
	}
	return uint64(float64(bytes) * max(1, float64(retention+longMonth)/float64(age)))
}
