package notify

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"monitoring/panel/outbound"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

const (
	token = "123456789:AAF0123456789abcdefghijklmnopqrstu-"
	chat  = "-1001234567890"
)

var loopback = outbound.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

// botAPI answers as a Bot API server does: the same paths, envelopes, codes and reasons.
type botAPI struct {
	*httptest.Server
	mu     sync.Mutex
	texts  []string
	answer func(n int) (status int, body string) // nil: everything arrives; n counts the requests from 1
	calls  int
}

func newBotAPI(t *testing.T) *botAPI {
	t.Helper()
	b := &botAPI{}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *botAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	w.Header().Set("Content-Type", "application/json")
	fail := func(status int, description string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"ok":false,"error_code":%d,"description":%q}`, status, description)
	}
	if b.answer != nil {
		if status, body := b.answer(b.calls); status != 0 {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return
		}
	}
	var m map[string]any
	switch {
	case r.URL.Path != "/bot"+token+"/sendMessage":
		fail(http.StatusUnauthorized, "Unauthorized")
	case r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&m) != nil || m["text"] == "":
		fail(http.StatusBadRequest, "Bad Request: message text is empty")
	case m["chat_id"] != chat:
		fail(http.StatusBadRequest, "Bad Request: chat not found")
	case m["parse_mode"] != "HTML":
		fail(http.StatusBadRequest, "Bad Request: unsupported parse_mode")
	case !reflect.DeepEqual(m["link_preview_options"], map[string]any{"is_disabled": true}):
		fail(http.StatusBadRequest, "Bad Request: a link with the secret path would be fetched")
	default:
		b.texts = append(b.texts, m["text"].(string))
		fmt.Fprintf(w, `{"ok":true,"result":{"message_id":%d,"date":1700000000,"chat":{"id":%s,"type":"supergroup"},"text":"x"}}`, b.calls, chat)
	}
}

// received returns the texts that arrived.
func (b *botAPI) received() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string{}, b.texts...)
}

// service returns a Service over store that sends to the given Bot API server.
func service(t *testing.T, store *postgres.Store, b *botAPI) *Service {
	t.Helper()
	s, err := New(t.Context(), Options{Store: store, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Outbound: loopback})
	if err != nil {
		t.Fatal(err)
	}
	if b != nil {
		update(t, s, func(v *storage.NotifySettings) {
			v.TelegramBaseURL, v.TelegramBotToken, v.TelegramChatID = b.URL, token, chat
		})
	}
	return s
}

func start(t *testing.T) (*Service, *postgres.Store, *botAPI) {
	t.Helper()
	store, b := storagetest.Postgres(t), newBotAPI(t)
	return service(t, store, b), store, b
}

func update(t *testing.T, s *Service, change func(*storage.NotifySettings)) {
	t.Helper()
	if err := s.Update(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, s *Service, key string) {
	t.Helper()
	if err := s.Send(t.Context(), Notification{Key: key, Text: Text{Severity: Critical, Title: key}}); err != nil {
		t.Fatal(err)
	}
}

// once runs the worker of a channel over what is due.
func once(t *testing.T, s *Service, channel string) time.Duration {
	t.Helper()
	for _, w := range s.workers {
		if w.channel == channel {
			pause, err := w.RunOnce(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return pause
		}
	}
	t.Fatalf("no channel %s", channel)
	return 0
}

func lastError(t *testing.T, s *Service, channel string) string {
	t.Helper()
	status, err := s.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range status.Queues {
		if q.Channel == channel {
			return q.LastError
		}
	}
	return ""
}

func equal(t *testing.T, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n---\n") != strings.Join(want, "\n---\n") {
		t.Errorf("got %q, want %q", got, want)
	}
}
