// Package sql lets clients with a token ask the visits by SQL, through ClickHouse's own HTTP interface; it only reads, and
// what a reader may do is decided by the engine.
package sql

import (
	"errors"
	"net/http"
	"strings"

	"monitoring/panel/rest"
	"monitoring/storage/clickhouse"
	"monitoring/words"
)

// prefix is where the routes are mounted.
const prefix = "/clickhouse"

// Service holds the handlers.
type Service struct{ store *clickhouse.Store }

// New returns the feature over the store.
func New(store *clickhouse.Store) *Service { return &Service{store} }

// Routes are mounted at /clickhouse.
func (s *Service) Routes(r rest.Router) {
	r.Get("/", s.query)
	r.Post("/", s.query)
	r.Get("/ping", s.query)
}

// query passes the request on. ClickHouse's clients want to see ClickHouse's answers and errors, to the letter.
func (s *Service) query(w http.ResponseWriter, r *http.Request) error {
	r = r.Clone(r.Context())
	r.URL.Path, r.URL.RawPath = "/"+strings.Trim(strings.TrimPrefix(r.URL.Path, prefix), "/"), ""
	err := s.store.ServeSQL(w, r)
	if away, ok := errors.AsType[*clickhouse.Unavailable](err); ok {
		return rest.FailWith(http.StatusServiceUnavailable, "clickhouse_unavailable", words.Plain(away.Reason))
	}
	return err
}
