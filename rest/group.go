package rest

import (
	"context"
	"net/http"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/whatsapp"
)

const (
	tagGroups = "Groups"

	groupsPath = sessionPath + "/groups"
	groupPath  = groupsPath + "/{gid}"
)

// Group is the contract's Group.
type Group = contract.Group

func presentGroup(g *models.Group) Group { return g.Shape() }

// GroupInvite is the contract's answer of getGroupInvite and revokeGroupInvite.
type GroupInvite struct {
	Invite string `json:"invite" required:"true" description:"The link." example:"https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"`
}

// GroupRequest is somebody who asks to join.
type GroupRequest struct {
	JID         string `json:"jid" required:"true" description:"Their address, the LID where known." example:"205227043110953@lid"`
	PhoneJID    string `json:"phoneJid,omitempty" description:"Their address by phone number; absent when unknown." example:"6281234567890@s.whatsapp.net"`
	RequestedAt int64  `json:"requestedAt" required:"true" description:"When they asked, Unix epoch milliseconds." example:"1719662400000"`
}

// JoinedGroup is the contract's answer of joinGroup.
type JoinedGroup struct {
	GroupJID        string `json:"groupJid" required:"true" description:"The group's address." example:"120363021234567890@g.us"`
	PendingApproval bool   `json:"pendingApproval,omitempty" description:"true while an admin has yet to approve; absent otherwise."`
}

// inGroup is the input of operations about one group.
type inGroup struct {
	inSession
	Group string `path:"gid" json:"-" description:"The group's address; @ may be written as %40." example:"120363021234567890@g.us"`
}

// inGroups is the input of the list of groups.
type inGroups struct {
	inSession
	page
}

// inCreateGroup is the input of createGroup.
type inCreateGroup struct {
	inSession
	Name         string   `json:"name" required:"true" maxLength:"100" description:"The group's name." example:"Project Team"`
	Participants []string `json:"participants" nullable:"false" description:"Person JIDs to add, at most 1,023; may be empty." example:"[\"6281234567890@s.whatsapp.net\"]"`
}

// inUpdateGroup is the input of updateGroup: absent fields stay.
type inUpdateGroup struct {
	inGroup
	Subject     *string `json:"subject" maxLength:"100" description:"The group's name." example:"Project Team"`
	Description *string `json:"description" maxLength:"2048" description:"Empty removes it." example:"Coordination for Q3 launch"`
	Announce    *bool   `json:"announce" description:"Whether only admins may send." example:"true"`
	Locked      *bool   `json:"locked" description:"Whether only admins may edit the group's information." example:"true"`
}

// inJoinGroup is the input of joinGroup.
type inJoinGroup struct {
	inSession
	Invite string `json:"invite" required:"true" description:"Bare code or full link." example:"https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"`
}

func groupRows() []route {
	return []route{
		row(spec{
			Operation: "listGroups", Tag: tagGroups, Method: http.MethodGet, Pattern: groupsPath,
			Field: "Session.groups", Status: http.StatusOK,
			Summary: "Groups the account is in.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inGroups) (*gen.GroupConnection, error) {
			s, err := root.Query().Session(ctx, in.Session)
			if err != nil {
				return nil, err
			}
			return root.Session().Groups(ctx, s, in.first(), in.after())
		}, presentGroups),
		row(spec{
			Operation: "createGroup", Tag: tagGroups, Method: http.MethodPost, Pattern: groupsPath,
			Field: "Mutation.createGroup", Status: http.StatusCreated, Live: true,
			Summary: "Create a group.",
			Notes:   "The account becomes its creator; the group is stored at once.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inCreateGroup) (*models.Group, error) {
			p, err := root.Mutation().CreateGroup(ctx, in.Session, gen.CreateGroupInput{Name: in.Name, Participants: in.Participants})
			if err != nil {
				return nil, err
			}
			return p.Group, nil
		}, presentGroup),
		row(spec{
			Operation: "getGroup", Tag: tagGroups, Method: http.MethodGet, Pattern: groupPath,
			Field: "Query.group", Status: http.StatusOK,
			Summary: "One group.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inGroup) (*models.Group, error) {
			return root.Query().Group(ctx, in.Session, in.Group)
		}, presentGroup),
		act(spec{
			Operation: "updateGroup", Tag: tagGroups, Method: http.MethodPatch, Pattern: groupPath,
			Field: "Mutation.updateGroup", Status: http.StatusNoContent, Live: true,
			Summary: "Change a group's subject, description or settings.",
			Notes: "Each given field is one WhatsApp act, in the order `subject`, `description`, `announce`, `locked`; on failure " +
				"`details.applied` names those that took effect.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inUpdateGroup) (*gen.UpdateGroupPayload, error) {
			return root.Mutation().UpdateGroup(ctx, in.Session, in.Group, gen.UpdateGroupInput{
				Subject: omit(in.Subject), Description: omit(in.Description), Announce: omit(in.Announce), Locked: omit(in.Locked),
			})
		}),
		row(spec{
			Operation: "getGroupInvite", Tag: tagGroups, Method: http.MethodGet, Pattern: groupPath + "/invite",
			Field: "Query.groupInvite", Status: http.StatusOK, Live: true,
			Summary: "The invite link of a group.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inGroup) (*whatsapp.GroupInvite, error) {
			return root.Query().GroupInvite(ctx, in.Session, in.Group)
		}, presentInvite),
		row(spec{
			Operation: "revokeGroupInvite", Tag: tagGroups, Method: http.MethodDelete, Pattern: groupPath + "/invite",
			Field: "Mutation.revokeGroupInvite", Status: http.StatusOK, Live: true,
			Summary: "Give up the invite link and make a new one.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inGroup) (*whatsapp.GroupInvite, error) {
			p, err := root.Mutation().RevokeGroupInvite(ctx, in.Session, in.Group)
			if err != nil {
				return nil, err
			}
			return p.GroupInvite, nil
		}, presentInvite),
		row(spec{
			Operation: "listGroupRequests", Tag: tagGroups, Method: http.MethodGet, Pattern: groupPath + "/requests",
			Field: "Query.listGroupRequests", Status: http.StatusOK, Live: true,
			Summary: "Who asks to join a group that lets its admins decide.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inGroup) ([]*whatsapp.GroupRequest, error) {
			return root.Query().ListGroupRequests(ctx, in.Session, in.Group)
		}, presentRequests),
		act(spec{
			Operation: "leaveGroup", Tag: tagGroups, Method: http.MethodPost, Pattern: groupPath + ":leave",
			Field: "Mutation.leaveGroup", Status: http.StatusNoContent, Live: true,
			Summary: "Leave a group.",
			Notes:   "Its stored data stays readable. Repeating it changes nothing.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inGroup) (*gen.LeaveGroupPayload, error) {
			return root.Mutation().LeaveGroup(ctx, in.Session, in.Group)
		}),
		row(spec{
			Operation: "joinGroup", Tag: tagGroups, Method: http.MethodPost, Pattern: groupsPath + ":join",
			Field: "Mutation.joinGroup", Status: http.StatusOK, Live: true,
			Summary: "Join by an invite link.",
			Notes:   "A member already: nothing changes. 400 when the invite is invalid or expired.",
		}, func(ctx context.Context, root gen.ResolverRoot, in inJoinGroup) (*gen.JoinGroupPayload, error) {
			return root.Mutation().JoinGroup(ctx, in.Session, gen.JoinGroupInput{Invite: in.Invite})
		}, presentJoined),
	}
}

func presentGroups(c *gen.GroupConnection) emptyEndList[Group] {
	return emptyEndList[Group]{Data: presentEach(c.Nodes, presentGroup), NextCursor: nextCursor(c.PageInfo)}
}

func presentInvite(i *whatsapp.GroupInvite) GroupInvite { return GroupInvite{Invite: i.Invite} }

func presentJoined(p *gen.JoinGroupPayload) JoinedGroup {
	return JoinedGroup{GroupJID: p.GroupJID, PendingApproval: p.PendingApproval}
}

func presentRequest(r *whatsapp.GroupRequest) GroupRequest {
	return GroupRequest{JID: r.JID, PhoneJID: r.PhoneJID, RequestedAt: int64(r.RequestedAt)}
}

func presentRequests(requests []*whatsapp.GroupRequest) emptyEndList[GroupRequest] {
	return emptyEndList[GroupRequest]{Data: presentEach(requests, presentRequest)}
}
