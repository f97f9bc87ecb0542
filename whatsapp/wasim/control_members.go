package wasim

import (
	"net/http"
	"slices"

	"go.mau.fi/whatsmeow/types"
)

// controlMembers changes members, in the order add, remove, promote, demote.
func (s *Server) controlMembers(r *http.Request) (any, error) {
	g, err := s.pathGroup(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[struct {
		By      string   `json:"by"`
		Add     []string `json:"add"`
		Remove  []string `json:"remove"`
		Promote []string `json:"promote"`
		Demote  []string `json:"demote"`
	}](r)
	if err != nil {
		return nil, err
	}
	by, err := s.actor(g, body.By)
	if err != nil {
		return nil, err
	}
	acts := []struct {
		change memberChange
		who    []string
		jids   []types.JID
	}{{change: changeAdd, who: body.Add}, {change: changeRemove, who: body.Remove}, {change: changePromote, who: body.Promote}, {change: changeDemote, who: body.Demote}}
	wanted := 0
	for i := range acts {
		if acts[i].jids, err = addresses(acts[i].who); err != nil {
			return nil, err
		}
		wanted += len(acts[i].who)
	}
	if wanted == 0 {
		return nil, badRequest("nobody to add, remove, promote or demote")
	}
	all := []resultJSON{}
	for _, act := range acts {
		if len(act.jids) == 0 {
			continue
		}
		results, err := by.changeMembers(r.Context(), g.jid, act.change, act.jids)
		if err != nil {
			return nil, err
		}
		all = append(all, resultsJSON(act.change, results)...)
	}
	return map[string]any{"results": all}, nil
}

// controlLinks puts groups into a community and takes others out of it.
func (s *Server) controlLinks(r *http.Request) (any, error) {
	g, err := s.pathGroup(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[struct {
		By     string   `json:"by"`
		Link   []string `json:"link"`
		Unlink []string `json:"unlink"`
	}](r)
	if err != nil {
		return nil, err
	}
	by, err := s.actor(g, body.By)
	if err != nil {
		return nil, err
	}
	if len(body.Link)+len(body.Unlink) == 0 {
		return nil, badRequest("no group to link or unlink")
	}
	for i, text := range slices.Concat(body.Link, body.Unlink) {
		jid, err := address(text)
		if err != nil {
			return nil, err
		}
		act := by.LinkGroup
		if i >= len(body.Link) {
			act = by.UnlinkGroup
		}
		if err = act(r.Context(), g.jid, jid); err != nil {
			return nil, err
		}
	}
	return g.info().json(), nil
}

// controlJoin lets a phone join by an invite code or link, or ask to join a
// group by its JID.
func (s *Server) controlJoin(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[struct {
		Invite string `json:"invite"`
		Group  string `json:"group"`
	}](r)
	if err != nil {
		return nil, err
	}
	if (body.Invite == "") == (body.Group == "") {
		return nil, badRequest("give either invite or group")
	}
	if body.Invite != "" {
		jid, joined, err := p.JoinWithInvite(r.Context(), body.Invite)
		return map[string]any{"jid": jid.String(), "joined": joined}, err
	}
	jid, err := address(body.Group)
	if err != nil {
		return nil, err
	}
	joined, err := p.RequestJoin(r.Context(), jid)
	return map[string]any{"jid": jid.String(), "joined": joined}, err
}

func (s *Server) controlLeave(r *http.Request) (any, error) {
	p, err := s.pathPhone(r)
	if err != nil {
		return nil, err
	}
	body, err := readBody[struct {
		Group string `json:"group"`
	}](r)
	if err != nil {
		return nil, err
	}
	jid, err := address(body.Group)
	if err != nil {
		return nil, err
	}
	if err = p.Leave(r.Context(), jid); err != nil {
		return nil, err
	}
	return map[string]string{"jid": jid.String()}, nil
}
