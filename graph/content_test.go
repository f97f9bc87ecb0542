package graph_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// contentQuery asks for all that any kind of content says.
const contentQuery = `query($s: ID!, $id: String!) { message(sessionId: $s, waMessageId: $id) { type content {
	__typename
	... on TextContent { text linkPreview { url title description } }
	... on MediaContent { kind mimetype size filename caption width height seconds animated thumbnail status error url }
	... on PollContent { name selectableCount voters options { name votes { voter { name } } } }
	... on LocationContent { latitude longitude name address live }
	... on ContactCardContent { cards { name phone vcard } }
	... on VoteContent { chosen targetId }
	... on ReactionContent { emoji targetId }
	... on SystemContent { notice }
	... on UnknownContent { raw }
} } }`

// TestEveryKindOfContent: Bert sends one of each kind, and the whole of it is served.
func TestEveryKindOfContent(t *testing.T) {
	t.Parallel()
	graphtest.Each(t, func(t *testing.T, s *graphtest.Server) {
		key := s.Key(t, models.Read)
		session, anna := s.PairedSession("491700000000", "Anna")
		bert := s.Phone("491700000001", "Bert")
		ctx, to := whatsapptest.Within(t), anna.JID()
		// shows waits until a message says what is wanted; $id in it is the message's.
		shows := func(name, want string, id string, err error) string {
			t.Helper()
			require.NoError(t, err, name)
			want = `{"message":` + strings.ReplaceAll(want, "$id", id) + `}`
			last := ""
			if !assert.Eventually(t, func() bool {
				r := s.Post(t, key, contentQuery, map[string]any{"s": session.ID, "id": id})
				last = r.Body
				return len(r.Errors) == 0 && jsonEqual(want, string(r.Data))
			}, whatsapptest.Patience, 10*time.Millisecond, name) {
				t.Logf("want %s\nlast %s", want, last)
			}
			return id
		}
		media := func(kind, mimetype, fields string) string {
			all := map[string]any{
				"__typename": "MediaContent", "kind": kind, "mimetype": mimetype, "size": 4, "filename": nil, "caption": "", "width": nil, "height": nil,
				"seconds": nil, "animated": false, "thumbnail": nil, "status": "STORED", "error": nil,
				"url": "/api/v1/sessions/" + session.ID + "/messages/$id/media",
			}
			require.NoError(t, json.Unmarshal([]byte(fields), &all))
			content, err := json.Marshal(all)
			require.NoError(t, err)
			kinds := map[string]string{"VOICE": "AUDIO"}
			if kinds[kind] == "" {
				kinds[kind] = kind
			}
			return `{"type":"` + kinds[kind] + `","content":` + string(content) + `}`
		}
		send := func(m wasim.Media, options ...wasim.SendOption) (string, error) {
			m.Data = []byte("data")
			return bert.SendMedia(ctx, to, m, options...)
		}
		const preview = `{"url":"https://example.com/","title":"Example","description":null}`
		id, err := bert.SendText(ctx, to, "see https://example.com/", wasim.WithLinkPreview(wasim.LinkPreview{URL: "https://example.com/", Title: "Example"}))
		text := shows("text", `{"type":"TEXT","content":{"__typename":"TextContent","text":"see https://example.com/","linkPreview":`+preview+`}}`, id, err)

		id, err = send(wasim.Media{Kind: wasim.MediaImage, Caption: "look", Width: 4, Height: 3, Thumbnail: []byte{0xff, 0xd8, 1}})
		shows("picture", media("IMAGE", "image/jpeg", `{"caption":"look","width":4,"height":3,"thumbnail":"/9gB"}`), id, err)
		id, err = send(wasim.Media{Kind: wasim.MediaGIF, Seconds: 2})
		shows("GIF", media("VIDEO", "video/mp4", `{"seconds":2,"animated":true}`), id, err)
		id, err = send(wasim.Media{Kind: wasim.MediaAudio, Seconds: 9})
		shows("sound", media("AUDIO", "audio/mpeg", `{"seconds":9}`), id, err)
		id, err = send(wasim.Media{Kind: wasim.MediaVoice, Seconds: 7})
		shows("voice note", media("VOICE", "audio/ogg; codecs=opus", `{"seconds":7}`), id, err)
		id, err = send(wasim.Media{Kind: wasim.MediaDocument, FileName: "a.pdf", MimeType: "application/pdf"})
		shows("document", media("DOCUMENT", "application/pdf", `{"filename":"a.pdf"}`), id, err)
		id, err = send(wasim.Media{Kind: wasim.MediaSticker, Animated: true})
		shows("sticker", media("STICKER", "image/webp", `{"animated":true}`), id, err)

		id, err = bert.SendLocation(ctx, to, wasim.Place{Latitude: -6.5, Longitude: 106.25, Name: "Monas"})
		shows("place", `{"type":"LOCATION","content":{"__typename":"LocationContent","latitude":-6.5,"longitude":106.25,"name":"Monas","address":null,"live":false}}`, id, err)
		id, err = bert.SendLiveLocation(ctx, to, wasim.Place{Latitude: 1.5, Longitude: 2.5})
		shows("place that moves", `{"type":"LOCATION","content":{"__typename":"LocationContent","latitude":1.5,"longitude":2.5,"name":"","address":null,"live":true}}`, id, err)
		const card = "BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nEND:VCARD"
		id, err = bert.Send(ctx, to, &waE2E.Message{ContactMessage: &waE2E.ContactMessage{DisplayName: new("Bob"), Vcard: new(card)}})
		shows("card", `{"type":"CONTACT","content":{"__typename":"ContactCardContent","cards":[{"name":"Bob","phone":null,"vcard":"`+strings.ReplaceAll(card, "\n", `\n`)+`"}]}}`, id, err)

		poll, err := bert.SendPoll(ctx, to, wasim.Poll{Name: "Pizza?", Options: []string{"yes", "no"}, Selectable: 1})
		require.NoError(t, err)
		vote, err := bert.Vote(ctx, to, poll, "no")
		shows("vote", `{"type":"VOTE","content":{"__typename":"VoteContent","chosen":["no"],"targetId":"`+poll+`"}}`, vote, err)
		shows("poll", `{"type":"POLL","content":{"__typename":"PollContent","name":"Pizza?","selectableCount":1,"voters":1,"options":[{"name":"yes","votes":[]},{"name":"no","votes":[{"voter":{"name":"Bert"}}]}]}}`, poll, nil)
		id, err = bert.React(ctx, to, text, "👍")
		shows("reaction", `{"type":"REACTION","content":{"__typename":"ReactionContent","emoji":"👍","targetId":"`+text+`"}}`, id, err)
		id, err = bert.Edit(ctx, to, text, "look")
		shows("edit", `{"type":"EDIT","content":{"__typename":"TextContent","text":"look","linkPreview":`+preview+`}}`, id, err)
		id, err = bert.Revoke(ctx, to, text)
		shows("taking back", `{"type":"REVOKE","content":{"__typename":"SystemContent","notice":"revoke"}}`, id, err)
		shows("taken back", `{"type":"TEXT","content":null}`, text, nil)

		id, err = bert.Send(ctx, to, &waE2E.Message{ProtocolMessage: &waE2E.ProtocolMessage{
			Type: waE2E.ProtocolMessage_EPHEMERAL_SETTING.Enum(), EphemeralExpiration: new(uint32(86400)),
		}})
		shows("what WhatsApp says", `{"type":"SYSTEM","content":{"__typename":"SystemContent","notice":"ephemeral_setting"}}`, id, err)
		id, err = bert.Send(ctx, to, &waE2E.Message{CancelPaymentRequestMessage: &waE2E.CancelPaymentRequestMessage{}})
		shows("a kind that is not known", `{"type":"UNKNOWN","content":{"__typename":"UnknownContent","raw":"wgEA"}}`, id, err)
		// Neither Bert's retries nor Anna's own phone helps.
		require.NoError(t, s.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: anna.Number()}))
		id, err = bert.SendText(ctx, to, "secret", wasim.AsUndecryptable(0))
		shows("what cannot be read", `{"type":"UNDECRYPTABLE","content":null}`, id, err)
		s.WhatsApp.ClearFaults()

		story, err := bert.SendMedia(ctx, types.StatusBroadcastJID, wasim.Media{Kind: wasim.MediaImage, Data: []byte("data")}, wasim.WithRecipients(anna.JID()))
		shows("story", media("IMAGE", "image/jpeg", `{}`), story, err)
	})
}

// jsonEqual reports whether two texts are the same JSON.
func jsonEqual(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && assert.ObjectsAreEqual(x, y)
}
