package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"monitoring/agent/api"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/words"
)

// Status of a server as clients of the predecessor know it.
const (
	StatusOnline  = "online"
	StatusOffline = "offline"
	StatusLoading = "loading" // not polled yet since the panel started, or not monitored
)

// Codes of Classify that are no HTTP status of the agent.
const (
	CodeTLS     = 495
	CodeUnknown = 500
	CodeRefused = 502
	CodeTimeout = 504
)

// Classify puts an error of talking to an agent into the words and the code of a server record.
func Classify(err error) (text words.Sentence, code int) {
	var status *api.StatusError
	switch {
	case err == nil:
		return words.Sentence{}, 0
	case errors.As(err, &status):
		if status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden {
			return words.Say("Authentication failed"), status.Code
		}
		return words.Say("Server error: HTTP %d", status.Code), status.Code
	case isTimeout(err):
		return words.Say("Connection timeout"), CodeTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return words.Say("Connection refused"), CodeRefused
	}
	_, reason := explain(err, "")
	if isTLS(err) {
		return shortened(words.Say("SSL certificate error: %v", reason)), CodeTLS
	}
	return shortened(words.Say("Unknown error: %v", reason)), CodeUnknown
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &ne) && ne.Timeout()
}

func isTLS(err error) bool {
	var dial *DialError
	var record tls.RecordHeaderError
	return errors.As(err, &dial) && (dial.Stage == StageIdentity || dial.Stage == StageTLS) || errors.As(err, &record)
}

func shorten(text string) string {
	if r := []rune(text); len(r) > storage.MaxLastError {
		return string(r[:storage.MaxLastError-1]) + "…"
	}
	return text
}

// shortened drops the words of a text that is too long: it is some program's that we do not know.
func shortened(t words.Sentence) words.Sentence {
	if short := shorten(t.English); short != t.English {
		return words.Plain(short)
	}
	return t
}

// Report takes the outcome of a poll: nil means that the agent answered. Memory shows it at once, Postgres within a
// few seconds. A poll that the panel itself called off says nothing.
func (s *Service) Report(id int64, err error, at time.Time) {
	if errors.Is(err, context.Canceled) {
		return
	}
	text, code := Classify(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nodes[id]
	if n == nil {
		return
	}
	n.reported, n.dirty = true, true
	if err == nil {
		n.polls.ok++
		n.server.LastSeen, n.server.LastError, n.server.ErrorWords, n.server.ErrorCode = &at, nil, nil, nil
		return
	}
	n.polls.failed++
	n.server.LastError, n.server.ErrorWords, n.server.ErrorCode = &text.English, text.Translatable(), &code
}

// Polls counts the polls of a server that have ended since the panel started: those that were answered, and the others.
func (s *Service) Polls(id int64) (ok, failed uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if n := s.nodes[id]; n != nil {
		return n.polls.ok, n.polls.failed
	}
	return 0, 0
}

// Status says whether a server answers: "online" only if it did in the life of this process.
func (s *Service) Status(id int64) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if n := s.nodes[id]; n != nil {
		return n.status()
	}
	return StatusLoading
}

func (n *node) status() string {
	switch {
	case !n.server.IsActive:
		return StatusLoading
	case n.server.LastError != nil:
		return StatusOffline
	case n.reported:
		return StatusOnline
	default:
		return StatusLoading
	}
}

// flush writes what only memory knows: first uses of certificates, then reachability in one transaction.
func (s *Service) flush(ctx context.Context) error {
	return errors.Join(s.flushSeen(ctx), s.flushStatus(ctx))
}

// flushSeen ends the install certificates and tokens of servers that have joined.
func (s *Service) flushSeen(ctx context.Context) error {
	s.change.Lock() // a new install token must not be ended, too
	defer s.change.Unlock()
	for serial, use := range s.unwrittenSeen() {
		if !use.revoked { // else a newer token came since, and the store knows
			err := s.o.Store.MarkAgentCertificateSeen(ctx, serial, use.at)
			if err != nil && !errors.Is(err, storage.ErrNotFound) { // not found: the server is gone
				s.metrics.writeErrors.Inc()
				return fmt.Errorf("record first use of certificate: %w", err)
			}
		}
		s.mu.Lock()
		delete(s.seen, serial)
		s.mu.Unlock()
	}
	return nil
}

type firstUse struct {
	at      time.Time
	revoked bool
}

func (s *Service) unwrittenSeen() map[string]firstUse {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string]firstUse{}
	for _, n := range s.nodes {
		for serial, c := range n.certs {
			if at, ok := s.seen[serial]; ok {
				out[serial] = firstUse{at, c.RevokedAt != nil}
			}
		}
	}
	return out
}

func (s *Service) flushStatus(ctx context.Context) error {
	batch := s.takeDirty()
	if len(batch) == 0 {
		return nil
	}
	err := s.o.Store.InTx(ctx, func(tx *postgres.Store) error {
		for _, srv := range batch {
			err := tx.SetServerStatus(ctx, srv.ID, srv.LastSeen, srv.LastError, srv.ErrorCode)
			if err != nil && !errors.Is(err, storage.ErrNotFound) { // deleted meanwhile
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.metrics.writeErrors.Inc()
		s.markDirty(batch)
		return fmt.Errorf("write reachability: %w", err)
	}
	return nil
}

func (s *Service) takeDirty() []storage.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	var batch []storage.Server
	for _, id := range s.order { // always the same order: two transactions cannot deadlock
		if n := s.nodes[id]; n.dirty {
			n.dirty = false
			batch = append(batch, n.server)
		}
	}
	return batch
}

func (s *Service) markDirty(batch []storage.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, srv := range batch {
		if n := s.nodes[srv.ID]; n != nil {
			n.dirty = true
		}
	}
}
