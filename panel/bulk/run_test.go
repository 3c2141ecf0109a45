package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"monitoring/agent/api"
	"monitoring/panel/change"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/words"
)

// nodes is a fleet of agents that answer in this process: no sockets, so that time can be simulated.
type nodes struct {
	mu       sync.Mutex
	servers  map[int64]storage.Server
	refuse   map[int64]error // of Control
	hang     map[int64]bool  // even the small question
	most     int             // changes at the same time
	now      int
	applied  map[int64]int
	changed  map[int64]int // servers that others were told of
	duration time.Duration
	fail     map[int64]bool
}

func newNodes(n int) *nodes {
	f := &nodes{servers: map[int64]storage.Server{}, refuse: map[int64]error{}, hang: map[int64]bool{}, applied: map[int64]int{}, changed: map[int64]int{}, fail: map[int64]bool{}, duration: 100 * time.Millisecond}
	for id := int64(1); id <= int64(n); id++ {
		f.servers[id] = storage.Server{ID: id, Name: fmt.Sprintf("s%d", id), IsActive: true}
	}
	return f
}

func (f *nodes) tell(id int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed[id]++
}

func (f *nodes) Server(id int64) (storage.Server, error) {
	srv, ok := f.servers[id]
	if !ok {
		return srv, storage.ErrNotFound
	}
	return srv, nil
}

func (f *nodes) Control(id int64, _ fleet.Need) (*api.Client, error) {
	if err := f.refuse[id]; err != nil {
		return nil, err
	}
	return api.NewClient("http://node", &http.Client{Transport: &node{f, id}}), nil
}

type node struct {
	fleet *nodes
	id    int64
}

// RoundTrip is the agent: health at once, anything else is the change.
func (n *node) RoundTrip(r *http.Request) (*http.Response, error) {
	f := n.fleet
	if f.hang[n.id] {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	w := httptest.NewRecorder()
	if r.URL.Path == api.PathHealth {
		_, _ = io.WriteString(w, `{"status":"ok"}`)
		return w.Result(), nil
	}
	f.mu.Lock()
	f.now++
	f.most = max(f.most, f.now)
	f.applied[n.id]++
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.now--
		f.mu.Unlock()
	}()
	select {
	case <-time.After(f.duration):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	if f.fail[n.id] {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"detail":"the check said no","code":"refused"}`)
		return w.Result(), nil
	}
	_, _ = io.WriteString(w, `{"version":"1"}`)
	return w.Result(), nil
}

// poke stands for any change: one call of the agent.
type poke struct{}

func (poke) Kind() string           { return "poke" }
func (poke) Title() words.Sentence  { return words.Say("poke") }
func (poke) Validate() error        { return nil }
func (poke) Need() fleet.Need       { return fleet.Need{} }
func (poke) Timeout() time.Duration { return time.Minute }

func (poke) Apply(ctx context.Context, t change.Target) (change.Outcome, error) {
	v, err := t.Client.Version(ctx)
	return change.Outcome{Message: words.Plain(v.Version)}, err
}

func (f *nodes) ids() []int64 {
	var ids []int64
	for id := range f.servers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func newBulk(t *testing.T, f *nodes, parallel int) *Service {
	t.Helper()
	s, err := New(t.Context(), Options{Fleet: f, Store: &memory{}, Changed: f.tell, Parallel: func() int { return parallel }, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	return s
}

func run(t *testing.T, s *Service) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// memory is a store without sockets, for simulated time. TestRestart has the real one.
type memory struct{}

func (*memory) CreateBulkJob(context.Context, storage.BulkJob, string) error             { return nil }
func (*memory) UpdateBulkJob(context.Context, string, json.RawMessage, *time.Time) error { return nil }
func (*memory) AddAuditEntry(context.Context, storage.AuditEntry) error                  { return nil }
func (*memory) BulkJobs(context.Context) ([]storage.BulkJob, error)                      { return nil, nil }
func (*memory) ForgetBulkJobs(context.Context, []string) error                           { return nil }

func start(t *testing.T, s *Service, c change.Change, ids []int64) *job {
	t.Helper()
	j, err := s.start(t.Context(), c, ids, "")
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func wait(j *job) {
	for {
		_, _, ended, next := j.since(0)
		if ended {
			return
		}
		<-next
	}
}

func TestEveryServerHasItsOwnOutcome(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newNodes(6)
		reason := "Connection refused"
		f.servers[2] = storage.Server{ID: 2, Name: "s2", IsActive: true, LastError: &reason}
		f.refuse[3] = rest.Fail(http.StatusServiceUnavailable, "monitoring_disabled", "monitoring of this server is disabled")
		f.fail[4] = true
		f.hang[5] = true
		f.refuse[6] = rest.Fail(http.StatusConflict, api.CodeRestricted, "the owner does not allow it")
		s := newBulk(t, f, 20)
		j := start(t, s, poke{}, []int64{6, 5, 4, 3, 2, 1, 1, 99})
		wait(j)
		want := []Result{
			{ServerID: 6, ServerName: "s6", State: Skipped, Code: api.CodeRestricted, Message: "the owner does not allow it"},
			{ServerID: 5, ServerName: "s5", State: Skipped, Code: "offline"},
			{ServerID: 4, ServerName: "s4", State: Failed, Code: "refused", Message: "the check said no"},
			{ServerID: 3, ServerName: "s3", State: Skipped, Code: "monitoring_disabled", Message: "monitoring of this server is disabled"},
			{ServerID: 2, ServerName: "s2", State: Skipped, Code: "offline", Message: "the server does not answer: Connection refused"},
			{ServerID: 1, ServerName: "s1", State: Succeeded, Success: true, Message: "1"},
		}
		got := j.snapshot()
		if len(got) != len(want) {
			t.Fatalf("%d results, want %d: %+v", len(got), len(want), got)
		}
		for i := range want {
			if want[i].Message == "" {
				want[i].Message = got[i].Message
			}
			got[i].Words = nil
			if got[i] != want[i] {
				t.Errorf("result %d: %+v, want %+v", i, got[i], want[i])
			}
		}
		if c := j.view().Counts; c != (Counts{Total: 6, Done: 1, Failed: 1, Skipped: 4}) {
			t.Errorf("counts %+v", c)
		}
		if f.applied[1] != 1 {
			t.Errorf("asked for twice, done %d times", f.applied[1])
		}
		if want := (map[int64]int{1: 1, 4: 1}); !maps.Equal(f.changed, want) { // also of the one that failed: who knows what it did
			t.Errorf("told of changes of %v, want %v", f.changed, want)
		}
	})
}

func TestNoServerThere(t *testing.T) {
	t.Parallel()
	s := newBulk(t, newNodes(1), 20)
	if _, err := s.start(t.Context(), poke{}, []int64{7, 8}, ""); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

// A bulk command over 500 agents that answer in 100 ms; the five that hang delay the others by nothing.
func TestHungServersDelayNobody(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, hung int) (others time.Duration, most int) {
		f := newNodes(500)
		for id := int64(1); id <= int64(hung); id++ {
			f.hang[id] = true
		}
		s := newBulk(t, f, 20)
		began := time.Now()
		j := start(t, s, poke{}, f.ids())
		for n := 0; ; {
			news, seen, ended, next := j.since(n)
			n = seen
			for _, r := range news {
				if r.State == Succeeded {
					others = time.Since(began)
				}
			}
			if ended {
				return others, f.most
			}
			<-next
		}
	}
	synctest.Test(t, func(t *testing.T) {
		alone, most := run(t, 0)
		beside, mostBeside := run(t, 5)
		if most != 20 || mostBeside != 20 {
			t.Errorf("%d and %d nodes at a time, want 20", most, mostBeside)
		}
		if alone > 6*time.Second || beside > alone {
			t.Errorf("500 servers took %v, beside five that hang %v", alone, beside)
		}
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newNodes(10)
		f.duration = time.Minute
		s := newBulk(t, f, 2)
		j := start(t, s, poke{}, f.ids())
		time.Sleep(time.Second)
		j.stop()
		wait(j)
		v := j.view()
		if !v.Cancelled || v.Counts.Done != 0 || v.Counts.Failed != 2 || v.Counts.Skipped != 8 {
			t.Errorf("%+v", v)
		}
		if len(f.applied) != 2 {
			t.Errorf("the change reached %d servers", len(f.applied))
		}
		j.stop() // again, after the end
		if got := j.view(); !got.EndedAt.Equal(*v.EndedAt) {
			t.Errorf("ended at %v, then at %v", v.EndedAt, got.EndedAt)
		}
	})
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newNodes(1)
		f.duration = time.Hour
		s := newBulk(t, f, 2)
		j := start(t, s, poke{}, f.ids())
		wait(j)
		if r := j.snapshot()[0]; r.State != Failed || r.Code != "agent_timeout" || j.endedAt().Sub(j.started) != time.Minute+wayTime {
			t.Errorf("%+v after %v", r, j.endedAt().Sub(j.started))
		}
	})
}

func TestJobsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newNodes(1)
		s := newBulk(t, f, 2)
		for range maxRunning {
			start(t, s, poke{}, f.ids())
		}
		var busy *rest.Error
		if _, err := s.start(t.Context(), poke{}, f.ids(), ""); !errors.As(err, &busy) || busy.Status != http.StatusConflict {
			t.Errorf("one more gave %v", err)
		}
		time.Sleep(time.Second)
		for range maxFinished {
			wait(start(t, s, poke{}, f.ids()))
		}
		if n := len(s.list()); n != maxFinished {
			t.Errorf("%d jobs are remembered, want %d", n, maxFinished)
		}
		time.Sleep(keepFor)
		if n := len(s.list()); n != 0 {
			t.Errorf("%d jobs are remembered after %v", n, keepFor)
		}
	})
}

func TestTheEndOfThePanelCancels(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newNodes(3)
		f.duration = time.Hour
		s, err := New(t.Context(), Options{Fleet: f, Store: &memory{}, Changed: f.tell, Parallel: func() int { return 1 }, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		j := start(t, s, poke{}, f.ids())
		time.Sleep(time.Second)
		cancel()
		if err := <-done; err != nil || !j.ended() {
			t.Errorf("error %v, ended %v", err, j.ended())
		}
	})
}
