package whatsapp_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/fault"
	"wagateway/whatsapp"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

func TestProfileIsUpdated(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna, bert := w.phone("Anna"), w.phone("Bert")
		session := w.link(anna)
		w.keysAreThere(session)
		row, err := w.svc.UpdateProfile(ctx, session, whatsapp.Profile{
			Name: new("Anna M."), About: new("At work"), Picture: new(base64.StdEncoding.EncodeToString(wide(w.T))),
		})
		require.NoError(w, err)
		assert.Equal(w, "Anna M.", row.PushName)
		w.hasName(session, anna, "", "Anna M.")
		require.Eventually(w, func() bool { return anna.Name() == "Anna M." }, whatsapptest.Patience, 10*time.Millisecond)
		about, _ := anna.About()
		assert.Equal(w, "At work", about)

		watcher := w.link(bert)
		picture, err := w.svc.ContactPicture(ctx, watcher, anna.JID().String(), false)
		require.NoError(w, err)
		seen, err := jpeg.DecodeConfig(bytes.NewReader(w.fetched(picture.URL)))
		require.NoError(w, err)
		assert.Equal(w, []int{640, 640}, []int{seen.Width, seen.Height})

		_, err = w.svc.UpdateProfile(ctx, session, whatsapp.Profile{RemovePicture: true, About: new("")})
		require.NoError(w, err)
		_, err = w.svc.ContactPicture(ctx, watcher, anna.JID().String(), false)
		is(w, err, fault.NotFound, "")
		about, _ = anna.About()
		assert.Empty(w, about)
		unchanged, err := w.svc.UpdateProfile(ctx, session, whatsapp.Profile{})
		require.NoError(w, err)
		assert.Equal(w, "Anna M.", unchanged.PushName)
	})
}

// wide draws a picture of 1,000 by 800 pixels.
func wide(t *testing.T) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 1000, 800))
	for x := range 1000 {
		picture.Set(x, 400, color.NRGBA{R: 200, A: 255})
	}
	var out bytes.Buffer
	require.NoError(t, png.Encode(&out, picture))
	return out.Bytes()
}

// fetched downloads from the simulated WhatsApp what has an address of the real one.
func (w *world) fetched(address string) []byte {
	w.Helper()
	given, err := url.Parse(address)
	require.NoError(w, err)
	server, err := url.Parse(w.srv.URL())
	require.NoError(w, err)
	request, err := http.NewRequestWithContext(w.Context(), http.MethodGet, "http://"+server.Host+given.RequestURI(), http.NoBody)
	require.NoError(w, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(w, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(w, http.StatusOK, response.StatusCode)
	body, err := io.ReadAll(response.Body)
	require.NoError(w, err)
	return body
}

func TestBadProfilesChangeNothing(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna := w.phone("Anna")
		session := w.link(anna)
		for field, bad := range map[string]whatsapp.Profile{
			"name":          {Name: new(" "), About: new("x")},
			"about":         {About: new(strings.Repeat("ä", 140)), Name: new("x")},
			"picture":       {Picture: new("not base64!"), Name: new("x")},
			"removePicture": {Picture: new("x"), RemovePicture: true, Name: new("x")},
		} {
			_, err := w.svc.UpdateProfile(ctx, session, bad)
			assert.Equal(w, field, is(w, err, fault.Validation, "").Details()["field"])
		}
		_, err := w.svc.UpdateProfile(ctx, session, whatsapp.Profile{Name: new(strings.Repeat("ä", 26))})
		is(w, err, fault.Validation, "")
		assert.Equal(w, "Anna", anna.Name())
		about, _ := anna.About()
		assert.Empty(w, about)
		_, err = w.svc.UpdateProfile(ctx, w.stopped(), whatsapp.Profile{About: new("x")})
		is(w, err, fault.NotImplemented, fault.ReasonNotConnected)
	})
}

// A change that WhatsApp refuses ends the changes, and says what was done by then.
func TestARefusedNameLeavesTheRest(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna := w.phone("Anna")
		session := w.link(anna)
		w.keysAreThere(session)
		require.NoError(w, w.srv.SetFault(wasim.Fault{Kind: wasim.FaultStateConflict, Phone: anna.Number()}))
		_, err := w.svc.UpdateProfile(ctx, session, whatsapp.Profile{Name: new("Anna M."), About: new("At work")})
		f := is(w, err, fault.Upstream, fault.ReasonWhatsApp)
		assert.Equal(w, []string{}, f.Details()["applied"])
		about, _ := anna.About()
		assert.Empty(w, about)
		w.srv.ClearFaults()
		row, err := w.svc.UpdateProfile(ctx, session, whatsapp.Profile{Name: new("Anna M."), About: new("At work")})
		require.NoError(w, err)
		assert.Equal(w, "Anna M.", row.PushName)
		about, _ = anna.About()
		assert.Equal(w, "At work", about)
	})
}

func TestPrivacySettings(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna := w.phone("Anna")
		session := w.link(anna)
		before, err := w.svc.PrivacySettings(ctx, session)
		require.NoError(w, err)
		assert.Equal(w, "all", before.Picture)
		after, err := w.svc.UpdatePrivacySettings(ctx, session, whatsapp.PrivacyChange{
			GroupAdd: "contacts", Picture: "none", ReadReceipts: "none", Online: "match_last_seen",
		})
		require.NoError(w, err)
		want := *before
		want.GroupAdd, want.Picture, want.ReadReceipts, want.Online = "contacts", "none", "none", "match_last_seen"
		assert.Equal(w, want, *after)
		settings := anna.Privacy()
		assert.Equal(w, []string{"contacts", "none", "none", "match_last_seen", "all"},
			[]string{settings["groupadd"], settings["profile"], settings["readreceipts"], settings["online"], settings["status"]})

		anna.SetPrivacy("last", "a word that is new")
		now, err := w.svc.PrivacySettings(ctx, session)
		require.NoError(w, err)
		assert.Empty(w, now.LastSeen)
		assert.Equal(w, "none", now.Picture)

		_, err = w.svc.UpdatePrivacySettings(ctx, session, whatsapp.PrivacyChange{About: "none", Online: "contacts"})
		assert.Equal(w, "online", is(w, err, fault.Validation, "").Details()["field"])
		assert.Equal(w, "all", anna.Privacy()["status"], "nothing is done by half")
		_, err = w.svc.PrivacySettings(ctx, w.stopped())
		is(w, err, fault.NotImplemented, fault.ReasonNotConnected)
	})
}

func TestTimerAndLink(t *testing.T) {
	t.Parallel()
	each(t, func(w *world) {
		ctx := w.Context()
		anna := w.phone("Anna")
		session := w.link(anna)
		for _, seconds := range []int{86_400, 604_800, 7_776_000, 0} {
			require.NoError(w, w.svc.SetDefaultDisappearingTimer(ctx, session, seconds))
			assert.Equal(w, time.Duration(seconds)*time.Second, anna.DefaultDisappearing())
		}
		for _, seconds := range []int{-1, 1, 86_401} {
			is(w, w.svc.SetDefaultDisappearingTimer(ctx, session, seconds), fault.Validation, "")
		}
		link, err := w.svc.ContactLink(ctx, session, false)
		require.NoError(w, err)
		assert.Equal(w, "https://wa.me/qr/"+anna.ContactLink(false), link)
		renewed, err := w.svc.ContactLink(ctx, session, true)
		require.NoError(w, err)
		assert.NotEqual(w, link, renewed)
		assert.Equal(w, "https://wa.me/qr/"+anna.ContactLink(false), renewed)
	})
}
