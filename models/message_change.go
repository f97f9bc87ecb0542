package models

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"wagateway/models/contract"
)

// changeCame applies a message that changes another one, and tells of it with an
// event, in the transaction that stored it, or that stored that WhatsApp has taken
// it. Where the other one is not here, or could not be read yet, it waits for it;
// the event is told all the same. What its sender may not do is kept and does
// nothing.
func (db *DB) changeCame(tx *gorm.DB, change *Message, tell bool) error {
	target, err := db.targetOf(tx, change)
	if errors.Is(err, sql.ErrNoRows) {
		if !tell {
			return nil
		}
		return db.emitChange(tx, change, nil)
	}
	if err != nil {
		return err
	}
	changed, err := db.applyChange(tx, target, change)
	switch {
	case err != nil || !tell:
		return err
	case changed:
		return db.emitChange(tx, change, target)
	case waitsFor(target, change):
		return db.emitChange(tx, change, nil)
	default:
		return nil
	}
}

// waitsFor reports whether a change that did nothing will do something once its
// target can be read.
func waitsFor(target, change *Message) bool {
	return target.Type == MessageUndecryptable && !target.Deleted &&
		(change.Type == MessageVote || change.Type == MessageEdit && change.SenderID == target.SenderID)
}

// targetOf finds the message that one changes; sql.ErrNoRows when it is not here.
func (db *DB) targetOf(tx *gorm.DB, change *Message) (*Message, error) {
	candidates, err := scanMessages(tx.Raw(messageSelect+"messages m"+messageJoins+
		" WHERE m.session_id = ? AND m.wa_message_id = ? AND m.chat_id = ? AND NOT m.hidden ORDER BY m.id",
		change.SessionID, change.QuotedID, change.ChatID))
	if err != nil {
		return nil, fmt.Errorf("finding the message that is changed: %w", err)
	}
	for i := range candidates {
		sender := change.Content.TargetSender
		if sender != "" && (candidates[i].SenderLID == sender || candidates[i].SenderJID == sender) {
			return &candidates[i], nil
		}
	}
	if len(candidates) == 0 {
		return nil, sql.ErrNoRows
	}
	// Its sender was named by an address that is not known to be theirs.
	return &candidates[0], nil
}

// applyWaiting applies to a message that is new here what came before it, and gives
// it as it is then.
func (db *DB) applyWaiting(tx *gorm.DB, m *Message) (*Message, error) {
	changes, err := scanMessages(tx.Raw(messageSelect+"messages m"+messageJoins+
		` WHERE m.chat_id = ? AND m.quoted_id = ? AND m.hidden AND NOT m.applied AND (NOT m.from_me OR m.ack_level > 0)
		ORDER BY m.timestamp, m.id`, m.ChatID, m.WAMessageID))
	if err != nil {
		return nil, fmt.Errorf("loading changes of a message: %w", err)
	}
	for i := range changes {
		if _, err := db.applyChange(tx, m, &changes[i]); err != nil {
			return nil, err
		}
	}
	return m, db.detail(tx, m)
}

// applyChange changes target, in the database and in place, as another message
// says; changed is false when that message's sender may not, or a later one came
// before.
func (db *DB) applyChange(tx *gorm.DB, target, change *Message) (changed bool, err error) {
	switch change.Type {
	case MessageReaction:
		changed, err = react(tx, target, change)
	case MessageEdit:
		changed, err = db.edit(tx, target, change)
	case MessageRevoke:
		changed, err = db.revoke(tx, target, change)
	case MessageVote:
		changed, err = vote(tx, target, change)
	default:
		err = fmt.Errorf("a message of type %s changes nothing", change.Type)
	}
	if err != nil {
		return false, fmt.Errorf("changing a message: %w", err)
	}
	if target.Type == MessageUndecryptable { // what can be read of it takes its place, and is to be changed as well
		return changed, nil
	}
	if err := tx.Exec("UPDATE messages SET applied = TRUE WHERE id = ?", change.ID).Error; err != nil {
		return false, fmt.Errorf("marking a change: %w", err)
	}
	return changed, nil
}

// Changes are ordered by the second in which they were sent, as WhatsApp tells it;
// within one, the later to come counts.

// react replaces the sender's reaction; "" takes it back.
func react(tx *gorm.DB, target, change *Message) (bool, error) {
	done := tx.Exec(`INSERT INTO message_reactions (message_id, sender_id, emoji, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (message_id, sender_id) DO UPDATE SET emoji = excluded.emoji, at = excluded.at WHERE message_reactions.at / 1000 <= excluded.at / 1000`,
		target.ID, change.SenderID, change.Body, change.Timestamp)
	return done.RowsAffected > 0, done.Error
}

// vote replaces the sender's vote; no options take it back.
func vote(tx *gorm.DB, target, change *Message) (bool, error) {
	if target.Type != MessagePoll || change.Content.Options == nil { // nil: it could not be read
		return false, nil
	}
	options, err := json.Marshal(change.Content.Options)
	if err != nil {
		return false, err
	}
	done := tx.Exec(`INSERT INTO poll_votes (message_id, voter_id, options, at) VALUES (?, ?, ?, ?)
		ON CONFLICT (message_id, voter_id) DO UPDATE SET options = excluded.options, at = excluded.at WHERE poll_votes.at / 1000 <= excluded.at / 1000`,
		target.ID, change.SenderID, string(options), change.Timestamp)
	return done.RowsAffected > 0, done.Error
}

// inChannel reports whether a message is a channel's. There WhatsApp lets its admins
// alone write, edit and delete, and does not say which of them did.
func inChannel(m *Message) bool { return strings.HasSuffix(m.ChatJID, channelSuffix) }

// edit gives a message the text of one from the same sender.
func (db *DB) edit(tx *gorm.DB, target, change *Message) (bool, error) {
	if change.SenderID != target.SenderID && !inChannel(target) || target.Deleted || change.Timestamp/1000 < target.EditedAt/1000 || target.Type == MessageUndecryptable {
		return false, nil
	}
	if inChannel(target) && target.Edited && target.Body == change.Body {
		return false, nil // the account's own, as the channel has it
	}
	target.Body, target.Mentions, target.Content.LinkPreview = change.Body, change.Mentions, change.Content.LinkPreview
	target.Edited, target.EditedAt, target.UpdatedAt = true, change.Timestamp, Now()
	mentions, err := encodeMentions(target.Mentions)
	if err != nil {
		return false, err
	}
	content, err := target.Content.encode()
	if err != nil {
		return false, err
	}
	err = tx.Exec("UPDATE messages SET body = ?, mentions = ?, content = ?, edited = TRUE, edited_at = ?, updated_at = ? WHERE id = ?",
		target.Body, mentions, content, target.EditedAt, target.UpdatedAt, target.ID).Error
	if err != nil {
		return false, err
	}
	if err := db.unindex(tx, target.ID, target.Timestamp); err != nil {
		return false, err
	}
	return true, db.index(tx, target)
}

// revoke removes what a message said, by its sender's wish or a group admin's.
func (db *DB) revoke(tx *gorm.DB, target, change *Message) (bool, error) {
	if target.Deleted {
		return false, nil
	}
	if change.SenderID != target.SenderID && !change.FromMe && !inChannel(target) {
		admin, err := isAdmin(tx, change)
		if err != nil || !admin {
			return false, err
		}
	}
	target.Deleted, target.Body, target.Mentions, target.HasMedia, target.UpdatedAt = true, "", nil, false, Now()
	target.Content, target.Details = Content{}, nil
	err := tx.Exec("UPDATE messages SET deleted = TRUE, body = '', mentions = '', content = '', has_media = FALSE, raw = ?, updated_at = ? WHERE id = ?",
		[]byte{}, target.UpdatedAt, target.ID).Error
	for _, table := range []string{"media", "message_reactions", "poll_votes"} {
		if err == nil {
			err = tx.Exec("DELETE FROM "+table+" WHERE message_id = ?", target.ID).Error
		}
	}
	if err != nil {
		return false, err
	}
	return true, db.unindex(tx, target.ID, target.Timestamp)
}

// isAdmin reports whether the sender of a message administers the group it is in.
func isAdmin(tx *gorm.DB, m *Message) (admin bool, err error) {
	if !strings.HasSuffix(m.ChatJID, groupSuffix) {
		return false, nil
	}
	err = tx.Raw(`SELECT EXISTS (SELECT 1 FROM wa_group_members gm JOIN wa_groups g ON g.id = gm.group_id
		WHERE g.session_id = ? AND g.group_jid = ? AND gm.identity_id = ? AND gm.left_at = 0 AND gm.role <> 'member')`,
		m.SessionID, m.ChatJID, m.SenderID).Row().Scan(&admin)
	return admin, err
}

// emitChange tells of a change. Without a target the event has what the change
// itself says.
func (db *DB) emitChange(tx *gorm.DB, change, target *Message) error {
	event := NewEvent{Key: change.ChatJID}
	switch change.Type {
	case MessageReaction:
		event.Name = EventMessageReaction
		event.Payload = contract.ReactionChange{
			ChatJID: change.ChatJID, Emoji: change.Body, FromMe: change.FromMe, SenderJID: change.SenderJID, SenderLID: change.SenderLID,
			SessionID: change.SessionID, Timestamp: int64(change.Timestamp), WAMessageID: change.QuotedID,
		}
	case MessageVote:
		if change.Content.Options == nil {
			return nil // it is told when it can be read
		}
		event.Name = EventPollVote
		event.Payload = contract.PollVote{
			ChatJID: change.ChatJID, Options: change.Content.Options, Timestamp: int64(change.Timestamp),
			VoterJID: change.SenderJID, WAMessageID: change.QuotedID,
		}
	default:
		event.Name = EventMessageEdited
		if change.Type == MessageRevoke {
			event.Name = EventMessageRevoked
		}
		if target == nil {
			target = change.asTarget()
		} else if err := db.detail(tx, target); err != nil {
			return err
		}
		event.Payload = target.Shape()
	}
	return db.emit(tx, change.SessionID, event)
}

// asTarget is what a change tells of a message that is not here.
func (m *Message) asTarget() *Message {
	target := *m
	target.ID, target.WAMessageID, target.QuotedID, target.Hidden, target.Type = 0, m.QuotedID, "", false, MessageUnknown
	if m.Type == MessageEdit {
		target.Type, target.Edited, target.EditedAt = MessageText, true, m.Timestamp
	} else {
		target.Deleted = true
	}
	return &target
}

// encodeMentions gives mentions as they are stored.
func encodeMentions(mentions []string) (string, error) {
	if len(mentions) == 0 {
		return "", nil
	}
	encoded, err := json.Marshal(mentions)
	if err != nil {
		return "", fmt.Errorf("encoding mentions: %w", err)
	}
	return string(encoded), nil
}
