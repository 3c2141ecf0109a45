package clickhouse

import (
	"fmt"

	"monitoring/storage"
)

var visitColumns = []columnType{
	{"hour", "DateTime('UTC')"}, {"server_id", "UInt32"}, {"user_id", "UInt32"}, {"email", "String"}, {"ip", "IPv6"}, {"host", "String"},
	{"visits", "UInt64"}, {"first_seen", "UInt16"}, {"last_seen", "UInt16"},
}

// EnqueueVisits stores visits. When it returns without an error they are on disk, and will be in the engine, once, some
// seconds after it is there. ErrQueueFull means that they are not.
func (s *Store) EnqueueVisits(visits []storage.Visit) error {
	if len(visits) == 0 {
		return nil
	}
	rows := make([][]any, 0, len(visits))
	for i, v := range visits {
		if err := v.Validate(); err != nil {
			return fmt.Errorf("visit %d: %w", i, err)
		}
		rows = append(rows, []any{
			v.Hour.UTC(), uint32(v.ServerID), v.UserID, v.Email, v.IP.Unmap().String(), v.Host, v.Count,
			uint16(v.First.Sub(v.Hour).Seconds()), uint16(v.Last.Sub(v.Hour).Seconds()),
		})
	}
	b, err := newBatch("visits", visitColumns, rows)
	if err != nil {
		return err
	}
	return s.queue.put(b)
}
