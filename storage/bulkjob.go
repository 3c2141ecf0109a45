package storage

import (
	"encoding/json"
	"time"
)

// BulkJob is one change on many servers, as it is kept for the time after a restart of the panel.
type BulkJob struct {
	ID        string
	Kind      string
	Payload   json.RawMessage // of the change
	Results   json.RawMessage // one for each server
	Again     string          // the job that did the rest of this one, "" if there is none
	StartedAt time.Time
	EndedAt   *time.Time
}
