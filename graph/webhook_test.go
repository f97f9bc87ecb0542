package graph_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"wagateway/graph/graphtest"
	"wagateway/models"
	"wagateway/models/modelstest"
)

// TestLedgersAreReadTogether: as many statements for 25 webhooks as for one.
func TestLedgersAreReadTogether(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			counter := modelstest.CountStatements()
			s := graphtest.New(t, dialect, func(setup *graphtest.Setup) {
				setup.Database = append(setup.Database, counter.Hook())
			})
			key := s.Key(t, models.Manage)
			const question = `{ webhooks(first: 25) { totalCount nodes { url customHeaders { name }
				deliveries(first: 5) { totalCount nodes { id } } failed: deliveries(first: 5, status: FAILED) { nodes { id } } } } }`
			ask := func() (statements []string, nodes int) {
				var answer struct {
					Webhooks struct{ Nodes []struct{ URL string } }
				}
				statements = counter.Fewest(func() { s.Get(t, key, question, nil, &answer) })
				return statements, len(answer.Webhooks.Nodes)
			}
			ownWebhook(t, s, graphtest.Organization)
			_, _ = ask() // the key's use is noted once a minute
			few, one := ask()
			assert.Equal(t, 1, one)
			for range 24 {
				ownWebhook(t, s, graphtest.Organization)
			}
			many, all := ask()
			assert.Equal(t, 25, all)
			assert.Len(t, many, len(few), "25 webhooks:\n%s\n1 webhook:\n%s", strings.Join(many, "\n"), strings.Join(few, "\n"))
		})
	}
}
