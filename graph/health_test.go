package graph_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

func TestHealthOfASessionThatDoesNotRun(t *testing.T) {
	t.Parallel()
	s := graphtest.New(t, modelstest.SQLite)
	session := s.SessionOf(t, graphtest.Organization)
	r := s.Post(t, s.Key(t, models.Read), `{ session(id: "`+session.ID+`") {
		health { received stored duplicates failed lastReceivedAt lastRoundTripAt phoneSeenAt phoneOnline } } }`, nil)
	require.Empty(t, r.Errors, r.Body)
	assert.JSONEq(t, `{"session":{"health":{"received":0,"stored":0,"duplicates":0,"failed":0,
		"lastReceivedAt":null,"lastRoundTripAt":null,"phoneSeenAt":null,"phoneOnline":null}}}`, string(r.Data))
}
