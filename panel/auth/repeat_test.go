package auth

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func answering(calls *atomic.Int32, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		n := calls.Add(1)
		w.Header().Set("X-Call", fmt.Sprint(n))
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(body))
	}
}

func request() *http.Request { return httptest.NewRequest(http.MethodPost, "/", nil) }

func TestRepeatGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newRepeats()
		var calls atomic.Int32
		ask := func(key string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			p.serve(w, request(), key, answering(&calls, "body"))
			return w
		}
		first, again, other := ask("k"), ask("k"), ask("other")
		if first.Header().Get(repeatedHeader) != "" || again.Header().Get(repeatedHeader) != "true" {
			t.Error("the replay is not marked")
		}
		if again.Code != http.StatusCreated || again.Body.String() != "body" || again.Header().Get("X-Call") != "1" {
			t.Errorf("replay: %d %s %v", again.Code, again.Body, again.Header())
		}
		if other.Header().Get("X-Call") != "2" {
			t.Error("another key got the same answer")
		}
		time.Sleep(repeatsKept - 1)
		if ask("k"); calls.Load() != 2 {
			t.Error("the answer was forgotten early")
		}
		time.Sleep(time.Nanosecond)
		if ask("k"); calls.Load() != 3 {
			t.Error("the answer is kept too long")
		}
	})
}

func TestConcurrentRepeatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newRepeats()
		var calls atomic.Int32
		got := make(chan string, 5)
		for range 5 {
			go func() {
				w := httptest.NewRecorder()
				p.serve(w, request(), "k", func(w http.ResponseWriter) {
					time.Sleep(time.Minute)
					answering(&calls, "slow")(w)
				})
				got <- w.Body.String()
			}()
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("a repeat did not wait")
		}
		for range 5 {
			if body := <-got; body != "slow" {
				t.Errorf("a repeat got %q", body)
			}
		}
		if calls.Load() != 1 {
			t.Errorf("the work was done %d times", calls.Load())
		}
	})
}

// A request that was dropped or refused was not done: the next one with its key is.
func TestDroppedRequestIsNotRemembered(t *testing.T) {
	t.Parallel()
	p := newRepeats()
	var calls atomic.Int32
	p.serve(httptest.NewRecorder(), request(), "k", func(http.ResponseWriter) { calls.Add(1) })
	func() {
		defer func() {
			if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
				t.Error("the abort was swallowed")
			}
		}()
		p.serve(httptest.NewRecorder(), request(), "k", func(http.ResponseWriter) { calls.Add(1); panic(http.ErrAbortHandler) })
	}()
	p.serve(httptest.NewRecorder(), request(), "k", func(w http.ResponseWriter) { calls.Add(1); w.WriteHeader(http.StatusBadRequest) })
	w := httptest.NewRecorder()
	p.serve(w, request(), "k", answering(&calls, "done"))
	if calls.Load() != 4 || w.Body.String() != "done" {
		t.Errorf("%d calls, body %q", calls.Load(), w.Body)
	}
}

// After an internal error something may have been done; the repeat must not do it twice.
func TestInternalErrorIsRemembered(t *testing.T) {
	t.Parallel()
	p := newRepeats()
	calls := 0
	for range 2 {
		w := httptest.NewRecorder()
		p.serve(w, request(), "k", func(w http.ResponseWriter) { calls++; w.WriteHeader(http.StatusInternalServerError) })
		if w.Code != http.StatusInternalServerError {
			t.Errorf("status %d", w.Code)
		}
	}
	if calls != 1 {
		t.Errorf("the work was done %d times", calls)
	}
}

func TestAnswersThatAreTooLongToKeep(t *testing.T) {
	t.Parallel()
	p := newRepeats()
	var calls atomic.Int32
	long := strings.Repeat("x", maxRepeatBody+1)
	first, again := httptest.NewRecorder(), httptest.NewRecorder()
	p.serve(first, request(), "k", answering(&calls, long))
	p.serve(again, request(), "k", answering(&calls, long))
	if first.Body.String() != long || again.Code != http.StatusConflict || calls.Load() != 1 || !strings.Contains(again.Body.String(), "already_done") {
		t.Errorf("%d bytes, then %d %s, %d calls", first.Body.Len(), again.Code, again.Body, calls.Load())
	}
}

func TestRepeatsAreBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := newRepeats()
		now := time.Unix(1700000000, 0)
		for range rapid.IntRange(1, 5).Draw(t, "bursts") {
			now = now.Add(time.Duration(rapid.IntRange(0, 700).Draw(t, "pause")) * time.Second)
			for range rapid.IntRange(1, 1500).Draw(t, "requests") {
				p.enter(fmt.Sprint(rapid.Uint16().Draw(t, "key")), now)
			}
			if len(p.order) > maxRepeats || len(p.byKey) != len(p.order) {
				t.Fatalf("%d in order, %d by key", len(p.order), len(p.byKey))
			}
			for i, e := range p.order {
				if p.byKey[e.key] != e || now.Sub(e.at) >= repeatsKept || i > 0 && e.at.Before(p.order[i-1].at) {
					t.Fatalf("entry %d of %d does not belong", i, len(p.order))
				}
			}
		}
	})
}
