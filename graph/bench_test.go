package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

// BenchmarkMembers asks for a page of 100 members through the whole front.
func BenchmarkMembers(b *testing.B) {
	s := graphtest.New(b, modelstest.SQLite)
	key := s.Key(b, models.Read)
	session := s.SessionOf(b, graphtest.Organization)
	group := syncGroup(b, s, session.ID, 0, 1024)
	for name, selection := range map[string]string{
		"fields":  `id lid phoneJid role tag firstSeenAt lastSeenAt`,
		"contact": `lid role tag contact { name phoneNumber }`,
	} {
		body, err := json.Marshal(map[string]any{"query": fmt.Sprintf(
			`{ group(sessionId: %q, jid: %q) { members(first: 100) { nodes { %s } pageInfo { endCursor hasNextPage } } } }`,
			session.ID, group.JID, selection)})
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("X-Api-Key", key)
				w := httptest.NewRecorder()
				s.Handler.ServeHTTP(w, r)
				if w.Code != http.StatusOK || bytes.Contains(w.Body.Bytes(), []byte("errors")) {
					b.Fatal(w.Body.String())
				}
			}
		})
	}
}
