package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/blob"
	"wagateway/whatsapp/mediafile"
)

// MediaContent is a file: exactly one of Data and URL.
type MediaContent struct {
	Type     models.MessageType // image, video, audio, document or sticker
	Data     string             // base64, or a data: URI, at most 16 MiB decoded
	URL      string             // to be fetched
	Mimetype string             // "" found out
	Caption  string             // at most 1,024 characters; images, videos and documents
	Filename string             // at most 255 characters; documents
	Mentions []string           // people named in the caption
	Voice    bool               // a voice note; audio
	ViewOnce bool               // images, videos and voice notes
	GIF      bool               // plays as a GIF; videos
}

const (
	// maxCaption is what WhatsApp's own apps let one type under a file.
	maxCaption = 1024
	// maxFilename bounds a document's name, as file systems do.
	maxFilename = 255
	// maxMediaURL bounds an address, as browsers do.
	maxMediaURL = 8192
	// uploadTime bounds bringing one file to WhatsApp.
	uploadTime = 5 * time.Minute
	// maxUploads is how many files a process brings there at the same time.
	maxUploads = 8
)

// draftFile is the file of a draft.
type draftFile struct {
	content  *MediaContent // nil: a forwarded one
	filename string        // what a document is called
	key      string        // in storage; "" not there
	info     blob.Info
	facts    mediafile.Facts
	path     string // at WhatsApp's; "" not there
	handle   string // the upload's name, for a channel
	remote   *models.NewMedia
}

// inline reports whether the request itself holds the file.
func (f *draftFile) inline() bool { return f.content != nil && f.content.Data != "" }

// row is the file as it is stored with its message.
func (f *draftFile) row() *models.NewMedia {
	if f.remote != nil {
		return f.remote
	}
	status := models.MediaStored
	if f.path != "" {
		status = models.MediaUploaded
	}
	return &models.NewMedia{
		Status: status, StorageKey: f.key, Mimetype: f.facts.Mimetype, Size: f.info.Size, SHA256: f.info.SHA256,
		DirectPath: f.path, Thumbnail: f.facts.Thumbnail,
	}
}

// discard deletes a file whose message was not stored. What is left behind by a
// process that dies is swept.
func (f *draftFile) discard(s *Service) {
	if f.key == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.life), storeTimeout)
	defer cancel()
	if err := s.cfg.Media.Store.Delete(ctx, f.key); err != nil {
		s.log.WarnContext(ctx, "a file that is not sent could not be deleted", "error", err)
	}
}

func (c *MediaContent) into(d *draft) (err error) {
	switch {
	case c.Data == "" && c.URL == "":
		return fault.Missing("media.data")
	case c.Data != "" && c.URL != "":
		return fault.Invalid("media", "media takes data or url, not both")
	case len(c.URL) > maxMediaURL:
		return fault.Invalid("media.url", "media.url is too long").With("max", maxMediaURL)
	case c.Caption != "" && (c.Type == models.MessageAudio || c.Type == models.MessageSticker):
		return fault.Invalid("media.caption", "media.caption is for images, videos and documents")
	case c.Voice && c.Type != models.MessageAudio:
		return fault.Invalid("media.voice", "media.voice is for audio")
	case c.GIF && c.Type != models.MessageVideo:
		return fault.Invalid("media.gif", "media.gif is for videos")
	case c.ViewOnce && c.Type != models.MessageImage && c.Type != models.MessageVideo && !c.Voice:
		return fault.Invalid("viewOnce", "viewOnce is for images, videos and voice notes")
	}
	if err := checkName("media.caption", c.Caption, maxCaption); err != nil {
		return err
	}
	if err := checkName("media.filename", c.Filename, maxFilename); err != nil {
		return err
	}
	if err := checkName("media.mimetype", c.Mimetype, maxFilename); err != nil {
		return err
	}
	if d.mentions, err = parseMentions(c.Mentions); err != nil {
		return err
	}
	d.kind, d.body, d.file = c.Type, c.Caption, &draftFile{content: c, filename: c.Filename}
	d.details.ViewOnce = c.ViewOnce
	return nil
}

// loadFile brings the file of a draft into storage and looks at it. Nothing of its
// size is held in memory.
func (s *Service) loadFile(ctx context.Context, x *session, d *draft) error {
	f := d.file
	if f.content == nil || f.key != "" {
		return nil // it is there
	}
	if s.cfg.Media.Store == nil {
		return fault.New(fault.Unavailable, "", "the gateway keeps no files")
	}
	temp, err := s.cfg.Media.Store.Temp()
	if err != nil {
		return storageDown(err)
	}
	defer func() { _ = temp.Close() }()
	declared, filename, size, err := s.readFile(ctx, f.content, temp)
	if err != nil {
		return err
	}
	if f.filename == "" && d.kind == models.MessageDocument {
		f.filename = storable(filename)
	}
	f.facts, err = s.inspector.Inspect(ctx, temp, size, mediafile.Wish{
		Type: d.kind, Voice: f.content.Voice, Mimetype: declared, Filename: f.filename,
	})
	if err != nil {
		return err
	}
	key := mediaKey(x.id)
	if f.info, err = s.cfg.Media.Store.Put(ctx, key, temp); err != nil {
		return storageDown(err)
	}
	f.key = key
	d.details.Media = &models.Media{
		Mimetype: f.facts.Mimetype, Size: f.info.Size, Filename: f.filename, Width: f.facts.Width, Height: f.facts.Height,
		Seconds: int(f.facts.Length.Round(time.Second).Seconds()), Voice: f.content.Voice, Animated: f.facts.Animated || f.content.GIF,
	}
	d.message = f.message(d)
	return nil
}

// readFile writes what a caller gives, or means, to a file.
func (s *Service) readFile(ctx context.Context, c *MediaContent, temp *blob.Temp) (declared, filename string, size int64, err error) {
	if c.Data != "" {
		declared, size, err = mediafile.Decode("media.data", c.Data, mediafile.MaxInline, temp)
		filename = ""
	} else {
		info, fetchErr := s.cfg.Media.Guard.Fetch(ctx, "media.url", c.URL, s.cfg.Media.MaxBytes, temp)
		declared, filename, size, err = info.ContentType, info.Filename, info.Size, fetchErr
	}
	if c.Mimetype != "" {
		declared = c.Mimetype
	}
	return declared, filename, size, err
}

func storageDown(err error) error {
	return fault.New(fault.Unavailable, "", "the storage of files is not reachable").Because(err)
}

// message is the message of a file that is not at WhatsApp's yet.
func (f *draftFile) message(d *draft) *waE2E.Message {
	media := d.details.Media
	optional := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	number := func(n int) *uint32 {
		if n <= 0 {
			return nil
		}
		return proto.Uint32(uint32(n))
	}
	flag := func(on bool) *bool {
		if !on {
			return nil
		}
		return &on
	}
	mimetype := media.Mimetype
	if media.Voice {
		mimetype = "audio/ogg; codecs=opus" // as phones write it, which other phones want
	}
	switch d.kind {
	case models.MessageImage:
		return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
			Mimetype: &mimetype, Caption: optional(d.body), Width: number(media.Width), Height: number(media.Height),
			JPEGThumbnail: f.facts.Thumbnail, ViewOnce: flag(d.details.ViewOnce),
		}}
	case models.MessageVideo:
		return &waE2E.Message{VideoMessage: &waE2E.VideoMessage{
			Mimetype: &mimetype, Caption: optional(d.body), Width: number(media.Width), Height: number(media.Height),
			Seconds: number(media.Seconds), GifPlayback: flag(media.Animated), JPEGThumbnail: f.facts.Thumbnail, ViewOnce: flag(d.details.ViewOnce),
		}}
	case models.MessageAudio:
		return &waE2E.Message{AudioMessage: &waE2E.AudioMessage{
			Mimetype: &mimetype, Seconds: number(media.Seconds), PTT: flag(media.Voice), ViewOnce: flag(d.details.ViewOnce),
		}}
	case models.MessageSticker:
		return &waE2E.Message{StickerMessage: &waE2E.StickerMessage{
			Mimetype: &mimetype, Width: number(media.Width), Height: number(media.Height), IsAnimated: flag(media.Animated),
		}}
	default:
		return &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{
			Mimetype: &mimetype, Caption: optional(d.body), FileName: optional(media.Filename), Title: optional(media.Filename),
			JPEGThumbnail: f.facts.Thumbnail,
		}}
	}
}

// seenOnce wraps a message as phones do one that may be opened once only; without
// it they show it like any other.
func seenOnce(message *waE2E.Message) *waE2E.Message {
	inner := &waE2E.FutureProofMessage{Message: message}
	if message.AudioMessage != nil {
		return &waE2E.Message{ViewOnceMessageV2Extension: inner}
	}
	return &waE2E.Message{ViewOnceMessageV2: inner}
}

// uploadFile brings the file of a draft to WhatsApp.
func (s *Service) uploadFile(ctx context.Context, x *session, d *draft) error {
	if d.file.key == "" {
		return nil // it is there: a forwarded one
	}
	there, err := s.upload(ctx, x, d.to, d.file.key, d.message)
	d.file.path, d.file.handle = there.DirectPath, there.Handle
	return err
}

// upload brings a stored file to WhatsApp and notes in its message how it is found
// and read there. For a channel it is not encrypted, and has a name with which the
// message is sent.
func (s *Service) upload(ctx context.Context, x *session, to types.JID, key string, message *waE2E.Message) (there whatsmeow.UploadResponse, err error) {
	if err := s.uploadSlots.Acquire(ctx, 1); err != nil {
		return there, err
	}
	defer s.uploadSlots.Release(1)
	message = unwrapped(message)
	part, err := movedTo(message, "")
	if err != nil {
		return there, err
	}
	file, err := s.cfg.Media.Store.OpenFile(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return there, mediaGone("the file is not in storage any more")
	}
	if err != nil {
		return there, storageDown(err)
	}
	defer func() { _ = file.Close() }()
	temp, err := s.cfg.Media.Store.Temp()
	if err != nil {
		return there, storageDown(err)
	}
	defer func() { _ = temp.Close() }()
	cli := x.cli()
	if cli == nil {
		return there, fault.NotConnected()
	}
	asking, cancel := context.WithTimeout(ctx, uploadTime)
	defer cancel()
	there, err = guarded(asking, cli, func(ctx context.Context, cli *whatsmeow.Client) (whatsmeow.UploadResponse, error) {
		if to.Server == types.NewsletterServer {
			return cli.UploadNewsletterReader(ctx, file, whatsmeow.GetMediaType(part))
		}
		return cli.UploadReader(ctx, file, temp, whatsmeow.GetMediaType(part))
	})
	if err != nil {
		return there, notUploaded(err)
	}
	if to.Server != types.NewsletterServer {
		there.Handle = "" // which only channels need
	}
	uploaded(message, &there)
	return there, nil
}

// notUploaded is the failure to bring a file to WhatsApp.
func notUploaded(err error) error {
	var known *fault.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, whatsmeow.ErrNotConnected), errors.Is(err, whatsmeow.ErrNotLoggedIn), errors.Is(err, whatsmeow.ErrIQDisconnected):
		return fault.NotConnected().Because(err)
	default:
		return fault.New(fault.Upstream, fault.ReasonWhatsApp, "the file could not be brought to WhatsApp").Because(err)
	}
}

// uploaded notes where a file is and how it is read. One that is not encrypted has no
// key, and no time of it.
func uploaded(message *waE2E.Message, there *whatsmeow.UploadResponse) {
	var now *int64
	if there.MediaKey != nil {
		now = proto.Int64(time.Now().Unix())
	}
	switch {
	case message.ImageMessage != nil:
		m := message.ImageMessage
		m.URL, m.DirectPath, m.MediaKey, m.MediaKeyTimestamp = &there.URL, &there.DirectPath, there.MediaKey, now
		m.FileEncSHA256, m.FileSHA256, m.FileLength = there.FileEncSHA256, there.FileSHA256, &there.FileLength
	case message.VideoMessage != nil:
		m := message.VideoMessage
		m.URL, m.DirectPath, m.MediaKey, m.MediaKeyTimestamp = &there.URL, &there.DirectPath, there.MediaKey, now
		m.FileEncSHA256, m.FileSHA256, m.FileLength = there.FileEncSHA256, there.FileSHA256, &there.FileLength
	case message.PtvMessage != nil:
		m := message.PtvMessage
		m.URL, m.DirectPath, m.MediaKey, m.MediaKeyTimestamp = &there.URL, &there.DirectPath, there.MediaKey, now
		m.FileEncSHA256, m.FileSHA256, m.FileLength = there.FileEncSHA256, there.FileSHA256, &there.FileLength
	case message.AudioMessage != nil:
		m := message.AudioMessage
		m.URL, m.DirectPath, m.MediaKey, m.MediaKeyTimestamp = &there.URL, &there.DirectPath, there.MediaKey, now
		m.FileEncSHA256, m.FileSHA256, m.FileLength = there.FileEncSHA256, there.FileSHA256, &there.FileLength
	case message.StickerMessage != nil:
		m := message.StickerMessage
		m.URL, m.DirectPath, m.MediaKey, m.MediaKeyTimestamp = &there.URL, &there.DirectPath, there.MediaKey, now
		m.FileEncSHA256, m.FileSHA256, m.FileLength = there.FileEncSHA256, there.FileSHA256, &there.FileLength
	case message.DocumentMessage != nil:
		m := message.DocumentMessage
		m.URL, m.DirectPath, m.MediaKey, m.MediaKeyTimestamp = &there.URL, &there.DirectPath, there.MediaKey, now
		m.FileEncSHA256, m.FileSHA256, m.FileLength = there.FileEncSHA256, there.FileSHA256, &there.FileLength
	}
}

// bring uploads the file of a queued send and stores how it is found, so that
// every try sends the same message.
func (s *Service) bring(ctx context.Context, x *session, send *models.Outgoing) error {
	file, err := s.db.Media.Get(ctx, send.MessageID)
	if err != nil {
		return err
	}
	message := &waE2E.Message{}
	if err := proto.Unmarshal(send.Content, message); err != nil {
		return fmt.Errorf("reading a queued send: %w", err)
	}
	to, err := types.ParseJID(send.Recipient)
	if err != nil {
		return fmt.Errorf("reading a queued send: %w", err)
	}
	there, err := s.upload(ctx, x, to, file.StorageKey, message)
	if err != nil {
		return err
	}
	raw, err := proto.Marshal(message)
	if err != nil {
		return fmt.Errorf("encoding a queued send: %w", err)
	}
	ctx, cancel := storing(ctx)
	defer cancel()
	return s.db.Outgoing.Brought(ctx, send, raw, there.DirectPath, there.Handle)
}
