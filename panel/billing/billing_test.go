package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"monitoring/panel/notify"
	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

// bench is the feature over an empty database, at a time that the test sets.
type bench struct {
	*Service
	store  *postgres.Store
	notify *notify.Service
	url    string
	at     time.Time
}

func start(t *testing.T, store *postgres.Store) *bench {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	n, err := notify.New(t.Context(), notify.Options{Store: store, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), Options{Store: store, Notify: n, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{s, store, n, resttest.Serve(t, "/api/billing", s.Routes), t0}
	s.now = func() time.Time { return b.at }
	return b
}

func (b *bench) call(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	return resttest.Call(t, method, b.url+path, body)
}

// change calls a route that answers a bill and returns it as JSON, without the id and the times of the record.
func (b *bench) change(t *testing.T, method, path, body string) string {
	t.Helper()
	status, text := b.call(t, method, path, body)
	var got struct {
		Success bool
		Server  map[string]any
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil || status != 200 || !got.Success {
		t.Fatalf("%s %s %s: %d %s", method, path, body, status, text)
	}
	for _, key := range []string{"id", "created_at", "updated_at"} {
		delete(got.Server, key)
	}
	out, err := json.Marshal(got.Server)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestLifeOfBills(t *testing.T) {
	t.Parallel()
	b := start(t, storagetest.Postgres(t))
	f := func(method, path, body, want string) {
		t.Helper()
		if got := b.change(t, method, path, body); got != want {
			t.Errorf("%s %s %s:\n got %s\nwant %s", method, path, body, got, want)
		}
	}
	f("POST", "/servers", `{"name":" domain ","billing_type":"monthly"}`,
		`{"account_balance":null,"balance_updated_at":null,"billing_type":"monthly","currency":"USD","days_left":30,"folder":null,"monthly_cost":0,"name":"domain","notes":"","paid_until":"2026-03-02T12:00:00Z"}`)
	f("POST", "/servers/1/extend", `{"days":3}`,
		`{"account_balance":null,"balance_updated_at":null,"billing_type":"monthly","currency":"USD","days_left":33,"folder":null,"monthly_cost":0,"name":"domain","notes":"","paid_until":"2026-03-05T12:00:00Z"}`)
	f("PUT", "/servers/1", `{"name":"example.net","paid_until":"2026-02-01T15:00:00+03:00","monthly_cost":1.1,"notes":"auto","folder":"Domains","currency":"rub"}`,
		`{"account_balance":null,"balance_updated_at":null,"billing_type":"monthly","currency":"RUB","days_left":1,"folder":"Domains","monthly_cost":1.1,"name":"example.net","notes":"auto","paid_until":"2026-02-01T12:00:00Z"}`)

	f("POST", "/servers", `{"name":"cloud","billing_type":"resource","monthly_cost":30,"account_balance":"10.5","currency":"EUR","folder":" "}`,
		`{"account_balance":10.5,"balance_updated_at":"2026-01-31T12:00:00Z","billing_type":"resource","currency":"EUR","days_left":10.5,"folder":null,"monthly_cost":30,"name":"cloud","notes":"","paid_until":"2026-02-11T00:00:00Z"}`)
	b.at = t0.Add(2 * day)
	f("POST", "/servers/2/topup", `{"amount":0.25}`,
		`{"account_balance":8.75,"balance_updated_at":"2026-02-02T12:00:00Z","billing_type":"resource","currency":"EUR","days_left":8.8,"folder":null,"monthly_cost":30,"name":"cloud","notes":"","paid_until":"2026-02-11T06:00:00Z"}`)
	f("PUT", "/servers/2", `{"monthly_cost":15}`, // what was consumed is charged at the old price
		`{"account_balance":8.75,"balance_updated_at":"2026-02-02T12:00:00Z","billing_type":"resource","currency":"EUR","days_left":17.5,"folder":null,"monthly_cost":15,"name":"cloud","notes":"","paid_until":"2026-02-20T00:00:00Z"}`)
	f("PUT", "/servers/2", `{"account_balance":1,"folder":null}`,
		`{"account_balance":1,"balance_updated_at":"2026-02-02T12:00:00Z","billing_type":"resource","currency":"EUR","days_left":2,"folder":null,"monthly_cost":15,"name":"cloud","notes":"","paid_until":"2026-02-04T12:00:00Z"}`)
	f("PUT", "/servers/2", `{"billing_type":"monthly"}`, // the expiry stays
		`{"account_balance":null,"balance_updated_at":null,"billing_type":"monthly","currency":"EUR","days_left":2,"folder":null,"monthly_cost":15,"name":"cloud","notes":"","paid_until":"2026-02-04T12:00:00Z"}`)
	f("PUT", "/servers/2", `{"billing_type":"resource","account_balance":3}`,
		`{"account_balance":3,"balance_updated_at":"2026-02-02T12:00:00Z","billing_type":"resource","currency":"EUR","days_left":6,"folder":null,"monthly_cost":15,"name":"cloud","notes":"","paid_until":"2026-02-08T12:00:00Z"}`)
	b.at = t0.Add(60 * day)
	var list BillsResponse
	_, text := b.call(t, "GET", "/servers", "")
	if err := json.Unmarshal([]byte(text), &list); err != nil || list.Count != 2 || list.Servers[0].Name != "example.net" || list.Servers[1].DaysLeft != 0 {
		t.Errorf("soonest first: %s", text)
	}
	if status, _ := b.call(t, "DELETE", "/servers/1", ""); status != 200 {
		t.Errorf("delete: %d", status)
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	b := start(t, storagetest.Postgres(t))
	for range 3 {
		b.change(t, "POST", "/servers", `{"name":"x","billing_type":"monthly"}`)
	}
	f := func(method, path, body string, wantStatus int, want string) {
		t.Helper()
		if status, got := b.call(t, method, path, body); status != wantStatus || !strings.Contains(got, want) {
			t.Errorf("%s %s: %d %s, want %d %s", method, path, status, got, wantStatus, want)
		}
	}
	f("POST", "/servers/move-to-folder", `{"server_ids":[1,2,77],"folder":"a/b"}`, 200, `{"success":true,"moved":2}`)
	f("POST", "/folders/rename", `{"old_name":"a/b","new_name":" c/d "}`, 200, `{"success":true,"renamed":2}`)
	f("POST", "/folders/rename", `{"old_name":"a/b","new_name":"x"}`, 404, "not_found")
	f("POST", "/folders/rename", `{"old_name":"c/d","new_name":" "}`, 400, `"field":"new_name"`)
	f("POST", "/servers/move-to-folder", `{"server_ids":[1],"folder":null}`, 200, `{"success":true,"moved":1}`)
	f("POST", "/servers/move-to-folder", `{"server_ids":[]}`, 400, `"field":"server_ids"`)
	f("DELETE", "/folders/c%2Fd", "", 200, `{"success":true,"unfoldered":1}`)
	f("DELETE", "/folders/c%2Fd", "", 404, "not_found")
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	b := start(t, storagetest.Postgres(t))
	b.change(t, "POST", "/servers", `{"name":"m","billing_type":"monthly"}`)
	b.change(t, "POST", "/servers", `{"name":"r","billing_type":"resource","account_balance":1000000000}`)
	_, before := b.call(t, "GET", "/servers", "")
	f := func(method, path, body string, wantStatus int, wantField string) {
		t.Helper()
		status, text := b.call(t, method, path, body)
		var got rest.Error
		if err := json.Unmarshal([]byte(text), &got); err != nil || status != wantStatus || got.Field != wantField || got.Detail == "" {
			t.Errorf("%s %s %s: %d %s, want %d about %q", method, path, body, status, text, wantStatus, wantField)
		}
	}
	f("POST", "/servers", `{"name":"","billing_type":"monthly"}`, 400, "name")
	f("POST", "/servers", `{"name":"x"}`, 400, "billing_type")
	f("POST", "/servers", `{"name":"x","billing_type":"yearly"}`, 400, "billing_type")
	f("POST", "/servers", `{"name":"x","billing_type":"monthly","paid_days":-1}`, 400, "paid_days")
	f("POST", "/servers", `{"name":"x","billing_type":"monthly","paid_days":1.5}`, 400, "paid_days")
	f("POST", "/servers", `{"name":"x","billing_type":"monthly","account_balance":5}`, 400, "account_balance")
	f("POST", "/servers", `{"name":"x","billing_type":"resource","monthly_cost":-1}`, 400, "monthly_cost")
	f("POST", "/servers", `{"name":"x","billing_type":"resource","monthly_cost":0.1234567}`, 400, "monthly_cost")
	f("POST", "/servers", `{"name":"x","billing_type":"resource","monthly_cost":1e400}`, 400, "monthly_cost")
	f("POST", "/servers", `{"name":"x","billing_type":"resource","account_balance":-0.01}`, 400, "account_balance")
	f("POST", "/servers", `{"name":"x","billing_type":"monthly","currency":"$"}`, 400, "currency")
	f("POST", "/servers", `{"name":"x","billing_type":"monthly","notes":"`+strings.Repeat("n", 5001)+`"}`, 400, "notes")
	f("POST", "/servers", `{"name":"x","billing_type":"monthly","folder":"`+strings.Repeat("f", 201)+`"}`, 400, "folder")
	f("POST", "/servers", `{"name":"x","billing_type":"monthly","server_id":1}`, 400, "server_id")
	f("POST", "/servers/1/extend", `{"days":0}`, 400, "days")
	f("POST", "/servers/1/extend", `{"days":36501}`, 400, "days")
	f("POST", "/servers/2/extend", `{"days":1}`, 400, "days")
	f("POST", "/servers/99/extend", `{"days":1}`, 404, "")
	f("POST", "/servers/x/extend", `{"days":1}`, 404, "")
	f("POST", "/servers/1/topup", `{"amount":1}`, 400, "amount")
	f("POST", "/servers/2/topup", `{"amount":0}`, 400, "amount")
	f("POST", "/servers/2/topup", `{"amount":0.000001}`, 400, "amount")
	f("PUT", "/servers/1", `{}`, 400, "name")
	f("PUT", "/servers/1", `{"name":"x","paid_until":"1999-01-01T00:00:00Z"}`, 400, "paid_until")
	f("PUT", "/servers/1", `{"name":"x","account_balance":1}`, 400, "account_balance")
	f("PUT", "/servers/2", `{"name":"x","paid_until":"2026-01-01T00:00:00Z"}`, 400, "paid_until")
	f("PUT", "/servers/2", `{"name":"x","folder":5}`, 400, "folder")
	f("PUT", "/servers/2", `{"name":"x","billing_type":"free"}`, 400, "billing_type")
	f("PUT", "/servers/99", `{"name":"x"}`, 404, "")
	f("DELETE", "/servers/99", "", 404, "")
	f("PUT", "/settings", `{"notify_days":[]}`, 400, "notify_days")
	f("PUT", "/settings", `{"notify_days":[-1]}`, 400, "notify_days")
	f("PUT", "/settings", `{"check_interval_minutes":0}`, 400, "check_interval_minutes")
	if _, after := b.call(t, "GET", "/servers", ""); after != before {
		t.Errorf("something was changed:\n%s\n%s", before, after)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	b := start(t, storagetest.Postgres(t))
	f := func(method, body, want string) {
		t.Helper()
		if status, got := b.call(t, method, "/settings", body); status != 200 || got != want {
			t.Errorf("%s %s: %d %s, want %s", method, body, status, got, want)
		}
	}
	f("GET", "", `{"enabled":false,"notify_days":[1,3,7],"check_interval_minutes":60}`)
	f("PUT", `{"enabled":true,"notify_days":[7,0,7]}`, `{"success":true,"settings":{"enabled":true,"notify_days":[0,7],"check_interval_minutes":60}}`)
	if got := start(t, b.store).Settings(); !got.Enabled || !slices.Equal(got.NotifyDays, []int{0, 7}) {
		t.Errorf("after a restart: %+v", got)
	}
}

// queued returns the texts that wait for Telegram, oldest first, and takes them out.
func (b *bench) queued(t *testing.T) []string {
	t.Helper()
	texts := []string{}
	for {
		m, err := b.store.NextMessage(t.Context(), notify.Telegram, time.Now().Add(time.Hour))
		if err != nil {
			return texts
		}
		if err := b.store.MessageSent(t.Context(), m.ID, time.Now()); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, m.Body)
	}
}

func setUpTelegram(t *testing.T, b *bench, language string) {
	t.Helper()
	err := b.notify.Update(t.Context(), func(v *storage.NotifySettings) {
		v.Language, v.TelegramBotToken, v.TelegramChatID = language, "123456789:AAF0123456789abcdefghijklmnopqrstu-", "1"
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) round(t *testing.T) {
	t.Helper()
	if err := b.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestReminders replays twenty days, with a new panel on the same database for every round.
func TestReminders(t *testing.T) {
	t.Parallel()
	store := storagetest.Postgres(t)
	b := start(t, store)
	b.change(t, "POST", "/servers", `{"name":"vps <1>","billing_type":"monthly","paid_days":10,"monthly_cost":5}`)
	b.change(t, "POST", "/servers", `{"name":"cloud","billing_type":"resource","monthly_cost":30,"account_balance":9.5,"currency":"EUR"}`)
	b.call(t, "PUT", "/settings", `{"enabled":true,"notify_days":[0,1,3,7]}`)
	b.at = t0.Add(4 * day)
	b.round(t)
	setUpTelegram(t, b, "en")
	if got := b.queued(t); len(got) != 0 {
		t.Errorf("without Telegram: %q", got)
	}
	var got []string
	for hour := 4 * 24; hour <= 20*24; hour += 6 {
		b = start(t, store)
		b.at = t0.Add(time.Duration(hour) * time.Hour)
		b.round(t)
		b.round(t)
		for _, text := range b.queued(t) {
			got = append(got, fmt.Sprintf("%gd %s", float64(hour)/24, text))
		}
	}
	want := []string{
		"4d 🟠 <b>Payment: vps &lt;1&gt;</b>\nType: monthly\nDays left: 6.0\nPer month: 5.00 USD\nPaid until: 2026-02-10 12:00 UTC",
		"4d 🟠 <b>Payment: cloud</b>\nType: resource\nDays left: 5.5\nBalance: 5.50 EUR\nPer month: 30.00 EUR\nPaid until: 2026-02-10 00:00 UTC",
		"6.5d 🟡 <b>Payment: cloud</b>\nType: resource\nDays left: 3.0\nBalance: 3.00 EUR\nPer month: 30.00 EUR\nPaid until: 2026-02-10 00:00 UTC",
		"7d 🟡 <b>Payment: vps &lt;1&gt;</b>\nType: monthly\nDays left: 3.0\nPer month: 5.00 USD\nPaid until: 2026-02-10 12:00 UTC",
		"8.5d 🔴 <b>Payment: cloud</b>\nType: resource\nDays left: 1.0\nBalance: 1.00 EUR\nPer month: 30.00 EUR\nPaid until: 2026-02-10 00:00 UTC",
		"9d 🔴 <b>Payment: vps &lt;1&gt;</b>\nType: monthly\nDays left: 1.0\nPer month: 5.00 USD\nPaid until: 2026-02-10 12:00 UTC",
		"9.5d 🔴 <b>Payment: cloud</b>\nType: resource\nEXPIRED\nBalance: 0.00 EUR\nPer month: 30.00 EUR\nPaid until: 2026-02-10 00:00 UTC",
		"10d 🔴 <b>Payment: vps &lt;1&gt;</b>\nType: monthly\nEXPIRED\nPer month: 5.00 USD\nPaid until: 2026-02-10 12:00 UTC",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A panel that was off for days tells the tightest threshold only; an edit makes it remind again, a move does not.
func TestRemindersAreTold(t *testing.T) {
	t.Parallel()
	b := start(t, storagetest.Postgres(t))
	b.change(t, "POST", "/servers", `{"name":"vps","billing_type":"monthly","paid_days":10}`)
	b.call(t, "PUT", "/settings", `{"enabled":true}`)
	setUpTelegram(t, b, "ru")
	f := func(at time.Duration, method, path, body string, want ...string) {
		t.Helper()
		b.at = t0.Add(at)
		if method != "" {
			if status, text := b.call(t, method, path, body); status != 200 {
				t.Fatalf("%s %s: %d %s", method, path, status, text)
			}
		}
		b.round(t)
		if got := b.queued(t); !slices.Equal(got, want) {
			t.Errorf("after %s: %q, want %q", path, got, want)
		}
	}
	f(9*day+12*time.Hour, "", "", "", "🔴 <b>Оплата: vps</b>\nТип: помесячно\nОсталось дней: 0.5\nОплачено до: 2026-02-10 12:00 UTC")
	f(9*day+13*time.Hour, "POST", "/servers/move-to-folder", `{"server_ids":[1],"folder":"x"}`)
	f(9*day+14*time.Hour, "PUT", "/servers/1", `{"notes":"call them"}`, "🔴 <b>Оплата: vps</b>\nТип: помесячно\nОсталось дней: 0.4\nОплачено до: 2026-02-10 12:00 UTC")
	f(9*day+15*time.Hour, "POST", "/servers/1/extend", `{"days":30}`)
	f(33*day, "", "", "", "🟠 <b>Оплата: vps</b>\nТип: помесячно\nОсталось дней: 7.0\nОплачено до: 2026-03-12 12:00 UTC")
	f(60*day, "", "", "", "🔴 <b>Оплата: vps</b>\nТип: помесячно\nИСТЕКЛО\nОплачено до: 2026-03-12 12:00 UTC")
	f(61*day, "PUT", "/settings", `{"enabled":false}`)
	f(62*day, "PUT", "/servers/1", `{"notes":""}`) // switched off
}

// New settings start a round of the running loop at once; it ends with its context.
func TestRun(t *testing.T) {
	t.Parallel()
	b := start(t, storagetest.Postgres(t))
	b.change(t, "POST", "/servers", `{"name":"vps","billing_type":"monthly","paid_days":1}`)
	setUpTelegram(t, b, "en")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	b.call(t, "PUT", "/settings", `{"enabled":true}`)
	deadline := time.After(30 * time.Second)
	for len(b.queued(t)) == 0 {
		select {
		case <-deadline:
			t.Fatal("no reminder")
		case <-time.After(20 * time.Millisecond):
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
