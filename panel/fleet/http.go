package fleet

import (
	"errors"
	"net/http"

	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/words"
)

// Routes are the servers and folders, below /api/servers.
func (s *Service) Routes(r rest.Router) {
	r.Get("/", s.listServers)
	r.Post("/", s.createServer)
	r.Post("/bulk", s.createServers)
	r.Post("/reorder", s.reorderServers)
	r.Post("/move-to-folder", s.moveToFolder)
	s.folderRoutes(r)
	r.Get("/{id}", s.getServer)
	r.Put("/{id}", s.updateServer)
	r.Delete("/{id}", s.deleteServer)
	r.Post("/{id}/test", s.testServer)
	r.Post("/{id}/install", s.installServer)
	r.Get("/{id}/join-status", s.joinStatus)
}

// CreatedServer is what a client learns of a server that it added.
type CreatedServer struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	URL      string `json:"url"`
	Position int    `json:"position"`
}

// CreateServerResponse carries the install token; it is shown once.
type CreateServerResponse struct {
	Success bool          `json:"success"`
	Server  CreatedServer `json:"server"`
	Install Install       `json:"install"`
}

func created(c Created) CreatedServer {
	return CreatedServer{c.Server.ID, c.Server.Name, c.Server.URL, c.Server.Position}
}

func (s *Service) createServer(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[CreateServerRequest](r)
	if err != nil {
		return err
	}
	c, err := s.Create(r.Context(), req)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, CreateServerResponse{Success: true, Server: created(c), Install: c.Install})
}

// BulkResponse has one result per server of the request, in its order.
type BulkResponse struct {
	Success bool         `json:"success"` // every one was added
	Results []BulkResult `json:"results"`
}

// BulkResult is a new server, or why there is none.
type BulkResult struct {
	Index   int            `json:"index"`
	Success bool           `json:"success"`
	Server  *CreatedServer `json:"server,omitempty"`
	Install *Install       `json:"install,omitempty"`
	Error   *BulkError     `json:"error,omitempty"`
}

// BulkError is the error of one line.
type BulkError struct {
	Detail string          `json:"detail"`
	Field  string          `json:"field,omitempty"`
	Words  *words.Sentence `json:"words,omitempty"` // Detail for the UI
}

func (s *Service) createServers(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[BulkRequest](r)
	if err != nil {
		return err
	}
	resp := BulkResponse{Success: true, Results: make([]BulkResult, len(req.Servers))}
	for i, line := range req.Servers {
		c, err := s.Create(r.Context(), CreateServerRequest{Name: line.Name, URL: line.URL, Folder: line.Folder, Preset: req.Preset})
		result := BulkResult{Index: i, Success: err == nil}
		if err != nil {
			if result.Error = lineError(err); result.Error == nil {
				return err // no fault of the line
			}
			resp.Success = false
		} else {
			server := created(c)
			result.Server, result.Install = &server, &c.Install
		}
		resp.Results[i] = result
	}
	return rest.Encode(w, http.StatusOK, resp)
}

// lineError returns nil for an error that is not the input's.
func lineError(err error) *BulkError {
	var field *storage.FieldError
	var answer *rest.Error
	switch {
	case errors.As(err, &field):
		return &BulkError{field.Detail, field.Field, field.Words}
	case errors.As(err, &answer):
		return &BulkError{answer.Detail, answer.Field, answer.Words}
	default:
		return nil
	}
}

func (s *Service) getServer(w http.ResponseWriter, r *http.Request) error {
	n, err := s.requested(r)
	if err != nil {
		return err
	}
	s.mu.RLock()
	d := ServerDetail{ServerItem: s.item(n), APIKey: storage.Mask, CreatedAt: stamp(n.server.CreatedAt), UpdatedAt: stamp(n.server.UpdatedAt),
		Allow: n.about.allowed()}
	s.mu.RUnlock()
	d.Metrics = s.summary(n.id)
	return rest.Encode(w, http.StatusOK, d)
}

func (s *Service) requested(r *http.Request) (*node, error) {
	id, err := rest.ID(r, "id")
	if err != nil {
		return nil, err
	}
	n := s.node(id)
	if n == nil {
		return nil, errNoServer
	}
	return n, nil
}

var errNoServer = rest.Fail(http.StatusNotFound, "not_found", "there is no such server")

// AuditMonitoring is the detail of the entry in the audit log when the scrapes of a server are stopped or go on.
func AuditMonitoring(on bool) string {
	if on {
		return "monitoring enabled"
	}
	return "monitoring disabled"
}

func (s *Service) updateServer(w http.ResponseWriter, r *http.Request) error {
	n, err := s.requested(r)
	if err != nil {
		return err
	}
	req, err := rest.Decode[UpdateServerRequest](r)
	if err != nil {
		return err
	}
	if req.IsActive != nil {
		rest.Note(r.Context(), rest.Param(r, "id"), AuditMonitoring(*req.IsActive))
	}
	if err := s.Update(r.Context(), n.id, req); err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, rest.Success{Success: true, Message: "Server updated"})
}

func (s *Service) deleteServer(w http.ResponseWriter, r *http.Request) error {
	n, err := s.requested(r)
	if err != nil {
		return err
	}
	if err := s.Delete(r.Context(), n.id); err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, rest.Success{Success: true, Message: "Server deleted"})
}

func (s *Service) testServer(w http.ResponseWriter, r *http.Request) error {
	n, err := s.requested(r)
	if err != nil {
		return err
	}
	result, err := s.Diagnose(r.Context(), n.id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, result)
}

// InstallResponse carries a new install token.
type InstallResponse struct {
	Success bool    `json:"success"`
	Install Install `json:"install"`
}

func (s *Service) installServer(w http.ResponseWriter, r *http.Request) error {
	n, err := s.requested(r)
	if err != nil {
		return err
	}
	var req InstallRequest
	if r.ContentLength != 0 { // the body is optional
		if req, err = rest.Decode[InstallRequest](r); err != nil {
			return err
		}
	}
	install, err := s.Reinstall(r.Context(), n.id, req.Preset)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, InstallResponse{Success: true, Install: install})
}

// JoinStatus is what the panel sees while a server waits for its agent.
type JoinStatus struct {
	Joined     bool            `json:"joined"`
	Waiting    bool            `json:"waiting"` // an install token is valid
	ExpiresAt  *string         `json:"expires_at"`
	LastError  string          `json:"last_error"`
	ErrorWords *words.Sentence `json:"error_words,omitempty"` // LastError for the UI
	Stage      string          `json:"stage"`
}

// joinStatus looks for the agent itself, so that whoever watches need not wait for the next poll.
func (s *Service) joinStatus(w http.ResponseWriter, r *http.Request) error {
	n, err := s.requested(r)
	if err != nil {
		return err
	}
	status := s.joinState(n)
	if !status.Joined {
		seen, err := s.look(r.Context(), n)
		if err != nil {
			return err
		}
		status = s.joinState(n)
		status.LastError, status.ErrorWords, status.Stage = seen.Message, seen.Words, seen.Stage
	}
	return rest.Encode(w, http.StatusOK, status)
}

func (s *Service) joinState(n *node) JoinStatus {
	s.mu.RLock()
	defer s.mu.RUnlock()
	now := s.now()
	status := JoinStatus{Joined: n.joined(now)}
	if until := n.waitingUntil(now); !status.Joined && !until.IsZero() {
		expires := stamp(until)
		status.Waiting, status.ExpiresAt = true, &expires
	}
	return status
}
