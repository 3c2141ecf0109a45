package tsdb

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"monitoring/storage"
)

func TestNextRenewal(t *testing.T) {
	t.Parallel()
	f := func(now, want string) {
		t.Helper()
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := nextRenewal(at).Format(time.RFC3339); got != want {
			t.Errorf("after %s comes %s, want %s", now, got, want)
		}
	}
	f("2026-11-27T02:00:00Z", "2026-12-01T00:10:00Z")
	f("2026-12-01T00:09:59Z", "2026-12-01T00:10:00Z")
	f("2026-12-01T00:10:00Z", "2027-01-01T00:10:00Z")
	f("2026-12-31T23:59:59Z", "2027-01-01T00:10:00Z")
	f("2027-01-31T10:00:00Z", "2027-02-01T00:10:00Z")
	f("2026-12-01T02:00:00+03:00", "2026-12-01T00:10:00Z") // it is November still, in UTC
}

// TestRenew opens all storages anew while samples are written and read: none is lost, and no call fails.
func TestRenew(t *testing.T) {
	t.Parallel()
	db, err := Open(Options{Dir: t.TempDir(), MemoryBytes: 16 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	begin := time.Now().Add(-time.Hour).Truncate(time.Minute)
	const rounds, renewals = 300, 5
	var wg sync.WaitGroup
	written := make(chan struct{})
	wg.Go(func() {
		defer close(written)
		e := db.NewExposition(ExpositionOptions{Labels: []storage.Label{{Name: "server", Value: "1"}}})
		for i := range rounds {
			if _, err := e.Append([]byte(fmt.Sprintf("a %d\nb %d\n", i, i)), begin.Add(time.Duration(i)*10*time.Second)); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for open := true; open; {
			if _, err := db.Query(t.Context(), "count(a)", begin.Add(time.Minute)); err != nil {
				t.Error(err)
			}
			select {
			case <-written:
				open = false
			default:
			}
		}
	})
	for range renewals {
		if err := db.renew(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	if err := db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := db.Query(t.Context(), "count_over_time(a[2h]) + count_over_time(b[2h])", begin.Add(rounds*10*time.Second))
	if err != nil || len(got) != 1 || got[0].Points[0].Value != 2*rounds {
		t.Errorf("%v %v, want %d samples", got, err, 2*rounds)
	}
}
