package operations

import (
	"encoding/json"
	"net/http"
	"time"

	"monitoring/panel/change"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/words"
)

// Routes are mounted at /api/operations.
func (s *Service) Routes(r rest.Router) {
	r.Get("", s.list)
	r.Post("", s.queue)
	r.Delete("/{id}", s.cancel)
	r.Post("/{id}/deliver", s.deliverAnyway)
}

// OperationItem is an operation as clients see it.
type OperationItem struct {
	storage.Operation
	ServerName string         `json:"server_name"`
	TitleWords words.Sentence `json:"title_words"` // Title for the UI
}

// OperationsResponse holds what waits and what became of the last ones, the newest first.
type OperationsResponse struct {
	Operations []OperationItem `json:"operations"`
}

// QueueRequest asks to make a change on servers when they are back.
type QueueRequest struct {
	ServerIDs      []int64         `json:"server_ids"`
	Kind           string          `json:"kind"`
	Payload        json.RawMessage `json:"payload"`
	ExpiresInHours int             `json:"expires_in_hours"` // 72 if it is not given
}

// Validate implements rest.Validator.
func (q QueueRequest) Validate() error {
	switch {
	case len(q.ServerIDs) == 0 || len(q.ServerIDs) > 1000:
		return storage.Invalid("server_ids", "name 1 to 1000 servers")
	case q.ExpiresInHours < 0 || time.Duration(q.ExpiresInHours)*time.Hour > maxLife:
		return storage.Invalid("expires_in_hours", "give 1 to 720 hours")
	}
	_, err := change.Parse(q.Kind, q.Payload)
	return err
}

func (s *Service) list(w http.ResponseWriter, r *http.Request) error {
	list, err := s.o.Store.Operations(r.Context(), s.now().Add(-remember))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, OperationsResponse{s.items(list)})
}

func (s *Service) items(list []storage.Operation) []OperationItem {
	items := make([]OperationItem, len(list))
	for i, o := range list {
		items[i] = OperationItem{Operation: o, TitleWords: words.Plain(o.Title)}
		if c, err := change.Parse(o.Kind, o.Payload); err == nil { // else another version of the panel knew it
			items[i].TitleWords = c.Title()
		}
		if srv, err := s.o.Fleet.Server(o.ServerID); err == nil {
			items[i].ServerName = srv.Name
		}
	}
	return items
}

func (s *Service) queue(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[QueueRequest](r)
	if err != nil {
		return err
	}
	c, err := change.Parse(req.Kind, req.Payload)
	if err != nil {
		return err
	}
	rest.Note(r.Context(), "servers", "when they are back: "+c.Title().English)
	made, err := s.Queue(r.Context(), req.ServerIDs, c, time.Duration(req.ExpiresInHours)*time.Hour)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, OperationsResponse{s.items(made)})
}

func (s *Service) cancel(w http.ResponseWriter, r *http.Request) error {
	return s.on(w, r, "cancel", func(id int64) error { return s.Cancel(r.Context(), id) })
}

func (s *Service) deliverAnyway(w http.ResponseWriter, r *http.Request) error {
	return s.on(w, r, "deliver anyway", func(id int64) error { return s.DeliverAnyway(r.Context(), id) })
}

func (s *Service) on(w http.ResponseWriter, r *http.Request, what string, do func(id int64) error) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	o, err := s.o.Store.Operation(r.Context(), id)
	if err != nil {
		return err
	}
	rest.Note(r.Context(), "operation", what+": "+o.Title)
	if err := do(id); err != nil {
		return err
	}
	return rest.Done(w)
}
