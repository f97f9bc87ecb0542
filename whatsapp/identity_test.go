package whatsapp_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/appstate"
	"go.mau.fi/whatsmeow/proto/waSyncAction"
	"go.mau.fi/whatsmeow/types"
	"google.golang.org/protobuf/proto"

	"wagateway/whatsapp/wasim"
)

// inAddressBook is the phone's user saving somebody under a name.
func inAddressBook(who types.JID, name string) appstate.PatchInfo {
	return appstate.PatchInfo{Type: appstate.WAPatchCriticalUnblockLow, Mutations: []appstate.MutationInfo{{
		Index: []string{appstate.IndexContact, who.String()}, Version: 2,
		Value: &waSyncAction.SyncActionValue{ContactAction: &waSyncAction.ContactAction{
			FullName: proto.String(name), SaveOnPrimaryAddressbook: proto.Bool(true),
		}},
	}}}
}

// hasName waits for a name to be stored.
func (w *world) hasName(session string, who *wasim.Phone, contactName, pushName string) {
	w.Helper()
	w.eventually(slowly, func(t *recorder) {
		person, err := w.db.Identities.Get(w.Context(), session, who.LID().String())
		if fine(t, err) {
			assert.Equal(t, who.JID().String(), person.PhoneJID)
			assert.Equal(t, contactName, person.ContactName)
			assert.Equal(t, pushName, person.PushName)
		}
	})
}

func TestNamesAreStored(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert, carl := w.phone("Anna"), w.phone("Bert"), w.phone("Carl")
		jid := w.group(bert, mode, anna, carl)
		require.NoError(w, anna.Mutate(ctx, inAddressBook(bert.JID(), "Bert of the office")))
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		w.hasName(session, bert, "Bert of the office", "") // was there before the session
		require.NoError(w, anna.Mutate(ctx, inAddressBook(carl.JID(), "Carl")))
		w.hasName(session, carl, "Carl", "")
		require.NoError(w, anna.Mutate(ctx, inAddressBook(carl.JID(), "Carl the plumber")))
		w.hasName(session, carl, "Carl the plumber", "")

		_, err := bert.SendText(ctx, anna.JID(), "hello")
		require.NoError(w, err)
		w.hasName(session, bert, "Bert of the office", "Bert")
		assert.Equal(w, "Bert of the office", w.member(session, jid, bert).ContactName)
		assert.Equal(w, "Bert", w.member(session, jid, bert).PushName)
	})
}

func TestTheAccountItselfIsKnown(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, _ types.AddressingMode) {
		anna := w.phone("Anna")
		session := w.link(anna)
		w.hasName(session, anna, "", "Anna")
		require.NoError(w, anna.Mutate(w.Context(), appstate.BuildSettingPushName("Anna M.")))
		w.hasName(session, anna, "", "Anna M.")
	})
}
