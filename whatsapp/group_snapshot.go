package whatsapp

import (
	"context"

	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
)

// snapshot converts WhatsApp's description of a group. Participants that it
// declined, as in the answer to a creation, are no members.
func (x *session) snapshot(ctx context.Context, info *types.GroupInfo) models.GroupSnapshot {
	snapshot := models.GroupSnapshot{
		JID:           info.JID.String(),
		Subject:       info.Name,
		Description:   info.Topic,
		OwnerJID:      x.owner(ctx, info),
		IsAnnounce:    info.IsAnnounce,
		IsLocked:      info.IsLocked,
		JoinApproval:  info.IsJoinApprovalRequired,
		IsCommunity:   info.IsParent,
		MemberAddMode: string(info.MemberAddMode),
		CreatedAtWA:   models.MillisOf(info.GroupCreated),
		Members:       x.members(ctx, reading{}.agreed(info.Participants)),
	}
	if info.IsEphemeral {
		snapshot.EphemeralSeconds = int(info.DisappearingTimer)
	}
	if !info.LinkedParentJID.IsEmpty() {
		snapshot.ParentJID = info.LinkedParentJID.String()
	}
	if len(snapshot.Members) == 0 {
		snapshot.Members = nil // left out, for nobody can be in an empty group
	}
	return snapshot
}

// owner gives the creator's address, by number where it is known.
func (x *session) owner(ctx context.Context, info *types.GroupInfo) string {
	if info.OwnerJID.IsEmpty() && info.OwnerPN.IsEmpty() {
		return ""
	}
	person := x.person(ctx, info.OwnerJID, info.OwnerPN)
	if person.PhoneJID != "" {
		return person.PhoneJID
	}
	return person.LID
}

// members converts participants, with both addresses where they are known.
func (x *session) members(ctx context.Context, participants []types.GroupParticipant) []models.MemberSnapshot {
	members := make([]models.MemberSnapshot, 0, len(participants))
	for _, p := range participants {
		other := p.PhoneNumber
		if p.JID.Server != types.HiddenUserServer {
			other = p.LID
		}
		person := x.person(ctx, p.JID, other)
		if person == (models.Person{}) {
			continue // a participant of a kind that has no identity, such as a bot
		}
		members = append(members, models.MemberSnapshot{Person: person, Role: roleOf(p)})
	}
	return members
}

// people converts bare addresses, as notifications carry them.
func (x *session) people(ctx context.Context, jids []types.JID, role models.MemberRole) []models.MemberSnapshot {
	participants := make([]types.GroupParticipant, len(jids))
	for i, jid := range jids {
		participants[i].JID = jid
	}
	return withRole(x.members(ctx, participants), role)
}

func roleOf(p types.GroupParticipant) models.MemberRole {
	switch {
	case p.IsSuperAdmin:
		return models.RoleSuperAdmin
	case p.IsAdmin:
		return models.RoleAdmin
	default:
		return models.RoleMember
	}
}
