package storage

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Setting describes one operator-time setting: its key, its default and what it accepts.
type Setting struct {
	Key     string
	Default string
	Check   func(value string) error // nil accepts anything up to 1000 characters
}

// SettingsList names every setting there is. Adding one is one line here.
var SettingsList = []Setting{
	{"refresh_interval", "5", intRange(1, 3600)},
	{"theme", "dark", oneOf("dark", "light", "system")},
	{"compact_view", "false", boolean},
	{"metrics_collect_interval", "10", intRange(5, 300)},
	{"haproxy_collect_interval", "60", intRange(30, 600)},
	{"traffic_period", "30", intRange(1, 365)},
	{"blocklist_temp_timeout", "600", intRange(1, 2592000)},
	{"blocklist_auto_update_enabled", "true", boolean},
	{"blocklist_auto_update_interval", "86400", intRange(3600, 604800)},
	{"torrent_behavior_threshold", "50", intRange(5, 1000)},
	{"torrent_whitelist", `["127.0.0.1","::1","10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"]`, nil},
	{"timezone", "UTC", timezone},
	{"language", "en", oneOf("en", "ru")},
}

// Settings are stored values by key; Get falls back to the default.
type Settings map[string]string

// Get returns the stored value of key, or its default.
func (s Settings) Get(key string) string {
	if v, ok := s[key]; ok {
		return v
	}
	for _, d := range SettingsList {
		if d.Key == key {
			return d.Default
		}
	}
	return ""
}

// Seconds returns an integer setting as a duration in seconds.
func (s Settings) Seconds(key string) time.Duration {
	n, _ := strconv.Atoi(s.Get(key))
	return time.Duration(n) * time.Second
}

// CheckSetting reports whether value can be stored under key; ErrNotFound for an unknown key.
func CheckSetting(key, value string) error {
	for _, d := range SettingsList {
		if d.Key != key {
			continue
		}
		if len(value) > 10000 {
			return Invalid("value", "at most 10000 characters")
		}
		if d.Check == nil {
			return nil
		}
		if err := d.Check(value); err != nil {
			return Invalid("value", key+" "+err.Error())
		}
		return nil
	}
	return ErrNotFound
}

func intRange(min, max int) func(string) error {
	return func(v string) error {
		if n, err := strconv.Atoi(v); err != nil || n < min || n > max {
			return fmt.Errorf("must be a whole number from %d to %d", min, max)
		}
		return nil
	}
}

func oneOf(values ...string) func(string) error {
	return func(v string) error {
		if !slices.Contains(values, v) {
			return fmt.Errorf("must be one of %v", values)
		}
		return nil
	}
}

func boolean(v string) error { return oneOf("true", "false")(v) }

func timezone(v string) error {
	if _, err := time.LoadLocation(v); err != nil || v == "" || v == "Local" {
		return fmt.Errorf("must be an IANA time zone such as Europe/Moscow")
	}
	return nil
}
