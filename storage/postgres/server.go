package postgres

import (
	"context"
	"time"

	"monitoring/storage"
)

const serverColumns = `id, name, url, folder, position, is_active, agent_id, last_seen, last_error, error_code, created_at, updated_at`

// Servers returns all servers in the order of the dashboard.
func (s *Store) Servers(ctx context.Context) ([]storage.Server, error) {
	return many[storage.Server](ctx, s, `SELECT `+serverColumns+` FROM servers ORDER BY position, id`)
}

// Server returns the server with the given id, or storage.ErrNotFound.
func (s *Store) Server(ctx context.Context, id int64) (storage.Server, error) {
	return one[storage.Server](ctx, s, `SELECT `+serverColumns+` FROM servers WHERE id = $1`, id)
}

// CreateServer adds a server at the end of the list; an address that is taken is storage.ErrConflict.
func (s *Store) CreateServer(ctx context.Context, v storage.Server) (created storage.Server, err error) {
	err = s.InTx(ctx, func(tx *Store) error {
		if err := tx.ensureFolder(ctx, v.Folder); err != nil {
			return err
		}
		created, err = one[storage.Server](ctx, tx, `
			INSERT INTO servers (name, url, folder, is_active, agent_id, position)
			VALUES ($1, $2, $3, $4, $5, (SELECT coalesce(max(position), 0) + 1 FROM servers))
			RETURNING `+serverColumns, v.Name, v.URL, v.Folder, v.IsActive, v.AgentID)
		return err
	})
	return created, err
}

// UpdateServer writes name, address, folder and whether it is monitored. A changed address forgets the last error.
func (s *Store) UpdateServer(ctx context.Context, v storage.Server) error {
	return s.InTx(ctx, func(tx *Store) error {
		if err := tx.ensureFolder(ctx, v.Folder); err != nil {
			return err
		}
		return tx.touch(ctx, `
			UPDATE servers SET name = $2, url = $3, folder = $4, is_active = $5, updated_at = now(),
			    last_error = CASE WHEN url = $3 THEN last_error END,
			    error_code = CASE WHEN url = $3 THEN error_code END
			WHERE id = $1`, v.ID, v.Name, v.URL, v.Folder, v.IsActive)
	})
}

// DeleteServer removes a server and everything that hangs on it, except the audit log.
func (s *Store) DeleteServer(ctx context.Context, id int64) error {
	return s.touch(ctx, `DELETE FROM servers WHERE id = $1`, id)
}

// ReorderServers puts the named servers first, in the given order; the others follow as they were. Unknown ids are ignored.
func (s *Store) ReorderServers(ctx context.Context, ids []int64) error {
	return s.exec(ctx, `
		UPDATE servers SET position = wanted.position
		FROM (SELECT servers.id, row_number() OVER (ORDER BY given.rank NULLS LAST, servers.position, servers.id) AS position
		      FROM servers
		      LEFT JOIN (SELECT id, min(rank) AS rank FROM unnest($1::bigint[]) WITH ORDINALITY AS g (id, rank) GROUP BY id) AS given USING (id)
		     ) AS wanted
		WHERE servers.id = wanted.id AND servers.position <> wanted.position`, ids)
}

// MoveServers puts servers into a folder, or into none, and returns how many there were.
func (s *Store) MoveServers(ctx context.Context, ids []int64, folder *string) (moved int, err error) {
	err = s.InTx(ctx, func(tx *Store) error {
		if err := tx.ensureFolder(ctx, folder); err != nil {
			return err
		}
		moved, err = tx.count(ctx, `UPDATE servers SET folder = $2, updated_at = now() WHERE id = ANY ($1)`, ids, folder)
		return err
	})
	return moved, err
}

// SetServerStatus records what the last contact brought. A nil lastSeen keeps the old one.
func (s *Store) SetServerStatus(ctx context.Context, id int64, lastSeen *time.Time, lastError *string, code *int) error {
	if lastError != nil {
		text := storable(*lastError)
		lastError = &text
	}
	return s.touch(ctx, `
		UPDATE servers SET last_seen = coalesce($2, last_seen), last_error = left($3, $5), error_code = $4
		WHERE id = $1`, id, lastSeen, lastError, code, storage.MaxLastError)
}
