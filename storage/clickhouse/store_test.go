package clickhouse_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/clickhouse"
	"monitoring/storage/storagetest"
)

var hour = time.Date(2026, 3, 29, 10, 0, 0, 0, time.UTC)

// visits returns n visits of different hosts.
func visits(n int) []storage.Visit {
	list := make([]storage.Visit, n)
	for i := range list {
		list[i] = storage.Visit{
			Hour: hour, ServerID: 3, UserID: 7, Email: "7.bob smith", IP: netip.MustParseAddr("203.0.113.9"), Host: fmt.Sprintf("h%d.example.net", i),
			Count: 2, First: hour.Add(5 * time.Second), Last: hour.Add(3599 * time.Second),
		}
	}
	return list
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually polls until ok, and fails the test after the deadline.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("not in time: " + what)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// What goes in comes out of the base table and of every rollup, once.
func TestVisits(t *testing.T) {
	t.Parallel()
	s := storagetest.ClickHouse(t)
	must(t, s.EnqueueVisits(visits(100)))
	must(t, s.EnqueueVisits(visits(100)))
	must(t, clickhouse.FlushForTest(t.Context(), s))
	f := func(table string, want uint64) {
		t.Helper()
		type row struct {
			Visits uint64 `ch:"visits"`
		}
		got, err := clickhouse.OneForTest[row](t.Context(), s, "SELECT sum(visits) AS visits FROM "+table, nil)
		if err != nil || got.Visits != want {
			t.Errorf("%s: %d visits, %v; want %d", table, got.Visits, err, want)
		}
	}
	for _, table := range []string{"visits", "hourly", "host_day", "host_month", "host_user", "user_day"} {
		f(table, 400)
	}
	if st := s.Status(); !st.Up || !st.Embedded || st.WaitingRows != 0 || st.DroppedRows != 0 {
		t.Errorf("%+v", st)
	}
}
