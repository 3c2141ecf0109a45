-- Changes that a server missed because it was offline, kept until it is back.
-- Takes no time: the table is new.

-- +goose Up
CREATE TABLE operations (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server_id  bigint      NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    kind       text        NOT NULL,
    payload    json        NOT NULL,
    title      text        NOT NULL,
    base       text        NOT NULL,
    state      text        NOT NULL CHECK (state IN ('queued', 'delivered', 'failed', 'conflict', 'cancelled', 'expired')),
    message    text        NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    done_at    timestamptz,
    CHECK ((state IN ('queued', 'conflict')) = (done_at IS NULL))
);
-- The loop asks for what is waiting; it is a handful.
CREATE INDEX ON operations (server_id, id) WHERE done_at IS NULL;
CREATE INDEX ON operations (done_at);
