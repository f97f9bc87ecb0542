package whatsapp

import (
	"context"
	"time"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
)

// storing gives the context for storing what has been done already: it outlives
// the caller, for storeTimeout at most.
func storing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
}

// storeSnapshot stores a group as WhatsApp has just described it.
func (s *Service) storeSnapshot(ctx context.Context, x *session, info *types.GroupInfo) (group *models.Group, err error) {
	ctx, cancel := storing(ctx)
	defer cancel()
	err = x.groups.change(info.JID, func(p *groupPage) error {
		p.version = info.ParticipantVersionID
		group, err = s.db.Groups.Sync(ctx, x.id, x.snapshot(ctx, info))
		return err
	})
	s.changes.notify(err)
	return group, err
}

// storeChange stores what an own act has changed. A group that is not known yet is
// fetched instead. When storing fails, the group is read again in the background.
func (s *Service) storeChange(ctx context.Context, x *session, jid types.JID, change models.GroupChange) (group *models.Group, err error) {
	saving, cancel := storing(ctx)
	defer cancel()
	change.By = x.self(ctx)
	err = x.groups.change(jid, func(p *groupPage) error {
		p.facts.learn(change, time.Now())
		group, err = s.db.Groups.Apply(saving, x.id, jid.String(), change)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return s.refreshGroup(ctx, x, jid)
	}
	if err != nil {
		x.groups.want(wanted{group: jid})
	}
	s.changes.notify(err)
	return group, err
}

// ownMembership is the change of the account itself coming or going, which an
// own act has brought about.
func (x *session) ownMembership(ctx context.Context, in bool) models.GroupChange {
	pn, lid := x.own()
	self := x.person(ctx, lid, pn)
	own := []models.MemberSnapshot{{Person: self, Role: models.RoleMember}}
	if in {
		return models.GroupChange{Added: own, By: self}
	}
	return models.GroupChange{Removed: own, By: self}
}

// storeLeft notes that the account is no longer in a group, and who did it, empty
// when unknown; fault.NotFound when it never was.
func (s *Service) storeLeft(ctx context.Context, x *session, jid types.JID, by models.Person) (group *models.Group, err error) {
	ctx, cancel := storing(ctx)
	defer cancel()
	err = x.groups.change(jid, func(p *groupPage) error {
		p.version = ""
		group, err = s.db.Groups.MarkLeft(ctx, x.id, jid.String(), by)
		return err
	})
	s.changes.notify(err)
	return group, err
}

// refreshGroup fetches a group and stores it. A group that the account is not in
// is marked left, and the answer fault.Forbidden or fault.NotFound.
func (s *Service) refreshGroup(ctx context.Context, x *session, jid types.JID) (*models.Group, error) {
	for range fetchRounds {
		mark := x.groups.mark()
		info, err := ask(ctx, x, readAnswers(), func(ctx context.Context, cli *whatsmeow.Client) (*types.GroupInfo, error) {
			return cli.GetGroupInfo(ctx, jid)
		})
		if err == nil && !x.in(info) {
			err = notGroupMember()
		}
		if err != nil && !notIn(err) {
			return nil, err
		}
		if err != nil {
			if _, leftErr := s.storeLeft(ctx, x, jid, models.Person{}); leftErr != nil && !fault.Is(leftErr, fault.NotFound) {
				return nil, leftErr
			}
			return nil, err
		}
		group, adopted, err := s.adopt(ctx, x, info, mark)
		if err != nil || adopted {
			return group, err
		}
	}
	// It changes faster than it can be fetched; the notifications keep it current.
	return s.db.Groups.Get(ctx, x.id, jid.String())
}

// adopt stores a snapshot unless the group has changed since mark.
func (s *Service) adopt(ctx context.Context, x *session, info *types.GroupInfo, mark uint64) (group *models.Group, adopted bool, err error) {
	ctx, cancel := storing(ctx)
	defer cancel()
	adopted, err = x.groups.adopt(info.JID, mark, func(p *groupPage) error {
		p.version = info.ParticipantVersionID
		group, err = s.db.Groups.Sync(ctx, x.id, x.snapshot(ctx, info))
		return err
	})
	s.changes.notify(err)
	return group, adopted, err
}

// in reports whether the account is among the members of a group. A description
// without members does not say: then it is.
func (x *session) in(info *types.GroupInfo) bool {
	for _, p := range info.Participants {
		if x.isOwn(p.JID) || x.isOwn(p.LID) || x.isOwn(p.PhoneNumber) {
			return true
		}
	}
	return len(info.Participants) == 0
}
