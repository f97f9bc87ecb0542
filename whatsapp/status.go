package whatsapp

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/fault"
)

const (
	// maxStatusText is what WhatsApp's own apps let one type into a story.
	maxStatusText = 700
	// white is the colour of a story's text: opaque, in ARGB.
	white = 0xffffffff
	// maxViews is how many stories one call views: more than anybody posts a day.
	maxViews = 200
)

// storyChat is the chat that stories come in.
func storyChat() models.ChatAddress {
	return models.ChatAddress{Type: models.ChatBroadcast, JID: models.StatusChat}
}

// StatusText is a story of text.
type StatusText struct {
	Text            string // 1 to 700 characters
	BackgroundColor string // #RRGGBB; "" the viewer's app chooses
	Font            string // one of WhatsApp's names of them, such as SYSTEM_BOLD; "" SYSTEM
}

// NewStatus is a story. Exactly one kind of content is set.
type NewStatus struct {
	Text  *StatusText
	Media *MediaContent // an image, a video or audio
	Async bool          // queue it instead of waiting for WhatsApp
}

// PostStatus posts a story to those whom the account's status privacy lets see it:
// WhatsApp's setting, applied to the contacts that have a name in the account's
// address book. It is sent like any other message: see [Service.SendMessage].
func (s *Service) PostStatus(ctx context.Context, row *models.Session, status NewStatus) (*models.Outgoing, error) {
	d, err := status.check()
	if err != nil {
		return nil, err
	}
	x, err := s.session(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	return s.submit(ctx, x, row, NewSend{Async: status.Async}, &d)
}

// check reads a story; its failures name the caller's fields.
func (n NewStatus) check() (d draft, err error) {
	d.to = types.StatusBroadcastJID
	switch {
	case n.Text == nil && n.Media == nil:
		return d, fault.Missing("text")
	case n.Text != nil && n.Media != nil:
		return d, fault.Invalid("content", "content must be of one kind")
	case n.Text != nil:
		err = n.Text.into(&d)
		return d, err
	case n.Media.Type != models.MessageImage && n.Media.Type != models.MessageVideo && n.Media.Type != models.MessageAudio:
		return d, fault.Invalid("media", "a story is a text, an image, a video or audio")
	case n.Media.ViewOnce:
		return d, fault.Invalid("viewOnce", "viewOnce is not for stories")
	default:
		err = n.Media.into(&d)
		return d, err
	}
}

func (c *StatusText) into(d *draft) error {
	if err := checkText("text", c.Text); err != nil {
		return err
	}
	if utf8.RuneCountInString(c.Text) > maxStatusText {
		return fault.Invalid("text", fmt.Sprintf("text must have at most %d characters", maxStatusText)).With("max", maxStatusText)
	}
	text := &waE2E.ExtendedTextMessage{Text: &c.Text, TextArgb: proto.Uint32(white)}
	if c.BackgroundColor != "" {
		digits, marked := strings.CutPrefix(c.BackgroundColor, "#")
		color, err := strconv.ParseUint(digits, 16, 24)
		if !marked || len(digits) != len("RRGGBB") || err != nil {
			return fault.Invalid("backgroundColor", "backgroundColor must be #RRGGBB")
		}
		text.BackgroundArgb = proto.Uint32(0xff000000 | uint32(color))
	}
	if c.Font != "" {
		font, known := waE2E.ExtendedTextMessage_FontType_value[c.Font]
		if !known {
			return fault.Invalid("font", "font must be one of WhatsApp's")
		}
		text.Font = waE2E.ExtendedTextMessage_FontType(font).Enum()
	}
	d.kind, d.body, d.message = models.MessageText, c.Text, &waE2E.Message{ExtendedTextMessage: text}
	return nil
}

// DeleteStatus takes a story of the account's own back. One of somebody else's, or
// one that is taken back already, is fault.Validation.
func (s *Service) DeleteStatus(ctx context.Context, row *models.Session, waMessageID string, async bool) (*models.Outgoing, error) {
	x, err := s.session(ctx, row.ID)
	if err != nil {
		return nil, err
	}
	_, target, err := s.messageOf(ctx, row.ID, MessageKey{Chat: models.StatusChat, WAMessageID: waMessageID})
	if err != nil {
		return nil, err
	}
	switch {
	case !target.FromMe:
		return nil, wrongKind("only stories of the account's own can be taken back")
	case target.Deleted:
		return nil, wrongKind("the story was taken back already")
	}
	d := draft{
		to: types.StatusBroadcastJID, replyTo: target.WAMessageID, plain: true, kind: models.MessageRevoke,
		details: models.Content{TargetSender: target.SenderLID},
		message: &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
			Type: waE2E.ProtocolMessage_REVOKE.Enum(),
			Key:  &waCommon.MessageKey{RemoteJID: proto.String(models.StatusChat), FromMe: proto.Bool(true), ID: &target.WAMessageID},
		}},
	}
	return s.submit(ctx, x, row, NewSend{Async: async}, &d)
}

// ViewStatus tells those who posted stories that the account has seen them, and
// gives the stories. At most 200 at a time; one that is not known is
// fault.NotFound, one of the account's own fault.Validation: then nobody is told.
func (s *Service) ViewStatus(ctx context.Context, sessionID string, waMessageIDs []string) ([]models.Message, error) {
	stories, err := s.viewed(ctx, sessionID, waMessageIDs)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	// One receipt for each person.
	for start := 0; start < len(stories); {
		from, err := senderOf(&stories[start])
		if err != nil {
			return nil, err
		}
		var ids []types.MessageID
		for ; start < len(stories) && (len(ids) == 0 || stories[start].SenderID == stories[start-1].SenderID); start++ {
			ids = append(ids, stories[start].WAMessageID)
		}
		err = tell(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.MarkRead(ctx, ids, time.Now(), types.StatusBroadcastJID, from)
		})
		if err != nil {
			return nil, err
		}
	}
	ctx, cancel = storing(ctx)
	defer cancel()
	err = s.db.Chats.ReadOn(ctx, sessionID, storyChat(), waMessageIDs)
	s.changes.notify(err)
	return stories, err
}

// viewed finds the stories that somebody views, those of one person in a row.
func (s *Service) viewed(ctx context.Context, sessionID string, waMessageIDs []string) ([]models.Message, error) {
	switch {
	case len(waMessageIDs) == 0:
		return nil, fault.Missing("waMessageIds")
	case len(waMessageIDs) > maxViews:
		return nil, fault.Invalid("waMessageIds", fmt.Sprintf("waMessageIds must have at most %d entries", maxViews)).With("max", maxViews)
	}
	for i, id := range waMessageIDs {
		if id == "" || storable(id) != id {
			return nil, fault.Invalid(fmt.Sprintf("waMessageIds[%d]", i), "an id must be WhatsApp's of a story")
		}
	}
	stories, err := s.db.Messages.StoriesByID(ctx, sessionID, waMessageIDs)
	if err != nil {
		return nil, err
	}
	for _, id := range waMessageIDs {
		if !slices.ContainsFunc(stories, func(m models.Message) bool { return m.WAMessageID == id }) {
			return nil, fault.NoSuch("story").With("waMessageId", id)
		}
	}
	if slices.ContainsFunc(stories, func(m models.Message) bool { return m.FromMe }) {
		return nil, fault.Invalid("waMessageIds", "waMessageIds must be stories of others")
	}
	slices.SortStableFunc(stories, func(a, b models.Message) int { return int(a.SenderID - b.SenderID) })
	return stories, nil
}
