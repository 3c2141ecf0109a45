package scrape

import (
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
	return &document{at, sync.OnceValues(func() (api.Metrics, error) { return api.Decode[api.Metrics](page) })}
}
