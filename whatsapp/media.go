package whatsapp

import (
	"context"
	"errors"
	"time"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/blob"
)

// FetchMedia gets the file of a message into storage and waits for it, at most a
// minute; one that is there is left alone, also while the session is offline. One
// that WhatsApp no longer has is asked for at the phone.
//
// A message without a file is fault.Validation, a file that nobody has any more
// fault.NotFound with ReasonMediaGone, one that could not be had fault.Upstream. A
// session that is not connected is fault.NotImplemented.
func (s *Service) FetchMedia(ctx context.Context, session *models.Session, key MessageKey) (*models.Message, error) {
	_, message, err := s.messageOf(ctx, session.ID, key)
	if err != nil {
		return nil, err
	}
	_, err = s.mediaFile(ctx, session.ID, message)
	return message, err
}

// OpenMedia opens the file of a message, got first if it is not here: see
// [Service.FetchMedia]. ctx must last as long as the file, which is to be closed.
func (s *Service) OpenMedia(ctx context.Context, message *models.Message) (*blob.File, *models.MediaFile, error) {
	for again := true; ; again = false {
		file, err := s.mediaFile(ctx, message.SessionID, message)
		if err != nil {
			return nil, nil, err
		}
		open, err := s.cfg.Media.Store.OpenFile(ctx, file.StorageKey)
		switch {
		case err == nil:
			return open, file, nil
		case errors.Is(err, blob.ErrNotFound) && again:
			// It was removed behind our back: WhatsApp may still have it.
			if err := s.db.Media.Lost(ctx, file); err != nil {
				return nil, nil, err
			}
		case errors.Is(err, blob.ErrNotFound):
			return nil, nil, mediaGone("the file is not in storage any more")
		default:
			return nil, nil, fault.New(fault.Unavailable, "", "the storage of files is not reachable").Because(err)
		}
	}
}

// mediaFile gives the file of a message once it is in storage.
func (s *Service) mediaFile(ctx context.Context, sessionID string, message *models.Message) (*models.MediaFile, error) {
	noFile := fault.New(fault.Validation, "", "the message has no file").With("field", "waMessageId")
	file, err := s.db.Media.Get(ctx, message.ID)
	if err != nil {
		return nil, instead(err, noFile)
	}
	if s.cfg.Media.Store == nil {
		return nil, fault.New(fault.Unavailable, "", "the gateway keeps no files")
	}
	if file.StorageKey != "" {
		return file, nil
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(s.cfg.Timing.MediaWait)
	defer timer.Stop()
	ended := x.downloads.expect(message.ID)
	again, err := s.db.Media.Want(ctx, message.ID)
	if err != nil {
		return nil, err
	}
	if !again { // it has come in between, of which nobody will tell
		file, err := s.db.Media.Get(ctx, message.ID)
		return file, instead(err, noFile)
	}
	for {
		x.downloads.added()
		select {
		case <-ended:
		case <-timer.C:
			return nil, fault.New(fault.Upstream, fault.ReasonTimeout, "the file did not come in time; the gateway goes on trying")
		case <-ctx.Done():
			return nil, fault.New(fault.Upstream, fault.ReasonTimeout, "the file did not come in time; the gateway goes on trying").Because(ctx.Err())
		}
		ended = x.downloads.expect(message.ID)
		file, err := s.db.Media.Get(ctx, message.ID)
		switch {
		case err != nil:
			return nil, instead(err, noFile)
		case file.StorageKey != "":
			return file, nil
		case file.Status == models.MediaExpired:
			return nil, mediaGone(file.Error)
		case file.Status == models.MediaFailed:
			return nil, fault.New(fault.Upstream, fault.ReasonMediaFetch, file.Error)
		}
	}
}

func mediaGone(why string) *fault.Error { return fault.New(fault.NotFound, fault.ReasonMediaGone, why) }

const (
	// cleanBatch is how many files are deleted, or let go of, at once.
	cleanBatch = 200
	// orphanAge is how old a file is that no message has before it is deleted: what
	// is being sent is stored before its message is.
	orphanAge = 24 * time.Hour
	// sweepInterval is how often storage is looked through for them.
	sweepInterval = 24 * time.Hour
)

// runCleaner deletes files that nobody needs any more until the service ends.
func (s *Service) runCleaner(ctx context.Context) {
	if s.cfg.Media.Store == nil {
		return
	}
	var swept time.Time
	ticker := time.NewTicker(s.cfg.Timing.MediaClean)
	defer ticker.Stop()
	for {
		if err := s.cleanMedia(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "deleting files failed", "error", err)
		}
		if time.Since(swept) > sweepInterval {
			swept = time.Now()
			gone, err := s.cfg.Media.Store.Sweep(ctx, time.Now().Add(-orphanAge), s.db.Media.Orphans)
			if err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "sweeping the storage of files failed", "error", err)
			}
			if gone > 0 {
				s.log.InfoContext(ctx, "files without a message are deleted", "files", gone)
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// cleanMedia lets go of files that are older than they are kept, and deletes those
// that no message has any more.
func (s *Service) cleanMedia(ctx context.Context) error {
	if keep := s.cfg.Media.Keep; keep > 0 {
		for forgotten := cleanBatch; forgotten == cleanBatch; {
			var err error
			if forgotten, err = s.db.Media.Forget(ctx, models.MillisOf(time.Now().Add(-keep)), cleanBatch); err != nil {
				return err
			}
		}
	}
	for {
		unwanted, err := s.db.Media.Unwanted(ctx, cleanBatch)
		if err != nil || len(unwanted) == 0 {
			return err
		}
		for _, key := range unwanted {
			if err := s.cfg.Media.Store.Delete(ctx, key); err != nil {
				return err
			}
		}
		if err := s.db.Media.Deleted(ctx, unwanted); err != nil {
			return err
		}
	}
}
