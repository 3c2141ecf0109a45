package postgres_test

import (
	"encoding/json"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
	"monitoring/words"
)

func queue(t *testing.T, s *postgres.Store, server int64, title string) storage.Operation {
	t.Helper()
	o, err := s.CreateOperation(t.Context(), storage.Operation{
		ServerID: server, Kind: "haproxy_rule_add", Payload: json.RawMessage(`{"name":"a"}`), Title: title, Base: "hash",
		CreatedAt: at, ExpiresAt: at.Add(time.Hour),
	}, 3)
	must(t, err)
	return o
}

func titles(list []storage.Operation) []string {
	out := []string{}
	for _, o := range list {
		out = append(out, o.Title)
	}
	return out
}

func TestOperationsWaitInOrder(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	srv, other := addServer(t, s, "a", nil), addServer(t, s, "b", nil)
	first := queue(t, s, srv.ID, "first")
	queue(t, s, other.ID, "elsewhere")
	queue(t, s, srv.ID, "second")
	got, err := s.Operation(t.Context(), first.ID)
	must(t, err)
	same(t, got, storage.Operation{ID: first.ID, ServerID: srv.ID, Kind: "haproxy_rule_add", Payload: json.RawMessage(`{"name":"a"}`), Title: "first", Base: "hash",
		State: storage.OperationQueued, CreatedAt: at, ExpiresAt: at.Add(time.Hour)})
	list, err := s.QueuedOperations(t.Context())
	must(t, err)
	same(t, titles(list), []string{"first", "second", "elsewhere"})

	queue(t, s, srv.ID, "third")
	_, err = s.CreateOperation(t.Context(), storage.Operation{ServerID: srv.ID, Payload: json.RawMessage(`{}`), CreatedAt: at, ExpiresAt: at}, 3)
	wantErr(t, err, storage.ErrConflict)
	_, err = s.Operation(t.Context(), 1<<40)
	wantErr(t, err, storage.ErrNotFound)
}

func TestOperationMovesOnce(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	o := queue(t, s, addServer(t, s, "a", nil).ID, "rule")
	open := []string{storage.OperationQueued, storage.OperationConflict}
	must(t, s.MoveOperation(t.Context(), o.ID, open, storage.OperationConflict, words.Plain("changed\x00"), "", at))
	got, err := s.Operation(t.Context(), o.ID)
	must(t, err)
	same(t, []any{got.State, got.Message, got.Base, got.DoneAt, got.Open()}, []any{storage.OperationConflict, "changed", "hash", (*time.Time)(nil), true})

	must(t, s.MoveOperation(t.Context(), o.ID, open, storage.OperationQueued, words.Sentence{}, "newer", at))
	must(t, s.MoveOperation(t.Context(), o.ID, open, storage.OperationDelivered, words.Say("saved %d", 1), "", at.Add(time.Minute)))
	wantErr(t, s.MoveOperation(t.Context(), o.ID, open, storage.OperationCancelled, words.Sentence{}, "", at), storage.ErrConflict)
	got, err = s.Operation(t.Context(), o.ID)
	must(t, err)
	same(t, []any{got.State, got.Base, got.DoneAt.Equal(at.Add(time.Minute)), got.Open()}, []any{storage.OperationDelivered, "newer", true, false})
	same(t, got.MessageWords, new(words.Say("saved %d", 1)))
}

func TestOperationIsForeseen(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	o := queue(t, s, addServer(t, s, "a", nil).ID, "rule")
	must(t, s.ForeseeOperation(t.Context(), o.ID, "after"))
	got, err := s.Operation(t.Context(), o.ID)
	must(t, err)
	same(t, []any{got.Foreseen, got.State, got.Base}, []any{"after", storage.OperationQueued, "hash"})
}

func TestOperationsEnd(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	srv := addServer(t, s, "a", nil)
	queue(t, s, srv.ID, "waits")
	n, err := s.ExpireOperations(t.Context(), at.Add(time.Hour-time.Second))
	must(t, err)
	same(t, n, 0)
	n, err = s.ExpireOperations(t.Context(), at.Add(time.Hour))
	must(t, err)
	same(t, n, 1)
	ended, err := s.Operations(t.Context(), at)
	must(t, err)
	same(t, ended[0].MessageWords, new(words.Say("the server did not come back in time")))
	f := func(doneSince time.Time, want ...string) {
		t.Helper()
		list, err := s.Operations(t.Context(), doneSince)
		must(t, err)
		same(t, titles(list), append([]string{}, want...))
	}
	queue(t, s, srv.ID, "new")
	f(at.Add(time.Hour), "new", "waits")
	f(at.Add(2*time.Hour), "new")
	must(t, s.DeleteDoneOperations(t.Context(), at.Add(time.Hour)))
	f(at, "new", "waits")
	must(t, s.DeleteDoneOperations(t.Context(), at.Add(time.Hour+time.Second)))
	f(at, "new")
	must(t, s.DeleteServer(t.Context(), srv.ID))
	f(at)
}
