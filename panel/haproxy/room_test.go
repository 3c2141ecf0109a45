package haproxy

import (
	"strings"
	"testing"
	"time"

	"monitoring/agent/api"
)

// TestCacheOfStrangersIsBounded: what 500 agents say is kept at the same time.
func TestCacheOfStrangersIsBounded(t *testing.T) {
	t.Parallel()
	const servers, more = 300, 1 << 20 // bytes beyond what each may have
	c, now := newCache(), time.Now()
	active := map[int64]bool{}
	for id := range int64(servers) {
		active[id] = true
	}
	c.due(active, time.Minute, now)
	large := CachedResponse{Rules: &api.HAProxyRules{Problem: strings.Repeat("x", ownRoom+more)}}
	count := func() (kept, refused int) {
		for id := range active {
			e := c.entries[id]
			switch {
			case e.response.Rules != nil:
				kept++
			case e.response.LastError == errNoRoom.Error():
				refused++
			}
		}
		return kept, refused
	}
	for range 2 { // the second time all have an answer to replace
		for id := range active {
			c.put(id, large, nil, now)
		}
		kept, refused := count()
		if most := sharedRoom / more; kept > most || kept < most-1 || kept+refused != servers {
			t.Errorf("%d answers are kept and %d refused of %d, room is for %d", kept, refused, servers, most)
		}
	}
	c.put(0, CachedResponse{Rules: &api.HAProxyRules{}}, nil, now)
	if r, ok := c.get(0); !ok || r.LastError != "" {
		t.Errorf("an ordinary answer is not kept: %q", r.LastError)
	}
	c.due(map[int64]bool{0: true}, time.Minute, now)
	if c.taken != 0 {
		t.Errorf("after the strangers have gone %d bytes are taken", c.taken)
	}
}

func TestLargeAnswersAreNotRead(t *testing.T) {
	t.Parallel()
	b := start(t)
	b.answers("GET /v1/haproxy", api.HAProxyState{Status: api.HAProxyStatus{StatusOutput: strings.Repeat("x", 2*maxPart)}})
	b.svc.cache.due(map[int64]bool{1: true}, time.Minute, time.Now())
	b.svc.collect(t.Context(), 1)
	if e := b.svc.cache.entries[1]; e.response.Status != nil || e.response.LastError == "" {
		t.Errorf("kept %d bytes; error %q", len(e.response.Status.StatusOutput), e.response.LastError)
	}
}
