package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"monitoring/panel/change"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/words"
)

// A job is written down before it starts, every keepEvery while it goes on, and when it has ended. After a restart of the
// panel what was not known to be over by then is lost: it may have been done.

const (
	keepEvery = 2 * time.Second
	storeTime = 10 * time.Second
)

// Store is what jobs need of *postgres.Store. Tests that simulate time have one without sockets.
type Store interface {
	CreateBulkJob(ctx context.Context, j storage.BulkJob, restOf string) error
	UpdateBulkJob(ctx context.Context, id string, results json.RawMessage, ended *time.Time) error
	BulkJobs(ctx context.Context) ([]storage.BulkJob, error)
	ForgetBulkJobs(ctx context.Context, keep []string) error
	AddAuditEntry(ctx context.Context, e storage.AuditEntry) error
}

// keep writes a new job down, and forgets those that nobody can ask for any more.
func (s *Service) keep(ctx context.Context, j *job, restOf string) error {
	payload, err := json.Marshal(j.change)
	if err != nil {
		return fmt.Errorf("encode change: %w", err)
	}
	results, err := j.record()
	if err != nil {
		return err
	}
	row := storage.BulkJob{ID: j.id, Kind: j.change.Kind(), Payload: payload, Results: results, StartedAt: j.started}
	err = s.o.Store.CreateBulkJob(ctx, row, restOf)
	if errors.Is(err, storage.ErrConflict) {
		return rest.Fail(http.StatusConflict, "bulk_repeated", "the rest of this job has been started already: look at the newer job")
	}
	if err != nil {
		return fmt.Errorf("keep job: %w", err)
	}
	if err := s.o.Store.ForgetBulkJobs(ctx, s.ids()); err != nil {
		s.log.Warn("forget old jobs", "err", err) // the next job tries again
	}
	return nil
}

func (s *Service) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, len(s.jobs))
	for i, j := range s.jobs {
		ids[i] = j.id
	}
	return ids
}

// record is what is kept of the results: what commands printed may be megabytes.
func (j *job) record() (json.RawMessage, error) {
	list := j.snapshot()
	for i := range list {
		list[i].Stdout, list[i].Stderr = nil, nil
	}
	b, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("encode results: %w", err)
	}
	return b, nil
}

// keepUp writes down how far a job is, again and again. The job is over when the function that it returns has returned.
func (s *Service) keepUp(j *job) (end func(now time.Time)) {
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		t := time.NewTicker(keepEvery)
		defer t.Stop()
		written := 0
		for {
			select {
			case <-done:
				return
			case <-t.C:
			}
			if _, seen, _, _ := j.since(written); seen > written {
				s.write(j, nil)
				written = seen
			}
		}
	}()
	return func(now time.Time) {
		close(done)
		<-stopped
		s.write(j, &now)
		j.finish(now)
	}
}

// write writes how far a job is, also when the panel is about to end.
func (s *Service) write(j *job, ended *time.Time) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	results, err := j.record()
	if err == nil {
		err = s.o.Store.UpdateBulkJob(ctx, j.id, results, ended)
	}
	if err != nil {
		s.log.Error("keep job", "job", j.id, "err", err)
	}
}

// logMade notes in the audit log that a server has got the change.
func (s *Service) logMade(server int64, c change.Change) {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	if err := s.o.Store.AddAuditEntry(ctx, change.Made(server, c)); err != nil {
		s.log.Error("write audit log", "server", server, "change", c.Kind(), "err", err)
	}
}

// restore reads the jobs of the process before. Those that it has not ended are over, and what became of them is not known.
func (s *Service) restore(ctx context.Context) error {
	rows, err := s.o.Store.BulkJobs(ctx)
	if err != nil {
		return fmt.Errorf("read jobs: %w", err)
	}
	for _, row := range rows {
		c, err := change.Parse(row.Kind, row.Payload)
		if err != nil {
			continue // kept by another version of the panel
		}
		j := newJob(row.ID, c, row.StartedAt)
		j.restored, j.again = true, row.Again
		if err := json.Unmarshal(row.Results, &j.results); err != nil {
			s.log.Error("read kept job", "job", row.ID, "err", err)
			continue
		}
		j.stop()
		if row.EndedAt != nil {
			j.end = *row.EndedAt
		} else {
			j.lose()
			now := time.Now().UTC()
			s.write(j, &now)
			j.end = now
		}
		s.jobs = append(s.jobs, j)
	}
	return nil
}

// lose marks the servers whose outcome is not known. Nobody else has the job yet.
func (j *job) lose() {
	for i, r := range j.results {
		if r.State == Waiting || r.State == Running {
			j.results[i] = say(Lost, "", words.Say("the panel was restarted before it knew the outcome: it may have been done"))
			j.results[i].ServerID, j.results[i].ServerName = r.ServerID, r.ServerName
		}
	}
}
