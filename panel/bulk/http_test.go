package bulk

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"monitoring/panel/rest"
)

// serveBulk serves the feature and one change of a test's own at POST /api/bulk/poke.
func serveBulk(t *testing.T, f *nodes) (s *Service, url string) {
	t.Helper()
	s = newBulk(t, f, 20)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	mux := rest.NewMux(func(_ rest.Role, next http.Handler) http.Handler { return next }, log)
	mux.Mount("/api/bulk", rest.Access{Read: rest.FleetRead, Write: rest.FleetWrite}, func(r rest.Router) {
		s.Routes(r)
		r.Post("/poke", func(w http.ResponseWriter, r *http.Request) error { return s.serve(w, r, poke{}, f.ids()) })
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return s, srv.URL + "/api/bulk"
}

func ask[T any](t *testing.T, method, url string, header http.Header, wantStatus int) (v T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != wantStatus {
		t.Fatalf("%s %s: %d %s, %v", method, url, resp.StatusCode, b, err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return v
}

var async = http.Header{"Prefer": {"respond-async"}}

func TestAnswerIsOneEntryPerServer(t *testing.T) {
	t.Parallel()
	f := newNodes(3)
	f.duration = time.Millisecond
	_, url := serveBulk(t, f)
	results := ask[[]Result](t, http.MethodPost, url+"/poke", nil, http.StatusOK)
	if len(results) != 3 || results[2].ServerName != "s3" || !results[2].Success || results[2].Message != "1" {
		t.Errorf("%+v", results)
	}
	jobs := ask[JobsResponse](t, http.MethodGet, url+"/jobs", nil, http.StatusOK).Jobs
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
	begun := ask[JobResponse](t, http.MethodPost, url+"/poke", async, http.StatusAccepted)
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
	begun := ask[JobResponse](t, http.MethodPost, url+"/poke", async, http.StatusAccepted)
	ask[rest.Success](t, http.MethodPost, url+"/jobs/"+begun.Job.ID+"/cancel", nil, http.StatusOK)
	j, err := s.job(begun.Job.ID)
	if err != nil {
		t.Fatal(err)
	}
	wait(j)
	got := ask[JobResponse](t, http.MethodGet, url+"/jobs/"+begun.Job.ID, nil, http.StatusOK)
	if !got.Job.Cancelled || got.Job.Counts.Done != 0 {
		t.Errorf("%+v", got.Job)
	}
	for _, r := range got.Results {
		if r.Code != codeCancelled {
			t.Errorf("%+v", r)
		}
	}
	ask[map[string]any](t, http.MethodPost, url+"/jobs/unknown/cancel", nil, http.StatusNotFound)
	ask[map[string]any](t, http.MethodGet, url+"/jobs/unknown/events", nil, http.StatusNotFound)
}
