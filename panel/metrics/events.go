package metrics

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/panel/rest"
	"monitoring/words"
)

// maxEvents bounds an answer; the newest stay.
const maxEvents = 500

// Kinds of events.
const (
	eventReboot  = "reboot"
	eventSilence = "silence" // the agent did not answer
	eventAgent   = "agent"   // its process is new
	eventHAProxy = "haproxy" // its process is new
	eventChange  = "change"  // made by a person, or by the panel for one
	eventAlert   = "alert"
)

// EventsResponse is what happened on one server, in the order of the beginnings.
type EventsResponse struct {
	From      int64         `json:"from"` // Unix milliseconds, as are all times here
	To        int64         `json:"to"`
	Events    []ServerEvent `json:"events"`
	Truncated bool          `json:"truncated"` // there were more: these are the newest
}

// ServerEvent is one thing that happened. A silence that began before the range begins with it; an alert tells its true times.
type ServerEvent struct {
	Kind     string         `json:"kind"`
	Time     int64          `json:"time"`
	End      *int64         `json:"end"` // of a silence or an alert; null while it is not over, at the end of the range
	Title    words.Sentence `json:"title"`
	Detail   string         `json:"detail"`             // in nobody's language: a name, an address
	Severity string         `json:"severity,omitempty"` // of an alert
	Actor    string         `json:"actor,omitempty"`    // who made a change
	AuditID  int64          `json:"audit_id,omitempty"` // the entry of the audit log that tells of a change

	MessageEn string `json:"message_en,omitempty"` // of an alert
	MessageRu string `json:"message_ru,omitempty"`

	restartsHAProxy bool // a new process of it says nothing more
}

func (s *Service) events(w http.ResponseWriter, r *http.Request) error {
	server, err := s.server(r)
	if err != nil {
		return err
	}
	span, err := parseSpan(r, time.Now())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryTimeout)
	defer cancel()
	answer, err := s.happened(ctx, server.ID, span)
	if err != nil {
		return s.overload(ctx, err)
	}
	return rest.Encode(w, http.StatusOK, answer)
}

// happened asks every source and puts the answers into one order.
func (s *Service) happened(ctx context.Context, server int64, sp span) (EventsResponse, error) {
	var seen observed
	var changes, alerts []ServerEvent
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		seen, err = s.observe(gctx, server, sp)
		return err
	})
	g.Go(func() (err error) {
		changes, err = s.changes(gctx, server, sp)
		return err
	})
	g.Go(func() (err error) {
		alerts, err = s.alerts(gctx, server, sp)
		return err
	})
	if err := g.Wait(); err != nil {
		return EventsResponse{}, err
	}
	all := slices.Concat(seen.events(changes), changes, alerts)
	slices.SortStableFunc(all, func(a, b ServerEvent) int { return cmp.Compare(a.Time, b.Time) })
	answer := EventsResponse{From: sp.from.UnixMilli(), To: sp.to.UnixMilli(), Events: all, Truncated: len(all) > maxEvents}
	if answer.Truncated {
		answer.Events = all[len(all)-maxEvents:]
	}
	return answer, nil
}

// alerts returns the alerts of a server that were active in a span.
func (s *Service) alerts(ctx context.Context, server int64, sp span) ([]ServerEvent, error) {
	list, err := s.store.AlertsDuring(ctx, server, sp.from, sp.to, maxEvents+1)
	if err != nil {
		return nil, err
	}
	events := []ServerEvent{}
	for _, r := range list {
		e := ServerEvent{
			Kind: eventAlert, Time: r.CreatedAt.UnixMilli(), Title: words.Plain(r.AlertType), Detail: r.Message,
			Severity: r.Severity, MessageEn: r.MessageEn, MessageRu: r.MessageRu,
		}
		if r.EndedAt != nil && !r.EndedAt.After(sp.to) {
			e.End = milli(*r.EndedAt)
		}
		events = append(events, e)
	}
	return events, nil
}

func milli(t time.Time) *int64 {
	ms := t.UnixMilli()
	return &ms
}
