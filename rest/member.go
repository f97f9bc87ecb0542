package rest

import (
	"context"
	"net/http"
	"strings"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
)

const (
	membersPath = groupPath + "/members"
	memberPath  = membersPath + "/{jid}"
)

// GroupMember is the contract's GroupMember: somebody who is in the group now.
type GroupMember struct {
	FirstSeenAt int64  `json:"firstSeenAt" required:"true" description:"When the gateway first saw the person in the group, Unix epoch milliseconds." example:"1719662400000"`
	GroupJID    string `json:"groupJid" required:"true" description:"The group's address." example:"120363021234567890@g.us"`
	ID          int64  `json:"id" required:"true" description:"The row's number in the gateway." example:"7781"`
	LastSeenAt  int64  `json:"lastSeenAt" required:"true" description:"When it last did, Unix epoch milliseconds." example:"1719662400000"`
	LID         string `json:"lid" required:"true" description:"The person's stable id; empty when unknown." example:"205227043110953@lid"`
	PhoneJID    string `json:"phoneJid,omitempty" description:"The person's address by phone number; absent when unknown." example:"6281234567890@s.whatsapp.net"`
	Role        string `json:"role" required:"true" enum:"member,admin" description:"What the person may do; the creator is an admin here." example:"member"`
	SessionID   string `json:"sessionId" required:"true" description:"The session through which it is known." example:"01J9ZX8K2QHV0M3T6R7P4N5W8C"`
	Tag         string `json:"tag" required:"true" description:"The name as shown in the group, ~ in front when it is only the person's own choice; empty when none is known." example:"~Alice"`
}

func presentMember(m *models.GroupMember) GroupMember {
	role := m.Role
	if role == models.RoleSuperAdmin {
		role = models.RoleAdmin
	}
	return GroupMember{
		FirstSeenAt: int64(m.FirstSeenAt),
		GroupJID:    m.GroupJID,
		ID:          m.ID,
		LastSeenAt:  int64(m.LastSeenAt),
		LID:         m.LID,
		PhoneJID:    m.PhoneJID,
		Role:        string(role),
		SessionID:   m.SessionID,
		Tag:         m.Tag(),
	}
}

// inMembers is the input of the list of members.
type inMembers struct {
	inGroup
	page
}

// inMember is the input of acts on one member.
type inMember struct {
	inGroup
	Member string `path:"jid" json:"-" description:"The person's address, by phone number or LID; @ may be written as %40." example:"6281234567890@s.whatsapp.net"`
}

// inParticipants is the input of acts on many people.
type inParticipants struct {
	inGroup
	Participants []string `json:"participants" required:"true" nullable:"false" minItems:"1" maxItems:"1024" description:"Person JIDs, by phone number or LID, none twice." example:"[\"6281234567890@s.whatsapp.net\"]"`
}

func memberRows() []route {
	return []route{
		row(spec{
			Operation: "listGroupMembers", Tag: tagGroups, Method: http.MethodGet, Pattern: membersPath,
			Field: "Group.members", Status: http.StatusOK,
			Summary: "The members of a group.",
			Notes:   "Who left is not listed.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inMembers) (*gen.GroupMemberConnection, error) {
			g, err := root.Query().Group(ctx, in.Session, in.Group)
			if err != nil {
				return nil, err
			}
			return root.Group().Members(ctx, g, in.first(), in.after(), nil)
		}, presentMembers),
		act(spec{
			Operation: "addGroupMembers", Tag: tagGroups, Method: http.MethodPost, Pattern: membersPath,
			Field: "Mutation.addGroupMembers", Status: http.StatusNoContent, Live: true,
			Summary: "Add people to a group.",
			Notes:   "WhatsApp may decline some: GraphQL reports each one's outcome. Adding a member again changes nothing.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inParticipants) (*gen.AddGroupMembersPayload, error) {
			return root.Mutation().AddGroupMembers(ctx, in.Session, in.Group, in.input())
		}),
		act(spec{
			Operation: "removeGroupMember", Tag: tagGroups, Method: http.MethodDelete, Pattern: memberPath,
			Field: "Mutation.removeGroupMember", Status: http.StatusNoContent, Live: true,
			Summary: "Remove somebody from a group.",
			Notes:   "Removing one who is gone changes nothing.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inMember) (*gen.RemoveGroupMemberPayload, error) {
			return ofMember(root.Mutation().RemoveGroupMember(ctx, in.Session, in.Group, in.input()))
		}),
		act(spec{
			Operation: "promoteGroupMember", Tag: tagGroups, Method: http.MethodPost, Pattern: memberPath + "/promote",
			Field: "Mutation.promoteGroupMember", Status: http.StatusNoContent, Live: true,
			Summary: "Make a member an admin.",
			Notes:   "One who is already stays.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inMember) (*gen.PromoteGroupMemberPayload, error) {
			return ofMember(root.Mutation().PromoteGroupMember(ctx, in.Session, in.Group, in.input()))
		}),
		act(spec{
			Operation: "demoteGroupMember", Tag: tagGroups, Method: http.MethodPost, Pattern: memberPath + "/demote",
			Field: "Mutation.demoteGroupMember", Status: http.StatusNoContent, Live: true,
			Summary: "Make an admin an ordinary member.",
			Notes:   "One who is already stays.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inMember) (*gen.DemoteGroupMemberPayload, error) {
			return ofMember(root.Mutation().DemoteGroupMember(ctx, in.Session, in.Group, in.input()))
		}),
		act(spec{
			Operation: "approveGroupMembers", Tag: tagGroups, Method: http.MethodPost, Pattern: membersPath + ":approve",
			Field: "Mutation.approveGroupMembers", Status: http.StatusNoContent, Live: true,
			Summary: "Let people in who asked to join.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inParticipants) (*gen.ApproveGroupMembersPayload, error) {
			return root.Mutation().ApproveGroupMembers(ctx, in.Session, in.Group, in.input())
		}),
		act(spec{
			Operation: "rejectGroupMembers", Tag: tagGroups, Method: http.MethodPost, Pattern: membersPath + ":reject",
			Field: "Mutation.rejectGroupMembers", Status: http.StatusNoContent, Live: true,
			Summary: "Turn down people who asked to join.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inParticipants) (*gen.RejectGroupMembersPayload, error) {
			return root.Mutation().RejectGroupMembers(ctx, in.Session, in.Group, in.input())
		}),
	}
}

func presentMembers(c *gen.GroupMemberConnection) emptyEndList[GroupMember] {
	return emptyEndList[GroupMember]{Data: presentEach(c.Nodes, presentMember), NextCursor: nextCursor(c.PageInfo)}
}

func (in inParticipants) input() gen.GroupParticipantsInput {
	return gen.GroupParticipantsInput{Participants: in.Participants}
}

// ofMember has a failure name the member of the address, who is the first of one to
// the resolver.
func ofMember[T any](payload T, err error) (T, error) {
	const first, member = "participants[0]", "jid"
	if f := fault.From(err); f != nil && f.Details()["field"] == first {
		err = fault.New(f.Code(), f.Reason(), strings.Replace(f.Message(), first, member, 1)).With("field", member).Because(err)
	}
	return payload, err
}

func (in inMember) input() gen.GroupParticipantsInput {
	return gen.GroupParticipantsInput{Participants: []string{in.Member}}
}
