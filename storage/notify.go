package storage

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// TelegramAPI is where bots live unless the operator names a server of their own.
const TelegramAPI = "https://api.telegram.org"

const maxNotifyURL = 2000

// NotifySettings say where messages go; an empty address switches its channel off. Addresses that carry a credential are
// secrets.
type NotifySettings struct {
	Language         string // of messages: en or ru
	TelegramBotToken Secret
	TelegramChatID   string
	TelegramBaseURL  string
	TelegramProxy    Secret // http, https or socks5 URL
	WebhookURL       Secret // gets Alertmanager's webhook body, version 4
	AlertmanagerURL  string // without /api/v2/alerts
	HeartbeatURL     Secret // asked while the panel lives
	HeartbeatSeconds int
}

// DefaultNotifySettings are in force until the operator stores others.
func DefaultNotifySettings() NotifySettings {
	return NotifySettings{Language: "en", TelegramBaseURL: TelegramAPI, HeartbeatSeconds: 60}
}

var (
	botToken = regexp.MustCompile(`\A[0-9]{3,20}:[A-Za-z0-9_-]{30,100}\z`)
	chatID   = regexp.MustCompile(`\A(-?[0-9]{1,20}|@[A-Za-z][A-Za-z0-9_]{3,63})\z`)
)

// CheckBotToken reports whether a text has the shape of a bot token.
func CheckBotToken(token string) error {
	if !botToken.MatchString(token) {
		return Invalid("telegram_bot_token", "a bot token looks like 123456789:AAF..., as @BotFather shows it; copy it whole")
	}
	return nil
}

// CheckChatID reports whether a text names a Telegram chat.
func CheckChatID(id string) error {
	if !chatID.MatchString(id) {
		return Invalid("telegram_chat_id", "a chat is a number such as -1001234567890, or a public name such as @my_channel")
	}
	return nil
}

// Validate reports the first field that cannot be stored.
func (s NotifySettings) Validate() error {
	if s.Language != "en" && s.Language != "ru" {
		return Invalid("language", "must be en or ru")
	}
	if s.HeartbeatSeconds < 10 || s.HeartbeatSeconds > 86400 {
		return Invalid("heartbeat_seconds", "must be a whole number from 10 to 86400")
	}
	if s.TelegramBotToken != "" {
		if err := CheckBotToken(s.TelegramBotToken.Reveal()); err != nil {
			return err
		}
	}
	if s.TelegramChatID != "" {
		if err := CheckChatID(s.TelegramChatID); err != nil {
			return err
		}
	}
	if s.TelegramBaseURL == "" {
		return Invalid("telegram_base_url", "give the address of a Bot API server, usually %s", TelegramAPI)
	}
	for _, u := range []struct {
		field, value string
		schemes      []string
	}{
		{"telegram_base_url", s.TelegramBaseURL, []string{"https", "http"}},
		{"telegram_proxy", s.TelegramProxy.Reveal(), []string{"http", "https", "socks5", "socks5h"}},
		{"webhook_url", s.WebhookURL.Reveal(), []string{"https", "http"}},
		{"alertmanager_url", s.AlertmanagerURL, []string{"https", "http"}},
		{"heartbeat_url", s.HeartbeatURL.Reveal(), []string{"https", "http"}},
	} {
		if err := checkURL(u.field, u.value, u.schemes); err != nil {
			return err
		}
	}
	return nil
}

func checkURL(field, value string, schemes []string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err == nil && len(value) <= maxNotifyURL && u.Host != "" {
		if slices.Contains(schemes, u.Scheme) {
			return nil
		}
	}
	return Invalid(field, "give an address that starts with %s://, or leave it empty", strings.Join(schemes, "://, "))
}
