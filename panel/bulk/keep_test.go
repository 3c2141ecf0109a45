package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"monitoring/panel/change"
	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

var countPort = change.TrafficPort{Port: 443}

// panel is one process of the panel over a database: after a kill nothing that it writes arrives any more.
type panel struct {
	*postgres.Store
	killed atomic.Bool
	later  []int64 // the servers that get a change when they are back
}

var errKilled = errors.New("the panel was killed")

func (p *panel) UpdateBulkJob(ctx context.Context, id string, results json.RawMessage, ended *time.Time) error {
	if p.killed.Load() {
		return errKilled
	}
	return p.Store.UpdateBulkJob(ctx, id, results, ended)
}

func startPanel(t *testing.T, store *postgres.Store, f *nodes) (*panel, *Service) {
	t.Helper()
	p := &panel{Store: store}
	s, err := New(t.Context(), Options{Fleet: f, Store: p, Changed: f.tell, Parallel: func() int { return 20 }, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Later: func(_ context.Context, servers []int64, _ change.Change) error {
			p.later = append(p.later, servers...)
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, s)
	return p, s
}

func states(list []Result) map[int64]string {
	out := map[int64]string{}
	for _, r := range list {
		out[r.ServerID] = r.State
	}
	return out
}

func wantStates(t *testing.T, j *job, want ...string) {
	t.Helper()
	got := states(j.snapshot())
	for i, state := range want {
		if got[int64(i+1)] != state {
			t.Errorf("server %d is %s, want %s", i+1, got[int64(i+1)], state)
		}
	}
}

func find(t *testing.T, s *Service, id string) *job {
	t.Helper()
	j, err := s.job(id)
	if err != nil {
		t.Fatalf("job %s: %v", id, err)
	}
	return j
}

// A job that has ended is the same after a restart, but for what commands printed.
func TestEndedJobOutlivesThePanel(t *testing.T) {
	t.Parallel()
	store, f := storagetest.Postgres(t), newNodes(3)
	f.duration, f.fail[2] = time.Millisecond, true
	reason := "Connection refused"
	f.servers[3] = storage.Server{ID: 3, Name: "s3", IsActive: true, LastError: &reason}
	_, s := startPanel(t, store, f)
	before := start(t, s, countPort, f.ids())
	wait(before)
	log, err := store.AuditEntries(t.Context(), storage.AuditFilter{})
	if err != nil || len(log) != 1 || *log[0].ServerID != 1 || log[0].Action != change.AuditAction(countPort.Kind()) || log[0].Detail != "traffic: count port 443" {
		t.Errorf("the audit log tells %+v, %v; want the change of server 1", log, err)
	}
	_, s = startPanel(t, store, f)
	j := find(t, s, before.id)
	wantStates(t, j, Succeeded, Failed, Skipped)
	v, was := j.view(), before.view()
	if !v.Restored || v.Title != was.Title || v.Counts != was.Counts || !v.EndedAt.Equal(was.EndedAt.Truncate(time.Microsecond)) {
		t.Errorf("%+v, before the restart %+v", v, was)
	}
	if r := j.snapshot()[1]; r.Message != "the check said no" || r.ServerName != "s2" {
		t.Errorf("%+v", r)
	}
}

// A panel that is killed in the middle knows afterwards who was through, and of the others that it does not know.
func TestKilledInTheMiddle(t *testing.T) {
	t.Parallel()
	store, f := storagetest.Postgres(t), newNodes(3)
	f.duration = time.Hour
	f.refuse[3] = rest.Fail(http.StatusConflict, "restricted", "the owner does not allow it")
	p, s := startPanel(t, store, f)
	before := start(t, s, countPort, f.ids())
	poll(t, "the job is written down", func() bool {
		rows, err := store.BulkJobs(t.Context())
		var list []Result
		return err == nil && json.Unmarshal(rows[0].Results, &list) == nil && states(list)[3] == Skipped && states(list)[1] == Running
	})
	p.killed.Store(true)
	_, s = startPanel(t, store, f)
	j := find(t, s, before.id)
	wantStates(t, j, Lost, Lost, Skipped)
	if v := j.view(); v.Counts != (Counts{Total: 3, Skipped: 1, Lost: 2}) || v.EndedAt == nil || !v.Restored {
		t.Errorf("%+v", v)
	}
	_, s = startPanel(t, store, f) // and it stays so
	wantStates(t, find(t, s, before.id), Lost, Lost, Skipped)
}

func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after a minute: not yet so that %s", what)
		}
	}
}

func TestAgain(t *testing.T) {
	t.Parallel()
	store, f := storagetest.Postgres(t), newNodes(3)
	f.duration, f.fail[2] = time.Millisecond, true
	f.refuse[3] = rest.Fail(http.StatusConflict, "restricted", "the owner does not allow it")
	_, s := startPanel(t, store, f)
	url := resttest.Serve(t, "/jobs/{id}", s.AgainRoutes)
	url = url[:len(url)-len("{id}")]
	j := start(t, s, countPort, f.ids())
	wait(j)
	delete(f.refuse, 3)
	f.mu.Lock()
	delete(f.fail, 2)
	f.mu.Unlock()

	var wg sync.WaitGroup
	var began atomic.Int32
	for range 5 { // impatient clicks
		wg.Go(func() {
			if _, err := s.again(t.Context(), j); err == nil {
				began.Add(1)
			}
		})
	}
	wg.Wait()
	if began.Load() != 1 {
		t.Fatalf("the rest was begun %d times", began.Load())
	}
	next := find(t, s, j.view().Again)
	wait(next)
	if got := states(next.snapshot()); len(got) != 2 || got[2] != Succeeded || got[3] != Succeeded {
		t.Errorf("%v", got)
	}
	if f.applied[1] != 1 || f.applied[2] != 2 {
		t.Errorf("made %v times", f.applied)
	}
	resttest.Want(t, "POST", url+j.id+"/again", "", http.StatusConflict, "bulk_repeated")
	resttest.Want(t, "POST", url+next.id+"/again", "", http.StatusConflict, "bulk_nothing_left")
	resttest.Want(t, "POST", url+"unknown/again", "", http.StatusNotFound, "")
	_, s = startPanel(t, store, f)
	if got := find(t, s, j.id).view().Again; got != next.id {
		t.Errorf("after a restart the rest of the job is %q, want %q", got, next.id)
	}
}

func TestAgainOverHTTP(t *testing.T) {
	t.Parallel()
	store, f := storagetest.Postgres(t), newNodes(1)
	f.duration, f.fail[1] = time.Millisecond, true
	_, s := startPanel(t, store, f)
	j := start(t, s, countPort, f.ids())
	wait(j)
	url := resttest.Serve(t, "/jobs/{id}", s.AgainRoutes)
	answer := resttest.Decode[JobResponse](t, "POST", url[:len(url)-len("{id}")]+j.id+"/again", "", http.StatusAccepted)
	if answer.Job.ID == j.id || answer.Job.Title != countPort.Title().English || len(answer.Results) != 1 {
		t.Errorf("%+v", answer)
	}
	wait(find(t, s, answer.Job.ID))
}

// Servers that were offline get the change when they are back, once.
func TestLater(t *testing.T) {
	t.Parallel()
	store, f := storagetest.Postgres(t), newNodes(3)
	f.duration, f.fail[1] = time.Millisecond, true
	reason := "Connection refused"
	f.servers[2] = storage.Server{ID: 2, Name: "s2", IsActive: true, LastError: &reason}
	f.servers[3] = f.servers[2]
	p, s := startPanel(t, store, f)
	j := start(t, s, countPort, []int64{1, 2, 3})
	wait(j)
	url := resttest.Serve(t, "/jobs/{id}", s.AgainRoutes)
	url = url[:len(url)-len("{id}")] + j.id
	if got := resttest.Decode[LaterResponse](t, "POST", url+"/later", "", http.StatusOK); got.Queued != 2 || len(p.later) != 2 {
		t.Errorf("%+v, queued for %v", got, p.later)
	}
	resttest.Want(t, "POST", url+"/later", "", http.StatusConflict, "bulk_nothing_left")
	_, s = startPanel(t, store, f)
	j = find(t, s, j.id)
	if r := j.snapshot()[1]; r.State != Skipped || r.Code != codeQueued || r.undone() {
		t.Errorf("%+v", r)
	}
	command := start(t, s, change.Command{}, []int64{2})
	wait(command)
	var refused *rest.Error
	if _, err := s.later(t.Context(), command); !errors.As(err, &refused) || refused.Code != "not_queueable" {
		t.Errorf("a command for later: %v", err)
	}
}

// A running job has no rest yet.
func TestAgainWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	f := newNodes(1)
	f.duration = time.Hour
	_, s := startPanel(t, storagetest.Postgres(t), f)
	j := start(t, s, countPort, f.ids())
	url := resttest.Serve(t, "/jobs/{id}", s.AgainRoutes)
	url = url[:len(url)-len("{id}")] + j.id
	resttest.Want(t, "POST", url+"/again", "", http.StatusConflict, "bulk_running")
	resttest.Want(t, "POST", url+"/later", "", http.StatusConflict, "bulk_running")
	j.stop()
	wait(j)
}
