package wasim

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"go.mau.fi/whatsmeow/types"
)

type groupJSON struct {
	JID              string        `json:"jid"`
	Subject          string        `json:"subject"`
	Description      string        `json:"description"`
	Creator          string        `json:"creator"`
	CreatedAt        time.Time     `json:"createdAt"`
	Announce         bool          `json:"announce"`
	Locked           bool          `json:"locked"`
	ApprovalRequired bool          `json:"approvalRequired"`
	MemberAddMode    string        `json:"memberAddMode"`
	Ephemeral        uint32        `json:"ephemeral"`
	Addressing       string        `json:"addressing"`
	InviteCode       string        `json:"inviteCode"`
	Members          []memberJSON  `json:"members"`
	Requests         []requestJSON `json:"requests"`
	PictureID        string        `json:"pictureId"`
	Community        bool          `json:"community"`
	SubGroups        []string      `json:"subGroups"`     // of a community
	Parent           string        `json:"parent"`        // the community it is in, or empty
	Announcements    bool          `json:"announcements"` // a community's group of everybody
}

type memberJSON struct {
	Phone string `json:"phone"`
	LID   string `json:"lid"`
	Role  string `json:"role"` // member, admin or superadmin
}

type requestJSON struct {
	Phone       string    `json:"phone"`
	LID         string    `json:"lid"`
	RequestedAt time.Time `json:"requestedAt"`
}

type resultJSON struct {
	Act        string `json:"act,omitempty"`
	JID        string `json:"jid"`
	Phone      string `json:"phone,omitempty"`
	Error      int    `json:"error"`
	InviteCode string `json:"inviteCode,omitempty"`
}

func (i GroupInfo) json() groupJSON {
	out := groupJSON{
		JID: i.JID.String(), Subject: i.Subject, Description: i.Description, Creator: i.Creator.String(), CreatedAt: i.CreatedAt.UTC(),
		Announce: i.Announce, Locked: i.Locked, ApprovalRequired: i.ApprovalRequired, MemberAddMode: string(i.MemberAddMode),
		Ephemeral: i.Ephemeral, Addressing: string(i.Addressing), InviteCode: i.InviteCode,
		Members: make([]memberJSON, len(i.Members)), Requests: make([]requestJSON, len(i.Requests)),
		PictureID: i.PictureID, Community: i.Community, SubGroups: textsOf(i.SubGroups), Announcements: i.Announcements,
	}
	if !i.Parent.IsEmpty() {
		out.Parent = i.Parent.String()
	}
	for n, m := range i.Members {
		out.Members[n] = memberJSON{m.PhoneNumber.User, m.LID.String(), cmp.Or(string(m.Role), "member")}
	}
	for n, waiting := range i.Requests {
		out.Requests[n] = requestJSON{waiting.PhoneNumber.User, waiting.LID.String(), waiting.RequestedAt.UTC()}
	}
	return out
}

func resultsJSON(act memberChange, results []ParticipantResult) []resultJSON {
	out := make([]resultJSON, len(results))
	for i, result := range results {
		out[i] = resultJSON{string(act), result.JID.String(), result.PhoneNumber.User, result.Error, result.InviteCode}
	}
	return out
}

// pathGroup finds the group in the path, whose "@" may be written as %40.
func (s *Server) pathGroup(r *http.Request) (*group, error) {
	text := r.PathValue("jid")
	jid, err := types.ParseJID(text)
	if err != nil || jid.Server != types.GroupServer {
		return nil, badRequest("%q is not a group's JID", text)
	}
	g := s.groupOf(jid)
	if g == nil {
		return nil, &controlError{http.StatusNotFound, "no such group: " + text}
	}
	return g, nil
}

func (s *Server) controlGroups(*http.Request) (any, error) {
	s.mu.RLock()
	groups := make([]*group, 0, len(s.groups))
	for _, g := range s.groups {
		groups = append(groups, g)
	}
	s.mu.RUnlock()
	slices.SortFunc(groups, func(a, b *group) int { return cmp.Compare(a.jid.User, b.jid.User) })
	out := make([]groupJSON, len(groups))
	for i, g := range groups {
		out[i] = g.info().json()
	}
	return map[string]any{"groups": out}, nil
}

func (s *Server) controlGroup(r *http.Request) (any, error) {
	g, err := s.pathGroup(r)
	if err != nil {
		return nil, err
	}
	return g.info().json(), nil
}

func (s *Server) controlCreateGroup(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[struct {
		Subject          string   `json:"subject"`
		Participants     []string `json:"participants"`
		Announce         bool     `json:"announce"`
		Locked           bool     `json:"locked"`
		ApprovalRequired bool     `json:"approvalRequired"`
		MemberAddMode    string   `json:"memberAddMode"`
		Ephemeral        uint32   `json:"ephemeral"`
		Addressing       string   `json:"addressing"`
		Community        bool     `json:"community"`
		Parent           string   `json:"parent"`
	}](r)
	if err != nil {
		return nil, err
	}
	members, err := addresses(body.Participants)
	if err != nil {
		return nil, err
	}
	spec := GroupSpec{
		Subject: body.Subject, Members: members, Announce: body.Announce, Locked: body.Locked,
		ApprovalRequired: body.ApprovalRequired, Ephemeral: body.Ephemeral,
		MemberAddMode: types.GroupMemberAddMode(body.MemberAddMode), Addressing: types.AddressingMode(body.Addressing),
		Community: body.Community,
	}
	if body.Parent != "" {
		if spec.Parent, err = address(body.Parent); err != nil {
			return nil, err
		}
	}
	if err = spec.check(); err != nil {
		return nil, err
	}
	jid, results, err := p.CreateGroupFrom(r.Context(), spec)
	if err != nil {
		return nil, err
	}
	return map[string]any{"jid": jid.String(), "participants": resultsJSON("", results)}, nil
}

// check refuses words that the types would let through.
func (spec GroupSpec) check() error {
	switch spec.MemberAddMode {
	case "", types.GroupMemberAddModeAdmin, types.GroupMemberAddModeAllMember:
	default:
		return badRequest("memberAddMode must be %q or %q", types.GroupMemberAddModeAdmin, types.GroupMemberAddModeAllMember)
	}
	switch spec.Addressing {
	case "", types.AddressingModeLID, types.AddressingModePN:
	default:
		return badRequest("addressing must be %q or %q", types.AddressingModeLID, types.AddressingModePN)
	}
	return nil
}

// actor is who acts on a group: the named phone, or the group's first admin.
func (s *Server) actor(g *group, number string) (*Phone, error) {
	if number != "" {
		p, ok := s.Phone(number)
		if !ok {
			return nil, ErrNoPhone
		}
		return p, nil
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	if admins := g.admins(); len(admins) > 0 {
		return admins[0], nil
	}
	return nil, &controlError{http.StatusConflict, "the group has no members"}
}

// groupChange is what can be changed of a group; what is absent stays.
type groupChange struct {
	By               string  `json:"by"` // who acts; the first admin if empty
	Subject          *string `json:"subject"`
	Description      *string `json:"description"`
	Announce         *bool   `json:"announce"`
	Locked           *bool   `json:"locked"`
	ApprovalRequired *bool   `json:"approvalRequired"`
	MemberAddMode    *string `json:"memberAddMode"`
	Ephemeral        *uint32 `json:"ephemeral"`
	ResetInvite      bool    `json:"resetInvite"`
	Picture          *[]byte `json:"picture"` // base64; empty removes it
}

func (s *Server) controlChangeGroup(r *http.Request) (any, error) {
	g, err := s.pathGroup(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[groupChange](r)
	if err != nil {
		return nil, err
	}
	by, err := s.actor(g, body.By)
	if err != nil {
		return nil, err
	}
	if err = body.apply(r.Context(), by, g.jid); err != nil {
		return nil, err
	}
	return g.info().json(), nil
}

// apply makes the changes in the order of the fields, up to the first refusal.
func (b groupChange) apply(ctx context.Context, by *Phone, jid types.JID) error {
	var acts []func() error
	if b.Subject != nil {
		acts = append(acts, func() error { return by.SetSubject(ctx, jid, *b.Subject) })
	}
	if b.Description != nil {
		acts = append(acts, func() error { return by.SetDescription(ctx, jid, *b.Description) })
	}
	if b.Announce != nil {
		acts = append(acts, func() error { return by.SetAnnounce(ctx, jid, *b.Announce) })
	}
	if b.Locked != nil {
		acts = append(acts, func() error { return by.SetLocked(ctx, jid, *b.Locked) })
	}
	if b.ApprovalRequired != nil {
		acts = append(acts, func() error { return by.SetApprovalMode(ctx, jid, *b.ApprovalRequired) })
	}
	if b.MemberAddMode != nil {
		acts = append(acts, func() error { return by.SetMemberAddMode(ctx, jid, types.GroupMemberAddMode(*b.MemberAddMode)) })
	}
	if b.Ephemeral != nil {
		acts = append(acts, func() error { return by.SetEphemeral(ctx, jid, *b.Ephemeral) })
	}
	if b.ResetInvite {
		acts = append(acts, func() error { _, err := by.ResetInvite(ctx, jid); return err })
	}
	if b.Picture != nil {
		acts = append(acts, func() error { _, err := by.SetGroupPicture(ctx, jid, *b.Picture); return err })
	}
	if len(acts) == 0 {
		return badRequest("nothing to change")
	}
	for _, act := range acts {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}
