package whatsapp

import (
	"context"
	"slices"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/models"
	"wagateway/models/fault"
)

// maxChannelFetch is how many messages of a channel one question may ask for.
const maxChannelFetch = 100

// handleChannelEvent stores what an event tells of a channel: one transaction,
// done when it returns.
func (s *Service) handleChannelEvent(ctx context.Context, x *session, evt any) (err error) {
	switch evt := evt.(type) {
	case *events.NewsletterJoin:
		if evt.ID.Server != types.NewsletterServer {
			return nil
		}
		_, err = s.db.Channels.Save(ctx, x.id, channelSnapshot(&evt.NewsletterMetadata))
	case *events.NewsletterLeave:
		err = s.db.Channels.Left(ctx, x.id, evt.ID.String())
	case *events.NewsletterMuteChange:
		err = s.db.Channels.Muted(ctx, x.id, evt.ID.String(), evt.Mute == types.NewsletterMuteOn)
	case *events.NewsletterLiveUpdate:
		err = s.db.Channels.SaveStats(ctx, x.id, evt.JID.String(), channelStats(evt.Messages))
	}
	s.changes.notify(err)
	return gone(err)
}

// channelStats reads how messages are received.
func channelStats(messages []*types.NewsletterMessage) []models.NewChannelStats {
	stats := make([]models.NewChannelStats, len(messages))
	for i, m := range messages {
		stats[i] = models.NewChannelStats{WAMessageID: m.MessageID, Views: m.ViewsCount, Reactions: make(map[string]int, len(m.ReactionCounts))}
		for emoji, n := range m.ReactionCounts {
			stats[i].Reactions[storable(emoji)] = n
		}
	}
	return stats
}

// SubscribeChannelUpdates has WhatsApp tell for some minutes how the messages of a
// channel are received, and says for how long, in seconds.
func (s *Service) SubscribeChannelUpdates(ctx context.Context, sessionID, channelJID string) (seconds int, err error) {
	jid, err := parseChannel(channelJID)
	if err != nil {
		return 0, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return 0, err
	}
	return ask(ctx, x, channelAnswers(), func(ctx context.Context, cli *whatsmeow.Client) (int, error) {
		life, err := cli.NewsletterSubscribeLiveUpdates(ctx, jid)
		return int(life.Seconds()), err
	})
}

// FetchChannelMessages asks WhatsApp for messages of a channel that are older than
// the one with the server's number before, nil: for the latest, stores those that
// are new here, without events, and gives them all, the latest first. count is 1
// to 100.
func (s *Service) FetchChannelMessages(ctx context.Context, sessionID, channelJID string, count int, before *int64) ([]models.Message, error) {
	jid, err := parseChannel(channelJID)
	if err != nil {
		return nil, err
	}
	switch {
	case count < 1 || count > maxChannelFetch:
		return nil, fault.Invalid("count", "count must be 1 to 100").With("max", maxChannelFetch)
	case before != nil && *before < 1:
		return nil, fault.Invalid("before", "before must be a message's number in the channel")
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	asked := &whatsmeow.GetNewsletterMessagesParams{Count: count, Before: types.MessageServerID(orNone(before))}
	found, err := ask(ctx, x, channelAnswers(), func(ctx context.Context, cli *whatsmeow.Client) ([]*types.NewsletterMessage, error) {
		return cli.GetNewsletterMessages(ctx, jid, asked)
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := storing(ctx)
	defer cancel()
	messages := make([]models.Message, 0, len(found))
	for _, m := range slices.Backward(found) {
		stored, err := s.channelMessageFetched(ctx, x, jid, m)
		if err != nil {
			return nil, err
		}
		if stored != nil {
			messages = append(messages, *stored)
		}
	}
	return messages, s.db.Channels.SaveStats(ctx, x.id, jid.String(), channelStats(found))
}

// channelMessageFetched stores an older message of a channel; nil for one that is
// none to show.
func (s *Service) channelMessageFetched(ctx context.Context, x *session, jid types.JID, m *types.NewsletterMessage) (*models.Message, error) {
	evt := (&events.Message{RawMessage: m.Message, Info: types.MessageInfo{
		MessageSource: types.MessageSource{Chat: jid, Sender: jid}, ID: m.MessageID, ServerID: m.MessageServerID, Timestamp: m.Timestamp,
	}}).UnwrapRaw()
	if m.Message == nil || m.MessageID == "" {
		return nil, nil //nolint:nilnil // as said
	}
	message, ok, err := s.readMessage(ctx, x, evt)
	if err != nil || !ok || message.Type.Changes() {
		return nil, err
	}
	message.History = true
	if message.Media != nil {
		message.Media.NextTryAt = models.Never // got when somebody asks for it
	}
	return s.receive(ctx, x, message)
}
