package whatsapp

import (
	"context"
	"time"
	"unicode/utf8"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/models/fault"
)

// expired is why a message was given up that could not be sent in time.
func expired() *fault.Error {
	return fault.New(fault.Unavailable, fault.ReasonTimeout, "the message could not be sent before it expired")
}

// bringFirst begins to bring the file of a message to WhatsApp, if it is not there;
// the chat is held meanwhile, and no other one waits.
func (q *sendQueue) bringFirst(ctx context.Context, send *models.Outgoing) bool {
	if !send.Message.HasMedia {
		return false
	}
	message := &waE2E.Message{}
	if proto.Unmarshal(send.Content, message) != nil {
		return false // try says what is wrong
	}
	part, err := movedTo(message, "")
	if err != nil || part.GetDirectPath() != "" {
		return false
	}
	chat := send.Message.ChatID
	h := q.holds[chat]
	if h == nil {
		h = &hold{pause: backOff(q.session.service.cfg.Timing.SendRetry, maxSendPause)}
		q.holds[chat] = h
	}
	h.until = time.Now().Add(forever)
	q.settlers.Go(func() {
		err := q.session.service.bring(ctx, q.session, send)
		if ctx.Err() != nil {
			return // the next link does it
		}
		q.finish(func(q *sendQueue) { q.brought(ctx, send, err) })
	})
	return true
}

// brought goes on with a chat whose message's file is at WhatsApp's, or is not.
func (q *sendQueue) brought(ctx context.Context, send *models.Outgoing, err error) {
	h := q.holds[send.Message.ChatID]
	if h == nil {
		return
	}
	if err == nil {
		h.until, q.more = time.Time{}, true
		return
	}
	q.session.log.WarnContext(ctx, "a file could not be brought to WhatsApp, trying again", "outbox_id", send.ID, "error", err)
	why := fault.From(err)
	most := maxSendTries
	if why.Code() == fault.NotImplemented || why.Code() == fault.Unavailable {
		most = maxAwayTries
	}
	if h.tries++; h.tries >= most {
		q.failed(ctx, send, why)
		q.more = true
		return
	}
	h.until = time.Now().Add(h.pause.NextBackOff())
}

// maxAwayTries is how often a file is brought to WhatsApp while the connection or
// our storage comes and goes.
const maxAwayTries = 100

const (
	// typingPerCharacter and maxTyping are how long typing is shown before a text:
	// much faster than people type, so that nobody waits for long.
	typingPerCharacter = 20 * time.Millisecond
	maxTyping          = 2 * time.Second
	// typingTime bounds telling WhatsApp of it.
	typingTime = 5 * time.Second
)

// typeFirst shows typing, or recording, before a message is sent, where the session
// wants it; the chat is held meanwhile, and no other one waits.
func (q *sendQueue) typeFirst(ctx context.Context, send *models.Outgoing) bool {
	m := send.Message
	voice := m.Content.Media != nil && m.Content.Media.Voice
	if !q.session.typing.Load() || q.typed[send.ID] || send.Attempts > 0 || m.Type != models.MessageText && !voice {
		return false
	}
	to, err := types.ParseJID(send.Recipient)
	if err != nil || to.Server == types.BroadcastServer || to.Server == types.NewsletterServer { // nobody watches a story being made
		return false
	}
	q.typed[send.ID] = true
	q.settlers.Go(func() {
		media := types.ChatPresenceMediaText
		if voice {
			media = types.ChatPresenceMediaAudio
		}
		asking, cancel := context.WithTimeout(ctx, typingTime)
		defer cancel()
		err := tell(asking, q.session, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SendChatPresence(ctx, to, types.ChatPresenceComposing, media)
		})
		if err != nil {
			q.session.log.DebugContext(ctx, "showing typing failed", "error", err)
		}
	})
	h := q.holds[m.ChatID]
	if h == nil {
		h = &hold{pause: backOff(q.session.service.cfg.Timing.SendRetry, maxSendPause)}
		q.holds[m.ChatID] = h
	}
	pause := min(time.Duration(utf8.RuneCountInString(m.Body)+1)*typingPerCharacter, maxTyping)
	if voice {
		pause = maxTyping
	}
	h.until = time.Now().Add(pause)
	return true
}
