package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"monitoring/storage"
)

// memoryQueue is a queue without a network, so that hours pass at once.
type memoryQueue struct{ messages []*storage.Message }

func (q *memoryQueue) add(bodies ...string) {
	for _, body := range bodies {
		q.messages = append(q.messages, &storage.Message{ID: int64(len(q.messages) + 1), Body: body, CreatedAt: time.Now()})
	}
}

func (q *memoryQueue) NextMessage(_ context.Context, _ string, now time.Time) (storage.Message, error) {
	for _, m := range q.messages {
		if m.Key != "sent" && !m.NextAttempt.After(now) {
			return *m, nil
		}
	}
	return storage.Message{}, storage.ErrNotFound
}

func (q *memoryQueue) MessageSent(_ context.Context, id int64, _ time.Time) error {
	q.messages[id-1].Key = "sent"
	return nil
}

func (q *memoryQueue) MessageDelayed(_ context.Context, id int64, reason string, next time.Time) error {
	m := q.messages[id-1]
	m.Attempts, m.LastError, m.NextAttempt = m.Attempts+1, reason, next
	return nil
}

// replay runs a worker over the queue for a while and returns when each attempt was made, in seconds from the start.
func replay(t *testing.T, q *memoryQueue, length time.Duration, send func(body string) error) []string {
	t.Helper()
	var attempts []string
	synctest.Test(t, func(t *testing.T) {
		q.messages = slices.Clone(q.messages)
		began := time.Now()
		w := newWorker("test", q, func(_ context.Context, body string) error {
			attempts = append(attempts, fmt.Sprintf("%s@%d", body, int(time.Since(began).Seconds())))
			return send(body)
		}, newMetrics(nil), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return attempts
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	q := &memoryQueue{}
	q.add("a", "b")
	got := replay(t, q, 22*time.Minute, func(string) error { return errors.New("no route to host") })
	want := "a@0 a@5 a@15 a@35 a@75 a@155 a@315 a@615 a@915 a@1215" // 5 s doubled up to 5 min; b waits behind a
	if strings.Join(got, " ") != want {
		t.Errorf("attempts at %v, want %s", got, want)
	}
}

func TestRetryAfterIsRespected(t *testing.T) {
	t.Parallel()
	q := &memoryQueue{}
	q.add("a", "b")
	asked := 0
	got := replay(t, q, time.Hour, func(string) error {
		if asked++; asked == 1 {
			return &SendError{Reason: "Too Many Requests", Wait: 42 * time.Second}
		}
		return nil
	})
	if strings.Join(got, " ") != "a@0 a@42 b@42" {
		t.Errorf("attempts at %v", got)
	}
}

// A message that is refused for its own sake is tried again later, and the others pass it.
func TestBadMessageDoesNotBlock(t *testing.T) {
	t.Parallel()
	q := &memoryQueue{}
	q.add("bad", "good")
	got := replay(t, q, 30*time.Second, func(body string) error {
		if body == "bad" {
			return &SendError{Reason: "Bad Request", Message: true}
		}
		return nil
	})
	if strings.Join(got, " ") != "bad@0 good@0 bad@6 bad@16" { // 5 s and 10 s, looked for every 2 s
		t.Errorf("attempts at %v", got)
	}
}

// A nudge sends at once; during a pause only new settings do.
func TestNudgeAndResume(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := &memoryQueue{}
		var got []string
		began, works := time.Now(), true
		w := newWorker("test", q, func(_ context.Context, body string) error {
			got = append(got, fmt.Sprintf("%s@%s", body, time.Since(began)))
			if !works {
				return &SendError{Reason: "later", Wait: time.Minute}
			}
			return nil
		}, newMetrics(nil), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = w.Run(ctx) }()
		pass := func(d time.Duration) {
			time.Sleep(d)
			synctest.Wait()
		}
		pass(time.Second)
		q.add("a")
		w.nudge()
		pass(time.Second)
		works = false
		q.add("b")
		w.nudge()
		pass(5 * time.Second)
		works = true
		q.add("c")
		w.nudge()
		pass(5 * time.Second)
		w.resume()
		pass(time.Second)
		cancel()
		synctest.Wait()
		if strings.Join(got, " ") != "a@1s b@2s c@12s" {
			t.Errorf("sent %v", got)
		}
	})
}
