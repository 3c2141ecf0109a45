package traffic

import "time"

// bucket is one hour, day or month in UTC. The last one of a list is not over yet and ends now.
type bucket struct {
	start, end time.Time
	label      string
}

func (b bucket) length() time.Duration { return b.end.Sub(b.start) }

// unit is a kind of bucket.
type unit struct {
	layout string
	step   time.Duration // 0: not all of them have the same length
	start  func(time.Time) time.Time
	next   func(t time.Time, n int) time.Time
}

var (
	hour = unit{"2006-01-02 15:00", time.Hour,
		func(t time.Time) time.Time { return t.Truncate(time.Hour) },
		func(t time.Time, n int) time.Time { return t.Add(time.Duration(n) * time.Hour) }}
	day = unit{"2006-01-02", 24 * time.Hour,
		func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) },
		func(t time.Time, n int) time.Time { return t.AddDate(0, 0, n) }}
	month = unit{"2006-01", 0,
		func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC) },
		func(t time.Time, n int) time.Time { return t.AddDate(0, n, 0) }}
)

// last returns the n buckets up to now, oldest first.
func (u unit) last(now time.Time, n int) []bucket {
	now = now.UTC()
	current := u.start(now)
	out := make([]bucket, n)
	for i := range out {
		start := u.next(current, i+1-n)
		out[i] = bucket{start, u.next(current, i+2-n), start.Format(u.layout)}
	}
	out[n-1].end = now
	return out
}
