package postgres

import (
	"context"
	"errors"
	"time"

	"monitoring/storage"
)

const messageColumns = `id, channel, key, body, attempts, last_error, created_at, next_attempt, expires_at`

// AddMessage puts a message into its channel's queue. A key that the channel has had is no error: the message is there
// already. Of more than limit waiting messages the oldest are given up; dropped counts them.
func (s *Store) AddMessage(ctx context.Context, m storage.Message, limit int) (dropped int, err error) {
	if err := s.exec(ctx, `
		INSERT INTO messages (channel, key, body, created_at, next_attempt, expires_at) VALUES ($1, $2, $3, $4, $4, $5)
		ON CONFLICT (channel, key) DO NOTHING`,
		m.Channel, m.Key, storable(m.Body), orNow(m.CreatedAt), m.ExpiresAt); err != nil {
		return 0, err
	}
	return s.count(ctx, `
		UPDATE messages SET state = 'failed', last_error = 'the queue was full', done_at = $3 WHERE id IN (
			SELECT id FROM messages WHERE channel = $1 AND state = 'waiting' ORDER BY id DESC OFFSET $2)`,
		m.Channel, limit, orNow(m.CreatedAt))
}

// NextMessage returns the oldest message of a channel whose time has come, or storage.ErrNotFound.
func (s *Store) NextMessage(ctx context.Context, channel string, now time.Time) (storage.Message, error) {
	return one[storage.Message](ctx, s, `
		SELECT `+messageColumns+` FROM messages
		WHERE channel = $1 AND state = 'waiting' AND next_attempt <= $2 ORDER BY id LIMIT 1`, channel, now)
}

// MessageSent marks a message as delivered.
func (s *Store) MessageSent(ctx context.Context, id int64, at time.Time) error {
	return s.touch(ctx, `UPDATE messages SET state = 'sent', attempts = attempts + 1, last_error = '', done_at = $2 WHERE id = $1`, id, at)
}

// MessageDelayed records why a message could not be sent and when to try again.
func (s *Store) MessageDelayed(ctx context.Context, id int64, reason string, next time.Time) error {
	return s.touch(ctx, `UPDATE messages SET attempts = attempts + 1, last_error = left($2, 500), next_attempt = $3 WHERE id = $1`,
		id, storable(reason), next)
}

// RetryMessages makes every waiting message due: whatever held it up has changed.
func (s *Store) RetryMessages(ctx context.Context, now time.Time) error {
	return s.exec(ctx, `UPDATE messages SET next_attempt = $1 WHERE state = 'waiting' AND next_attempt > $1`, now)
}

// ExpireMessages gives up the waiting messages that are too old and returns how many those are.
func (s *Store) ExpireMessages(ctx context.Context, now time.Time) (int, error) {
	return s.count(ctx, `UPDATE messages SET state = 'failed', done_at = $1 WHERE state = 'waiting' AND expires_at <= $1`, now)
}

// DeleteDoneMessages forgets the messages that were done before a time.
func (s *Store) DeleteDoneMessages(ctx context.Context, before time.Time) error {
	return s.exec(ctx, `DELETE FROM messages WHERE done_at < $1`, before)
}

// QueueStates returns the state of every channel that has had a message.
func (s *Store) QueueStates(ctx context.Context) ([]storage.QueueState, error) {
	return many[storage.QueueState](ctx, s, `
		SELECT channel,
			count(*) FILTER (WHERE state = 'waiting')::int AS waiting,
			count(*) FILTER (WHERE state = 'sent')::int AS sent,
			count(*) FILTER (WHERE state = 'failed')::int AS failed,
			min(created_at) FILTER (WHERE state = 'waiting') AS oldest,
			coalesce((array_agg(last_error ORDER BY id DESC) FILTER (WHERE state <> 'sent' AND last_error <> ''))[1], '') AS last_error
		FROM messages GROUP BY channel ORDER BY channel`)
}

const notifyColumns = `language, telegram_bot_token, telegram_chat_id, telegram_base_url, telegram_proxy, webhook_url,
	alertmanager_url, heartbeat_url, heartbeat_seconds`

// NotifySettings returns where messages go: the defaults if the operator has stored nothing.
func (s *Store) NotifySettings(ctx context.Context) (storage.NotifySettings, error) {
	v, err := one[storage.NotifySettings](ctx, s, `SELECT `+notifyColumns+` FROM notify_settings`)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.DefaultNotifySettings(), nil
	}
	return v, err
}

// SetNotifySettings stores where messages go; the caller has checked it.
func (s *Store) SetNotifySettings(ctx context.Context, v storage.NotifySettings) error {
	return s.exec(ctx, `
		INSERT INTO notify_settings (`+notifyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (only_row) DO UPDATE SET language = excluded.language, telegram_bot_token = excluded.telegram_bot_token,
			telegram_chat_id = excluded.telegram_chat_id, telegram_base_url = excluded.telegram_base_url,
			telegram_proxy = excluded.telegram_proxy, webhook_url = excluded.webhook_url,
			alertmanager_url = excluded.alertmanager_url, heartbeat_url = excluded.heartbeat_url,
			heartbeat_seconds = excluded.heartbeat_seconds`,
		v.Language, v.TelegramBotToken.Reveal(), v.TelegramChatID, v.TelegramBaseURL, v.TelegramProxy.Reveal(), v.WebhookURL.Reveal(),
		v.AlertmanagerURL, v.HeartbeatURL.Reveal(), v.HeartbeatSeconds)
}
