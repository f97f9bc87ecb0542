package graph_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/graph/graphtest"
	"wagateway/models"
)

// syncGroup stores a group with members; n tells groups apart.
func syncGroup(t testing.TB, s *graphtest.Server, sessionID string, n, members int) *models.Group {
	t.Helper()
	snapshot := models.GroupSnapshot{JID: fmt.Sprintf("12036304123456%04d@g.us", n), Subject: fmt.Sprintf("Group %d", n)}
	for i := range members {
		role := models.RoleMember
		if i%10 == 0 {
			role = models.RoleAdmin
		}
		snapshot.Members = append(snapshot.Members, models.MemberSnapshot{Role: role, Person: models.Person{
			LID:      fmt.Sprintf("%d@lid", 205227043110953+i),
			PhoneJID: fmt.Sprintf("%d@s.whatsapp.net", 6281234567890+i),
			PushName: fmt.Sprintf("Person %d", i),
		}})
	}
	group, err := s.DB.Groups.Sync(t.Context(), sessionID, snapshot)
	require.NoError(t, err)
	return group
}
