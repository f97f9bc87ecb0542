package models_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

// BenchmarkReceive measures storing one message of a known person with its
// event, committed: by one session, and by as many at once as there are
// processors times eight, which share commits.
func BenchmarkReceive(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(dialect+"/alone", func(b *testing.B) {
			db := modelstest.Open(b, dialect)
			session := modelstest.Session(b, db, "org")
			for i := 0; b.Loop(); i++ {
				_, _, err := db.Messages.Receive(b.Context(), session.ID, incoming(fmt.Sprint(i)))
				require.NoError(b, err)
			}
		})
		b.Run(dialect+"/together", func(b *testing.B) {
			db := modelstest.Open(b, dialect)
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				session := modelstest.Session(b, db, "org")
				for i := 0; pb.Next(); i++ {
					_, _, err := db.Messages.Receive(b.Context(), session.ID, incoming(fmt.Sprint(i)))
					require.NoError(b, err)
				}
			})
		})
	}
}

// incoming is a text from Alice, by WhatsApp's id.
func incoming(id string) models.NewMessage {
	alice := models.Person{LID: "205227043110953@lid", PhoneJID: "6281234567890@s.whatsapp.net", PushName: "Alice"}
	return models.NewMessage{
		Chat: models.ChatAddress{Type: models.ChatDM, Person: alice}, Sender: alice,
		WAMessageID: id, Type: models.MessageText, Body: "hello " + id, AckLevel: models.AckDelivered,
		Timestamp: models.Now(), Raw: []byte("raw " + id),
	}
}
