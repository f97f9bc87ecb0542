package whatsapp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"wagateway/models"
)

func TestFactsAreHeldAgainstLateNotifications(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	yes, no, week, off := true, false, 604800, 0
	both := models.Person{LID: "1@lid", PhoneJID: "491700000001@s.whatsapp.net"}
	one := models.Person{LID: "1@lid"}
	other := models.Person{LID: "2@lid"}
	as := func(p models.Person, role models.MemberRole) []models.MemberSnapshot {
		return []models.MemberSnapshot{{Person: p, Role: role}}
	}
	for name, test := range map[string]struct {
		acted, told  models.GroupChange
		contradicted bool
	}{
		"the same subject":    {models.GroupChange{Subject: text("A")}, models.GroupChange{Subject: text("A")}, false},
		"another subject":     {models.GroupChange{Subject: text("A")}, models.GroupChange{Subject: text("B")}, true},
		"something else":      {models.GroupChange{Subject: text("A")}, models.GroupChange{Description: text("B")}, false},
		"description":         {models.GroupChange{Description: text("")}, models.GroupChange{Description: text("B")}, true},
		"announce":            {models.GroupChange{IsAnnounce: &yes}, models.GroupChange{IsAnnounce: &no}, true},
		"locked":              {models.GroupChange{IsLocked: &yes}, models.GroupChange{IsLocked: &yes}, false},
		"ephemeral":           {models.GroupChange{EphemeralSeconds: &week}, models.GroupChange{EphemeralSeconds: &off}, true},
		"added, added":        {models.GroupChange{Added: as(both, models.RoleMember)}, models.GroupChange{Added: as(one, models.RoleMember)}, false},
		"added, removed":      {models.GroupChange{Added: as(both, models.RoleMember)}, models.GroupChange{Removed: as(one, "")}, true},
		"removed, added":      {models.GroupChange{Removed: as(one, "")}, models.GroupChange{Added: as(both, models.RoleMember)}, true},
		"promoted, added":     {models.GroupChange{Added: as(both, models.RoleAdmin)}, models.GroupChange{Added: as(one, models.RoleMember)}, false},
		"promoted, demoted":   {models.GroupChange{Added: as(both, models.RoleAdmin)}, models.GroupChange{Roles: as(one, models.RoleMember)}, true},
		"demoted, promoted":   {models.GroupChange{Roles: as(both, models.RoleMember)}, models.GroupChange{Added: as(one, models.RoleAdmin)}, true},
		"somebody else added": {models.GroupChange{Removed: as(one, "")}, models.GroupChange{Added: as(other, models.RoleMember)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f facts
			now := time.Now()
			assert.False(t, f.contradicted(test.told, now), "nothing is known yet")
			f.learn(test.acted, now)
			assert.Equal(t, test.contradicted, f.contradicted(test.told, now))
			assert.True(t, f.fresh(now))
			assert.False(t, f.contradicted(test.told, now.Add(factLife)), "an act that long ago has nothing to do with it")
			assert.False(t, f.fresh(now.Add(factLife)))
			f.learn(models.GroupChange{}, now.Add(factLife))
			assert.Empty(t, f.known, "it is forgotten")
		})
	}
}
