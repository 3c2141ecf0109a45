package postgres_test

import (
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	one := storage.Session{ID: "one", IP: "2001:db8::7", UserAgent: "Mozilla/5.0", CreatedAt: at, LastUsed: at, ExpiresAt: at.Add(time.Hour)}
	two := storage.Session{ID: "two", IP: "203.0.113.7", UserAgent: "curl", CreatedAt: at, LastUsed: at.Add(time.Minute), ExpiresAt: at.Add(2 * time.Hour)}
	must(t, s.CreateSession(t.Context(), one))
	must(t, s.CreateSession(t.Context(), two))
	wantErr(t, s.CreateSession(t.Context(), one), storage.ErrConflict)
	list := func(want ...storage.Session) {
		t.Helper()
		got, err := s.Sessions(t.Context())
		must(t, err)
		same(t, got, append([]storage.Session{}, want...))
	}
	list(two, one)

	must(t, s.TouchSession(t.Context(), "one", at.Add(5*time.Minute)))
	must(t, s.TouchSession(t.Context(), "one", at)) // a late write does not turn time back
	one.LastUsed = at.Add(5 * time.Minute)
	got, err := s.Session(t.Context(), "one")
	must(t, err)
	same(t, got, one)
	list(one, two)

	must(t, s.DeleteExpiredSessions(t.Context(), at.Add(time.Hour)))
	list(two)
	must(t, s.DeleteSession(t.Context(), "two"))
	wantErr(t, s.DeleteSession(t.Context(), "two"), storage.ErrNotFound)
	wantErr(t, s.TouchSession(t.Context(), "two", at), storage.ErrNotFound)
	_, err = s.Session(t.Context(), "two")
	wantErr(t, err, storage.ErrNotFound)

	must(t, s.CreateSession(t.Context(), one))
	must(t, s.DeleteSessions(t.Context()))
	list()
	must(t, s.DeleteSessions(t.Context()))

	must(t, s.CreateSession(t.Context(), storage.Session{ID: "odd", UserAgent: "a\x00\xffb", ExpiresAt: at})) // headers may hold anything
	got, err = s.Session(t.Context(), "odd")
	must(t, err)
	if got.UserAgent != "a\uFFFDb" || time.Since(got.CreatedAt).Abs() > time.Minute {
		t.Errorf("user agent %q, created %s", got.UserAgent, got.CreatedAt)
	}
}

func TestBans(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	ban := storage.Ban{IP: "203.0.113.7", Reason: "wrong password", Failures: 5, CreatedAt: at, Until: at.Add(15 * time.Minute)}
	longer := storage.Ban{IP: "2001:db8::/64", Reason: "wrong path", Failures: 9, CreatedAt: at, Until: at.Add(time.Hour)}
	must(t, s.SetBan(t.Context(), ban))
	must(t, s.SetBan(t.Context(), longer))
	ban.Failures, ban.Until, ban.CreatedAt = 6, at.Add(30*time.Minute), at.Add(time.Minute)
	must(t, s.SetBan(t.Context(), ban)) // in place of the first
	got, err := s.Ban(t.Context(), ban.IP)
	must(t, err)
	same(t, got, ban)
	list, err := s.Bans(t.Context())
	must(t, err)
	same(t, list, []storage.Ban{longer, ban})

	must(t, s.DeleteBan(t.Context(), ban.IP))
	wantErr(t, s.DeleteBan(t.Context(), ban.IP), storage.ErrNotFound)
	_, err = s.Ban(t.Context(), ban.IP)
	wantErr(t, err, storage.ErrNotFound)
	for _, want := range []int{1, 0} {
		if n, err := s.DeleteBans(t.Context()); err != nil || n != want {
			t.Errorf("lifted %d, %v, want %d", n, err, want)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	in := storage.Token{Name: "grafana", Hash: []byte{0, 0xff}, Scopes: []string{"metrics:read", "fleet:read"}, CreatedAt: at}
	token, err := s.CreateToken(t.Context(), in)
	must(t, err)
	in.ID = token.ID
	same(t, token, in)
	bare, err := s.CreateToken(t.Context(), storage.Token{Name: "bare", Hash: []byte("b")})
	must(t, err)
	if bare.ID == token.ID || bare.Scopes == nil || len(bare.Scopes) != 0 {
		t.Errorf("%+v", bare)
	}
	_, err = s.CreateToken(t.Context(), storage.Token{Name: "grafana", Hash: []byte("c")})
	wantErr(t, err, storage.ErrConflict) // the audit log tells tokens apart by name
	_, err = s.CreateToken(t.Context(), storage.Token{Name: "copy", Hash: in.Hash})
	wantErr(t, err, storage.ErrConflict)

	must(t, s.TouchToken(t.Context(), token.ID, at.Add(time.Hour)))
	must(t, s.TouchToken(t.Context(), token.ID, at))
	token.LastUsed = new(at.Add(time.Hour))
	got, err := s.TokenByHash(t.Context(), in.Hash)
	must(t, err)
	same(t, got, token)
	list, err := s.Tokens(t.Context())
	must(t, err)
	same(t, list, []storage.Token{bare, token})

	must(t, s.DeleteToken(t.Context(), token.ID))
	wantErr(t, s.DeleteToken(t.Context(), token.ID), storage.ErrNotFound)
	wantErr(t, s.TouchToken(t.Context(), token.ID, at), storage.ErrNotFound)
	_, err = s.TokenByHash(t.Context(), in.Hash)
	wantErr(t, err, storage.ErrNotFound)
}
