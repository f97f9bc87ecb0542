-- +goose Up
-- Times are epoch milliseconds; 0 and '' stand for "never", "none", "unknown".

CREATE TABLE webhooks (
    id                  TEXT    NOT NULL PRIMARY KEY,
    organization_id     TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    session_id          TEXT    NOT NULL DEFAULT '',
    url                 TEXT    NOT NULL,
    events              TEXT    NOT NULL,
    -- Custom headers often hold credentials.
    sealed_headers      BLOB    NOT NULL,
    retry_policy        TEXT    NOT NULL,
    retry_attempts      INTEGER NOT NULL,
    retry_delay_seconds INTEGER NOT NULL,
    active              INTEGER NOT NULL,
    inactive_reason     TEXT    NOT NULL DEFAULT '',
    -- Rises with every change that whoever delivers must hear of.
    revision            INTEGER NOT NULL DEFAULT 1,
    -- Every event up to here is delivered or in the ledger.
    position            INTEGER NOT NULL DEFAULT 0,
    failing_since       INTEGER NOT NULL DEFAULT 0,
    lost_at             INTEGER NOT NULL DEFAULT 0,
    lost_events         INTEGER NOT NULL DEFAULT 0,
    -- Who delivers, and until when nobody else may.
    lease_owner         TEXT    NOT NULL DEFAULT '',
    lease_until         INTEGER NOT NULL DEFAULT 0,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_by_organization ON webhooks (organization_id, id);
CREATE INDEX webhooks_by_session ON webhooks (session_id) WHERE session_id <> '';

-- Apart from webhooks, so that no query of a webhook reads its secret.
CREATE TABLE webhook_secrets (
    webhook_id      TEXT    NOT NULL PRIMARY KEY REFERENCES webhooks (id) ON DELETE CASCADE,
    sealed_secret   BLOB    NOT NULL,
    sealed_previous BLOB    NOT NULL DEFAULT x'',
    previous_until  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The ledger: one row for each webhook and event.
CREATE TABLE webhook_deliveries (
    id               TEXT    NOT NULL PRIMARY KEY,
    webhook_id       TEXT    NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event_id         TEXT    NOT NULL,
    event            TEXT    NOT NULL,
    session_id       TEXT    NOT NULL,
    event_key        TEXT    NOT NULL DEFAULT '',
    event_at         INTEGER NOT NULL,
    position         INTEGER NOT NULL,
    status           TEXT    NOT NULL,
    attempts         INTEGER NOT NULL DEFAULT 0,
    next_attempt_at  INTEGER NOT NULL DEFAULT 0,
    response_status  INTEGER NOT NULL DEFAULT 0,
    duration_ms      INTEGER NOT NULL DEFAULT 0,
    error            TEXT    NOT NULL DEFAULT '',
    first_attempt_at INTEGER NOT NULL DEFAULT 0,
    last_attempt_at  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX webhook_deliveries_by_event ON webhook_deliveries (webhook_id, event_id);
CREATE INDEX webhook_deliveries_by_position ON webhook_deliveries (webhook_id, position, id);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook_id, session_id, event_key, position) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (webhook_id, position, id) WHERE status = 'failed';

-- Parts of the log that are to be delivered again; the oldest of a webhook is at work.
CREATE TABLE webhook_replays (
    id             TEXT    NOT NULL PRIMARY KEY,
    webhook_id     TEXT    NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    position       INTEGER NOT NULL,
    until_position INTEGER NOT NULL,
    from_at        INTEGER NOT NULL DEFAULT 0,
    until_at       INTEGER NOT NULL DEFAULT 0,
    created_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_replays_by_webhook ON webhook_replays (webhook_id, id);

-- +goose Down
DROP TABLE webhook_replays;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_secrets;
DROP TABLE webhooks;
