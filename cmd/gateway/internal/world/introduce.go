package world

import (
	"context"
	"fmt"

	"wagateway/whatsapp/wasim"
)

// abouts are what people say of themselves; who is further down the list says nothing.
var abouts = [...]string{
	"At the harbour 🌊", "Coffee first", "Only urgent calls, please", "Somewhere with a view", "On the road", "Mon to Fri, nine to five", "Available",
}

// introduce gives people an about and a picture of themselves, the groups that are
// written in most a picture, and the neighbours a community with the announcements.
func (w *World) introduce(ctx context.Context) error {
	w.account.SetAbout("A demonstration. Nobody reads this.")
	for i, person := range append([]*wasim.Phone{w.account}, w.people[:min(len(abouts), len(w.people))]...) {
		face, err := sunset(i)
		if err != nil {
			return err
		}
		person.SetPicture(face)
		if i > 0 {
			person.SetAbout(abouts[i-1])
		}
	}
	for i, index := range []int{team, family, football} {
		picture, err := sunset(10 + i)
		if err != nil {
			return err
		}
		group := w.groups[index]
		if _, err := group.members[0].SetGroupPicture(ctx, group.jid, picture); err != nil {
			return fmt.Errorf("setting a group's picture: %w", err)
		}
	}
	founder := w.groups[neighbours].members[0]
	community, err := founder.CreateCommunity(ctx, "Harbour District", w.account.JID())
	if err != nil {
		return fmt.Errorf("founding the community: %w", err)
	}
	for _, index := range []int{neighbours, announcements} {
		if err := founder.LinkGroup(ctx, community, w.groups[index].jid); err != nil {
			return fmt.Errorf("linking a group to the community: %w", err)
		}
	}
	return nil
}
