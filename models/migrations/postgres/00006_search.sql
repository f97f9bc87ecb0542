-- +goose Up
-- The words of messages; models/message_search.go writes them. Each begins with its
-- session's mark, so that no search reads another session's words. The text itself is
-- not kept a second time.
CREATE TABLE message_search (
    message_id BIGINT           NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    session_id TEXT COLLATE "C" NOT NULL,
    timestamp  BIGINT           NOT NULL,
    words      TSVECTOR         NOT NULL
);
CREATE INDEX message_search_by_words ON message_search USING GIN (words);
CREATE INDEX message_search_by_time ON message_search (session_id, timestamp, message_id);

-- What is here already, as well as SQL can divide it into words.
INSERT INTO message_search (message_id, session_id, timestamp, words)
SELECT m.id, m.session_id, m.timestamp, w.words FROM messages m CROSS JOIN LATERAL (
    SELECT array_to_tsvector(array_agg(lower(right(m.session_id, 8)) || t.lexeme)) AS words
    FROM unnest(to_tsvector('simple', left(m.body, 65536))) t WHERE length(t.lexeme) <= 64
) w
WHERE NOT m.hidden AND NOT m.deleted AND m.body <> '' AND m.type <> 'undecryptable' AND w.words IS NOT NULL;

-- Lists of what somebody has sent, and of what is starred.
DROP INDEX messages_by_sender;
CREATE INDEX messages_by_sender ON messages (sender_id, timestamp, id);
CREATE INDEX messages_starred ON messages (session_id, timestamp, id) WHERE starred AND NOT hidden;

-- Whether an event has told of the message: not where the past brought it, or a
-- question. When WhatsApp delivers such a one after all, it is told then.
ALTER TABLE messages ADD COLUMN told BOOLEAN NOT NULL DEFAULT TRUE;

-- WhatsApp's name of the upload of a file for a channel, which the message needs.
ALTER TABLE outgoing ADD COLUMN media_handle TEXT NOT NULL DEFAULT '';

-- Whether something of the account's app state may have been read and not stored.
ALTER TABLE sessions ADD COLUMN state_doubtful BOOLEAN NOT NULL DEFAULT FALSE;

-- WhatsApp's names for the members of a group as the latest changes left them: each
-- change of members is done, and told of, once.
ALTER TABLE wa_groups ADD COLUMN member_versions TEXT NOT NULL DEFAULT '';

-- Lists of what a session was asked to send, and of what failed.
CREATE INDEX outgoing_by_session ON outgoing (session_id, id);
CREATE INDEX outgoing_failed ON outgoing (session_id, id) WHERE status = 'failed';

-- +goose Down
DROP INDEX outgoing_failed;
DROP INDEX outgoing_by_session;
ALTER TABLE wa_groups DROP COLUMN member_versions;
ALTER TABLE sessions DROP COLUMN state_doubtful;
ALTER TABLE outgoing DROP COLUMN media_handle;
ALTER TABLE messages DROP COLUMN told;
DROP INDEX messages_starred;
DROP INDEX messages_by_sender;
CREATE INDEX messages_by_sender ON messages (sender_id);
DROP TABLE message_search;
