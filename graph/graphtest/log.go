package graphtest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/eventlog"
	"wagateway/whatsapp/outbound"
	"wagateway/whatsapp/webhook"
)

// OpenLog opens an event log of the test's own, closed at its end.
func OpenLog(t testing.TB, config eventlog.Config) *eventlog.Log {
	t.Helper()
	if config.Dir == "" {
		config.Dir = t.TempDir()
	}
	log, err := eventlog.Open(context.Background(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, log.Close(context.Background())) })
	return log
}

// Webhooks makes a service of webhooks for public addresses. It delivers
// nothing: nobody runs it.
func Webhooks(db *models.DB, log *eventlog.Log) *webhook.Service {
	return webhook.New(webhook.Config{DB: db, Log: log, Guard: outbound.New(outbound.Config{})})
}

// EventOf makes an event that happened now.
func EventOf(organization, session string, name models.EventName, payload any) eventlog.Event {
	body, err := json.Marshal(payload)
	if err != nil {
		panic(fmt.Sprintf("a payload that is no JSON: %v", err)) // a mistake of the test's own
	}
	return eventlog.Event{
		ID: "evt_" + ulid.Make().String(), Organization: organization, Session: session, Name: string(name),
		At: time.Now().UnixMilli(), Payload: body,
	}
}

// Append puts events into a log.
func Append(t testing.TB, log *eventlog.Log, events ...eventlog.Event) {
	t.Helper()
	require.NoError(t, log.Append(context.Background(), events))
}

// IDs gives the ids of events.
func IDs(events []eventlog.Event) []string {
	ids := make([]string, len(events))
	for i, event := range events {
		ids[i] = event.ID
	}
	return ids
}
