package postgres

import (
	"context"
	"encoding/json"
	"time"

	"monitoring/storage"
)

const bulkJobColumns = `id, kind, payload, results, again, started_at, ended_at`

// CreateBulkJob keeps a job that is about to start. One that does the rest of another job is that job's only one:
// storage.ErrConflict if there is one already, or if the other job is not kept any more.
func (s *Store) CreateBulkJob(ctx context.Context, j storage.BulkJob, restOf string) error {
	return s.InTx(ctx, func(tx *Store) error {
		if restOf != "" {
			n, err := tx.count(ctx, `UPDATE bulk_jobs SET again = $2 WHERE id = $1 AND again = ''`, restOf, j.ID)
			if err != nil {
				return err
			}
			if n == 0 {
				return storage.ErrConflict
			}
		}
		return tx.exec(ctx, `
			INSERT INTO bulk_jobs (id, kind, payload, results, started_at) VALUES ($1, $2, $3, $4, $5)`,
			j.ID, j.Kind, j.Payload, j.Results, j.StartedAt)
	})
}

// UpdateBulkJob writes how far a job is; ended is nil while it goes on.
func (s *Store) UpdateBulkJob(ctx context.Context, id string, results json.RawMessage, ended *time.Time) error {
	return s.exec(ctx, `UPDATE bulk_jobs SET results = $2, ended_at = $3 WHERE id = $1`, id, results, ended)
}

// BulkJobs returns all jobs that are kept, the oldest first.
func (s *Store) BulkJobs(ctx context.Context) ([]storage.BulkJob, error) {
	return many[storage.BulkJob](ctx, s, `SELECT `+bulkJobColumns+` FROM bulk_jobs ORDER BY started_at, id`)
}

// ForgetBulkJobs deletes all jobs but those named.
func (s *Store) ForgetBulkJobs(ctx context.Context, keep []string) error {
	return s.exec(ctx, `DELETE FROM bulk_jobs WHERE NOT id = ANY($1)`, keep)
}
