package whatsapp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/store"

	"wagateway/models"
	"wagateway/models/contract"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// states gives the states a session has gone through, as its events tell them:
// a watcher may miss one that does not last.
func states(t *testing.T, w *whatsapptest.World, sessionID string) []string {
	t.Helper()
	events, err := w.DB.Outbox.Next(t.Context(), 1000)
	require.NoError(t, err)
	var seen []string
	for _, event := range events {
		if event.SessionID != sessionID || event.Name != models.EventSessionStatus {
			continue
		}
		var shape contract.Session
		require.NoError(t, json.Unmarshal(event.Payload, &shape))
		seen = append(seen, strings.TrimSpace(shape.Status+" "+shape.StatusReason))
	}
	return seen
}

// next waits until a session that works has stopped working, and works again.
func next(t *testing.T, w *whatsapptest.World, sessionID string, disturb func()) {
	t.Helper()
	updates, err := w.Service.WatchSession(whatsapptest.Within(t), sessionID)
	require.NoError(t, err)
	before := (<-updates).Session.LastConnectedAt
	disturb()
	for u := range updates {
		if u.Status == models.SessionWorking && u.Session.LastConnectedAt > before {
			return
		}
	}
	require.Fail(t, "the session did not come back")
}

func TestLostConnectionComesBack(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, phone := w.PairedSession("491700000001", "Anna")
		for name, disturb := range map[string]func(){
			"cut":         func() { require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultDropSocket})) },
			"cut thrice":  func() { require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultOffline, Count: 3})) },
			"maintenance": func() { phone.StreamError(503) },
			"restart":     func() { phone.StreamError(515) },
			"unknown":     func() { phone.StreamError(599) },
		} {
			t.Log(name)
			next(t, w, session.ID, disturb)
		}
		assert.True(t, w.Service.Connected(session.ID))
	})
}

// WhatsApp ends the log-in and leaves the socket open, of which whatsmeow tells
// nobody.
func TestLoggedOffOnAnOpenSocket(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite,
		whatsapptest.WithSimulator(func(o *wasim.Options) { o.CloseGrace = time.Hour }),
		whatsapptest.WithTiming(func(t *whatsapp.Timing) { t.Health, t.Login = 50*time.Millisecond, 3*time.Second }))
	session, phone := w.PairedSession("491700000001", "Anna")
	next(t, w, session.ID, func() {
		// Said again, in case the socket was just being replaced.
		require.Eventually(t, func() bool {
			phone.StreamError(503)
			return !w.Service.Connected(session.ID)
		}, whatsapptest.Patience, 100*time.Millisecond)
	})
}

func TestStatesOfALostConnection(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite, whatsapptest.WithTiming(func(t *whatsapp.Timing) { t.MinBackOff = 100 * time.Millisecond }))
	session, _ := w.PairedSession("491700000001", "Anna")
	before := states(t, w, session.ID)
	next(t, w, session.ID, func() { require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultDropSocket})) })
	after := states(t, w, session.ID)
	require.Equal(t, "working", before[len(before)-1])
	assert.Equal(t, []string{"starting disconnected", "working"}, after[len(before):])
}

func TestReplaced(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, _ := w.PairedSession("491700000001", "Anna")
		require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultReplaced}))
		failed := w.Wait(session.ID, whatsapptest.Failed(models.ReasonReplaced)).Session
		assert.True(t, failed.Paired())
		_, err := w.Service.StartSession(t.Context(), session.ID)
		require.NoError(t, err)
		w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))
	})
}

func TestBan(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, _ := w.PairedSession("491700000001", "Anna")
		require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultBan, For: time.Second}))
		w.Wait(session.ID, whatsapptest.Failed(models.ReasonBanned))
		assert.False(t, w.Service.Connected(session.ID))
		w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))

		require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultBan}))
		w.Wait(session.ID, whatsapptest.Failed(models.ReasonLoggedOut))
	})
}

func TestClientOutdated(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session, _ := w.PairedSession("491700000001", "Anna")
		require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultClientOutdated, Count: 1}))
		w.Wait(session.ID, whatsapptest.Failed(models.ReasonClientOutdated))
		w.Wait(session.ID, whatsapptest.Status(models.SessionWorking))
	}, whatsapptest.WithTiming(func(t *whatsapp.Timing) { t.OutdatedRetry = 500 * time.Millisecond }))
}

func TestClientVersionFollowsWhatsApp(t *testing.T) {
	t.Parallel()
	newer := store.GetWAVersion()[2] + 5
	w := whatsapptest.NewWorld(t, modelstest.SQLite, whatsapptest.WithSimulator(func(o *wasim.Options) {
		o.MinimumRevision, o.LatestRevision = newer, newer
	}))
	// Whether the start has asked already or the refusal leads to it: it works.
	w.PairedSession("491700000001", "Anna")
	assert.NotEqual(t, newer, store.GetWAVersion()[2], "the package variable is left alone")
}

func TestProcessRestart(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		working, _ := w.PairedSession("491700000001", "Anna")
		stopped, _ := w.PairedSession("491700000002", "Bert")
		_, err := w.Service.StopSession(t.Context(), stopped.ID)
		require.NoError(t, err)
		replaced, _ := w.PairedSession("491700000003", "Carl")
		require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultReplaced, Phone: "491700000003"}))
		w.Wait(replaced.ID, whatsapptest.Failed(models.ReasonReplaced))
		unpaired := w.Session()
		_, err = w.Service.StartSession(t.Context(), unpaired.ID)
		require.NoError(t, err)
		w.Wait(unpaired.ID, showsQR)

		require.NoError(t, w.Service.Close(whatsapptest.Within(t)))
		row, err := w.DB.Sessions.Find(t.Context(), working.ID)
		require.NoError(t, err)
		assert.Equal(t, models.SessionStopped, row.Status)
		assert.True(t, row.Enabled, "what is wanted stays wanted")
		_, err = w.Service.StartSession(t.Context(), working.ID)
		requireFault(t, err, fault.Unavailable, fault.ReasonShuttingDown)
		require.NoError(t, w.Service.Close(whatsapptest.Within(t)), "closing twice")

		// A process that was killed leaves states behind that are not true.
		orphan, err := w.DB.Sessions.SetState(t.Context(), stopped.ID, models.SessionState{Status: models.SessionWorking})
		require.NoError(t, err)
		require.Equal(t, models.SessionWorking, orphan.Status)

		service := w.NewService()
		require.NoError(t, service.Start(t.Context()))
		whatsapptest.Wait(t, service, working.ID, whatsapptest.Status(models.SessionWorking))
		whatsapptest.Wait(t, service, unpaired.ID, showsQR)
		whatsapptest.Wait(t, service, stopped.ID, whatsapptest.Status(models.SessionStopped))
		whatsapptest.Wait(t, service, replaced.ID, whatsapptest.Failed(models.ReasonReplaced))
		assert.True(t, service.Connected(working.ID))
	})
}

func TestDeviceMissingInTheStore(t *testing.T) {
	t.Parallel()
	eachWhatsApp(t, func(t *testing.T, w *whatsapptest.World) {
		session := w.Session()
		_, err := w.DB.Sessions.SetPaired(t.Context(), session.ID, models.Pairing{DeviceJID: "491700000001:3@s.whatsapp.net", WAJID: "491700000001@s.whatsapp.net"})
		require.NoError(t, err)
		require.NoError(t, w.Service.Close(whatsapptest.Within(t)))
		service := w.NewService()
		_, err = service.StartSession(t.Context(), session.ID)
		require.NoError(t, err)
		out := whatsapptest.Wait(t, service, session.ID, func(u whatsapp.PairingUpdate) bool { return !u.Session.Paired() })
		assert.Equal(t, models.ReasonLoggedOut, out.StatusReason)
	})
}

func TestOneStuckSessionHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	w := whatsapptest.NewWorld(t, modelstest.SQLite, whatsapptest.WithService(func(c *whatsapp.Config) { c.MaxParallelStarts = 1 }))
	stuck, _ := w.PairedSession("491700000000", "Stuck")
	require.NoError(t, w.WhatsApp.SetFault(wasim.Fault{Kind: wasim.FaultOffline, Phone: "491700000000"}))
	w.Wait(stuck.ID, whatsapptest.Status(models.SessionStarting))
	const others = 12
	sessions := make([]string, others)
	for i := range sessions {
		sessions[i] = w.Session().ID
	}
	var all sync.WaitGroup
	for i, id := range sessions {
		phone := w.Phone(fmt.Sprintf("4917000001%02d", i), "Other")
		all.Go(func() {
			if _, err := w.Service.StartSession(t.Context(), id); !assert.NoError(t, err) {
				return
			}
			updates, err := w.Service.WatchPairing(whatsapptest.Within(t), id)
			if !assert.NoError(t, err) {
				return
			}
			last, scanned := whatsapp.PairingUpdate{}, false
			for last = range updates {
				if last.QR != nil && !scanned {
					scanned = assert.NoError(t, phone.ScanQR(whatsapptest.Within(t), last.QR.Code))
				}
			}
			assert.Equal(t, models.SessionWorking, last.Status)
		})
	}
	all.Wait()
	_, err := w.Service.StopSession(t.Context(), stuck.ID)
	require.NoError(t, err, "it still answers")
	w.WhatsApp.ClearFaults()
	_, err = w.Service.StartSession(t.Context(), stuck.ID)
	require.NoError(t, err)
	w.Wait(stuck.ID, whatsapptest.Status(models.SessionWorking))
}

// A server that takes connections and never says anything.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	whatsapptest.Trust(t)
	service, err := whatsapp.New(t.Context(), whatsapp.Config{WhatsAppURL: "ws://" + silent.Addr().String()}, modelstest.Open(t, modelstest.SQLite))
	require.NoError(t, err)
	session, err := service.CreateSession(t.Context(), whatsapp.NewSession{OrganizationID: "org", Start: true})
	require.NoError(t, err)
	assert.Equal(t, models.SessionStarting, session.Status)
	answered, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, command := range []func(context.Context, string) (*models.Session, error){
		service.StartSession, service.RestartSession, service.StopSession, service.RestartSession, service.LogoutSession, service.StartSession,
	} {
		_, err := command(answered, session.ID)
		require.NoError(t, err)
	}
	_, err = service.SessionQR(answered, session.ID)
	requireFault(t, err, fault.NotFound, fault.ReasonQRNotReady)
	hurried, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = service.SessionPairingCode(hurried, session.ID, "491700000001")
	requireFault(t, err, fault.Upstream, fault.ReasonTimeout)
	require.NoError(t, service.Close(answered), "it does not wait for who never answers")
}

// A server that upgrades to a websocket and then never says anything: whatsmeow's
// handshake waits 20 s for it.
func TestSilentHandshake(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 8)
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err == nil {
			defer func() { _ = socket.CloseNow() }()
			reached <- struct{}{}
			_, _, _ = socket.Read(r.Context()) // hello
			_, _, _ = socket.Read(r.Context()) // until it is cut
		}
	}))
	t.Cleanup(silent.Close)
	whatsapptest.Trust(t)
	service, err := whatsapp.New(t.Context(), whatsapp.Config{WhatsAppURL: "ws" + strings.TrimPrefix(silent.URL, "http")}, modelstest.Open(t, modelstest.SQLite))
	require.NoError(t, err)
	session, err := service.CreateSession(t.Context(), whatsapp.NewSession{OrganizationID: "org", Start: true})
	require.NoError(t, err)
	answered := whatsapptest.Within(t)
	for range 3 {
		select {
		case <-reached:
		case <-answered.Done():
			require.Fail(t, "nobody calls")
		}
		_, err = service.RestartSession(answered, session.ID)
		require.NoError(t, err)
	}
	closing, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, service.Close(closing))
}

// Not parallel, so that no other test's goroutines are there.
func TestCloseLeavesNothingRunning(t *testing.T) { //nolint:paralleltest // see above
	w := whatsapptest.NewWorld(t, modelstest.SQLite)
	for i := range 3 {
		w.PairedSession(fmt.Sprintf("49170000000%d", i), "Anna")
	}
	pairing := w.Session()
	_, err := w.Service.StartSession(t.Context(), pairing.ID)
	require.NoError(t, err)
	w.Wait(pairing.ID, showsQR) // a handshake would go on for a while
	require.NoError(t, w.Service.Close(whatsapptest.Within(t)))
	running := func() (left []string) {
		stacks := make([]byte, 1<<20)
		for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			ours := strings.Contains(stack, "wagateway/whatsapp.") || strings.Contains(stack, "go.mau.fi/whatsmeow.")
			if ours && !strings.Contains(stack, "testing.tRunner") {
				left = append(left, stack)
			}
		}
		return left
	}
	// whatsmeow's own goroutines end when they notice.
	require.Eventually(t, func() bool { return len(running()) == 0 }, 5*time.Second, 10*time.Millisecond, "%s", running())
}
