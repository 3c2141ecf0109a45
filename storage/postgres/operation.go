package postgres

import (
	"context"
	"time"

	"monitoring/storage"
	"monitoring/words"
)

const operationColumns = `id, server_id, kind, payload, title, base, state, message, message_words, foreseen, created_at, expires_at, done_at`

// CreateOperation keeps a change for a server. ErrConflict when the server has limit open ones already.
func (s *Store) CreateOperation(ctx context.Context, o storage.Operation, limit int) (storage.Operation, error) {
	made, err := many[storage.Operation](ctx, s, `
		INSERT INTO operations (server_id, kind, payload, title, base, state, created_at, expires_at)
		SELECT $1, $2, $3, $4, $5, 'queued', $6, $7
		WHERE (SELECT count(*) FROM operations WHERE server_id = $1 AND done_at IS NULL) < $8
		RETURNING `+operationColumns,
		o.ServerID, o.Kind, o.Payload, storable(o.Title), o.Base, o.CreatedAt, o.ExpiresAt, limit)
	if err != nil {
		return storage.Operation{}, err
	}
	if len(made) == 0 {
		return storage.Operation{}, storage.ErrConflict
	}
	return made[0], nil
}

// Operations returns the open operations, and those done since a time, the newest first.
func (s *Store) Operations(ctx context.Context, doneSince time.Time) ([]storage.Operation, error) {
	return many[storage.Operation](ctx, s, `
		SELECT `+operationColumns+` FROM operations WHERE done_at IS NULL OR done_at >= $1 ORDER BY id DESC LIMIT 1000`, doneSince)
}

// QueuedOperations returns what waits for a server, in the order it was asked for.
func (s *Store) QueuedOperations(ctx context.Context) ([]storage.Operation, error) {
	return many[storage.Operation](ctx, s, `
		SELECT `+operationColumns+` FROM operations WHERE state = 'queued' ORDER BY server_id, id`)
}

// Operation returns one operation, or storage.ErrNotFound.
func (s *Store) Operation(ctx context.Context, id int64) (storage.Operation, error) {
	return one[storage.Operation](ctx, s, `SELECT `+operationColumns+` FROM operations WHERE id = $1`, id)
}

// MoveOperation changes the state of an operation that is in one of the states from, and returns storage.ErrConflict if
// it is not: two who decide about the same one cannot both win. A new base replaces the old one unless it is "".
func (s *Store) MoveOperation(ctx context.Context, id int64, from []string, state string, message words.Sentence, base string, now time.Time) error {
	n, err := s.count(ctx, `
		UPDATE operations SET state = $3, message = left($4, 500), message_words = $7, base = coalesce(nullif($5, ''), base),
			done_at = CASE WHEN $3 IN ('queued', 'conflict') THEN NULL ELSE $6::timestamptz END
		WHERE id = $1 AND state = ANY($2)`, id, from, state, storable(message.English), base, now, message.Translatable())
	if err != nil {
		return err
	}
	if n == 0 {
		return storage.ErrConflict
	}
	return nil
}

// ForeseeOperation notes what a queued operation is about to make of its file.
func (s *Store) ForeseeOperation(ctx context.Context, id int64, file string) error {
	return s.exec(ctx, `UPDATE operations SET foreseen = $2 WHERE id = $1`, id, file)
}

// ExpireOperations ends the open operations whose time is over and returns how many those are.
func (s *Store) ExpireOperations(ctx context.Context, now time.Time) (int, error) {
	said := words.Say("the server did not come back in time")
	return s.count(ctx, `
		UPDATE operations SET state = 'expired', message = $2, message_words = $3, done_at = $1
		WHERE done_at IS NULL AND expires_at <= $1`, now, said.English, said)
}

// DeleteDoneOperations forgets the operations that were done before a time.
func (s *Store) DeleteDoneOperations(ctx context.Context, before time.Time) error {
	return s.exec(ctx, `DELETE FROM operations WHERE done_at < $1`, before)
}

// RebaseOperations tells the queued operations of a server that were made for the file base that it is now another, since
// one of them has been carried out.
func (s *Store) RebaseOperations(ctx context.Context, server int64, base, now string) error {
	return s.exec(ctx, `UPDATE operations SET base = $3 WHERE server_id = $1 AND base = $2 AND state = 'queued'`, server, base, now)
}
