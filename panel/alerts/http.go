package alerts

import (
	"fmt"
	"math"
	"net/http"
	"time"

	"monitoring/panel/notify"
	"monitoring/panel/rest"
	"monitoring/storage"
)

// Routes are mounted at /api/alerts.
func (s *Service) Routes(r rest.Router) {
	r.Get("/settings", s.getSettings)
	r.Put("/settings", s.putSettings)
	r.Post("/test-telegram", s.testTelegram)
	r.Get("/status", s.getStatus)
	r.Get("/history", s.getHistory)
	r.Get("/history/days", s.getDays)
	r.Delete("/history", s.deleteHistory)
	r.Get("/active", s.getActive)
	r.Get("/groups", s.getGroups)
	r.Post("/reload", s.reload)
	r.Get("/rules-file", s.getRulesFile)
	r.Get("/silences", s.getSilences)
	r.Post("/silences", s.createSilence)
	r.Delete("/silences/{id}", s.deleteSilence)
	r.Post("/backtest", s.backtest)
}

// AlertSettingsBody is the flat object of GET and PUT /settings. A PUT changes the fields that it names; a token of ***
// stays as it is.
type AlertSettingsBody struct {
	storage.AlertSettings
	TelegramBotToken string `json:"telegram_bot_token"`
	TelegramChatID   string `json:"telegram_chat_id"`
	Language         string `json:"language"`
}

func (s *Service) body() AlertSettingsBody {
	n := s.o.Notify.Settings()
	return AlertSettingsBody{s.Settings(), notify.Masked(n.TelegramBotToken), n.TelegramChatID, n.Language}
}

func (s *Service) getSettings(w http.ResponseWriter, _ *http.Request) error {
	return rest.Encode(w, http.StatusOK, s.body())
}

func (s *Service) putSettings(w http.ResponseWriter, r *http.Request) error {
	body, err := s.body(), error(nil)
	body.AlertSettings = clone(body.AlertSettings) // the lists are shared
	if err := rest.DecodeOnto(r, &body); err != nil {
		return err
	}
	if err := body.Validate(); err != nil {
		return err
	}
	err = s.o.Notify.Update(r.Context(), notify.UpdateChannelsRequest{
		TelegramBotToken: &body.TelegramBotToken, TelegramChatID: &body.TelegramChatID, Language: &body.Language}.Apply)
	if err != nil {
		return err
	}
	if err := s.Update(r.Context(), body.AlertSettings); err != nil {
		return err
	}
	return s.getSettings(w, r)
}

// TestTelegramRequest names a bot and a chat; empty or masked ones stand for those that are stored.
type TestTelegramRequest struct {
	BotToken storage.Secret `json:"bot_token"`
	ChatID   string         `json:"chat_id"`
}

// TestTelegramResponse holds Telegram's own reason if it refused.
type TestTelegramResponse struct {
	Success bool   `json:"success"`
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

func (s *Service) testTelegram(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[TestTelegramRequest](r)
	if err != nil {
		return err
	}
	if err := s.o.Notify.TestTelegram(r.Context(), req.BotToken, req.ChatID); err != nil {
		return rest.Encode(w, http.StatusOK, TestTelegramResponse{Error: err.Error()})
	}
	return rest.Encode(w, http.StatusOK, TestTelegramResponse{Success: true, Message: "the message has arrived"})
}

// AlertsStatus says what the checks of the settings are doing.
type AlertsStatus struct {
	Running          bool               `json:"running"`
	LastCheck        *time.Time         `json:"last_check"`
	NextCheckIn      int                `json:"next_check_in"` // seconds
	MonitoredServers int                `json:"monitored_servers"`
	ActiveConditions map[int64][]string `json:"active_conditions"` // types, by server; pending ones, too
}

func (s *Service) getStatus(w http.ResponseWriter, _ *http.Request) error {
	return rest.Encode(w, http.StatusOK, s.Status())
}

// HistoryItem is one line of the history.
type HistoryItem struct {
	ID         int64      `json:"id"`
	ServerID   *int64     `json:"server_id"`
	ServerName string     `json:"server_name"`
	AlertType  string     `json:"alert_type"`
	Severity   string     `json:"severity"`
	Message    string     `json:"message"`              // in the language of messages
	MessageEn  string     `json:"message_en,omitempty"` // "" in lines of older versions, and so below
	MessageRu  string     `json:"message_ru,omitempty"`
	Details    string     `json:"details"` // JSON in a text, as clients of the predecessor know it
	Notified   bool       `json:"notified"`
	CreatedAt  time.Time  `json:"created_at"`
	EndedAt    *time.Time `json:"ended_at"` // null while it lasts, and for news without a duration
}

// HistoryResponse is one page of the history.
type HistoryResponse struct {
	Items []HistoryItem `json:"items"`
	Total int           `json:"total"`
}

func (s *Service) getHistory(w http.ResponseWriter, r *http.Request) error {
	f := storage.AlertHistoryFilter{AlertType: r.URL.Query().Get("alert_type")}
	id, err := rest.QueryInt(r, "server_id", 0, 1, math.MaxInt)
	if err != nil {
		return err
	}
	if f.Limit, err = rest.QueryInt(r, "limit", 50, 1, 500); err != nil {
		return err
	}
	if f.Offset, err = rest.QueryInt(r, "offset", 0, 0, math.MaxInt32); err != nil {
		return err
	}
	f.ServerID = int64(id)
	out, err := s.history(r.Context(), f)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, out)
}

// HistoryDaysResponse counts the history by day of UTC; days without a line are left out.
type HistoryDaysResponse struct {
	Days []storage.AlertDay `json:"days"`
}

func (s *Service) getDays(w http.ResponseWriter, r *http.Request) error {
	days, err := s.o.Store.AlertDays(r.Context(), time.Now().Add(-historyLife))
	if err != nil {
		return fmt.Errorf("count alert history: %w", err)
	}
	return rest.Encode(w, http.StatusOK, HistoryDaysResponse{days})
}

// DeleteHistoryResponse counts what was removed.
type DeleteHistoryResponse struct {
	Deleted int `json:"deleted"`
}

func (s *Service) deleteHistory(w http.ResponseWriter, r *http.Request) error {
	n, err := s.o.Store.DeleteAlertHistory(r.Context(), time.Time{})
	if err != nil {
		return fmt.Errorf("clear alert history: %w", err)
	}
	return rest.Encode(w, http.StatusOK, DeleteHistoryResponse{n})
}

func (s *Service) getActive(w http.ResponseWriter, _ *http.Request) error {
	active := s.Active(time.Now())
	return rest.Encode(w, http.StatusOK, ActiveResponse{active, len(active)})
}

func (s *Service) getGroups(w http.ResponseWriter, _ *http.Request) error {
	return rest.Encode(w, http.StatusOK, s.Groups())
}

func (s *Service) reload(w http.ResponseWriter, r *http.Request) error {
	if err := s.Reload(); err != nil {
		return err
	}
	return s.getGroups(w, r)
}

func (s *Service) getRulesFile(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(generate(s.Settings())) // the client has gone; nobody is left to tell
	return nil
}

// SilencesResponse lists the silences that are not over, the next to end first.
type SilencesResponse struct {
	Silences []storage.Silence `json:"silences"`
}

// SilenceResponse is a new silence.
type SilenceResponse struct {
	Success bool            `json:"success"`
	Silence storage.Silence `json:"silence"`
}

// CreateSilenceRequest silences servers (which is what maintenance of a server is), or the alerts that all matchers
// accept, or the alerts of these servers that they accept.
type CreateSilenceRequest struct {
	ServerIDs []int64           `json:"server_ids"`
	Matchers  []storage.Matcher `json:"matchers"`
	Reason    string            `json:"reason"`
	EndsAt    time.Time         `json:"ends_at"`
}

func (s *Service) getSilences(w http.ResponseWriter, _ *http.Request) error {
	return rest.Encode(w, http.StatusOK, SilencesResponse{s.silences.running(time.Now())})
}

func (s *Service) createSilence(w http.ResponseWriter, r *http.Request) error {
	req, err := rest.Decode[CreateSilenceRequest](r)
	if err != nil {
		return err
	}
	v, err := s.CreateSilence(r.Context(), storage.Silence{ServerIDs: req.ServerIDs, Matchers: req.Matchers, Reason: req.Reason, EndsAt: req.EndsAt})
	if err != nil {
		return err
	}
	rest.Note(r.Context(), fmt.Sprintf("silence %d", v.ID), v.Reason)
	return rest.Encode(w, http.StatusOK, SilenceResponse{true, v})
}

func (s *Service) deleteSilence(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.ID(r, "id")
	if err != nil {
		return err
	}
	if err := s.DeleteSilence(r.Context(), id); err != nil {
		return err
	}
	return rest.Done(w)
}

func (s *Service) backtest(w http.ResponseWriter, r *http.Request) error {
	req := BacktestRequest{Settings: clone(s.Settings())}
	if err := rest.DecodeOnto(r, &req); err != nil {
		return err
	}
	out, err := s.Backtest(r.Context(), req, time.Now())
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, out)
}
