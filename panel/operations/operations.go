// Package operations keeps the changes that a server missed because it was offline, and delivers them when it is back:
// in the order they were asked for, each once, unless it has expired or what it is made to has changed on the server
// meanwhile. What the changes are stands in panel/change.
package operations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"monitoring/panel/change"
	"monitoring/panel/fleet"
	"monitoring/panel/rest"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/words"
)

const (
	interval    = 5 * time.Second
	atOnce      = 5   // servers that are delivered to at a time
	maxOpen     = 100 // operations of one server
	remember    = 7 * 24 * time.Hour
	defaultLife = 72 * time.Hour
	maxLife     = 30 * 24 * time.Hour

	anyBase = "any" // Base of an operation that somebody decided to deliver whatever has changed
)

// Options of New.
type Options struct {
	Store      *postgres.Store
	Fleet      Fleet
	Firewall   change.Firewall
	Hash       func(server int64, of string) string // of a thing that changes are made to, as last seen; "" if it was not
	Changed    func(server int64)                   // is told after each change, made or not: what is remembered of the server is old
	Log        *slog.Logger
	Registerer prometheus.Registerer
}

// Fleet is what the service needs of fleet.Service.
type Fleet interface {
	fleet.Controller
	Server(id int64) (storage.Server, error)
}

// Service keeps operations.
type Service struct {
	o       Options
	log     *slog.Logger
	now     func() time.Time
	metrics metrics
}

type metrics struct {
	waiting prometheus.Gauge
	done    *prometheus.CounterVec
	errors  prometheus.Counter
}

// New returns a Service.
func New(o Options) *Service {
	s := &Service{o: o, log: o.Log, now: postgresNow, metrics: metrics{
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{Name: "panel_operations_queued", Help: "Changes that wait for their server."}),
		done:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "panel_operations_total", Help: "What became of changes that waited."}, []string{"state"}),
		errors:  prometheus.NewCounter(prometheus.CounterOpts{Name: "panel_operations_errors_total", Help: "Rounds of delivery that failed; they are repeated."}),
	}}
	if o.Registerer != nil {
		o.Registerer.MustRegister(s.metrics.waiting, s.metrics.done, s.metrics.errors)
	}
	return s
}

// postgresNow is the time at the precision that Postgres keeps.
func postgresNow() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Queue keeps a change for servers, for all of them or for none. A life of zero is three days.
func (s *Service) Queue(ctx context.Context, servers []int64, c change.Change, life time.Duration) ([]storage.Operation, error) {
	if !change.Queueable(c) {
		return nil, rest.Fail(http.StatusUnprocessableEntity, "not_queueable", "this is meant for now, not for when the server is back")
	}
	if life == 0 {
		life = defaultLife
	}
	if life < 0 || life > maxLife {
		return nil, storage.Invalid("expires_in_hours", "give 1 to 720 hours")
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode change: %w", err)
	}
	now := s.now()
	o := storage.Operation{Kind: c.Kind(), Payload: payload, Title: c.Title().English, CreatedAt: now, ExpiresAt: now.Add(life)}
	var made []storage.Operation
	err = s.o.Store.InTx(ctx, func(tx *postgres.Store) error {
		for _, id := range slices.Compact(slices.Sorted(slices.Values(servers))) {
			one, err := s.keep(ctx, tx, id, o, change.Of(c))
			if err != nil {
				return err
			}
			made = append(made, one)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// keep writes one operation.
func (s *Service) keep(ctx context.Context, tx *postgres.Store, server int64, o storage.Operation, of string) (storage.Operation, error) {
	srv, err := s.o.Fleet.Server(server)
	if err != nil {
		return o, err
	}
	o.ServerID = server
	if of != "" {
		o.Base = s.o.Hash(server, of)
	}
	made, err := tx.CreateOperation(ctx, o, maxOpen)
	if errors.Is(err, storage.ErrConflict) {
		return o, rest.Fail(http.StatusConflict, "operations_full", "%d changes wait for %s already; cancel some", maxOpen, srv.Name)
	}
	if err != nil {
		return o, fmt.Errorf("keep operation: %w", err)
	}
	return made, nil
}

// undecided are the states that a person may still decide about.
var undecided = []string{storage.OperationQueued, storage.OperationConflict}

// Cancel drops an operation that has not been delivered.
func (s *Service) Cancel(ctx context.Context, id int64) error {
	return s.decide(ctx, id, undecided, storage.OperationCancelled, "")
}

// DeliverAnyway lets an operation go that stopped because somebody had changed what it is made to.
func (s *Service) DeliverAnyway(ctx context.Context, id int64) error {
	return s.decide(ctx, id, []string{storage.OperationConflict}, storage.OperationQueued, anyBase)
}

func (s *Service) decide(ctx context.Context, id int64, from []string, state, base string) error {
	if _, err := s.o.Store.Operation(ctx, id); err != nil {
		return err
	}
	err := s.o.Store.MoveOperation(ctx, id, from, state, words.Sentence{}, base, s.now())
	if errors.Is(err, storage.ErrConflict) {
		return rest.Fail(http.StatusConflict, "operation_done", "too late: it has been carried out or dropped already")
	}
	return err
}
