package storage

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"monitoring/words"
)

// MaxSetting bounds the length of a value in bytes.
const MaxSetting = 10000

// Setting describes one operator-time setting: its key, its default and what it accepts.
type Setting struct {
	Key     string
	Default string
	Check   func(value string) error
}

// SettingsList names every setting there is. Adding one is one line here.
var SettingsList = []Setting{
	{"refresh_interval", "5", intRange(1, 3600)},
	{"theme", "dark", oneOf("dark", "light", "system")},
	{"compact_view", "false", boolean},
	{"metrics_collect_interval", "10", intRange(5, 300)},
	{"haproxy_collect_interval", "60", intRange(30, 600)},
	{"bulk_parallel", "20", intRange(1, 100)},
	{"traffic_period", "30", intRange(1, 365)},
	{"blocklist_temp_timeout", "600", intRange(1, 2592000)},
	{"blocklist_auto_update_enabled", "true", boolean},
	{"blocklist_auto_update_interval", "86400", intRange(3600, 604800)},
	{"torrent_behavior_threshold", "50", intRange(5, 1000)},
	{"torrent_whitelist", `["127.0.0.1","::1","10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"]`, addresses},
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
	return find(key).Default
}

// Int returns an integer setting.
func (s Settings) Int(key string) int {
	n, err := strconv.Atoi(s.Get(key))
	if err != nil { // a value that Check would refuse, written past the panel
		n, _ = strconv.Atoi(find(key).Default)
	}
	return n
}

// Seconds returns an integer setting as a duration in seconds.
func (s Settings) Seconds(key string) time.Duration { return time.Duration(s.Int(key)) * time.Second }

// IsSetting reports whether there is a setting with this key.
func IsSetting(key string) bool { return find(key).Key != "" }

func find(key string) Setting {
	i := slices.IndexFunc(SettingsList, func(d Setting) bool { return d.Key == key })
	if i < 0 {
		return Setting{}
	}
	return SettingsList[i]
}

// CheckSetting reports whether value can be stored under key; ErrNotFound for an unknown key.
func CheckSetting(key, value string) error {
	d := find(key)
	switch {
	case d.Key == "":
		return ErrNotFound
	case len(value) > MaxSetting:
		return Invalid("value", "%s must be at most %d bytes long", key, MaxSetting)
	}
	if wrong, ok := errors.AsType[*FieldError](d.Check(value)); ok {
		return Invalid("value", "the setting %s: %v", key, words.From(wrong.Detail, wrong.Words))
	}
	return nil
}

func intRange(min, max int) func(string) error {
	return func(v string) error {
		if n, err := strconv.Atoi(v); err != nil || n < min || n > max || strconv.Itoa(n) != v {
			return Invalid("value", "choose a whole number from %d to %d", min, max)
		}
		return nil
	}
}

func oneOf(values ...string) func(string) error {
	return func(v string) error {
		if !slices.Contains(values, v) {
			return Invalid("value", "choose one of %v", values)
		}
		return nil
	}
}

func boolean(v string) error { return oneOf("true", "false")(v) }

func timezone(v string) error {
	if _, err := time.LoadLocation(v); err != nil || v == "" || v == "Local" {
		return Invalid("value", "must be an IANA time zone such as Europe/Moscow")
	}
	return nil
}

// addresses accepts a JSON list of IP addresses and networks.
func addresses(v string) error {
	var list []string
	if err := json.Unmarshal([]byte(v), &list); err != nil || list == nil {
		return Invalid("value", `must be a JSON list of addresses such as ["127.0.0.1","10.0.0.0/8"]`)
	}
	for _, a := range list {
		_, ipErr := netip.ParseAddr(a)
		_, netErr := netip.ParsePrefix(a)
		if ipErr != nil && netErr != nil {
			return Invalid("value", "has %q, which is neither an IP address nor a network such as 10.0.0.0/8", a)
		}
	}
	return nil
}
