package whatsapp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// NewChannel asks for a channel.
type NewChannel struct {
	Name        string // 1 to 100 characters
	Description string // at most 2,048 characters
	Picture     string // a JPEG or PNG in base64; "" none
}

const (
	// WhatsApp's terms of channels, which an account accepts before it makes its
	// first one; whatsmeow's AcceptTOSNotice documents the pair.
	channelTerms      = "20601218"
	channelTermsStage = "5"
	// termsNotAccepted is WhatsApp's code for asking for that.
	termsNotAccepted = 451
)

// CreateChannel creates a channel, with the account as its owner, and stores it at
// once. The first one accepts WhatsApp's terms of channels for the account, as its
// apps do. Blocks at most 20 s.
func (s *Service) CreateChannel(ctx context.Context, sessionID string, channel NewChannel) (*models.Channel, error) {
	if err := checkSubject("name", channel.Name); err != nil {
		return nil, err
	}
	if err := checkDescription("description", channel.Description); err != nil {
		return nil, err
	}
	params := whatsmeow.CreateNewsletterParams{Name: channel.Name, Description: channel.Description}
	if channel.Picture != "" {
		jpeg, err := profilePicture(channel.Picture)
		if err != nil {
			return nil, err
		}
		params.Picture = jpeg
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	info, err := ask(ctx, x, channelAnswers(), func(ctx context.Context, cli *whatsmeow.Client) (*types.NewsletterMetadata, error) {
		info, err := cli.CreateNewsletter(ctx, params)
		if code, _ := answerCode(err); code == termsNotAccepted {
			if err := cli.AcceptTOSNotice(ctx, channelTerms, channelTermsStage); err != nil {
				return nil, err
			}
			info, err = cli.CreateNewsletter(ctx, params)
		}
		return info, err
	})
	if err != nil {
		return nil, err
	}
	return s.storeChannel(ctx, x, info)
}

// FollowChannel follows a channel, and gives it. Repeating it changes nothing; one
// that WhatsApp does not know is fault.NotFound.
func (s *Service) FollowChannel(ctx context.Context, sessionID, channelJID string) (*models.Channel, error) {
	return s.channelAct(ctx, sessionID, channelJID, (*whatsmeow.Client).FollowNewsletter)
}

// UnfollowChannel ends that, and gives the channel; what is stored of it stays
// readable. Repeating it changes nothing; who owns a channel cannot:
// fault.Forbidden.
func (s *Service) UnfollowChannel(ctx context.Context, sessionID, channelJID string) (*models.Channel, error) {
	return s.channelAct(ctx, sessionID, channelJID, (*whatsmeow.Client).UnfollowNewsletter)
}

// MuteChannel keeps a channel's messages from ringing on the account's phones, or
// lets them ring again. Repeating it changes nothing; a channel that the account
// does not follow is fault.Forbidden.
func (s *Service) MuteChannel(ctx context.Context, sessionID, channelJID string, mute bool) (*models.Channel, error) {
	return s.channelAct(ctx, sessionID, channelJID, func(cli *whatsmeow.Client, ctx context.Context, jid types.JID) error {
		return cli.NewsletterToggleMute(ctx, jid, mute)
	})
}

// channelAct does something with a channel, and stores it as it is then. When that
// cannot be read, or the process dies in between, the list that the next
// connection reads has it.
func (s *Service) channelAct(
	ctx context.Context, sessionID, channelJID string, request func(*whatsmeow.Client, context.Context, types.JID) error,
) (*models.Channel, error) {
	jid, err := parseChannel(channelJID)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	err = tell(asking, x, channelAnswers(), func(ctx context.Context, cli *whatsmeow.Client) error { return request(cli, ctx, jid) })
	if err != nil {
		return nil, err
	}
	info, err := x.readChannel(asking, jid)
	if err != nil {
		x.groups.want(wanted{channels: true})
		return nil, err
	}
	return s.storeChannel(ctx, x, info)
}

// ChannelPreview is a channel as an invite shows it.
type ChannelPreview struct {
	JID             string
	Name            string
	Description     string
	InviteLink      string
	Verified        bool
	SubscriberCount int
	CreatedAtWA     models.Millis // 0 unknown
}

// ChannelByInvite looks at a channel by its invite code or link, followed or not,
// and stores nothing; fault.NotFound when there is none.
func (s *Service) ChannelByInvite(ctx context.Context, sessionID, invite string) (*ChannelPreview, error) {
	code, err := address.ParseChannelInvite("invite", invite)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	info, err := ask(ctx, x, channelAnswers(), func(ctx context.Context, cli *whatsmeow.Client) (*types.NewsletterMetadata, error) {
		return cli.GetNewsletterInfoWithInvite(ctx, code)
	})
	if err != nil {
		return nil, err
	}
	if info == nil || info.ID.Server != types.NewsletterServer {
		return nil, fault.NoSuch("channel")
	}
	c := channelSnapshot(info)
	return &ChannelPreview{
		JID: c.JID, Name: c.Name, Description: c.Description, InviteLink: models.ChannelLink(cmp.Or(c.InviteCode, code)),
		Verified: c.Verified, SubscriberCount: c.SubscriberCount, CreatedAtWA: c.CreatedAtWA,
	}, nil
}

// readChannel asks WhatsApp for a channel as the account sees it.
func (x *session) readChannel(ctx context.Context, jid types.JID) (*types.NewsletterMetadata, error) {
	return ask(ctx, x, channelAnswers(), func(ctx context.Context, cli *whatsmeow.Client) (*types.NewsletterMetadata, error) {
		return cli.GetNewsletterInfo(ctx, jid)
	})
}

// storeChannel stores a channel as WhatsApp describes it.
func (s *Service) storeChannel(ctx context.Context, x *session, info *types.NewsletterMetadata) (*models.Channel, error) {
	if info == nil || info.ID.Server != types.NewsletterServer {
		return nil, fault.NoSuch("channel")
	}
	ctx, cancel := storing(ctx)
	defer cancel()
	stored, err := s.db.Channels.Save(ctx, x.id, channelSnapshot(info))
	s.changes.notify(err)
	return stored, err
}

// syncChannels stores which channels WhatsApp says the account follows.
func (s *Service) syncChannels(ctx context.Context, x *session) error {
	asked := models.Now()
	asking, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	infos, err := ask(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) ([]*types.NewsletterMetadata, error) {
		return cli.GetSubscribedNewsletters(ctx)
	})
	if err != nil {
		return fmt.Errorf("listing channels: %w", err)
	}
	listed := make([]models.ChannelSnapshot, 0, len(infos))
	for _, info := range infos {
		if info != nil && info.ID.Server == types.NewsletterServer {
			listed = append(listed, channelSnapshot(info))
		}
	}
	if err := s.db.Channels.Sync(ctx, x.id, listed, asked); err != nil {
		return fmt.Errorf("storing channels: %w", err)
	}
	s.changes.notify(nil)
	x.log.InfoContext(ctx, "channels read", "channels", len(listed))
	return nil
}

// channelSnapshot converts WhatsApp's description of a channel.
func channelSnapshot(info *types.NewsletterMetadata) models.ChannelSnapshot {
	about := &info.ThreadMeta
	snapshot := models.ChannelSnapshot{
		JID: info.ID.String(), Name: storable(about.Name.Text), Description: storable(about.Description.Text), InviteCode: storable(about.InviteCode),
		Role: models.ChannelGuest, Verified: about.VerificationState == types.NewsletterVerificationStateVerified,
		SubscriberCount: about.SubscriberCount,
	}
	if !about.CreationTime.IsZero() {
		snapshot.CreatedAtWA = models.MillisOf(about.CreationTime.Time)
	}
	if viewer := info.ViewerMeta; viewer != nil {
		snapshot.Muted = viewer.Mute == types.NewsletterMuteOn
		if role := models.ChannelRole(viewer.Role); role.Follows() {
			snapshot.Role = role
		}
	}
	return snapshot
}

// parseChannel gives the address of the channel that an act is about.
func parseChannel(channelJID string) (types.JID, error) {
	canonical, err := address.ParseChannel("jid", channelJID)
	if err != nil {
		return types.JID{}, err
	}
	return parseCanonical(canonical)
}

// channelAnswers are the codes with which WhatsApp refuses acts on channels.
func channelAnswers() answers {
	denied := fault.New(fault.Forbidden, "", "WhatsApp does not allow this account to do that in the channel")
	return answers{401: denied, 403: denied, 405: denied, 404: fault.NoSuch("channel"), 410: fault.NoSuch("channel")}
}

// graphCode gives the code of a refusal in WhatsApp's GraphQL, which channels use.
func graphCode(err error) (code int, answered bool) {
	refusal, ok := errors.AsType[types.GraphQLError](err)
	return refusal.Extensions.ErrorCode, ok && refusal.Extensions.ErrorCode != 0
}

// ReactInChannel reacts to a message in a channel, by the channel's number of it;
// an empty emoji takes the reaction back. WhatsApp does not confirm it.
func (s *Service) ReactInChannel(ctx context.Context, sessionID, channelJID string, serverID int, emoji string) error {
	jid, err := parseChannel(channelJID)
	if err != nil {
		return err
	}
	switch {
	case serverID < 1:
		return fault.Invalid("serverId", "serverId must be a message's number in the channel")
	case emoji != "" && !isEmoji(emoji):
		return fault.Invalid("emoji", "emoji must be one emoji")
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return err
	}
	return tell(ctx, x, channelAnswers(), func(ctx context.Context, cli *whatsmeow.Client) error {
		return cli.NewsletterSendReaction(ctx, jid, serverID, emoji, "")
	})
}

// ViewInChannel counts the account among those who have seen messages of a
// channel, by the channel's numbers of them.
func (s *Service) ViewInChannel(ctx context.Context, sessionID, channelJID string, serverIDs []int) error {
	jid, err := parseChannel(channelJID)
	if err != nil {
		return err
	}
	switch {
	case len(serverIDs) == 0:
		return fault.Missing("serverIds")
	case len(serverIDs) > maxChannelFetch:
		return fault.Invalid("serverIds", "serverIds must have at most 100 entries").With("max", maxChannelFetch)
	case slices.ContainsFunc(serverIDs, func(id int) bool { return id < 1 }):
		return fault.Invalid("serverIds", "serverIds must be messages' numbers in the channel")
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return err
	}
	return tell(ctx, x, channelAnswers(), func(ctx context.Context, cli *whatsmeow.Client) error {
		return cli.NewsletterMarkViewed(ctx, jid, serverIDs)
	})
}
