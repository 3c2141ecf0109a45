package auth

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/storage"
	"monitoring/storage/storagetest"
)

func (d *door) guess(t *testing.T, password string, options ...option) answered {
	t.Helper()
	return d.send(t, "POST", "/secret-path/api/auth/login", passwordBody(password), options...)
}

func (d *door) banStatusOf(t *testing.T, options ...option) BanStatus {
	t.Helper()
	return decode[BanStatus](t, d.expect(t, 200, "GET", "/api/auth/ban-status", "", options...))
}

func TestBruteForce(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	attacker, neighbour := from("198.51.100.1"), from("198.51.100.2")
	session := d.login(t, attacker)
	_, token := d.newToken(t, session, "grafana", "metrics:read")
	if s := d.banStatusOf(t, attacker); s.IP != "198.51.100.1" || s.MemoryBanned || s.MemoryInfo.AttemptsLeft != 5 || s.DBInfo != nil {
		t.Errorf("at first: %+v", s)
	}
	for i := range 4 {
		d.guess(t, fmt.Sprint("guess", i), attacker)
		d.guess(t, fmt.Sprint("guess", i), attacker) // the browser's second try of the dropped POST
		if s := d.banStatusOf(t, attacker); s.MemoryInfo.Failures != i+1 || s.MemoryInfo.AttemptsLeft != 4-i || s.MemoryBanned {
			t.Errorf("after %d guesses: %+v", i+1, s)
		}
	}
	d.guess(t, "guess4", attacker)
	s := d.banStatusOf(t, attacker)
	if !s.MemoryBanned || s.MemoryInfo.AttemptsLeft != 0 || s.MemoryInfo.BannedUntil == nil || s.DBInfo == nil {
		t.Fatalf("after five guesses: %+v", s)
	}
	if left := time.Until(*s.MemoryInfo.BannedUntil); left < 14*time.Minute || left > 15*time.Minute {
		t.Errorf("banned for %s", left)
	}
	if diff := s.DBInfo.BannedUntil.Sub(*s.MemoryInfo.BannedUntil); diff > time.Second || diff < -time.Second {
		t.Errorf("memory and Postgres differ by %s", diff)
	}

	// The ban stops strangers, the right password included; not those who are known already, nor other addresses.
	if got := d.guess(t, testPassword, attacker); got.status != 0 {
		t.Errorf("login during a ban: %d", got.status)
	}
	d.expect(t, 0, "GET", "/api/open", "", attacker)
	d.expect(t, 0, "POST", "/api/auth/validate-uid", `{"uid":"secret-path"}`, attacker)
	d.expect(t, 200, "GET", "/secret-path/", "", attacker)
	d.expect(t, 200, "GET", "/secret-path/api/auth/check", "", attacker)
	d.expect(t, 200, "GET", "/api/servers", "", attacker, cookie(session))
	d.expect(t, 200, "GET", "/secret-path/prometheus/api/v1/query", "", attacker, bearer(token))
	if got := d.guess(t, testPassword, neighbour); got.status != 200 {
		t.Errorf("the neighbour's login: %d", got.status)
	}

	// Lifting it.
	d.expect(t, 200, "POST", "/api/auth/clear-ban", "", attacker, cookie(session))
	if s := d.banStatusOf(t, attacker); s.MemoryBanned || s.MemoryInfo.Failures != 0 || s.DBInfo != nil {
		t.Errorf("after clear-ban: %+v", s)
	}
	if got := d.guess(t, testPassword, attacker); got.status != 200 {
		t.Errorf("login after clear-ban: %d", got.status)
	}
	if n := testutil.ToFloat64(d.metrics.bans); n != 1 {
		t.Errorf("%v bans counted", n)
	}
}

func TestSuccessClearsFailures(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	for i := range 8 {
		d.guess(t, fmt.Sprint("guess", i))
		if i%4 == 3 {
			d.login(t)
		}
	}
	if s := d.banStatusOf(t); s.MemoryBanned || s.MemoryInfo.Failures != 0 {
		t.Errorf("%+v", s)
	}
}

func TestWrongSecretsOfAllKindsAddUp(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	d.guess(t, "same")
	d.send(t, "POST", "/api/auth/login", `{"password":"correct horse","uid":"same"}`)
	d.send(t, "POST", "/api/auth/validate-uid", `{"uid":"other"}`)
	d.send(t, "GET", "/api/servers", "", bearer("mon_guess"))
	d.send(t, "GET", "/wrong-path/", "")
	if s := d.banStatusOf(t); s.MemoryInfo.Failures != 4 {
		t.Fatalf("%+v", s)
	}
	d.send(t, "GET", "/api/servers", "", bearer("same"))
	if s := d.banStatusOf(t); !s.MemoryBanned {
		t.Errorf("%+v", s)
	}
}

// Guesses at the same moment get no more attempts than guesses in a row.
func TestParallelGuesses(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() { d.guess(t, fmt.Sprint("guess", i)) })
	}
	wg.Wait()
	if n := testutil.ToFloat64(d.metrics.failures); n != 5 {
		t.Errorf("%v guesses were compared", n)
	}
	if !d.banStatusOf(t).MemoryBanned {
		t.Error("no ban")
	}
}

func TestIPv6IsBannedByNetwork(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	for i := range 5 {
		d.guess(t, fmt.Sprint("guess", i), from(fmt.Sprintf("2001:db8:1:2::%d", i+1)))
	}
	if s := d.banStatusOf(t, from("2001:db8:1:2:ffff::1")); !s.MemoryBanned || s.DBInfo == nil || s.IP != "2001:db8:1:2:ffff::1" {
		t.Errorf("same network: %+v", s)
	}
	if s := d.banStatusOf(t, from("2001:db8:1:3::1")); s.MemoryBanned {
		t.Errorf("next network: %+v", s)
	}
	if n, err := Unban(t.Context(), d.Store, "2001:db8:1:2::77"); n != 1 || err != nil {
		t.Errorf("unban: %d, %v", n, err)
	}
}

// Without a trusted proxy the header is anybody's and changes nothing.
func TestForgedForwardedForDoesNotEvadeTheBan(t *testing.T) {
	t.Parallel()
	d := openDoor(t, func(o *Options) { o.TrustedProxies = nil })
	for i := range 5 {
		d.guess(t, fmt.Sprint("guess", i), from(fmt.Sprintf("198.51.100.%d", i)))
	}
	if s := d.banStatusOf(t, from("198.51.100.77")); !s.MemoryBanned || s.IP != "127.0.0.1" {
		t.Errorf("%+v", s)
	}
	behind := openDoor(t)
	for i := range 5 {
		behind.guess(t, fmt.Sprint("guess", i), from(fmt.Sprintf("203.0.113.%d, 198.51.100.1", i)))
	}
	if s := behind.banStatusOf(t, from("198.51.100.1")); !s.MemoryBanned {
		t.Errorf("behind a proxy: %+v", s)
	}
}

func TestBanSurvivesARestart(t *testing.T) {
	t.Parallel()
	store := storagetest.Postgres(t)
	before := openDoorOn(t, store)
	for i := range 5 {
		before.guess(t, fmt.Sprint("guess", i))
	}
	after := openDoorOn(t, store)
	if got := after.guess(t, testPassword); got.status != 0 {
		t.Fatalf("login after a restart: %d", got.status)
	}
	if s := after.banStatusOf(t); !s.MemoryBanned || s.DBInfo == nil {
		t.Errorf("%+v", s)
	}

	// The shell's unban reaches the running panel with its next turn.
	if _, err := Unban(t.Context(), store, "no address"); err == nil || !strings.Contains(err.Error(), "203.0.113.7") {
		t.Errorf("unban of rubbish: %v", err)
	}
	if n, err := Unban(t.Context(), store, "198.51.100.9"); n != 0 || err != nil {
		t.Errorf("unban of somebody else: %d, %v", n, err)
	}
	if n, err := Unban(t.Context(), store, ""); n != 1 || err != nil {
		t.Errorf("unban: %d, %v", n, err)
	}
	for _, d := range []*door{before, after} {
		if err := d.RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.login(t)
	}
}

func TestUpkeepDeletesOldBansAndStoresMissedOnes(t *testing.T) {
	t.Parallel()
	d := openDoor(t)
	now := time.Now()
	old := storage.Ban{IP: "198.51.100.1", Reason: "x", CreatedAt: now.Add(-time.Hour), Until: now.Add(-time.Second)}
	if err := d.Store.SetBan(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	for i := range 5 { // as if Postgres had been away
		d.failures.add("198.51.100.2", secret(fmt.Sprint(i)), now)
	}
	if err := d.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	bans, err := d.Store.Bans(t.Context())
	if err != nil || len(bans) != 1 || bans[0].IP != "198.51.100.2" || !bans[0].Until.Equal(now.Add(15*time.Minute).Truncate(time.Microsecond)) {
		t.Errorf("%+v, %v", bans, err)
	}
	if got := decode[ClearedResponse](t, d.expect(t, 200, "DELETE", "/api/auth/clear-all-bans", "", cookie(d.login(t)))); got.Count != 1 {
		t.Errorf("clear-all-bans: %+v", got)
	}
	if s := d.banStatusOf(t, from("198.51.100.2")); s.MemoryBanned {
		t.Errorf("%+v", s)
	}
}
