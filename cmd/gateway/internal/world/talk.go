package world

import (
	"context"
	"fmt"

	"go.mau.fi/whatsmeow/types"

	"wagateway/whatsapp/wasim"
)

// line is what one side says; reply quotes the line before.
type line struct {
	byAccount bool
	text      string
	reply     bool
}

// talks are the chats one to one, with the first people of the world.
var talks = [...][]line{
	{{text: "Hi! Are you coming on Sunday?"}, {byAccount: true, text: "Yes, I bring the ball.", reply: true}, {text: "Great, see you there."}},
	{{text: "Did you get the contract?"}, {byAccount: true, text: "It came this morning."}, {text: "Please sign page three.", reply: true}},
	{{byAccount: true, text: "Happy birthday!"}, {text: "Thank you so much!", reply: true}},
}

// Talk lets people chat with the account and in its groups, so that there is
// something to see from the start: messages, replies and read receipts. It
// returns when the simulator has taken them all; whoever is linked gets them
// then.
func (w *World) Talk(ctx context.Context) error {
	for i, lines := range talks {
		if err := w.talk(ctx, w.people[i%len(w.people)], lines); err != nil {
			return fmt.Errorf("chatting one to one: %w", err)
		}
	}
	for i, group := range w.groups {
		for moment := range 3 {
			if err := w.write(ctx, group, i+moment); err != nil {
				return fmt.Errorf("chatting in a group: %w", err)
			}
		}
	}
	if err := w.lively(ctx); err != nil {
		return fmt.Errorf("sending more than words: %w", err)
	}
	return nil
}

// talk is one chat; the person reads what the account writes.
func (w *World) talk(ctx context.Context, person *wasim.Phone, lines []line) error {
	var before wasim.PhoneMessage
	for _, line := range lines {
		from, to := person, w.account
		if line.byAccount {
			from, to = w.account, person
		}
		var options []wasim.SendOption
		if line.reply {
			options = append(options, wasim.WithReply(before))
		}
		id, err := from.SendText(ctx, to.LID(), line.text, options...)
		if err != nil {
			return err
		}
		if before, err = to.WaitMessage(ctx, func(m wasim.PhoneMessage) bool { return m.ID == id }); err != nil {
			return err
		}
		if line.byAccount {
			if err := person.MarkRead(ctx, w.account.LID(), types.EmptyJID, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// FriendJID gives the address of a person who chats with the account.
func (w *World) FriendJID() string { return w.people[0].JID().String() }
