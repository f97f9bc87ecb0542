package wasim

import (
	"bytes"
	"fmt"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// SendOption changes how a message is sent.
type SendOption func(*sending)

type sending struct {
	id          string
	reply       *PhoneMessage
	mentions    []types.JID
	ephemeral   uint32
	score       uint32
	viewOnce    bool
	link        *LinkPreview
	recipients  []types.JID
	unavailable string
	garbled     int
}

// WithID sets the message id; without, a new one of the shape phones use is made.
func WithID(id string) SendOption { return func(s *sending) { s.id = id } }

// WithReply quotes a message.
func WithReply(to PhoneMessage) SendOption { return func(s *sending) { s.reply = &to } }

// WithMentions mentions accounts; the text should hold "@" and their user part.
func WithMentions(who ...types.JID) SendOption {
	return func(s *sending) { s.mentions = append(s.mentions, who...) }
}

// WithEphemeral makes the message disappear after some seconds.
func WithEphemeral(seconds uint32) SendOption { return func(s *sending) { s.ephemeral = seconds } }

// WithForwarding marks the message as forwarded, score times so far; from 5 on
// WhatsApp calls it "forwarded many times".
func WithForwarding(score uint32) SendOption { return func(s *sending) { s.score = score } }

// WithViewOnce makes an image, a video or a voice message viewable once, in the
// form that a companion can still decrypt. Real phones give companions no
// content at all: for that see [AsUnavailable].
func WithViewOnce() SendOption { return func(s *sending) { s.viewOnce = true } }

// WithLinkPreview adds a preview of a link to a text.
func WithLinkPreview(link LinkPreview) SendOption { return func(s *sending) { s.link = &link } }

// WithRecipients chooses who may see a story; accounts that do not exist are
// left out. Elsewhere it does nothing.
func WithRecipients(who ...types.JID) SendOption {
	return func(s *sending) { s.recipients = append(s.recipients, who...) }
}

// AsUnavailable gives companions a word that there is a message instead of the
// message, as WhatsApp does with "view_once". Phones get the message.
func AsUnavailable(kind string) SendOption { return func(s *sending) { s.unavailable = kind } }

// AsUndecryptable makes the first encryptions of the message for companions
// unreadable: the one sent at first and those in answers to retry receipts. Less
// than 1 means all of them, for ever.
func AsUndecryptable(times int) SendOption {
	if times < 1 {
		times = always
	}
	return func(s *sending) { s.garbled = times }
}

// always is a number of failures that no client outlives.
const always = 1 << 30

// LinkPreview is what a text shows of a link in it.
type LinkPreview struct {
	URL         string `json:"url"` // as it stands in the text
	Title       string `json:"title"`
	Description string `json:"description"`
	Thumbnail   []byte `json:"thumbnail"` // JPEG
}

// apply writes the options into a message for a chat.
func (s *sending) apply(p *Phone, chat types.JID, m *waE2E.Message) (*waE2E.Message, error) {
	if m == nil {
		return nil, fmt.Errorf("%w: there is no message", ErrWrongKind)
	}
	if s.link != nil {
		if err := s.link.attach(m); err != nil {
			return nil, err
		}
	}
	if len(s.mentions) > 0 || s.reply != nil || s.ephemeral > 0 || s.score > 0 {
		about := contextInfo(m, true)
		if about == nil {
			return nil, fmt.Errorf("%w: it has no context", ErrWrongKind)
		}
		s.describe(p, chat, about)
	}
	if s.viewOnce {
		if err := markViewOnce(m); err != nil {
			return nil, err
		}
		m = wrap(m, func(w *waE2E.Message, inner *waE2E.FutureProofMessage) { w.ViewOnceMessageV2 = inner })
	}
	if s.ephemeral > 0 {
		m = wrap(m, func(w *waE2E.Message, inner *waE2E.FutureProofMessage) { w.EphemeralMessage = inner })
	}
	return m, nil
}

// describe writes the options into a message's context.
func (s *sending) describe(p *Phone, chat types.JID, about *waE2E.ContextInfo) {
	for _, who := range s.mentions {
		about.MentionedJID = append(about.MentionedJID, who.ToNonAD().String())
	}
	if s.reply != nil {
		about.StanzaID = proto.String(s.reply.ID)
		about.Participant = proto.String(p.nameIn(chat, s.reply.Sender).String())
		about.QuotedMessage = proto.CloneOf(content(s.reply.Message))
		if about.QuotedMessage != nil {
			about.QuotedMessage.MessageContextInfo = nil
		}
		if s.reply.Chat == types.StatusBroadcastJID {
			about.RemoteJID = proto.String(s.reply.Chat.String())
		}
	}
	if s.ephemeral > 0 {
		about.Expiration = proto.Uint32(s.ephemeral)
	}
	if s.score > 0 {
		about.IsForwarded, about.ForwardingScore = proto.Bool(true), proto.Uint32(s.score)
	}
}

// wrap puts a message into a wrapper. Its context stays outside, where clients
// look for the secret.
func wrap(m *waE2E.Message, into func(*waE2E.Message, *waE2E.FutureProofMessage)) *waE2E.Message {
	outer := &waE2E.Message{MessageContextInfo: m.MessageContextInfo}
	m.MessageContextInfo = nil
	into(outer, &waE2E.FutureProofMessage{Message: m})
	return outer
}

func markViewOnce(m *waE2E.Message) error {
	switch {
	case m.ImageMessage != nil:
		m.ImageMessage.ViewOnce = proto.Bool(true)
	case m.VideoMessage != nil:
		m.VideoMessage.ViewOnce = proto.Bool(true)
	case m.AudioMessage != nil:
		m.AudioMessage.ViewOnce = proto.Bool(true)
	default:
		return fmt.Errorf("%w: only images, videos and voice messages are viewed once", ErrWrongKind)
	}
	return nil
}

// attach writes the preview into a text.
func (l *LinkPreview) attach(m *waE2E.Message) error {
	text := textOfMessage(m)
	if m.Conversation != nil {
		m.Conversation, m.ExtendedTextMessage = nil, &waE2E.ExtendedTextMessage{Text: proto.String(text)}
	}
	if m.ExtendedTextMessage == nil {
		return fmt.Errorf("%w: only texts have previews of links", ErrWrongKind)
	}
	m.ExtendedTextMessage.MatchedText = proto.String(l.URL)
	m.ExtendedTextMessage.Title = proto.String(l.Title)
	m.ExtendedTextMessage.Description = proto.String(l.Description)
	m.ExtendedTextMessage.PreviewType = waE2E.ExtendedTextMessage_NONE.Enum()
	m.ExtendedTextMessage.JPEGThumbnail = bytes.Clone(l.Thumbnail)
	return nil
}
