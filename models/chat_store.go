package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"wagateway/models/fault"
)

// ChatStore keeps the chats of the sessions.
type ChatStore struct{ db *DB }

// chatSelect selects what scanChats reads, of the alias c.
const (
	chatSelect = `SELECT c.id, c.session_id, c.type, c.jid, c.identity_id, c.archived, c.pinned, c.muted_until, c.unread_count,
		c.marked_unread, COALESCE(g.ephemeral_seconds, c.ephemeral_seconds), c.sync_owed,
		c.last_message_at, c.created_at, c.updated_at, COALESCE(i.lid, ''), COALESCE(i.phone_jid, ''),
		COALESCE(i.contact_name, ''), COALESCE(i.business_name, ''), COALESCE(i.push_name, ''), COALESCE(g.subject, n.name, '') FROM `
	chatJoins = ` LEFT JOIN identities i ON i.id = c.identity_id
		LEFT JOIN wa_groups g ON g.session_id = c.session_id AND g.group_jid = c.jid
		LEFT JOIN channels n ON n.session_id = c.session_id AND n.jid = c.jid`
)

// Get gives the chat with a person, by LID or phone JID, or with a group or channel.
func (s *ChatStore) Get(ctx context.Context, sessionID, jid string) (*Chat, error) {
	chat, err := scanChat(s.db.read(ctx).Raw(chatSelect+"chats c"+chatJoins+" WHERE c.session_id = ? AND "+chatIs(jid), sessionID, jid))
	if err != nil {
		return nil, storeError("chat", "loading a chat of session "+sessionID, err)
	}
	return chat, nil
}

// chatIs is the condition that finds a chat c by an address.
func chatIs(jid string) string {
	switch {
	case strings.HasSuffix(jid, lidSuffix), strings.HasSuffix(jid, phoneSuffix):
		return "c.identity_id <> 0 AND c.identity_id = (SELECT i.id FROM identities i WHERE i.session_id = c.session_id AND " + addressIs(jid) + ")"
	default:
		return "c.jid = ? AND c.jid <> ''"
	}
}

// GetByID gives a chat of any session: the caller checks that the session is one
// of their organization.
func (s *ChatStore) GetByID(ctx context.Context, id int64) (*Chat, error) {
	chat, err := scanChat(s.db.read(ctx).Raw(chatSelect+"chats c"+chatJoins+" WHERE c.id = ?", id))
	if err != nil {
		return nil, storeError("chat", "loading a chat", err)
	}
	return chat, nil
}

// GetMany gives chats by id, of any session; an unknown id is absent.
func (s *ChatStore) GetMany(ctx context.Context, ids []int64) (map[int64]Chat, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	chats, err := scanChats(s.db.read(ctx).Raw(chatSelect+"chats c"+chatJoins+" WHERE c.id IN "+s.db.in(bigint("id")), given))
	if err != nil {
		return nil, storeError("chat", "loading chats", err)
	}
	found := make(map[int64]Chat, len(chats))
	for _, chat := range chats {
		found[chat.ID] = chat
	}
	return found, nil
}

// scanChat runs a query for one chat; sql.ErrNoRows when there is none.
func scanChat(query *gorm.DB) (*Chat, error) {
	chats, err := scanChats(query)
	if err != nil {
		return nil, err
	}
	if len(chats) == 0 {
		return nil, sql.ErrNoRows
	}
	return &chats[0], nil
}

// scanChats runs a query that begins with chatSelect.
func scanChats(query *gorm.DB) ([]Chat, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	chats := []Chat{}
	for rows.Next() {
		var (
			c       Chat
			person  Identity
			subject string // or a channel's name
		)
		if err := rows.Scan(&c.ID, &c.SessionID, &c.Type, &c.JID, &c.IdentityID, &c.Archived, &c.Pinned, &c.MutedUntil, &c.UnreadCount,
			&c.MarkedUnread, &c.EphemeralSeconds, &c.Owed, &c.LastMessageAt, &c.CreatedAt, &c.UpdatedAt, &person.LID, &person.PhoneJID,
			&person.ContactName, &person.BusinessName, &person.PushName, &subject); err != nil {
			return nil, fmt.Errorf("scanning a chat: %w", err)
		}
		c.Name = subject
		if c.IdentityID != 0 {
			c.JID, c.LID, c.Name = person.Address(), person.LID, person.Name()
		}
		chats = append(chats, c)
	}
	return chats, rows.Err()
}

// chatID gives the number of a chat, made when it is new. person is the id of a
// DM's person, 0 for any other chat.
func (db *DB) chatID(tx *gorm.DB, sessionID string, chat ChatAddress, person int64, now Millis) (int64, error) {
	id, err := db.findChat(tx, sessionID, chat.JID, person)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	err = tx.Raw(`INSERT INTO chats (session_id, type, jid, identity_id, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
		sessionID, chat.Type, chat.JID, person, now, now).Row().Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("adding a chat: %w", err)
	}
	return id, nil
}

// findChat gives the number of a chat; sql.ErrNoRows when it is not known.
func (db *DB) findChat(tx *gorm.DB, sessionID, jid string, person int64) (int64, error) {
	var (
		id    int64
		query *gorm.DB
	)
	if person != 0 {
		query = tx.Raw("SELECT id FROM chats WHERE session_id = ? AND identity_id = ? AND identity_id <> 0", sessionID, person)
	} else {
		query = tx.Raw("SELECT id FROM chats WHERE session_id = ? AND jid = ? AND jid <> ''", sessionID, jid)
	}
	if err := query.Row().Scan(&id); err != nil {
		return 0, fmt.Errorf("finding a chat: %w", err)
	}
	return id, nil
}

// emitChat writes chat.updated for a chat as it is now.
func (db *DB) emitChat(tx *gorm.DB, id int64) (*Chat, error) {
	chat, err := scanChat(tx.Raw(chatSelect+"chats c"+chatJoins+" WHERE c.id = ?", id))
	if err != nil {
		return nil, fmt.Errorf("loading the chat: %w", err)
	}
	return chat, db.emit(tx, chat.SessionID, NewEvent{Name: EventChatUpdated, Key: chat.JID, Payload: chat.Shape()})
}

// timeKey is the cursor of a list ordered by time, the latest first.
func timeKey(at Millis, id int64) string {
	return strconv.FormatInt(int64(at), 10) + "." + strconv.FormatInt(id, 10)
}

// latest is before every row of a list ordered by time, the latest first.
const latest = int64(math.MaxInt64)

// decodeTime reads a cursor made of a timeKey.
func (c cursors) decodeTime(cursor string) (at, id int64, err error) {
	key, err := c.decode(cursor)
	if err != nil {
		return 0, 0, err
	}
	if key == "" {
		return latest, latest, nil
	}
	first, second, _ := strings.Cut(key, ".")
	at, err = strconv.ParseInt(first, 10, 64)
	if err == nil {
		id, err = strconv.ParseInt(second, 10, 64)
	}
	if err != nil {
		return 0, 0, fault.New(fault.Validation, fault.ReasonInvalidCursor, "cursor is not one of this list").With("field", "cursor")
	}
	return at, id, nil
}
