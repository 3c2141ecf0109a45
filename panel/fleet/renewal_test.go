package fleet

import (
	"strings"
	"testing"
	"time"
)

func TestRenewal(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.life = 3 * time.Hour
	srv, _ := b.join(t, "alpha")
	if err := b.upkeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, lasting, _ := b.certificates(t, srv.ID); lasting != 1 {
		t.Errorf("%d lasting certificates after an early upkeep, want 1", lasting)
	}
	b.clock.advance(2*time.Hour + time.Minute)
	if err := b.upkeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, lasting, seen := b.certificates(t, srv.ID); lasting != 2 || seen != 2 {
		t.Errorf("%d lasting certificates, %d seen, want 2 and 2", lasting, seen)
	}
	b.clock.advance(90 * time.Minute) // the first one is out of date by now
	b.closeAll()
	b.version(t, srv.ID)
}

// TestRenewalOnReconnect: a server that was off while its renewal fell due gets it at the next connection.
func TestRenewalOnReconnect(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.life = 3 * time.Hour
	srv, _ := b.join(t, "alpha")
	b.closeAll()
	b.clock.advance(2*time.Hour + time.Minute)
	b.version(t, srv.ID)
	if _, lasting, _ := b.certificates(t, srv.ID); lasting != 2 {
		t.Errorf("%d lasting certificates, want 2", lasting)
	}
}

// TestFailedRenewalKeepsTheOldCertificate: the agent refuses to enrol, and goes on to be monitored.
func TestFailedRenewalKeepsTheOldCertificate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.life = 3 * time.Hour
	srv, a := b.join(t, "alpha")
	b.closeAll()
	b.clock.advance(2*time.Hour + time.Minute)
	breakState(t, a)
	b.version(t, srv.ID)
	b.closeAll()
	b.version(t, srv.ID) // without another try so soon
	if _, lasting, _ := b.certificates(t, srv.ID); lasting != 1 {
		t.Errorf("%d lasting certificates, want 1", lasting)
	}
}

func TestExpiredCertificate(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.life = time.Hour
	srv, _ := b.join(t, "alpha")
	b.closeAll()
	b.clock.advance(61 * time.Minute)
	r, err := b.Diagnose(t.Context(), srv.ID)
	if err != nil {
		t.Fatal(err)
	}
	if r.Stage != StageIdentity || !strings.Contains(r.Message, "out of date") || b.joined(srv.ID) {
		t.Errorf("%+v, joined %v", r, b.joined(srv.ID))
	}
}
