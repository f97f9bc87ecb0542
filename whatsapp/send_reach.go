package whatsapp

import (
	"context"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models/fault"
)

// checkReachable asks WhatsApp whether a number has an account, or a group exists and has
// the account in it, when that is not known yet: whatsmeow would ask the same before it
// sends, but by then the send is stored, and with it a chat with nobody.
func (s *Service) checkReachable(ctx context.Context, x *session, to types.JID) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timing.Send)
	defer cancel()
	var err error
	switch to.Server {
	case types.DefaultUserServer:
		err = checkNumber(ctx, x, to)
	case types.GroupServer:
		if _, err = s.db.Groups.Get(ctx, x.id, to.String()); fault.Is(err, fault.NotFound) {
			_, err = ask(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) (*types.GroupInfo, error) {
				return cli.GetGroupInfo(ctx, to)
			})
		}
	}
	if err != nil && fault.From(err).Reason() == fault.ReasonOutcomeUnknown { // of the question: nothing was sent
		return fault.NotConnected().Because(err)
	}
	return err
}

func checkNumber(ctx context.Context, x *session, number types.JID) error {
	if !x.otherAddress(ctx, number).IsEmpty() {
		return nil
	}
	infos, err := ask(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) (map[types.JID]types.UserInfo, error) {
		return cli.GetUserInfo(ctx, []types.JID{number})
	})
	if err == nil && infos[number].LID.IsEmpty() {
		err = notOnWhatsApp()
	}
	return err
}

func notOnWhatsApp() *fault.Error {
	return fault.New(fault.Upstream, fault.ReasonWhatsApp, "the number is not on WhatsApp")
}
