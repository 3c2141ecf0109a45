package tsdb

import "time"

// ResolutionAt is the finest resolution that is still kept of a moment: 0 for samples as they were scraped. Of a moment
// that no tier reaches it is the coarsest.
func (db *DB) ResolutionAt(at, now time.Time) time.Duration {
	for _, t := range db.tiers {
		if at.UnixMilli() >= t.oldest(now) {
			return t.resolution
		}
	}
	return db.tiers[len(db.tiers)-1].resolution
}
