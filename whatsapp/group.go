package whatsapp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/whatsapp/address"
)

// NewGroup asks for a group.
type NewGroup struct {
	Name         string   // 1 to 100 characters
	Participants []string // person JIDs to add, at most 1,023; may be empty
	Community    bool     // a community, whose announcement group WhatsApp makes
	Parent       string   // the community to make it in; "" none
}

// CreatedGroup is a new group.
type CreatedGroup struct {
	Group   *models.Group       // as stored
	Results []ParticipantResult // one for each asked participant, in the order given
}

// GroupSettings are changes of a group; nil stays as it is.
type GroupSettings struct {
	Subject     *string // 1 to 100 characters
	Description *string // at most 2,048 characters; "" removes it
	Announce    *bool   // only admins may send
	Locked      *bool   // only admins may edit the group's information

	JoinApproval     *bool // joining by link asks the admins first
	MembersMayAdd    *bool // members who are no admins may add others
	EphemeralSeconds *int  // messages disappear after 0 (never), 86,400, 604,800 or 7,776,000 s
}

// CreateGroup creates a group, with the account as its superadmin, and stores it
// at once. WhatsApp may decline some participants: see the results. Blocks until
// WhatsApp has answered, at most 20 s.
func (s *Service) CreateGroup(ctx context.Context, sessionID string, group NewGroup) (*CreatedGroup, error) {
	if err := checkSubject("name", group.Name); err != nil {
		return nil, err
	}
	people, err := parseParticipants(group.Participants, 0, maxGroupMembers-1)
	if err != nil {
		return nil, err
	}
	request := whatsmeow.ReqCreateGroup{Name: group.Name, GroupParent: types.GroupParent{IsParent: group.Community}}
	if group.Parent != "" {
		if request.LinkedParentJID, err = parseCommunity("parentJid", group.Parent); err != nil {
			return nil, err
		}
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	info, err := ask(asking, x, nil, func(ctx context.Context, cli *whatsmeow.Client) (*types.GroupInfo, error) {
		request.Participants = x.others(people)
		return cli.CreateGroup(ctx, request)
	})
	if err != nil {
		return nil, err
	}
	stored, err := s.storeSnapshot(ctx, x, info)
	if err != nil {
		return nil, err
	}
	if group.Community {
		s.storeAnnouncements(asking, x, info.JID)
	}
	return &CreatedGroup{Group: stored, Results: x.results(ctx, people, info.Participants, reading{explain: whyNotAdded})}, nil
}

// UpdateGroup changes a group's settings: each given one is one act, in the
// order subject, description, announce, locked, join approval, who may add members,
// disappearing messages. When one fails, details.applied
// of the fault names those that took effect. Blocks at most 20 s.
func (s *Service) UpdateGroup(ctx context.Context, sessionID, groupJID string, settings GroupSettings) (*models.Group, error) {
	jid, err := parseGroup(groupJID)
	if err != nil {
		return nil, err
	}
	if settings.Subject != nil {
		if err := checkSubject("subject", *settings.Subject); err != nil {
			return nil, err
		}
	}
	if settings.Description != nil {
		if err := checkDescription("description", *settings.Description); err != nil {
			return nil, err
		}
	}
	if settings.EphemeralSeconds != nil && !slices.Contains(disappearingTimes(), *settings.EphemeralSeconds) {
		return nil, fault.Invalid("ephemeralSeconds", "ephemeralSeconds must be 0, 86400, 604800 or 7776000")
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, actTimeout)
	defer cancel()
	applied := []string{}
	for _, act := range settings.acts(x, jid) {
		err := act.do(asking)
		if err == nil {
			applied = append(applied, act.field)
			_, err = s.storeChange(ctx, x, jid, act.change)
		}
		if err != nil {
			return nil, fault.From(s.groupFailure(ctx, x, jid, err)).With("applied", applied)
		}
	}
	return s.db.Groups.Get(ctx, x.id, jid.String())
}

// settingAct is one act of UpdateGroup, and what is stored once it is done.
type settingAct struct {
	field  string
	do     func(context.Context) error
	change models.GroupChange
}

// acts gives the acts in the contract's order.
func (g GroupSettings) acts(x *session, jid types.JID) []settingAct {
	var acts []settingAct
	add := func(field string, change models.GroupChange, request func(context.Context, *whatsmeow.Client) error) {
		acts = append(acts, settingAct{field: field, change: change, do: func(ctx context.Context) error {
			return tell(ctx, x, groupAnswers(), request)
		}})
	}
	if g.Subject != nil {
		add("subject", models.GroupChange{Subject: g.Subject}, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SetGroupName(ctx, jid, *g.Subject)
		})
	}
	if g.Description != nil {
		add("description", models.GroupChange{Description: g.Description}, func(ctx context.Context, cli *whatsmeow.Client) error {
			return setDescription(ctx, cli, jid, *g.Description)
		})
	}
	if g.Announce != nil {
		add("announce", models.GroupChange{IsAnnounce: g.Announce}, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SetGroupAnnounce(ctx, jid, *g.Announce)
		})
	}
	if g.Locked != nil {
		add("locked", models.GroupChange{IsLocked: g.Locked}, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SetGroupLocked(ctx, jid, *g.Locked)
		})
	}
	if g.JoinApproval != nil {
		add("joinApproval", models.GroupChange{JoinApproval: g.JoinApproval}, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SetGroupJoinApprovalMode(ctx, jid, *g.JoinApproval)
		})
	}
	if g.MembersMayAdd != nil {
		mode := models.AdminsAddMembers
		if *g.MembersMayAdd {
			mode = models.AllAddMembers
		}
		add("membersMayAdd", models.GroupChange{MemberAddMode: &mode}, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SetGroupMemberAddMode(ctx, jid, types.GroupMemberAddMode(mode))
		})
	}
	if g.EphemeralSeconds != nil {
		add("ephemeralSeconds", models.GroupChange{EphemeralSeconds: g.EphemeralSeconds}, func(ctx context.Context, cli *whatsmeow.Client) error {
			return cli.SetDisappearingTimer(ctx, jid, time.Duration(*g.EphemeralSeconds)*time.Second, time.Time{})
		})
	}
	return acts
}

// setDescription names the description it replaces, as WhatsApp asks for; when
// somebody else changed it in between (409), it does so once more.
func setDescription(ctx context.Context, cli *whatsmeow.Client, jid types.JID, description string) error {
	for attempt := 1; ; attempt++ {
		info, err := cli.GetGroupInfo(ctx, jid)
		if err != nil {
			return err
		}
		if description == "" && info.Topic == "" {
			return nil
		}
		err = cli.SetGroupTopic(ctx, jid, info.TopicID, "", description)
		if code, _ := answerCode(err); code != 409 || attempt == 2 {
			return err
		}
	}
}

// LeaveGroup leaves a group; what is stored of it stays readable. Repeating it
// changes nothing.
func (s *Service) LeaveGroup(ctx context.Context, sessionID, groupJID string) (*models.Group, error) {
	jid, err := parseGroup(groupJID)
	if err != nil {
		return nil, err
	}
	x, err := s.live(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	err = tell(ctx, x, groupAnswers(), func(ctx context.Context, cli *whatsmeow.Client) error {
		return cli.LeaveGroup(ctx, jid)
	})
	// Who is no member is not in the group, as asked; marking it tells whether
	// the group is known at all.
	if err != nil && !notIn(err) {
		return nil, s.groupFailure(ctx, x, jid, err)
	}
	x.groups.acted(jid, x.ownMembership(ctx, false))
	return s.storeLeft(ctx, x, jid, x.self(ctx))
}

// parseGroup gives the address of the group that an act is about.
func parseGroup(groupJID string) (types.JID, error) {
	canonical, err := address.ParseGroup("groupJid", groupJID)
	if err != nil {
		return types.JID{}, err
	}
	return parseCanonical(canonical)
}

// parseCanonical converts what the address package has accepted.
func parseCanonical(jid string) (types.JID, error) {
	parsed, err := types.ParseJID(jid)
	if err != nil {
		return types.JID{}, fault.New(fault.Internal, "", fault.InternalMessage).Because(err)
	}
	return parsed, nil
}

// groupAnswers are the codes with which WhatsApp refuses to change a group.
func groupAnswers() answers {
	return answers{
		401: notGroupAdmin(),
		403: notGroupAdmin(),
		404: fault.NoSuch("group"),
		410: fault.NoSuch("group"),
	}
}

// readAnswers are the codes with which WhatsApp refuses to describe a group.
func readAnswers() answers {
	return answers{
		401: notGroupAdmin(),
		403: notGroupMember(),
		404: fault.NoSuch("group"),
		410: fault.NoSuch("group"),
	}
}

func notGroupAdmin() *fault.Error {
	return fault.New(fault.Forbidden, fault.ReasonNotGroupAdmin, "the account is not an admin of this group")
}

func notGroupMember() *fault.Error {
	return fault.New(fault.Forbidden, fault.ReasonNotGroupMember, "the account is not in this group")
}

// notIn reports whether WhatsApp says that the account is not in the group, or
// that there is no such group.
func notIn(err error) bool {
	f := fault.From(err)
	return f.Code() == fault.NotFound || f.Code() == fault.Forbidden
}

// groupFailure says more exactly why an act on a group failed. WhatsApp's 403
// has two meanings, not an admin and not in the group; for a group that this
// account never was in, both are fault.NotFound, as its existence is nobody's
// business.
func (s *Service) groupFailure(ctx context.Context, x *session, jid types.JID, err error) error {
	var f *fault.Error
	if !errors.As(err, &f) || (f.Code() != fault.Forbidden && f.Code() != fault.NotFound) {
		return err
	}
	stored, getErr := s.db.Groups.Get(ctx, x.id, jid.String())
	switch {
	case fault.Is(getErr, fault.NotFound):
		return fault.NoSuch("group").Because(err)
	case getErr != nil:
		return getErr
	case f.Code() == fault.Forbidden && stored.LeftAt != 0:
		return notGroupMember().Because(err)
	}
	// What is stored lets the act through and WhatsApp does not: look again.
	x.groups.want(wanted{group: jid})
	return err
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }
