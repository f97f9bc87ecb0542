package whatsapp_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/whatsapp"
	"wagateway/whatsapp/whatsapptest"
)

// resumed is the number of sessions that a started service brings back.
const resumed = 20

// BenchmarkResume measures how long a new process needs, from making its service
// until 20 paired sessions work again.
func BenchmarkResume(b *testing.B) {
	w := whatsapptest.NewWorld(b, "sqlite")
	var ids []string
	for number := range resumed {
		session, _ := w.PairedSession(phoneNumber(number), fmt.Sprintf("Person %d", number))
		ids = append(ids, session.ID)
	}
	require.NoError(b, w.Service.Close(whatsapptest.Within(b)))
	for b.Loop() {
		service := w.NewService()
		require.NoError(b, service.Start(b.Context()))
		for _, id := range ids {
			whatsapptest.Wait(b, service, id, func(u whatsapp.PairingUpdate) bool {
				return u.Status == models.SessionWorking && service.Connected(id)
			})
		}
		b.StopTimer()
		require.NoError(b, service.Close(whatsapptest.Within(b)))
		b.StartTimer()
	}
}
