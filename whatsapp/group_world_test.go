package whatsapp_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// soon is how long a change may take from WhatsApp to the database: well under a
// second, but all tests run at once, perhaps on two cores. slowly is for what has
// to connect first.
const (
	soon   = 3 * time.Second
	slowly = 15 * time.Second
)

// numbers gives every phone of the test binary a number of its own.
var numbers atomic.Int64

// addressings are the two ways in which groups name their members.
func addressings() []types.AddressingMode {
	return []types.AddressingMode{types.AddressingModeLID, types.AddressingModePN}
}

// world is a simulated WhatsApp and a gateway in front of it.
type world struct {
	*testing.T
	sim      *whatsapptest.World
	srv      *wasim.Server
	db       *models.DB
	svc      *whatsapp.Service
	numberOf sync.Map // LID → phone JID
}

func newWorld(t *testing.T, db *models.DB) *world {
	t.Helper()
	sim := whatsapptest.NewWorldOn(t, db)
	return &world{T: t, sim: sim, srv: sim.WhatsApp, db: db, svc: sim.Service}
}

// stop is the end of the process, start the next one's beginning.
func (w *world) stop() {
	w.Helper()
	require.NoError(w, w.svc.Close(whatsapptest.Within(w)))
}

func (w *world) start() {
	w.Helper()
	w.svc = w.sim.NewService()
	require.NoError(w, w.svc.Start(w.Context()))
}

// link makes a session, pairs it with a phone and waits until it works.
func (w *world) link(phone *wasim.Phone) (session string) {
	w.Helper()
	session = w.stopped()
	w.sim.Pair(session, phone)
	w.sim.Wait(session, whatsapptest.Status(models.SessionWorking))
	return session
}

// stopped makes a session that is not connected.
func (w *world) stopped() (session string) {
	w.Helper()
	return w.sim.Session().ID
}

// eachWorld runs a test on both databases and for both kinds of groups.
func eachWorld(t *testing.T, test func(w *world, mode types.AddressingMode)) {
	t.Helper()
	for _, mode := range addressings() {
		t.Run("addressing "+string(mode), func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) { test(newWorld(t, db), mode) })
		})
	}
}

// phone adds an account to the simulated WhatsApp.
func (w *world) phone(name string) *wasim.Phone {
	w.Helper()
	p, err := w.srv.AddPhone(fmt.Sprintf("49170%07d", numbers.Add(1)), name)
	require.NoError(w, err)
	w.numberOf.Store(p.LID(), p.JID())
	return p
}

// phones adds several.
func (w *world) phones(n int) (phones []*wasim.Phone, jids []types.JID) {
	w.Helper()
	for i := range n {
		p := w.phone(fmt.Sprintf("Person %d", i))
		phones, jids = append(phones, p), append(jids, p.JID())
	}
	return phones, jids
}

// group has a phone create a group.
func (w *world) group(creator *wasim.Phone, mode types.AddressingMode, members ...*wasim.Phone) types.JID {
	w.Helper()
	spec := wasim.GroupSpec{Subject: "Project Team", Addressing: mode}
	for _, m := range members {
		spec.Members = append(spec.Members, m.JID())
	}
	jid, _, err := creator.CreateGroupFrom(w.Context(), spec)
	require.NoError(w, err)
	return jid
}

// eventually looks again after each stored change until check finds nothing
// wrong, and fails with what it found last.
func (w *world) eventually(patience time.Duration, check func(t *recorder)) {
	w.Helper()
	changed, stop := w.svc.WatchStored()
	defer stop()
	deadline := time.After(patience)
	for {
		found := &recorder{}
		check(found)
		if len(found.wrong) == 0 {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			require.FailNow(w, "not in time", "after %s:\n%s", patience, strings.Join(found.wrong, "\n"))
		}
	}
}

// recorder collects what assertions find wrong.
type recorder struct{ wrong []string }

func (r *recorder) Errorf(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Sprintf(format, args...))
}

// fine records an error without ending the test, for what is looked at again.
func fine(t assert.TestingT, err error) bool {
	if err != nil {
		t.Errorf("unexpected: %s", err.Error())
	}
	return err == nil
}

// isTrue asserts that a session's stored group is what WhatsApp's server knows.
func (w *world) isTrue(t assert.TestingT, session string, jid types.JID) {
	truth, exists := w.srv.Group(jid)
	if !assert.True(t, exists, "the server knows the group") {
		return
	}
	stored, err := w.db.Groups.Get(w.Context(), session, jid.String())
	if fine(t, err) {
		assert.Equal(t, w.describe(truth), describeStored(w, t, stored))
	}
}

// soonTrue waits for isTrue.
func (w *world) soonTrue(session string, jid types.JID) {
	w.Helper()
	w.eventually(soon, func(t *recorder) { w.isTrue(t, session, jid) })
}

// description is a group in a form both sides can be brought to.
type description struct {
	Subject, Description, Owner      string
	Announce, Locked, Approval, InIt bool
	AddMode                          string
	Ephemeral, Count                 int
	CreatedAt                        models.Millis
	Members                          []string
}

func (w *world) describe(g wasim.GroupInfo) description {
	d := description{
		Subject: g.Subject, Description: g.Description, Announce: g.Announce, Locked: g.Locked, Approval: g.ApprovalRequired,
		AddMode: string(g.MemberAddMode), Ephemeral: int(g.Ephemeral), Count: len(g.Members), InIt: true,
		CreatedAt: models.MillisOf(g.CreatedAt.Truncate(time.Second)),
	}
	for _, m := range g.Members {
		role := models.MemberRole(m.Role)
		if role == "" {
			role = models.RoleMember
		}
		d.Members = append(d.Members, fmt.Sprintf("%s %s %s", m.LID, m.PhoneNumber, role))
	}
	slices.Sort(d.Members)
	if number, known := w.numberOf.Load(g.Creator); known {
		d.Owner = number.(types.JID).String()
	}
	return d
}

func describeStored(w *world, t assert.TestingT, g *models.Group) description {
	d := description{
		Subject: g.Subject, Description: g.Description, Owner: g.OwnerJID, Announce: g.IsAnnounce, Locked: g.IsLocked,
		Approval: g.JoinApproval, AddMode: g.MemberAddMode, Ephemeral: g.EphemeralSeconds, Count: g.ParticipantCount,
		InIt: g.LeftAt == 0, CreatedAt: g.CreatedAtWA,
	}
	members, err := w.db.Members.List(w.Context(), g.ID, models.MemberFilter{}, models.Page{})
	fine(t, err)
	for _, m := range members.Items {
		d.Members = append(d.Members, fmt.Sprintf("%s %s %s", m.LID, m.PhoneJID, m.Role))
	}
	slices.Sort(d.Members)
	return d
}

// member gives the row of somebody who is or was in a group.
func (w *world) member(session string, group types.JID, who *wasim.Phone) *models.GroupMember {
	w.Helper()
	g, err := w.db.Groups.Get(w.Context(), session, group.String())
	require.NoError(w, err)
	m, err := w.db.Members.Find(w.Context(), g.ID, who.LID().String())
	require.NoError(w, err)
	return m
}

// is asserts a fault of a code and reason.
func is(t testing.TB, err error, code fault.Code, reason fault.Reason) *fault.Error {
	t.Helper()
	require.Error(t, err)
	f := fault.From(err)
	require.Equal(t, code, f.Code(), "%v", err)
	require.Equal(t, reason, f.Reason(), "%v", err)
	return f
}

// names gives the addresses of phones as the gateway's callers write them.
func names(phones ...*wasim.Phone) []string {
	given := make([]string, len(phones))
	for i, p := range phones {
		given[i] = p.JID().String()
	}
	return given
}
