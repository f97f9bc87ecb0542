package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// SaveStats stores how messages of a channel are received. Those that are not
// known are passed over.
func (s *ChannelStore) SaveStats(ctx context.Context, sessionID, jid string, stats []NewChannelStats) error {
	err := s.db.sessionTx(ctx, sessionID, func(tx *gorm.DB) error {
		for _, of := range stats {
			reactions, err := json.Marshal(of.Reactions)
			if err != nil {
				return fmt.Errorf("encoding reactions: %w", err)
			}
			if of.Reactions == nil {
				reactions = []byte("{}")
			}
			err = tx.Exec(`INSERT INTO channel_message_stats (message_id, views, reactions, updated_at)
				SELECT m.id, CAST(? AS INTEGER), CAST(? AS TEXT), CAST(? AS BIGINT) FROM messages m JOIN chats c ON c.id = m.chat_id
				WHERE m.session_id = ? AND m.wa_message_id = ? AND c.jid = ? AND NOT m.hidden
				ON CONFLICT (message_id) DO UPDATE SET reactions = excluded.reactions, updated_at = excluded.updated_at,
					views = CASE WHEN excluded.views > 0 THEN excluded.views ELSE channel_message_stats.views END`,
				of.Views, string(reactions), Now(), sessionID, of.WAMessageID, jid).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
	return storeError("session", "storing how messages of a channel are received", err)
}

// StatsByMessages tells how messages of channels are received, by the message's
// number; one of which nothing was heard is absent.
func (s *ChannelStore) StatsByMessages(ctx context.Context, messageIDs []int64) (map[int64]ChannelStats, error) {
	given, err := keys("id", messageIDs)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		MessageID int64
		Views     int
		Reactions string
		UpdatedAt Millis
	}
	err = s.db.read(ctx).Raw("SELECT message_id, views, reactions, updated_at FROM channel_message_stats WHERE message_id IN "+
		s.db.in(bigint("id")), given).Scan(&rows).Error
	if err != nil {
		return nil, storeError("message", "loading how messages of channels are received", err)
	}
	found := make(map[int64]ChannelStats, len(rows))
	for _, row := range rows {
		var counts map[string]int
		if err := json.Unmarshal([]byte(row.Reactions), &counts); err != nil {
			return nil, fmt.Errorf("reading reactions: %w", err)
		}
		stats := ChannelStats{Views: row.Views, Reactions: make([]ReactionCount, 0, len(counts)), UpdatedAt: row.UpdatedAt}
		for emoji, n := range counts {
			stats.Reactions = append(stats.Reactions, ReactionCount{Emoji: emoji, Count: n})
		}
		slices.SortFunc(stats.Reactions, func(a, b ReactionCount) int {
			return cmp.Or(b.Count-a.Count, strings.Compare(a.Emoji, b.Emoji))
		})
		found[row.MessageID] = stats
	}
	return found, nil
}

// GetByChannels gives the chats that the messages of channels are in, by the
// channel's number; a channel without any is absent.
func (s *ChatStore) GetByChannels(ctx context.Context, channelIDs []int64) (map[int64]Chat, error) {
	given, err := keys("id", channelIDs)
	if err != nil {
		return nil, err
	}
	var pairs []struct{ ID, ChatID int64 }
	err = s.db.read(ctx).Raw("SELECT n.id, c.id AS chat_id FROM channels n JOIN chats c ON c.session_id = n.session_id AND c.jid = n.jid WHERE n.id IN "+
		s.db.in(bigint("id")), given).Scan(&pairs).Error
	if err != nil {
		return nil, storeError("chat", "loading the chats of channels", err)
	}
	ids := make([]int64, len(pairs))
	for i, p := range pairs {
		ids[i] = p.ChatID
	}
	chats, err := s.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	found := make(map[int64]Chat, len(pairs))
	for _, p := range pairs {
		if chat, there := chats[p.ChatID]; there {
			found[p.ID] = chat
		}
	}
	return found, nil
}
