package whatsapp

import (
	"context"
	"strings"
	"time"

	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
)

// postChangeTime is for how long posts of channels can be edited and taken back, by
// any of the admins: https://faq.whatsapp.com/360977646301595.
const postChangeTime = 30 * 24 * time.Hour

// inPeopleChat checks that a change is not for a channel, which knows no votes, and
// where reactions go by the channel's number of a message.
func inPeopleChat(to types.JID) error {
	if to.Server == types.NewsletterServer {
		return fault.Invalid("chat", "chat must be a person's or a group's")
	}
	return nil
}

// mayChangePost checks that the account may change a post of a channel: its admins may
// change each other's.
func (s *Service) mayChangePost(ctx context.Context, x *session, channel types.JID, target *models.Message) error {
	if err := s.mayPost(ctx, x, channel); err != nil {
		return err
	}
	if target.AckLevel > models.AckPending && time.Since(target.Timestamp.Time()) > postChangeTime {
		return wrongKind("the message is too old to be changed")
	}
	return nil
}

// postGone reports whether what was to be taken back from a channel is not there any
// more: a try before has done it, or another admin.
func postGone(send *models.Outgoing, err error) bool {
	if !strings.HasSuffix(send.Recipient, "@"+types.NewsletterServer) || send.Message.Type != models.MessageRevoke {
		return false
	}
	code, answered := sendCode(err)
	return answered && (code == 404 || code == 410)
}
