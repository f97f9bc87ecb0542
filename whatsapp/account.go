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
	act := func(field string, request func(context.Context, *whatsmeow.Client) error) error {
		if err := tell(asking, x, nil, request); err != nil {
			return fault.From(err).With("applied", applied)
		}
		applied = append(applied, field)
		return nil
	}
	if profile.Name != nil {
		if err := act("name", rename(*profile.Name)); err != nil {
			return nil, err
		}
		// What WhatsApp has taken is stored before the answer; the event of it follows.
		_, err := order(ctx, x, func(o *owner) (struct{}, error) {
			o.renamed(*profile.Name)
			return struct{}{}, nil
		})
		if err != nil {
			return nil, err
		}
	}
	if profile.About != nil {
		err := act("about", func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SetStatusMessage(ctx, types.SetStatusInput{Text: profile.About})
		})
		if err != nil {
			return nil, err
		}
	}
	if picture != nil || profile.RemovePicture {
		err := act("picture", func(ctx context.Context, cli *whatsmeow.Client) error {
			_, err := cli.SetGroupPhoto(ctx, types.EmptyJID, picture) // without an address it is the account's
			return err
		})
		if err != nil {
			return nil, err
		}
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

// rename gives the request that changes the account's name: in the app state for
// its devices, and in a presence, from which the server learns it for others. The
// presence does not show the account online.
func rename(name string) func(context.Context, *whatsmeow.Client) error {
	return func(ctx context.Context, cli *whatsmeow.Client) error {
		if err := pushState(ctx, cli, appstate.BuildSettingPushName(name)); err != nil {
			return err
		}
		return cli.SendPresence(ctx, types.PresenceUnavailable)
	}
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
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	return tell(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
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
