package world

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"time"

	"go.mau.fi/whatsmeow/types"

	"wagateway/whatsapp/wasim"
)

// Whom the kinds of messages come from; the first three chat in words (see talks).
const (
	painter = 3 + iota
	traveller
	secretary
	caller
)

// sticker is a WebP of one pixel.
var sticker = []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")

// sunset is a picture, drawn anew for each n.
func sunset(n int) ([]byte, error) {
	const width, height = 320, 200
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	centre := image.Pt(60+n*37%200, 120)
	for y := range height {
		for x := range width {
			c := color.RGBA{R: uint8(255 - y/2), G: uint8(140 - y/3), B: uint8(60 + y/2), A: 255}
			if d := image.Pt(x, y).Sub(centre); d.X*d.X+d.Y*d.Y < 900 {
				c = color.RGBA{R: 255, G: 230, B: 120, A: 255}
			}
			picture.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture, nil); err != nil {
		return nil, fmt.Errorf("drawing a picture: %w", err)
	}
	return b.Bytes(), nil
}

// photo is a picture to send.
func photo(n int, caption string) (wasim.Media, error) {
	data, err := sunset(n)
	return wasim.Media{Kind: wasim.MediaImage, Data: data, Caption: caption, Width: 320, Height: 200}, err
}

// lively lets people send what is not plain text, and react to it: pictures, a
// document, a sticker, a place, a card, a poll, an edit, a message taken back, a
// story, a call that nobody answers, and a channel.
func (w *World) lively(ctx context.Context) error {
	for _, act := range []func(context.Context) error{w.showPictures, w.sharePlaces, w.doBusiness, w.ask, w.publish, w.arrange} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// showPictures is a chat of pictures, reactions and a word taken back.
func (w *World) showPictures(ctx context.Context) error {
	friend, account := w.people[painter], w.account.LID()
	picture, err := photo(1, "The view from here")
	if err != nil {
		return err
	}
	id, err := friend.SendMedia(ctx, account, picture)
	if err != nil {
		return err
	}
	if _, err := w.account.WaitMessage(ctx, func(m wasim.PhoneMessage) bool { return m.ID == id }); err != nil {
		return err
	}
	if _, err := w.account.React(ctx, friend.LID(), id, "😍"); err != nil {
		return err
	}
	if _, err := friend.SendMedia(ctx, account, wasim.Media{Kind: wasim.MediaSticker, Data: sticker, Width: 1, Height: 1}); err != nil {
		return err
	}
	slip, err := friend.SendText(ctx, account, "Wrong chat, sorry")
	if err != nil {
		return err
	}
	_, err = friend.Revoke(ctx, account, slip)
	return err
}

// sharePlaces is a chat of places and people.
func (w *World) sharePlaces(ctx context.Context) error {
	friend, account := w.people[traveller], w.account.LID()
	id, err := friend.SendText(ctx, account, "We met at the moment at sev")
	if err != nil {
		return err
	}
	if _, err := friend.Edit(ctx, account, id, "We meet at the monument at seven"); err != nil {
		return err
	}
	if _, err := friend.SendLocation(ctx, account, wasim.Place{
		Latitude: -6.1754, Longitude: 106.8272, Name: "National Monument", Address: "Jl. Medan Merdeka, Jakarta",
	}); err != nil {
		return err
	}
	guide := w.people[secretary]
	_, err = friend.SendContact(ctx, account, []wasim.ContactCard{{Name: guide.Name(), Phone: guide.Number()}})
	return err
}

// doBusiness is a chat with a document.
func (w *World) doBusiness(ctx context.Context) error {
	_, err := w.people[secretary].SendMedia(ctx, w.account.LID(), wasim.Media{
		Kind: wasim.MediaDocument, Data: []byte("%PDF-1.4\n% a very short offer\n%%EOF\n"), FileName: "Offer 2024-117.pdf", MimeType: "application/pdf",
		Caption: "The offer, as agreed", Pages: 1,
	})
	return err
}

// ask is a poll in the family's group, with votes.
func (w *World) ask(ctx context.Context) error {
	group := w.groups[family]
	asker := group.members[0]
	id, err := asker.SendPoll(ctx, group.jid, wasim.Poll{Name: "What shall we eat on Sunday?", Options: []string{"Pizza", "Nasi goreng", "Salad"}, Selectable: 1})
	if err != nil {
		return err
	}
	answers := []string{"Pizza", "Nasi goreng", "Nasi goreng", "Salad"}
	for i, voter := range group.members[1:] {
		if _, err := voter.WaitMessage(ctx, func(m wasim.PhoneMessage) bool { return m.ID == id }); err != nil {
			return err
		}
		if _, err := voter.Vote(ctx, group.jid, id, answers[i%len(answers)]); err != nil {
			return err
		}
	}
	return nil
}

// publish is a channel that the account follows, a story and a missed call.
func (w *World) publish(ctx context.Context) error {
	owner := w.people[0]
	channel, err := owner.CreateChannel(ctx, "Harbour News", "What happens by the water", nil)
	if err != nil {
		return err
	}
	if err := w.account.FollowChannel(ctx, channel); err != nil {
		return err
	}
	for _, news := range []string{"The fish market opens an hour earlier this week.", "Storm warning for Thursday evening."} {
		if _, err := owner.PostText(ctx, channel, news); err != nil {
			return err
		}
	}
	harbour, err := photo(3, "The first light over the pier")
	if err != nil {
		return err
	}
	if _, err := owner.PostMedia(ctx, channel, harbour); err != nil {
		return err
	}
	w.channel = channel
	story, err := photo(2, "Good morning from the harbour")
	if err != nil {
		return err
	}
	if _, err := owner.SendMedia(ctx, types.StatusBroadcastJID, story, wasim.WithRecipients(w.account.LID())); err != nil {
		return err
	}
	call, err := w.people[caller].Call(ctx, w.account.LID(), false)
	if err != nil {
		return err
	}
	return w.people[caller].HangUp(ctx, call)
}

// arrange is the account putting its chats in order on the phone.
func (w *World) arrange(ctx context.Context) error {
	const important = "1"
	for _, act := range []func() error{
		func() error { return w.account.Pin(ctx, w.groups[family].jid, true) },
		func() error { return w.account.Mute(ctx, w.groups[announcements].jid, time.Now().Add(8*time.Hour)) },
		func() error { return w.account.Archive(ctx, w.groups[football].jid, true) },
		func() error { return w.account.EditLabel(ctx, important, "Important", 1, false) },
		func() error { return w.account.LabelChat(ctx, important, w.people[secretary].LID(), true) },
	} {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}

// remember gives the account a past of some days, which its phone hands to whoever
// is linked.
func (w *World) remember() {
	now := time.Now()
	for i, person := range w.people[:3] {
		chat := wasim.HistoryChat{Chat: person.LID()}
		for day := 6; day > 0; day-- {
			at := now.AddDate(0, 0, -day).Add(time.Duration(i) * time.Hour)
			chat.Messages = append(chat.Messages,
				wasim.HistoryMessage{ID: fmt.Sprintf("PAST%d%dA", i, day), Sender: person.LID(), Text: remarks[(day+i)%len(remarks)], Time: at},
				wasim.HistoryMessage{ID: fmt.Sprintf("PAST%d%dB", i, day), FromMe: true, Text: "See you!", Time: at.Add(time.Minute)})
		}
		w.account.RememberChat(chat)
	}
}
