package models

import (
	"context"
	"database/sql"
	"errors"
)

// Ephemeral gives after how many seconds new messages of a chat disappear, by the
// address of whom it is with; 0: they stay, or it is not known.
func (s *ChatStore) Ephemeral(ctx context.Context, sessionID, jid string) (seconds int, err error) {
	err = s.db.read(ctx).Raw(`SELECT CASE WHEN c.ephemeral_seconds > 0 THEN c.ephemeral_seconds ELSE COALESCE(g.ephemeral_seconds, 0) END
		FROM chats c LEFT JOIN wa_groups g ON g.session_id = c.session_id AND g.group_jid = c.jid
		WHERE c.session_id = ? AND `+chatIs(jid), sessionID, jid).Row().Scan(&seconds)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return seconds, storeError("chat", "loading the timer of a chat", err)
}
