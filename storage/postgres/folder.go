package postgres

import (
	"context"
	"errors"

	"monitoring/storage"
)

// Folders returns all folders in their order.
func (s *Store) Folders(ctx context.Context) ([]storage.Folder, error) {
	return many[storage.Folder](ctx, s, `SELECT name, position FROM folders ORDER BY position, name`)
}

// CreateFolder adds an empty folder at the end.
func (s *Store) CreateFolder(ctx context.Context, name string) error {
	return s.exec(ctx, `INSERT INTO folders (name, position) VALUES ($1, (SELECT coalesce(max(position), 0) + 1 FROM folders))`, name)
}

// ensureFolder makes the folder that a server is put into.
func (s *Store) ensureFolder(ctx context.Context, name *string) error {
	if name == nil {
		return nil
	}
	return s.exec(ctx, `
		INSERT INTO folders (name, position) VALUES ($1, (SELECT coalesce(max(position), 0) + 1 FROM folders))
		ON CONFLICT (name) DO NOTHING`, *name)
}

// ReorderFolders puts the named folders first, in the given order; the others follow as they were.
func (s *Store) ReorderFolders(ctx context.Context, names []string) error {
	return s.exec(ctx, `
		UPDATE folders SET position = wanted.position
		FROM (SELECT folders.name, row_number() OVER (ORDER BY given.rank NULLS LAST, folders.position, folders.name) AS position
		      FROM folders
		      LEFT JOIN (SELECT name, min(rank) AS rank FROM unnest($1::text[]) WITH ORDINALITY AS g (name, rank) GROUP BY name) AS given USING (name)
		     ) AS wanted
		WHERE folders.name = wanted.name AND folders.position <> wanted.position`, names)
}

// RenameFolder gives a folder another name and returns how many servers it holds. A name that exists merges the two.
func (s *Store) RenameFolder(ctx context.Context, old, new string) (servers int, err error) {
	err = s.InTx(ctx, func(tx *Store) error {
		servers, err = tx.countServers(ctx, old)
		if err != nil || old == new {
			return err
		}
		err = tx.InTx(ctx, func(inner *Store) error { // a savepoint, so that a conflict leaves the transaction usable
			return inner.touch(ctx, `UPDATE folders SET name = $2 WHERE name = $1`, old, new)
		})
		if !errors.Is(err, storage.ErrConflict) {
			return err
		}
		if err := tx.exec(ctx, `UPDATE servers SET folder = $2 WHERE folder = $1`, old, new); err != nil {
			return err
		}
		return tx.exec(ctx, `DELETE FROM folders WHERE name = $1`, old)
	})
	return servers, err
}

// DeleteFolder removes a folder and returns how many servers it held; they stay, without a folder.
func (s *Store) DeleteFolder(ctx context.Context, name string) (servers int, err error) {
	err = s.InTx(ctx, func(tx *Store) error {
		servers, err = tx.countServers(ctx, name)
		if err != nil {
			return err
		}
		return tx.touch(ctx, `DELETE FROM folders WHERE name = $1`, name)
	})
	return servers, err
}

// countServers returns how many servers a folder holds, and keeps it from changing until the transaction ends.
func (s *Store) countServers(ctx context.Context, folder string) (int, error) {
	if err := s.touch(ctx, `SELECT FROM folders WHERE name = $1 FOR UPDATE`, folder); err != nil {
		return 0, err
	}
	type row struct{ Count int }
	r, err := one[row](ctx, s, `SELECT count(*)::int AS count FROM servers WHERE folder = $1`, folder)
	return r.Count, err
}
