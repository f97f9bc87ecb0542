package models

import "context"

// GetByChats gives the groups of chats by the chat's number; a chat that is none
// of a known group is absent.
func (s *GroupStore) GetByChats(ctx context.Context, chatIDs []int64) (map[int64]Group, error) {
	given, err := keys("id", chatIDs)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Group  `gorm:"embedded"`
		ChatID int64
	}
	err = s.db.read(ctx).Raw("SELECT "+groupColumns+", c.id AS chat_id FROM chats c JOIN wa_groups g ON g.session_id = c.session_id AND g.group_jid = c.jid WHERE c.id IN "+
		s.db.in(bigint("id")), given).Scan(&rows).Error
	if err != nil {
		return nil, storeError("group", "loading the groups of chats", err)
	}
	found := make(map[int64]Group, len(rows))
	for _, row := range rows {
		found[row.ChatID] = row.Group
	}
	return found, nil
}

// ByJIDs gives groups of a session by address; one that is not known is absent.
func (s *GroupStore) ByJIDs(ctx context.Context, sessionID string, jids []string) (map[string]Group, error) {
	given, err := keys("group_jid", jids)
	if err != nil {
		return nil, err
	}
	var groups []Group
	err = s.db.read(ctx).Find(&groups, "session_id = ? AND group_jid IN "+s.db.in(text("group_jid")), sessionID, given).Error
	if err != nil {
		return nil, storeError("group", "loading groups of session "+sessionID, err)
	}
	found := make(map[string]Group, len(groups))
	for _, group := range groups {
		found[group.JID] = group
	}
	return found, nil
}
