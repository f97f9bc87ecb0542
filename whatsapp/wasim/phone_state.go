package wasim

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waServerSync"
	"go.mau.fi/whatsmeow/proto/waSyncAction"
	"go.mau.fi/whatsmeow/store"
	"go.mau.fi/whatsmeow/types"
)

// ChatState is what an account's app state says about a chat, whichever of its
// devices wrote it. The zero value is a chat that nobody has changed.
type ChatState struct {
	Archived bool
	Pinned   bool
	// MutedUntil is zero if the chat is not muted, and store.MutedForever of
	// whatsmeow if it has no end.
	MutedUntil time.Time
	// MarkedUnread is the mark that a user puts on a chat, ReadAt when it was
	// last marked as read instead; zero if never, or if it was marked unread since.
	MarkedUnread bool
	ReadAt       time.Time
	ClearedAt    time.Time // when its messages were last cleared; zero: never
	DeletedAt    time.Time // when the chat was last deleted; zero: never
	Starred      []string  // ids of messages, in the order of starring
	DeletedForMe []string  // ids of messages, in the order of deleting
	Labels       []string  // ids of labels, in the order of labelling
	// MessageLabels are the ids of labels by message id.
	MessageLabels map[string][]string
}

// Label is a label of an account, for chats and messages. A deleted one is kept
// with the mark.
type Label struct {
	ID      string
	Name    string
	Color   int32 // index into the app's palette
	Deleted bool
}

// SavedContact is an entry of the account's address book.
type SavedContact struct {
	FullName  string
	FirstName string
}

// PhoneState is a copy of all that the phone knows of its account's app state.
// Chats and contacts of accounts are keyed by LID.
type PhoneState struct {
	PushName string // empty until somebody sets it
	Chats    map[types.JID]ChatState
	Labels   map[string]Label
	Contacts map[types.JID]SavedContact
}

// knownState is the phone's picture of the app state. The zero value is empty.
type knownState struct {
	mu      sync.Mutex
	state   PhoneState
	changed chan struct{} // closed at the next change; nil while nobody waits
}

// apply takes decoded mutations in. chatOf gives the key of a chat.
func (k *knownState) apply(mutations []appstate.Mutation, chatOf func(types.JID) types.JID) {
	if len(mutations) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range mutations {
		if len(m.Index) > 0 && m.Operation == waServerSync.SyncdMutation_SET {
			k.state.set(m.Index, m.Action, chatOf)
		}
	}
	if k.changed != nil {
		close(k.changed)
		k.changed = nil
	}
}

// get copies the state and gives the channel that tells the next change.
func (k *knownState) get() (PhoneState, <-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.changed == nil {
		k.changed = make(chan struct{})
	}
	copied := PhoneState{
		PushName: k.state.PushName, Chats: make(map[types.JID]ChatState, len(k.state.Chats)),
		Labels: maps.Clone(k.state.Labels), Contacts: maps.Clone(k.state.Contacts),
	}
	for jid, chat := range k.state.Chats {
		copied.Chats[jid] = chat.clone()
	}
	return copied, k.changed
}

// pushName gives the name in the state.
func (k *knownState) pushName() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.state.PushName
}

// set takes one mutation in. What it does not know, it leaves aside.
func (s *PhoneState) set(index []string, value *waSyncAction.SyncActionValue, chatOf func(types.JID) types.JID) {
	switch index[0] {
	case appstate.IndexSettingPushName:
		s.PushName = value.GetPushNameSetting().GetName()
	case appstate.IndexContact:
		if jid, ok := indexJID(index, 1); ok {
			if s.Contacts == nil {
				s.Contacts = map[types.JID]SavedContact{}
			}
			action := value.GetContactAction()
			s.Contacts[chatOf(jid)] = SavedContact{FullName: action.GetFullName(), FirstName: action.GetFirstName()}
		}
	case appstate.IndexLabelEdit:
		if len(index) > 1 {
			if s.Labels == nil {
				s.Labels = map[string]Label{}
			}
			action := value.GetLabelEditAction()
			s.Labels[index[1]] = Label{ID: index[1], Name: action.GetName(), Color: action.GetColor(), Deleted: action.GetDeleted()}
		}
	default:
		at := 1
		if index[0] == appstate.IndexLabelAssociationChat || index[0] == appstate.IndexLabelAssociationMessage {
			at = 2 // behind the label's id
		}
		jid, ok := indexJID(index, at)
		if !ok {
			return
		}
		if s.Chats == nil {
			s.Chats = map[types.JID]ChatState{}
		}
		chat := s.Chats[chatOf(jid)]
		if chat.set(index, value) {
			s.Chats[chatOf(jid)] = chat
		}
	}
}

// indexJID reads an address in a mutation's index.
func indexJID(index []string, at int) (types.JID, bool) {
	if len(index) <= at {
		return types.EmptyJID, false
	}
	jid, err := types.ParseJID(index[at])
	return jid, err == nil && jid.User != ""
}

// set takes a mutation about the chat in; false if it is of an unknown kind.
func (c *ChatState) set(index []string, value *waSyncAction.SyncActionValue) bool {
	at := time.UnixMilli(value.GetTimestamp())
	switch index[0] {
	case appstate.IndexArchive:
		c.Archived = value.GetArchiveChatAction().GetArchived()
	case appstate.IndexPin:
		c.Pinned = value.GetPinAction().GetPinned()
	case appstate.IndexMute:
		c.MutedUntil = mutedUntil(value.GetMuteAction())
	case appstate.IndexMarkChatAsRead:
		c.MarkedUnread = !value.GetMarkChatAsReadAction().GetRead()
		c.ReadAt = at
		if c.MarkedUnread {
			c.ReadAt = time.Time{}
		}
	case appstate.IndexClearChat:
		c.ClearedAt = at
	case appstate.IndexDeleteChat:
		c.DeletedAt = at
	case appstate.IndexLabelAssociationChat:
		c.Labels = with(c.Labels, index[1], value.GetLabelAssociationAction().GetLabeled())
	case appstate.IndexStar, appstate.IndexDeleteMessageForMe, appstate.IndexLabelAssociationMessage:
		return c.setMessage(index, value)
	default:
		return false
	}
	return true
}

// setMessage takes a mutation about one of the chat's messages in.
func (c *ChatState) setMessage(index []string, value *waSyncAction.SyncActionValue) bool {
	at := 2
	if index[0] == appstate.IndexLabelAssociationMessage {
		at = 3
	}
	if len(index) <= at {
		return false
	}
	id := index[at]
	switch index[0] {
	case appstate.IndexStar:
		c.Starred = with(c.Starred, id, value.GetStarAction().GetStarred())
	case appstate.IndexDeleteMessageForMe:
		c.DeletedForMe = with(c.DeletedForMe, id, true)
	default:
		if c.MessageLabels == nil {
			c.MessageLabels = map[string][]string{}
		}
		labels := with(c.MessageLabels[id], index[1], value.GetLabelAssociationAction().GetLabeled())
		if len(labels) == 0 {
			delete(c.MessageLabels, id)
		} else {
			c.MessageLabels[id] = labels
		}
	}
	return true
}

// mutedUntil reads the end of a mute.
func mutedUntil(action *waSyncAction.MuteAction) time.Time {
	switch end := action.GetMuteEndTimestamp(); {
	case !action.GetMuted():
		return time.Time{}
	case end < 0:
		return store.MutedForever
	default:
		return time.UnixMilli(end)
	}
}

// with is the list with the text at its end, or without it.
func with(list []string, text string, on bool) []string {
	list = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == text })
	if on {
		list = append(list, text)
	}
	return list
}

// clone copies what a later mutation would change.
func (c *ChatState) clone() ChatState {
	copied := *c
	copied.MessageLabels = maps.Clone(c.MessageLabels)
	return copied
}

// State gives what the phone knows of its account's app state now.
func (p *Phone) State() PhoneState {
	state, _ := p.app.known.get()
	return state
}

// ChatState gives what the phone knows of a chat, by phone number, LID or group.
func (p *Phone) ChatState(chat types.JID) ChatState { return p.State().Chats[p.chatOf(chat)] }

// Labels lists the account's labels by id, without the deleted ones.
func (p *Phone) Labels() []Label {
	state := p.State()
	return slices.DeleteFunc(state.sortedLabels(), func(l Label) bool { return l.Deleted })
}

// sortedLabels lists the labels by id, the deleted ones too.
func (s *PhoneState) sortedLabels() []Label {
	return slices.SortedFunc(maps.Values(s.Labels), func(a, b Label) int { return strings.Compare(a.ID, b.ID) })
}

// Contact gives an entry of the address book; false if there is none.
func (p *Phone) Contact(who types.JID) (SavedContact, bool) {
	contact, ok := p.State().Contacts[p.chatOf(who)]
	return contact, ok
}

// WaitState gives the first state that matches, the present one included, or
// waits for one until ctx ends.
func (p *Phone) WaitState(ctx context.Context, match func(PhoneState) bool) (PhoneState, error) {
	for {
		state, changed := p.app.known.get()
		if match(state) {
			return state, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return state, ctx.Err()
		}
	}
}

// WaitChat is WaitState for one chat.
func (p *Phone) WaitChat(ctx context.Context, chat types.JID, match func(ChatState) bool) (ChatState, error) {
	key := p.chatOf(chat)
	state, err := p.WaitState(ctx, func(s PhoneState) bool { return match(s.Chats[key]) })
	return state.Chats[key], err
}
