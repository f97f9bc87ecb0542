package models

import (
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
)

// ReactionsByMessages gives what people reacted to messages with, the earliest
// first; messages without reactions are absent.
func (s *MessageStore) ReactionsByMessages(ctx context.Context, ids []int64) (map[int64][]Reaction, error) {
	found, err := s.db.reactions(s.db.read(ctx), ids)
	return found, storeError("message", "loading reactions", err)
}

// VotesByMessages gives the votes in polls, the earliest first; votes that were
// taken back, and messages without votes, are absent.
func (s *MessageStore) VotesByMessages(ctx context.Context, ids []int64) (map[int64][]PollVote, error) {
	found, err := s.db.votes(s.db.read(ctx), ids)
	return found, storeError("message", "loading votes", err)
}

func (db *DB) reactions(tx *gorm.DB, ids []int64) (map[int64][]Reaction, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Raw("SELECT r.message_id, r.emoji, r.at, i.lid <> '' AND i.lid = s.wa_lid OR i.phone_jid <> '' AND i.phone_jid = s.wa_jid, "+
		identityColumns+` FROM message_reactions r JOIN identities i ON i.id = r.sender_id JOIN sessions s ON s.id = i.session_id
		WHERE r.emoji <> '' AND r.message_id IN `+db.in(bigint("id"))+" ORDER BY r.message_id, r.at, i.id", given).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := make(map[int64][]Reaction)
	for rows.Next() {
		var r Reaction
		if err := rows.Scan(append([]any{&r.MessageID, &r.Emoji, &r.At, &r.FromMe}, identityFields(&r.Identity)...)...); err != nil {
			return nil, fmt.Errorf("scanning a reaction: %w", err)
		}
		found[r.MessageID] = append(found[r.MessageID], r)
	}
	return found, rows.Err()
}

func (db *DB) votes(tx *gorm.DB, ids []int64) (map[int64][]PollVote, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Raw("SELECT v.message_id, v.options, v.at, "+identityColumns+` FROM poll_votes v
		JOIN identities i ON i.id = v.voter_id WHERE v.options <> '[]' AND v.message_id IN `+db.in(bigint("id"))+
		" ORDER BY v.message_id, v.at, i.id", given).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := make(map[int64][]PollVote)
	for rows.Next() {
		var (
			v       PollVote
			options string
		)
		if err := rows.Scan(append([]any{&v.MessageID, &options, &v.At}, identityFields(&v.Identity)...)...); err != nil {
			return nil, fmt.Errorf("scanning a vote: %w", err)
		}
		if err := json.Unmarshal([]byte(options), &v.Options); err != nil {
			return nil, fmt.Errorf("reading a vote: %w", err)
		}
		found[v.MessageID] = append(found[v.MessageID], v)
	}
	return found, rows.Err()
}

// identityFields are where identityColumns are scanned to.
func identityFields(i *Identity) []any {
	return []any{
		&i.ID, &i.SessionID, &i.LID, &i.PhoneJID, &i.PhoneNumber, &i.ContactName, &i.PushName, &i.BusinessName, &i.FirstSeenAt, &i.UpdatedAt,
	}
}

// detail loads a message's Details.
func (db *DB) detail(tx *gorm.DB, m *Message) error {
	reactions, err := db.reactions(tx, []int64{m.ID})
	if err != nil {
		return fmt.Errorf("loading a message's reactions: %w", err)
	}
	m.Details = &Details{Reactions: reactions[m.ID]}
	if m.Type != MessagePoll {
		return nil
	}
	votes, err := db.votes(tx, []int64{m.ID})
	if err != nil {
		return fmt.Errorf("loading a poll's votes: %w", err)
	}
	m.Details.Tally = tally(votes[m.ID])
	return nil
}

// tally counts votes by option.
func tally(votes []PollVote) map[string]int {
	count := make(map[string]int)
	for _, v := range votes {
		for _, option := range v.Options {
			count[option]++
		}
	}
	return count
}

// RawByMessages gives WhatsApp's own encoding of messages; unknown ones are absent.
func (s *MessageStore) RawByMessages(ctx context.Context, ids []int64) (map[int64][]byte, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.read(ctx).Raw("SELECT id, raw FROM messages WHERE id IN "+s.db.in(bigint("id")), given).Rows()
	if err != nil {
		return nil, storeError("message", "loading encodings", err)
	}
	defer func() { _ = rows.Close() }()
	found := make(map[int64][]byte)
	for rows.Next() {
		var (
			id  int64
			raw []byte
		)
		if err := rows.Scan(&id, &raw); err != nil {
			return nil, storeError("message", "loading encodings", err)
		}
		found[id] = raw
	}
	return found, storeError("message", "loading encodings", rows.Err())
}
