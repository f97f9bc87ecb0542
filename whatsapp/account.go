package whatsapp

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
)

// Profile holds changes of what the account tells of itself; nil stays as it is.
type Profile struct {
	Name          *string // 1 to 25 characters
	About         *string // at most 139 characters; "" removes it
	Picture       *string // JPEG or PNG in base64 or a data: URI, at most 5 MiB
	RemovePicture bool    // not with Picture
}

// UpdateProfile changes what the account tells of itself: each given field is one
// act, in the order name, about, picture. When one fails, details.applied of the
// fault names those that took effect. Blocks at most 20 s.
func (s *Service) UpdateProfile(ctx context.Context, sessionID string, profile Profile) (*models.Session, error) {
	picture, err := profile.check()
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	applied := []string{}
	for _, act := range profile.acts(s, x, picture) {
		if err := act.do(asking); err != nil {
			return nil, fault.From(err).With("applied", applied)
		}
		applied = append(applied, act.field)
	}
	return s.db.Sessions.Find(ctx, x.id)
}

// check checks the changes, and gives the picture as WhatsApp takes it.
func (p *Profile) check() (picture []byte, err error) {
	switch {
	case p.Name != nil && blank(*p.Name):
		return nil, fault.Missing("name")
	case p.Name != nil && utf8.RuneCountInString(*p.Name) > maxPushName:
		return nil, fault.Invalid("name", "name must have at most 25 characters").With("max", maxPushName)
	case p.About != nil && utf8.RuneCountInString(*p.About) > maxAbout:
		return nil, fault.Invalid("about", "about must have at most 139 characters").With("max", maxAbout)
	case p.Picture != nil && p.RemovePicture:
		return nil, fault.Invalid("removePicture", "removePicture and picture exclude each other")
	case p.Picture != nil:
		return profilePicture(*p.Picture)
	}
	return nil, nil
}

// profileAct is one act of UpdateProfile.
type profileAct struct {
	field string
	do    func(context.Context) error
}

// acts gives the acts, in the order that [Service.UpdateProfile] promises.
func (p *Profile) acts(s *Service, x *session, picture []byte) (acts []profileAct) {
	if p.Name != nil {
		acts = append(acts, profileAct{"name", func(ctx context.Context) error { return s.rename(ctx, x, *p.Name) }})
	}
	if p.About != nil {
		acts = append(acts, profileAct{"about", func(ctx context.Context) error {
			return tell(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
				return cli.SetStatusMessage(ctx, types.SetStatusInput{Text: p.About})
			})
		}})
	}
	if picture != nil || p.RemovePicture {
		acts = append(acts, profileAct{"picture", func(ctx context.Context) error {
			return tell(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
				_, err := cli.SetGroupPhoto(ctx, types.EmptyJID, picture) // without an address it is the account's
				return err
			})
		}})
	}
	return acts
}

// rename changes the account's name: in the app state for its devices, here, and
// in a presence, from which the server learns it for others. The presence is the
// one that the account has.
func (s *Service) rename(ctx context.Context, x *session, name string) error {
	if err := s.sendState(ctx, x, appstate.BuildSettingPushName(name)); err != nil {
		return err
	}
	// What WhatsApp has taken is stored before the answer; the event of it follows.
	_, err := order(ctx, x, func(o *owner) (struct{}, error) {
		o.renamed(name)
		return struct{}{}, nil
	})
	if err != nil {
		return err
	}
	return sendPresence(ctx, x, x.chats.presence.isWanted())
}

// disappearingTimers are the lifetimes of messages that WhatsApp's apps offer.
func disappearingTimers() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{0, day, 7 * day, 90 * day}
}

// SetDefaultDisappearingTimer makes the messages of new chats disappear after
// some seconds: 0 (never), 86,400, 604,800 or 7,776,000.
func (s *Service) SetDefaultDisappearingTimer(ctx context.Context, sessionID string, seconds int) error {
	timer := time.Duration(seconds) * time.Second
	if !slices.Contains(disappearingTimers(), timer) {
		return fault.Invalid("seconds", "seconds must be 0, 86400, 604800 or 7776000")
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return err
	}
	return tell(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
		return cli.SetDefaultDisappearingTimer(ctx, timer)
	})
}

// ContactLink gives the link under which others can write to the account, as its
// QR code holds it. With revoke a new one takes its place.
func (s *Service) ContactLink(ctx context.Context, sessionID string, revoke bool) (string, error) {
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return "", err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	code, err := ask(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) (string, error) {
		return cli.GetContactQRLink(ctx, revoke)
	})
	if err != nil {
		return "", fmt.Errorf("asking for the contact link: %w", err)
	}
	return whatsmeow.ContactQRLinkPrefix + code, nil
}
