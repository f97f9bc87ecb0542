package whatsapp

import (
	"context"
	"errors"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waMmsRetry"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
	"wagateway/models/fault"
)

// What is noted of files that are not here.
const (
	whyAsked       = "WhatsApp no longer has the file; the phone is asked for it"
	whyExpired     = "WhatsApp no longer has the file, and the phone did not give it again"
	whyGone        = "WhatsApp no longer has the file"
	whyNotOnPhone  = "neither WhatsApp nor the phone has the file any more"
	whyDamaged     = "the file is not what the message says"
	whyTooLarge    = "the file is larger than what is got"
	whyUnreachable = "the file could not be reached"
	whyStorage     = "the storage of files is not reachable"
)

// missed says what is to become of a file after a try that failed. One that is
// gone from WhatsApp's servers is asked for at the phone.
func (s *Service) missed(ctx context.Context, x *session, file *models.MediaFile, err error) (status models.MediaStatus, why string, again models.Millis) {
	later := func(pause time.Duration) models.Millis { return models.MillisOf(time.Now().Add(pause)) }
	switch {
	case errors.Is(err, errTooLarge):
		return models.MediaFailed, whyTooLarge, models.Never
	case errors.Is(err, errNoFile), errors.Is(err, whatsmeow.ErrNoURLPresent), errors.Is(err, whatsmeow.ErrUnknownMediaType),
		errors.Is(err, whatsmeow.ErrInvalidMediaSHA256), errors.Is(err, whatsmeow.ErrInvalidMediaEncSHA256),
		errors.Is(err, whatsmeow.ErrInvalidMediaHMAC), errors.Is(err, whatsmeow.ErrInvalidUnencryptedMediaSHA256):
		if file.Attempts == 0 {
			return models.MediaRemote, whyDamaged, later(s.cfg.Timing.MediaRetry) // perhaps on the way
		}
		return models.MediaFailed, whyDamaged, models.Never
	case errors.Is(err, whatsmeow.ErrMediaDownloadFailedWith403), errors.Is(err, whatsmeow.ErrMediaDownloadFailedWith404),
		errors.Is(err, whatsmeow.ErrMediaDownloadFailedWith410):
		if file.Attempts >= maxMediaAsks {
			return models.MediaExpired, whyExpired, models.Never
		}
		err := s.askPhone(ctx, x, file)
		if errors.Is(err, errNoKey) {
			return models.MediaExpired, whyGone, models.Never
		}
		if err != nil {
			x.log.WarnContext(ctx, "asking the phone for a file failed", "message_id", file.MessageID, "error", err)
		}
		return models.MediaRemote, whyAsked, later(s.cfg.Timing.MediaAnswer)
	case file.Attempts+1 >= maxMediaTries:
		return models.MediaFailed, whyUnreachable, models.Never
	default:
		return models.MediaRemote, whyUnreachable, later(min(s.cfg.Timing.MediaRetry<<file.Attempts, maxMediaPause))
	}
}

// storagePauses is how many times as long a file waits for our storage as for
// WhatsApp's: a minute, where nothing else is configured.
const storagePauses = 12

// held has a file wait for our storage, for as long as it takes.
func (s *Service) held(ctx context.Context, x *session, file *models.MediaFile, cause error) {
	x.log.WarnContext(ctx, "a file could not be stored, trying again", "message_id", file.MessageID, "error", cause)
	again := models.MillisOf(time.Now().Add(storagePauses * s.cfg.Timing.MediaRetry))
	if err := s.db.Media.Held(ctx, file.MessageID, whyStorage, again); err != nil {
		x.log.ErrorContext(ctx, "noting a failed download failed", "message_id", file.MessageID, "error", err)
	}
}

// errNoKey is a file that is not encrypted, as those in channels are: without its key
// no phone can be asked for it.
var errNoKey = errors.New("the file has no key")

// askPhone asks the account's phone to upload a file again; errNoKey where it cannot
// be asked.
func (s *Service) askPhone(ctx context.Context, x *session, file *models.MediaFile) error {
	part, err := s.mediaPart(ctx, file)
	if err != nil {
		return err
	}
	if len(part.GetMediaKey()) == 0 {
		return errNoKey
	}
	message, err := s.db.Messages.GetByID(ctx, file.MessageID)
	if err != nil {
		return err
	}
	evt, err := x.eventOf(ctx, message)
	if err != nil {
		return err
	}
	return tell(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
		return cli.SendMediaRetryReceipt(ctx, &evt.Info, part.GetMediaKey())
	})
}

// mediaRetried is the phone's answer: where it has put a file, or that it has not
// got it either. whatsmeow acknowledges it whatever happens here; one that is lost
// is asked for again.
func (s *Service) mediaRetried(ctx context.Context, x *session, evt *events.MediaRetry) error {
	chat := x.chatAddress(ctx, evt.ChatID, types.EmptyJID)
	message, err := s.db.Messages.FindIn(ctx, x.id, chat, evt.MessageID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	file, err := s.db.Media.Get(ctx, message.ID)
	if err != nil {
		return gone(err)
	}
	part, err := s.mediaPart(ctx, file)
	if err != nil {
		return err
	}
	answer, err := whatsmeow.DecryptMediaRetryNotification(evt, part.GetMediaKey())
	if err == nil && answer.GetResult() == waMmsRetry.MediaRetryNotification_SUCCESS && answer.GetDirectPath() != "" {
		err = s.db.Media.Moved(ctx, message.ID, answer.GetDirectPath())
		x.downloads.added()
		return err
	}
	x.log.InfoContext(ctx, "the phone has not given a file again", "message_id", message.ID, "error", err)
	err = s.db.Media.Missed(ctx, message.ID, models.MediaExpired, whyNotOnPhone, models.Never)
	x.downloads.tell(message.ID)
	return err
}
