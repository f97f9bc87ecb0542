package wasim

import (
	"context"
	"net/http"
	"time"

	"go.mau.fi/whatsmeow/types"
)

type channelJSON struct {
	JID         string        `json:"jid"`
	Name        string        `json:"name"`
	Description string        `json:"description"`
	PictureID   string        `json:"pictureId"`
	InviteCode  string        `json:"inviteCode"`
	Owner       string        `json:"owner"`
	CreatedAt   time.Time     `json:"createdAt"`
	Followers   []string      `json:"followers"`
	Muted       []string      `json:"muted"`
	Messages    []postingJSON `json:"messages"`
}

type postingJSON struct {
	ServerID  int            `json:"serverId"`
	ID        string         `json:"id"`
	Type      string         `json:"type"` // as of a phone's messages; empty once deleted
	Time      time.Time      `json:"time"`
	EditedAt  *time.Time     `json:"editedAt"`
	Deleted   bool           `json:"deleted"`
	Text      string         `json:"text"`
	Views     int            `json:"views"`
	Reactions map[string]int `json:"reactions"`
}

func (i ChannelInfo) json() channelJSON {
	out := channelJSON{
		JID: i.JID.String(), Name: i.Name, Description: i.Description, PictureID: i.PictureID, InviteCode: i.InviteCode,
		Owner: i.Owner.String(), CreatedAt: i.CreatedAt.UTC(), Followers: textsOf(i.Followers), Muted: textsOf(i.Muted),
		Messages: make([]postingJSON, len(i.Messages)),
	}
	for n, m := range i.Messages {
		out.Messages[n] = m.json()
	}
	return out
}

func (m ChannelMessage) json() postingJSON {
	kind := ""
	if !m.Deleted {
		kind = kindOf(m.Message)
	}
	return postingJSON{
		ServerID: m.ServerID, ID: m.ID, Type: kind, Time: m.Time.UTC(), EditedAt: timeJSON(m.EditedAt),
		Deleted: m.Deleted, Text: m.Text, Views: m.Views, Reactions: m.Reactions,
	}
}

func (s *Server) controlChannels(*http.Request) (any, error) {
	channels := s.Channels()
	out := make([]channelJSON, len(channels))
	for i, info := range channels {
		out[i] = info.json()
	}
	return map[string]any{"channels": out}, nil
}

// pathChannel finds the channel in the path.
func (s *Server) pathChannel(r *http.Request) (types.JID, error) {
	text := r.PathValue("jid")
	jid, err := types.ParseJID(text)
	if err != nil || jid.Server != types.NewsletterServer {
		return types.EmptyJID, badRequest("%q is not a channel's JID", text)
	}
	if s.channelOf(jid) == nil {
		return types.EmptyJID, &controlError{http.StatusNotFound, "no such channel: " + text}
	}
	return jid, nil
}

func (s *Server) controlChannel(r *http.Request) (any, error) {
	jid, err := s.pathChannel(r)
	if err != nil {
		return nil, err
	}
	info, _ := s.Channel(jid)
	return info.json(), nil
}

func (s *Server) controlCreateChannel(r *http.Request) (any, error) {
	p, body, err := phoneBody[struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Picture     []byte `json:"picture"` // base64
	}](s, r)
	if err != nil {
		return nil, err
	}
	jid, err := p.CreateChannel(r.Context(), body.Name, body.Description, body.Picture)
	if err != nil {
		return nil, err
	}
	info, _ := s.Channel(jid)
	return info.json(), nil
}

// controlFollow follows a channel, or ends it.
func (s *Server) controlFollow(r *http.Request) (any, error) {
	return s.switchChannel(r, func(ctx context.Context, p *Phone, jid types.JID, on bool) error {
		if on {
			return p.FollowChannel(ctx, jid)
		}
		return p.UnfollowChannel(ctx, jid)
	})
}

// controlMuteChannel mutes a channel, or ends it.
func (s *Server) controlMuteChannel(r *http.Request) (any, error) {
	return s.switchChannel(r, func(ctx context.Context, p *Phone, jid types.JID, on bool) error {
		return p.MuteChannel(ctx, jid, on)
	})
}

// channelSwitch is something about a channel that a phone turns on or off.
type channelSwitch func(ctx context.Context, p *Phone, jid types.JID, on bool) error

func (s *Server) switchChannel(r *http.Request, act channelSwitch) (any, error) {
	jid, err := s.pathChannel(r)
	if err != nil {
		return nil, err
	}
	p, body, err := phoneBody[struct {
		On *bool `json:"on"`
	}](s, r)
	if err != nil {
		return nil, err
	}
	on := body.On == nil || *body.On
	if err = act(r.Context(), p, jid, on); err != nil {
		return nil, err
	}
	return map[string]bool{"on": on}, nil
}

// channelAct is what a phone does in a channel: one of these.
type channelAct struct {
	Text   *string `json:"text"`   // posts, or with edit replaces
	Edit   int     `json:"edit"`   // the server id
	Delete int     `json:"delete"` // the server id
	React  *struct {
		ID    int    `json:"id"`
		Emoji string `json:"emoji"`
	} `json:"react"`
	View  []int      `json:"view"` // server ids
	Type  MediaKind  `json:"type"` // of media
	Media *mediaJSON `json:"media"`
}

// check reports whether it is exactly one act.
func (a *channelAct) check() error {
	acts := 0
	for _, asked := range []bool{a.Text != nil, a.Delete != 0, a.React != nil, len(a.View) > 0, a.Media != nil} {
		if asked {
			acts++
		}
	}
	if acts != 1 || (a.Edit != 0 && a.Text == nil) {
		return badRequest("give one of text, text and edit, type and media, delete, react, view")
	}
	if m := a.Media; m != nil && len(m.Data) == 0 && (m.Size < 1 || m.Size > maxMediaSize) {
		return badRequest("media needs data, or a size between 1 and %d", maxMediaSize)
	}
	if a.Text != nil && *a.Text == "" {
		return badRequest("text must not be empty")
	}
	return nil
}

// media is the file with its content, which may be made up.
func (m *mediaJSON) media(kind MediaKind) Media {
	data := m.Data
	if len(data) == 0 {
		data = madeUp(m.Size, 1)
	}
	return Media{
		Kind: kind, Data: data, MimeType: m.MimeType, FileName: m.FileName, Caption: m.Caption,
		Width: m.Width, Height: m.Height, Seconds: m.Seconds,
	}
}

// controlPost posts, edits, deletes, reacts or looks; of the first two it gives
// the message.
func (s *Server) controlPost(r *http.Request) (any, error) {
	jid, err := s.pathChannel(r)
	if err != nil {
		return nil, err
	}
	p, body, err := phoneBody[channelAct](s, r)
	if err != nil {
		return nil, err
	}
	if err = body.check(); err != nil {
		return nil, err
	}
	ctx := r.Context()
	var posted ChannelMessage
	switch {
	case body.Edit != 0:
		posted, err = p.EditInChannel(ctx, jid, body.Edit, *body.Text)
	case body.Text != nil:
		posted, err = p.PostText(ctx, jid, *body.Text)
	case body.Media != nil:
		posted, err = p.PostMedia(ctx, jid, body.Media.media(body.Type))
	case body.Delete != 0:
		err = p.DeleteInChannel(ctx, jid, body.Delete)
	case body.React != nil:
		err = p.ReactInChannel(ctx, jid, body.React.ID, body.React.Emoji)
	default:
		err = p.ViewInChannel(ctx, jid, body.View...)
	}
	if err != nil {
		return nil, err
	}
	if posted.ID != "" {
		return posted.json(), nil
	}
	return map[string]bool{"done": true}, nil
}
