package world

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"wagateway/whatsapp/wasim"
)

// Live lets something happen every pace until ctx ends: messages, new subjects,
// people who join, leave, rise and step down. What the rules of WhatsApp refuse,
// because whoever tries the demo has changed the groups, just does not happen.
// It blocks.
func (w *World) Live(ctx context.Context, pace time.Duration, logger *slog.Logger) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for moment := 0; ; moment++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := w.happen(ctx, moment); err != nil && ctx.Err() == nil {
			logger.DebugContext(ctx, "something in the demo's world was refused", slog.Any("error", err))
		}
	}
}

var (
	subjects = [...]string{"Project Team Q3", "Project Team, week 36", "Project Team (launch!)", "Project Team"}
	remarks  = [...]string{
		"Good morning!", "Who brings the cake?", "Running ten minutes late.", "See the notes from yesterday.",
		"Agreed.", "Could somebody have a look at this?", "Thank you all!", "Same time next week?",
	}
)

// happen does the moment's act.
func (w *World) happen(ctx context.Context, moment int) error {
	round := moment / 9 //nolint:mnd // the number of cases
	var err error
	switch moment % 9 {
	case 0:
		err = w.write(ctx, w.groups[round%len(w.groups)], moment)
	case 1:
		creator := w.groups[team].members[0]
		err = creator.SetSubject(ctx, w.groups[team].jid, subjects[round%len(subjects)])
	case 2:
		err = w.comeOrGo(ctx, round)
	case 3:
		_, err = w.people[moment%len(w.people)].SendText(ctx, w.account.JID(), remarks[moment%len(remarks)])
	case 4:
		err = w.riseOrStepDown(ctx, round)
	case 5:
		err = w.write(ctx, w.groups[family], moment)
	case 6:
		err = w.show(ctx, moment)
	case 7:
		err = w.cheer(ctx, w.groups[family])
	case 8:
		if !w.channel.IsEmpty() {
			_, err = w.people[0].PostText(ctx, w.channel, remarks[moment%len(remarks)])
		}
	}
	return err
}

// show lets somebody send the account a picture.
func (w *World) show(ctx context.Context, moment int) error {
	picture, err := photo(moment, "")
	if err != nil {
		return err
	}
	_, err = w.people[painter].SendMedia(ctx, w.account.LID(), picture)
	return err
}

// cheer lets somebody react to the latest text of a group.
func (w *World) cheer(ctx context.Context, group group) error {
	reader := group.members[0]
	for _, m := range slices.Backward(reader.Messages()) {
		if m.Chat == group.jid && !m.FromMe && m.Text != "" {
			_, err := reader.React(ctx, group.jid, m.ID, "👍")
			return err
		}
	}
	return nil
}

// write lets a member of the group say something.
func (w *World) write(ctx context.Context, group group, moment int) error {
	writer := group.members[moment%len(group.members)]
	switch {
	case group.announce:
		writer = group.members[0]
	case writer == w.account:
		writer = group.members[(moment+1)%len(group.members)]
	}
	_, err := writer.SendText(ctx, group.jid, remarks[moment%len(remarks)])
	return err
}

// comeOrGo lets the same footballer leave in even rounds and come back in odd ones.
func (w *World) comeOrGo(ctx context.Context, round int) error {
	group := w.groups[football]
	player := group.of(round / 2)
	if round%2 == 0 {
		return player.Leave(ctx, group.jid)
	}
	_, err := group.members[0].AddMembers(ctx, group.jid, player.JID())
	return err
}

// riseOrStepDown makes a neighbour an admin in even rounds and a member again in odd ones.
func (w *World) riseOrStepDown(ctx context.Context, round int) error {
	group := w.groups[neighbours]
	neighbour := group.of(round / 2)
	var err error
	if round%2 == 0 {
		_, err = group.members[0].Promote(ctx, group.jid, neighbour.JID())
	} else {
		_, err = group.members[0].Demote(ctx, group.jid, neighbour.JID())
	}
	return err
}

// of picks one of those who are neither the creator nor the account.
func (g group) of(i int) *wasim.Phone {
	const first = 2 // the creator and the account come before
	return g.members[first+i%(len(g.members)-first)]
}
