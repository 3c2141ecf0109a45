package postgres_test

import (
	"testing"

	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

func folderNames(t *testing.T, s *postgres.Store) []string {
	t.Helper()
	list, err := s.Folders(t.Context())
	must(t, err)
	out := []string{}
	for _, f := range list {
		out = append(out, f.Name)
	}
	return out
}

// inFolder returns the names of the servers in a folder, "" for those in none.
func inFolder(t *testing.T, s *postgres.Store, folder string) []string {
	t.Helper()
	list, err := s.Servers(t.Context())
	must(t, err)
	out := []string{}
	for _, srv := range list {
		if srv.Folder == nil && folder == "" || srv.Folder != nil && *srv.Folder == folder {
			out = append(out, srv.Name)
		}
	}
	return out
}

func TestFolders(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	must(t, s.CreateFolder(t.Context(), "z"))
	must(t, s.CreateFolder(t.Context(), "a"))
	wantErr(t, s.CreateFolder(t.Context(), "z"), storage.ErrConflict)
	addServer(t, s, "node", new("made by a server"))
	addServer(t, s, "other", new("a")) // exists: not made again
	same(t, folderNames(t, s), []string{"z", "a", "made by a server"})

	must(t, s.ReorderFolders(t.Context(), []string{"made by a server", "unknown", "a"}))
	same(t, folderNames(t, s), []string{"made by a server", "a", "z"})
	must(t, s.ReorderFolders(t.Context(), nil))
	same(t, folderNames(t, s), []string{"made by a server", "a", "z"})
	must(t, s.CreateFolder(t.Context(), "b"))
	same(t, folderNames(t, s), []string{"made by a server", "a", "z", "b"})
}

func TestRenameFolder(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	for _, name := range []string{"one", "two"} {
		addServer(t, s, name, new("old"))
	}
	addServer(t, s, "three", new("taken"))
	must(t, s.CreateFolder(t.Context(), "empty"))
	f := func(old, new string, want int) {
		t.Helper()
		n, err := s.RenameFolder(t.Context(), old, new)
		must(t, err)
		if n != want {
			t.Errorf("renamed %d servers, want %d", n, want)
		}
	}
	f("old", "new", 2)
	same(t, inFolder(t, s, "new"), []string{"one", "two"})
	same(t, folderNames(t, s), []string{"new", "taken", "empty"}) // at its old place

	f("new", "new", 2)
	f("empty", "was empty", 0)

	f("new", "taken", 2) // merges
	same(t, inFolder(t, s, "taken"), []string{"one", "two", "three"})
	same(t, folderNames(t, s), []string{"taken", "was empty"})

	_, err := s.RenameFolder(t.Context(), "unknown", "taken")
	wantErr(t, err, storage.ErrNotFound)
	_, err = s.RenameFolder(t.Context(), "unknown", "unknown")
	wantErr(t, err, storage.ErrNotFound)
}

func TestDeleteFolder(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	addServer(t, s, "one", new("f"))
	addServer(t, s, "two", new("g"))
	n, err := s.DeleteFolder(t.Context(), "f")
	must(t, err)
	if n != 1 {
		t.Errorf("%d servers left the folder, want 1", n)
	}
	same(t, inFolder(t, s, ""), []string{"one"})
	same(t, inFolder(t, s, "g"), []string{"two"})
	_, err = s.DeleteFolder(t.Context(), "f")
	wantErr(t, err, storage.ErrNotFound)
}
