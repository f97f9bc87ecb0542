-- +goose Up
-- Times are epoch milliseconds; 0 and '' stand for "never", "none", "unknown".

-- What a message says beyond its text, as JSON of models.Content; '' for a text alone.
ALTER TABLE messages ADD COLUMN content TEXT NOT NULL DEFAULT '';
-- A hidden row changes another message (reaction, edit, revoke, vote: quoted_id is the
-- other's id) and stands in no list. It is applied once the other is here, and once
-- WhatsApp has taken it where it is the account's own.
ALTER TABLE messages ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN applied INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN edited_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN starred INTEGER NOT NULL DEFAULT 0;
-- A channel's own number of a message.
ALTER TABLE messages ADD COLUMN server_id INTEGER NOT NULL DEFAULT 0;
UPDATE messages SET hidden = 1, applied = 1 WHERE type IN ('reaction', 'edit', 'revoke');
DROP INDEX messages_by_time;
CREATE INDEX messages_by_time ON messages (chat_id, timestamp, id) WHERE NOT hidden;
CREATE INDEX messages_by_session ON messages (session_id, timestamp, id) WHERE NOT hidden;
CREATE INDEX messages_waiting ON messages (chat_id, quoted_id) WHERE hidden AND NOT applied;

-- What people reacted with, the latest of each; '' was taken back.
CREATE TABLE message_reactions (
    message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    sender_id  INTEGER NOT NULL,
    emoji      TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (message_id, sender_id)
) STRICT;
CREATE INDEX message_reactions_by_sender ON message_reactions (sender_id);

-- The latest vote of each; options is a JSON list of the options' texts.
CREATE TABLE poll_votes (
    message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    voter_id   INTEGER NOT NULL,
    options    TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (message_id, voter_id)
) STRICT;
CREATE INDEX poll_votes_by_voter ON poll_votes (voter_id);

-- Where the file of a message is: at WhatsApp's (remote), in our storage (stored), in both
-- (uploaded: sent by us), gone (expired), or beyond reach (failed).
CREATE TABLE media (
    message_id  INTEGER NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    session_id  TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    storage_key TEXT    NOT NULL DEFAULT '',
    mimetype    TEXT    NOT NULL DEFAULT '',
    size        INTEGER NOT NULL DEFAULT 0,
    sha256      BLOB    NOT NULL DEFAULT (x''),
    direct_path TEXT    NOT NULL DEFAULT '',
    thumbnail   BLOB    NOT NULL DEFAULT (x''),
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_try_at INTEGER NOT NULL DEFAULT 0,
    error       TEXT    NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX media_remote ON media (session_id, next_try_at) WHERE status = 'remote';
CREATE INDEX media_stored ON media (created_at) WHERE storage_key <> '';
CREATE INDEX media_by_key ON media (storage_key) WHERE storage_key <> '';
-- Files whose rows are gone, to be deleted from our storage.
CREATE TABLE media_unwanted (
    storage_key TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
-- +goose StatementBegin
CREATE TRIGGER media_deleted AFTER DELETE ON media WHEN OLD.storage_key <> '' BEGIN
    INSERT INTO media_unwanted (storage_key) VALUES (OLD.storage_key) ON CONFLICT DO NOTHING;
END;
-- +goose StatementEnd

ALTER TABLE outgoing ADD COLUMN scheduled_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outgoing ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 0;

CREATE INDEX outgoing_scheduled ON outgoing (session_id, scheduled_at) WHERE status = 'queued' AND scheduled_at > 0;
CREATE INDEX outgoing_expiring ON outgoing (expires_at) WHERE status = 'queued' AND expires_at > 0;

ALTER TABLE chats ADD COLUMN ephemeral_seconds INTEGER NOT NULL DEFAULT 0;
-- What of its state WhatsApp is still to hear: bits of models.ChatSync.
ALTER TABLE chats ADD COLUMN sync_owed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX chats_owed ON chats (session_id) WHERE sync_owed <> 0;
-- Somebody marked it unread without a new message.
ALTER TABLE chats ADD COLUMN marked_unread INTEGER NOT NULL DEFAULT 0;

ALTER TABLE sessions ADD COLUMN auto_reject_calls INTEGER NOT NULL DEFAULT 0;
-- A setting of the account: a message takes its chat out of the archive.
ALTER TABLE sessions ADD COLUMN unarchive_chats INTEGER NOT NULL DEFAULT 0;

CREATE TABLE channels (
    id               INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id       TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    jid              TEXT    NOT NULL,
    name             TEXT    NOT NULL DEFAULT '',
    description      TEXT    NOT NULL DEFAULT '',
    invite_code      TEXT    NOT NULL DEFAULT '',
    role             TEXT    NOT NULL DEFAULT 'guest',
    following        INTEGER NOT NULL DEFAULT 0,
    muted            INTEGER NOT NULL DEFAULT 0,
    verified         INTEGER NOT NULL DEFAULT 0,
    subscriber_count INTEGER NOT NULL DEFAULT 0,
    created_at_wa    INTEGER NOT NULL DEFAULT 0,
    first_seen_at    INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX channels_by_jid ON channels (session_id, jid);
-- How a channel's message is received; reactions is a JSON object of counts by emoji.
CREATE TABLE channel_message_stats (
    message_id INTEGER NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    views      INTEGER NOT NULL DEFAULT 0,
    reactions  TEXT    NOT NULL DEFAULT '{}',
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE calls (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id  TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    call_id     TEXT    NOT NULL,
    identity_id INTEGER NOT NULL DEFAULT 0,
    group_jid   TEXT    NOT NULL DEFAULT '',
    video       INTEGER NOT NULL DEFAULT 0,
    status      TEXT    NOT NULL,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL DEFAULT 0,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX calls_by_key ON calls (session_id, call_id);
CREATE INDEX calls_by_time ON calls (session_id, started_at, id);
CREATE INDEX calls_by_identity ON calls (identity_id);

CREATE TABLE labels (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id  TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    wa_label_id TEXT    NOT NULL,
    name        TEXT    NOT NULL DEFAULT '',
    color       INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX labels_by_key ON labels (session_id, wa_label_id);
-- What has a label: a chat (message_id 0), or one of its messages.
CREATE TABLE label_links (
    label_id   INTEGER NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
    chat_id    INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    message_id INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (label_id, chat_id, message_id)
) STRICT;
CREATE INDEX label_links_by_chat ON label_links (chat_id, message_id);

-- Parts of the history that the phone offers: kept until they are stored.
CREATE TABLE history_parts (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    wa_message_id TEXT    NOT NULL,
    notification  BLOB    NOT NULL,
    status        TEXT    NOT NULL,
    messages      INTEGER NOT NULL DEFAULT 0,
    attempts      INTEGER NOT NULL DEFAULT 0,
    next_try_at   INTEGER NOT NULL DEFAULT 0,
    error         TEXT    NOT NULL DEFAULT '',
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX history_parts_by_key ON history_parts (session_id, wa_message_id);
CREATE INDEX history_parts_waiting ON history_parts (session_id, id) WHERE status = 'waiting';

CREATE TABLE backfill_jobs (
    id            TEXT    NOT NULL PRIMARY KEY,
    session_id    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    status        TEXT    NOT NULL,
    contacts      INTEGER NOT NULL DEFAULT 0,
    groups        INTEGER NOT NULL DEFAULT 0,
    group_members INTEGER NOT NULL DEFAULT 0,
    error         TEXT    NOT NULL DEFAULT '',
    started_at    INTEGER NOT NULL,
    finished_at   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX backfill_jobs_running ON backfill_jobs (session_id) WHERE status = 'running';
CREATE INDEX backfill_jobs_by_session ON backfill_jobs (session_id, id);

-- +goose Down
DROP TABLE backfill_jobs;
DROP TABLE history_parts;
DROP TABLE label_links;
DROP TABLE labels;
DROP TABLE calls;
DROP TABLE channel_message_stats;
DROP TABLE channels;
ALTER TABLE sessions DROP COLUMN unarchive_chats;
ALTER TABLE sessions DROP COLUMN auto_reject_calls;
DROP INDEX chats_owed;
ALTER TABLE chats DROP COLUMN sync_owed;
ALTER TABLE chats DROP COLUMN marked_unread;
ALTER TABLE chats DROP COLUMN ephemeral_seconds;
DROP INDEX outgoing_expiring;
DROP INDEX outgoing_scheduled;
ALTER TABLE outgoing DROP COLUMN expires_at;
ALTER TABLE outgoing DROP COLUMN scheduled_at;
DROP TABLE media;
DROP TABLE media_unwanted;
DROP TABLE poll_votes;
DROP TABLE message_reactions;
DROP INDEX messages_waiting;
DROP INDEX messages_by_session;
DROP INDEX messages_by_time;
CREATE INDEX messages_by_time ON messages (chat_id, timestamp, id);
ALTER TABLE messages DROP COLUMN server_id;
ALTER TABLE messages DROP COLUMN starred;
ALTER TABLE messages DROP COLUMN edited_at;
ALTER TABLE messages DROP COLUMN applied;
ALTER TABLE messages DROP COLUMN hidden;
ALTER TABLE messages DROP COLUMN content;
