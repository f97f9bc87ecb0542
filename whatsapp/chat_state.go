package whatsapp

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"
)

const (
	// recentStates is how many changed parts of the app state have their times kept.
	recentStates = 2048
	// stateRace is how long a change may be on its way from whatsmeow's fetch of it
	// to its handler. Later ones are taken as they come: clocks differ.
	stateRace = 10 * time.Second
)

// stateOrder keeps an older change of a part of the app state from being stored
// behind a newer one, of the account's own devices or of this one: whatsmeow hands
// out what each exchange brought in a goroutine of its own. The zero value is ready.
type stateOrder struct {
	mu     sync.Mutex // held while a change is stored
	latest map[string]stateMark
	recent []string // of latest, the oldest first
}

// stateMark is when a change was made, and when it was heard of.
type stateMark struct{ at, heard time.Time }

// inOrder does the work of a change unless a later one of the same part has just
// been done.
func (o *stateOrder) inOrder(part string, at time.Time, work func() error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.outdated(part, at) {
		return nil
	}
	err := work()
	if err == nil {
		o.mark(part, at)
	}
	return err
}

// own notes a change of this device's.
func (o *stateOrder) own(part string, at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.outdated(part, at) {
		o.mark(part, at)
	}
}

// outdated reports whether a later change has just been heard of; mu is held.
func (o *stateOrder) outdated(part string, at time.Time) bool {
	latest, known := o.latest[part]
	return known && at.Before(latest.at) && time.Since(latest.heard) < stateRace
}

// mark notes a change; mu is held.
func (o *stateOrder) mark(part string, at time.Time) {
	if o.latest == nil {
		o.latest = make(map[string]stateMark)
	}
	if _, known := o.latest[part]; !known {
		if len(o.recent) == recentStates {
			delete(o.latest, o.recent[0])
			o.recent = o.recent[1:]
		}
		o.recent = append(o.recent, part)
	}
	o.latest[part] = stateMark{at: at, heard: time.Now()}
}

// statePart names a part of the app state by its index, whichever of a person's
// addresses stands there.
func (x *session) statePart(ctx context.Context, kind string, chat types.JID, others ...string) string {
	person := addressOf(x.person(ctx, chat, types.EmptyJID))
	if person == "" {
		person = chat.String()
	}
	return kind + " " + person + " " + strings.Join(others, " ")
}

// stateOf tells which part of the app state a change is about, and when it was
// made.
func (x *session) stateOf(ctx context.Context, evt any) (part string, at time.Time) {
	switch evt := evt.(type) {
	case *events.Archive:
		return x.statePart(ctx, appstate.IndexArchive, evt.JID), evt.Timestamp
	case *events.Pin:
		return x.statePart(ctx, appstate.IndexPin, evt.JID), evt.Timestamp
	case *events.Mute:
		return x.statePart(ctx, appstate.IndexMute, evt.JID), evt.Timestamp
	case *events.MarkChatAsRead:
		return x.statePart(ctx, appstate.IndexMarkChatAsRead, evt.JID), evt.Timestamp
	case *events.ClearChat:
		return x.statePart(ctx, appstate.IndexClearChat, evt.JID), evt.Timestamp
	case *events.DeleteChat:
		return x.statePart(ctx, appstate.IndexDeleteChat, evt.JID), evt.Timestamp
	case *events.Star:
		return x.statePart(ctx, appstate.IndexStar, evt.ChatJID, evt.MessageID), evt.Timestamp
	case *events.DeleteForMe:
		return x.statePart(ctx, appstate.IndexDeleteMessageForMe, evt.ChatJID, evt.MessageID), evt.Timestamp
	case *events.UnarchiveChatsSetting:
		return appstate.IndexSettingUnarchiveChats, evt.Timestamp
	case *events.LabelEdit:
		return appstate.IndexLabelEdit + " " + evt.LabelID, evt.Timestamp
	case *events.LabelAssociationChat:
		return x.statePart(ctx, appstate.IndexLabelAssociationChat, evt.JID, evt.LabelID), evt.Timestamp
	case *events.LabelAssociationMessage:
		return x.statePart(ctx, appstate.IndexLabelAssociationMessage, evt.JID, evt.LabelID, evt.MessageID), evt.Timestamp
	default:
		return "", time.Time{}
	}
}

// patchParts are the parts of the app state that an own patch changes.
func (x *session) patchParts(ctx context.Context, patch appstate.PatchInfo) (parts []string) {
	jid := func(index []string, at int) types.JID {
		parsed, _ := types.ParseJID(index[at]) // as this gateway wrote it
		return parsed
	}
	for _, mutation := range patch.Mutations {
		index := mutation.Index
		if len(index) == 1 { // a setting of the account's
			parts = append(parts, index[0])
			continue
		}
		switch index[0] {
		case appstate.IndexLabelEdit:
			parts = append(parts, index[0]+" "+index[1])
		case appstate.IndexLabelAssociationChat:
			parts = append(parts, x.statePart(ctx, index[0], jid(index, 2), index[1]))
		case appstate.IndexLabelAssociationMessage:
			parts = append(parts, x.statePart(ctx, index[0], jid(index, 2), index[1], index[3]))
		case appstate.IndexStar:
			parts = append(parts, x.statePart(ctx, index[0], jid(index, 1), index[2]))
		default:
			parts = append(parts, x.statePart(ctx, index[0], jid(index, 1)))
		}
	}
	return parts
}
