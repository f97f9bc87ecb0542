package whatsapp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// each runs a test in a world of its own on both databases.
func each(t *testing.T, test func(w *world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) { test(newWorld(t, db)) })
}

// keysAreThere waits until the phone has shared the keys of its app state, before
// which whatsmeow can write none.
func (w *world) keysAreThere(session string) {
	w.Helper()
	row, err := w.db.Sessions.Find(w.Context(), session)
	require.NoError(w, err)
	pool, _ := w.db.WhatsmeowDB()
	require.Eventually(w, func() bool {
		var n int
		err := pool.QueryRowContext(w.Context(), "SELECT COUNT(*) FROM whatsmeow_app_state_sync_keys WHERE jid = $1", row.DeviceJID).Scan(&n)
		return err == nil && n > 0
	}, whatsapptest.Patience, 10*time.Millisecond)
}

func TestNumbersAreChecked(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna, bert, shop := w.phone("Anna"), w.phone("Bert"), w.phone("Shop")
		shop.SetBusinessProfile(&wasim.BusinessProfile{VerifiedName: "Acme Corp"})
		session := w.link(anna)
		// Bert is known by number only, the shop not at all.
		_, err := w.db.Identities.Upsert(ctx, session, []models.Person{{PhoneJID: bert.JID().String(), ContactName: "Bert"}})
		require.NoError(w, err)
		asked := []string{"+" + bert.Number(), "491799999999", shop.Number(), bert.Number()}
		got, err := w.svc.CheckContacts(ctx, session, asked)
		require.NoError(w, err)
		onBert := whatsapp.CheckedNumber{Query: asked[0], OnWhatsApp: true, JID: bert.JID().String(), LID: bert.LID().String()}
		again := onBert
		again.Query = asked[3]
		assert.Equal(w, []whatsapp.CheckedNumber{
			onBert, {Query: asked[1]},
			{Query: asked[2], OnWhatsApp: true, JID: shop.JID().String(), LID: shop.LID().String(), BusinessName: "Acme Corp"}, again,
		}, got)
		person, err := w.db.Identities.Get(ctx, session, bert.LID().String())
		require.NoError(w, err, "the LID was learnt")
		assert.Equal(w, "Bert", person.ContactName)
		_, err = w.db.Identities.Get(ctx, session, shop.LID().String())
		is(w, err, fault.NotFound, "")

		crowd := make([]string, 51)
		for i := range crowd {
			crowd[i] = fmt.Sprintf("4917012345%02d", i)
		}
		got, err = w.svc.CheckContacts(ctx, session, crowd[:50])
		require.NoError(w, err)
		assert.Len(w, got, 50)
		for field, phones := range map[string][]string{
			"phones": nil, "phones[1]": {bert.Number(), "x"}, "phones[0]": {"++491700000001"},
		} {
			_, err = w.svc.CheckContacts(ctx, session, phones)
			assert.Equal(w, field, is(w, err, fault.Validation, "").Details()["field"])
		}
		_, err = w.svc.CheckContacts(ctx, session, crowd)
		is(w, err, fault.Validation, "")
	})
}

// What a question about somebody tells of their addresses makes one of two rows.
func TestAboutTeachesMappings(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		bert.SetAbout("Busy")
		session := w.link(anna)
		ids, err := w.db.Identities.Upsert(ctx, session, []models.Person{
			{PhoneJID: bert.JID().String(), ContactName: "Bert"}, {LID: bert.LID().String(), PushName: "bertie"},
		})
		require.NoError(w, err)
		require.NotEqual(w, ids[0], ids[1])
		about, err := w.svc.ContactAbout(ctx, session, bert.JID().String())
		require.NoError(w, err)
		assert.Equal(w, "Busy", about)
		person, err := w.db.Identities.Get(ctx, session, bert.JID().String())
		require.NoError(w, err)
		assert.Equal(w, []string{bert.LID().String(), "Bert", "bertie"}, []string{person.LID, person.ContactName, person.PushName})

		bert.SetPrivacy("status", "none")
		about, err = w.svc.ContactAbout(ctx, session, bert.LID().String())
		require.NoError(w, err)
		assert.Empty(w, about, "hidden")
		_, err = w.svc.ContactAbout(ctx, session, "491799999999@s.whatsapp.net")
		is(w, err, fault.NotFound, "")
		_, err = w.svc.ContactAbout(ctx, session, "99999999999999@lid")
		is(w, err, fault.NotFound, "")
	})
}

func TestPicturesAndBusinesses(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		session := w.link(anna)
		jid := bert.JID().String()
		picture := func() (*whatsapp.ContactPicture, error) { return w.svc.ContactPicture(ctx, session, jid, true) }
		_, err := picture()
		is(w, err, fault.NotFound, "")
		id := bert.SetPicture([]byte("\xff\xd8\xff"))
		got, err := picture()
		require.NoError(w, err)
		assert.Equal(w, id, got.ID)
		assert.True(w, strings.HasPrefix(got.URL, "https://"), got.URL)
		bert.SetPrivacy("profile", "none")
		_, err = picture()
		is(w, err, fault.NotFound, "")

		_, err = w.svc.BusinessProfile(ctx, session, jid)
		is(w, err, fault.NotFound, "")
		bert.SetBusinessProfile(&wasim.BusinessProfile{
			Address: "1 Road", Email: "shop@example.com", Categories: []types.Category{{ID: "1", Name: "Shop"}}, TimeZone: "Europe/Berlin",
			Hours: []types.BusinessHoursConfig{{DayOfWeek: "mon", Mode: "specific_hours", OpenTime: "540", CloseTime: "1080"}, {DayOfWeek: "tue", Mode: "open_24h"}},
		})
		business, err := w.svc.BusinessProfile(ctx, session, jid)
		require.NoError(w, err)
		assert.Equal(w, "shop@example.com", business.Email)
		assert.Equal(w, "1 Road", business.Address)
		assert.Equal(w, []string{"Shop"}, business.Categories)
		assert.Equal(w, "Europe/Berlin", business.TimeZone)
		assert.Equal(w, whatsapp.BusinessHours{Day: "mon", Mode: "specific_hours", Open: "540", Close: "1080"}, business.Hours[0])
		assert.Equal(w, "tue", business.Hours[1].Day)
	})
}

func TestBlocking(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna, bert, carl := w.phone("Anna"), w.phone("Bert"), w.phone("Carl")
		session := w.link(anna)
		blocked := func() (jids []string) {
			list, err := w.svc.Blocklist(ctx, session)
			require.NoError(w, err)
			for _, b := range list {
				jids = append(jids, b.LID+" "+b.JID())
			}
			return jids
		}
		assert.Empty(w, blocked())
		for range 2 {
			require.NoError(w, w.svc.BlockContact(ctx, session, bert.JID().String()))
			require.NoError(w, w.svc.BlockContact(ctx, session, bert.LID().String()))
		}
		assert.Equal(w, []string{bert.LID().String() + " " + bert.JID().String()}, blocked())
		assert.Len(w, anna.Blocked(), 1, "on the phone too")
		require.NoError(w, w.svc.UnblockContact(ctx, session, carl.JID().String()), "who is not blocked")
		for range 2 {
			require.NoError(w, w.svc.UnblockContact(ctx, session, bert.JID().String()))
		}
		assert.Empty(w, blocked())
		for _, self := range []string{anna.JID().String(), anna.LID().String()} {
			is(w, w.svc.BlockContact(ctx, session, self), fault.Validation, "")
		}
		is(w, w.svc.BlockContact(ctx, session, "491799999999@s.whatsapp.net"), fault.NotFound, "")
		is(w, w.svc.BlockContact(ctx, session, "12036304@g.us"), fault.Validation, fault.ReasonInvalidJID)
		is(w, w.svc.BlockContact(ctx, w.stopped(), bert.JID().String()), fault.NotImplemented, fault.ReasonNotConnected)
	})
}

// A contact that is saved here stands in the phone's address book, and stays one
// person whatever their address.
func TestContactsAreSaved(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		session := w.link(anna)
		w.keysAreThere(session)
		save := func(jid, full, first string) *models.Identity {
			person, err := w.svc.SaveContact(ctx, session, whatsapp.SavedContact{JID: jid, FullName: full, FirstName: first})
			require.NoError(w, err)
			assert.Equal(w, full, person.ContactName)
			return person
		}
		onPhone := func(full, first string) {
			require.Eventually(w, func() bool {
				entry, _ := anna.Contact(bert.JID())
				return entry == wasim.SavedContact{FullName: full, FirstName: first}
			}, whatsapptest.Patience, 10*time.Millisecond)
		}
		first := save(bert.JID().String(), "Bert of the office", "")
		onPhone("Bert of the office", "Bert")
		_, err := w.svc.CheckContact(ctx, session, bert.Number()) // tells both addresses
		require.NoError(w, err)
		again := save(bert.LID().String(), "Bert B.", "Bertie")
		assert.Equal(w, first.ID, again.ID)
		onPhone("Bert B.", "Bertie")
		w.hasName(session, bert, "Bert B.", "")

		for field, bad := range map[string]whatsapp.SavedContact{
			"fullName":  {JID: bert.JID().String(), FullName: " "},
			"firstName": {JID: bert.JID().String(), FullName: "x", FirstName: strings.Repeat("x", 101)},
			"jid":       {JID: "x", FullName: "x"},
		} {
			_, err := w.svc.SaveContact(ctx, session, bad)
			require.Equal(w, fault.Validation, fault.CodeOf(err), field)
			assert.Equal(w, field, fault.From(err).Details()["field"])
		}
	})
}
