package whatsapp

import (
	"context"
	"sync"
	"time"

	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
	"wagateway/models/contract"
)

const (
	// presenceGap is the least time between two events of one person in one chat.
	presenceGap = time.Second
	// maxPresences bounds how many people's presence waits to be told; more at once
	// is nothing that anybody could follow.
	maxPresences = 2048
)

// presences tells of what people do: it is of the moment, so it is not stored, and
// the last state of a burst is told, not each one. The zero value is ready. What is
// told goes into the log by a goroutine of the link's that lives only while there
// is something to tell, so no handler waits for the database.
type presences struct {
	mu      sync.Mutex
	running bool
	news    chan struct{} // holds a token when the goroutine is to look
	people  map[presenceKey]*presence
}

// presenceKey is who does something, and where.
type presenceKey struct{ chat, sender string }

type presence struct {
	at   time.Time // when it was last told
	next string    // what is to be told; "" nothing
}

// presenceCame takes in what somebody does in a chat.
func (x *session) presenceCame(l *link, evt *events.ChatPresence) {
	if evt.IsFromMe {
		return
	}
	sender := addressOf(x.person(l.ctx, evt.Sender, evt.SenderAlt))
	chat := sender
	if evt.IsGroup {
		chat = evt.Chat.ToNonAD().String()
	}
	state := string(evt.State)
	if evt.State == types.ChatPresenceComposing && evt.Media == types.ChatPresenceMediaAudio {
		state = string(Recording)
	}
	switch ChatState(state) {
	case Composing, Paused, Recording:
		l.presences.add(l, presenceKey{chat, sender}, state)
	}
}

// availabilityCame takes in that somebody is available, or no longer is.
func (x *session) availabilityCame(l *link, evt *events.Presence) {
	person := addressOf(x.person(l.ctx, evt.From, types.EmptyJID))
	state := types.PresenceAvailable
	if evt.Unavailable {
		state = types.PresenceUnavailable
	}
	l.presences.add(l, presenceKey{person, person}, string(state))
}

// addressOf is the address to show of a person; "" when none is known.
func addressOf(person models.Person) string {
	if person.PhoneJID != "" {
		return person.PhoneJID
	}
	return person.LID
}

// add has a state told: at once, or when the gap to the last one is over.
func (p *presences) add(l *link, key presenceKey, state string) {
	if key.sender == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.people == nil {
		p.people, p.news = make(map[presenceKey]*presence), make(chan struct{}, 1)
	}
	who := p.people[key]
	if who == nil {
		if len(p.people) == maxPresences {
			l.session.log.Debug("too many people do something at once to tell of all")
			return
		}
		who = &presence{}
		p.people[key] = who
	}
	who.next = state
	if !p.running {
		p.running = l.spawn(func(ctx context.Context) { p.tell(ctx, l.session) })
		return
	}
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// tell tells what there is to tell, until there is nothing.
func (p *presences) tell(ctx context.Context, x *session) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return // the link has ended, and nothing is added any more
		case <-p.news:
		case <-timer.C:
		}
		due, rest := p.take(time.Now())
		if len(due) > 0 {
			if err := x.service.db.Outbox.Add(ctx, x.id, due...); err != nil && ctx.Err() == nil {
				x.log.WarnContext(ctx, "telling of presence failed", "error", err)
			}
			x.service.changes.notify(nil)
		}
		if rest < 0 {
			return
		}
		timer.Reset(rest)
	}
}

// take gives the events that are due, and how long the next take about; negative:
// there is nothing left, and the goroutine is to end.
func (p *presences) take(now time.Time) (due []models.NewEvent, rest time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest = -1
	for key, who := range p.people {
		wait := presenceGap - now.Sub(who.at)
		switch {
		case wait > 0: // it stays, to keep the gap
		case who.next == "":
			delete(p.people, key)
			continue
		default:
			due = append(due, models.NewEvent{Name: models.EventPresence, Key: key.chat, Payload: contract.Presence{
				ChatJID: key.chat, SenderJID: key.sender, State: who.next,
			}})
			who.at, who.next, wait = now, "", presenceGap
		}
		if rest < 0 || wait < rest {
			rest = wait
		}
	}
	p.running = rest >= 0
	return due, rest
}
