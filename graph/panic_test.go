package graph_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

// A panic is one caller's internal error and nobody's end, on every transport:
// resolvers run in goroutines above which no handler stands.
func TestPanic(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	session := s.SessionOf(t, graphtest.Organization)
	key := s.Key(t, models.Read, models.Manage)
	query := `{ viewer { userId } sessions { nodes { id connected } } session(id: "` + session.ID + `") { connected } }`
	service := s.Resolver.WhatsApp
	s.Resolver.WhatsApp = nil // Connected panics
	t.Cleanup(func() { s.Resolver.WhatsApp = service })

	answer := s.Post(t, key, query, nil)
	assert.Equal(t, http.StatusOK, answer.Status)
	assert.Equal(t, "INTERNAL", answer.Code(), answer.Body)
	assert.Equal(t, "internal error", answer.Errors[0].Message)

	events := s.Subscribe(t, key, query, nil)
	assert.Equal(t, "INTERNAL", events.Next(t).Code())
	assert.Nil(t, events.Next(t))
	events = s.Subscribe(t, key, `subscription { pairing(sessionId: "`+session.ID+`") { status } }`, nil)
	assert.Equal(t, "INTERNAL", events.Next(t).Code())

	socket := s.Open(t, map[string]any{"x-api-key": key})
	socket.Subscribe(t, "1", query, nil)
	assert.Equal(t, "INTERNAL", socket.Next(t).Response(t).Code())
	require.Empty(t, s.Post(t, key, `{ viewer { userId } }`, nil).Errors, "it goes on")
}
