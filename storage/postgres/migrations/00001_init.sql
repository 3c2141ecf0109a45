-- The first schema: servers and how their agents join, who may come in, settings, the audit log.
-- Takes no time: there is nothing yet.

-- +goose Up
CREATE TABLE folders (
    name     text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 200),
    position integer NOT NULL
);

CREATE TABLE servers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    url        text        NOT NULL UNIQUE CHECK (length(url) <= 500),
    folder     text        REFERENCES folders (name) ON UPDATE CASCADE ON DELETE SET NULL,
    position   integer     NOT NULL,
    is_active  boolean     NOT NULL DEFAULT true,
    agent_id   text        NOT NULL UNIQUE,
    last_seen  timestamptz,
    last_error text        CHECK (length(last_error) <= 500),
    error_code integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE install_tokens (
    code_hash  bytea PRIMARY KEY,
    server_id  bigint      NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    preset     text        NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON install_tokens (server_id);

CREATE TABLE agent_certificates (
    serial     text PRIMARY KEY,
    server_id  bigint      NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    install    boolean     NOT NULL,
    not_after  timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz,
    revoked_at timestamptz
);
CREATE INDEX ON agent_certificates (server_id);

CREATE TABLE settings (
    key   text PRIMARY KEY,
    value text NOT NULL
);

-- What must never be listed with the settings, such as the hash of the password.
CREATE TABLE panel_secrets (
    key   text PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE sessions (
    id         text PRIMARY KEY,
    ip         text        NOT NULL,
    user_agent text        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used  timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);

CREATE TABLE bans (
    ip         text PRIMARY KEY,
    reason     text        NOT NULL,
    failures   integer     NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    until      timestamptz NOT NULL
);

CREATE TABLE tokens (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL UNIQUE,
    hash       bytea       NOT NULL UNIQUE,
    scopes     text[]      NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used  timestamptz
);

-- server_id has no foreign key: the log outlives the server.
CREATE TABLE audit_log (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT now(),
    actor     text        NOT NULL,
    ip        text        NOT NULL,
    action    text        NOT NULL,
    server_id bigint,
    target    text        NOT NULL,
    detail    text        NOT NULL,
    status    integer     NOT NULL
);
CREATE INDEX ON audit_log (server_id, id);

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
-- +goose StatementEnd

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
