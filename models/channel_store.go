package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// ChannelStore keeps the channels that the sessions follow or followed.
type ChannelStore struct{ db *DB }

// Get gives a channel that the account follows or followed, or that it looked at
// to do so.
func (s *ChannelStore) Get(ctx context.Context, sessionID, jid string) (*Channel, error) {
	var channel Channel
	err := s.db.read(ctx).Take(&channel, "session_id = ? AND jid = ?", sessionID, jid).Error
	if err != nil {
		return nil, storeError("channel", "loading a channel of session "+sessionID, err)
	}
	return &channel, nil
}

// GetByID gives a channel of any session: the caller checks that the session is
// one of their organization.
func (s *ChannelStore) GetByID(ctx context.Context, id int64) (*Channel, error) {
	var channel Channel
	if err := s.db.read(ctx).Take(&channel, "id = ?", id).Error; err != nil {
		return nil, storeError("channel", "loading a channel", err)
	}
	return &channel, nil
}

// Save stores a channel as it is now, new or changed.
func (s *ChannelStore) Save(ctx context.Context, sessionID string, snapshot ChannelSnapshot) (*Channel, error) {
	var stored Channel
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		stored = Channel{} // of a run that was undone
		if err := saveChannel(tx, sessionID, snapshot, noLimitMillis); err != nil {
			return err
		}
		return tx.Take(&stored, "session_id = ? AND jid = ?", sessionID, snapshot.JID).Error
	})
	if err != nil {
		return nil, storeError("session", "storing a channel of session "+sessionID, err)
	}
	return &stored, nil
}

// noLimitMillis is behind every time that is stored.
const noLimitMillis = Millis(noLimit)

// saveChannel stores a channel, unless what is stored of it was heard at that time
// or later.
func saveChannel(tx *gorm.DB, sessionID string, c ChannelSnapshot, before Millis) error {
	now := Now()
	return tx.Exec(`INSERT INTO channels (session_id, jid, name, description, invite_code, role, following, muted, verified,
			subscriber_count, created_at_wa, first_seen_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (session_id, jid) DO UPDATE SET name = excluded.name, description = excluded.description,
			invite_code = excluded.invite_code, role = excluded.role, following = excluded.following, muted = excluded.muted,
			verified = excluded.verified, subscriber_count = excluded.subscriber_count, created_at_wa = excluded.created_at_wa,
			updated_at = excluded.updated_at
		WHERE channels.updated_at < ?`,
		sessionID, c.JID, c.Name, c.Description, c.InviteCode, c.Role, c.Role.Follows(), c.Muted, c.Verified,
		c.SubscriberCount, c.CreatedAtWA, now, now, before).Error
}

// Sync stores all channels that the account follows, as WhatsApp listed them when
// it was asked: those that are not among them are no longer followed. What was
// heard of a channel since asked is younger, and stays. A list is some dozens of
// channels: WhatsApp's apps let nobody follow thousands.
func (s *ChannelStore) Sync(ctx context.Context, sessionID string, listed []ChannelSnapshot, asked Millis) error {
	jids := make([]string, len(listed))
	for i := range listed {
		jids[i] = listed[i].JID
	}
	given, err := keys("jid", jids)
	if err != nil {
		return err
	}
	err = s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		for i := range listed {
			if err := saveChannel(tx, sessionID, listed[i], asked); err != nil {
				return fmt.Errorf("storing a channel: %w", err)
			}
		}
		return tx.Exec(`UPDATE channels SET following = ?, role = ?, muted = ?, updated_at = ?
			WHERE session_id = ? AND following = ? AND updated_at < ? AND jid NOT IN `+s.db.in(text("jid")),
			false, ChannelGuest, false, Now(), sessionID, true, asked, given).Error
	})
	return storeError("session", "storing the channels of session "+sessionID, err)
}

// Left notes that the account no longer follows a channel. What is stored of it
// stays readable; one that is not known is none of this gateway's.
func (s *ChannelStore) Left(ctx context.Context, sessionID, jid string) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE channels SET following = ?, role = ?, muted = ?, updated_at = ? WHERE session_id = ? AND jid = ?",
			false, ChannelGuest, false, Now(), sessionID, jid).Error
	})
	return storeError("session", "leaving a channel of session "+sessionID, err)
}

// Muted notes whether the account has muted a channel.
func (s *ChannelStore) Muted(ctx context.Context, sessionID, jid string, muted bool) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE channels SET muted = ?, updated_at = ? WHERE session_id = ? AND jid = ?", muted, Now(), sessionID, jid).Error
	})
	return storeError("session", "muting a channel of session "+sessionID, err)
}

// ChannelFilter chooses channels of a list. The zero value chooses all.
type ChannelFilter struct {
	Following *bool // nil any
}

// Key tells filters apart that choose other channels.
func (f ChannelFilter) Key() string {
	if f.Following == nil {
		return ""
	}
	return fmt.Sprint(*f.Following)
}

// condition gives the condition for channels x, which begins with AND unless it is
// empty, and its values.
func (f ChannelFilter) condition() (where string, values []any) {
	if f.Following == nil {
		return "", nil
	}
	return " AND x.following = ?", []any{*f.Following}
}

// ListBySessions gives the channels of several sessions in one statement, in the
// order in which the gateway got to know them; each session is a key of the
// result. page.After works for a single session only.
func (s *ChannelStore) ListBySessions(ctx context.Context, sessionIDs []string, filter ChannelFilter, page Page) (map[string]List[Channel], error) {
	b, err := newBatch(s.db, "channels", sessionIDs, page)
	if err != nil {
		return nil, err
	}
	where, values := filter.condition()
	var channels []Channel
	err = s.db.read(ctx).Raw("SELECT n.* FROM "+
		s.db.batchTables(text("id"), "channels", "n", "x.session_id = p.id"+where)+" ORDER BY n.session_id, n.id",
		b.parameters(values...)...).Scan(&channels).Error
	if err != nil {
		return nil, storeError("channel", "listing channels", err)
	}
	return splitBatch(b, channels, func(c *Channel) string { return c.SessionID }, func(c *Channel) int64 { return c.ID }), nil
}

// CountBySessions tells how many channels of sessions a filter chooses. Sessions
// without such channels are absent.
func (s *ChannelStore) CountBySessions(ctx context.Context, sessionIDs []string, filter ChannelFilter) (map[string]int, error) {
	given, err := keys("id", sessionIDs)
	if err != nil {
		return nil, err
	}
	where, values := filter.condition()
	counts, err := scanCounts[string](s.db.read(ctx).Raw("SELECT x.session_id, COUNT(*) FROM channels x WHERE x.session_id IN "+
		s.db.in(text("id"))+where+" GROUP BY x.session_id", append([]any{given}, values...)...))
	return counts, storeError("channel", "counting channels", err)
}
