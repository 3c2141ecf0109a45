package tsdb

import "monitoring/storage"

// Append stores samples, all of them or, when one is unfit, none: the error is a *SampleError then. Ordinary NaN is
// dropped and counted, since the storage engine cannot hold it; a staleness marker is kept.
func (db *DB) Append(samples []storage.Sample) error {
	if err := db.enter(); err != nil {
		return err
	}
	defer db.calls.Done()
	batch := getRows()
	defer putRows(batch)
	b := db.raw.bounds()
	dropped := 0
	for i := range samples {
		s := &samples[i]
		if err := checkSample(s, b); err != nil {
			return err
		}
		if isOrdinaryNaN(s.Value) {
			dropped++
			continue
		}
		batch.addLabels(s.Labels, s.Time, s.Value)
	}
	if err := db.store(&walSource{}, batch); err != nil {
		return err
	}
	db.metrics.appended.Add(float64(batch.len()))
	db.metrics.dropped.WithLabelValues("nan").Add(float64(dropped))
	return nil
}

// store logs a batch and gives it to the engine.
func (db *DB) store(src *walSource, batch *rows) error {
	if batch.len() > 0 && db.ReadOnly() {
		db.metrics.dropped.WithLabelValues("disk_full").Add(float64(batch.len()))
		return ErrReadOnly // or the log would bring the rows back later
	}
	logged := db.wal.write(src, batch)
	defer db.wal.done(logged)
	return db.raw.add(batch)
}

// replayed takes rows that the log kept.
func (db *DB) replayed(batch *rows) error {
	if db.ReadOnly() {
		return ErrReadOnly
	}
	return db.raw.add(batch)
}

// ReadOnly tells that nothing is stored because the disk is nearly full.
func (db *DB) ReadOnly() bool { return db.disk.full.Load() || db.raw.readOnly() }
