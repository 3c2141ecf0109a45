package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"monitoring/panel/outbound"
	"monitoring/storage"
)

const (
	maxAnswer     = 64 << 10
	maxRetryAfter = time.Hour // a longer wish is asked again after it
)

func (s *Service) sendTelegram(ctx context.Context, body string) error {
	v := s.Settings()
	if v.TelegramBotToken == "" || v.TelegramChatID == "" {
		return errNotSetUp
	}
	return s.telegram(ctx, v, body)
}

// TestTelegram sends one message at once and returns Telegram's own reason if it refuses. An empty or masked token, and
// an empty chat, stand for the stored ones.
func (s *Service) TestTelegram(ctx context.Context, token storage.Secret, chat string) error {
	v := s.Settings()
	if token != "" && token.Reveal() != storage.Mask {
		v.TelegramBotToken = token
	}
	if chat != "" {
		v.TelegramChatID = chat
	}
	if err := storage.CheckBotToken(v.TelegramBotToken.Reveal()); err != nil {
		return err
	}
	if err := storage.CheckChatID(v.TelegramChatID); err != nil {
		return err
	}
	text := Text{Severity: Info, Title: "Monitoring panel", Lines: []string{"This is a test: messages arrive here."}}
	if v.Language == "ru" {
		text = Text{Severity: Info, Title: "Панель мониторинга", Lines: []string{"Это проверка: сообщения приходят сюда."}}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return s.telegram(ctx, v, text.html(v.Language))
}

type sendMessage struct {
	ChatID    string `json:"chat_id"`
	Text      string `json:"text"`
	ParseMode string `json:"parse_mode"`
	// Without it Telegram fetches what a link leads to: the secret path of the panel, or a stranger's address.
	Preview linkPreview `json:"link_preview_options"`
}

type linkPreview struct {
	Disabled bool `json:"is_disabled"`
}

// telegramAnswer is the envelope of every answer of the Bot API.
type telegramAnswer struct {
	OK          bool   `json:"ok"`
	Description string `json:"description"`
	Parameters  struct {
		RetryAfter      int64 `json:"retry_after"`
		MigrateToChatID int64 `json:"migrate_to_chat_id"`
	} `json:"parameters"`
}

func (s *Service) telegram(ctx context.Context, v storage.NotifySettings, html string) error {
	client, err := s.clients.get(v.TelegramProxy.Reveal())
	if err != nil {
		return err
	}
	body, err := json.Marshal(sendMessage{v.TelegramChatID, html, "HTML", linkPreview{true}})
	if err != nil {
		return fmt.Errorf("encode message: %w", err)
	}
	address := strings.TrimRight(v.TelegramBaseURL, "/") + "/bot" + v.TelegramBotToken.Reveal() + "/sendMessage"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("make request: the base URL is no URL") // the error's text would hold the token
	}
	req.Header.Set("Content-Type", "application/json")
	status, answer, err := outbound.Do(client, req, maxAnswer)
	if err != nil {
		return fmt.Errorf("reach Telegram: %w", err)
	}
	return telegramError(status, answer)
}

// telegramError returns nil for a message that was taken.
func telegramError(status int, body []byte) error {
	var a telegramAnswer
	if err := json.Unmarshal(body, &a); err != nil {
		return &SendError{Reason: fmt.Sprintf("the Bot API server answered %d with something that is no JSON", status)}
	}
	if status == http.StatusOK && a.OK {
		return nil
	}
	e := &SendError{Reason: a.Description, Message: status == http.StatusBadRequest}
	if e.Reason == "" {
		e.Reason = fmt.Sprintf("the Bot API server answered %d without a reason", status)
	}
	if id := a.Parameters.MigrateToChatID; id != 0 {
		e.Reason += fmt.Sprintf(" (its id is %d now)", id)
	}
	if seconds := a.Parameters.RetryAfter; seconds > 0 {
		e.Wait = min(time.Duration(min(seconds, 86400))*time.Second, maxRetryAfter)
	}
	return e
}
