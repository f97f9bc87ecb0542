package wasim

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// WhatsApp's limits on channels, and where it starts to count their messages.
const (
	maxChannelName        = 100 // characters
	maxChannelDescription = 2048
	firstServerID         = 100
)

// channelLinkPrefix is what a channel's invite code becomes a link with.
const channelLinkPrefix = "https://whatsapp.com/channel/"

// ChannelInfo is what the server knows of a channel: the truth for assertions.
type ChannelInfo struct {
	JID         types.JID
	Name        string
	Description string
	PictureID   string // empty without a picture
	InviteCode  string
	CreatedAt   time.Time
	Owner       types.JID        // LID
	Followers   []types.JID      // LIDs in the order of following, without the owner
	Muted       []types.JID      // LIDs of those, owner included, who turned notifications off
	Messages    []ChannelMessage // from the oldest on, deleted ones included
}

// ChannelMessage is a message in a channel.
type ChannelMessage struct {
	ServerID int // counts the messages of the channel
	ID       string
	Type     string // the label on the stanza: "text", "media", "poll"
	Time     time.Time
	EditedAt time.Time // zero if it never was
	Deleted  bool
	Text     string // of the kinds that have text, as it is by now
	// Message is the content as it is by now; nil once deleted. It is shared and
	// must not be changed.
	Message   *waE2E.Message
	Views     int            // accounts that have viewed it
	Reactions map[string]int // accounts by the emoji they reacted with
}

// channel is a channel on the server.
type channel struct {
	srv     *Server
	jid     types.JID
	invite  string
	owner   *Phone
	created time.Time

	// mu is held from the first check of an act to its last delivery, so that
	// everybody gets a channel's messages in the same order.
	mu          sync.Mutex
	name        channelText
	description channelText
	pictureID   string
	followers   []*Phone
	muted       map[*Phone]bool
	messages    []*channelMessage
	live        map[*companion]time.Time // who wants to hear of reactions and views, and until when
	changed     chan struct{}            // closed at the next change; nil while nobody waits
}

// channelText is a name or a description.
type channelText struct {
	text string
	id   string
	at   time.Time
}

// channelMessage is a message of a channel with what followers made of it.
type channelMessage struct {
	serverID  int
	id        string
	label     string // type on the stanza
	at        time.Time
	edited    time.Time
	message   *waE2E.Message
	plain     node // <plaintext> as it was sent
	viewers   map[*Phone]bool
	reactions map[*Phone]string
}

// Channel gives the server's view of a channel.
func (s *Server) Channel(jid types.JID) (ChannelInfo, bool) {
	ch := s.channelOf(jid)
	if ch == nil {
		return ChannelInfo{}, false
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.info(), true
}

// Channels lists all channels by JID, which is by age.
func (s *Server) Channels() []ChannelInfo {
	channels := s.allChannels()
	infos := make([]ChannelInfo, len(channels))
	for i, ch := range channels {
		ch.mu.Lock()
		infos[i] = ch.info()
		ch.mu.Unlock()
	}
	return infos
}

// WaitChannel gives a channel as soon as it matches, or the error of ctx, or
// [ErrNotFound] if there is no such channel.
func (s *Server) WaitChannel(ctx context.Context, jid types.JID, match func(ChannelInfo) bool) (ChannelInfo, error) {
	ch := s.channelOf(jid)
	if ch == nil {
		return ChannelInfo{}, ErrNotFound
	}
	for {
		info, changed := ch.look()
		if match(info) {
			return info, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return info, ctx.Err()
		}
	}
}

// look gives the channel, and the signal of its next change.
func (ch *channel) look() (ChannelInfo, <-chan struct{}) {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.changed == nil {
		ch.changed = make(chan struct{})
	}
	return ch.info(), ch.changed
}

// touch wakes those who wait for a change. The caller holds the lock.
func (ch *channel) touch() {
	if ch.changed != nil {
		close(ch.changed)
		ch.changed = nil
	}
}

// channelOf finds a channel, or nil.
func (s *Server) channelOf(jid types.JID) *channel {
	if jid.Server != types.NewsletterServer {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.channels[jid.User]
}

// channelByInvite finds the channel of an invite code or link, or nil.
func (s *Server) channelByInvite(code string) *channel {
	code = strings.TrimPrefix(code, channelLinkPrefix)
	for _, ch := range s.allChannels() {
		if ch.invite == code {
			return ch
		}
	}
	return nil
}

// allChannels lists the channels from the oldest on.
func (s *Server) allChannels() []*channel {
	s.mu.RLock()
	channels := slices.Collect(maps.Values(s.channels))
	s.mu.RUnlock()
	slices.SortFunc(channels, func(a, b *channel) int { return strings.Compare(a.jid.User, b.jid.User) })
	return channels
}

// newChannelJID makes an address of the shape WhatsApp uses.
func (s *Server) newChannelJID() types.JID {
	return types.NewJID("120363"+strconv.FormatUint(400_000_000_000+s.ids.Add(1), 10), types.NewsletterServer)
}

// info copies the channel. The caller holds the lock.
func (ch *channel) info() ChannelInfo {
	info := ChannelInfo{
		JID: ch.jid, Name: ch.name.text, Description: ch.description.text, PictureID: ch.pictureID, InviteCode: ch.invite,
		CreatedAt: ch.created, Owner: ch.owner.lid,
	}
	for _, follower := range append([]*Phone{ch.owner}, ch.followers...) {
		if follower != ch.owner {
			info.Followers = append(info.Followers, follower.lid)
		}
		if ch.muted[follower] {
			info.Muted = append(info.Muted, follower.lid)
		}
	}
	for _, m := range ch.messages {
		info.Messages = append(info.Messages, m.info())
	}
	return info
}

func (m *channelMessage) info() ChannelMessage {
	info := ChannelMessage{
		ServerID: m.serverID, ID: m.id, Type: m.label, Time: m.at, EditedAt: m.edited, Deleted: m.message == nil,
		Message: m.message, Views: len(m.viewers), Reactions: m.tally(),
	}
	if m.message != nil {
		info.Text = textOfMessage(m.message)
	}
	return info
}

// tally counts the reactions by emoji.
func (m *channelMessage) tally() map[string]int {
	counts := map[string]int{}
	for _, emoji := range m.reactions {
		counts[emoji]++
	}
	return counts
}

// popular lists the emojis of a tally, the most frequent first.
func popular(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
}

// role is what somebody is to the channel. The caller holds the lock.
func (ch *channel) role(who *Phone) types.NewsletterRole {
	switch {
	case who == ch.owner:
		return types.NewsletterRoleOwner
	case slices.Contains(ch.followers, who):
		return types.NewsletterRoleSubscriber
	}
	return types.NewsletterRoleGuest
}

// find gives a message that has not been deleted by its server id, or nil. The
// caller holds the lock.
func (ch *channel) find(serverID int) *channelMessage {
	if i := serverID - firstServerID; i >= 0 && i < len(ch.messages) && ch.messages[i].message != nil {
		return ch.messages[i]
	}
	return nil
}

// findID gives a message, deleted or not, by its id, or nil. The caller holds
// the lock.
func (ch *channel) findID(id string) *channelMessage {
	if i := slices.IndexFunc(ch.messages, func(m *channelMessage) bool { return m.id == id }); i >= 0 {
		return ch.messages[i]
	}
	return nil
}
