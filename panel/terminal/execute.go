package terminal

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
)

const maxNoted = 500 // bytes of a command in the audit log

// ExecuteRequest is a command line.
type ExecuteRequest struct {
	api.ExecRequest
}

// Validate implements rest.Validator.
func (r *ExecuteRequest) Validate() error { return Check(&r.ExecRequest) }

// Check completes a command and says in the panel's words what is wrong with it.
func Check(r *api.ExecRequest) error {
	var wrong *api.Failure
	if err := r.Check(); errors.As(err, &wrong) {
		return &storage.FieldError{Field: wrong.Field, Detail: wrong.Detail, Words: wrong.Words}
	}
	return nil
}

// readCommand reads the request and writes the command into the audit log.
func readCommand(r *http.Request) (id int64, req *ExecuteRequest, err error) {
	if id, err = rest.ID(r, "id"); err != nil {
		return 0, nil, err
	}
	body, err := rest.Decode[ExecuteRequest](r)
	if err != nil {
		return 0, nil, err
	}
	noted := body.Command
	if len(noted) > maxNoted {
		noted = strings.ToValidUTF8(noted[:maxNoted], "") + "…"
	}
	rest.Note(r.Context(), rest.Param(r, "id"), noted)
	return id, &body, nil
}

// execute runs a command to its end.
func (s *Service) execute(w http.ResponseWriter, r *http.Request) error {
	id, req, err := readCommand(r)
	if err != nil {
		return err
	}
	client, err := s.fleet.Control(id, toRun)
	if err != nil {
		return err
	}
	rest.AllowTime(w, req.Limit()+2*answerSlack)
	ctx, cancel := context.WithTimeout(r.Context(), req.Limit()+answerSlack)
	defer cancel()
	out, err := client.Execute(ctx, req.ExecRequest)
	if err != nil {
		return s.failed(r, err)
	}
	s.count(out.Success)
	return rest.Encode(w, http.StatusOK, out)
}

// executeStream runs a command and passes its events on as they come. A client that goes away ends the command.
func (s *Service) executeStream(w http.ResponseWriter, r *http.Request) error {
	id, req, err := readCommand(r)
	if err != nil {
		return err
	}
	client, err := s.fleet.Control(id, toRun)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), req.Limit()+streamSlack)
	defer cancel()
	var out *rest.Stream
	begin := func() (err error) {
		if out == nil {
			out, err = rest.OpenStream(w)
		}
		return err
	}
	err = client.ExecuteStream(ctx, req.ExecRequest, func(event string, data []byte) error {
		if err := begin(); err != nil {
			return err
		}
		if !known[event] || !json.Valid(data) {
			return nil // the node may be somebody else's: only what we know goes to a browser
		}
		if event == api.EventDone {
			var done api.ExecDone
			_ = json.Unmarshal(data, &done) // a wrong type leaves it a failure
			s.count(done.Success)
		}
		return out.Send(event, json.RawMessage(data))
	})
	if err == nil || r.Context().Err() != nil {
		return nil
	}
	if out == nil {
		return s.failed(r, err)
	}
	s.runs.WithLabelValues("lost").Inc() // headers are out: an event is all that is left to tell it with
	_ = out.Send(api.EventError, api.ExecError{Message: fleet.AgentError(err, toRun).Error()})
	return nil
}

var known = map[string]bool{api.EventStdout: true, api.EventStderr: true, api.EventDone: true, api.EventError: true}

func (s *Service) count(success bool) {
	if success {
		s.runs.WithLabelValues("ok").Inc()
	} else {
		s.runs.WithLabelValues("failed").Inc()
	}
}

func (s *Service) failed(r *http.Request, err error) error {
	if r.Context().Err() != nil {
		return r.Context().Err()
	}
	s.runs.WithLabelValues("lost").Inc()
	return fleet.AgentError(err, toRun)
}
