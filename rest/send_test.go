package rest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// TestSendRefusals: each bad send is the contract's error and names the field of
// the body that it is about; nothing is stored.
func TestSendRefusals(t *testing.T) {
	t.Parallel()
	eachOffline(t, func(s *stack) {
		session := s.session()
		s.message(session, "M1")
		at := "/api/v1/sessions/" + session + "/messages"
		long := strings.Repeat("x", 256)
		const start = `{"type":"text","to":"491700000001@s.whatsapp.net",`
		type refusal struct{ query, key, body, field string }
		cases := map[string]refusal{
			"no type":             {body: `{"to":"1@s.whatsapp.net","text":"x"}`, field: "type"},
			"no contract's type":  {body: `{"type":"telegram","to":"1@s.whatsapp.net","text":"x"}`, field: "type"},
			"type of no string":   {body: `{"type":1}`, field: "type"},
			"nobody":              {body: `{"type":"text","text":"x"}`, field: "to"},
			"bad address":         {body: `{"type":"text","to":"x","text":"x"}`, field: "to"},
			"a device":            {body: `{"type":"text","to":"491700000001:3@s.whatsapp.net","text":"x"}`, field: "to"},
			"a channel":           {body: `{"type":"text","to":"1@newsletter","text":"x"}`, field: "to"},
			"status":              {body: `{"type":"text","to":"status@broadcast","text":"x"}`, field: "to"},
			"no text":             {body: start + `"mentions":[]}`, field: "text"},
			"text of no string":   {body: start + `"text":{"body":"x"}}`, field: "text"},
			"NUL":                 {body: start + `"text":"a\u0000"}`, field: "text"},
			"long text":           {body: start + `"text":"` + strings.Repeat("ä", 65_537) + `"}`, field: "text"},
			"bad mention":         {body: start + `"text":"x","mentions":["205227043110953@lid","y"]}`, field: "mentions[1]"},
			"NUL in a mention":    {body: start + `"text":"x","mentions":["\u0000"]}`, field: "mentions[0]"},
			"mentions of no list": {body: start + `"text":"x","mentions":"1@lid"}`, field: "mentions"},
			"long replyTo":        {body: start + `"text":"x","replyTo":"` + long + `"}`, field: "replyTo"},
			"unknown replyTo":     {query: "?async=true", body: start + `"text":"x","replyTo":"M2"}`, field: "replyTo"},
			"async of no truth":   {query: "?async=1", body: start + `"text":"x"}`, field: "async"},
			"long key":            {key: long, body: start + `"text":"x"}`, field: "idempotencyKey"},
		}
		lacks := map[string]string{"poll": "name", "location": "latitude", "contact": "contact"}
		for _, kind := range sendTypes()[1:] {
			field := "media"
			if lacks[kind] != "" {
				field = lacks[kind]
			}
			cases["nothing of "+kind] = refusal{query: "?async=true", body: `{"type":"` + kind + `","to":"4917000000@s.whatsapp.net"}`, field: field}
		}
		for name, c := range cases {
			a := s.send("POST", at+c.query, s.key, c.body, "Idempotency-Key", c.key)
			require.Equal(s, http.StatusBadRequest, a.StatusCode, "%s: %s", name, a.body)
			failure := a.failure(s.T)
			assert.Equal(s, "validation_error", failure.Code, name)
			assert.Equal(s, c.field, failure.Details["field"], name)
		}
		assert.Len(s, s.list("/api/v1/sessions/"+session+"/chats/491700000001@s.whatsapp.net/messages").Data, 1)

		// The other organization learns nothing by what its body holds.
		other := s.newKey(otherOrganization, models.Send)
		for _, body := range []string{`{`, `{}`, `{"type":"poll"}`, start + `"text":"x"}`} {
			assert.Equal(s, http.StatusNotFound, s.send("POST", at, other, body).StatusCode, body)
		}
	})
}

// TestSendAgain: an Idempotency-Key of the header, as the contract has it.
func TestSendAgain(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := whatsapptest.NewWorldOn(t, db)
		s := newStack(t, db, w.Service)
		session, _ := w.PairedSession("491700000000", "Anna")
		bert := w.Phone("491700000001", "Bert")
		at := "/api/v1/sessions/" + session.ID + "/messages"
		text := func(of string) string {
			return `{"type":"text","to":"491700000001@s.whatsapp.net","text":"` + of + `"}`
		}
		for _, query := range []string{"", "?async=true"} {
			key := "order" + query
			status := http.StatusOK
			if query != "" {
				status = http.StatusAccepted
			}
			send := func(body string) answer { return s.send("POST", at+query, s.key, body, "Idempotency-Key", key) }
			var first, again SendResult
			a := send(text("one" + query))
			require.Equal(t, status, a.StatusCode, a.body)
			a.into(t, &first)
			assert.False(t, first.Replayed)
			_, err := bert.WaitMessage(whatsapptest.Within(t), func(m wasim.PhoneMessage) bool { return m.ID == first.WAMessageID })
			require.NoError(t, err)
			a = send(text("one" + query))
			require.Equal(t, status, a.StatusCode, a.body)
			a.into(t, &again)
			assert.True(t, again.Replayed)
			assert.Equal(t, []string{first.OutboxID, first.WAMessageID}, []string{again.OutboxID, again.WAMessageID})

			a = send(text("two"))
			require.Equal(t, http.StatusConflict, a.StatusCode, a.body)
			assert.Equal(t, "conflict", a.failure(t).Code)
		}
		assert.Len(t, bert.Messages(), 2)
		var other SendResult
		s.send("POST", at, s.key, text("one"), "Idempotency-Key", "").into(t, &other)
		assert.False(t, other.Replayed, "no key is not a key")
	})
}

// TestSendOverTheLimit: a caller that waits is told how long, one that does not
// is queued.
func TestSendOverTheLimit(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := whatsapptest.NewWorldOn(t, db)
		s := newStack(t, db, w.Service)
		session, _ := w.PairedSession("491700000000", "Anna")
		w.Phone("491700000001", "Bert")
		at := "/api/v1/sessions/" + session.ID
		require.Equal(t, http.StatusOK, s.send("PATCH", at, s.key, `{"ratePerMin":1}`).StatusCode)
		const body = `{"type":"text","to":"491700000001@s.whatsapp.net","text":"x"}`
		sent := 0
		var limited answer
		for ; sent < 5; sent++ {
			if limited = s.send("POST", at+"/messages", s.key, body); limited.StatusCode != http.StatusOK {
				break
			}
		}
		assert.Equal(t, 1, sent, "as many as a minute allows")
		require.Equal(t, http.StatusTooManyRequests, limited.StatusCode, limited.body)
		assert.Equal(t, "rate_limited", limited.failure(t).Code)
		wait, err := strconv.Atoi(limited.Header.Get("Retry-After"))
		require.NoError(t, err)
		assert.Positive(t, wait)
		assert.LessOrEqual(t, wait, 60)
		assert.Equal(t, http.StatusAccepted, s.send("POST", at+"/messages?async=true", s.key, body).StatusCode)
	})
}

// TestSendOfUnknownOutcome: WhatsApp takes the message and does not say so.
func TestSendOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := whatsapptest.NewWorldOn(t, db, whatsapptest.WithTiming(func(timing *whatsapp.Timing) {
			timing.Send, timing.SendWait = time.Minute, 300*time.Millisecond
		}))
		s := newStack(t, db, w.Service)
		session, _ := w.PairedSession("491700000000", "Anna")
		bert := w.Phone("491700000001", "Bert")
		// Nor does Bert's phone tell by a receipt that it has come.
		require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultPhoneOffline, Phone: bert.Number()}))
		require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultWithholdAcks, Phone: "491700000000"}))
		a := s.send("POST", "/api/v1/sessions/"+session.ID+"/messages", s.key, `{"type":"text","to":"491700000001@s.whatsapp.net","text":"x"}`)
		require.Equal(t, http.StatusBadGateway, a.StatusCode, a.body)
		failure := a.failure(t)
		assert.Equal(t, []any{"upstream_error", "send_outcome_unknown"}, []any{failure.Code, failure.Details["reason"]})
		assert.NotEmpty(t, failure.Details["outboxId"])
		w.WhatsApp.ClearFaults()
		got, err := bert.WaitMessage(whatsapptest.Within(t), func(m wasim.PhoneMessage) bool { return m.Text == "x" })
		require.NoError(t, err)
		assert.Equal(t, got.ID, failure.Details["waMessageId"], "the id that WhatsApp has")
	})
}

// FuzzSendBody: what reaches the resolver is text that can be stored, of one type; all else is a 4xx of the contract's shape.
func FuzzSendBody(f *testing.F) {
	for _, seed := range []string{
		`{"type":"text","to":"1@lid","text":"x"}`, `{"type":"text","to":"1@lid","text":"x","mentions":["1@lid"],"replyTo":"A"}`, `{"type":"poll"}`,
		`{"type":"text","mentions":[null]}`, `{"type":"text","text":"\ud800"}`, `{"type":"TEXT"}`, `{"TYPE":"text"}`, `{"type":null}`,
		`{"type":"text","async":true,"IdempotencyKey":"x","Session":"there"}`, `{"type":"text","replyTo":"\u0000"}`, `null`, `[`, ``,
	} {
		f.Add([]byte(seed), "")
		f.Add([]byte(seed), "async=true")
	}
	f.Fuzz(func(t *testing.T, body []byte, query string) {
		root := &fakeRoot{}
		w := newRecorder()
		r := httptest.NewRequest(http.MethodPost, "/api/v1/sessions/here/messages", strings.NewReader(string(body)))
		r.URL.RawQuery = query
		newFake(t, root).ServeHTTP(w, r)
		if w.Code >= 400 {
			require.Less(t, w.Code, 500)
			assert.Equal(t, "validation_error", failureOf(t, w).Code)
			return
		}
		require.Len(t, root.sent, 1)
		require.True(t, json.Valid(body), "took what is no JSON: %q", body)
		input := root.sent[0]
		kinds := 0
		for _, field := range reflect.ValueOf(*input.Content).Fields() {
			if !field.IsZero() {
				kinds++
			}
		}
		assert.Equal(t, 1, kinds, "%s", body)
		assert.True(t, isText(input.To))
		if text := input.Content.Text.Value(); text != nil {
			for _, given := range append([]string{text.Text}, text.Mentions.Value()...) {
				assert.True(t, isText(given))
			}
		}
		if reply := input.ReplyTo.Value(); reply != nil {
			assert.True(t, isText(*reply) && *reply != "")
		}
		assert.Nil(t, input.IdempotencyKey.Value(), "a body does not set a header's field")
		if w.Code == http.StatusAccepted {
			assert.True(t, r.URL.Query().Get("async") == "true" || input.ScheduledAt.IsSet())
		}
	})
}
