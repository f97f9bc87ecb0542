package wasim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// maxRetries is how often a phone asks for a message again.
const maxRetries = 5

var errNoContent = errors.New("nothing to decrypt")

// letter is a message in a phone's inbox.
type letter struct {
	from   *Phone
	device uint16 // of the sender; 0 is its phone
	id     string
	chat   types.JID // the group, or the LID of the other side
	at     time.Time
	stanza attrs // type, edit
	encs   []node
	clear  *waE2E.Message // instead of encs, between two phones
}

// inbox holds what reached a phone until it has looked at it, in order. A
// goroutine works on it only while there is something in it.
type inbox struct {
	mu      sync.Mutex
	letters []letter
	working bool
}

// receive puts a message into the inbox. It never blocks.
func (p *Phone) receive(l letter) {
	p.inbox.mu.Lock()
	p.inbox.letters = append(p.inbox.letters, l)
	p.inbox.mu.Unlock()
	p.wakeInbox()
}

// wakeInbox makes the phone look at its inbox if nobody does.
func (p *Phone) wakeInbox() {
	p.inbox.mu.Lock()
	defer p.inbox.mu.Unlock()
	if p.inbox.working || len(p.inbox.letters) == 0 {
		return
	}
	p.inbox.working = p.srv.spawn(p.workInbox)
}

func (p *Phone) workInbox() {
	for {
		l, ok := p.nextLetter()
		if !ok {
			return
		}
		p.read(l)
	}
}

func (p *Phone) nextLetter() (letter, bool) {
	p.inbox.mu.Lock()
	defer p.inbox.mu.Unlock()
	// Asked under the lock, so that the end of the fault cannot slip in between.
	offline := p.srv.faults.strikes(FaultPhoneOffline, p.number)
	if offline || len(p.inbox.letters) == 0 || p.srv.ctx.Err() != nil {
		p.inbox.working = false
		return letter{}, false
	}
	l := p.inbox.letters[0]
	p.inbox.letters = p.inbox.letters[1:]
	return l, true
}

// read decrypts a message, confirms it and writes it down; or asks for it again.
func (p *Phone) read(l letter) {
	message, err := p.decrypt(l)
	if err != nil {
		p.srv.stats.unreadable.Add(1)
		p.srv.log.Debug("phone could not decrypt", "message_id", l.id, "error", err)
		p.askAgain(l)
		return
	}
	p.srv.stats.decrypted.Add(1)
	if message == nil {
		return
	}
	own := l.from == p
	if copied := message.GetDeviceSentMessage(); own && copied.GetMessage() != nil {
		about := message.GetMessageContextInfo()
		if message = copied.GetMessage(); message.GetMessageContextInfo() == nil {
			message.MessageContextInfo = about
		}
	}
	if !own {
		p.confirm(l)
	}
	if message.GetProtocolMessage() != nil && l.chat == p.lid && own {
		p.confirmPeer(l)
		p.answerCompanion(l, message.GetProtocolMessage())
		return
	}
	p.note(PhoneMessage{
		ID: l.id, Chat: l.chat, Sender: deviceJID(l.from.lid, l.device), PushName: l.from.Name(),
		FromMe: own, Time: l.at, Text: textOfMessage(message), Message: message, Copies: 1,
		Type: textOf(&node{Attrs: l.stanza}, "type"), MediaType: l.mediaType(message),
		Edit: types.EditAttribute(textOf(&node{Attrs: l.stanza}, "edit")),
	})
}

// mediaType is the label of the encryption.
func (l *letter) mediaType(message *waE2E.Message) string {
	for i := range l.encs {
		if label := textOf(&l.encs[i], "mediatype"); label != "" {
			return label
		}
	}
	if l.clear != nil {
		return textOf(&node{Attrs: dress(message).enc}, "mediatype")
	}
	return ""
}

// answerCompanion answers a companion's word to its own phone.
func (p *Phone) answerCompanion(l letter, word *waE2E.ProtocolMessage) {
	if request := word.GetPeerDataOperationRequestMessage(); request != nil {
		p.answerRequest(l, request)
		return
	}
	if word.GetType() != waE2E.ProtocolMessage_APP_STATE_SYNC_KEY_REQUEST {
		return
	}
	if device := p.companion(l.device); device != nil {
		p.giveAppState(device)
	}
}

// confirm sends a delivery receipt.
func (p *Phone) confirm(l letter) {
	r := receiptOut{from: p, id: l.id, to: deviceJID(l.from.lid, l.device)}
	if isShared(l.chat) {
		r.to, r.author = l.chat, deviceJID(l.from.lid, l.device)
	}
	p.srv.routeReceipt(r)
}

// confirmPeer tells a companion that its word to its own phone has come.
func (p *Phone) confirmPeer(l letter) {
	if device := p.companion(l.device); device != nil {
		r := receiptOut{from: p, kind: types.ReceiptTypePeerMsg, id: l.id}
		device.deliver(r.stanza(p.srv, attrs{"from": p.lid}))
	}
}

// decrypt opens a letter. The message is nil if there was nothing for the user,
// such as a sender key alone. A panic of the crypto library on malformed input
// is an error like any other.
func (p *Phone) decrypt(l letter) (message *waE2E.Message, err error) {
	if l.clear != nil {
		return l.clear, nil
	}
	from := l.from.companion(l.device)
	if from == nil {
		return nil, fmt.Errorf("sender's device %d is not linked", l.device)
	}
	defer func() {
		if failure := recover(); failure != nil {
			message, err = nil, fmt.Errorf("decrypting panicked: %v", failure)
		}
	}()
	p.signal.mu.Lock()
	defer p.signal.mu.Unlock()
	err = errNoContent
	ctx := context.Background()
	for _, enc := range l.encs {
		var part *waE2E.Message
		if part, err = p.decryptLocked(ctx, from, l.chat, enc); err != nil {
			continue // the encryption behind it may be readable
		}
		if key := part.GetSenderKeyDistributionMessage(); key != nil {
			if err = p.learnSenderKeyLocked(ctx, from, key); err != nil {
				continue
			}
			part.SenderKeyDistributionMessage = nil
			if len(l.encs) > 1 && textOf(&enc, "type") != "skmsg" {
				continue
			}
		}
		message = part
	}
	if message != nil {
		return message, nil
	}
	return nil, err
}

// askAgain sends a retry receipt with new keys, a few times.
func (p *Phone) askAgain(l letter) {
	count := 1
	for i := range l.encs {
		count = max(count, numberOf(&l.encs[i], "count")+1)
	}
	if count > maxRetries || l.from.companion(l.device) == nil {
		return
	}
	parts := p.bundle()
	keys := make([]node, 0, len(parts))
	for _, part := range parts {
		if part.Tag != "registration" {
			keys = append(keys, part)
		}
	}
	r := receiptOut{
		from: p, kind: types.ReceiptTypeRetry, id: l.id, to: deviceJID(l.from.lid, l.device),
		content: []node{
			{Tag: "retry", Attrs: attrs{"count": count, "id": l.id, "t": unixText(l.at), "v": "1"}},
			{Tag: "registration", Content: p.registrationBytes()},
			{Tag: "keys", Content: keys},
		},
	}
	switch {
	case isShared(l.chat):
		r.to, r.author = l.chat, deviceJID(l.from.lid, l.device)
	case l.from == p:
		r.chat = l.chat
	}
	p.srv.routeReceipt(r)
}
