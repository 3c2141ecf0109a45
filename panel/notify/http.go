package notify

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"monitoring/panel/rest"
	"monitoring/storage"
)

// Routes are mounted at /api/notify.
func (s *Service) Routes(r rest.Router) {
	r.Get("/settings", s.getSettings)
	r.Put("/settings", s.putSettings)
	r.Get("/status", s.getStatus)
}

// ChannelSettings are the notification settings as a client sees them: a secret that is set shows as ***.
type ChannelSettings struct {
	Language         string `json:"language"`
	TelegramBotToken string `json:"telegram_bot_token"`
	TelegramChatID   string `json:"telegram_chat_id"`
	TelegramBaseURL  string `json:"telegram_base_url"`
	TelegramProxy    string `json:"telegram_proxy"`
	WebhookURL       string `json:"webhook_url"`
	AlertmanagerURL  string `json:"alertmanager_url"`
	HeartbeatURL     string `json:"heartbeat_url"`
	HeartbeatSeconds int    `json:"heartbeat_seconds"`
}

// Masked hides a secret; an empty one stays empty, so that a client sees whether it is set.
func Masked(s storage.Secret) string {
	if s == "" {
		return ""
	}
	return storage.Mask
}

func (s *Service) getSettings(w http.ResponseWriter, _ *http.Request) error {
	v := s.Settings()
	return rest.Encode(w, http.StatusOK, ChannelSettings{
		v.Language, Masked(v.TelegramBotToken), v.TelegramChatID, v.TelegramBaseURL, Masked(v.TelegramProxy),
		Masked(v.WebhookURL), v.AlertmanagerURL, Masked(v.HeartbeatURL), v.HeartbeatSeconds,
	})
}

// UpdateChannelsRequest changes the fields that it names. A secret of *** stays as it is, an empty one is removed.
type UpdateChannelsRequest struct {
	Language         *string `json:"language,omitempty"`
	TelegramBotToken *string `json:"telegram_bot_token,omitempty"`
	TelegramChatID   *string `json:"telegram_chat_id,omitempty"`
	TelegramBaseURL  *string `json:"telegram_base_url,omitempty"`
	TelegramProxy    *string `json:"telegram_proxy,omitempty"`
	WebhookURL       *string `json:"webhook_url,omitempty"`
	AlertmanagerURL  *string `json:"alertmanager_url,omitempty"`
	HeartbeatURL     *string `json:"heartbeat_url,omitempty"`
	HeartbeatSeconds *int    `json:"heartbeat_seconds,omitempty"`
}

// Apply changes settings as the request says.
func (r UpdateChannelsRequest) Apply(v *storage.NotifySettings) {
	set(&v.Language, r.Language)
	setSecret(&v.TelegramBotToken, r.TelegramBotToken)
	set(&v.TelegramChatID, r.TelegramChatID)
	set(&v.TelegramBaseURL, r.TelegramBaseURL)
	setSecret(&v.TelegramProxy, r.TelegramProxy)
	setSecret(&v.WebhookURL, r.WebhookURL)
	set(&v.AlertmanagerURL, r.AlertmanagerURL)
	setSecret(&v.HeartbeatURL, r.HeartbeatURL)
	set(&v.HeartbeatSeconds, r.HeartbeatSeconds)
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

func setSecret(field *storage.Secret, value *string) {
	if value != nil && *value != storage.Mask {
		*field = storage.Secret(*value)
	}
}

func (s *Service) putSettings(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[UpdateChannelsRequest](r)
	if err != nil {
		return err
	}
	if err := s.Update(r.Context(), req.Apply); err != nil {
		return err
	}
	return s.getSettings(w, r)
}

// ChannelsStatus says whether messages arrive.
type ChannelsStatus struct {
	Queues       []storage.QueueState `json:"queues"`
	Alertmanager ForwardState         `json:"alertmanager"`
	Heartbeat    HeartbeatState       `json:"heartbeat"`
}

// ForwardState is the state of the forwarding to an Alertmanager.
type ForwardState struct {
	Waiting   int    `json:"waiting"`
	LastError string `json:"last_error"`
}

// HeartbeatState is the outcome of the last heartbeat.
type HeartbeatState struct {
	LastSent  *time.Time `json:"last_sent"`
	LastError string     `json:"last_error"`
}

func (s *Service) getStatus(w http.ResponseWriter, r *http.Request) error {
	status, err := s.Status(r.Context())
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, status)
}

// Status returns the state of every channel.
func (s *Service) Status(ctx context.Context) (ChannelsStatus, error) {
	queues, err := s.o.Store.QueueStates(ctx)
	if err != nil {
		return ChannelsStatus{}, fmt.Errorf("read queue states: %w", err)
	}
	out := ChannelsStatus{Queues: queues}
	out.Alertmanager.Waiting, out.Alertmanager.LastError = s.forward.state()
	last := s.beat.Load()
	out.Heartbeat.LastError = last.err
	if !last.at.IsZero() {
		at := last.at.UTC().Truncate(time.Millisecond)
		out.Heartbeat.LastSent = &at
	}
	return out, nil
}
