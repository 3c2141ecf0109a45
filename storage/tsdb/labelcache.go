package tsdb

import (
	"sync"

	"github.com/prometheus/prometheus/model/labels"
)

// labelCache remembers the labels of series names in the engine's form, which saves most allocations of a query. It holds
// two generations: when the younger is full the older is forgotten, so that it never takes more than its limit.
type labelCache struct {
	mu         sync.RWMutex
	young, old map[string]seriesLabels
	size       int // bytes of young, estimated
	limit      int // bytes of one generation
}

// seriesLabels is what a series name says.
type seriesLabels struct {
	labels    labels.Labels // without the aggregate
	aggregate string        // of a rollup, else empty
}

const labelCacheEntryOverhead = 112 // bytes: three string headers, map slot, label length bytes

func newLabelCache(bytes int) *labelCache {
	return &labelCache{young: map[string]seriesLabels{}, limit: bytes / 2}
}

func (c *labelCache) get(d *decoder, name []byte) (seriesLabels, error) {
	c.mu.RLock()
	ls, ok := c.young[string(name)]
	if !ok {
		ls, ok = c.old[string(name)]
		if ok {
			c.mu.RUnlock()
			c.put(string(name), ls)
			return ls, nil
		}
	}
	c.mu.RUnlock()
	if ok {
		return ls, nil
	}
	ls, err := d.labels(name)
	if err != nil {
		return ls, err
	}
	c.put(string(name), ls)
	return ls, nil
}

func (c *labelCache) put(name string, ls seriesLabels) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size > c.limit {
		c.old, c.young, c.size = c.young, make(map[string]seriesLabels, len(c.young)/2), 0
	}
	if _, ok := c.young[name]; !ok {
		c.size += 2*len(name) + labelCacheEntryOverhead
	}
	c.young[name] = ls
}
