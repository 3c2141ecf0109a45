package bulk

import (
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/agent/api"
	"monitoring/panel/change"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/words"
)

const (
	maxAsked = 100              // nodes that are asked at a time whether they answer
	askTime  = 3 * time.Second  // for that
	wayTime  = 10 * time.Second // for the way to the agent and back
)

// work does the change of a job on every server. Before a server takes one of the job's places it must answer a small
// question, so that nodes that hang do not hold up those that work.
func (s *Service) work(ctx context.Context, j *job) {
	defer context.AfterFunc(ctx, j.stop)() // the panel ends
	defer j.stop()
	places := make(chan struct{}, max(1, s.o.Parallel()))
	var g errgroup.Group
	g.SetLimit(maxAsked)
	for i, r := range j.snapshot() {
		client, err := s.reach(r.ServerID, j.change)
		if err != nil { // told at once, before any server has its turn
			s.note(j, i, failure(Skipped, err))
			continue
		}
		g.Go(func() error {
			s.one(j.ctx, j, i, client, places)
			return nil
		})
	}
	kept := s.keepUp(j)
	_ = g.Wait() // no work returns an error
	kept(time.Now())
	s.log.Info("bulk job ended", "job", j.id, "change", j.change.Kind(), "counts", j.view().Counts)
}

// reach returns the client of a server that can be worked on, as far as the panel knows without asking it.
func (s *Service) reach(id int64, c change.Change) (*api.Client, error) {
	srv, err := s.o.Fleet.Server(id)
	if err != nil {
		return nil, err
	}
	if srv.IsActive && srv.LastError != nil {
		return nil, offline(reasonOf(srv))
	}
	return s.o.Fleet.Control(id, c.Need())
}

// one works on one server.
func (s *Service) one(ctx context.Context, j *job, i int, client *api.Client, places chan struct{}) {
	asked, cancel := context.WithTimeout(ctx, askTime)
	_, err := client.Health(asked)
	cancel()
	if err != nil && ctx.Err() == nil {
		s.note(j, i, failure(Skipped, offline(rest.Words(fleet.AgentError(err, j.change.Need())))))
		return
	}
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		s.note(j, i, say(Cancelled, codeCancelled, words.Say("cancelled before its turn")))
		return
	}
	j.set(i, Result{State: Running})
	limited, cancel := context.WithTimeout(ctx, j.change.Timeout()+wayTime)
	defer cancel()
	done, err := j.change.Apply(limited, change.Target{Server: j.serverID(i), Client: client, Firewall: s.o.Firewall})
	s.o.Changed(j.serverID(i))
	if err == nil {
		s.logMade(j.serverID(i), j.change)
	}
	r := result(done)
	switch {
	case ctx.Err() != nil && err != nil:
		r = say(Failed, codeCancelled, words.Say("cancelled while it was under way; it may still be at it"))
	case errors.Is(err, context.DeadlineExceeded):
		r = say(Failed, "agent_timeout", words.Say("not done within %v; it may still be at it", j.change.Timeout()))
	case err != nil:
		r = failure(Failed, fleet.AgentError(err, j.change.Need()))
	}
	s.note(j, i, r)
}

// result is the outcome of a change that was made. A command that reports a failure was made, too, but did not succeed.
func result(o change.Outcome) Result {
	r := say(Succeeded, o.Code, o.Message)
	if c := o.Command; c != nil {
		r.Stdout, r.Stderr, r.ExitCode, r.ExecutionTimeMS = &c.Stdout, &c.Stderr, &c.ExitCode, &c.ExecutionTimeMS
		if !c.Success {
			r.State, r.Code = Failed, "exit_code"
		}
	}
	return r
}

// note sets the last state of a server.
func (s *Service) note(j *job, i int, r Result) {
	s.metrics.results.WithLabelValues(r.State).Inc()
	j.set(i, r)
}

// failure puts an error into words.
func failure(state string, err error) Result {
	var told *rest.Error
	switch {
	case errors.As(err, &told):
		return say(state, told.Code, rest.Words(told))
	case errors.Is(err, storage.ErrNotFound):
		return say(state, "not_found", words.Say("the server was deleted"))
	}
	return say(state, "", words.Plain(err.Error()))
}

// offline says that a server cannot be worked on since it does not answer.
func offline(reason words.Sentence) error {
	return rest.Fail(http.StatusBadGateway, codeOffline, "the server does not answer: %v", reason)
}

// reasonOf is why a server is offline.
func reasonOf(srv storage.Server) words.Sentence {
	if srv.ErrorWords != nil {
		return *srv.ErrorWords
	}
	return words.Plain(*srv.LastError)
}
