package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

func names(t *testing.T, s *postgres.Store) []string {
	t.Helper()
	list, err := s.Servers(t.Context())
	must(t, err)
	out := []string{}
	for _, srv := range list {
		out = append(out, srv.Name)
	}
	return out
}

func TestServer(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	in := storage.Server{Name: "node", URL: "https://203.0.113.7:9100", Folder: new("Europe"), IsActive: true, AgentID: "id"}
	created, err := s.CreateServer(t.Context(), in)
	must(t, err)
	if diff := cmp.Diff(in, created, cmpopts.IgnoreFields(storage.Server{}, "ID", "Position", "CreatedAt", "UpdatedAt")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if created.ID < 1 || time.Since(created.CreatedAt).Abs() > time.Minute || created.CreatedAt.Location() != time.UTC {
		t.Errorf("id %d, created %s", created.ID, created.CreatedAt)
	}
	got, err := s.Server(t.Context(), created.ID)
	must(t, err)
	same(t, got, created)

	changed := created
	changed.Name, changed.URL, changed.Folder, changed.IsActive = "other", "https://203.0.113.8:9100", nil, false
	must(t, s.UpdateServer(t.Context(), changed))
	got, err = s.Server(t.Context(), created.ID)
	must(t, err)
	if got.UpdatedAt.Before(created.UpdatedAt) {
		t.Errorf("updated_at went back: %s", got.UpdatedAt)
	}
	changed.UpdatedAt = got.UpdatedAt
	same(t, got, changed)

	must(t, s.DeleteServer(t.Context(), created.ID))
	_, err = s.Server(t.Context(), created.ID)
	wantErr(t, err, storage.ErrNotFound)
	if again := addServer(t, s, "new", nil); again.ID <= created.ID {
		t.Errorf("id %d after %d: a used id came back", again.ID, created.ID)
	}
}

func TestServerConflicts(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	a, b := addServer(t, s, "a", nil), addServer(t, s, "b", nil)

	_, err := s.CreateServer(t.Context(), storage.Server{Name: "c", URL: a.URL, AgentID: "c", Folder: new("made in vain")})
	wantErr(t, err, storage.ErrConflict)
	folders, err := s.Folders(t.Context())
	must(t, err)
	same(t, folders, []storage.Folder{}) // rolled back with the server

	b.URL = a.URL
	wantErr(t, s.UpdateServer(t.Context(), b), storage.ErrConflict)
	_, err = s.CreateServer(t.Context(), storage.Server{Name: "a", URL: "https://third.test:9100", AgentID: "third"})
	must(t, err) // a name may be used twice

	wantErr(t, s.UpdateServer(t.Context(), storage.Server{ID: 999, Name: "x", URL: "https://x.test:9100"}), storage.ErrNotFound)
	wantErr(t, s.DeleteServer(t.Context(), 999), storage.ErrNotFound)
	wantErr(t, s.SetServerStatus(t.Context(), 999, nil, nil, nil), storage.ErrNotFound)
}

func TestServerStatus(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	id := addServer(t, s, "a", nil).ID
	f := func(seen *time.Time, text *string, code *int, wantSeen *time.Time, wantText *string) {
		t.Helper()
		must(t, s.SetServerStatus(t.Context(), id, seen, text, code))
		got, err := s.Server(t.Context(), id)
		must(t, err)
		same(t, got.LastSeen, wantSeen)
		same(t, got.LastError, wantText)
		same(t, got.ErrorCode, code)
	}
	f(nil, new("Connection refused"), new(502), nil, new("Connection refused"))
	f(&at, nil, nil, &at, nil)
	f(nil, new("Connection timeout"), new(504), &at, new("Connection timeout")) // last_seen stays
	f(nil, new("a\x00b\xffc"), new(500), &at, new("ab\uFFFDc"))                 // as an agent may answer
	f(nil, new(strings.Repeat("я", 501)), new(500), &at, new(strings.Repeat("я", 500)))

	// A new address starts without the old one's error.
	srv, err := s.Server(t.Context(), id)
	must(t, err)
	srv.URL = "https://moved.test:9100"
	must(t, s.UpdateServer(t.Context(), srv))
	srv, err = s.Server(t.Context(), id)
	must(t, err)
	if srv.LastError != nil || srv.ErrorCode != nil || srv.LastSeen == nil {
		t.Errorf("after a move: %v %v %v", srv.LastError, srv.ErrorCode, srv.LastSeen)
	}
}

func TestDeleteServerCascades(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	gone, stays := addServer(t, s, "gone", new("f")), addServer(t, s, "stays", new("f"))
	for _, srv := range []storage.Server{gone, stays} {
		must(t, s.CreateInstallToken(t.Context(), storage.InstallToken{CodeHash: []byte(srv.Name), ServerID: srv.ID, Preset: "full", ExpiresAt: at}))
		must(t, s.CreateAgentCertificate(t.Context(), storage.AgentCertificate{Serial: srv.Name, ServerID: srv.ID, NotAfter: at}))
		must(t, s.AddAuditEntry(t.Context(), storage.AuditEntry{At: at, Actor: "admin", Action: "x", ServerID: &srv.ID}))
	}
	must(t, s.DeleteServer(t.Context(), gone.ID))

	_, err := s.InstallToken(t.Context(), []byte("gone"))
	wantErr(t, err, storage.ErrNotFound)
	wantErr(t, s.MarkAgentCertificateSeen(t.Context(), "gone", at), storage.ErrNotFound)
	_, err = s.InstallToken(t.Context(), []byte("stays"))
	must(t, err)
	certificates, err := s.AgentCertificates(t.Context(), stays.ID)
	must(t, err)
	if len(certificates) != 1 {
		t.Errorf("%d certificates of the other server, want 1", len(certificates))
	}
	entries, err := s.AuditEntries(t.Context(), storage.AuditFilter{ServerID: gone.ID})
	must(t, err)
	if len(entries) != 1 {
		t.Errorf("%d audit entries of the deleted server, want 1", len(entries))
	}
}

func TestReorderServers(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	ids := map[string]int64{"unknown": 1 << 40}
	for _, name := range []string{"a", "b", "c", "d"} {
		ids[name] = addServer(t, s, name, nil).ID
	}
	f := func(order, want string) {
		t.Helper()
		var list []int64
		for name := range strings.FieldsSeq(order) {
			list = append(list, ids[name])
		}
		must(t, s.ReorderServers(t.Context(), list))
		same(t, names(t, s), strings.Fields(want))
	}
	f("d c b a", "d c b a")
	f("", "d c b a")
	f("b", "b d c a")                 // those not named follow as they were
	f("unknown a unknown", "a b d c") // ids that are gone do not count
	f("c c a c", "c a b d")           // the first mention counts
	addServer(t, s, "new", nil)       // at the end, whatever happened before
	same(t, names(t, s), []string{"c", "a", "b", "d", "new"})
}

// Any list of ids gives the order that the model gives.
func TestReorderServersProperty(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	var order []int64
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		order = append(order, addServer(t, s, name, nil).ID)
	}
	rapid.Check(t, func(r *rapid.T) {
		given := rapid.SliceOfN(rapid.Int64Range(0, int64(len(order)+2)), 0, 10).Draw(r, "ids")
		var want []int64
		for _, id := range append(slices.Clone(given), order...) {
			if slices.Contains(order, id) && !slices.Contains(want, id) {
				want = append(want, id)
			}
		}
		if err := s.ReorderServers(t.Context(), given); err != nil {
			r.Fatal(err)
		}
		list, err := s.Servers(t.Context())
		if err != nil {
			r.Fatal(err)
		}
		var got []int64
		for _, srv := range list {
			got = append(got, srv.ID)
		}
		if !slices.Equal(got, want) {
			r.Fatalf("from %v by %v: got %v, want %v", order, given, got, want)
		}
		order = want
	})
}

func TestMoveServers(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	a, b := addServer(t, s, "a", nil), addServer(t, s, "b", new("old"))
	f := func(folder *string, want int, ids ...int64) {
		t.Helper()
		n, err := s.MoveServers(t.Context(), ids, folder)
		must(t, err)
		if n != want {
			t.Errorf("moved %d, want %d", n, want)
		}
	}
	folders := func(want ...*string) {
		t.Helper()
		list, err := s.Servers(t.Context())
		must(t, err)
		var got []*string
		for _, srv := range list {
			got = append(got, srv.Folder)
		}
		same(t, got, want)
	}
	f(new("new"), 2, a.ID, b.ID, 999, a.ID)
	folders(new("new"), new("new"))
	f(nil, 1, b.ID)
	folders(new("new"), nil)
	f(new("new"), 0)
	folders(new("new"), nil)
}
