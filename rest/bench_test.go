package rest

import (
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"wagateway/graph"
	"wagateway/graph/auth"
	"wagateway/models"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/whatsapptest"
)

// The benchmarks list the members of a group over HTTP, in turn from the gateway
// and from a handler written by hand for nothing else: net/http, database/sql,
// encoding/json, one prepared statement, no credential. "ratio" is the gateway's
// requests per second over the hand-written handler's, in the same run.

func BenchmarkRESTMembers50(b *testing.B)           { benchmarkMembers(b, modelstest.SQLite, 50) }
func BenchmarkRESTMembers1024(b *testing.B)         { benchmarkMembers(b, modelstest.SQLite, 1024) }
func BenchmarkRESTMembers50Postgres(b *testing.B)   { benchmarkMembers(b, modelstest.Postgres, 50) }
func BenchmarkRESTMembers1024Postgres(b *testing.B) { benchmarkMembers(b, modelstest.Postgres, 1024) }

func benchmarkMembers(b *testing.B, dialect string, members int) {
	db := modelstest.Open(b, dialect)
	ctx := b.Context()
	_, err := db.Organizations.Ensure(ctx, whatsapptest.Organization, "")
	require.NoError(b, err)
	session := modelstest.Session(b, db, whatsapptest.Organization)
	snapshot := models.GroupSnapshot{JID: teamJID, Subject: "Team"}
	for i := range members {
		snapshot.Members = append(snapshot.Members, memberSnapshot(i))
	}
	_, err = db.Groups.Sync(ctx, session.ID, snapshot)
	require.NoError(b, err)
	_, secret, err := db.APIKeys.Create(ctx, models.NewAPIKey{OrganizationID: whatsapptest.Organization, Name: "bench", Capabilities: models.CapabilitySet{models.Read}})
	require.NoError(b, err)

	path := "/api/v1/sessions/" + session.ID + "/groups/" + teamJID + "/members"
	gateway := request(b, gatewayHandler(b, db), path, secret)
	byHand := request(b, handWritten(b, db, session.ID), path, "")
	require.JSONEq(b, byHand(), gateway(), "both give the same")

	var ours, theirs time.Duration
	for b.Loop() {
		start := time.Now()
		gateway()
		between := time.Now()
		byHand()
		ours += between.Sub(start)
		theirs += time.Since(between)
	}
	b.ReportMetric(0, "ns/op") // of both together: it says nothing
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "gateway-µs")
	b.ReportMetric(float64(theirs.Microseconds())/float64(b.N), "byhand-µs")
	b.ReportMetric(float64(theirs)/float64(ours), "ratio")
}

// request serves a handler and gives a function that asks it once.
func request(b *testing.B, h http.Handler, path, secret string) func() string {
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	r, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+path, nil)
	require.NoError(b, err)
	if secret != "" {
		r.Header.Set("x-api-key", secret)
	}
	return func() string {
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			b.Fatal(response.Status, err)
		}
		_ = response.Body.Close()
		return string(body)
	}
}

func gatewayHandler(b *testing.B, db *models.DB) http.Handler {
	whatsapptest.Trust(b)
	service, err := whatsapp.New(b.Context(), whatsapp.Config{WhatsAppURL: "ws://127.0.0.1:1"}, db)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, service.Close(whatsapptest.Within(b))) })
	authenticator, err := auth.New(auth.Config{}, db)
	require.NoError(b, err)
	gate, err := graph.NewGate()
	require.NoError(b, err)
	resolver := &graph.Resolver{DB: db, WhatsApp: service}
	h, err := New(Options{Resolver: resolver, Gate: gate, Auth: authenticator})
	require.NoError(b, err)
	return authenticator.Middleware(graph.WithLoaders(resolver, h))
}

// handWritten is what somebody would write who needs this one route.
func handWritten(b *testing.B, db *models.DB, session string) http.Handler {
	pool, dialect := db.WhatsmeowDB()
	query := `SELECT m.id, m.role, m.first_seen_at, m.last_seen_at, i.lid, i.phone_jid, i.contact_name, i.push_name, i.business_name
		FROM wa_groups g JOIN wa_group_members m ON m.group_id = g.id AND m.left_at = 0 JOIN identities i ON i.id = m.identity_id
		WHERE g.session_id = ? AND g.group_jid = ? ORDER BY m.id`
	if dialect == "postgres" {
		query = `SELECT m.id, m.role, m.first_seen_at, m.last_seen_at, i.lid, i.phone_jid, i.contact_name, i.push_name, i.business_name
		FROM wa_groups g JOIN wa_group_members m ON m.group_id = g.id AND m.left_at = 0 JOIN identities i ON i.id = m.identity_id
		WHERE g.session_id = $1 AND g.group_jid = $2 ORDER BY m.id`
	}
	statement, err := pool.PrepareContext(b.Context(), query)
	require.NoError(b, err)
	b.Cleanup(func() { _ = statement.Close() })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		members, err := scanMembers(r, statement, session)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"data": members, "nextCursor": ""})
	})
}

func scanMembers(r *http.Request, statement *sql.Stmt, session string) ([]GroupMember, error) {
	rows, err := statement.QueryContext(r.Context(), session, teamJID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var members []GroupMember
	for rows.Next() {
		m := GroupMember{SessionID: session, GroupJID: teamJID}
		var contact, push, business string
		if err := rows.Scan(&m.ID, &m.Role, &m.FirstSeenAt, &m.LastSeenAt, &m.LID, &m.PhoneJID, &contact, &push, &business); err != nil {
			return nil, err
		}
		if m.Role == "superadmin" {
			m.Role = "admin"
		}
		switch {
		case contact != "":
			m.Tag = contact
		case business != "":
			m.Tag = business
		case push != "":
			m.Tag = "~" + push
		}
		members = append(members, m)
	}
	return members, rows.Err()
}
