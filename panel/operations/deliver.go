package operations

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"monitoring/agent/api"
	"monitoring/panel/change"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/words"
)

const (
	storeTime = 10 * time.Second // for a round's questions to the database
	slack     = 10 * time.Second // for the way to the agent and back
)

// Run delivers every few seconds until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := s.RunOnce(ctx); err != nil && ctx.Err() == nil {
			s.metrics.errors.Inc()
			s.log.Error("deliver operations", "err", err)
		}
	}
}

// RunOnce ends what has expired and delivers to every server that is back what waits for it.
func (s *Service) RunOnce(ctx context.Context) error {
	waiting, err := s.tidy(ctx)
	if err != nil {
		return err
	}
	s.metrics.waiting.Set(float64(len(waiting)))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for len(waiting) > 0 {
		server := waiting[0].ServerID
		n := slices.IndexFunc(waiting, func(o storage.Operation) bool { return o.ServerID != server })
		if n < 0 {
			n = len(waiting)
		}
		list := waiting[:n]
		waiting = waiting[n:]
		if s.back(server) {
			g.Go(func() error { return s.deliverAll(ctx, list) })
		}
	}
	return g.Wait()
}

// tidy ends what has expired, forgets what is long done, and returns what waits.
func (s *Service) tidy(ctx context.Context) ([]storage.Operation, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	now := s.now()
	expired, err := s.o.Store.ExpireOperations(ctx, now)
	if err != nil {
		return nil, fmt.Errorf("expire operations: %w", err)
	}
	s.metrics.done.WithLabelValues(storage.OperationExpired).Add(float64(expired))
	if err := s.o.Store.DeleteDoneOperations(ctx, now.Add(-remember)); err != nil {
		return nil, fmt.Errorf("forget operations: %w", err)
	}
	list, err := s.o.Store.QueuedOperations(ctx)
	if err != nil {
		return nil, fmt.Errorf("read operations: %w", err)
	}
	return list, nil
}

// back reports whether a server answers again.
func (s *Service) back(id int64) bool {
	srv, err := s.o.Fleet.Server(id)
	return err == nil && srv.IsActive && srv.LastSeen != nil && srv.LastError == nil
}

// deliverAll delivers the operations of one server, until one finds that the server is gone again.
func (s *Service) deliverAll(ctx context.Context, list []storage.Operation) error {
	for _, o := range list {
		fresh, err := s.o.Store.Operation(ctx, o.ID) // it may have been cancelled, or rebased by the one before
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read operation: %w", err)
		}
		if fresh.State != storage.OperationQueued {
			continue
		}
		gone, err := s.deliver(ctx, fresh)
		if err != nil || gone {
			return err
		}
	}
	return nil
}

// deliver makes one change. gone means that the server could not be asked: everything goes on waiting.
func (s *Service) deliver(ctx context.Context, o storage.Operation) (gone bool, err error) {
	c, err := change.Parse(o.Kind, o.Payload)
	if err != nil { // kept by another version of the panel
		return false, s.move(ctx, o, storage.OperationFailed, rest.Words(err), "")
	}
	client, err := s.o.Fleet.Control(o.ServerID, c.Need())
	if err != nil {
		return false, s.move(ctx, o, storage.OperationFailed, rest.Words(err), "")
	}
	limited, cancel := context.WithTimeout(ctx, c.Timeout()+slack)
	defer cancel()
	target := change.Target{Server: o.ServerID, Client: client, Firewall: s.o.Firewall, IfFile: o.Base}
	if o.Base == anyBase {
		target.IfFile = ""
	}
	outcome, err := s.make(limited, o, c, target)
	s.o.Changed(o.ServerID)
	if err == nil {
		return false, s.move(ctx, o, storage.OperationDelivered, outcome.Message, outcome.File, change.Made(o.ServerID, c))
	}
	told, ok := refusal(err, c)
	if !ok {
		s.log.Debug("deliver operation", "operation", o.ID, "server", o.ServerID, "err", err)
		return true, nil
	}
	if told.Code == api.CodeChanged || told.Code == api.CodeNotFound && change.Removes(c) {
		return s.settle(ctx, limited, o, c, client, told)
	}
	return false, s.move(ctx, o, storage.OperationFailed, rest.Words(told), "")
}

// make makes the change. Where it is meant for a thing as it was seen, what it is about to make of it is noted first: a
// panel that is killed in between knows its own work again.
func (s *Service) make(ctx context.Context, o storage.Operation, c change.Change, t change.Target) (change.Outcome, error) {
	if t.IfFile != "" && change.Of(c) != "" {
		dry := t
		dry.DryRun = true
		foreseen, err := c.Apply(ctx, dry)
		if err != nil {
			return foreseen, err
		}
		if err := s.o.Store.ForeseeOperation(ctx, o.ID, foreseen.File); err != nil {
			return foreseen, fmt.Errorf("note operation: %w", err)
		}
	}
	return c.Apply(ctx, t)
}

// refusal is what a server said against a change; false means that it may well take it later.
func refusal(err error, c change.Change) (told *rest.Error, ok bool) {
	switch {
	case !errors.As(fleet.AgentError(err, c.Need()), &told),
		told.Status == http.StatusBadGateway && told.Code != codeReverted, told.Status == http.StatusGatewayTimeout, told.Code == api.CodeBusy:
		return nil, false
	}
	return told, true
}

// settle decides about a change whose thing is no longer what it was meant for, or has nothing to remove: made already,
// perhaps by us before the panel was killed, or a matter for a person. limited bounds the questions to the server.
func (s *Service) settle(ctx, limited context.Context, o storage.Operation, c change.Change, client *api.Client, told *rest.Error) (gone bool, err error) {
	now, holds, err := change.Look(limited, client, c)
	if err != nil {
		s.log.Debug("look at what an operation changes", "operation", o.ID, "server", o.ServerID, "err", err)
		return true, nil
	}
	after := ""
	var made []storage.AuditEntry
	if now == o.Foreseen {
		after = now // exactly as this change leaves it, so what is behind it can go on from there
		made = append(made, change.Made(o.ServerID, c))
	}
	switch {
	case told.Code == api.CodeNotFound:
		return false, s.move(ctx, o, storage.OperationDelivered, rest.Words(told), after, made...)
	case holds || after != "":
		return false, s.move(ctx, o, storage.OperationDelivered, words.Say("it is as wanted already"), after, made...)
	}
	return false, s.move(ctx, o, storage.OperationConflict, rest.Words(told), "")
}

// codeReverted is of a firewall change that would have cut the panel off: trying it again would cut it off again.
const codeReverted = "reverted"

// move writes what became of an operation. With after, the hash of the thing as we left it, the operations behind it that
// were made for the same one take it as theirs. What was made on the server goes into the audit log.
func (s *Service) move(ctx context.Context, o storage.Operation, state string, message words.Sentence, after string, made ...storage.AuditEntry) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime) // what was done is written even at the end
	defer cancel()
	err := s.o.Store.InTx(ctx, func(tx *postgres.Store) error {
		if err := tx.MoveOperation(ctx, o.ID, []string{storage.OperationQueued}, state, message, "", s.now()); err != nil {
			return err
		}
		for _, entry := range made {
			if err := tx.AddAuditEntry(ctx, entry); err != nil {
				return err
			}
		}
		if after == "" || o.Base == "" || o.Base == anyBase {
			return nil
		}
		return tx.RebaseOperations(ctx, o.ServerID, o.Base, after)
	})
	if errors.Is(err, storage.ErrConflict) { // cancelled while it was on its way
		s.log.Warn("operation was cancelled while it was delivered", "operation", o.ID, "server", o.ServerID, "state", state)
		return nil
	}
	if err != nil {
		return fmt.Errorf("write operation: %w", err)
	}
	if state != storage.OperationConflict {
		s.metrics.done.WithLabelValues(state).Inc()
	}
	s.log.Info("operation", "operation", o.ID, "server", o.ServerID, "change", o.Title, "state", state, "message", message.English)
	return nil
}
