package scrape

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"monitoring/agent/api"
)

// document is a server's metrics document. It is decoded when somebody looks at it: most are replaced unread.
type document struct {
	at      time.Time
	metrics func() (api.Metrics, error)
}

func newDocument(page []byte, at time.Time) *document {
	return &document{at, sync.OnceValues(func() (m api.Metrics, err error) {
		if err = json.Unmarshal(page, &m); err != nil {
			err = fmt.Errorf("decode metrics document: %w", err)
		}
		return m, err
	})}
}
