package auth

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func secret(s string) [sha256.Size]byte { return sha256.Sum256([]byte(s)) }

func TestFiveFailuresAreABan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFailures(5, 15*time.Minute)
		for i := range 4 {
			if counted, banned := f.add("a", secret(fmt.Sprint(i)), time.Now()); !counted || banned {
				t.Fatalf("failure %d: counted %v, banned %v", i, counted, banned)
			}
			time.Sleep(time.Second)
		}
		if _, banned := f.banned("a", time.Now()); banned || f.count("a", time.Now()) != 4 {
			t.Fatal("four failures are a ban")
		}
		if _, banned := f.add("a", secret("last"), time.Now()); !banned {
			t.Fatal("five failures are no ban")
		}
		if until, banned := f.banned("a", time.Now()); !banned || time.Until(until) != 15*time.Minute {
			t.Errorf("banned %v until %v", banned, until)
		}
		if counted, banned := f.add("a", secret("more"), time.Now()); counted || banned {
			t.Error("a failure during the ban counts")
		}
		if _, banned := f.banned("b", time.Now()); banned {
			t.Error("somebody else is banned too")
		}
		time.Sleep(15*time.Minute - 1)
		if _, banned := f.banned("a", time.Now()); !banned {
			t.Error("the ban ended early")
		}
		time.Sleep(time.Nanosecond)
		if _, banned := f.banned("a", time.Now()); banned || f.count("a", time.Now()) != 0 {
			t.Error("the ban does not end")
		}
		if counted, banned := f.add("a", secret("again"), time.Now()); !counted || banned || f.count("a", time.Now()) != 1 {
			t.Error("after a ban the count does not start anew")
		}
	})
}

func TestSameSecretCountsOnceIn30Seconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFailures(5, 15*time.Minute)
		start := time.Now()
		try := func(at time.Duration, addr, guess string, want bool) {
			t.Helper()
			time.Sleep(time.Until(start.Add(at)))
			if counted, _ := f.add(addr, secret(guess), time.Now()); counted != want {
				t.Errorf("%s %s at %s: counted %v", addr, guess, at, counted)
			}
		}
		try(0, "a", "x", true)
		try(time.Second, "a", "x", false)
		try(2*time.Second, "a", "y", true)
		try(3*time.Second, "b", "x", true)
		try(29*time.Second, "a", "x", false)
		try(30*time.Second, "a", "x", true) // a repeat does not prolong the window
		try(31*time.Second, "a", "y", false)
		if n := f.count("a", time.Now()); n != 3 {
			t.Errorf("%d failures", n)
		}
	})
}

func TestOldFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFailures(5, 15*time.Minute)
		for i := range 4 {
			f.add("a", secret(fmt.Sprint(i)), time.Now())
		}
		time.Sleep(15 * time.Minute)
		if _, banned := f.add("a", secret("x"), time.Now()); banned || f.count("a", time.Now()) != 1 {
			t.Error("a failure of long ago still counts")
		}
		f.forget(time.Now())
		if len(f.byAddr) != 1 {
			t.Error("a fresh failure was forgotten")
		}
		time.Sleep(15 * time.Minute)
		f.forget(time.Now())
		if len(f.byAddr) != 0 {
			t.Error("an old failure is kept")
		}
		f.add("a", secret("x"), time.Now())
		f.clear("a")
		if f.count("a", time.Now()) != 0 {
			t.Error("a success does not clear")
		}
	})
}

// However guesses are spread over time, more than four different ones within 15 minutes never go without a ban.
func TestNoGuessingFasterThanTheLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := newFailures(5, 15*time.Minute)
		now := time.Unix(1700000000, 0)
		var counted []time.Time
		for i := range rapid.IntRange(1, 60).Draw(t, "guesses") {
			now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "pause")) * time.Second)
			if ok, _ := f.add("a", secret(fmt.Sprint(i)), now); ok {
				counted = append(counted, now)
			}
			if n := len(counted); n > 5 && counted[n-1].Sub(counted[n-6]) < 15*time.Minute {
				t.Fatalf("six guesses within %s", counted[n-1].Sub(counted[n-6]))
			}
		}
	})
}

func TestReplaceStored(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	later := now.Add(10 * time.Minute)
	f := newFailures(1, 15*time.Minute)
	f.add("lifted", secret("x"), now)
	f.markStored("lifted", now)
	f.add("unstored", secret("x"), now)
	f.add("stored meanwhile", secret("x"), now)
	f.markStored("stored meanwhile", now.Add(2*time.Second))
	if got := f.unstored(now); len(got) != 1 || !got["unstored"].Equal(now.Add(15*time.Minute)) {
		t.Errorf("unstored: %v", got)
	}
	f.replaceStored(map[string]time.Time{"restart": later, "over": now}, now.Add(time.Second))
	for addr, want := range map[string]bool{"lifted": false, "unstored": true, "stored meanwhile": true, "restart": true, "over": false} {
		if _, banned := f.banned(addr, now.Add(time.Second)); banned != want {
			t.Errorf("%s: banned %v", addr, banned)
		}
	}
	f.clearAll()
	if _, banned := f.banned("restart", now); banned {
		t.Error("clearAll leaves bans")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	f, l := newFailures(5, time.Minute), newLimiter()
	for i := range maxRemembered + 100 {
		f.add(fmt.Sprint(i), secret("x"), now)
		if !l.allow(fmt.Sprint(i), now) {
			t.Fatalf("address %d is locked out by the flood", i)
		}
	}
	if len(f.byAddr) > maxRemembered || len(l.windows) > maxRemembered {
		t.Errorf("%d and %d entries", len(f.byAddr), len(l.windows))
	}
	l.forget(now.Add(time.Minute))
	if len(l.windows) != 0 {
		t.Errorf("%d old windows are kept", len(l.windows))
	}
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter()
		for i := range requestsPerMinute {
			if !l.allow("a", time.Now()) {
				t.Fatalf("request %d is over the limit", i+1)
			}
		}
		if l.allow("a", time.Now()) {
			t.Error("request 61 is allowed")
		}
		if !l.allow("b", time.Now()) {
			t.Error("somebody else is limited too")
		}
		time.Sleep(time.Minute - 1)
		if l.allow("a", time.Now()) {
			t.Error("the minute is not over")
		}
		time.Sleep(time.Nanosecond)
		if !l.allow("a", time.Now()) {
			t.Error("the limit does not end")
		}
	})
}
