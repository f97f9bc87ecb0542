package models

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// MediaStore keeps where the files of messages are.
type MediaStore struct{ db *DB }

// mediaSelect selects what scanMedia reads.
const mediaSelect = `SELECT message_id, session_id, status, storage_key, mimetype, size, sha256, direct_path, thumbnail, attempts,
	next_try_at, error, created_at, updated_at FROM media`

// addMedia stores where the file of a new message is.
func addMedia(tx *gorm.DB, m *Message, media *NewMedia) error {
	if media == nil {
		return nil
	}
	err := tx.Exec(`INSERT INTO media (message_id, session_id, status, storage_key, mimetype, size, sha256, direct_path, thumbnail, next_try_at,
			created_at, updated_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (message_id) DO NOTHING`,
		m.ID, m.SessionID, media.Status, media.StorageKey, media.Mimetype, media.Size, notNull(media.SHA256), media.DirectPath,
		notNull(media.Thumbnail), media.NextTryAt, m.CreatedAt, m.CreatedAt).Error
	if err != nil {
		return fmt.Errorf("adding the file of a message: %w", err)
	}
	return nil
}

// notNull gives bytes as a column takes them that is never null.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// ByMessages gives the files of messages, by the message's number; messages
// without one are absent.
func (s *MediaStore) ByMessages(ctx context.Context, ids []int64) (map[int64]MediaFile, error) {
	given, err := keys("id", ids)
	if err != nil {
		return nil, err
	}
	files, err := scanMedia(s.db.read(ctx).Raw(mediaSelect+" WHERE message_id IN "+s.db.in(bigint("id")), given))
	if err != nil {
		return nil, storeError("media", "loading files", err)
	}
	found := make(map[int64]MediaFile, len(files))
	for _, file := range files {
		found[file.MessageID] = file
	}
	return found, nil
}

// scanMedia runs a query that begins with mediaSelect.
func scanMedia(query *gorm.DB) ([]MediaFile, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var files []MediaFile
	for rows.Next() {
		var f MediaFile
		if err := rows.Scan(&f.MessageID, &f.SessionID, &f.Status, &f.StorageKey, &f.Mimetype, &f.Size, &f.SHA256, &f.DirectPath, &f.Thumbnail,
			&f.Attempts, &f.NextTryAt, &f.Error, &f.CreatedAt, &f.UpdatedAt); err != nil {
			return nil, fmt.Errorf("scanning a file: %w", err)
		}
		files = append(files, f)
	}
	return files, rows.Err()
}
