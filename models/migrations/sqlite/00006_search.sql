-- +goose Up
-- The words of messages, in a place that tells when: rowid is the message's time in
-- milliseconds, shifted by 20 bits, and the last 20 bits of its id, so that a search
-- gives the latest first without sorting. The first word is the session's. The text
-- itself is not kept a second time; models/message_search.go writes it.
CREATE VIRTUAL TABLE message_search USING fts5(words, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2');
-- +goose StatementBegin
CREATE TRIGGER messages_forgotten AFTER DELETE ON messages WHEN NOT OLD.hidden BEGIN
    DELETE FROM message_search WHERE rowid = (OLD.timestamp << 20) | (OLD.id & 1048575);
END;
-- +goose StatementEnd

-- What is here already, as well as SQL can divide it into words.
INSERT INTO message_search (rowid, words)
SELECT (timestamp << 20) | (id & 1048575), 's' || lower(session_id) || ' ' || body FROM messages
WHERE NOT hidden AND NOT deleted AND body <> '' AND type <> 'undecryptable';

-- +goose Down
DROP TRIGGER messages_forgotten;
DROP TABLE message_search;
