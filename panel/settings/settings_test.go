package settings

import (
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
	"monitoring/storage/postgres"
	"monitoring/storage/storagetest"
)

// start returns the feature over an empty database, its store and its address.
func start(t *testing.T) (*Service, *postgres.Store, string) {
	t.Helper()
	store := storagetest.Postgres(t)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := New(t.Context(), store, log)
	if err != nil {
		t.Fatal(err)
	}
	return s, store, resttest.Serve(t, "/api/settings", s.Routes)
}

func TestReadAndWrite(t *testing.T) {
	t.Parallel()
	s, store, url := start(t)
	f := func(method, path, body, want string) {
		t.Helper()
		if status, got := resttest.Call(t, method, url+path, body); status != 200 || got != want {
			t.Errorf("%s %s: %d %s, want %s", method, path, status, got, want)
		}
	}
	f("GET", "/metrics_collect_interval", "", `{"success":true,"key":"metrics_collect_interval","value":"10"}`)
	f("PUT", "/metrics_collect_interval", `{"value":"30"}`, `{"success":true,"key":"metrics_collect_interval","value":"30"}`)
	f("GET", "/metrics_collect_interval", "", `{"success":true,"key":"metrics_collect_interval","value":"30"}`)
	if got := s.Seconds("metrics_collect_interval"); got != 30*time.Second {
		t.Errorf("the loops read %s", got)
	}
	if stored, err := store.Settings(t.Context()); err != nil || stored["metrics_collect_interval"] != "30" || len(stored) != 1 {
		t.Errorf("stored: %v, %v", stored, err)
	}
}

func TestListHoldsEverySetting(t *testing.T) {
	t.Parallel()
	_, _, url := start(t)
	resttest.Call(t, "PUT", url+"/theme", `{"value":"light"}`)
	_, body := resttest.Call(t, "GET", url, "")
	var got ListResponse
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if got.Settings["theme"] != "light" || len(got.Settings) != len(storage.SettingsList) {
		t.Errorf("%d settings, want %d: %s", len(got.Settings), len(storage.SettingsList), body)
	}
	for _, d := range storage.SettingsList {
		if got.Settings[d.Key] != d.Default && d.Key != "theme" {
			t.Errorf("%s is %q, want the default %q", d.Key, got.Settings[d.Key], d.Default)
		}
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	s, store, url := start(t)
	f := func(method, key, body string, wantStatus int, wantCode, wantField string) {
		t.Helper()
		status, text := resttest.Call(t, method, url+"/"+key, body)
		var got rest.Error
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%s %s %s: %d %s", method, key, body, status, text)
		}
		if status != wantStatus || got.Code != wantCode || got.Field != wantField || got.Detail == "" {
			t.Errorf("%s %s %s: %d %s, want %d %s %s", method, key, body, status, text, wantStatus, wantCode, wantField)
		}
	}
	f("GET", "no_such", "", 404, "not_found", "")
	f("PUT", "no_such", `{"value":"1"}`, 404, "not_found", "")
	f("PUT", "metrics_collect_interval", `{"value":"4"}`, 400, "invalid", "value")
	f("PUT", "metrics_collect_interval", `{"value":"301"}`, 400, "invalid", "value")
	f("PUT", "metrics_collect_interval", `{"value":"soon"}`, 400, "invalid", "value")
	f("PUT", "metrics_collect_interval", `{}`, 400, "invalid", "value")
	f("PUT", "metrics_collect_interval", `{"value":10}`, 400, "bad_type", "value")
	f("PUT", "metrics_collect_interval", `{"value":"10","key":"x"}`, 400, "unknown_field", "key")
	f("PUT", "metrics_collect_interval", `{"value":`, 400, "bad_json", "")
	f("PUT", "theme", `{"value":"pink"}`, 400, "invalid", "value")
	if stored, err := store.Settings(t.Context()); err != nil || len(stored) != 0 || s.Get().Get("theme") != "dark" {
		t.Errorf("something of it was stored: %v, %v", stored, err)
	}
}

// A value that someone else has written is seen by the next load.
func TestReload(t *testing.T) {
	t.Parallel()
	s, store, _ := start(t)
	if err := store.SetSetting(t.Context(), "haproxy_collect_interval", "120"); err != nil {
		t.Fatal(err)
	}
	if got := s.Seconds("haproxy_collect_interval"); got != time.Minute {
		t.Errorf("before the load: %s", got)
	}
	if err := s.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.Seconds("haproxy_collect_interval"); got != 2*time.Minute {
		t.Errorf("after the load: %s", got)
	}
}

// What was written last is in force, however loads and writes mix.
func TestWritesWinOverLoads(t *testing.T) {
	t.Parallel()
	s, _, _ := start(t)
	var loads sync.WaitGroup
	for range 4 {
		loads.Go(func() {
			for range 20 {
				if err := s.RunOnce(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, value := range []string{"20", "30", "40", "50", "60"} {
		if err := s.Set(t.Context(), "metrics_collect_interval", value); err != nil {
			t.Error(err)
		}
		if got := s.Get().Get("metrics_collect_interval"); got != value {
			t.Errorf("wrote %s, read %s", value, got)
		}
	}
	loads.Wait()
}
