package bulk

import (
	"net/http"
	"strings"
	"time"

	"monitoring/panel/change"
	"monitoring/panel/rest"
)

const (
	longestWait = 11 * time.Minute // for a job's end in one request: the longest command and a little
	heartbeat   = 15 * time.Second
)

// Routes are mounted at /api/bulk. A change answers when all servers are through, or, with "Prefer: respond-async",
// at once with the job.
func (s *Service) Routes(r rest.Router) {
	r.Get("/jobs", s.listJobs)
	r.Get("/jobs/{id}", s.getJob)
	r.Get("/jobs/{id}/events", s.streamJob)
	r.Post("/jobs/{id}/cancel", s.cancelJob)
	s.changeRoutes(r)
}

// JobsResponse lists the jobs that are remembered, the newest first.
type JobsResponse struct {
	Jobs []Job `json:"jobs"`
}

// JobResponse is one job with its results, in the order of the request.
type JobResponse struct {
	Job     Job      `json:"job"`
	Results []Result `json:"results"`
}

// JobNews is one event of a job: how far it is, and the servers whose state changed since the last event.
type JobNews struct {
	Job     Job      `json:"job"`
	Results []Result `json:"results"`
}

// serve starts a job and answers as the caller asked.
func (s *Service) serve(w http.ResponseWriter, r *http.Request, c change.Change, ids []int64) error {
	rest.Note(r.Context(), "bulk", c.Title().English)
	j, err := s.start(r.Context(), c, ids, "")
	if err != nil {
		return err
	}
	if strings.Contains(r.Header.Get("Prefer"), "respond-async") {
		return rest.Encode(w, http.StatusAccepted, JobResponse{j.view(), j.snapshot()})
	}
	rest.AllowTime(w, longestWait)
	for {
		_, _, ended, next := j.since(0)
		if ended {
			return rest.Encode(w, http.StatusOK, j.snapshot())
		}
		select {
		case <-next:
		case <-r.Context().Done(): // the job goes on
			return r.Context().Err()
		}
	}
}

func (s *Service) listJobs(w http.ResponseWriter, _ *http.Request) error {
	out := JobsResponse{Jobs: []Job{}}
	for _, j := range s.list() {
		out.Jobs = append(out.Jobs, j.view())
	}
	return rest.Encode(w, http.StatusOK, out)
}

func (s *Service) getJob(w http.ResponseWriter, r *http.Request) error {
	j, err := s.job(rest.Param(r, "id"))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, JobResponse{j.view(), j.snapshot()})
}

func (s *Service) cancelJob(w http.ResponseWriter, r *http.Request) error {
	j, err := s.job(rest.Param(r, "id"))
	if err != nil {
		return err
	}
	rest.Note(r.Context(), "bulk", "cancel "+j.change.Title().English)
	j.stop()
	return rest.Done(w)
}

// streamJob sends "news" events: first everything, then what changed. It ends with the job.
func (s *Service) streamJob(w http.ResponseWriter, r *http.Request) error {
	j, err := s.job(rest.Param(r, "id"))
	if err != nil {
		return err
	}
	out, err := rest.OpenStream(w)
	if err != nil {
		return nil // the client has gone
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	news, seen, ended, next := j.since(0)
	for first := true; ; first = false {
		if first {
			news = j.snapshot()
		}
		if first || len(news) > 0 || ended {
			if out.Send("news", JobNews{j.view(), news}) != nil {
				return nil
			}
		}
		if ended {
			return nil
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-beat.C:
			if out.Heartbeat() != nil {
				return nil
			}
		case <-next:
		}
		news, seen, ended, next = j.since(seen)
	}
}
