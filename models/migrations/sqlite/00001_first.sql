-- +goose Up
-- Times are epoch milliseconds; 0 and '' stand for "never", "none", "unknown".

CREATE TABLE organizations (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id                 TEXT    NOT NULL PRIMARY KEY,
    organization_id    TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name               TEXT    NOT NULL DEFAULT '',
    prefix             TEXT    NOT NULL,
    secret_hash        BLOB    NOT NULL UNIQUE,
    capabilities       TEXT    NOT NULL,
    session_id         TEXT    NOT NULL DEFAULT '',
    created_by_user_id TEXT    NOT NULL DEFAULT '',
    created_at         INTEGER NOT NULL,
    expires_at         INTEGER NOT NULL DEFAULT 0,
    last_used_at       INTEGER NOT NULL DEFAULT 0,
    revoked_at         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);
CREATE INDEX api_keys_by_session ON api_keys (session_id) WHERE session_id <> '';

CREATE TABLE sessions (
    id                 TEXT    NOT NULL PRIMARY KEY,
    organization_id    TEXT    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    label              TEXT    NOT NULL DEFAULT '',
    created_by_user_id TEXT    NOT NULL DEFAULT '',
    is_admin_session   INTEGER NOT NULL DEFAULT 0,
    phone_number       TEXT    NOT NULL DEFAULT '',
    wa_jid             TEXT    NOT NULL DEFAULT '',
    wa_lid             TEXT    NOT NULL DEFAULT '',
    device_jid         TEXT    NOT NULL DEFAULT '',
    push_name          TEXT    NOT NULL DEFAULT '',
    status             TEXT    NOT NULL DEFAULT 'stopped',
    status_reason      TEXT    NOT NULL DEFAULT '',
    enabled            INTEGER NOT NULL DEFAULT 0,
    gateway_id         TEXT    NOT NULL DEFAULT '',
    auto_read          INTEGER NOT NULL DEFAULT 0,
    presence_typing    INTEGER NOT NULL DEFAULT 0,
    rate_per_min       INTEGER NOT NULL DEFAULT 20,
    rate_per_hour      INTEGER NOT NULL DEFAULT 600,
    history_days       INTEGER NOT NULL DEFAULT 0,
    last_connected_at  INTEGER NOT NULL DEFAULT 0,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_organization ON sessions (organization_id, id);
CREATE INDEX sessions_enabled ON sessions (id) WHERE enabled <> 0;

-- Apart from sessions, so that no query of a session reads a credential.
CREATE TABLE session_proxies (
    session_id TEXT    NOT NULL PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    sealed_url BLOB    NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: callers hold on to ids (cursors, node ids), so none is given out twice.
CREATE TABLE identities (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    lid           TEXT    NOT NULL DEFAULT '',
    phone_jid     TEXT    NOT NULL DEFAULT '',
    phone_number  TEXT    NOT NULL DEFAULT '',
    contact_name  TEXT    NOT NULL DEFAULT '',
    push_name     TEXT    NOT NULL DEFAULT '',
    business_name TEXT    NOT NULL DEFAULT '',
    first_seen_at INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    CHECK (lid <> '' OR phone_jid <> '')
) STRICT;
CREATE UNIQUE INDEX identities_by_lid ON identities (session_id, lid) WHERE lid <> '';
CREATE UNIQUE INDEX identities_by_phone ON identities (session_id, phone_jid) WHERE phone_jid <> '';
-- A SQLite index ends with the row's id, which orders the lists.
CREATE INDEX identities_by_session ON identities (session_id);

CREATE TABLE wa_groups (
    id                INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    session_id        TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    group_jid         TEXT    NOT NULL,
    subject           TEXT    NOT NULL DEFAULT '',
    description       TEXT    NOT NULL DEFAULT '',
    owner_jid         TEXT    NOT NULL DEFAULT '',
    is_announce       INTEGER NOT NULL DEFAULT 0,
    is_locked         INTEGER NOT NULL DEFAULT 0,
    join_approval     INTEGER NOT NULL DEFAULT 0,
    member_add_mode   TEXT    NOT NULL DEFAULT '',
    ephemeral_seconds INTEGER NOT NULL DEFAULT 0,
    parent_jid        TEXT    NOT NULL DEFAULT '',
    is_community      INTEGER NOT NULL DEFAULT 0,
    participant_count INTEGER NOT NULL DEFAULT 0,
    created_at_wa     INTEGER NOT NULL DEFAULT 0,
    first_seen_at     INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    left_at           INTEGER NOT NULL DEFAULT 0,
    -- When the whole member list was last seen: one write here instead of one per member.
    synced_at         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX wa_groups_by_jid ON wa_groups (session_id, group_jid);
CREATE INDEX wa_groups_by_session ON wa_groups (session_id, left_at);

CREATE TABLE wa_group_members (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    group_id      INTEGER NOT NULL REFERENCES wa_groups (id) ON DELETE CASCADE,
    identity_id   INTEGER NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    role          TEXT    NOT NULL DEFAULT 'member',
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    left_at       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX wa_group_members_by_identity ON wa_group_members (identity_id, group_id);
CREATE INDEX wa_group_members_by_group ON wa_group_members (group_id, left_at);

-- +goose Down
DROP TABLE wa_group_members;
DROP TABLE wa_groups;
DROP TABLE identities;
DROP TABLE session_proxies;
DROP TABLE sessions;
DROP TABLE api_keys;
DROP TABLE organizations;
