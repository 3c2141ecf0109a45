package postgres_test

import (
	"encoding/json"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

func addJob(t *testing.T, s *postgres.Store, id, restOf string) storage.BulkJob {
	t.Helper()
	j := storage.BulkJob{ID: id, Kind: "command", Payload: json.RawMessage(`{"command":"id"}`), Results: json.RawMessage(`[]`), StartedAt: at}
	must(t, s.CreateBulkJob(t.Context(), j, restOf))
	return j
}

func TestBulkJobs(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	first, second := addJob(t, s, "a", ""), addJob(t, s, "b", "")
	first.Results, first.EndedAt = json.RawMessage(`[{"server_id":1}]`), new(at.Add(time.Minute))
	must(t, s.UpdateBulkJob(t.Context(), "a", first.Results, first.EndedAt))
	list, err := s.BulkJobs(t.Context())
	must(t, err)
	same(t, list, []storage.BulkJob{first, second})

	must(t, s.ForgetBulkJobs(t.Context(), []string{"b", "never was"}))
	list, err = s.BulkJobs(t.Context())
	must(t, err)
	same(t, list, []storage.BulkJob{second})
}

// The rest of a job is done by one other job, however often it is asked for.
func TestRestOfABulkJob(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	addJob(t, s, "a", "")
	rest := addJob(t, s, "b", "a")
	wantErr(t, s.CreateBulkJob(t.Context(), storage.BulkJob{ID: "c", Payload: rest.Payload, Results: rest.Results, StartedAt: at}, "a"), storage.ErrConflict)
	wantErr(t, s.CreateBulkJob(t.Context(), storage.BulkJob{ID: "c", Payload: rest.Payload, Results: rest.Results, StartedAt: at}, "gone"), storage.ErrConflict)
	list, err := s.BulkJobs(t.Context())
	must(t, err)
	same(t, []any{len(list), list[0].Again, list[1].Again}, []any{2, "b", ""})
}
