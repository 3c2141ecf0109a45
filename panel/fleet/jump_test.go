package fleet

import (
	"strings"
	"testing"
	"time"
)

// TestClockOfThePanelJumps: certificates that were renewed while it was ahead must not lose the fleet when it is right again.
func TestClockOfThePanelJumps(t *testing.T) {
	t.Parallel()
	f := func(jump time.Duration) {
		t.Helper()
		b := newBench(t)
		srv, _ := b.join(t, "alpha")
		b.clock.advance(jump)
		if err := b.upkeep(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.closeAll()
		b.version(t, srv.ID)
		b.clock.advance(-jump)
		b.closeAll()
		b.version(t, srv.ID)
		b.restart(t)
		b.version(t, srv.ID)
	}
	f(300 * 24 * time.Hour) // beyond two thirds of a certificate's life: it is renewed
	f(26 * time.Hour)
	f(-time.Hour)
}

// TestAgentThatAsksForCertificatesWithoutEnd has the panel sign a new key at each contact, and goes on with its old certificate.
func TestAgentThatAsksForCertificatesWithoutEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	srv, _ := b.join(t, "alpha")
	n := b.node(srv.ID)
	leaf, err := parseCertificate([]byte(n.issued.text))
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxUnused + 5 {
		_, err := b.sign(t.Context(), n, leaf, requestBy(t, newKey(t), asIs))
		if refused := err != nil && strings.Contains(err.Error(), "used none of them"); refused != (i >= maxUnused) {
			t.Errorf("request %d: %v", i+1, err)
		}
	}
	if _, lasting, _ := b.certificates(t, srv.ID); lasting != maxUnused+1 {
		t.Errorf("%d certificates are on record, want %d", lasting, maxUnused+1)
	}
}
