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

CREATE TABLE billing_settings (
    only_row               boolean   PRIMARY KEY DEFAULT true CHECK (only_row),
    enabled                boolean   NOT NULL,
    notify_days            integer[] NOT NULL,
    check_interval_minutes integer   NOT NULL
);

-- account_balance is what the account held at charged_from; since then monthly_cost / 30 is consumed per day.
CREATE TABLE bills (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name               text          NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    billing_type       text          NOT NULL CHECK (billing_type IN ('monthly', 'resource')),
    paid_until         timestamptz,
    monthly_cost       numeric(18,6) NOT NULL,
    account_balance    numeric(18,6) NOT NULL,
    charged_from       timestamptz   NOT NULL,
    balance_updated_at timestamptz,
    currency           text          NOT NULL,
    notes              text          NOT NULL,
    folder             text          CHECK (length(folder) BETWEEN 1 AND 200),
    reminded           integer[]     NOT NULL,
    created_at         timestamptz   NOT NULL,
    updated_at         timestamptz   NOT NULL,
    CHECK ((billing_type = 'monthly') = (paid_until IS NOT NULL))
);
