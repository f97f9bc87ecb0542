package models_test

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/modelstest"
)

// groupOf makes a snapshot of a group with n members.
func groupOf(jid string, n int) models.GroupSnapshot {
	snapshot := models.GroupSnapshot{JID: jid, Subject: "Project Team", OwnerJID: "6281000000000@s.whatsapp.net", Members: []models.MemberSnapshot{}}
	for i := range n {
		role := models.RoleMember
		if i%50 == 0 {
			role = models.RoleAdmin
		}
		snapshot.Members = append(snapshot.Members, models.MemberSnapshot{Role: role, Person: models.Person{
			LID: fmt.Sprintf("2052270%08d@lid", i), PhoneJID: fmt.Sprintf("62812%08d@s.whatsapp.net", i), PushName: fmt.Sprintf("Person %d", i),
		}})
	}
	return snapshot
}

func BenchmarkMembersList1024(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(dialect, func(b *testing.B) {
			db := modelstest.Open(b, dialect)
			session := modelstest.Session(b, db, "org")
			group, err := db.Groups.Sync(b.Context(), session.ID, groupOf("1@g.us", 1024))
			require.NoError(b, err)
			b.Run("store", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					list, err := db.Members.List(b.Context(), group.ID, models.MemberFilter{}, models.Page{})
					if err != nil || len(list.Items) != 1024 {
						b.Fatal(len(list.Items), err)
					}
				}
			})
			b.Run("store50", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					list, err := db.Members.List(b.Context(), group.ID, models.MemberFilter{}, models.Page{Limit: 50})
					if err != nil || len(list.Items) != 50 {
						b.Fatal(len(list.Items), err)
					}
				}
			})
			b.Run("plain", func(b *testing.B) { benchmarkPlainMembers(b, db, group.ID) })
		})
	}
}

// benchmarkPlainMembers is what a hand-written handler would do for REST's
// GroupMember, on database/sql alone.
func benchmarkPlainMembers(b *testing.B, db *models.DB, groupID int64) {
	b.ReportAllocs()
	pool, dialect := db.WhatsmeowDB()
	mark := "?"
	if dialect == "postgres" {
		mark = "$1"
	}
	statement, err := pool.PrepareContext(b.Context(), `SELECT m.id, m.role, m.first_seen_at, m.last_seen_at, g.session_id, g.group_jid,
		i.lid, i.phone_jid, i.contact_name, i.push_name, i.business_name
		FROM wa_groups g JOIN wa_group_members m ON m.group_id = g.id JOIN identities i ON i.id = m.identity_id
		WHERE g.id = `+mark+` AND m.left_at = 0 ORDER BY m.id`)
	require.NoError(b, err)
	defer func() { require.NoError(b, statement.Close()) }()
	for b.Loop() {
		rows, err := statement.QueryContext(b.Context(), groupID)
		if err != nil {
			b.Fatal(err)
		}
		var members []models.GroupMember
		for rows.Next() {
			var m models.GroupMember
			if err := scanPlain(rows, &m); err != nil {
				b.Fatal(err)
			}
			members = append(members, m)
		}
		if err := rows.Close(); err != nil || len(members) != 1024 {
			b.Fatal(len(members), err)
		}
	}
}

func scanPlain(rows *sql.Rows, m *models.GroupMember) error {
	return rows.Scan(&m.ID, &m.Role, &m.FirstSeenAt, &m.LastSeenAt, &m.SessionID, &m.GroupJID,
		&m.LID, &m.PhoneJID, &m.ContactName, &m.PushName, &m.BusinessName)
}

func BenchmarkSync1024(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(dialect, func(b *testing.B) {
			db := modelstest.Open(b, dialect)
			session := modelstest.Session(b, db, "org")
			b.Run("new", func(b *testing.B) {
				n := 0
				for b.Loop() {
					n++
					_, err := db.Groups.Sync(b.Context(), session.ID, groupOf(fmt.Sprintf("%d@g.us", n), 1024))
					require.NoError(b, err)
				}
			})
			b.Run("unchanged", func(b *testing.B) {
				snapshot := groupOf("1@g.us", 1024)
				for b.Loop() {
					_, err := db.Groups.Sync(b.Context(), session.ID, snapshot)
					require.NoError(b, err)
				}
			})
		})
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	for _, dialect := range []string{modelstest.SQLite, modelstest.Postgres} {
		b.Run(dialect, func(b *testing.B) {
			db := modelstest.Open(b, dialect)
			_, secret, err := db.APIKeys.Create(b.Context(), models.NewAPIKey{OrganizationID: "org", Capabilities: models.CapabilitySet{models.Read}})
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := db.APIKeys.Authenticate(b.Context(), secret); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
