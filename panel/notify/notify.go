// Package notify brings messages to people and to alerting services: Telegram, a webhook, an Alertmanager, a heartbeat.
// What is worth a message is decided elsewhere.
//
// A message is rendered once per channel, waits in Postgres (storage/message.go) and is sent by its channel's worker
// (queue.go) until it arrives or is a day old. A new channel is one file here and one line in channels.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"monitoring/panel/outbound"
	"monitoring/storage"
	"monitoring/storage/postgres"
)

const (
	reloadInterval = 30 * time.Second
	upkeepInterval = time.Minute
	loadTimeout    = 10 * time.Second
	sendTimeout    = 10 * time.Second // of one request
	maxWaiting     = 1000             // messages of one channel
	messageLife    = 24 * time.Hour
	doneLife       = 7 * 24 * time.Hour // how long the key of a sent message is remembered
)

// Names of the channels.
const (
	Telegram     = "telegram"
	Webhook      = "webhook"
	Alertmanager = "alertmanager"
	Heartbeat    = "heartbeat"
)

// Notification is one piece of news, in the form of each channel.
type Notification struct {
	Key   string // of this news; the same key is sent once
	Text  Text   // for people
	Group *Group // for the webhook; nil sends it none
}

// Options of New.
type Options struct {
	Store      *postgres.Store
	Log        *slog.Logger
	Registerer prometheus.Registerer
	Outbound   outbound.Policy
	Alive      func() error // why the heartbeat must stay away; nil means it always beats
}

// Service sends. The settings are in memory and change with Set.
type Service struct {
	o        Options
	log      *slog.Logger
	settings atomic.Pointer[storage.NotifySettings]
	writing  sync.Mutex // orders loads and writes of the settings
	workers  []*worker
	clients  clients
	forward  *forwarder
	metrics  *metrics
	beat     atomic.Pointer[beat]
}

// New loads the settings.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Alive == nil {
		o.Alive = func() error { return nil }
	}
	s := &Service{o: o, log: o.Log, clients: clients{policy: o.Outbound}, metrics: newMetrics(o.Registerer)}
	for name, send := range s.channels() {
		s.workers = append(s.workers, newWorker(name, o.Store, send, s.metrics, o.Log))
	}
	s.forward = newForwarder(s)
	s.beat.Store(&beat{})
	return s, s.load(ctx)
}

// channels are the ways a queued message can go.
func (s *Service) channels() map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{
		Telegram: s.sendTelegram,
		Webhook:  s.sendWebhook,
	}
}

// Run sends until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, w := range s.workers {
		g.Go(func() error { return w.Run(ctx) })
	}
	g.Go(func() error { return s.forward.Run(ctx) })
	g.Go(func() error { return s.runHeartbeat(ctx) })
	g.Go(func() error { return s.every(ctx, reloadInterval, "load notification settings", s.load) })
	g.Go(func() error { return s.every(ctx, upkeepInterval, "clean message queue", s.upkeep) })
	return g.Wait()
}

func (s *Service) every(ctx context.Context, interval time.Duration, what string, once func(context.Context) error) error {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := once(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("do what is due", "step", what, "err", err)
		}
	}
}

func (s *Service) upkeep(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	now := time.Now()
	expired, err := s.o.Store.ExpireMessages(ctx, now)
	s.metrics.dropped.WithLabelValues("expired").Add(float64(expired))
	if err != nil {
		return fmt.Errorf("expire messages: %w", err)
	}
	if err := s.o.Store.DeleteDoneMessages(ctx, now.Add(-doneLife)); err != nil {
		return fmt.Errorf("delete old messages: %w", err)
	}
	states, err := s.o.Store.QueueStates(ctx)
	for _, q := range states {
		s.metrics.waiting.WithLabelValues(q.Channel).Set(float64(q.Waiting))
	}
	if err != nil {
		return fmt.Errorf("count messages: %w", err)
	}
	return nil
}

func (s *Service) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	s.writing.Lock()
	defer s.writing.Unlock()
	v, err := s.o.Store.NotifySettings(ctx)
	if err != nil {
		return fmt.Errorf("read notification settings: %w", err)
	}
	s.settings.Store(&v)
	return nil
}

// Settings returns where messages go.
func (s *Service) Settings() storage.NotifySettings { return *s.settings.Load() }

// Update lets change edit the settings, checks and stores them; they are in force when it returns.
func (s *Service) Update(ctx context.Context, change func(*storage.NotifySettings)) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	next := s.Settings()
	change(&next)
	if err := next.Validate(); err != nil {
		return err
	}
	if err := s.o.Store.SetNotifySettings(ctx, next); err != nil {
		return fmt.Errorf("store notification settings: %w", err)
	}
	s.settings.Store(&next)
	if err := s.o.Store.RetryMessages(ctx, time.Now()); err != nil {
		return fmt.Errorf("retry messages: %w", err)
	}
	for _, w := range s.workers {
		w.resume()
	}
	return nil
}

// Send queues a notification for every channel that is set up. It returns as soon as it is stored.
func (s *Service) Send(ctx context.Context, n Notification) error {
	if err := s.o.Store.InTx(ctx, func(tx *postgres.Store) error { return s.SendIn(ctx, tx, n) }); err != nil {
		return err
	}
	s.Wake()
	return nil
}

// SendIn queues a notification in the transaction of the caller, so that it goes out if and only if the caller's own
// record of it is stored. Call Wake after the commit.
func (s *Service) SendIn(ctx context.Context, tx *postgres.Store, n Notification) error {
	settings := s.Settings()
	if settings.TelegramBotToken != "" && settings.TelegramChatID != "" {
		if err := s.add(ctx, tx, Telegram, n.Key, n.Text.html(settings.Language)); err != nil {
			return err
		}
	}
	if settings.WebhookURL != "" && n.Group != nil {
		body, err := n.Group.encode()
		if err != nil {
			return fmt.Errorf("encode webhook body: %w", err)
		}
		return s.add(ctx, tx, Webhook, n.Key, body)
	}
	return nil
}

func (s *Service) add(ctx context.Context, tx *postgres.Store, channel, key, body string) error {
	now := time.Now()
	dropped, err := tx.AddMessage(ctx, storage.Message{Channel: channel, Key: key, Body: body, CreatedAt: now, ExpiresAt: now.Add(messageLife)}, maxWaiting)
	s.metrics.dropped.WithLabelValues("full").Add(float64(dropped))
	if err != nil {
		return fmt.Errorf("queue message for %s: %w", channel, err)
	}
	return nil
}

// Wake makes the workers look at their queues now.
func (s *Service) Wake() {
	for _, w := range s.workers {
		w.nudge()
	}
}

// errNotSetUp is what a channel answers to a message that was queued before the operator switched it off.
var errNotSetUp = errors.New("the channel is not set up")

// Waiting counts what has not arrived in all channels, how long the oldest has waited, and why.
func (s *Service) Waiting(ctx context.Context) (n int, oldest time.Duration, reason string, err error) {
	status, err := s.Status(ctx)
	if err != nil {
		return 0, 0, "", err
	}
	for _, q := range status.Queues {
		n += q.Waiting
		if q.Waiting == 0 || q.Oldest == nil {
			continue
		}
		if age := time.Since(*q.Oldest); age > oldest {
			oldest, reason = age, q.LastError
		}
	}
	return n, oldest, reason, nil
}

// Ready reports whether a notification would reach anybody.
func (s *Service) Ready() bool {
	v := s.Settings()
	return v.TelegramBotToken != "" && v.TelegramChatID != "" || v.WebhookURL != ""
}
