package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// GetByMessages gives the chats of messages, by the message's number; unknown
// messages are absent.
func (s *ChatStore) GetByMessages(ctx context.Context, messageIDs []int64) (map[int64]Chat, error) {
	given, err := keys("id", messageIDs)
	if err != nil {
		return nil, err
	}
	chatOf, ids, err := scanPairs(s.db.read(ctx).Raw("SELECT id, chat_id FROM messages WHERE id IN "+s.db.in(bigint("id")), given))
	if err != nil {
		return nil, storeError("chat", "finding the chats of messages", err)
	}
	chats, err := s.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]Chat, len(chatOf))
	for message, id := range chatOf {
		if chat, known := chats[id]; known { // else it was merged or deleted just now
			found[message] = chat
		}
	}
	return found, nil
}

// GetByChats gives the people of DMs, by the chat's number; other chats are
// absent.
func (s *IdentityStore) GetByChats(ctx context.Context, chatIDs []int64) (map[int64]Identity, error) {
	return s.through(ctx, "SELECT id, identity_id FROM chats WHERE identity_id <> 0 AND id IN ", chatIDs)
}

// GetBySentMessages gives the senders of messages, by the message's number;
// messages of unknown senders are absent.
func (s *IdentityStore) GetBySentMessages(ctx context.Context, messageIDs []int64) (map[int64]Identity, error) {
	return s.through(ctx, "SELECT id, sender_id FROM messages WHERE sender_id <> 0 AND id IN ", messageIDs)
}

// through gives the people to whom a query for pairs leads from rows.
func (s *IdentityStore) through(ctx context.Context, query string, ids []int64) (map[int64]Identity, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	personOf, people, err := scanPairs(s.db.read(ctx).Raw(query+s.db.in(bigint("id")), given))
	if err != nil {
		return nil, storeError("contact", "finding people", err)
	}
	identities, err := s.GetMany(ctx, people)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]Identity, len(personOf))
	for row, person := range personOf {
		if identity, known := identities[person]; known {
			found[row] = identity
		}
	}
	return found, nil
}

// scanPairs runs a query for pairs of numbers and gives what each first one leads
// to, and all that they lead to, once each.
func scanPairs(query *gorm.DB) (to map[int64]int64, targets []int64, err error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }()
	to, seen := make(map[int64]int64), make(map[int64]bool)
	for rows.Next() {
		var from, target int64
		if err := rows.Scan(&from, &target); err != nil {
			return nil, nil, fmt.Errorf("scanning a pair: %w", err)
		}
		to[from] = target
		if !seen[target] {
			seen[target] = true
			targets = append(targets, target)
		}
	}
	return to, targets, rows.Err()
}
