package models

import (
	"context"
	"fmt"
)

// GetMany gives messages by number, of any session; an unknown one is absent.
func (s *MessageStore) GetMany(ctx context.Context, ids []int64) (map[int64]Message, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+"messages m"+messageJoins+" WHERE m.id IN "+s.db.in(bigint("id")), given))
	if err != nil {
		return nil, storeError("message", "loading messages", err)
	}
	found := make(map[int64]Message, len(messages))
	for _, m := range messages {
		found[m.ID] = m
	}
	return found, nil
}

// LatestByChats gives the latest message of each chat that people would see;
// chats without one are absent.
func (s *MessageStore) LatestByChats(ctx context.Context, chatIDs []int64) (map[int64]Message, error) {
	given, err := keys("id", chatIDs)
	if err != nil {
		return nil, err
	}
	messages, err := scanMessages(s.db.read(ctx).Raw(messageSelect+s.db.rows(bigint("id"))+` AS p JOIN messages m ON m.id =
		(SELECT x.id FROM messages x WHERE x.chat_id = p.id AND NOT x.hidden
			ORDER BY x.timestamp DESC, x.id DESC LIMIT 1)`+messageJoins, given))
	if err != nil {
		return nil, storeError("message", "loading the latest messages", err)
	}
	found := make(map[int64]Message, len(messages))
	for _, m := range messages {
		found[m.ChatID] = m
	}
	return found, nil
}

// QuotedBy gives the messages that these reply to, by the number of the reply;
// those that are not known here are absent. Should several people have sent one
// of the quoted id in the chat, it is the earliest.
func (s *MessageStore) QuotedBy(ctx context.Context, replyIDs []int64) (map[int64]Message, error) {
	given, err := keys("id", replyIDs)
	if err != nil {
		return nil, err
	}
	quotedBy, ids, err := scanPairs(s.db.read(ctx).Raw(`SELECT r.id, MIN(q.id) FROM messages r JOIN messages q ON q.session_id = r.session_id
			AND q.wa_message_id = r.quoted_id AND q.chat_id = r.chat_id
		WHERE r.quoted_id <> '' AND r.id IN `+s.db.in(bigint("id"))+" GROUP BY r.id", given))
	if err != nil {
		return nil, storeError("message", "finding quoted messages", err)
	}
	quoted, err := s.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]Message, len(quotedBy))
	for reply, id := range quotedBy {
		if message, known := quoted[id]; known { // else it was deleted just now
			found[reply] = message
		}
	}
	return found, nil
}

// ReceiptsByMessages gives how far each recipient is with messages of the
// account's own, in the order in which they got there; messages without receipts
// are absent.
func (s *MessageStore) ReceiptsByMessages(ctx context.Context, ids []int64) (map[int64][]MessageReceipt, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.read(ctx).Raw("SELECT r.message_id, r.ack_level, r.at, "+identityColumns+` FROM message_receipts r
		JOIN identities i ON i.id = r.identity_id WHERE r.message_id IN `+s.db.in(bigint("id"))+" ORDER BY r.message_id, r.at, i.id", given).Rows()
	if err != nil {
		return nil, storeError("message", "loading receipts", err)
	}
	defer func() { _ = rows.Close() }()
	found := make(map[int64][]MessageReceipt)
	for rows.Next() {
		var r MessageReceipt
		i := &r.Identity
		if err := rows.Scan(&r.MessageID, &r.AckLevel, &r.At, &i.ID, &i.SessionID, &i.LID, &i.PhoneJID, &i.PhoneNumber,
			&i.ContactName, &i.PushName, &i.BusinessName, &i.FirstSeenAt, &i.UpdatedAt); err != nil {
			return nil, storeError("message", "loading receipts", fmt.Errorf("scanning a receipt: %w", err))
		}
		found[r.MessageID] = append(found[r.MessageID], r)
	}
	return found, storeError("message", "loading receipts", rows.Err())
}
