package whatsapp_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/contract"
)

// Who came, went and got a role is told once each, with who did it.
func TestMembersAreToldOf(t *testing.T) {
	t.Parallel()
	eachWorld(t, func(w *world, mode types.AddressingMode) {
		ctx := w.Context()
		anna, bert, carl := w.phone("Anna"), w.phone("Bert"), w.phone("Carl")
		jid := w.group(bert, mode, anna, carl)
		session := w.link(anna)
		w.eventually(slowly, func(t *recorder) { w.isTrue(t, session, jid) })

		require.NoError(w, carl.Leave(ctx, jid))
		w.soonTrue(session, jid)
		_, err := bert.AddMembers(ctx, jid, carl.JID())
		require.NoError(w, err)
		w.soonTrue(session, jid)
		_, err = bert.Promote(ctx, jid, carl.JID())
		require.NoError(w, err)
		w.soonTrue(session, jid)

		events, err := w.db.Outbox.Next(ctx, 1000)
		require.NoError(w, err)
		var actions []string
		for _, e := range events {
			if e.Name != models.EventGroupMembers {
				continue
			}
			var change contract.GroupMembersChange
			require.NoError(w, json.Unmarshal(e.Payload, &change))
			require.Len(w, change.Members, 1)
			assert.Equal(w, carl.LID().String(), change.Members[0].LID)
			assert.Equal(w, jid.String(), e.Key)
			by := bert
			if change.Action == "leave" {
				by = carl
			}
			assert.Contains(w, []string{by.JID().String(), by.LID().String()}, change.ByJID)
			actions = append(actions, change.Action)
		}
		assert.Equal(w, []string{"leave", "add", "promote"}, actions)
	})
}
