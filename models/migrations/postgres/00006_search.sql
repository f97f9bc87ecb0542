-- +goose Up
-- The words of messages; models/message_search.go writes them. The text itself is
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
SELECT id, session_id, timestamp, strip(to_tsvector('simple', left(body, 65536))) FROM messages
WHERE NOT hidden AND NOT deleted AND body <> '' AND type <> 'undecryptable';

-- +goose Down
DROP TABLE message_search;
