package rest

import (
	"context"
	"net/http"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
)

const (
	tagChannels = "Channels"

	channelsPath = sessionPath + "/channels"
	channelPath  = channelsPath + "/{jid}"
)

// maxPictureBody bounds the body of createChannel: 5 MiB in base64, and the rest.
const maxPictureBody = 8 << 20

// Channel is a channel as REST shows it.
type Channel = contract.Channel

func presentChannel(p *gen.ChannelPayload) Channel { return p.Channel.Shape() }

// inChannel is the input of operations about one channel.
type inChannel struct {
	inSession
	Channel string `path:"jid" json:"-" description:"The channel's address; @ may be written as %40." example:"120363012345678901@newsletter"`
}

// inChannelMessages is the input of the list of a channel's messages.
type inChannelMessages struct {
	inChannel
	cursorPage
}

// inCreateChannel is the input of createChannel.
type inCreateChannel struct {
	inSession
	Name        string  `json:"name" required:"true" maxLength:"100" description:"The channel's name." example:"Tides"`
	Description *string `json:"description" maxLength:"2048" description:"What it is about." example:"High and low water"`
	Picture     *string `json:"picture" description:"A JPEG or PNG in base64, at most 5 MiB." example:"iVBORw0KGgo="`
}

// inMuteChannel is the input of muteChannel.
type inMuteChannel struct {
	inChannel
	Mute *bool `json:"mute" required:"true" description:"Whether to mute it." example:"true"`
}

func channelRows() []route {
	return []route{
		row(spec{
			Operation: "createChannel", Tag: tagChannels, Method: http.MethodPost, Pattern: channelsPath,
			Field: "Mutation.createChannel", Status: http.StatusCreated, Live: true, MaxBody: maxPictureBody,
			Summary: "Create a channel.",
			Notes: "The account becomes its owner; the channel is stored at once. The first one accepts WhatsApp's terms of channels " +
				"for the account.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inCreateChannel) (*gen.ChannelPayload, error) {
			return root.Mutation().CreateChannel(ctx, in.Session, gen.CreateChannelInput{
				Name: in.Name, Description: omit(in.Description), Picture: omit(in.Picture),
			})
		}, presentChannel),
		row(spec{
			Operation: "listChannelMessages", Tag: tagChannels, Method: http.MethodGet, Pattern: channelPath + "/messages",
			Field: "Channel.messages", Status: http.StatusOK,
			Summary: "The stored messages of a channel, the latest first.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inChannelMessages) (*gen.MessageConnection, error) {
			c, err := root.Query().Channel(ctx, in.Session, in.Channel)
			if err != nil {
				return nil, err
			}
			messages, err := root.Channel().Messages(ctx, c, in.first(), in.after())
			if err != nil {
				return nil, err
			}
			return messages, detail(ctx, root, messages.Nodes)
		}, presentChannelMessages),
		act(spec{
			Operation: "followChannel", Tag: tagChannels, Method: http.MethodPost, Pattern: channelPath + ":follow",
			Field: "Mutation.followChannel", Status: http.StatusNoContent, Live: true,
			Summary: "Follow a channel.",
			Notes:   "Repeating it changes nothing.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inChannel) (*gen.ChannelPayload, error) {
			return root.Mutation().FollowChannel(ctx, in.Session, in.Channel)
		}),
		act(spec{
			Operation: "unfollowChannel", Tag: tagChannels, Method: http.MethodPost, Pattern: channelPath + ":unfollow",
			Field: "Mutation.unfollowChannel", Status: http.StatusNoContent, Live: true,
			Summary: "Follow a channel no longer.",
			Notes:   "Its stored data stays readable. Repeating it changes nothing; 403 for the channel's owner.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inChannel) (*gen.ChannelPayload, error) {
			return root.Mutation().UnfollowChannel(ctx, in.Session, in.Channel)
		}),
		act(spec{
			Operation: "muteChannel", Tag: tagChannels, Method: http.MethodPost, Pattern: channelPath + ":mute",
			Field: "Mutation.muteChannel", Status: http.StatusNoContent, Live: true,
			Summary: "Keep a channel's messages from ringing on phones, or let them ring.",
			Notes:   "Repeating it changes nothing; 403 for a channel that is not followed.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inMuteChannel) (*gen.ChannelPayload, error) {
			if in.Mute == nil {
				return nil, behindSession(ctx, root, in.Session, fault.Missing("mute"))
			}
			return root.Mutation().MuteChannel(ctx, in.Session, in.Channel, *in.Mute)
		}),
	}
}

func presentChannelMessages(c *gen.MessageConnection) emptyEndList[contract.Message] {
	return emptyEndList[contract.Message]{Data: presentEach(c.Nodes, (*models.Message).Shape), NextCursor: nextCursor(c.PageInfo)}
}
