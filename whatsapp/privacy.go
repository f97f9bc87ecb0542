package whatsapp

import (
	"context"
	"slices"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models/fault"
)

// PrivacySettings says who may see or do what; a setting that WhatsApp does not
// tell, or tells in words that are new, is "".
type PrivacySettings struct {
	GroupAdd     string // who may add the account to groups
	LastSeen     string
	About        string
	Picture      string
	ReadReceipts string
	CallAdd      string // who may call
	Online       string
	Messages     string // who may write
	Defense      string // strict protection against strangers
	Stickers     string
}

// PrivacyChange holds settings to change; "" stays as it is.
type PrivacyChange = PrivacySettings

// privacySetting is one setting, and where it stands.
type privacySetting struct {
	field  string // as callers name it
	name   types.PrivacySettingType
	values []types.PrivacySetting
	of     func(*PrivacySettings) *string
	told   func(*types.PrivacySettings) types.PrivacySetting
}

// privacyTable lists the settings in the order in which changes are made, with the
// values that each may have, which are whatsmeow's.
func privacyTable() []privacySetting {
	people := []types.PrivacySetting{
		types.PrivacySettingAll, types.PrivacySettingContacts, types.PrivacySettingContactBlacklist, types.PrivacySettingNone,
	}
	return []privacySetting{
		{
			"groupAdd", types.PrivacySettingTypeGroupAdd, people,
			func(p *PrivacySettings) *string { return &p.GroupAdd },
			func(p *types.PrivacySettings) types.PrivacySetting { return p.GroupAdd },
		},
		{
			"lastSeen", types.PrivacySettingTypeLastSeen, people,
			func(p *PrivacySettings) *string { return &p.LastSeen },
			func(p *types.PrivacySettings) types.PrivacySetting { return p.LastSeen },
		},
		{
			"about", types.PrivacySettingTypeStatus, people,
			func(p *PrivacySettings) *string { return &p.About },
			func(p *types.PrivacySettings) types.PrivacySetting { return p.Status },
		},
		{
			"picture", types.PrivacySettingTypeProfile, people,
			func(p *PrivacySettings) *string { return &p.Picture },
			func(p *types.PrivacySettings) types.PrivacySetting { return p.Profile },
		},
		{
			"readReceipts", types.PrivacySettingTypeReadReceipts, []types.PrivacySetting{types.PrivacySettingAll, types.PrivacySettingNone},
			func(p *PrivacySettings) *string { return &p.ReadReceipts },
			func(p *types.PrivacySettings) types.PrivacySetting { return p.ReadReceipts },
		},
		{
			"callAdd", types.PrivacySettingTypeCallAdd, []types.PrivacySetting{types.PrivacySettingAll, types.PrivacySettingKnown},
			func(p *PrivacySettings) *string { return &p.CallAdd },
			func(p *types.PrivacySettings) types.PrivacySetting { return p.CallAdd },
		},
		{
			"online", types.PrivacySettingTypeOnline, []types.PrivacySetting{types.PrivacySettingAll, types.PrivacySettingMatchLastSeen},
			func(p *PrivacySettings) *string { return &p.Online },
			func(p *types.PrivacySettings) types.PrivacySetting { return p.Online },
		},
		{
			"messages", types.PrivacySettingTypeMessages, []types.PrivacySetting{types.PrivacySettingAll, types.PrivacySettingContacts},
			func(p *PrivacySettings) *string { return &p.Messages },
			func(p *types.PrivacySettings) types.PrivacySetting { return p.Messages },
		},
		{
			"defense", types.PrivacySettingTypeDefense, []types.PrivacySetting{types.PrivacySettingOnStandard, types.PrivacySettingOff},
			func(p *PrivacySettings) *string { return &p.Defense },
			func(p *types.PrivacySettings) types.PrivacySetting { return p.Defense },
		},
		{
			"stickers", types.PrivacySettingTypeStickers,
			[]types.PrivacySetting{types.PrivacySettingContacts, types.PrivacySettingContactAllowlist, types.PrivacySettingNone},
			func(p *PrivacySettings) *string { return &p.Stickers },
			func(p *types.PrivacySettings) types.PrivacySetting { return p.Stickers },
		},
	}
}

// allowedPrivacy knows every word of a setting.
func allowedPrivacy(value types.PrivacySetting) bool {
	return slices.ContainsFunc(privacyTable(), func(s privacySetting) bool { return slices.Contains(s.values, value) })
}

// PrivacySettings asks WhatsApp for the account's privacy settings.
func (s *Service) PrivacySettings(ctx context.Context, sessionID string) (*PrivacySettings, error) {
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	return x.privacy(asking)
}

func (x *session) privacy(ctx context.Context) (*PrivacySettings, error) {
	told, err := ask(ctx, x, nil, func(ctx context.Context, cli *whatsmeow.Client) (*types.PrivacySettings, error) {
		return cli.TryFetchPrivacySettings(ctx, true)
	})
	if err != nil {
		return nil, err
	}
	settings := &PrivacySettings{}
	for _, setting := range privacyTable() {
		if value := setting.told(told); allowedPrivacy(value) {
			*setting.of(settings) = string(value)
		}
	}
	return settings, nil
}

// UpdatePrivacySettings changes privacy settings, each by one act, in the order of
// [PrivacySettings], and gives all as they are then. When one fails,
// details.applied of the fault names those that took effect. Blocks at most 20 s.
func (s *Service) UpdatePrivacySettings(ctx context.Context, sessionID string, change PrivacyChange) (*PrivacySettings, error) {
	table := privacyTable()
	for _, setting := range table {
		value := types.PrivacySetting(*setting.of(&change))
		if value != "" && !slices.Contains(setting.values, value) {
			return nil, fault.Invalid(setting.field, setting.field+" cannot have this value")
		}
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	applied := []string{}
	for _, setting := range table {
		value := types.PrivacySetting(*setting.of(&change))
		if value == "" {
			continue
		}
		err := tell(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) error {
			_, err := cli.SetPrivacySetting(ctx, setting.name, value)
			return err
		})
		if err != nil {
			return nil, fault.From(err).With("applied", applied)
		}
		applied = append(applied, setting.field)
	}
	settings, err := x.privacy(asking)
	if err != nil {
		return nil, fault.From(err).With("applied", applied)
	}
	return settings, nil
}
