package bulk

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
)

// serveBulk serves the feature and one change of a test's own at POST /api/bulk/poke.
func serveBulk(t *testing.T, f *nodes) (s *Service, url string) {
	t.Helper()
	s = newBulk(t, f, 20)
	return s, resttest.Serve(t, "/api/bulk", s.Routes, func(r rest.Router) {
		r.Post("/poke", func(w http.ResponseWriter, r *http.Request) error { return s.serve(w, r, poke{}, f.ids()) })
	})
}

const async = "Prefer: respond-async"

func TestAnswerIsOneEntryPerServer(t *testing.T) {
	t.Parallel()
	f := newNodes(3)
	f.duration = time.Millisecond
	_, url := serveBulk(t, f)
	results := resttest.Decode[[]Result](t, http.MethodPost, url+"/poke", "", http.StatusOK)
	if len(results) != 3 || results[2].ServerName != "s3" || !results[2].Success || results[2].Message != "1" {
		t.Errorf("%+v", results)
	}
	jobs := resttest.Decode[JobsResponse](t, http.MethodGet, url+"/jobs", "", http.StatusOK).Jobs
	if len(jobs) != 1 || jobs[0].Counts.Done != 3 || jobs[0].EndedAt == nil || jobs[0].Title != "poke" {
		t.Errorf("%+v", jobs)
	}
}

func TestJobGoesOnWithoutItsTab(t *testing.T) {
	t.Parallel()
	f := newNodes(3)
	f.duration = 50 * time.Millisecond
	s, url := serveBulk(t, f)
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/poke", nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	for len(s.list()) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("no job began")
		}
	}
	leave()
	<-gone
	j := s.list()[0]
	wait(j)
	if c := j.view().Counts; c.Done != 3 {
		t.Errorf("%+v", c)
	}
}

func TestStreamTellsEveryServer(t *testing.T) {
	t.Parallel()
	f := newNodes(30)
	f.duration = 5 * time.Millisecond
	_, url := serveBulk(t, f)
	begun := resttest.Decode[JobResponse](t, http.MethodPost, url+"/poke", "", http.StatusAccepted, async)
	if len(begun.Results) != 30 || begun.Job.ID == "" {
		t.Fatalf("%+v", begun)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/jobs/"+begun.Job.ID+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	state, last := map[int64]string{}, JobNews{}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		last = JobNews{}
		if err := json.Unmarshal([]byte(data), &last); err != nil {
			t.Fatal(err)
		}
		if last.Results == nil {
			t.Errorf("no list of results: %s", data)
		}
		for _, r := range last.Results {
			state[r.ServerID] = r.State
		}
	}
	if lines.Err() != nil || last.Job.EndedAt == nil || last.Job.Counts.Done != 30 || len(state) != 30 {
		t.Fatalf("%+v, %d servers, %v", last.Job, len(state), lines.Err())
	}
	for id, s := range state {
		if s != Succeeded {
			t.Errorf("server %d was last told %s", id, s)
		}
	}
}

func TestCancelByRequest(t *testing.T) {
	t.Parallel()
	f := newNodes(2)
	f.duration = time.Hour
	s, url := serveBulk(t, f)
	begun := resttest.Decode[JobResponse](t, http.MethodPost, url+"/poke", "", http.StatusAccepted, async)
	resttest.Decode[rest.Success](t, http.MethodPost, url+"/jobs/"+begun.Job.ID+"/cancel", "", http.StatusOK)
	j, err := s.job(begun.Job.ID)
	if err != nil {
		t.Fatal(err)
	}
	wait(j)
	got := resttest.Decode[JobResponse](t, http.MethodGet, url+"/jobs/"+begun.Job.ID, "", http.StatusOK)
	if !got.Job.Cancelled || got.Job.Counts.Done != 0 {
		t.Errorf("%+v", got.Job)
	}
	for _, r := range got.Results {
		if r.Code != codeCancelled {
			t.Errorf("%+v", r)
		}
	}
	resttest.Decode[map[string]any](t, http.MethodPost, url+"/jobs/unknown/cancel", "", http.StatusNotFound)
	resttest.Decode[map[string]any](t, http.MethodGet, url+"/jobs/unknown/events", "", http.StatusNotFound)
}
