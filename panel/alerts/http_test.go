package alerts

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"monitoring/panel/rest"
	"monitoring/panel/rest/resttest"
	"monitoring/storage"
)

// serve mounts the routes and returns a function that calls them.
func (r *rig) serve() func(method, path, body string) (int, string) {
	r.t.Helper()
	url := resttest.Serve(r.t, "/api/alerts", r.Routes)
	return func(method, path, body string) (int, string) {
		r.t.Helper()
		return resttest.Call(r.t, method, url+path, body)
	}
}

// The fields and defaults that clients of the predecessor know.
func TestSettingsAreFlatAndComplete(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0, func(v *storage.AlertSettings) { *v = storage.DefaultAlertSettings() })
	_, body := r.serve()("GET", "/settings", "")
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"enabled": false, "telegram_bot_token": "***", "telegram_chat_id": chat, "language": "en", "check_interval": 60, "alert_cooldown": 1800,
		"offline_enabled": true, "offline_fail_threshold": 3, "offline_recovery_notify": true,
		"cpu_enabled": true, "cpu_critical_threshold": 90, "cpu_spike_percent": 40, "cpu_sustained_seconds": 300, "cpu_min_value": 10,
		"ram_enabled": true, "ram_critical_threshold": 90, "ram_spike_percent": 30, "ram_sustained_seconds": 300, "ram_min_value": 10,
		"network_enabled": true, "network_spike_percent": 200, "network_drop_percent": 80, "network_sustained_seconds": 300, "network_min_bytes": 1048576,
		"tcp_established_enabled": true, "tcp_established_spike_percent": 200, "tcp_established_drop_percent": 80, "tcp_established_sustained_seconds": 300,
		"tcp_min_connections": 100, "tcp_listen_enabled": false, "tcp_listen_spike_percent": 150, "tcp_timewait_enabled": false,
		"tcp_timewait_spike_percent": 300, "tcp_closewait_enabled": true, "tcp_closewait_spike_percent": 200, "tcp_synsent_enabled": false,
		"tcp_synsent_spike_percent": 200, "tcp_synrecv_enabled": false, "tcp_synrecv_spike_percent": 200, "tcp_finwait_enabled": false,
		"tcp_finwait_spike_percent": 200, "load_avg_threshold_offset": 1, "load_avg_sustained_checks": 3, "conntrack_threshold": 80,
	}
	for _, state := range []string{"listen", "timewait", "closewait", "synsent", "synrecv", "finwait"} {
		want["tcp_"+state+"_sustained_seconds"] = 300
	}
	for field, value := range want {
		if fmt.Sprint(got[field]) != fmt.Sprint(value) && !(field == "network_min_bytes" && got[field] == float64(1<<20)) {
			t.Errorf("%s is %v, want %v", field, got[field], value)
		}
	}
	for _, prefix := range []string{"", "offline_", "cpu_", "ram_", "network_", "tcp_established_", "tcp_closewait_", "load_avg_", "conntrack_"} {
		if list, ok := got[prefix+"excluded_server_ids"].([]any); !ok || len(list) != 0 {
			t.Errorf("%sexcluded_server_ids is %v", prefix, got[prefix+"excluded_server_ids"])
		}
	}
}

// A PUT changes what it names, and nothing of it when something is wrong.
func TestPutSettings(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0, nil)
	// The manager would evaluate on its own clock; the settings in force are what this test looks at.
	call := r.serve()
	bad := func(body, field string) {
		t.Helper()
		status, text := call("PUT", "/settings", body)
		var e rest.Error
		if err := json.Unmarshal([]byte(text), &e); err != nil || status != 400 || e.Field != field {
			t.Errorf("%s: %d %s, want field %s", body, status, text, field)
		}
	}
	bad(`{"check_interval":9}`, "check_interval")
	bad(`{"cpu_critical_threshold":101}`, "cpu_critical_threshold")
	bad(`{"cpu_critical_threshold":"90"}`, "cpu_critical_threshold")
	bad(`{"excluded_server_ids":[0]}`, "excluded_server_ids")
	bad(`{"tcp_listen_excluded_server_ids":[-1]}`, "tcp_listen_excluded_server_ids")
	bad(`{"language":"de"}`, "language")
	bad(`{"telegram_bot_token":"nonsense"}`, "telegram_bot_token")
	bad(`{"no_such_field":1}`, "no_such_field")
	if v := r.Settings(); v.CheckInterval != 60 || v.CPUCriticalThreshold != 90 {
		t.Errorf("something of it is in force: %+v", v)
	}
	before := r.Settings().ExcludedServerIDs
	if status, text := call("PUT", "/settings", `{"excluded_server_ids":[1,2],"ram_critical_threshold":80.5}`); status != 200 || !strings.Contains(text, `"ram_critical_threshold":80.5`) || !strings.Contains(text, `"telegram_bot_token":"***"`) {
		t.Errorf("%d %s", status, text)
	}
	if len(before) != 0 || r.o.Notify.Settings().TelegramBotToken != token {
		t.Errorf("the old list is %v, the token %q", before, r.o.Notify.Settings().TelegramBotToken.Reveal())
	}
	stored, err := r.store.AlertSettings(t.Context())
	if err != nil || stored.RAMCriticalThreshold != 80.5 || len(stored.ExcludedServerIDs) != 2 {
		t.Errorf("stored: %+v, %v", stored, err)
	}
}

func TestTestTelegram(t *testing.T) {
	t.Parallel()
	r := newRig(t, 0, nil)
	call := r.serve()
	f := func(body, want string) {
		t.Helper()
		if status, text := call("POST", "/test-telegram", body); status != 200 || text != want {
			t.Errorf("%s: %d %s, want %s", body, status, text, want)
		}
	}
	f(`{"bot_token":"***","chat_id":"`+chat+`"}`, `{"success":true,"message":"the message has arrived"}`)
	f(`{"bot_token":"`+strings.Replace(token, "A", "B", 1)+`","chat_id":"1"}`, `{"success":false,"error":"Unauthorized"}`)
	if got := r.bot.received(); len(got) != 1 {
		t.Errorf("arrived: %q", got)
	}
}

func TestStatusAndHistory(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3, nil)
	r.set(func(v *storage.AlertSettings) { v.ExcludedServerIDs = r.ids[2:] })
	call := r.serve()
	r.down(3, 0, 1)
	s := r.Status()
	if !s.Running || s.MonitoredServers != 2 || len(s.ActiveConditions) != 2 || s.ActiveConditions[r.ids[0]][0] != "offline" {
		t.Errorf("status: %+v", s)
	}
	f := func(query string, total, items int) {
		t.Helper()
		status, text := call("GET", "/history"+query, "")
		var h HistoryResponse
		if err := json.Unmarshal([]byte(text), &h); err != nil || status != 200 || h.Total != total || len(h.Items) != items {
			t.Errorf("history%s: %d %s, want %d of %d", query, status, text, items, total)
		}
	}
	f("", 2, 2)
	f("?limit=1", 2, 1)
	f("?limit=1&offset=2", 2, 0)
	f(fmt.Sprintf("?server_id=%d", r.ids[1]), 1, 1)
	f("?alert_type=offline", 2, 2)
	f("?alert_type=recovery", 0, 0)
	if status, _ := call("GET", "/history?limit=501", ""); status != 400 {
		t.Errorf("a limit of 501: %d", status)
	}
	if status, text := call("GET", "/history/days", ""); status != 200 || !strings.Contains(text, `"critical":2`) {
		t.Errorf("days: %d %s", status, text)
	}
	if _, err := r.store.DeleteAlertHistory(t.Context(), r.now.Add(-historyLife)); err != nil {
		t.Fatal(err)
	}
	f("", 2, 2)
	if status, text := call("DELETE", "/history", ""); status != 200 || text != `{"deleted":2}` {
		t.Errorf("clear: %d %s", status, text)
	}
	f("", 0, 0)
	r.down(1) // an alert whose line is gone ends all the same
	if got := r.firing(); len(got) != 0 {
		t.Errorf("firing: %v", got)
	}
}

// "With these numbers it would have fired 4 times on 3 servers in 7 days."
func TestBacktest(t *testing.T) {
	t.Parallel()
	r := newRig(t, 4, func(v *storage.AlertSettings) { v.CheckInterval = 600 })
	now := r.now
	busy := map[int][]int{0: {100, 400}, 1: {200}, 2: {300}} // the checks, ten minutes each, from which a server is busy for an hour
	for i, id := range r.ids {
		var samples []storage.Sample
		for step := range 1008 {
			at := now.Add(time.Duration(step-1008) * 10 * time.Minute)
			v, up := 0.3, 1.0
			for _, begin := range busy[i] {
				if step >= begin && step < begin+6 {
					v, up = 0.95, 0
				}
			}
			for _, s := range []struct {
				name  string
				value float64
			}{{"agent_cpu_usage_ratio", v}, {"up", up}} {
				samples = append(samples, storage.Sample{Labels: []storage.Label{{Name: "__name__", Value: s.name}, {Name: "job", Value: "node"},
					{Name: "server", Value: fmt.Sprint(id)}}, Time: at.Add(-time.Second).UnixMilli(), Value: s.value})
			}
		}
		if err := r.db.Append(samples); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.db.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	call := r.serve()
	f := func(body string, fired, servers, checked int) {
		t.Helper()
		status, text := call("POST", "/backtest", body)
		var b BacktestResponse
		if err := json.Unmarshal([]byte(text), &b); err != nil || status != 200 {
			t.Fatalf("%s: %d %s", body, status, text)
		}
		if b.Fired != fired || len(b.Servers) != servers || b.Checked != checked || b.Days != 7 {
			t.Errorf("%s: %d times on %d of %d servers, want %d on %d of %d", body, b.Fired, len(b.Servers), b.Checked, fired, servers, checked)
		}
		inHours := 0
		for _, h := range b.Hours {
			inHours += h.Fired
		}
		if inHours != fired || len(b.Hours) < 168 {
			t.Errorf("%s: %d in %d hours", body, inHours, len(b.Hours))
		}
		if servers > 0 && (b.Servers[0].ServerName != "srv-1" || b.Servers[0].Fired != 2 || len(b.Servers[0].Times) != 2) {
			t.Errorf("%s: %+v", body, b.Servers)
		}
	}
	f(`{"trigger":"cpu","settings":{"cpu_spike_percent":1000}}`, 4, 3, 4)
	f(`{"trigger":"cpu","settings":{"cpu_spike_percent":1000,"cpu_critical_threshold":96}}`, 0, 0, 4)
	f(`{"trigger":"cpu","settings":{"cpu_spike_percent":1000,"cpu_sustained_seconds":3600}}`, 0, 0, 4)
	f(`{"trigger":"offline"}`, 4, 3, 4)
	f(`{"trigger":"offline","settings":{"offline_fail_threshold":7}}`, 0, 0, 4)
	f(fmt.Sprintf(`{"trigger":"offline","settings":{"offline_excluded_server_ids":[%d]}}`, r.ids[1]), 3, 2, 3)
	f(`{"trigger":"ram"}`, 0, 0, 4)
	for body, field := range map[string]string{`{"trigger":"disk"}`: "trigger", `{"trigger":"cpu","settings":{"cpu_spike_percent":0}}`: "cpu_spike_percent"} {
		if status, text := call("POST", "/backtest", body); status != 400 || !strings.Contains(text, field) {
			t.Errorf("%s: %d %s", body, status, text)
		}
	}
	if r.Settings().CPUSpikePercent != 40 {
		t.Error("a back-test changed the settings")
	}
}
