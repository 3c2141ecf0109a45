package bulk

import (
	"context"
	"net/http"

	"monitoring/panel/change"
	"monitoring/panel/rest"
	"monitoring/words"
)

var errNothingLeft = rest.Fail(http.StatusConflict, "bulk_nothing_left", "no server of this job is left for that")

// over returns the job that a request names, which must have ended.
func (s *Service) over(r *http.Request) (*job, error) {
	j, err := s.job(rest.Param(r, "id"))
	if err == nil && !j.ended() {
		return nil, rest.Fail(http.StatusConflict, "bulk_running", "this job is still running: wait for its end, or cancel it")
	}
	return j, err
}

// AgainRoutes are mounted at /api/bulk/jobs/{id}. They are for a person: the job may be a command.
func (s *Service) AgainRoutes(r rest.Router) {
	r.Post("/again", s.againJob)
	r.Post("/later", s.laterJob)
}

// againJob answers with a job that makes the change on the servers that have not done it.
func (s *Service) againJob(w http.ResponseWriter, r *http.Request) error {
	j, err := s.over(r)
	if err != nil {
		return err
	}
	rest.Note(r.Context(), "bulk", "again: "+j.change.Title().English)
	next, err := s.again(r.Context(), j)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusAccepted, JobResponse{next.view(), next.snapshot()})
}

func (s *Service) again(ctx context.Context, j *job) (*job, error) {
	var ids []int64
	for _, r := range j.snapshot() {
		if r.undone() {
			ids = append(ids, r.ServerID)
		}
	}
	if len(ids) == 0 {
		return nil, errNothingLeft
	}
	next, err := s.start(ctx, j.change, ids, j.id)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.again = next.id
	return next, nil
}

// LaterResponse says how many servers get the change when they are back.
type LaterResponse struct {
	Queued int `json:"queued"`
}

// laterJob has the servers that were offline get the change when they are back.
func (s *Service) laterJob(w http.ResponseWriter, r *http.Request) error {
	j, err := s.over(r)
	if err != nil {
		return err
	}
	rest.Note(r.Context(), "bulk", "when they are back: "+j.change.Title().English)
	n, err := s.later(r.Context(), j)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, LaterResponse{n})
}

func (s *Service) later(ctx context.Context, j *job) (int, error) {
	if !change.Queueable(j.change) {
		return 0, rest.Fail(http.StatusUnprocessableEntity, "not_queueable", "this is meant for now, not for when the server is back")
	}
	j.queueing.Lock() // a second click finds nothing left
	defer j.queueing.Unlock()
	var ids []int64
	var places []int
	for i, r := range j.snapshot() {
		if r.State == Skipped && r.Code == codeOffline {
			ids, places = append(ids, r.ServerID), append(places, i)
		}
	}
	if len(ids) == 0 {
		return 0, errNothingLeft
	}
	if err := s.o.Later(ctx, ids, j.change); err != nil {
		return 0, err
	}
	for _, i := range places {
		j.set(i, say(Skipped, codeQueued, words.Say("it gets this when it is back")))
	}
	end := j.endedAt()
	s.write(j, &end)
	return len(ids), nil
}
