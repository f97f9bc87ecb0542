package wasim

import (
	"encoding/json"
	"strconv"
	"strings"

	"go.mau.fi/whatsmeow/types"
)

// channelQuery are the variables of all queries about channels.
type channelQuery struct {
	NewsletterID string `json:"newsletter_id"`
	Input        struct {
		Key  string `json:"key"`
		Type string `json:"type"`
	} `json:"input"`
	WithViewer bool `json:"fetch_viewer_metadata"`
	New        struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Picture     []byte `json:"picture"`
	} `json:"newsletter_input"`
	Updates struct {
		Name        *string `json:"name"`
		Description *string `json:"description"`
		Picture     []byte  `json:"picture"`
	} `json:"updates"`
}

// named finds the channel that a query is about: 404 if there is none.
func (s *Server) named(q *channelQuery) (*channel, *StanzaError) {
	var ch *channel
	switch {
	case q.NewsletterID != "":
		if jid, err := types.ParseJID(q.NewsletterID); err == nil {
			ch = s.channelOf(jid)
		}
	case q.Input.Type == string(types.NewsletterKeyTypeInvite):
		ch = s.channelByInvite(q.Input.Key)
	default:
		if jid, err := types.ParseJID(q.Input.Key); err == nil {
			ch = s.channelOf(jid)
		}
	}
	if ch == nil {
		return nil, ErrNotFound
	}
	return ch, nil
}

// channelMex answers a query about channels.
func (s *Server) channelMex(device *companion, id string, variables json.RawMessage) (map[string]any, *StanzaError) {
	var q channelQuery
	if json.Unmarshal(variables, &q) != nil {
		return nil, ErrBadRequest
	}
	me := device.phone
	switch id {
	case mexSubscribedChannels:
		return map[string]any{"xwa2_newsletter_subscribed": s.subscribed(me)}, nil
	case mexCreateChannel:
		if !me.channelTerms.Load() {
			return nil, ErrTermsNotAccepted
		}
		ch, refusal := s.createChannel(me, device, q.New.Name, q.New.Description, q.New.Picture)
		if refusal != nil {
			return nil, refusal
		}
		return map[string]any{"xwa2_newsletter_create": ch.seenBy(me)}, nil
	}
	ch, refusal := s.named(&q)
	if refusal != nil {
		return nil, refusal
	}
	key := ""
	switch id {
	case mexChannel:
		answer := ch.seenBy(me)
		if !q.WithViewer {
			delete(answer, "viewer_metadata")
		}
		return map[string]any{"xwa2_newsletter": answer}, nil
	case mexFollowChannel:
		key, refusal = "xwa2_newsletter_join_v2", ch.follow(me, device)
	case mexUnfollowChannel:
		key, refusal = "xwa2_newsletter_leave_v2", ch.unfollow(me, device)
	case mexMuteChannel:
		key, refusal = "xwa2_newsletter_mute_v2", ch.mute(me, device, true)
	case mexUnmuteChannel:
		key, refusal = "xwa2_newsletter_unmute_v2", ch.mute(me, device, false)
	case mexUpdateChannel:
		key, refusal = "xwa2_newsletter_update", ch.update(me, q.Updates.Name, q.Updates.Description, q.Updates.Picture)
	}
	if refusal != nil {
		return nil, refusal
	}
	return map[string]any{key: ch.seenBy(me)}, nil
}

// subscribed lists the channels that somebody follows or owns.
func (s *Server) subscribed(who *Phone) []map[string]any {
	found := []map[string]any{}
	for _, ch := range s.allChannels() {
		ch.mu.Lock()
		if ch.role(who) != types.NewsletterRoleGuest {
			found = append(found, ch.metadata(who))
		}
		ch.mu.Unlock()
	}
	return found
}

func (ch *channel) seenBy(viewer *Phone) map[string]any {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	return ch.metadata(viewer)
}

// metadata describes the channel to somebody. The caller holds the lock.
func (ch *channel) metadata(viewer *Phone) map[string]any {
	thread := map[string]any{
		"creation_time": unixText(ch.created), "invite": ch.invite, "handle": nil,
		"name": ch.name.json(), "description": ch.description.json(),
		"subscribers_count": strconv.Itoa(len(ch.followers)), "verification": "UNVERIFIED",
		"picture": nil, "preview": ch.picture("PREVIEW"),
		"settings": map[string]any{"reaction_codes": map[string]any{"value": "ALL"}},
	}
	if ch.pictureID != "" {
		thread["picture"] = ch.picture("IMAGE")
	}
	return map[string]any{
		"id": ch.jid.String(), "state": map[string]any{"type": "ACTIVE"}, "thread_metadata": thread,
		"viewer_metadata": map[string]any{
			"mute": tagFor(ch.muted[viewer], "ON", "OFF"), "role": strings.ToUpper(string(ch.role(viewer))),
		},
	}
}

// picture describes the picture by its path; WhatsApp gives no URL.
func (ch *channel) picture(size string) map[string]any {
	path := ""
	if ch.pictureID != "" {
		path = picturePath(ch.pictureID)
	}
	return map[string]any{"id": ch.pictureID, "type": size, "direct_path": path}
}

// json writes the time in microseconds.
func (t channelText) json() map[string]any {
	return map[string]any{"text": t.text, "id": t.id, "update_time": strconv.FormatInt(t.at.UnixMicro(), 10)}
}

// tellAccount tells an account's companions but one what it did with the
// channel. The caller holds the lock.
func (ch *channel) tellAccount(who *Phone, except *companion, what string, about map[string]any) {
	names := map[string]string{"join": "Join", "leave": "Leave", "mute_change": "MuteChange"}
	news, err := json.Marshal(map[string]any{"data": map[string]any{"xwa2_notify_newsletter_on_" + what: about}})
	if err != nil {
		ch.srv.log.Error("channel notification cannot be written", "error", err)
		return
	}
	for _, device := range who.companions() {
		if device != except {
			device.deliver(node{Tag: "notification", Attrs: attrs{
				"from": types.ServerJID, "type": "mex", "id": ch.srv.nextID(), "t": ch.srv.nowText(),
			}, Content: []node{{Tag: "update", Attrs: attrs{"op_name": "NotificationNewsletter" + names[what]}, Content: news}}})
		}
	}
}
