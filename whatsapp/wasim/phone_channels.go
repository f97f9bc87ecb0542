package wasim

import (
	"context"
	"fmt"

	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"
)

// The acts below are the user's on the phone. They follow the same rules as
// those of companions and fail with a *StanzaError: [ErrNotFound] for an unknown
// channel or message, [ErrForbidden] for what only the owner or a follower may do.

// CreateChannel makes a channel with the account as its owner. Description and
// picture (JPEG) may be empty.
func (p *Phone) CreateChannel(ctx context.Context, name, description string, picture []byte) (types.JID, error) {
	if err := ctx.Err(); err != nil {
		return types.EmptyJID, err
	}
	ch, refusal := p.srv.createChannel(p, nil, name, description, picture)
	if refusal != nil {
		return types.EmptyJID, refusal
	}
	return ch.jid, nil
}

// FollowChannel follows a channel. Following twice changes nothing.
func (p *Phone) FollowChannel(ctx context.Context, jid types.JID) error {
	return p.inChannel(ctx, jid, func(ch *channel) *StanzaError { return ch.follow(p, nil) })
}

// UnfollowChannel ends following; the owner cannot: [ErrNotAllowed].
func (p *Phone) UnfollowChannel(ctx context.Context, jid types.JID) error {
	return p.inChannel(ctx, jid, func(ch *channel) *StanzaError { return ch.unfollow(p, nil) })
}

// MuteChannel turns the channel's notifications off or on.
func (p *Phone) MuteChannel(ctx context.Context, jid types.JID, on bool) error {
	return p.inChannel(ctx, jid, func(ch *channel) *StanzaError { return ch.mute(p, nil, on) })
}

// UpdateChannel changes name, description and picture of an own channel; nil
// leaves a part as it is.
func (p *Phone) UpdateChannel(ctx context.Context, jid types.JID, name, description *string, picture []byte) error {
	return p.inChannel(ctx, jid, func(ch *channel) *StanzaError { return ch.update(p, name, description, picture) })
}

// PostText is [Phone.PostToChannel] of a text.
func (p *Phone) PostText(ctx context.Context, jid types.JID, text string) (ChannelMessage, error) {
	return p.PostToChannel(ctx, jid, &waE2E.Message{Conversation: proto.String(text)})
}

// PostMedia uploads a file, which in channels is not encrypted, and posts it.
func (p *Phone) PostMedia(ctx context.Context, jid types.JID, media Media) (ChannelMessage, error) {
	message, err := p.mediaHosted(media, p.srv.hostPlain)
	if err != nil {
		return ChannelMessage{}, err
	}
	return p.PostToChannel(ctx, jid, message)
}

// PostToChannel posts any message in an own channel, labelled as phones label its
// kind, and returns when it is queued for every device of every follower. The
// caller keeps the message.
func (p *Phone) PostToChannel(ctx context.Context, jid types.JID, message *waE2E.Message) (ChannelMessage, error) {
	return p.publish(ctx, jid, newMessageID(), types.EditAttributeEmpty, message)
}

// EditInChannel replaces the text, or the caption, of a message in an own channel.
func (p *Phone) EditInChannel(ctx context.Context, jid types.JID, serverID int, text string) (ChannelMessage, error) {
	known, err := p.posted(jid, serverID)
	if err != nil {
		return ChannelMessage{}, err
	}
	message, err := withText(known.Message, text)
	if err != nil {
		return ChannelMessage{}, err
	}
	return p.publish(ctx, jid, known.ID, types.EditAttributeAdminEdit, message)
}

// DeleteInChannel deletes a message in an own channel for everybody.
func (p *Phone) DeleteInChannel(ctx context.Context, jid types.JID, serverID int) error {
	known, err := p.posted(jid, serverID)
	if err != nil {
		return err
	}
	_, err = p.publish(ctx, jid, known.ID, types.EditAttributeAdminRevoke, nil)
	return err
}

// ReactInChannel reacts to a message in a channel; an empty emoji takes the
// reaction back.
func (p *Phone) ReactInChannel(ctx context.Context, jid types.JID, serverID int, emoji string) error {
	return p.inChannel(ctx, jid, func(ch *channel) *StanzaError { return ch.react(p, serverID, emoji) })
}

// ViewInChannel is the user looking at messages in a channel.
func (p *Phone) ViewInChannel(ctx context.Context, jid types.JID, serverIDs ...int) error {
	return p.inChannel(ctx, jid, func(ch *channel) *StanzaError {
		ch.view(p, serverIDs)
		return nil
	})
}

// publish gives a message, an edit or a deletion to the server.
func (p *Phone) publish(ctx context.Context, jid types.JID, id string, edit types.EditAttribute, message *waE2E.Message) (ChannelMessage, error) {
	if err := ctx.Err(); err != nil {
		return ChannelMessage{}, err
	}
	plain, err := proto.Marshal(message)
	if err != nil {
		return ChannelMessage{}, fmt.Errorf("marshalling post: %w", err)
	}
	labels := dress(message)
	content := node{Tag: "plaintext", Attrs: attrs{}, Content: plain}
	copyAttrs(content.Attrs, labels.enc, "mediatype")
	e := &envelope{sender: p, id: id, to: jid, at: p.srv.now(), attrs: attrs{"type": labels.stanza["type"]}, plain: &content}
	if edit != types.EditAttributeEmpty {
		e.attrs["edit"] = string(edit)
	}
	outcome := p.srv.relay(e)
	if outcome.code != 0 {
		return ChannelMessage{}, fmt.Errorf("%w: %w", ErrSendRefused, &StanzaError{Code: outcome.code, Text: "refused"})
	}
	ch := p.srv.channelOf(jid)
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.messages[outcome.serverID-firstServerID].info(), nil
}

// posted gives a message of a channel that has not been deleted.
func (p *Phone) posted(jid types.JID, serverID int) (ChannelMessage, error) {
	ch := p.srv.channelOf(jid)
	if ch == nil {
		return ChannelMessage{}, ErrNotFound
	}
	ch.mu.Lock()
	defer ch.mu.Unlock()
	m := ch.find(serverID)
	if m == nil {
		return ChannelMessage{}, ErrNotFound
	}
	return m.info(), nil
}

// inChannel finds the channel and acts on it.
func (p *Phone) inChannel(ctx context.Context, jid types.JID, act func(*channel) *StanzaError) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ch := p.srv.channelOf(jid)
	if ch == nil {
		return ErrNotFound
	}
	if refusal := act(ch); refusal != nil {
		return refusal
	}
	return nil
}
