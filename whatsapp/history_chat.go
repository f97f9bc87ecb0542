package whatsapp

import (
	"context"
	"crypto/sha256"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/proto/waWeb"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
)

// pastImport stores the conversations of one part of the past.
type pastImport struct {
	service  *Service
	session  *session
	link     *link
	part     *models.HistoryPart
	onDemand bool      // somebody asked for it, however old it is
	messages bool      // messages are wanted at all
	states   bool      // it says how the chats are now
	since    time.Time // older messages are left out
}

// conversation stores one chat.
func (p *pastImport) conversation(ctx context.Context, c *waHistorySync.Conversation) error {
	jid, err := types.ParseJID(c.GetID())
	if err != nil || jid.User == "" {
		p.session.log.DebugContext(ctx, "a conversation of the past has no address", "error", err)
		return nil
	}
	other, _ := types.ParseJID(c.GetPnJID())
	if jid.Server == types.DefaultUserServer {
		other, _ = types.ParseJID(c.GetLidJID())
	}
	chat := p.session.chatAddress(ctx, jid, other)
	if chat.JID == "" && chat.Person == (models.Person{}) {
		return nil // a bot, or whatever is none of the kinds
	}
	if p.messages {
		if err := p.past(ctx, jid, chat, c); err != nil {
			return err
		}
	}
	if !p.states {
		return nil
	}
	return p.service.db.History.ImportChat(ctx, p.session.id, models.PastChat{
		Chat: chat, Archived: c.GetArchived(), Pinned: c.GetPinned() > 0, MutedUntil: muteEnd(c.GetMuteEndTime()),
		MarkedUnread: c.GetMarkedAsUnread(), Unread: int(min(c.GetUnreadCount(), maxUnread)), EphemeralSeconds: int(c.GetEphemeralExpiration()),
		LastMessageAt: models.MillisOf(time.Unix(int64(max(c.GetConversationTimestamp(), c.GetLastMsgTimestamp())), 0)),
	})
}

// maxUnread bounds what a phone says is unread.
const maxUnread = 1 << 20

// muteEnd reads the end of a mute, which comes in seconds or in milliseconds.
func muteEnd(end uint64) models.Millis {
	const milliseconds = 1 << 36 // in seconds, a thousand years from now
	switch at := models.Millis(end); {
	case at <= 0:
		return 0
	case at < milliseconds:
		return min(at*1000, models.MutedForever)
	default:
		return min(at, models.MutedForever)
	}
}

// pastBatch is what is stored at once: messages, and what others did with the
// account's own.
type pastBatch struct {
	messages []models.NewMessage
	receipts []models.Receipt
}

// past stores the messages of a chat, in groups.
func (p *pastImport) past(ctx context.Context, jid types.JID, chat models.ChatAddress, c *waHistorySync.Conversation) error {
	var batch pastBatch
	for i := len(c.GetMessages()) - 1; i >= 0; i-- { // the oldest first, as they came
		info := c.GetMessages()[i].GetMessage()
		c.Messages[i] = nil // there may be many
		if info == nil || !p.onDemand && time.Unix(int64(info.GetMessageTimestamp()), 0).Before(p.since) {
			continue
		}
		p.message(ctx, &batch, jid, chat, info)
		if len(batch.messages)+len(batch.receipts) >= historyBatch {
			if err := p.store(ctx, &batch); err != nil {
				return err
			}
		}
	}
	return p.store(ctx, &batch)
}

// store stores a group of messages and empties it. Should the database refuse one of
// them, whatever it is that cannot be stored, the others are stored all the same.
func (p *pastImport) store(ctx context.Context, batch *pastBatch) error {
	if len(batch.messages) == 0 {
		return nil
	}
	err := p.add(ctx, batch.messages, batch.receipts)
	if unstorable(ctx, err) {
		p.session.log.WarnContext(ctx, "messages of the past could not be stored together, storing them one by one", "error", err)
		err = p.storeEach(ctx, batch)
	}
	clear(batch.messages)
	batch.messages, batch.receipts = batch.messages[:0], batch.receipts[:0]
	return err
}

// storeEach stores a group one by one. What cannot even be stored as WhatsApp's
// encoding alone is the database's failure: nothing is left out for that.
func (p *pastImport) storeEach(ctx context.Context, batch *pastBatch) error {
	for _, message := range batch.messages {
		err := p.add(ctx, []models.NewMessage{message}, nil)
		if unstorable(ctx, err) && !message.Type.Changes() {
			p.session.log.ErrorContext(ctx, "a message of the past could not be stored as it is, storing its encoding alone", "wa_message_id", message.WAMessageID, "error", err)
			err = p.add(ctx, []models.NewMessage{encodingOf(message)}, nil)
		}
		if err != nil {
			return err
		}
	}
	return p.add(ctx, nil, batch.receipts)
}

// add stores messages and receipts in one transaction.
func (p *pastImport) add(ctx context.Context, messages []models.NewMessage, receipts []models.Receipt) error {
	return p.service.db.History.Import(ctx, p.part, messages, receipts)
}

// message reads a message of the past into a batch, with the reactions to it, the
// votes in it and who has read it; nothing where it says nothing to people.
func (p *pastImport) message(ctx context.Context, batch *pastBatch, jid types.JID, chat models.ChatAddress, info *waWeb.WebMessageInfo) {
	evt, err := guarded(ctx, p.link.client, func(_ context.Context, cli *whatsmeow.Client) (*events.Message, error) {
		return cli.ParseWebMessage(jid, info)
	})
	if err != nil || evt.Message == nil || evt.Info.ID == "" || evt.Info.ID != storable(evt.Info.ID) {
		p.session.log.DebugContext(ctx, "a message of the past was left out", "error", err)
		return
	}
	read, ok := contentOf(evt.Message)
	if !ok || read.kind.Changes() {
		return // what it changed is told with that
	}
	source, edited := info.GetMessage(), evt.Info.ID != info.GetKey().GetID()
	if edited {
		source = evt.Message // what it says by now, in the place of what it said
	}
	raw, err := proto.Marshal(source)
	if err != nil {
		p.session.log.DebugContext(ctx, "a message of the past was left out", "error", err)
		return
	}
	message := p.session.newMessage(ctx, &evt.Info)
	message.Chat = chat
	read.details.ViewOnce = read.details.ViewOnce || evt.IsViewOnce
	read.into(&message)
	message.Raw, message.Starred = raw, info.GetStarred()
	if message.Media != nil {
		message.Media.NextTryAt = models.Never // got when somebody asks for it
	}
	if evt.Info.IsFromMe && info.Status != nil {
		// PENDING is 1 there and AckPending 0 here.
		message.AckLevel = models.AckLevel(int(info.GetStatus()) - 1)
	}
	batch.messages = append(batch.messages, message)
	if edited {
		batch.messages = append(batch.messages, p.edit(ctx, &message, evt, info))
	}
	batch.messages = append(batch.messages, p.reactions(ctx, &message, evt, info)...)
	batch.messages = append(batch.messages, p.votes(ctx, &message, evt, info)...)
	if message.FromMe {
		batch.receipts = append(batch.receipts, p.receipts(ctx, &message, info)...)
	}
}

// edit is the change by which a message says what it does.
func (p *pastImport) edit(ctx context.Context, target *models.NewMessage, evt *events.Message, info *waWeb.WebMessageInfo) models.NewMessage {
	protocol := evt.UnwrapRaw().Message.GetProtocolMessage()
	change := p.change(ctx, target, models.MessageEdit, evt.Info.Sender, evt.Info.IsFromMe, info.GetKey().GetID(), protocol.GetTimestampMS())
	change.Sender, change.Body, change.Mentions, change.Content.LinkPreview = target.Sender, target.Body, target.Mentions, target.Content.LinkPreview
	return change
}

// receipts are how far others are with a message of the account's own.
func (p *pastImport) receipts(ctx context.Context, target *models.NewMessage, info *waWeb.WebMessageInfo) []models.Receipt {
	var receipts []models.Receipt
	for _, r := range info.GetUserReceipt() {
		jid, err := types.ParseJID(r.GetUserJID())
		person := p.session.person(ctx, jid, types.EmptyJID)
		if err != nil || person == (models.Person{}) || p.session.isOwn(jid) {
			continue
		}
		receipt := models.Receipt{Chat: target.Chat, Participant: person, WAMessageIDs: []string{target.WAMessageID}}
		for _, step := range []struct {
			level models.AckLevel
			at    int64
		}{{models.AckDelivered, r.GetReceiptTimestamp()}, {models.AckRead, r.GetReadTimestamp()}, {models.AckPlayed, r.GetPlayedTimestamp()}} {
			if step.at > 0 {
				receipt.Level, receipt.At = step.level, models.MillisOf(time.Unix(step.at, 0))
			}
		}
		if receipt.Level != 0 {
			receipts = append(receipts, receipt)
		}
	}
	return receipts
}

// change makes a message that changes one of the past.
func (p *pastImport) change(ctx context.Context, target *models.NewMessage, kind models.MessageType, sender types.JID, fromMe bool, id string, at int64) models.NewMessage {
	change := models.NewMessage{
		Chat: target.Chat, Sender: p.session.person(ctx, sender, types.EmptyJID), WAMessageID: storable(id), FromMe: fromMe, Type: kind,
		QuotedID: target.WAMessageID, AckLevel: models.AckDelivered, Timestamp: models.Millis(at), Quiet: true,
	}
	if fromMe {
		change.Sender, change.AckLevel = p.session.self(ctx), models.AckServer
	}
	change.Content.TargetSender = target.Sender.LID
	if change.Timestamp <= 0 {
		change.Timestamp = target.Timestamp
	}
	return change
}

// author gives who sent what a key names.
func author(chat types.JID, participant, keyParticipant string) types.JID {
	for _, given := range []string{participant, keyParticipant} {
		if jid, err := types.ParseJID(given); err == nil && jid.User != "" {
			return jid
		}
	}
	return chat
}

func (p *pastImport) reactions(ctx context.Context, target *models.NewMessage, evt *events.Message, info *waWeb.WebMessageInfo) []models.NewMessage {
	var changes []models.NewMessage
	for _, r := range info.GetReactions() {
		if r.GetText() == "" || r.GetKey().GetID() == "" {
			continue
		}
		change := p.change(ctx, target, models.MessageReaction, author(evt.Info.Chat, "", r.GetKey().GetParticipant()),
			r.GetKey().GetFromMe(), r.GetKey().GetID(), r.GetSenderTimestampMS())
		change.Body = storable(r.GetText())
		changes = append(changes, change)
	}
	return changes
}

func (p *pastImport) votes(ctx context.Context, target *models.NewMessage, evt *events.Message, info *waWeb.WebMessageInfo) []models.NewMessage {
	if target.Content.Poll == nil {
		return nil
	}
	byHash := make(map[[sha256.Size]byte]string)
	for _, option := range target.Content.Poll.Options {
		byHash[sha256.Sum256([]byte(option))] = option
	}
	var changes []models.NewMessage
	for _, v := range info.GetPollUpdates() {
		key := v.GetPollUpdateMessageKey()
		if key.GetID() == "" || v.GetVote() == nil {
			continue
		}
		change := p.change(ctx, target, models.MessageVote, author(evt.Info.Chat, "", key.GetParticipant()), key.GetFromMe(), key.GetID(), v.GetSenderTimestampMS())
		change.Content.Options = []string{}
		for _, hash := range v.GetVote().GetSelectedOptions() {
			if len(hash) != sha256.Size {
				continue
			}
			if option, known := byHash[[sha256.Size]byte(hash)]; known {
				change.Content.Options = append(change.Content.Options, option)
			}
		}
		changes = append(changes, change)
	}
	return changes
}
