-- Bulk jobs outlive the panel's process; what people are told can be said in their language; a change that was made just
-- before the panel was killed is recognised.
-- Takes no time: the table is new, and the new columns have no values to fill in.

-- +goose Up
CREATE TABLE bulk_jobs (
    id         text        PRIMARY KEY,
    kind       text        NOT NULL,
    payload    json        NOT NULL,
    results    json        NOT NULL,            -- without what commands printed
    again      text        NOT NULL DEFAULT '', -- the job that did the rest of this one
    started_at timestamptz NOT NULL,
    ended_at   timestamptz
);

ALTER TABLE operations
    ADD COLUMN message_words json,                    -- message with its code and parameters
    ADD COLUMN foreseen text NOT NULL DEFAULT '';     -- hash of the file as the change was about to leave it

ALTER TABLE alert_history
    ADD COLUMN message_en text NOT NULL DEFAULT '',
    ADD COLUMN message_ru text NOT NULL DEFAULT '';
