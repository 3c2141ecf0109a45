package storage

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCheckSetting(t *testing.T) {
	t.Parallel()
	ok := func(key, value string) {
		t.Helper()
		if err := CheckSetting(key, value); err != nil {
			t.Errorf("%s=%q: %v", key, value, err)
		}
	}
	bad := func(key, value, hint string) {
		t.Helper()
		var fe *FieldError
		err := CheckSetting(key, value)
		if !errors.As(err, &fe) || fe.Field != "value" || !strings.Contains(fe.Detail, hint) || !strings.Contains(fe.Detail, key) {
			t.Errorf("%s=%q: error %v, want field value, key and %q", key, value, err, hint)
		}
	}
	ok("metrics_collect_interval", "5")
	ok("metrics_collect_interval", "300")
	bad("metrics_collect_interval", "4", "from 5 to 300")
	bad("metrics_collect_interval", "301", "from 5 to 300")
	bad("metrics_collect_interval", "10.0", "whole number")
	bad("metrics_collect_interval", "+10", "whole number")
	bad("metrics_collect_interval", "", "whole number")
	bad("haproxy_collect_interval", "29", "from 30 to 600")
	ok("theme", "system")
	bad("theme", "pink", "one of")
	ok("compact_view", "true")
	bad("compact_view", "yes", "one of")
	ok("timezone", "Europe/Moscow")
	bad("timezone", "Local", "IANA")
	bad("timezone", "", "IANA")
	bad("timezone", "../../etc/passwd", "IANA")
	bad("timezone", "UTC; reboot", "IANA")
	ok("torrent_whitelist", "[]")
	ok("torrent_whitelist", `["2001:db8::/32","192.0.2.1"]`)
	bad("torrent_whitelist", `["192.0.2.0/33"]`, `"192.0.2.0/33"`)
	bad("torrent_whitelist", `null`, "JSON list")
	bad("torrent_whitelist", `192.0.2.1`, "JSON list")
	bad("torrent_whitelist", strings.Repeat("x", MaxSetting+1), "at most 10000")
	if err := CheckSetting("no_such", "1"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown key: %v", err)
	}
}

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	for _, d := range SettingsList {
		if err := CheckSetting(d.Key, d.Default); err != nil {
			t.Errorf("%s: %v", d.Key, err)
		}
	}
}

func TestSettingsSeconds(t *testing.T) {
	t.Parallel()
	f := func(s Settings, want time.Duration) {
		t.Helper()
		if got := s.Seconds("metrics_collect_interval"); got != want {
			t.Errorf("%v: got %s, want %s", s, got, want)
		}
	}
	f(nil, 10*time.Second)
	f(Settings{"metrics_collect_interval": "60"}, time.Minute)
	f(Settings{"metrics_collect_interval": "soon"}, 10*time.Second) // never a ticker of zero
}
