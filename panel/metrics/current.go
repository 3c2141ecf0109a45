package metrics

import (
	"context"
	"net/http"

	"monitoring/agent/api"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
)

// current answers the last document without asking the agent.
func (s *Service) current(w http.ResponseWriter, r *http.Request) error {
	server, err := s.server(r)
	if err != nil {
		return err
	}
	doc, _, ok := s.last(server.ID)
	if !ok {
		return rest.Fail(http.StatusServiceUnavailable, "no_data", "nothing has been received from this server yet")
	}
	return rest.Encode(w, http.StatusOK, doc)
}

// live answers what the agent says now.
func (s *Service) live(w http.ResponseWriter, r *http.Request) error {
	return ask(s, w, r, (*api.Client).Metrics)
}

// processes answers the whole process table of the moment.
func (s *Service) processes(w http.ResponseWriter, r *http.Request) error {
	return ask(s, w, r, (*api.Client).Processes)
}

// ask passes one question to the agent of the server that the path names.
func ask[T any](s *Service, w http.ResponseWriter, r *http.Request, question func(*api.Client, context.Context) (T, error)) error {
	server, err := s.server(r)
	if err != nil {
		return err
	}
	if !server.IsActive {
		return rest.Fail(http.StatusServiceUnavailable, "monitoring_disabled", "monitoring of this server is disabled: enable it to ask the agent")
	}
	client, err := s.fleet.Client(server.ID)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.agentTimeout)
	defer cancel()
	answer, err := question(client, ctx)
	if err != nil {
		if r.Context().Err() != nil {
			return r.Context().Err() // the browser left; that says nothing about the agent
		}
		return unreachable(err)
	}
	return rest.Encode(w, http.StatusOK, answer)
}

// unreachable maps an error of the agent's client: 504 for a timeout, 502 for everything else. The agent's own 401 and
// 403 become 502 too, for towards a browser they would mean "log in again".
func unreachable(err error) error {
	text, code := fleet.Classify(err)
	if code == http.StatusGatewayTimeout {
		return rest.FailWith(http.StatusGatewayTimeout, "agent_timeout", text)
	}
	return rest.FailWith(http.StatusBadGateway, "agent_unreachable", text)
}
