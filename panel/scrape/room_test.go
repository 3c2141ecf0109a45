package scrape

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"monitoring/agent/api"
)

func TestRoom(t *testing.T) {
	t.Parallel()
	r := room{left: 100}
	a, b := share{room: &r}, share{room: &r}
	f := func(what string, err, want error, left int) {
		t.Helper()
		if !errors.Is(err, want) || r.left != left {
			t.Errorf("%s: %v, %d left, want %v and %d", what, err, r.left, want, left)
		}
	}
	f("an ordinary page takes nothing", a.grow(ownRoom), nil, 100)
	f("a larger one takes what is beyond", a.grow(ownRoom+60), nil, 40)
	f("reading never shrinks it", a.grow(10), nil, 40)
	f("it is kept, smaller than its buffer was", a.keep(ownRoom+50), nil, 50)
	f("another is too large", b.grow(ownRoom+51), errNoRoom, 50)
	f("a smaller one fits", b.grow(ownRoom+30), nil, 20)
	b.settle()
	f("but was not kept", nil, nil, 50)
	f("the next of the first begins", a.grow(ownRoom+90), nil, 10)
	a.settle()
	f("and is not kept either", nil, nil, 50)
	a.free()
	b.free()
	f("all are gone", nil, nil, 100)
}

// strangers is an agent whose answers are large on purpose.
func strangers(size int) agentFunc {
	return func(_ context.Context, set string, _ map[string][]string) (string, error) {
		if set == "document" {
			b, err := json.Marshal(api.Metrics{ServerName: strings.Repeat("x", size)})
			return string(b), err
		}
		return "load 1\n" + strings.Repeat("# padding\n", size/10), nil
	}
}

// TestFleetOfStrangersIsBounded: what servers send is kept until they send the next, so that 500 of 8 MB would be 4 GB.
func TestFleetOfStrangersIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, fleet, st := testScraper(t)
		const size = ownRoom + 100<<10 // 356 kB: three buffers of 512 kB
		s.room.left = 3 * (512<<10 - ownRoom)
		total := s.room.left
		for id := int64(1); id <= 9; id++ {
			fleet.put(server(id), strangers(size))
		}
		fleet.put(server(10), strangers(ownRoom/2))
		start(t, s)
		state := func() (kept int) {
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			ups := st.series(seriesOf("up", jobHost, 10))
			if doc, _, ok := s.Last(10); !ok || len(doc.ServerName) != ownRoom/2 || ups[len(ups)-1].Value != 1 {
				t.Errorf("the ordinary server suffers: document %v, up %v", ok, ups[len(ups)-1])
			}
			s.mu.RLock()
			defer s.mu.RUnlock()
			for id := int64(1); id <= 9; id++ {
				if d := s.latest[id].document; d != nil {
					kept++
				}
			}
			for _, last := range s.outcomes {
				if last.err != "" && !strings.Contains(last.err, string(errNoRoom)) {
					t.Errorf("a page was refused: %s", last.err)
				}
				if last.err == "" {
					kept++
				}
			}
			return kept - 2 // those of server 10
		}
		const most = 3 * (512<<10 - ownRoom) / (100 << 10) // each keeps 100 kB of the room
		if kept := state(); kept < 1 || kept > most {
			t.Errorf("%d large answers are kept, want some and %d at the most", kept, most)
		}
		for id := int64(1); id <= 9; id++ {
			fleet.remove(id)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		s.room.mu.Lock()
		defer s.room.mu.Unlock()
		if s.room.left != total {
			t.Errorf("after the strangers have gone %d bytes are left, want %d", s.room.left, total)
		}
	})
}
