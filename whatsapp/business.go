package whatsapp

import (
	"context"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models/fault"
)

// BusinessProfile is what a business tells of itself.
type BusinessProfile struct {
	JID        string
	Address    string // "" when it tells none, as the two below
	Email      string
	TimeZone   string // of the hours
	Categories []string
	Hours      []BusinessHours
}

// BusinessHours is when a business is open on one day of the week.
type BusinessHours struct {
	Day   string // "mon" to "sun"
	Mode  string // "specific_hours", "open_24h", "appointment_only"
	Open  string // minutes after midnight; "" unless the mode has hours
	Close string
}

// noBusiness is whatsmeow's error about an answer without a profile, for which it
// has no sentinel.
const noBusiness = "missing jid in business profile"

// BusinessProfile asks what a business tells of itself; fault.NotFound when the
// account is no business.
func (s *Service) BusinessProfile(ctx context.Context, sessionID, personJID string) (*BusinessProfile, error) {
	x, jid, err := s.livePerson(ctx, sessionID, personJID)
	if err != nil {
		return nil, err
	}
	none := fault.NoSuch("business profile")
	profile, err := ask(ctx, x, answers{404: none}, func(ctx context.Context, cli *whatsmeow.Client) (*types.BusinessProfile, error) {
		profile, err := cli.GetBusinessProfile(ctx, jid)
		if err != nil && err.Error() == noBusiness {
			return nil, none
		}
		return profile, err
	})
	if err != nil {
		return nil, err
	}
	answer := &BusinessProfile{
		JID: profile.JID.ToNonAD().String(), Address: profile.Address, Email: profile.Email, TimeZone: profile.BusinessHoursTimeZone,
		Categories: []string{}, Hours: []BusinessHours{},
	}
	for _, category := range profile.Categories {
		answer.Categories = append(answer.Categories, category.Name)
	}
	for _, hours := range profile.BusinessHours {
		answer.Hours = append(answer.Hours, BusinessHours{Day: hours.DayOfWeek, Mode: hours.Mode, Open: hours.OpenTime, Close: hours.CloseTime})
	}
	return answer, nil
}
