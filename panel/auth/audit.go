package auth

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage"
)

const (
	maxAuditText = 1000            // bounds the target and the detail of an entry
	dryRun       = "?dry_run=true" // ends the action of a request that only asked what would happen
)

// auditRequest writes what a request did, once its handler has returned or panicked.
func (s *Service) auditRequest(r *http.Request, v *visitor) {
	target, detail := rest.Noted(r.Context())
	if target == "" {
		target = strings.Join(rest.Params(r), " ")
	}
	action := rest.Pattern(r)
	if r.URL.Query().Get("dry_run") == "true" { // changes nothing, which the log must not leave open
		action += dryRun
	}
	s.audit(r.Context(), storage.AuditEntry{
		Actor: v.actor(), IP: v.addr.String(), Action: action, ServerID: serverID(r),
		Target: target, Detail: detail, Status: rest.Status(r.Context()),
	})
}

// serverID returns the server that a route names.
func serverID(r *http.Request) *int64 {
	_, pattern, _ := strings.Cut(rest.Pattern(r), " ")
	if !strings.HasPrefix(pattern, "/api/servers/{id}") && !strings.HasPrefix(pattern, "/api/proxy/{id}") {
		return nil
	}
	id, err := rest.ID(r, "id")
	if err != nil {
		return nil
	}
	return &id
}

func (s *Service) audit(ctx context.Context, entry storage.AuditEntry) {
	entry.At = time.Now()
	entry.Target, entry.Detail = cut(entry.Target, maxAuditText), cut(entry.Detail, maxAuditText)
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := s.Store.AddAuditEntry(ctx, entry); err != nil {
		s.Log.Error("write audit log", "action", entry.Action, "actor", entry.Actor, "target", entry.Target, "err", err)
	}
}

// cut shortens text to at most n bytes of whole, storable characters.
func cut(text string, n int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}

// AuditRoutes serves the audit log.
func (s *Service) AuditRoutes(r rest.Router) { r.Get("/", s.listAudit) }

// AuditResponse is one page of the audit log, newest first.
type AuditResponse struct {
	Entries      []storage.AuditEntry `json:"entries"`
	Count        int                  `json:"count"`
	NextBeforeID *int64               `json:"next_before_id"` // pass as before_id for the next page; null at the end
}

func (s *Service) listAudit(w http.ResponseWriter, r *http.Request) error {
	limit, err := rest.QueryInt(r, "limit", 50, 1, 500)
	if err != nil {
		return err
	}
	filter := storage.AuditFilter{Query: strings.TrimSpace(r.URL.Query().Get("query")), Limit: limit + 1}
	if filter.ServerID, err = queryID(r, "server_id"); err != nil {
		return err
	}
	if filter.BeforeID, err = queryID(r, "before_id"); err != nil {
		return err
	}
	entries, err := s.Store.AuditEntries(r.Context(), filter)
	if err != nil {
		return err
	}
	answer := AuditResponse{Entries: entries, Count: len(entries)}
	if len(entries) > limit {
		answer.Entries, answer.Count = entries[:limit], limit
		answer.NextBeforeID = &entries[limit-1].ID
	}
	for i := range answer.Entries {
		answer.Entries[i].At = *timestamp(answer.Entries[i].At)
	}
	if answer.Entries == nil {
		answer.Entries = []storage.AuditEntry{}
	}
	return rest.Encode(w, http.StatusOK, answer)
}

func queryID(r *http.Request, name string) (int64, error) {
	raw := r.URL.Query().Get(name)
	if raw == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(raw, 10, 64)
	if err != nil || id < 1 {
		return 0, storage.Invalid(name, "give a positive whole number")
	}
	return id, nil
}
