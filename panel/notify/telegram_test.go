package notify

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/postgres"
)

func TestMessageArrives(t *testing.T) {
	t.Parallel()
	s, _, b := start(t)
	n := Notification{Key: "a", Text: Text{Severity: Critical, Title: "Server <b>& co</b> is offline", Lines: []string{`no answer from "x" <1>`}}}
	for range 2 { // the same news twice is one message
		if err := s.Send(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if pause := once(t, s, Telegram); pause != 0 {
		t.Errorf("pause %s", pause)
	}
	equal(t, b.received(), []string{"🔴 <b>Server &lt;b&gt;&amp; co&lt;/b&gt; is offline</b>\nno answer from &#34;x&#34; &lt;1&gt;"})
}

// A message outlives the panel; another panel on the same database sends it, once.
func TestQueueSurvivesARestart(t *testing.T) {
	t.Parallel()
	first, store, b := start(t)
	b.answer = func(int) (int, string) { return 502, "Bad Gateway" }
	send(t, first, "one")
	send(t, first, "two")
	if pause := once(t, first, Telegram); pause != firstBackoff {
		t.Errorf("pause %s", pause)
	}
	b.mu.Lock()
	b.answer = nil
	b.mu.Unlock()
	second := service(t, store, b) // storing the settings makes waiting messages due
	once(t, second, Telegram)
	once(t, service(t, store, b), Telegram)
	equal(t, b.received(), []string{"🔴 <b>one</b>", "🔴 <b>two</b>"})
}

// What is queued in a transaction that fails is not sent.
func TestSendInATransaction(t *testing.T) {
	t.Parallel()
	s, store, b := start(t)
	broken := errors.New("broken")
	for _, want := range []error{broken, nil} {
		err := store.InTx(t.Context(), func(tx *postgres.Store) error {
			return errors.Join(s.SendIn(t.Context(), tx, Notification{Key: "a", Text: Text{Severity: Info, Title: "a"}}), want)
		})
		if !errors.Is(err, want) {
			t.Fatal(err)
		}
		once(t, s, Telegram)
		if sent := len(b.received()); sent != 0 && want != nil || sent != 1 && want == nil {
			t.Errorf("after %v: %d messages", want, sent)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	f := func(status int, body, reason string, pause time.Duration) {
		t.Helper()
		s, _, b := start(t)
		b.answer = func(n int) (int, string) {
			if n == 1 {
				return status, body
			}
			return 0, ""
		}
		send(t, s, "one")
		send(t, s, "two")
		if got := once(t, s, Telegram); got != pause {
			t.Errorf("%s: pause %s, want %s", reason, got, pause)
		}
		if got := lastError(t, s, Telegram); got != reason {
			t.Errorf("reason %q, want %q", got, reason)
		}
		want := []string{"🔴 <b>two</b>"} // a bad message does not hold up the next
		if pause > 0 {
			want = nil
		}
		equal(t, b.received(), want)
	}
	f(429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 17","parameters":{"retry_after":17}}`,
		"Too Many Requests: retry after 17", 17*time.Second)
	f(429, `{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":9999999999999}}`,
		"Too Many Requests", maxRetryAfter)
	f(400, `{"ok":false,"error_code":400,"description":"Bad Request: can't parse entities"}`, "Bad Request: can't parse entities", 0)
	f(400, `{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-100777}}`,
		"Bad Request: group chat was upgraded to a supergroup chat (its id is -100777 now)", 0)
	f(403, `{"ok":false,"error_code":403,"description":"Forbidden: bot was kicked from the group chat"}`, "Forbidden: bot was kicked from the group chat", firstBackoff)
	f(502, `<html>`, "the Bot API server answered 502 with something that is no JSON", firstBackoff)
	f(500, `{}`, "the Bot API server answered 500 without a reason", firstBackoff)
	f(200, `{"ok":false}`, "the Bot API server answered 200 without a reason", firstBackoff)
}

func TestTestButtonShowsTelegramsReason(t *testing.T) {
	t.Parallel()
	s, _, b := start(t)
	f := func(token storage.Secret, chat, want string) {
		t.Helper()
		err := s.TestTelegram(t.Context(), token, chat)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q, want %q", err, want)
		}
	}
	f("", "", "")
	f(storage.Mask, chat, "")
	f(token, "@nobody_here", "Bad Request: chat not found")
	f("123456789:AAF0000000000000000000000000000000000", chat, "Unauthorized")
	f("123456789", chat, "telegram_bot_token")
	f("123:abc/../../etc#aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", chat, "telegram_bot_token")
	f(token, "my chat", "telegram_chat_id")
	if got := b.received(); len(got) != 2 || !strings.HasPrefix(got[0], "🟢 <b>Monitoring panel</b>") {
		t.Errorf("arrived: %q", got)
	}
	b.Close()
	err := s.TestTelegram(t.Context(), token, chat)
	if err == nil || strings.Contains(err.Error(), "AAF0123") {
		t.Errorf("an error without the token: %v", err)
	}
}

// Behind a proxy the Bot API is asked through it.
func TestProxy(t *testing.T) {
	t.Parallel()
	s, _, b := start(t)
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Host)
		b.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	update(t, s, func(v *storage.NotifySettings) {
		v.TelegramProxy, v.TelegramBaseURL = storage.Secret(proxy.URL), "http://bots.example.net"
	})
	if err := s.TestTelegram(t.Context(), "", ""); err != nil {
		t.Fatal(err)
	}
	equal(t, asked, []string{"bots.example.net"})
}

// A Bot API server that says nothing ends in an error, and a stop of the panel does not count as an attempt.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(release) })
	s, _, _ := start(t)
	update(t, s, func(v *storage.NotifySettings) { v.TelegramBaseURL = silent.URL })
	send(t, s, "one")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	for _, w := range s.workers {
		if pause, err := w.RunOnce(ctx); pause != 0 || err != nil {
			t.Errorf("%s: %s, %v", w.channel, pause, err)
		}
	}
	if got := lastError(t, s, Telegram); got != "" {
		t.Errorf("a stop counts as %q", got)
	}
}
