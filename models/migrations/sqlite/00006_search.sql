-- +goose Up
-- The words of messages, in a place that tells when: rowid is the second of the
-- message, shifted by 31 bits, and the last 31 bits of its id, so that a search gives
-- the latest first without sorting. Each word begins with its session's mark, so that
-- no search sees another session's words; the beginnings that are indexed as well are of
-- one to three letters behind the mark. Words are divided and made simple before they
-- come here (models/message_words.go): nothing is left to the tokenizer but spaces. The
-- text itself is not kept a second time.
CREATE VIRTUAL TABLE message_search USING fts5(words, content='', contentless_delete=1, detail=none, prefix='9 10 11', tokenize='ascii');
-- Which words there are, for beginnings that are longer.
CREATE VIRTUAL TABLE message_search_words USING fts5vocab(message_search, instance);
-- +goose StatementBegin
CREATE TRIGGER messages_forgotten AFTER DELETE ON messages WHEN NOT OLD.hidden BEGIN
    DELETE FROM message_search WHERE rowid = (min(max(OLD.timestamp / 1000, 0), 4294967295) << 31) | (OLD.id & 2147483647);
END;
-- +goose StatementEnd

-- What is here already, as well as SQL can divide it into words.
CREATE VIRTUAL TABLE message_search_past USING fts5(words, content='', tokenize='unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE message_search_terms USING fts5vocab(message_search_past, instance);
INSERT INTO message_search_past (rowid, words)
SELECT id, body FROM messages WHERE NOT hidden AND NOT deleted AND body <> '' AND type <> 'undecryptable';
INSERT INTO message_search (rowid, words)
SELECT (min(max(m.timestamp / 1000, 0), 4294967295) << 31) | (m.id & 2147483647), t.words FROM (
    SELECT v.doc, group_concat(lower(substr(o.session_id, -8)) || v.term, ' ') AS words
    FROM message_search_terms v JOIN messages o ON o.id = v.doc GROUP BY v.doc
) t JOIN messages m ON m.id = t.doc;
DROP TABLE message_search_terms;
DROP TABLE message_search_past;

-- Lists of what somebody has sent, and of what is starred.
DROP INDEX messages_by_sender;
CREATE INDEX messages_by_sender ON messages (sender_id, timestamp, id);
CREATE INDEX messages_starred ON messages (session_id, timestamp, id) WHERE starred AND NOT hidden;

-- Whether an event has told of the message: not where the past brought it, or a
-- question. When WhatsApp delivers such a one after all, it is told then.
ALTER TABLE messages ADD COLUMN told INTEGER NOT NULL DEFAULT 1;

-- WhatsApp's name of the upload of a file for a channel, which the message needs.
ALTER TABLE outgoing ADD COLUMN media_handle TEXT NOT NULL DEFAULT '';

-- Whether something of the account's app state may have been read and not stored.
ALTER TABLE sessions ADD COLUMN state_doubtful INTEGER NOT NULL DEFAULT 0;

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
DROP TRIGGER messages_forgotten;
DROP TABLE message_search_words;
DROP TABLE message_search;
