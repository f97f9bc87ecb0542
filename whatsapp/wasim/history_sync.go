package wasim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/proto/waCompanionReg"
	"go.mau.fi/whatsmeow/proto/waHistorySync"
	"go.mau.fi/whatsmeow/proto/waWeb"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// What a companion gets that asks for nothing in particular. Phones follow the
// wishes in the device properties of its registration.
const (
	// recentDays is how far the recent history goes back: three months.
	recentDays = 90
	// fullDays is how far the full history goes back: a year.
	fullDays = 365
	// bootstrapMessages is how many messages of each chat are in the first part.
	bootstrapMessages = 20
	// chunkMessages is how many are in each further part.
	chunkMessages = 500
)

// historyWish is what a companion asked for when it registered.
type historyWish struct {
	recent, full time.Duration
	wantsFull    bool // without it, phones give the recent history only
	first        int  // messages of each chat in the first part
	inline       bool // the first part may come within the message
}

// wishOf reads a registration's device properties; unreadable ones wish nothing.
func wishOf(raw []byte) historyWish {
	var properties waCompanionReg.DeviceProps
	if proto.Unmarshal(raw, &properties) != nil {
		properties.Reset()
	}
	config := properties.GetHistorySyncConfig()
	days := func(asked uint32, usual int) time.Duration {
		return time.Duration(cmp.Or(int(asked), usual)) * 24 * time.Hour
	}
	return historyWish{
		recent:    days(config.GetRecentSyncDaysLimit(), recentDays),
		full:      days(config.GetFullSyncDaysLimit(), fullDays),
		wantsFull: properties.GetRequireFullSync(),
		first:     cmp.Or(int(config.GetInitialSyncMaxMessagesPerChat()), bootstrapMessages),
		inline:    config.GetInlineInitialPayloadInE2EeMsg(),
	}
}

// SendHistory hands what the phone remembers to all its companions, again to those
// that have it. It returns when every part is queued for them.
func (p *Phone) SendHistory(ctx context.Context) error {
	var failures error
	for _, device := range p.companions() {
		failures = errors.Join(failures, p.giveHistory(ctx, device))
	}
	return failures
}

// giveHistory hands the history to a companion. A phone whose history nobody set
// sends nothing.
func (p *Phone) giveHistory(ctx context.Context, device *companion) error {
	h := &p.history
	h.mu.Lock()
	if h.known == nil {
		h.mu.Unlock()
		return nil
	}
	settings := *h.known
	h.mu.Unlock()
	for _, part := range p.historyParts(settings, device.wish) {
		inline := device.wish.inline && !settings.Upload && part.GetSyncType() == waHistorySync.HistorySync_INITIAL_BOOTSTRAP
		if err := p.sendHistory(ctx, device, part, historySending{inline: inline}); err != nil {
			return fmt.Errorf("sending history part %s %d: %w", part.GetSyncType(), part.GetChunkOrder(), err)
		}
	}
	return nil
}

// historyParts cuts the history into what is sent, in order: the chats with their
// newest messages, the names, the recent past, and the older past for those who
// want everything.
func (p *Phone) historyParts(settings History, wish historyWish) []*waHistorySync.HistorySync {
	chats := p.rememberedChats(settings.Live)
	now := p.srv.now()
	first := &chunker{kind: waHistorySync.HistorySync_INITIAL_BOOTSTRAP}
	recent := &chunker{kind: waHistorySync.HistorySync_RECENT, limit: cmp.Or(settings.ChunkMessages, chunkMessages)}
	full := &chunker{kind: waHistorySync.HistorySync_FULL, limit: recent.limit}
	for _, chat := range chats {
		newest := slices.Clone(chat.messages)
		slices.Reverse(newest)
		head := newest[:min(wish.first, len(newest))]
		rest := newest[len(head):]
		young := oldFrom(rest, now.Add(-wish.recent))
		old := min(max(young, oldFrom(rest, now.Add(-wish.full))), len(rest))
		if !wish.wantsFull {
			old = young
		}
		conversation := p.conversation(chat.about)
		if len(newest) > 0 {
			conversation.LastMsgTimestamp = newest[0].MessageTimestamp
			conversation.ConversationTimestamp = newest[0].MessageTimestamp
		}
		end := waHistorySync.Conversation_COMPLETE_AND_NO_MORE_MESSAGE_REMAIN_ON_PRIMARY
		if old < len(rest) {
			end = waHistorySync.Conversation_COMPLETE_BUT_MORE_MESSAGES_REMAIN_ON_PRIMARY
		}
		conversation.EndOfHistoryTransferType = end.Enum()
		first.add(conversation, head, true)
		recent.add(conversation, rest[:young], false)
		full.add(conversation, rest[young:old], false)
	}
	parts := first.parts()
	p.completeFirst(parts[0], settings, chats)
	parts = append(parts, p.pushNames(settings, chats))
	parts = append(parts, recent.parts()...)
	if wish.wantsFull {
		parts = append(parts, full.parts()...)
	}
	return parts
}

// oldFrom gives where the messages, newest first, become older than a time.
func oldFrom(messages []*waWeb.WebMessageInfo, since time.Time) int {
	i := slices.IndexFunc(messages, func(m *waWeb.WebMessageInfo) bool {
		return time.Unix(int64(m.GetMessageTimestamp()), 0).Before(since)
	})
	if i < 0 {
		return len(messages)
	}
	return i
}

// rememberedChats copies the chats with their messages, the oldest first.
func (p *Phone) rememberedChats(live bool) []pastChat {
	h := &p.history
	h.mu.Lock()
	chats := make([]pastChat, 0, len(h.order))
	for _, key := range h.order {
		chats = append(chats, *h.chats[key])
	}
	h.mu.Unlock()
	if !live {
		return chats
	}
	known := map[types.JID]bool{}
	for i := range chats {
		known[chats[i].about.Chat] = true
		chats[i].messages = p.past(chats[i].about.Chat)
	}
	for _, m := range p.Messages() {
		if !known[m.Chat] {
			known[m.Chat] = true
			chats = append(chats, pastChat{about: HistoryChat{Chat: m.Chat}, messages: p.past(m.Chat)})
		}
	}
	return chats
}

// chunker cuts conversations into parts of a number of messages.
type chunker struct {
	kind  waHistorySync.HistorySync_HistorySyncType
	limit int // messages in a part; 0: no limit
	made  []*waHistorySync.HistorySync
	room  int // messages that the last part takes yet
}

// add puts messages of a chat, newest first, into the parts; a chat without any
// only if empty says so.
func (c *chunker) add(chat *waHistorySync.Conversation, messages []*waWeb.WebMessageInfo, empty bool) {
	for empty || len(messages) > 0 {
		if len(c.made) == 0 || (c.limit > 0 && c.room == 0) {
			c.made, c.room = append(c.made, &waHistorySync.HistorySync{}), c.limit
		}
		count := len(messages)
		if c.limit > 0 {
			count = min(count, c.room)
			c.room -= count
		}
		part := c.made[len(c.made)-1]
		part.Conversations = append(part.Conversations, conversationWith(chat, messages[:count]))
		messages, empty = messages[count:], false
	}
}

// conversationWith copies a conversation and gives it messages, newest first.
func conversationWith(chat *waHistorySync.Conversation, messages []*waWeb.WebMessageInfo) *waHistorySync.Conversation {
	filled := proto.CloneOf(chat)
	for i, info := range messages {
		filled.Messages = append(filled.Messages, &waHistorySync.HistorySyncMsg{
			Message: info, MsgOrderID: proto.Uint64(uint64(len(messages) - i)),
		})
	}
	return filled
}

// parts numbers the parts; there is always one, so that the end can be told.
func (c *chunker) parts() []*waHistorySync.HistorySync {
	if len(c.made) == 0 {
		c.made = []*waHistorySync.HistorySync{{}}
	}
	for i, part := range c.made {
		part.SyncType = c.kind.Enum()
		part.ChunkOrder = proto.Uint32(uint32(i + 1))
		part.Progress = proto.Uint32(uint32((i + 1) * 100 / len(c.made)))
	}
	return c.made
}

// completeFirst adds to the first part what is not about one chat: the settings,
// and who has which LID.
func (p *Phone) completeFirst(part *waHistorySync.HistorySync, settings History, chats []pastChat) {
	part.GlobalSettings = settings.Settings
	if part.GlobalSettings == nil {
		part.GlobalSettings = &waHistorySync.GlobalSettings{
			AutoUnarchiveChats: proto.Bool(true), ChatDbLidMigrationTimestamp: proto.Int64(p.srv.now().Unix()),
		}
	}
	lids := maps.Clone(settings.LIDs)
	if lids == nil {
		lids = map[types.JID]types.JID{}
	}
	for _, peer := range p.peersIn(chats) {
		lids[peer.JID()] = peer.lid
	}
	for _, pn := range slices.SortedFunc(maps.Keys(lids), byJID) {
		part.PhoneNumberToLidMappings = append(part.PhoneNumberToLidMappings, &waHistorySync.PhoneNumberToLIDMapping{
			PnJID: proto.String(pn.ToNonAD().String()), LidJID: proto.String(lids[pn].ToNonAD().String()),
		})
	}
}

// pushNames is the part with the names that people gave themselves.
func (p *Phone) pushNames(settings History, chats []pastChat) *waHistorySync.HistorySync {
	names := map[types.JID]string{}
	for _, peer := range p.peersIn(chats) {
		if name := peer.Name(); name != "" {
			names[p.pastJID(peer.lid)] = name
		}
	}
	for who, name := range settings.PushNames {
		names[p.pastJID(who)] = name
	}
	part := &waHistorySync.HistorySync{
		SyncType: waHistorySync.HistorySync_PUSH_NAME.Enum(), ChunkOrder: proto.Uint32(1), Progress: proto.Uint32(100),
	}
	for _, who := range slices.SortedFunc(maps.Keys(names), byJID) {
		part.Pushnames = append(part.Pushnames, &waHistorySync.Pushname{ID: proto.String(who.String()), Pushname: proto.String(names[who])})
	}
	return part
}

func byJID(a, b types.JID) int { return strings.Compare(a.String(), b.String()) }

// peersIn lists the accounts that appear in chats, besides the own one.
func (p *Phone) peersIn(chats []pastChat) []*Phone {
	var peers []*Phone
	seen := map[*Phone]bool{p: true}
	add := func(jid types.JID) {
		if peer := p.srv.phoneOf(jid); peer != nil && !seen[peer] {
			seen[peer] = true
			peers = append(peers, peer)
		}
	}
	for _, chat := range chats {
		add(chat.about.Chat)
		for _, info := range chat.messages {
			if author, err := types.ParseJID(info.GetKey().GetParticipant()); err == nil {
				add(author)
			}
		}
	}
	return peers
}
