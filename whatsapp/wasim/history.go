package wasim

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/proto/waCommon"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/proto/waWeb"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// HistoryMessage is a message that a phone remembers from before its companions
// were linked.
type HistoryMessage struct {
	ID     string // empty: one is made up
	FromMe bool
	// Sender is the author in a group; one to one it is ignored.
	Sender   types.JID
	PushName string // of the sender; empty: the name of the account, if it exists
	Text     string
	// Message is the content instead of a text.
	Message *waE2E.Message
	Time    time.Time // to the second; zero: now
	Starred bool
	Deleted bool // for everybody: there is no content any more
	// Reactions are the emoji by who reacted, the account itself included.
	Reactions map[types.JID]string
	// Status of an own message; nil means delivered.
	Status *waWeb.WebMessageInfo_Status
	// Raw is sent as it is, instead of all of the above, such as a notice that
	// somebody joined a group. It needs a key with an id.
	Raw *waWeb.WebMessageInfo
}

// HistoryChat is a conversation that a phone remembers.
type HistoryChat struct {
	Chat         types.JID // by phone number, LID or group; it need not exist
	Name         string    // empty: the subject of a group that exists
	Unread       int
	MarkedUnread bool
	Archived     bool
	PinnedAt     time.Time // zero: not pinned
	MutedUntil   time.Time // zero: not muted; store.MutedForever of whatsmeow: no end
	Disappearing time.Duration
	Messages     []HistoryMessage // in any order
}

// History is what a phone hands to companions that are linked from now on. The
// zero value is a phone with nothing to tell, which yet tells it.
type History struct {
	Chats []HistoryChat
	// PushNames are names besides those of accounts that exist.
	PushNames map[types.JID]string
	// LIDs are LIDs by phone number, besides those of accounts that exist.
	LIDs map[types.JID]types.JID
	// Settings go with the first part; nil: an app that unarchives chats by itself.
	Settings *waHistorySync.GlobalSettings
	// ChunkMessages is how many messages go into one part of the recent and the
	// full history; 0 means 500.
	ChunkMessages int
	// Upload sends the first part as a file even if it is small enough to go inline.
	Upload bool
	// Live includes what the phone has received and sent since it exists.
	Live bool
}

// phoneHistory is a phone's memory. The zero value has none.
type phoneHistory struct {
	mu    sync.Mutex
	known *History // Chats is empty here; nil until somebody sets a history
	chats map[types.JID]*pastChat
	order []types.JID

	sent journal[string, sentPart] // by message id, to upload again
}

// pastChat is a remembered conversation under its address.
type pastChat struct {
	about    HistoryChat // without the messages
	messages []*waWeb.WebMessageInfo
}

// SetHistory replaces what the phone remembers. Companions that are linked later
// get it; those that are linked get it by [Phone.SendHistory].
func (p *Phone) SetHistory(h History) {
	chats := h.Chats
	h.Chats = nil
	h.PushNames, h.LIDs = maps.Clone(h.PushNames), maps.Clone(h.LIDs)
	p.history.mu.Lock()
	p.history.known, p.history.chats, p.history.order = &h, nil, nil
	p.history.mu.Unlock()
	for _, chat := range chats {
		p.RememberChat(chat)
	}
}

// RememberHistory adds messages to what the phone remembers of a chat.
func (p *Phone) RememberHistory(chat types.JID, messages ...HistoryMessage) {
	p.remember(chat, nil, messages)
}

// RememberChat adds a conversation, or changes what is known of it and adds its
// messages.
func (p *Phone) RememberChat(chat HistoryChat) { p.remember(chat.Chat, &chat, chat.Messages) }

func (p *Phone) remember(chat types.JID, about *HistoryChat, messages []HistoryMessage) {
	key := p.chatOf(chat)
	infos := make([]*waWeb.WebMessageInfo, len(messages))
	for i, message := range messages {
		infos[i] = p.pastInfo(key, message)
	}
	h := &p.history
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		h.known = &History{}
	}
	if h.chats == nil {
		h.chats = map[types.JID]*pastChat{}
	}
	past, ok := h.chats[key]
	if !ok {
		past = &pastChat{about: HistoryChat{Chat: key}}
		h.chats[key] = past
		h.order = append(h.order, key)
	}
	if about != nil {
		past.about = *about
		past.about.Chat, past.about.Messages = key, nil
	}
	// Copied, because readers hold the old list.
	past.messages = append(slices.Clone(past.messages), infos...)
	slices.SortStableFunc(past.messages, byTime)
}

func byTime(a, b *waWeb.WebMessageInfo) int {
	return cmp.Compare(a.GetMessageTimestamp(), b.GetMessageTimestamp())
}

// pastInfo writes a remembered message as phones hand it over.
func (p *Phone) pastInfo(chat types.JID, m HistoryMessage) *waWeb.WebMessageInfo {
	if m.Raw != nil {
		return m.Raw
	}
	id, at, message := cmp.Or(m.ID, newMessageID()), m.Time, m.Message
	if at.IsZero() {
		at = p.srv.now()
	}
	if message == nil {
		message = &waE2E.Message{Conversation: proto.String(m.Text)}
	}
	info := p.webMessage(chat, m.Sender, id, m.FromMe, at, message)
	if m.PushName != "" {
		info.PushName = proto.String(m.PushName)
	}
	if m.Starred {
		info.Starred = proto.Bool(true)
	}
	if m.Status != nil {
		info.Status = m.Status
	}
	p.settle(info, chat, m.Reactions, m.Deleted)
	return info
}

// settle writes into an old message what happened to it since.
func (p *Phone) settle(info *waWeb.WebMessageInfo, chat types.JID, reactions map[types.JID]string, deleted bool) {
	if deleted {
		info.Message, info.MessageSecret = nil, nil
		info.MessageStubType = waWeb.WebMessageInfo_REVOKE.Enum()
	}
	for _, who := range slices.SortedFunc(maps.Keys(reactions), byJID) {
		own := p.srv.phoneOf(who) == p
		// The key is that of a message of who reacted.
		key := p.webMessage(chat, who, newMessageID(), own, p.srv.now(), nil).GetKey()
		info.Reactions = append(info.Reactions, &waWeb.Reaction{
			Key: key, Text: proto.String(reactions[who]), SenderTimestampMS: proto.Int64(p.srv.now().UnixMilli()),
		})
	}
}

// webMessage is a message in the form in which phones hand over old ones.
func (p *Phone) webMessage(chat, sender types.JID, id string, fromMe bool, at time.Time, message *waE2E.Message) *waWeb.WebMessageInfo {
	info := &waWeb.WebMessageInfo{
		Key:              &waCommon.MessageKey{RemoteJID: proto.String(p.pastJID(chat).String()), FromMe: proto.Bool(fromMe), ID: proto.String(id)},
		Message:          message,
		MessageTimestamp: proto.Uint64(uint64(at.Unix())),
		MessageSecret:    message.GetMessageContextInfo().GetMessageSecret(),
	}
	if fromMe {
		info.Status = waWeb.WebMessageInfo_DELIVERY_ACK.Enum()
		return info
	}
	author := sender
	if isUser(chat) {
		author = chat
	}
	peer := p.srv.phoneOf(author)
	if peer != nil && peer.Name() != "" {
		info.PushName = proto.String(peer.Name())
	}
	if !isUser(chat) && !author.IsEmpty() {
		address := author.ToNonAD()
		if g := p.srv.groupOf(chat); g != nil && peer != nil {
			address = g.addressOf(peer, 0)
		}
		info.Key.Participant = proto.String(address.String())
		info.Participant = info.Key.Participant
	}
	return info
}

// pastJID is the address of a chat in what the phone hands over.
func (p *Phone) pastJID(chat types.JID) types.JID {
	if jid, err := p.stateJID(chat); err == nil {
		return jid
	}
	return chat.ToNonAD()
}

// past lists the messages of a chat that the phone has, remembered and live ones,
// the oldest first.
func (p *Phone) past(chat types.JID) []*waWeb.WebMessageInfo {
	key := p.chatOf(chat)
	p.history.mu.Lock()
	var list []*waWeb.WebMessageInfo
	if known, ok := p.history.chats[key]; ok {
		list = slices.Clone(known.messages)
	}
	p.history.mu.Unlock()
	list = append(list, p.live(key)...)
	slices.SortStableFunc(list, byTime)
	return list
}

// live lists a chat's messages that came since the phone exists, as they are by
// now. Those that only change others have no place of their own in a conversation.
func (p *Phone) live(chat types.JID) []*waWeb.WebMessageInfo {
	var list []*waWeb.WebMessageInfo
	for _, state := range p.states() {
		if state.Chat != chat || !standsForItself(state.PhoneMessage) {
			continue
		}
		now := state.PhoneMessage
		if state.Edits > 0 {
			now.Message = state.Content
		}
		info := p.liveInfo(now)
		p.settle(info, chat, state.Reactions, state.Deleted)
		list = append(list, info)
	}
	return list
}

func (p *Phone) liveInfo(m PhoneMessage) *waWeb.WebMessageInfo {
	info := p.webMessage(m.Chat, m.Sender, m.ID, m.FromMe, m.Time, m.Message)
	if !m.FromMe && m.PushName != "" {
		info.PushName = proto.String(m.PushName)
	}
	return info
}

// standsForItself reports whether a message is not about another one, or the
// account's own business.
func standsForItself(m PhoneMessage) bool {
	return targetOf(m) == "" && m.Content().GetProtocolMessage() == nil && m.Message.GetKeepInChatMessage() == nil
}

// recall finds a message that the phone has, remembered or live; nil if it has none.
func (p *Phone) recall(chat types.JID, id string) *waWeb.WebMessageInfo {
	if m, ok := p.find(chat, id); ok {
		return p.liveInfo(m)
	}
	for _, info := range p.past(chat) {
		if info.GetKey().GetID() == id {
			return info
		}
	}
	return nil
}

// conversation writes what is known of a chat, without its messages.
func (p *Phone) conversation(about HistoryChat) *waHistorySync.Conversation {
	c := &waHistorySync.Conversation{
		ID:             proto.String(p.pastJID(about.Chat).String()),
		UnreadCount:    proto.Uint32(uint32(about.Unread)),
		MarkedAsUnread: proto.Bool(about.MarkedUnread),
		Archived:       proto.Bool(about.Archived),
		Pinned:         proto.Uint32(0),
	}
	if !about.PinnedAt.IsZero() {
		c.Pinned = proto.Uint32(uint32(about.PinnedAt.Unix()))
	}
	if until := about.MutedUntil; until.Equal(store.MutedForever) {
		c.MuteEndTime = proto.Uint64(^uint64(0)) // -1, as in app state
	} else if !until.IsZero() {
		c.MuteEndTime = proto.Uint64(uint64(until.UnixMilli()))
	}
	if about.Disappearing > 0 {
		c.EphemeralExpiration = proto.Uint32(uint32(about.Disappearing / time.Second))
	}
	name := about.Name
	if peer := p.srv.phoneOf(about.Chat); peer != nil {
		c.PnJID, c.LidJID = proto.String(peer.JID().String()), proto.String(peer.lid.String())
	} else if g := p.srv.groupOf(about.Chat); g != nil && name == "" {
		g.mu.RLock()
		name = g.subject.text
		g.mu.RUnlock()
	}
	if name != "" {
		c.Name = proto.String(name)
	}
	return c
}
