-- Where messages go and the queue they wait in; paid services and their reminders.
-- Takes no time: the tables are new.

-- +goose Up
CREATE TABLE notify_settings (
    only_row           boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    language           text    NOT NULL,
    telegram_bot_token text    NOT NULL,
    telegram_chat_id   text    NOT NULL,
    telegram_base_url  text    NOT NULL,
    telegram_proxy     text    NOT NULL,
    webhook_url        text    NOT NULL,
    alertmanager_url   text    NOT NULL,
    heartbeat_url      text    NOT NULL,
    heartbeat_seconds  integer NOT NULL
);

-- A row stays for a while after it was sent, so that the same key is not sent twice.
CREATE TABLE messages (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    channel      text        NOT NULL,
    key          text        NOT NULL,
    body         text        NOT NULL,
    state        text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts     integer     NOT NULL DEFAULT 0,
    last_error   text        NOT NULL DEFAULT '',
    created_at   timestamptz NOT NULL,
    next_attempt timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    done_at      timestamptz,
    UNIQUE (channel, key)
);
CREATE INDEX ON messages (channel, id) WHERE state = 'waiting';
CREATE INDEX ON messages (done_at);
