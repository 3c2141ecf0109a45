package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"monitoring/storage"
)

const (
	pollInterval = 2 * time.Second // for messages that came without a nudge
	storeTimeout = 5 * time.Second
	firstBackoff = 5 * time.Second
	maxBackoff   = 5 * time.Minute
	stopGrace    = 2 * time.Second // for a message that is on its way when the panel stops
)

// queue is what a worker needs of the store.
type queue interface {
	NextMessage(ctx context.Context, channel string, now time.Time) (storage.Message, error)
	MessageSent(ctx context.Context, id int64, at time.Time) error
	MessageDelayed(ctx context.Context, id int64, reason string, next time.Time) error
}

// SendError is a refusal by the other side.
type SendError struct {
	Reason  string        // in its own words
	Message bool          // only this message is at fault, the next may pass
	Wait    time.Duration // how long the other side wants to be left alone; 0 if it did not say
}

func (e *SendError) Error() string { return e.Reason }

// worker sends the messages of one channel, one after the other.
type worker struct {
	channel string
	queue   queue
	send    func(ctx context.Context, body string) error
	metrics *metrics
	log     *slog.Logger
	wake    chan struct{}
	retry   chan struct{} // ends a pause
}

func newWorker(channel string, q queue, send func(context.Context, string) error, m *metrics, log *slog.Logger) *worker {
	return &worker{channel: channel, queue: q, send: send, metrics: m, log: log, wake: make(chan struct{}, 1), retry: make(chan struct{}, 1)}
}

func (w *worker) nudge() { signal(w.wake) }

// resume ends a pause: the settings changed.
func (w *worker) resume() { signal(w.retry) }

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // the last one was not read yet
	}
}

// Run sends what is due until ctx is done.
func (w *worker) Run(ctx context.Context) error {
	for {
		pause, err := w.RunOnce(ctx)
		if err != nil && ctx.Err() == nil {
			w.log.Error("send messages", "channel", w.channel, "err", err)
			pause = max(pause, firstBackoff)
		}
		wake := w.wake
		if pause > 0 {
			wake = nil // new messages do not shorten a pause
		}
		timer := time.NewTimer(max(pause, pollInterval))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-wake:
		case <-w.retry:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// RunOnce sends every message that is due. A positive pause says that the channel itself does not work and how long to
// leave it alone.
func (w *worker) RunOnce(ctx context.Context) (pause time.Duration, err error) {
	for ctx.Err() == nil {
		m, err := w.next(ctx)
		if errors.Is(err, storage.ErrNotFound) {
			return 0, nil
		} else if err != nil {
			return 0, fmt.Errorf("read queue: %w", err)
		}
		failure := w.attempt(ctx, m.Body)
		if ctx.Err() != nil && failure != nil {
			return 0, nil // we are stopping; the next start tries again
		}
		if pause, err = w.record(ctx, m, failure); err != nil || pause > 0 {
			return pause, err
		}
	}
	return 0, nil
}

// attempt sends one message. A stop of the panel leaves it a moment to be answered: a request that is cut off may have
// been taken, and the message would come twice.
func (w *worker) attempt(ctx context.Context, body string) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		grace := time.NewTimer(stopGrace)
		defer grace.Stop()
		select {
		case <-grace.C:
			cancel()
		case <-limited.Done():
		}
	})
	defer stop()
	return w.send(limited, body)
}

func (w *worker) next(ctx context.Context) (storage.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return w.queue.NextMessage(ctx, w.channel, time.Now())
}

// record stores the outcome of an attempt, even while the panel stops: a message that arrived is not sent again.
func (w *worker) record(ctx context.Context, m storage.Message, failure error) (pause time.Duration, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	now := time.Now()
	if failure == nil {
		w.metrics.sent.WithLabelValues(w.channel).Inc()
		w.metrics.delay.WithLabelValues(w.channel).Observe(now.Sub(m.CreatedAt).Seconds())
		if err := w.queue.MessageSent(ctx, m.ID, now); err != nil {
			return 0, fmt.Errorf("mark message as sent: %w", err)
		}
		return 0, nil
	}
	w.metrics.errors.WithLabelValues(w.channel).Inc()
	wait := backoff(m.Attempts)
	var refused *SendError
	if errors.As(failure, &refused) && refused.Wait > 0 {
		wait = refused.Wait
	}
	if err := w.queue.MessageDelayed(ctx, m.ID, failure.Error(), now.Add(wait)); err != nil {
		return wait, fmt.Errorf("delay message: %w", err)
	}
	w.log.Warn("message was not sent", "channel", w.channel, "attempt", m.Attempts+1, "retry_in", wait, "reason", failure.Error())
	if refused != nil && refused.Message {
		return 0, nil
	}
	return wait, nil
}

// backoff is the wait after a failed attempt; attempts counts those before it.
func backoff(attempts int) time.Duration {
	return min(firstBackoff<<min(attempts, 10), maxBackoff)
}
