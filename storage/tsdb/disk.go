package tsdb

import (
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
	d := Disk{WALBytes: uint64(wal.bytes), WALUp: wal.up, FreeBytes: s.free, TotalBytes: s.total, ReadOnly: db.ReadOnly()}
	if d.Quarantined, err = quarantined(db.dir); err != nil {
		return Disk{}, err
	}
	for _, t := range db.tiers {
		m, err := t.measure()
		if err != nil {
			return Disk{}, err
		}
		d.Tiers = append(d.Tiers, m)
	}
	return d, nil
}

func (t *tier) measure() (TierDisk, error) {
	m := TierDisk{Name: t.name, Resolution: t.resolution, Retention: t.retention}
	var err error
	m.Bytes, err = t.bytes()
	return m, err
}
