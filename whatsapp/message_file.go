package whatsapp

import (
	"strings"

	"go.mau.fi/whatsmeow/proto/waE2E"

	"wagateway/models"
)

// described is a file of a message, as all kinds describe it.
type described interface {
	contextual
	GetDirectPath() string
	GetFileSHA256() []byte
	GetFileLength() uint64
	GetMimetype() string
}

// fileContent reads files; the body is the caption.
func fileContent(msg *waE2E.Message) (content, bool) {
	switch {
	case msg.GetImageMessage() != nil:
		m := msg.GetImageMessage()
		return fileOf(models.MessageImage, m.GetCaption(), m, m.GetJPEGThumbnail(), models.Media{
			Width: int(m.GetWidth()), Height: int(m.GetHeight()),
		}, m.GetViewOnce()), true
	case msg.GetVideoMessage() != nil:
		return videoOf(msg.GetVideoMessage(), false), true
	case msg.GetPtvMessage() != nil:
		return videoOf(msg.GetPtvMessage(), true), true
	case msg.GetAudioMessage() != nil:
		m := msg.GetAudioMessage()
		return fileOf(models.MessageAudio, "", m, nil, models.Media{Seconds: int(m.GetSeconds()), Voice: m.GetPTT()}, m.GetViewOnce()), true
	case msg.GetDocumentMessage() != nil:
		m := msg.GetDocumentMessage()
		return fileOf(models.MessageDocument, m.GetCaption(), m, m.GetJPEGThumbnail(), models.Media{Filename: m.GetFileName()}, false), true
	case msg.GetStickerMessage() != nil:
		m := msg.GetStickerMessage()
		return fileOf(models.MessageSticker, "", m, nil, models.Media{
			Width: int(m.GetWidth()), Height: int(m.GetHeight()), Animated: m.GetIsAnimated(),
		}, false), true
	default:
		return content{}, false
	}
}

func videoOf(m *waE2E.VideoMessage, note bool) content {
	return fileOf(models.MessageVideo, m.GetCaption(), m, m.GetJPEGThumbnail(), models.Media{
		Width: int(m.GetWidth()), Height: int(m.GetHeight()), Seconds: int(m.GetSeconds()), Animated: m.GetGifPlayback(), VideoNote: note,
	}, m.GetViewOnce())
}

// maxThumbnail bounds the small picture that is kept of a file: WhatsApp's own are
// of some kilobytes.
const maxThumbnail = 64 << 10

func fileOf(kind models.MessageType, caption string, m described, thumbnail []byte, media models.Media, viewOnce bool) content {
	media.Mimetype, media.Size = storable(m.GetMimetype()), int64(m.GetFileLength())
	if media.Size < 0 {
		media.Size = 0
	}
	if len(thumbnail) > maxThumbnail {
		thumbnail = nil
	}
	c := content{kind: kind, body: caption, details: models.Content{Media: &media}, media: &models.NewMedia{
		Status: models.MediaRemote, Mimetype: media.Mimetype, Size: media.Size, SHA256: m.GetFileSHA256(),
		DirectPath: storable(m.GetDirectPath()), Thumbnail: thumbnail,
	}}
	c = inContext(c, m)
	c.details.ViewOnce = viewOnce
	return c
}

// cards reads the cards of people.
func cards(messages ...*waE2E.ContactMessage) models.Content {
	content := models.Content{Contacts: []models.ContactCard{}}
	for _, m := range messages {
		content.Contacts = append(content.Contacts, models.ContactCard{Name: m.GetDisplayName(), Phone: phoneOf(m.GetVcard()), VCard: m.GetVcard()})
	}
	return content
}

// phoneOf gives the first phone number of a card, as it is written there.
func phoneOf(vcard string) string {
	for line := range strings.Lines(vcard) {
		name, value, found := strings.Cut(strings.TrimSpace(line), ":")
		name, _, _ = strings.Cut(name, ";")
		if _, last, grouped := strings.Cut(name, "."); grouped { // item1.TEL
			name = last
		}
		if found && strings.EqualFold(name, "TEL") {
			return strings.TrimPrefix(value, "tel:")
		}
	}
	return ""
}
