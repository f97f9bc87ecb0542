package graph_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// TestContactsOverGraphQL walks through what REST does not offer, on both databases.
func TestContactsOverGraphQL(t *testing.T) {
	t.Parallel()
	graphtest.Each(t, func(t *testing.T, s *graphtest.Server) {
		session, anna := s.PairedSession("491700000000", "Anna")
		bert := s.Phone("491700000001", "Bert")
		bert.SetBusinessProfile(&wasim.BusinessProfile{VerifiedName: "Acme", Email: "shop@example.com"})
		key := s.Key(t, models.Read, models.Send, models.Manage)
		on := map[string]any{"s": session.ID, "b": bert.JID().String()}
		asked := func(query, want string) {
			t.Helper()
			r := s.Post(t, key, query, on)
			require.Empty(t, r.Errors, query)
			assert.JSONEq(t, want, string(r.Data), query)
		}
		asked(`query($s: ID!) { checkContacts(sessionId: $s, phones: ["+491700000001", "491799999999"]) { query isOnWhatsApp jid lid businessName } }`,
			`{"checkContacts":[{"query":"+491700000001","isOnWhatsApp":true,"jid":"491700000001@s.whatsapp.net","lid":"`+bert.LID().String()+`","businessName":"Acme"},
				{"query":"491799999999","isOnWhatsApp":false,"jid":null,"lid":null,"businessName":null}]}`)
		asked(`query($s: ID!, $b: JID!) { businessProfile(sessionId: $s, jid: $b) { jid email address timeZone categories hours { day } } }`,
			`{"businessProfile":{"jid":"491700000001@s.whatsapp.net","email":"shop@example.com","address":null,"timeZone":null,"categories":[],"hours":[]}}`)
		asked(`mutation($s: ID!, $b: JID!) { blockContact(sessionId: $s, jid: $b) { jid } }`, `{"blockContact":{"jid":"491700000001@s.whatsapp.net"}}`)
		asked(`query($s: ID!) { blocklist(sessionId: $s) { jid lid phoneJid } }`,
			`{"blocklist":[{"jid":"491700000001@s.whatsapp.net","lid":"`+bert.LID().String()+`","phoneJid":"491700000001@s.whatsapp.net"}]}`)
		asked(`mutation($s: ID!, $b: JID!) { unblockContact(sessionId: $s, jid: $b) { jid } }`, `{"unblockContact":{"jid":"491700000001@s.whatsapp.net"}}`)
		asked(`query($s: ID!) { blocklist(sessionId: $s) { jid } }`, `{"blocklist":[]}`)

		// Until the phone has shared its keys, the address book cannot be written.
		const save = `mutation($s: ID!, $b: JID!) { saveContact(sessionId: $s, input: {jid: $b, fullName: "Bert B."}) { contact { name businessName } } }`
		require.Eventually(t, func() bool {
			r := s.Post(t, key, save, on)
			if r.Code() != "" {
				assert.Equal(t, "app_state_keys_missing", r.Errors[0].Extensions.Reason)
			}
			return r.Code() == ""
		}, whatsapptest.Patience, 20*time.Millisecond)
		require.Eventually(t, func() bool {
			entry, _ := anna.Contact(bert.JID())
			return entry.FullName == "Bert B."
		}, whatsapptest.Patience, 10*time.Millisecond)
		asked(`query($s: ID!, $b: JID!) { contact(sessionId: $s, jid: $b) { name pushName dm { id } groups { jid } } }`,
			`{"contact":{"name":"Bert B.","pushName":null,"dm":null,"groups":[]}}`)
	})
}

// TestAccountOverGraphQL changes what an account tells of itself.
func TestAccountOverGraphQL(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	session, anna := s.PairedSession("491700000000", "Anna")
	key := s.Key(t, models.Read, models.Manage)
	on := map[string]any{"s": session.ID}
	asked := func(query, want string) {
		t.Helper()
		r := s.Post(t, key, query, on)
		require.Empty(t, r.Errors, query)
		assert.JSONEq(t, want, string(r.Data), query)
	}
	asked(`mutation($s: ID!) { updateProfile(sessionId: $s, input: {about: "At work"}) { session { pushName autoRejectCalls } } }`,
		`{"updateProfile":{"session":{"pushName":"`+pushName(t, s, session.ID)+`","autoRejectCalls":false}}}`)
	about, _ := anna.About()
	assert.Equal(t, "At work", about)
	asked(`mutation($s: ID!) { updateSession(sessionId: $s, input: {autoRejectCalls: true}) { session { autoRejectCalls } } }`,
		`{"updateSession":{"session":{"autoRejectCalls":true}}}`)
	asked(`mutation($s: ID!) { updatePrivacySettings(sessionId: $s, input: {lastSeen: CONTACTS, readReceipts: NONE}) { privacySettings { lastSeen readReceipts groupAdd } } }`,
		`{"updatePrivacySettings":{"privacySettings":{"lastSeen":"CONTACTS","readReceipts":"NONE","groupAdd":"ALL"}}}`)
	anna.SetPrivacy("last", "new word")
	asked(`query($s: ID!) { privacySettings(sessionId: $s) { lastSeen readReceipts } }`, `{"privacySettings":{"lastSeen":null,"readReceipts":"NONE"}}`)
	asked(`mutation($s: ID!) { setDefaultDisappearingTimer(sessionId: $s, seconds: 86400) { seconds } }`, `{"setDefaultDisappearingTimer":{"seconds":86400}}`)
	asked(`query($s: ID!) { contactLink(sessionId: $s) }`, `{"contactLink":"https://wa.me/qr/`+anna.ContactLink(false)+`"}`)
	renewed := s.Post(t, key, `mutation($s: ID!) { revokeContactLink(sessionId: $s) { contactLink } }`, on)
	assert.JSONEq(t, `{"revokeContactLink":{"contactLink":"https://wa.me/qr/`+anna.ContactLink(false)+`"}}`, string(renewed.Data))

	for name, query := range map[string]string{
		"a value of another setting": `mutation($s: ID!) { updatePrivacySettings(sessionId: $s, input: {online: NONE}) { privacySettings { online } } }`,
		"a name that is too long":    `mutation($s: ID!) { updateProfile(sessionId: $s, input: {name: "12345678901234567890123456"}) { session { id } } }`,
		"a picture that is none":     `mutation($s: ID!) { updateProfile(sessionId: $s, input: {picture: "aGVsbG8="}) { session { id } } }`,
		"a timer that nobody offers": `mutation($s: ID!) { setDefaultDisappearingTimer(sessionId: $s, seconds: 5) { seconds } }`,
	} {
		assert.Equal(t, "VALIDATION_ERROR", s.Post(t, key, query, on).Code(), name)
	}
}

// pushName waits for the account's own name.
func pushName(t *testing.T, s *graphtest.Server, session string) (name string) {
	t.Helper()
	require.Eventually(t, func() bool {
		row, err := s.DB.Sessions.Find(t.Context(), session)
		require.NoError(t, err)
		name = row.PushName
		return name != ""
	}, whatsapptest.Patience, 10*time.Millisecond)
	return name
}
