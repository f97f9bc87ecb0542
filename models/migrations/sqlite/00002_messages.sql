-- +goose Up
-- A one-to-one chat belongs to a person (identity_id) and has the address that
-- the person has; any other chat has its own (jid). So no chat changes when a
-- number becomes known, and two chats are one when two people are.
CREATE TABLE chats (
    id              INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id      TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    type            TEXT    NOT NULL,
    jid             TEXT    NOT NULL DEFAULT '',
    identity_id     INTEGER NOT NULL DEFAULT 0,
    archived        INTEGER NOT NULL DEFAULT 0,
    pinned          INTEGER NOT NULL DEFAULT 0,
    muted_until     INTEGER NOT NULL DEFAULT 0,
    unread_count    INTEGER NOT NULL DEFAULT 0,
    last_message_at INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK ((jid = '') <> (identity_id = 0))
) STRICT;
CREATE UNIQUE INDEX chats_by_jid ON chats (session_id, jid) WHERE jid <> '';
CREATE UNIQUE INDEX chats_by_identity ON chats (session_id, identity_id) WHERE identity_id <> 0;
CREATE INDEX chats_by_time ON chats (session_id, last_message_at, id);

CREATE TABLE messages (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    chat_id       INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    wa_message_id TEXT    NOT NULL,
    sender_id     INTEGER NOT NULL DEFAULT 0,
    from_me       INTEGER NOT NULL DEFAULT 0,
    type          TEXT    NOT NULL,
    body          TEXT    NOT NULL DEFAULT '',
    quoted_id     TEXT    NOT NULL DEFAULT '',
    mentions      TEXT    NOT NULL DEFAULT '',
    has_media     INTEGER NOT NULL DEFAULT 0,
    ack_level     INTEGER NOT NULL DEFAULT 0,
    error         TEXT    NOT NULL DEFAULT '',
    edited        INTEGER NOT NULL DEFAULT 0,
    deleted       INTEGER NOT NULL DEFAULT 0,
    timestamp     INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    -- WhatsApp's own encoding, so that no kind is lost because this version does not know it.
    raw           BLOB    NOT NULL DEFAULT (x'')
) STRICT;
-- Redelivery of a message changes nothing: it is the same by this key.
CREATE UNIQUE INDEX messages_by_key ON messages (session_id, wa_message_id, chat_id, sender_id);
CREATE INDEX messages_by_time ON messages (chat_id, timestamp, id);
CREATE INDEX messages_by_sender ON messages (sender_id);

-- How far each recipient is with a message of the account's own.
CREATE TABLE message_receipts (
    message_id  INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    identity_id INTEGER NOT NULL,
    ack_level   INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (message_id, identity_id)
) STRICT;
CREATE INDEX message_receipts_by_identity ON message_receipts (identity_id);

-- What callers asked to send: one row, one message, one id of WhatsApp's.
CREATE TABLE outgoing (
    id            TEXT    NOT NULL PRIMARY KEY,
    session_id    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    message_id    INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    recipient     TEXT    NOT NULL,
    content       BLOB    NOT NULL,
    mode          TEXT    NOT NULL,
    status        TEXT    NOT NULL,
    attempts      INTEGER NOT NULL DEFAULT 0,
    error_code    TEXT    NOT NULL DEFAULT '',
    error_reason  TEXT    NOT NULL DEFAULT '',
    error_message TEXT    NOT NULL DEFAULT '',
    whatsapp_code INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX outgoing_queued ON outgoing (session_id, id) WHERE status = 'queued';
CREATE INDEX outgoing_by_message ON outgoing (message_id);

CREATE TABLE idempotency_keys (
    organization_id TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    key             TEXT    NOT NULL,
    fingerprint     BLOB    NOT NULL,
    outgoing_id     TEXT    NOT NULL REFERENCES outgoing (id) ON DELETE CASCADE,
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (organization_id, key)
) STRICT;
CREATE INDEX idempotency_keys_by_outgoing ON idempotency_keys (outgoing_id);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Events on their way to the log, written with what they tell of. They outlive
-- their session.
CREATE TABLE event_outbox (
    seq             INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id              TEXT    NOT NULL UNIQUE,
    organization_id TEXT    NOT NULL,
    session_id      TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    key             TEXT    NOT NULL DEFAULT '',
    at              INTEGER NOT NULL,
    payload         TEXT    NOT NULL
) STRICT;

-- Events that the log can never take, kept for whoever looks into it.
CREATE TABLE event_rejects (
    id              TEXT    NOT NULL PRIMARY KEY,
    organization_id TEXT    NOT NULL,
    session_id      TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    key             TEXT    NOT NULL DEFAULT '',
    at              INTEGER NOT NULL,
    payload         TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    rejected_at     INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE event_rejects;
DROP TABLE event_outbox;
DROP TABLE idempotency_keys;
DROP TABLE outgoing;
DROP TABLE message_receipts;
DROP TABLE messages;
DROP TABLE chats;
