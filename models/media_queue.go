package models

import (
	"context"
	"database/sql"
	"math"

	"gorm.io/gorm"
)

// Never is a time that does not come: a file with it is got only when somebody
// asks for it.
const Never = Millis(math.MaxInt64)

// Get gives the file of a message; fault.NotFound when it has none.
func (s *MediaStore) Get(ctx context.Context, messageID int64) (*MediaFile, error) {
	files, err := scanMedia(s.db.read(ctx).Raw(mediaSelect+" WHERE message_id = ?", messageID))
	if err == nil && len(files) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		return nil, storeError("media", "loading a file", err)
	}
	return &files[0], nil
}

// Due gives up to limit files of a session that are to be got now, those that
// somebody waits for first, and when the next one is; Never when none is.
func (s *MediaStore) Due(ctx context.Context, sessionID string, now Millis, limit int) (due []MediaFile, next Millis, err error) {
	files, err := scanMedia(s.db.read(ctx).Raw(mediaSelect+` WHERE session_id = ? AND status = 'remote' AND next_try_at < ?
		ORDER BY next_try_at, message_id LIMIT ?`, sessionID, Never, limit+1))
	if err != nil {
		return nil, Never, storeError("media", "listing files to get", err)
	}
	for i := range files {
		if files[i].NextTryAt > now || i == limit {
			return files[:i], max(files[i].NextTryAt, 1), nil
		}
	}
	return files, Never, nil
}

// Want has a file got at once that is not here, whatever became of earlier tries.
// again tells whether it must be got.
func (s *MediaStore) Want(ctx context.Context, messageID int64) (again bool, err error) {
	err = s.db.tx(ctx, func(tx *gorm.DB) error {
		wanted := tx.Exec(`UPDATE media SET status = 'remote', next_try_at = 0, attempts = 0, error = '', updated_at = ?
			WHERE message_id = ? AND storage_key = ''`, Now(), messageID)
		again = wanted.RowsAffected > 0
		return wanted.Error
	})
	return again, storeError("media", "asking for a file", err)
}

// Stored notes that a file is in our storage. kept is false when its message is
// gone, or another copy came first: then the caller deletes this one.
func (s *MediaStore) Stored(ctx context.Context, messageID int64, key string, size int64, digest []byte) (kept bool, err error) {
	now := Now()
	err = s.db.tx(ctx, func(tx *gorm.DB) error {
		stored := tx.Exec(`UPDATE media SET status = 'stored', storage_key = ?, size = ?, sha256 = ?, error = '', created_at = ?, updated_at = ?
			WHERE message_id = ? AND storage_key = ''`, key, size, notNull(digest), now, now, messageID)
		kept = stored.RowsAffected > 0
		return stored.Error
	})
	return kept, storeError("media", "noting a stored file", err)
}

// Missed notes that a try to get a file failed: it is tried again at a time, where
// the status is remote, or given up.
func (s *MediaStore) Missed(ctx context.Context, messageID int64, status MediaStatus, why string, again Millis) error {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`UPDATE media SET status = ?, error = ?, next_try_at = ?, attempts = attempts + 1, updated_at = ?
			WHERE message_id = ? AND storage_key = ''`, status, why, again, Now(), messageID).Error
	})
	return storeError("media", "noting a failed try", err)
}

// Held notes that a file could not be stored for a reason that is not its own: it
// is tried again at a time, and that try does not count.
func (s *MediaStore) Held(ctx context.Context, messageID int64, why string, again Millis) error {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE media SET error = ?, next_try_at = ?, updated_at = ? WHERE message_id = ? AND storage_key = ''",
			why, again, Now(), messageID).Error
	})
	return storeError("media", "noting a failed try", err)
}

// Moved notes where the phone has uploaded a file again, and has it got at once.
func (s *MediaStore) Moved(ctx context.Context, messageID int64, directPath string) error {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`UPDATE media SET status = 'remote', direct_path = ?, error = '', next_try_at = 0, updated_at = ?
			WHERE message_id = ? AND storage_key = ''`, directPath, Now(), messageID).Error
	})
	return storeError("media", "noting where a file is", err)
}

// Lost notes that a file is not in our storage after all.
func (s *MediaStore) Lost(ctx context.Context, file *MediaFile) error {
	err := s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE media SET status = 'remote', storage_key = '', next_try_at = ?, updated_at = ? WHERE message_id = ? AND storage_key = ?",
			Never, Now(), file.MessageID, file.StorageKey).Error
	})
	return storeError("media", "noting a lost file", err)
}

// Forget lets go of up to limit files that were stored before a time: they are at
// WhatsApp's, if anywhere, and are got again only when asked for. Those that are
// still to be sent stay. It tells how many.
func (s *MediaStore) Forget(ctx context.Context, before Millis, limit int) (forgotten int, err error) {
	err = s.db.tx(ctx, func(tx *gorm.DB) error {
		const old = `(SELECT f.message_id FROM media f WHERE f.storage_key <> '' AND f.created_at < ?
			AND NOT EXISTS (SELECT 1 FROM outgoing o WHERE o.message_id = f.message_id AND o.status = 'queued') ORDER BY f.created_at LIMIT ?)`
		err := tx.Exec("INSERT INTO media_unwanted (storage_key) SELECT storage_key FROM media WHERE message_id IN "+old+
			" ON CONFLICT DO NOTHING", before, limit).Error
		if err != nil {
			return err
		}
		gone := tx.Exec("UPDATE media SET status = 'remote', storage_key = '', next_try_at = ?, updated_at = ? WHERE message_id IN "+old,
			Never, Now(), before, limit)
		forgotten = int(gone.RowsAffected)
		return gone.Error
	})
	return forgotten, storeError("media", "letting go of files", err)
}

// Unwanted gives the keys of up to limit files in our storage that no message has
// any more.
func (s *MediaStore) Unwanted(ctx context.Context, limit int) (keys []string, err error) {
	err = s.db.read(ctx).Raw("SELECT storage_key FROM media_unwanted ORDER BY storage_key LIMIT ?", limit).Scan(&keys).Error
	return keys, storeError("media", "listing unwanted files", err)
}

// Deleted notes that unwanted files are deleted.
func (s *MediaStore) Deleted(ctx context.Context, storageKeys []string) error {
	given, err := keys("storage_key", storageKeys)
	if err != nil {
		return err
	}
	err = s.db.tx(ctx, func(tx *gorm.DB) error {
		return tx.Exec("DELETE FROM media_unwanted WHERE storage_key IN "+s.db.in(text("storage_key")), given).Error
	})
	return storeError("media", "noting deleted files", err)
}

// Orphans gives those of the keys that no message has: files of a process that
// died between storing and noting them.
func (s *MediaStore) Orphans(ctx context.Context, storageKeys []string) ([]string, error) {
	given, err := keys("storage_key", storageKeys)
	if err != nil {
		return nil, err
	}
	var known []string
	err = s.db.read(ctx).Raw("SELECT storage_key FROM media WHERE storage_key <> '' AND storage_key IN "+s.db.in(text("storage_key")), given).Scan(&known).Error
	if err != nil {
		return nil, storeError("media", "looking for orphans", err)
	}
	has := make(map[string]bool, len(known))
	for _, key := range known {
		has[key] = true
	}
	var orphans []string
	for _, key := range storageKeys {
		if !has[key] {
			orphans = append(orphans, key)
		}
	}
	return orphans, nil
}
