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

// beforehand has something done before a message is sent, and then says so to the
// goroutine that sends, unless ctx, the link's, has ended. The chat is held
// meanwhile, and no other one waits.
func (q *sendQueue) beforehand(ctx context.Context, send *models.Outgoing, work func() error, then func(*sendQueue, error)) {
	q.holdOf(send).until = time.Now().Add(forever)
	if q.preparing[send.ID] {
		return // a reconnect lets all holds go; the work goes on
	}
	q.preparing[send.ID] = true
	q.settlers.Go(func() {
		err := work()
		if ctx.Err() != nil {
			return // the next link does it
		}
		q.finish(func(q *sendQueue) {
			delete(q.preparing, send.ID)
			then(q, err)
		})
	})
}

// goOn lets the chat of a message go on for which all is done.
func (q *sendQueue) goOn(send *models.Outgoing) {
	if h := q.holds[send.Message.ChatID]; h != nil {
		h.until, q.more = time.Time{}, true
	}
}

// bringFirst begins to bring the file of a message to WhatsApp, if it is not there.
func (q *sendQueue) bringFirst(ctx context.Context, send *models.Outgoing) bool {
	if !send.Message.HasMedia {
		return false
	}
	message := &waE2E.Message{}
	if proto.Unmarshal(send.Content, message) != nil {
		return false // try says what is wrong
	}
	part, err := movedTo(unwrapped(message), "")
	if err != nil || part.GetDirectPath() != "" {
		return false
	}
	q.beforehand(ctx, send,
		func() error { return q.session.service.bring(ctx, q.session, send) },
		func(q *sendQueue, err error) { q.brought(ctx, send, err) })
	return true
}

// brought goes on with a chat whose message's file is at WhatsApp's, or is not.
func (q *sendQueue) brought(ctx context.Context, send *models.Outgoing, err error) {
	h := q.holds[send.Message.ChatID]
	if h == nil {
		return
	}
	if err == nil {
		q.goOn(send)
		return
	}
	q.session.log.WarnContext(ctx, "a file could not be brought to WhatsApp", "outbox_id", send.ID, "error", err)
	why := fault.From(err)
	most := maxSendTries
	if why.Code() == fault.NotImplemented || why.Code() == fault.Unavailable {
		most = maxAwayTries
	} else if why.Code() == fault.NotFound { // it is not there any more
		most = 0
	}
	if h.tries++; h.tries >= most {
		q.goOn(send)
		if q.begin(send.WAMessageID()) { // else it was withdrawn
			q.failed(ctx, send, why)
		}
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
// wants it. The message itself ends it.
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
	media, pause := types.ChatPresenceMediaText, min(time.Duration(utf8.RuneCountInString(m.Body)+1)*typingPerCharacter, maxTyping)
	if voice {
		media, pause = types.ChatPresenceMediaAudio, maxTyping
	}
	q.beforehand(ctx, send, func() error {
		q.showTyping(ctx, to, media)
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		return nil
	}, func(q *sendQueue, _ error) {
		q.typed[send.ID] = true
		q.goOn(send)
	})
	return true
}

// showTyping tells a chat that the account types or records. A failure keeps no
// message back.
func (q *sendQueue) showTyping(ctx context.Context, to types.JID, media types.ChatPresenceMedia) {
	ctx, cancel := context.WithTimeout(ctx, typingTime)
	defer cancel()
	err := q.session.service.availableForTyping(ctx, q.session)
	if err == nil || fault.Is(err, fault.Unavailable) { // without a name yet it may be seen all the same
		to = q.session.stateJID(ctx, to)
		err = tell(ctx, q.session, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SendChatPresence(ctx, to, types.ChatPresenceComposing, media)
		})
	}
	if err != nil {
		q.session.log.DebugContext(ctx, "showing typing failed", "error", err)
	}
}
