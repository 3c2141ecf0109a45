package notify

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
	"monitoring/storage/storagetest"
)

func call(t *testing.T, s *Service, method, path, body string) (int, string) {
	t.Helper()
	return resttest.Call(t, method, resttest.Serve(t, "/api/notify", s.Routes)+path, body)
}

func TestSettingsAreMaskedAndKept(t *testing.T) {
	t.Parallel()
	store := storagetest.Postgres(t)
	s := service(t, store, nil)
	f := func(body, want string) {
		t.Helper()
		status, got := call(t, s, "PUT", "/settings", body)
		if _, read := call(t, s, "GET", "/settings", ""); status != 200 || got != want || read != got {
			t.Errorf("PUT %s: %d %s\nGET: %s\nwant: %s", body, status, got, read, want)
		}
	}
	const rest = `"telegram_chat_id":"","telegram_base_url":"https://api.telegram.org","telegram_proxy":"***","webhook_url":"","alertmanager_url":"","heartbeat_url":"","heartbeat_seconds":60}`
	f(`{"language":"ru","telegram_bot_token":"`+token+`","telegram_proxy":"socks5://u:p@127.0.0.1:1080"}`, `{"language":"ru","telegram_bot_token":"***",`+rest)
	f(`{"telegram_bot_token":"***","language":"en"}`, `{"language":"en","telegram_bot_token":"***",`+rest)
	if got := service(t, store, nil).Settings(); got.TelegramBotToken.Reveal() != token {
		t.Errorf("the mask was stored: %q", got.TelegramBotToken.Reveal())
	}
	f(`{"telegram_bot_token":""}`, `{"language":"en","telegram_bot_token":"",`+rest)
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	store := storagetest.Postgres(t)
	s := service(t, store, nil)
	f := func(body, field string) {
		t.Helper()
		status, text := call(t, s, "PUT", "/settings", body)
		var got rest.Error
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != 400 || got.Field != field {
			t.Errorf("%s: %d %s, want 400 about %s", body, status, text, field)
		}
	}
	f(`{"language":"de"}`, "language")
	f(`{"telegram_bot_token":"123"}`, "telegram_bot_token")
	f(`{"telegram_bot_token":"`+token+`\n"}`, "telegram_bot_token")
	f(`{"telegram_chat_id":"me"}`, "telegram_chat_id")
	f(`{"telegram_base_url":""}`, "telegram_base_url")
	f(`{"telegram_base_url":"ftp://x"}`, "telegram_base_url")
	f(`{"telegram_proxy":"127.0.0.1:1080"}`, "telegram_proxy")
	f(`{"webhook_url":"file:///etc/passwd"}`, "webhook_url")
	f(`{"alertmanager_url":"https://"}`, "alertmanager_url")
	f(`{"heartbeat_url":"`+strings.Repeat("x", 3000)+`"}`, "heartbeat_url")
	f(`{"heartbeat_seconds":9}`, "heartbeat_seconds")
	f(`{"heartbeat_seconds":"x"}`, "heartbeat_seconds")
	f(`{"nothing":1}`, "nothing")
	if stored, err := store.NotifySettings(t.Context()); err != nil || stored != storage.DefaultNotifySettings() {
		t.Errorf("stored: %+v, %v", stored, err)
	}
}

// A heartbeat goes out while the panel works, and not while it does not.
func TestHeartbeat(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	s, _, _ := start(t)
	update(t, s, func(v *storage.NotifySettings) { v.HeartbeatURL = storage.Secret(r.URL) })
	f := func(prepare func(), wantBeats int, wantError string) {
		t.Helper()
		prepare()
		s.beatOnce(t.Context())
		status, err := s.Status(t.Context())
		if err != nil || len(r.received()) != wantBeats || status.Heartbeat.LastError != wantError || status.Heartbeat.LastSent == nil {
			t.Errorf("%d beats, %+v, %v", len(r.received()), status.Heartbeat, err)
		}
	}
	f(func() {}, 1, "")
	f(func() { s.o.Alive = func() error { return errors.New("no rule was evaluated for 5m") } }, 1, "the panel does not work: no rule was evaluated for 5m")
	f(func() {
		s.o.Alive = func() error { return nil }
		r.status = http.StatusNotFound
	}, 2, "the heartbeat address answered 404")
	f(func() { r.status = http.StatusOK }, 3, "")
}

// Everything together: Run sends what Send queues, and ends with its context.
func TestRun(t *testing.T) {
	t.Parallel()
	s, _, b := start(t)
	r := newReceiver(t)
	update(t, s, func(v *storage.NotifySettings) { v.HeartbeatURL, v.AlertmanagerURL = storage.Secret(r.URL), r.URL })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	send(t, s, "a")
	s.Forward(twoDown)
	eventually(t, "the message, the alerts and the heartbeat arrive", func() bool { return len(b.received()) == 1 && len(r.received()) == 2 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	status, body := call(t, s, "GET", "/status", "")
	if status != 200 || !strings.Contains(body, `"channel":"telegram","waiting":0,"sent":1,"failed":0,"oldest":null,"last_error":""`) {
		t.Errorf("status: %d %s", status, body)
	}
}

// Upkeep gives up what is too old and counts what waits.
func TestUpkeep(t *testing.T) {
	t.Parallel()
	s, store, _ := start(t)
	send(t, s, "fresh")
	old := storage.Message{Channel: Telegram, Key: "old", Body: "x", CreatedAt: time.Now().Add(-25 * time.Hour), ExpiresAt: time.Now().Add(-time.Hour)}
	if _, err := store.AddMessage(t.Context(), old, maxWaiting); err != nil {
		t.Fatal(err)
	}
	if err := s.upkeep(t.Context()); err != nil {
		t.Fatal(err)
	}
	waiting, expired := testutil.ToFloat64(s.metrics.waiting.WithLabelValues(Telegram)), testutil.ToFloat64(s.metrics.dropped.WithLabelValues("expired"))
	if waiting != 1 || expired != 1 {
		t.Errorf("%v waiting, %v expired", waiting, expired)
	}
}
