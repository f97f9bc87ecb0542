package wasim

import (
	"bytes"
	"context"
	"fmt"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// MediaKind is what media is shown as.
type MediaKind string

// The kinds of media. Voice is a recorded voice message, PTV a round video
// message, GIF a video that plays by itself without sound.
const (
	MediaImage    MediaKind = "image"
	MediaVideo    MediaKind = "video"
	MediaGIF      MediaKind = "gif"
	MediaPTV      MediaKind = "ptv"
	MediaAudio    MediaKind = "audio"
	MediaVoice    MediaKind = "voice"
	MediaDocument MediaKind = "document"
	MediaSticker  MediaKind = "sticker"
)

// Media is a file to send. What a kind has no use for is ignored.
type Media struct {
	Kind          MediaKind
	Data          []byte
	MimeType      string // empty means what phones send most
	FileName      string // document
	Caption       string // image, video, document
	Width, Height uint32 // pixels
	Seconds       uint32 // of audio and video
	Thumbnail     []byte // JPEG; PNG for a sticker
	Waveform      []byte // voice: 64 values of 0 to 100
	Pages         uint32 // document
	Animated      bool   // sticker
}

// mediaKinds are the keys and the usual type of each kind.
var mediaKinds = map[MediaKind]struct{ keys, mimeType string }{
	MediaImage: {imageKeys, "image/jpeg"}, MediaVideo: {videoKeys, "video/mp4"}, MediaGIF: {videoKeys, "video/mp4"},
	MediaPTV: {videoKeys, "video/mp4"}, MediaAudio: {audioKeys, "audio/mpeg"}, MediaVoice: {audioKeys, "audio/ogg; codecs=opus"},
	MediaDocument: {documentKeys, "application/octet-stream"}, MediaSticker: {imageKeys, "image/webp"},
}

// SendMedia encrypts a file with a new key, puts it on the media server and
// sends the message that describes it.
func (p *Phone) SendMedia(ctx context.Context, to types.JID, media Media, options ...SendOption) (string, error) {
	message, err := p.mediaMessage(media)
	if err != nil {
		return "", err
	}
	return p.Send(ctx, to, message, options...)
}

// mediaMessage encrypts and uploads a file, and describes it.
func (p *Phone) mediaMessage(media Media) (*waE2E.Message, error) {
	return p.mediaHosted(media, p.srv.host)
}

// mediaHosted has a file uploaded for its kind's keys, and describes it.
func (p *Phone) mediaHosted(media Media, host func(owner string, plain []byte, use string) (hosted, error)) (*waE2E.Message, error) {
	usual, ok := mediaKinds[media.Kind]
	if !ok {
		return nil, fmt.Errorf("%w: unknown kind of media %q", ErrBadRequest, media.Kind)
	}
	if len(media.Data) == 0 {
		return nil, fmt.Errorf("%w: the file is empty", ErrBadRequest)
	}
	if media.MimeType == "" {
		media.MimeType = usual.mimeType
	}
	file, err := host(p.number, media.Data, usual.keys)
	if err != nil {
		return nil, err
	}
	return media.message(file, p.srv.now().Unix()), nil
}

// message describes a file that was uploaded.
func (m *Media) message(file hosted, uploaded int64) *waE2E.Message {
	switch m.Kind {
	case MediaImage:
		return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{
			URL: &file.url, DirectPath: &file.directPath, MediaKey: file.key, FileEncSHA256: file.encSHA256, FileSHA256: file.sha256,
			FileLength: &file.length, MediaKeyTimestamp: &uploaded, Mimetype: &m.MimeType, Caption: textOrNil(m.Caption),
			Width: numberOrNil(m.Width), Height: numberOrNil(m.Height), JPEGThumbnail: m.Thumbnail,
		}}
	case MediaAudio, MediaVoice:
		return &waE2E.Message{AudioMessage: &waE2E.AudioMessage{
			URL: &file.url, DirectPath: &file.directPath, MediaKey: file.key, FileEncSHA256: file.encSHA256, FileSHA256: file.sha256,
			FileLength: &file.length, MediaKeyTimestamp: &uploaded, Mimetype: &m.MimeType,
			Seconds: numberOrNil(m.Seconds), PTT: proto.Bool(m.Kind == MediaVoice), Waveform: m.Waveform,
		}}
	case MediaDocument:
		return m.document(file, uploaded)
	case MediaSticker:
		return &waE2E.Message{StickerMessage: &waE2E.StickerMessage{
			URL: &file.url, DirectPath: &file.directPath, MediaKey: file.key, FileEncSHA256: file.encSHA256, FileSHA256: file.sha256,
			FileLength: &file.length, MediaKeyTimestamp: &uploaded, Mimetype: &m.MimeType,
			Width: numberOrNil(m.Width), Height: numberOrNil(m.Height), IsAnimated: &m.Animated, PngThumbnail: m.Thumbnail, StickerSentTS: proto.Int64(uploaded * 1000),
		}}
	case MediaVideo, MediaGIF, MediaPTV:
	}
	return m.video(file, uploaded)
}

// video describes a video in one of its forms.
func (m *Media) video(file hosted, uploaded int64) *waE2E.Message {
	video := &waE2E.VideoMessage{
		URL: &file.url, DirectPath: &file.directPath, MediaKey: file.key, FileEncSHA256: file.encSHA256, FileSHA256: file.sha256,
		FileLength: &file.length, MediaKeyTimestamp: &uploaded, Mimetype: &m.MimeType, Caption: textOrNil(m.Caption),
		Width: numberOrNil(m.Width), Height: numberOrNil(m.Height), Seconds: numberOrNil(m.Seconds), JPEGThumbnail: m.Thumbnail,
	}
	if m.Kind == MediaPTV {
		return &waE2E.Message{PtvMessage: video}
	}
	if m.Kind == MediaGIF {
		video.GifPlayback = proto.Bool(true)
	}
	return &waE2E.Message{VideoMessage: video}
}

// document describes a document; one with a caption is wrapped.
func (m *Media) document(file hosted, uploaded int64) *waE2E.Message {
	message := &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{
		URL: &file.url, DirectPath: &file.directPath, MediaKey: file.key, FileEncSHA256: file.encSHA256, FileSHA256: file.sha256,
		FileLength: &file.length, MediaKeyTimestamp: &uploaded, Mimetype: &m.MimeType, Caption: textOrNil(m.Caption),
		FileName: textOrNil(m.FileName), Title: textOrNil(m.FileName), PageCount: numberOrNil(m.Pages), JPEGThumbnail: m.Thumbnail,
	}}
	if m.Caption == "" {
		return message
	}
	return wrap(message, func(w *waE2E.Message, inner *waE2E.FutureProofMessage) { w.DocumentWithCaptionMessage = inner })
}

// mediaPart is what all messages with a file have.
type mediaPart interface {
	GetURL() string
	GetDirectPath() string
	GetMediaKey() []byte
	GetFileEncSHA256() []byte
	GetFileSHA256() []byte
	GetFileLength() uint64
	GetMimetype() string
}

// mediaOf gives the file of a message and what its keys are for; nil without one.
func mediaOf(m *waE2E.Message) (part mediaPart, use string) {
	m = content(m)
	switch {
	case m.GetImageMessage() != nil:
		return m.ImageMessage, imageKeys
	case m.GetVideoMessage() != nil:
		return m.VideoMessage, videoKeys
	case m.GetPtvMessage() != nil:
		return m.PtvMessage, videoKeys
	case m.GetAudioMessage() != nil:
		return m.AudioMessage, audioKeys
	case m.GetDocumentMessage() != nil:
		return m.DocumentMessage, documentKeys
	case m.GetStickerMessage() != nil:
		return m.StickerMessage, imageKeys
	}
	return nil, ""
}

// Download fetches the file of a message from the media server, checks its
// hashes, MAC and length, and decrypts it. It fails with ErrNoMedia if the
// server does not have it, and with ErrMediaBroken if it is not what the message
// says. Media faults do not strike phones.
func (p *Phone) Download(ctx context.Context, m PhoneMessage) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	part, use := mediaOf(m.Message)
	if part == nil {
		return nil, fmt.Errorf("%w: there is no file in it", ErrWrongKind)
	}
	file, ok := p.srv.media.get(part.GetDirectPath())
	if !ok || file.gone != 0 {
		return nil, ErrNoMedia
	}
	sealed, err := file.read()
	if err != nil {
		return nil, err
	}
	if part.GetMediaKey() == nil { // of a channel: not encrypted
		if !bytes.Equal(part.GetFileSHA256(), sum256(sealed)) {
			return nil, fmt.Errorf("%w: hash of the file", ErrMediaBroken)
		}
		return bytes.Clone(sealed), nil
	}
	return openMedia(sealed, use, hosted{
		key: part.GetMediaKey(), encSHA256: part.GetFileEncSHA256(), sha256: part.GetFileSHA256(), length: part.GetFileLength(),
	})
}

// numberOrNil leaves a field out if there is nothing to say.
func numberOrNil(number uint32) *uint32 {
	if number == 0 {
		return nil
	}
	return &number
}
