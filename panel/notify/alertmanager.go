package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	maxForward      = 10_000           // alerts that wait to be forwarded
	forwardBatch    = 500              // alerts of one request
	forwardInterval = 15 * time.Second // between attempts after a failure
)

// forwarder passes alerts on to an Alertmanager. Its memory is enough: whoever raises alerts repeats them (that is
// Alertmanager's contract), and what is not repeated ends there by itself.
type forwarder struct {
	s    *Service
	wake chan struct{}

	mu      sync.Mutex
	waiting map[string]Alert // by fingerprint: the newest state wins
	last    string           // error of the last attempt
}

func newForwarder(s *Service) *forwarder {
	return &forwarder{s: s, wake: make(chan struct{}, 1), waiting: map[string]Alert{}}
}

// Forward passes alerts on to the Alertmanager, if one is set up. EndsAt of a firing alert is when it ends unless it is
// repeated.
func (s *Service) Forward(alerts []Alert) {
	if s.Settings().AlertmanagerURL == "" || len(alerts) == 0 {
		return
	}
	f := s.forward
	f.mu.Lock()
	for _, a := range alerts {
		a.Status, a.Fingerprint = "", ""
		key := Fingerprint(a.Labels)
		if _, known := f.waiting[key]; !known && len(f.waiting) >= maxForward {
			s.metrics.dropped.WithLabelValues("full").Inc()
			continue
		}
		f.waiting[key] = a
	}
	f.mu.Unlock()
	signal(f.wake)
}

// Run forwards what waits until ctx is done.
func (f *forwarder) Run(ctx context.Context) error {
	for {
		err := f.RunOnce(ctx)
		if err != nil && ctx.Err() == nil {
			f.s.log.Warn("alerts were not forwarded", "reason", err.Error())
		}
		wake := f.wake
		if err != nil {
			wake = nil // leave it alone for a while
		}
		timer := time.NewTimer(forwardInterval)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// RunOnce forwards everything that waits; what the Alertmanager did not take waits on, unless a newer state came.
func (f *forwarder) RunOnce(ctx context.Context) error {
	for {
		batch := f.take()
		if len(batch) == 0 {
			return nil
		}
		err := f.post(ctx, batch)
		f.mu.Lock()
		f.last = ""
		if err != nil {
			f.last = err.Error()
			for key, a := range batch {
				if _, newer := f.waiting[key]; !newer && len(f.waiting) < maxForward {
					f.waiting[key] = a
				}
			}
		}
		f.mu.Unlock()
		if err != nil {
			f.s.metrics.errors.WithLabelValues(Alertmanager).Inc()
			return err
		}
		f.s.metrics.sent.WithLabelValues(Alertmanager).Add(float64(len(batch)))
	}
}

func (f *forwarder) take() map[string]Alert {
	f.mu.Lock()
	defer f.mu.Unlock()
	batch := map[string]Alert{}
	for key, a := range f.waiting {
		if len(batch) == forwardBatch {
			break
		}
		batch[key] = a
		delete(f.waiting, key)
	}
	return batch
}

func (f *forwarder) post(ctx context.Context, batch map[string]Alert) error {
	address := f.s.Settings().AlertmanagerURL
	if address == "" {
		return nil // switched off meanwhile
	}
	alerts := make([]Alert, 0, len(batch))
	for _, a := range batch {
		alerts = append(alerts, a)
	}
	body, err := json.Marshal(alerts)
	if err != nil {
		return fmt.Errorf("encode alerts: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return f.s.post(ctx, strings.TrimRight(address, "/")+"/api/v2/alerts", string(body))
}

func (f *forwarder) state() (waiting int, last string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiting), f.last
}
