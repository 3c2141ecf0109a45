-- Alerts: the operator's settings, what is pending or firing, what has been, what is silenced.
-- Takes no time: the tables are new.

-- +goose Up
CREATE TABLE alert_settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    settings jsonb   NOT NULL
);

-- What a rule holds against a label set now, and what has ended but was not told yet. server_id has no foreign key:
-- the evaluation that drops a deleted server's rows comes a moment later.
CREATE TABLE alerts (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule        text             NOT NULL,
    fingerprint text             NOT NULL,
    alertname   text             NOT NULL,
    severity    text             NOT NULL,
    server_id   bigint,
    labels      jsonb            NOT NULL,
    annotations jsonb            NOT NULL,
    details     jsonb            NOT NULL,
    active_at   timestamptz      NOT NULL,
    fired_at    timestamptz,
    resolved_at timestamptz,
    told_at     timestamptz,
    history_id  bigint,
    UNIQUE (rule, fingerprint)
);

-- server_id has no foreign key: the history outlives the server. server_name is what it was called then.
CREATE TABLE alert_history (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server_id   bigint,
    server_name text        NOT NULL,
    alert_type  text        NOT NULL,
    severity    text        NOT NULL,
    message     text        NOT NULL,
    details     jsonb       NOT NULL,
    fingerprint text        NOT NULL,
    created_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    told_at     timestamptz
);
CREATE INDEX ON alert_history (created_at);
CREATE INDEX ON alert_history (server_id, id);
CREATE INDEX ON alert_history (fingerprint, told_at) WHERE told_at IS NOT NULL;

-- One row per server: its baselines and how many checks it has failed in a row.
CREATE TABLE alert_checks (
    server_id bigint PRIMARY KEY,
    state     jsonb NOT NULL
);

-- When rules were last evaluated: what was pending long before a restart is not taken for pending after it.
CREATE TABLE alert_clock (
    only_row     boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    evaluated_at timestamptz NOT NULL
);

CREATE TABLE alert_silences (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server_ids bigint[]    NOT NULL,
    matchers   jsonb       NOT NULL,
    reason     text        NOT NULL,
    created_at timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL
);
