package rest

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/mediafile"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

const bertJID = "491700000001@s.whatsapp.net"

// sendStack is a connected session with a chat: a text, a picture and a poll of
// Anna's, and a text of Bert's.
type sendStack struct {
	*stack

	world   *whatsapptest.World
	session string
	bert    *wasim.Phone

	own, file, poll, theirs, revoked string
}

func newSendStack(t *testing.T, db *models.DB, change ...func(*stackOptions)) *sendStack {
	t.Helper()
	w := whatsapptest.NewWorldOn(t, db, whatsapptest.WithTiming(func(timing *whatsapp.Timing) { timing.MediaWait = 300 * time.Millisecond }))
	s := &sendStack{stack: newStack(t, db, w.Service, change...), world: w}
	session, phone := w.PairedSession("491700000000", "Anna")
	s.session, s.bert = session.ID, w.Phone("491700000001", "Bert")
	require.Equal(t, http.StatusOK, s.send("PATCH", "/api/v1/sessions/"+s.session, s.key, `{"ratePerMin":1000,"ratePerHour":50000}`).StatusCode)
	s.own = s.sent(`"type":"text","text":"mine"`)
	s.file = s.sent(`"type":"document","media":{"data":"aGVsbG8=","filename":"hello.txt","mimetype":"text/plain"}`)
	s.poll = s.sent(`"type":"poll","name":"Pizza?","options":["yes","no"]`)
	s.revoked = s.sent(`"type":"text","text":"gone"`)
	a := s.send("DELETE", s.messages()+"/"+s.revoked, s.key, `{"chat":"`+bertJID+`","sender":""}`)
	require.Equal(t, http.StatusOK, a.StatusCode, a.body)
	_, err := s.bert.WaitCurrent(whatsapptest.Within(t), phone.JID(), s.revoked, func(m wasim.MessageState) bool { return m.Deleted })
	if err != nil {
		_, err = s.bert.WaitCurrent(whatsapptest.Within(t), phone.LID(), s.revoked, func(m wasim.MessageState) bool { return m.Deleted })
	}
	require.NoError(t, err)
	own, err := types.ParseJID(phone.JID().String())
	require.NoError(t, err)
	s.theirs, err = s.bert.SendText(whatsapptest.Within(t), own, "theirs")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		_, err := db.Messages.Get(t.Context(), s.session, s.theirs)
		return err == nil
	}, whatsapptest.Patience, 10*time.Millisecond)
	return s
}

func (s *sendStack) messages() string { return "/api/v1/sessions/" + s.session + "/messages" }

// sent sends something to Bert and waits until he has it.
func (s *sendStack) sent(body string) string {
	s.Helper()
	a := s.send("POST", s.messages(), s.key, `{"to":"`+bertJID+`",`+body+`}`)
	require.Equal(s, http.StatusOK, a.StatusCode, a.body)
	var result SendResult
	a.into(s.T, &result)
	_, err := s.bert.WaitMessage(whatsapptest.Within(s.T), func(m wasim.PhoneMessage) bool { return m.ID == result.WAMessageID })
	require.NoError(s, err)
	return result.WAMessageID
}

// TestParityOfSends: what cannot be sent, or done to a message, is the same failure
// over both fronts; nothing is sent, and nothing is stored.
func TestParityOfSends(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newSendStack(t, db)
		cases := append(s.contentCases(), s.fileCases()...)
		cases = append(cases, s.changeCases()...)
		before := s.traces()
		s.parity(cases)
		assert.Equal(t, before, s.traces(), "nothing sent, nothing stored")
		// What comes next goes out as ever: the document's examples.
		for _, e := range sendExamples() {
			if strings.Contains(e.body, "example.com") || e.name == "reply" || e.name == "scheduled" {
				continue
			}
			_, content, _ := strings.Cut(e.body, `"to":"6281234567890@s.whatsapp.net",`)
			s.sent(`"type":"` + e.name + `",` + content[:len(content)-1])
		}
	})
}

// traces counts what a send leaves.
func (s *sendStack) traces() [2]int {
	s.Helper()
	list := s.list("/api/v1/sessions/" + s.session + "/chats/" + bertJID + "/messages?limit=200")
	return [2]int{len(list.Data), len(s.bert.Messages())}
}

// sending gives the case of content that is refused.
func (s *sendStack) sending(name, body, content string) parityCase {
	return parityCase{
		name, "", "POST", s.messages(), `{"to":"` + bertJID + `",` + body + `}`,
		`mutation{sendMessage(sessionId:"` + s.session + `",input:{to:"` + bertJID + `",content:{` + content + `}}){outboxId}}`, "validation_error",
	}
}

// contentCases are refusals of what has no file.
func (s *sendStack) contentCases() []parityCase {
	quoted := func(texts ...string) string { return `["` + strings.Join(texts, `","`) + `"]` }
	x101, x256 := strings.Repeat("x", 101), strings.Repeat("x", 256)
	million := strings.Repeat("x", 1_000_000)
	poll := func(name, fields string) parityCase {
		return s.sending("poll, "+name, `"type":"poll",`+bare(fields), `poll:{`+fields+`}`)
	}
	place := func(name, fields string) parityCase {
		return s.sending("location, "+name, `"type":"location",`+bare(fields), `location:{`+fields+`}`)
	}
	thirteen := quoted("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13")
	return []parityCase{
		s.sending("a million characters", `"type":"text","text":"`+million+`"`, `text:{text:"`+million+`"}`),
		poll("no question", `name:"",options:["a","b"]`),
		poll("blank question", `name:" ",options:["a","b"]`),
		poll("long question", `name:"`+x256+`",options:["a","b"]`),
		poll("NUL in the question", `name:"a\u0000",options:["a","b"]`),
		poll("no option", `name:"?",options:[]`),
		poll("one option", `name:"?",options:["a"]`),
		poll("13 options", `name:"?",options:`+thirteen),
		poll("an option twice", `name:"?",options:["a","b","a"]`),
		poll("a blank option", `name:"?",options:["a",""]`),
		poll("a long option", `name:"?",options:["a","`+x101+`"]`),
		poll("NUL in an option", `name:"?",options:["a","\u0000"]`),
		poll("more choices than options", `name:"?",options:["a","b"],selectableCount:3`),
		poll("fewer choices than none", `name:"?",options:["a","b"],selectableCount:-1`),
		place("north of north", `latitude:90.1,longitude:0`),
		place("south of south", `latitude:-91,longitude:0`),
		place("east of the date line", `latitude:0,longitude:180.5`),
		place("long name", `latitude:0,longitude:0,name:"`+x101+`"`),
		place("long address", `latitude:0,longitude:0,address:"`+x256+`"`),
		place("NUL in the name", `latitude:0,longitude:0,name:"\u0000"`),
		s.sending("contact, no name", `"type":"contact","contact":{"phone":"491700000009"}`, `contact:{phone:"491700000009"}`),
		s.sending("contact, long name", `"type":"contact","contact":{"name":"`+x101+`","phone":"491700000009"}`, `contact:{name:"`+x101+`",phone:"491700000009"}`),
		s.sending("contact, no number", `"type":"contact","contact":{"name":"Bob"}`, `contact:{name:"Bob"}`),
		s.sending("contact, bad number", `"type":"contact","contact":{"name":"Bob","phone":"call me"}`, `contact:{name:"Bob",phone:"call me"}`),
		s.sending("contact, both", `"type":"contact","vcard":"BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nEND:VCARD","contact":{"name":"Bob"}`, `contact:{name:"Bob",vcard:"BEGIN:VCARD\nVERSION:3.0\nFN:Bob\nEND:VCARD"}`),
		s.sending("contact, NUL in the name", `"type":"contact","contact":{"name":"\u0000"}`, `contact:{name:"\u0000"}`),
		s.sending("contact, NUL in the vCard", `"type":"contact","vcard":"\u0000"`, `contact:{vcard:"\u0000"}`),
		s.sending("contact, no vCard", `"type":"contact","vcard":"Bob"`, `contact:{vcard:"Bob"}`),
		s.sending("contact, a vCard of nobody", `"type":"contact","vcard":"BEGIN:VCARD\nVERSION:3.0\nEND:VCARD"`, `contact:{vcard:"BEGIN:VCARD\nVERSION:3.0\nEND:VCARD"}`),
		{
			"scheduled before all times", "", "POST", s.messages(), `{"type":"text","to":"` + bertJID + `","text":"x","scheduledAt":-1}`,
			`mutation{sendMessage(sessionId:"` + s.session + `",input:{to:"` + bertJID + `",content:{text:{text:"x"}},scheduledAt:"1969-12-31T23:59:59Z"}){outboxId}}`, "validation_error",
		},
		{
			"a group that is not known", "", "POST", s.messages(), `{"type":"text","to":"120363999999999999@g.us","text":"x"}`,
			`mutation{sendMessage(sessionId:"` + s.session + `",input:{to:"120363999999999999@g.us",content:{text:{text:"x"}}}){outboxId}}`, "upstream_error",
		},
		{
			"somebody who is not on WhatsApp", "", "POST", s.messages(), `{"type":"text","to":"491799999999@s.whatsapp.net","text":"x"}`,
			`mutation{sendMessage(sessionId:"` + s.session + `",input:{to:"491799999999@s.whatsapp.net",content:{text:{text:"x"}}}){outboxId}}`, "upstream_error",
		},
	}
}

// fileCases are refusals of files.
func (s *sendStack) fileCases() []parityCase {
	const webp = `UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==`
	large := base64.StdEncoding.EncodeToString(make([]byte, mediafile.MaxInline+1))
	file := func(name, kind, fields string) parityCase {
		return s.sending("file, "+name, `"type":"`+kind+`","media":{`+bare(fields)+`}`, kind+`:{`+fields+`}`)
	}
	cases := []parityCase{
		file("nothing", "image", `caption:"x"`),
		file("data and address", "image", `data:"`+webp+`",url:"https://example.com/a.png"`),
		file("no base64", "document", `data:"not base64!"`),
		file("half a letter of base64", "document", `data:"aGVsbG8=x"`),
		file("an empty one", "document", `data:"data:text/plain;base64,"`),
		file("a data: URI without a comma", "document", `data:"data:text/plain"`),
		file("larger than 16 MiB", "document", `data:"`+large+`"`),
		file("text as a picture", "image", `data:"aGVsbG8=",mimetype:"image/png"`),
		file("a picture as sound", "audio", `data:"`+webp+`"`),
		file("a picture as a video", "video", `data:"`+webp+`",mimetype:"video/mp4"`),
		file("text as a sticker", "sticker", `data:"data:image/webp;base64,aGVsbG8="`),
		file("a media type that is none", "document", `data:"aGVsbG8=",mimetype:"nonsense"`),
		file("a voice note that is none", "audio", `data:"aGVsbG8=",voice:true`),
		file("the caption of sound", "audio", `data:"aGVsbG8=",caption:"x"`),
		file("a voice note that is a picture", "image", `data:"`+webp+`",voice:true`),
		file("a picture that plays", "image", `data:"`+webp+`",gif:true`),
		file("long caption", "document", `data:"aGVsbG8=",caption:"`+strings.Repeat("x", 1025)+`"`),
		file("long name", "document", `data:"aGVsbG8=",filename:"`+strings.Repeat("x", 256)+`"`),
		file("NUL in the address", "document", `url:"https://example.com/\u0000"`),
		file("NUL in the caption", "document", `data:"aGVsbG8=",caption:"\u0000"`),
		s.sending("file, a document seen once", `"type":"document","viewOnce":true,"media":{"data":"aGVsbG8="}`, `document:{data:"aGVsbG8=",viewOnce:true}`),
		s.sending("file, somebody in its caption who is none", `"type":"document","mentions":["x"],"media":{"data":"aGVsbG8="}`, `document:{data:"aGVsbG8=",mentions:["x"]}`),
	}
	for _, address := range []string{
		"http://169.254.169.254/latest/meta-data/", "http://localhost/x.png", "http://127.0.0.1:1/x.png", "http://[::1]/x.png", "http://10.0.0.1/x.png",
		"http://0177.0.0.1/x.png", "http://2130706433/x.png", "http://[::ffff:169.254.169.254]/", "file:///etc/passwd", "ftp://example.com/x.png", "https://a:b@example.com/x.png",
		"https:///x.png", "x.png", "https://example.com/" + strings.Repeat("x", 8192),
	} {
		cases = append(cases, file("from "+address[:min(len(address), 60)], "image", `url:"`+address+`"`))
	}
	return cases
}

// changeCases are refusals of what is done to messages.
func (s *sendStack) changeCases() []parityCase {
	type target struct{ chat, id, sender string }
	of := func(id string) target { return target{chat: bertJID, id: id} }
	by := func(id, sender string) target { return target{bertJID, id, sender} }
	change := func(name, operation, method, path string, t target, body, input, code string) parityCase {
		sender, given := "", ""
		if t.sender != "" {
			sender, given = `,"sender":"`+t.sender+`"`, `,sender:"`+t.sender+`"`
		}
		return parityCase{
			operation + ", " + name, "", method, s.messages() + "/" + t.id + path, `{"chat":"` + t.chat + `"` + sender + body + `}`,
			`mutation{` + operation + `(sessionId:"` + s.session + `",input:{chat:"` + t.chat + `",waMessageId:"` + t.id + `"` + given + input + `}){outboxId}}`, code,
		}
	}
	const bad, unknown = "validation_error", "not_found"
	edit := func(name string, t target, text, code string) parityCase {
		return change(name, "editMessage", "PATCH", "", t, `,"text":"`+text+`"`, `,text:"`+text+`"`, code)
	}
	revoke := func(name string, t target, code string) parityCase {
		return change(name, "revokeMessage", "DELETE", "", t, "", "", code)
	}
	forward := func(name string, t target, to, code string) parityCase {
		return change(name, "forwardMessage", "POST", "/forward", t, `,"to":"`+to+`"`, `,to:"`+to+`"`, code)
	}
	react := func(name string, t target, emoji, code string) parityCase {
		return change(name, "addReaction", "POST", "/reaction", t, `,"emoji":"`+emoji+`"`, `,emoji:"`+emoji+`"`, code)
	}
	unreact := func(name string, t target, code string) parityCase {
		return change(name, "removeReaction", "DELETE", "/reaction", t, "", "", code)
	}
	vote := func(name string, t target, options, code string) parityCase {
		return change(name, "voteMessage", "POST", "/vote", t, `,"options":`+options, `,options:`+options, code)
	}
	cases := []parityCase{
		edit("another's", of(s.theirs), "x", bad),
		edit("a poll", of(s.poll), "x", bad),
		edit("taken back", of(s.revoked), "x", bad),
		edit("no text", of(s.own), "", bad),
		edit("long text", of(s.own), strings.Repeat("x", 65_537), bad),
		edit("NUL", of(s.own), `\u0000`, bad),
		revoke("another's as one's own", of(s.theirs), bad),
		revoke("another's, of a person's chat", by(s.theirs, bertJID), "forbidden"),
		revoke("again", of(s.revoked), bad),
		forward("to nobody", of(s.own), "", bad),
		forward("to a channel", of(s.own), "1@newsletter", bad),
		forward("to nonsense", of(s.own), "nonsense", bad),
		forward("a poll", of(s.poll), bertJID, bad),
		forward("taken back", of(s.revoked), bertJID, bad),
		react("no emoji", of(s.own), "", bad),
		react("text", of(s.own), "ok", bad),
		react("two emoji", of(s.own), "👍👍", bad),
		react("a symbol", of(s.own), "´", bad),
		react("half a flag", of(s.own), "🇩", bad),
		react("a skin tone", of(s.own), "🏻", bad),
		react("an emoji with text", of(s.own), "👍!", bad),
		react("NUL", of(s.own), `\u0000`, bad),
		react("taken back", of(s.revoked), "👍", bad),
		unreact("taken back", of(s.revoked), bad),
		vote("a text", of(s.own), `["yes"]`, bad),
		vote("a file", of(s.file), `["yes"]`, bad),
		vote("an unknown option", of(s.poll), `["maybe"]`, bad),
		vote("two where one is allowed", of(s.poll), `["yes","no"]`, bad),
		vote("one twice", of(s.poll), `["yes","yes"]`, bad),
	}
	for name, c := range map[string]struct {
		target target
		code   string
	}{
		"an unknown message":       {of("NONE"), unknown},
		"an unknown chat":          {target{"491799999999@s.whatsapp.net", s.own, ""}, unknown},
		"an unknown sender":        {by(s.own, "491799999999@s.whatsapp.net"), unknown},
		"a chat that is none":      {target{"nonsense", s.own, ""}, bad},
		"a sender that is none":    {by(s.own, "nonsense"), bad},
		"a sender that is a group": {by(s.own, "1@g.us"), bad},
		"no chat":                  {target{"", s.own, ""}, bad},
	} {
		t := c.target
		cases = append(cases, revoke(name, t, c.code), forward(name, t, bertJID, c.code), react(name, t, "👍", c.code), unreact(name, t, c.code), vote(name, t, `["yes"]`, c.code))
		if t.sender == "" {
			cases = append(cases, edit(name, t, "x", c.code))
		}
	}
	return cases
}

// bare gives the fields of a GraphQL input as JSON has them.
func bare(fields string) string {
	var b strings.Builder
	inText, start := false, 0
	flush := func(end int) { b.WriteString(fields[start:end]); start = end }
	for i := 0; i < len(fields); i++ {
		switch c := fields[i]; {
		case c == '\\' && inText:
			i++
		case c == '"':
			inText = !inText
		case c == ':' && !inText:
			word := i
			for word > start && fields[word-1] >= 'A' {
				word--
			}
			flush(word)
			b.WriteString(`"` + fields[word:i] + `"`)
			start = i
		}
	}
	flush(len(fields))
	return b.String()
}

// TestOfflineRefusalsOfSends: with the session away the input is judged first, and
// what cannot be done without WhatsApp is not done.
func TestOfflineRefusalsOfSends(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		session := s.session()
		s.message(session, "M1")
		at := "/api/v1/sessions/" + session + "/messages"
		const chat = `{"chat":"` + bertJID + `"`
		for _, c := range []struct {
			method, path, body string
			status             int
		}{
			{"POST", "", `{"type":"image","to":"` + bertJID + `","media":{"data":"aGVsbG8=","voice":true}}`, 400},
			{"POST", "", `{"type":"document","to":"` + bertJID + `","media":{"data":"aGVsbG8="}}`, 501},
			{"PATCH", "/M1", chat + `,"text":"x"}`, 400},
			{"DELETE", "/M1", chat + `}`, 400},
			{"POST", "/M1/forward", chat + `,"to":"` + bertJID + `"}`, 501},
			{"POST", "/M1/reaction", chat + `,"emoji":"x"}`, 400},
			{"POST", "/M1/reaction", chat + `,"emoji":"👍"}`, 501},
			{"DELETE", "/M1/reaction", chat + `}`, 501},
			{"POST", "/M1/vote", chat + `,"options":["x"]}`, 400},
			{"GET", "/M1/media", "", 400},
			{"GET", "/M2/media", "", 404},
		} {
			a := s.send(c.method, at+c.path, s.key, c.body)
			assert.Equal(s, c.status, a.StatusCode, "%s %s: %s", c.method, c.path, a.body)
		}
		assert.Len(s, s.list("/api/v1/sessions/"+session+"/chats/"+bertJID+"/messages").Data, 1)
	})
}
