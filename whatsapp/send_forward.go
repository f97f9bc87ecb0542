package whatsapp

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/mediafile"
)

// freshMedia is how old a file at WhatsApp's may be to be forwarded as it is: it
// deletes them some weeks after they were sent.
const freshMedia = 14 * 24 * time.Hour

// ForwardMessage sends a message, with its file, to another chat, marked as
// forwarded. What says nothing to people, may be seen once only, or was taken back
// is fault.Validation, as is a place or a card for a channel; a file that is nowhere
// any more is fault.NotFound. Only who may write in a channel can forward to it: else
// fault.Forbidden.
func (s *Service) ForwardMessage(ctx context.Context, session *models.Session, key MessageKey, to string, async bool) (*models.Outgoing, error) {
	recipient, err := parseDestination("to", to)
	if err != nil {
		return nil, err
	}
	x, err := s.session(ctx, session.ID)
	if err != nil {
		return nil, err
	}
	_, target, err := s.messageOf(ctx, session.ID, key)
	if err != nil {
		return nil, err
	}
	switch {
	case target.Deleted:
		return nil, wrongKind("the message was taken back")
	case target.Content.ViewOnce:
		return nil, wrongKind("what may be seen once cannot be forwarded")
	case target.Content.Poll != nil, target.Type == models.MessageSystem, target.Type == models.MessageUndecryptable, target.Type == models.MessageUnknown:
		return nil, wrongKind("a message of type " + string(target.Type) + " cannot be forwarded")
	}
	if recipient.Server == types.NewsletterServer && (target.Type == models.MessageLocation || target.Type == models.MessageContact) {
		return nil, fault.Invalid("to", "a channel takes texts and files only")
	}
	if err := s.mayPost(ctx, x, recipient); err != nil {
		return nil, err
	}
	if !async && !x.connected() {
		return nil, fault.NotConnected()
	}
	message, err := s.contentFor(ctx, target)
	if err != nil {
		return nil, err
	}
	score := forwardingOf(message) + 1
	message = quotable(message)
	d := &draft{to: recipient, kind: target.Type, body: target.Body, details: target.Content, message: message}
	forChannel(d)
	d.details.Forwarded, d.details.EphemeralSeconds = true, 0
	withContext(message, &waE2E.ContextInfo{IsForwarded: proto.Bool(true), ForwardingScore: &score})
	if target.HasMedia {
		if err := s.forwardFile(ctx, x, target, d); err != nil {
			return nil, err
		}
	}
	return s.submit(ctx, x, session, NewSend{To: to, Async: async}, d)
}

// forChannel makes what is forwarded to a channel something that channels take: round
// videos are for people.
func forChannel(d *draft) {
	if d.to.Server != types.NewsletterServer || d.message.PtvMessage == nil {
		return
	}
	d.message.VideoMessage, d.message.PtvMessage = d.message.PtvMessage, nil
	if d.details.Media != nil {
		media := *d.details.Media
		media.VideoNote = false
		d.details.Media = &media
	}
}

// contentFor gives a message as WhatsApp encodes it, unwrapped.
func (s *Service) contentFor(ctx context.Context, m *models.Message) (*waE2E.Message, error) {
	raw, err := s.db.Messages.Raw(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	message := &waE2E.Message{}
	if err := proto.Unmarshal(raw, message); err != nil || len(raw) == 0 {
		return nil, fault.New(fault.Validation, "", "the message could not be read").With("field", "waMessageId").Because(err)
	}
	message = unwrapped(message)
	if m.Edited {
		retext(message, &m.Body)
	}
	return message, nil
}

// retext gives a message another text, or caption.
func retext(message *waE2E.Message, text *string) {
	switch {
	case message.Conversation != nil:
		message.Conversation = text
	case message.ExtendedTextMessage != nil: // what it showed of a page may not fit any more
		message.ExtendedTextMessage = &waE2E.ExtendedTextMessage{Text: text, ContextInfo: message.ExtendedTextMessage.ContextInfo}
	case message.ImageMessage != nil:
		message.ImageMessage.Caption = text
	case message.VideoMessage != nil:
		message.VideoMessage.Caption = text
	case message.DocumentMessage != nil:
		message.DocumentMessage.Caption = text
	}
}

// forwardingOf is how often a message was forwarded before, as it says.
func forwardingOf(message *waE2E.Message) uint32 {
	var score uint32
	for _, m := range []contextual{
		message.GetExtendedTextMessage(), message.GetImageMessage(), message.GetVideoMessage(), message.GetPtvMessage(), message.GetAudioMessage(),
		message.GetDocumentMessage(), message.GetStickerMessage(), message.GetLocationMessage(), message.GetContactMessage(), message.GetContactsArrayMessage(),
	} {
		score = max(score, m.GetContextInfo().GetForwardingScore())
	}
	return score
}

// forwardFile has a forwarded message show the file where it is at WhatsApp's, or
// brings a copy of ours there. One from or for a channel, where files are not
// encrypted, is brought there always.
func (s *Service) forwardFile(ctx context.Context, x *session, target *models.Message, d *draft) error {
	file, err := s.db.Media.Get(ctx, target.ID)
	if err != nil {
		return err
	}
	d.file = &draftFile{facts: mediafile.Facts{Mimetype: file.Mimetype, Thumbnail: file.Thumbnail}}
	part, err := movedTo(d.message, file.DirectPath)
	reusable := err == nil && len(part.GetMediaKey()) > 0 && d.to.Server != types.NewsletterServer
	fresh := reusable && time.Since(target.Timestamp.Time()) < freshMedia && file.Status != models.MediaExpired
	if !fresh && file.StorageKey == "" && x.connected() { // the phone, or the channel, may have it still
		if file, err = s.mediaFile(ctx, x.id, target); err != nil {
			return err
		}
	}
	if reusable && part.GetDirectPath() != "" && (fresh || file.StorageKey == "") {
		if file.Status == models.MediaExpired {
			return mediaGone(file.Error)
		}
		d.file.remote = &models.NewMedia{
			Status: models.MediaRemote, Mimetype: file.Mimetype, Size: file.Size, SHA256: file.SHA256, DirectPath: part.GetDirectPath(),
			Thumbnail: file.Thumbnail,
		}
		if !s.cfg.Media.AutoDownload {
			d.file.remote.NextTryAt = models.Never
		}
		return nil
	}
	switch {
	case file.StorageKey != "":
		return s.copyFile(ctx, x, file, d)
	case !reusable:
		return fault.NotConnected() // to get it
	default:
		return mediaGone("the file is not here")
	}
}

// copyFile gives a forwarded message a copy of a stored file, to be brought to
// WhatsApp.
func (s *Service) copyFile(ctx context.Context, x *session, file *models.MediaFile, d *draft) error {
	open, err := s.cfg.Media.Store.OpenFile(ctx, file.StorageKey)
	if err != nil {
		return storageDown(err)
	}
	defer func() { _ = open.Close() }()
	key := mediaKey(x.id)
	if d.file.info, err = s.cfg.Media.Store.Put(ctx, key, open); err != nil {
		return storageDown(err)
	}
	d.file.key = key
	uploaded(d.message, &whatsmeow.UploadResponse{}) // not there yet
	return nil
}
