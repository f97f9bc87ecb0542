package whatsapp

import (
	"context"
	"errors"

	"go.mau.fi/whatsmeow"

	"wagateway/models/fault"
)

// GroupPicture gives a group's picture, the small one with preview; fault.NotFound
// when it has none.
func (s *Service) GroupPicture(ctx context.Context, sessionID, groupJID string, preview bool) (*ContactPicture, error) {
	jid, err := parseGroup(groupJID)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	none := fault.NoSuch("picture")
	known, err := s.db.Groups.Get(ctx, x.id, jid.String())
	if err != nil {
		return nil, err
	}
	return ask(ctx, x, answers{401: notGroupMember(), 404: none}, func(ctx context.Context, cli *whatsmeow.Client) (*ContactPicture, error) {
		info, err := cli.GetProfilePictureInfo(ctx, jid, &whatsmeow.GetProfilePictureParams{Preview: preview, IsCommunity: known.IsCommunity})
		if errors.Is(err, whatsmeow.ErrProfilePictureNotSet) || err == nil && info == nil {
			return nil, none
		}
		if err != nil {
			return nil, err
		}
		return &ContactPicture{ID: info.ID, URL: info.URL}, nil
	})
}

// SetGroupPicture sets a group's picture, a JPEG or PNG in base64, and gives
// WhatsApp's id of it.
func (s *Service) SetGroupPicture(ctx context.Context, sessionID, groupJID, picture string) (id string, err error) {
	jpeg, err := profilePicture(picture)
	if err != nil {
		return "", err
	}
	return s.changeGroupPicture(ctx, sessionID, groupJID, jpeg)
}

// RemoveGroupPicture removes a group's picture. Repeating it changes nothing.
func (s *Service) RemoveGroupPicture(ctx context.Context, sessionID, groupJID string) error {
	_, err := s.changeGroupPicture(ctx, sessionID, groupJID, nil)
	return err
}

func (s *Service) changeGroupPicture(ctx context.Context, sessionID, groupJID string, jpeg []byte) (string, error) {
	jid, err := parseGroup(groupJID)
	if err != nil {
		return "", err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return "", err
	}
	id, err := ask(ctx, x, groupAnswers(), func(ctx context.Context, cli *whatsmeow.Client) (string, error) {
		return cli.SetGroupPhoto(ctx, jid, jpeg)
	})
	if err != nil {
		return "", s.groupFailure(ctx, x, jid, err)
	}
	return id, nil
}
