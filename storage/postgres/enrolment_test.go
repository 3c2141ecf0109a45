package postgres_test

import (
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

func TestInstallTokens(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	srv := addServer(t, s, "a", nil)
	token := storage.InstallToken{CodeHash: []byte{0, 1, 0xff}, ServerID: srv.ID, Preset: "monitor", ExpiresAt: at.Add(time.Hour), CreatedAt: at}
	must(t, s.CreateInstallToken(t.Context(), token))
	got, err := s.InstallToken(t.Context(), token.CodeHash)
	must(t, err)
	same(t, got, token)
	wantErr(t, s.CreateInstallToken(t.Context(), token), storage.ErrConflict)
	orphan := token
	orphan.CodeHash, orphan.ServerID = []byte("x"), 999
	wantErr(t, s.CreateInstallToken(t.Context(), orphan), storage.ErrNotFound)

	must(t, s.DeleteExpiredInstallTokens(t.Context(), token.ExpiresAt.Add(-time.Microsecond)))
	_, err = s.InstallToken(t.Context(), token.CodeHash)
	must(t, err)
	must(t, s.DeleteExpiredInstallTokens(t.Context(), token.ExpiresAt)) // its time has come
	_, err = s.InstallToken(t.Context(), token.CodeHash)
	wantErr(t, err, storage.ErrNotFound)

	must(t, s.CreateInstallToken(t.Context(), token))
	must(t, s.DeleteInstallTokens(t.Context(), srv.ID))
	_, err = s.InstallToken(t.Context(), token.CodeHash)
	wantErr(t, err, storage.ErrNotFound)
	must(t, s.DeleteInstallTokens(t.Context(), srv.ID)) // there are none
}

func TestAgentCertificates(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	a, b := addServer(t, s, "a", nil), addServer(t, s, "b", nil)
	first := storage.AgentCertificate{Serial: "0a", ServerID: a.ID, Install: true, NotAfter: at.Add(time.Hour), CreatedAt: at}
	lasting := storage.AgentCertificate{Serial: "0b", ServerID: a.ID, NotAfter: at.Add(24 * time.Hour), CreatedAt: at.Add(time.Minute)}
	foreign := storage.AgentCertificate{Serial: "0c", ServerID: b.ID, Install: true, NotAfter: at.Add(time.Hour), CreatedAt: at}
	for _, c := range []storage.AgentCertificate{lasting, first, foreign} {
		must(t, s.CreateAgentCertificate(t.Context(), c))
	}
	must(t, s.CreateInstallToken(t.Context(), storage.InstallToken{CodeHash: []byte("a"), ServerID: a.ID, Preset: "full", ExpiresAt: at}))
	wantErr(t, s.CreateAgentCertificate(t.Context(), first), storage.ErrConflict)
	wantErr(t, s.CreateAgentCertificate(t.Context(), storage.AgentCertificate{Serial: "0d", ServerID: 999, NotAfter: at}), storage.ErrNotFound)
	check := func(server int64, want ...storage.AgentCertificate) {
		t.Helper()
		got, err := s.AgentCertificates(t.Context(), server)
		must(t, err)
		same(t, got, append([]storage.AgentCertificate{}, want...))
	}
	check(a.ID, first, lasting) // oldest first

	must(t, s.MarkAgentCertificateSeen(t.Context(), "0a", at.Add(time.Second)))
	first.SeenAt = new(at.Add(time.Second))
	check(a.ID, first, lasting) // the install certificate revokes nothing
	_, err := s.InstallToken(t.Context(), []byte("a"))
	must(t, err)

	must(t, s.MarkAgentCertificateSeen(t.Context(), "0b", at.Add(2*time.Minute)))
	lasting.SeenAt, first.RevokedAt = new(at.Add(2*time.Minute)), new(at.Add(2*time.Minute))
	check(a.ID, first, lasting)
	check(b.ID, foreign) // another server's stays
	_, err = s.InstallToken(t.Context(), []byte("a"))
	wantErr(t, err, storage.ErrNotFound) // the agent has joined

	must(t, s.MarkAgentCertificateSeen(t.Context(), "0b", at.Add(time.Hour)))
	check(a.ID, first, lasting) // the first time counts
	wantErr(t, s.MarkAgentCertificateSeen(t.Context(), "ff", at), storage.ErrNotFound)

	must(t, s.RevokeAgentCertificates(t.Context(), a.ID))
	got, err := s.AgentCertificates(t.Context(), a.ID)
	must(t, err)
	if len(got) != 2 || got[1].RevokedAt == nil || !got[0].RevokedAt.Equal(*first.RevokedAt) {
		t.Errorf("after revocation: %+v", got)
	}
	check(b.ID, foreign)
	check(999)
}
