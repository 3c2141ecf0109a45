package postgres_test

import (
	"strconv"
	"testing"
	"time"

	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

func addMessage(t *testing.T, s *postgres.Store, channel, key string) int {
	t.Helper()
	dropped, err := s.AddMessage(t.Context(), storage.Message{Channel: channel, Key: key, Body: "text of " + key, CreatedAt: at, ExpiresAt: at.Add(time.Hour)}, 3)
	must(t, err)
	return dropped
}

func TestMessageIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	addMessage(t, s, "telegram", "a")
	addMessage(t, s, "telegram", "a")
	addMessage(t, s, "webhook", "a")
	m, err := s.NextMessage(t.Context(), "telegram", at)
	must(t, err)
	same(t, m, storage.Message{ID: m.ID, Channel: "telegram", Key: "a", Body: "text of a", CreatedAt: at, NextAttempt: at, ExpiresAt: at.Add(time.Hour)})
	must(t, s.MessageSent(t.Context(), m.ID, at))
	addMessage(t, s, "telegram", "a") // remembered after it was sent
	_, err = s.NextMessage(t.Context(), "telegram", at.Add(time.Minute))
	wantErr(t, err, storage.ErrNotFound)

	must(t, s.DeleteDoneMessages(t.Context(), at.Add(time.Second)))
	addMessage(t, s, "telegram", "a") // forgotten
	_, err = s.NextMessage(t.Context(), "telegram", at)
	must(t, err)
}

func TestMessageDelay(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	addMessage(t, s, "telegram", "first")
	addMessage(t, s, "telegram", "second")
	m, err := s.NextMessage(t.Context(), "telegram", at)
	must(t, err)
	must(t, s.MessageDelayed(t.Context(), m.ID, "Bad Request\x00", at.Add(time.Minute)))
	f := func(now time.Time, want string) {
		t.Helper()
		m, err := s.NextMessage(t.Context(), "telegram", now)
		must(t, err)
		same(t, m.Key, want)
	}
	f(at, "second")
	f(at.Add(time.Minute), "first")
	must(t, s.RetryMessages(t.Context(), at))
	f(at, "first")
	m, err = s.NextMessage(t.Context(), "telegram", at)
	must(t, err)
	same(t, []any{m.Attempts, m.LastError}, []any{1, "Bad Request"})
	n, err := s.ExpireMessages(t.Context(), at.Add(time.Hour))
	must(t, err)
	same(t, n, 2)
	_, err = s.NextMessage(t.Context(), "telegram", at.Add(time.Hour))
	wantErr(t, err, storage.ErrNotFound)
}

func TestFullQueueGivesUpTheOldest(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	addMessage(t, s, "webhook", "of another channel")
	dropped := 0
	for i := range 5 {
		dropped += addMessage(t, s, "telegram", strconv.Itoa(i))
	}
	same(t, dropped, 2)
	m, err := s.NextMessage(t.Context(), "telegram", at)
	must(t, err)
	same(t, m.Key, "2")
	must(t, s.MessageSent(t.Context(), m.ID, at))
	states, err := s.QueueStates(t.Context())
	must(t, err)
	same(t, states, []storage.QueueState{
		{Channel: "telegram", Waiting: 2, Sent: 1, Failed: 2, Oldest: new(at), LastError: "the queue was full"},
		{Channel: "webhook", Waiting: 1, Oldest: new(at)},
	})
}

func TestNotifySettings(t *testing.T) {
	t.Parallel()
	s := storagetest.Postgres(t)
	got, err := s.NotifySettings(t.Context())
	must(t, err)
	same(t, got, storage.DefaultNotifySettings())
	want := storage.NotifySettings{Language: "ru", TelegramBotToken: "1:a", TelegramChatID: "-100", TelegramBaseURL: "https://a",
		TelegramProxy: "socks5://b", WebhookURL: "https://c", AlertmanagerURL: "https://d", HeartbeatURL: "https://e", HeartbeatSeconds: 90}
	for range 2 { // stored, then stored over
		must(t, s.SetNotifySettings(t.Context(), want))
		got, err = s.NotifySettings(t.Context())
		must(t, err)
		same(t, got, want)
		want.HeartbeatURL, want.TelegramBotToken = "", "2:b"
	}
}
