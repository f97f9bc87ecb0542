-- +goose Up
-- One row for each WebSocket connection that may be opened once, for a minute.
CREATE TABLE realtime_tickets (
    secret_hash           BLOB    NOT NULL PRIMARY KEY,
    organization_id       TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    session_id            TEXT    NOT NULL DEFAULT '',
    events                TEXT    NOT NULL DEFAULT '',
    -- Whose it is, so that the connection ends with the credential.
    user_id               TEXT    NOT NULL DEFAULT '',
    api_key_id            TEXT    NOT NULL DEFAULT '',
    credential_expires_at INTEGER NOT NULL DEFAULT 0,
    expires_at            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX realtime_tickets_by_end ON realtime_tickets (expires_at);

-- +goose Down
DROP TABLE realtime_tickets;
