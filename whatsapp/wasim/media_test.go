package wasim_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/proto/waMmsRetry"
	"go.mau.fi/whatsmeow/types/events"

	"wagateway/whatsapp/wasim"
)

// picture sends an image from Bert's phone and gives it as Anna's client has it,
// as soon as Anna's phone has it too.
func picture(t *testing.T, anna, bert *wasim.Phone, a *client, data []byte) *events.Message {
	t.Helper()
	id, err := bert.SendMedia(within(t), anna.JID(), wasim.Media{Kind: wasim.MediaImage, Data: data})
	require.NoError(t, err)
	_, err = anna.WaitMessage(within(t), got(id))
	require.NoError(t, err)
	return want(a, having(id))
}

func TestMediaExpiresAndIsUploadedAgain(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	data := []byte("a picture")
	m := picture(t, anna, bert, a, data)
	image := m.Message.GetImageMessage()
	assert.Equal(t, 1, srv.ExpireMedia(image.GetDirectPath()))
	_, err := a.Download(within(t), image)
	require.ErrorIs(t, err, whatsmeow.ErrMediaDownloadFailedWith410)
	heardIt, ok := anna.Current(bert.LID(), m.Info.ID)
	require.True(t, ok)
	_, err = anna.Download(within(t), heardIt.PhoneMessage)
	require.ErrorIs(t, err, wasim.ErrNoMedia)

	ask := func() *events.MediaRetry {
		t.Helper()
		require.NoError(t, a.SendMediaRetryReceipt(within(t), &m.Info, image.GetMediaKey()))
		return want(a, func(r *events.MediaRetry) bool { return r.MessageID == m.Info.ID })
	}
	told, err := whatsmeow.DecryptMediaRetryNotification(ask(), image.GetMediaKey())
	require.NoError(t, err)
	assert.Equal(t, waMmsRetry.MediaRetryNotification_SUCCESS, told.GetResult())
	assert.NotEqual(t, image.GetDirectPath(), told.GetDirectPath())
	image.DirectPath = told.DirectPath
	again, err := a.Download(within(t), image)
	require.NoError(t, err)
	assert.Equal(t, data, again)

	// The own phone may have deleted the file.
	anna.ForgetMedia(true)
	_, err = whatsmeow.DecryptMediaRetryNotification(ask(), image.GetMediaKey())
	require.ErrorIs(t, err, whatsmeow.ErrMediaNotAvailableOnPhone)
	anna.ForgetMedia(false)
	_, err = whatsmeow.DecryptMediaRetryNotification(ask(), image.GetMediaKey())
	require.NoError(t, err)
	unknown := m.Info
	unknown.ID = "3AUNKNOWN"
	require.NoError(t, a.SendMediaRetryReceipt(within(t), &unknown, image.GetMediaKey()))
	_, err = whatsmeow.DecryptMediaRetryNotification(want(a, func(r *events.MediaRetry) bool { return r.MessageID == unknown.ID }), nil)
	require.ErrorIs(t, err, whatsmeow.ErrMediaNotAvailableOnPhone)

	assert.GreaterOrEqual(t, srv.RemoveMedia(""), 2)
	_, err = a.Download(within(t), image)
	require.ErrorIs(t, err, whatsmeow.ErrMediaDownloadFailedWith404)
}

func TestMediaFaults(t *testing.T) {
	t.Parallel()
	srv, anna, bert, a, _ := twoLinked(t)
	data := bytes.Repeat([]byte("picture"), 10_000)
	image := picture(t, anna, bert, a, data).Message.GetImageMessage()
	fault := func(f wasim.Fault) {
		t.Helper()
		f.Phone, f.Count = bert.Number(), 1
		require.NoError(t, srv.SetFault(f))
	}
	for code, wanted := range map[int]error{
		403: whatsmeow.ErrMediaDownloadFailedWith403, 404: whatsmeow.ErrMediaDownloadFailedWith404, 410: whatsmeow.ErrMediaDownloadFailedWith410,
	} {
		fault(wasim.Fault{Kind: wasim.FaultMediaStatus, Code: code})
		_, err := a.Download(within(t), image)
		require.ErrorIs(t, err, wanted)
	}
	fault(wasim.Fault{Kind: wasim.FaultMediaCorrupt})
	_, err := a.Download(within(t), image)
	require.ErrorIs(t, err, whatsmeow.ErrInvalidMediaEncSHA256)

	fault(wasim.Fault{Kind: wasim.FaultMediaCut})
	status, half, err := fetch(t, srv, image.GetDirectPath(), "")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, http.StatusOK, status)
	_, whole, err := fetch(t, srv, image.GetDirectPath(), "")
	require.NoError(t, err)
	assert.True(t, len(half) < len(whole) && bytes.HasPrefix(whole, half))

	fault(wasim.Fault{Kind: wasim.FaultMediaSlow, Delay: time.Hour})
	impatient, cancel := context.WithTimeout(within(t), 100*time.Millisecond)
	defer cancel()
	_, err = a.Download(impatient, image)
	require.Error(t, err)
	fault(wasim.Fault{Kind: wasim.FaultMediaSlow, Delay: time.Millisecond})
	again, err := a.Download(within(t), image)
	require.NoError(t, err)
	assert.Equal(t, data, again)

	// Uploads fail for the account that uploads.
	require.NoError(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultMediaUpload, Phone: anna.Number(), Count: 1, Code: 503}))
	_, err = a.Upload(within(t), data, whatsmeow.MediaImage)
	require.ErrorContains(t, err, "503")
	_, err = a.Upload(within(t), data, whatsmeow.MediaImage)
	require.NoError(t, err)
	require.ErrorIs(t, srv.SetFault(wasim.Fault{Kind: wasim.FaultMediaStatus, Code: 200}), wasim.ErrBadFault)
	assert.Empty(t, srv.Faults(), "each struck once")
}

// fetch asks the media server by HTTP, for a range if one is given.
func fetch(t *testing.T, srv *wasim.Server, directPath, span string) (int, []byte, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(within(t), http.MethodGet, "https://mmg.whatsapp.net"+directPath, nil)
	require.NoError(t, err)
	if span != "" {
		request.Header.Set("Range", span)
	}
	response, err := srv.Transport().RoundTrip(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

func TestMediaServer(t *testing.T) {
	t.Parallel()
	srv, _, bert, a, _ := twoLinked(t)
	small, large := []byte("0123456789"), bytes.Repeat([]byte("0123456789"), 100_000)
	for _, data := range [][]byte{small, large} {
		// Media of channels is not encrypted.
		up, err := a.UploadNewsletter(within(t), data, whatsmeow.MediaImage)
		require.NoError(t, err)
		again, err := a.UploadNewsletterReader(within(t), bytes.NewReader(data), whatsmeow.MediaDocument)
		require.NoError(t, err)
		assert.NotEqual(t, up.DirectPath, again.DirectPath)
		assert.NotEmpty(t, up.Handle)
		status, body, err := fetch(t, srv, up.DirectPath, "")
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, status)
		assert.Equal(t, data, body)
		status, body, err = fetch(t, srv, up.DirectPath, "bytes=2-4")
		require.NoError(t, err)
		assert.Equal(t, http.StatusPartialContent, status)
		assert.Equal(t, "234", string(body))
		status, _, err = fetch(t, srv, up.DirectPath, "bytes=99999999-")
		require.NoError(t, err)
		assert.Equal(t, http.StatusRequestedRangeNotSatisfiable, status)
		received, err := a.Download(within(t), &waE2E.ImageMessage{DirectPath: &up.DirectPath, FileSHA256: up.FileSHA256})
		require.NoError(t, err)
		assert.Equal(t, data, received)
		received, err = bert.Download(within(t), wasim.PhoneMessage{Message: &waE2E.Message{ImageMessage: &waE2E.ImageMessage{DirectPath: &up.DirectPath, FileSHA256: up.FileSHA256}}})
		require.NoError(t, err)
		assert.Equal(t, data, received)
	}
	status, _, err := fetch(t, srv, "/blob/unknown?ccb=1", "")
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, status)
	request, err := http.NewRequestWithContext(within(t), http.MethodPost, "http://"+srv.Addr()+"/mms/image/wrong?auth=x", strings.NewReader("data"))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, http.StatusUnsupportedMediaType, response.StatusCode, "the token must be the hash")
}

func TestPhoneRefusesSenselessMedia(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	anna, bert := addPhone(t, srv, "491700000001", "Anna"), addPhone(t, srv, "491700000002", "Bert")
	_, err := anna.SendMedia(within(t), bert.JID(), wasim.Media{Kind: "hologram", Data: []byte("x")})
	require.ErrorIs(t, err, wasim.ErrBadRequest)
	_, err = anna.SendMedia(within(t), bert.JID(), wasim.Media{Kind: wasim.MediaImage})
	require.ErrorIs(t, err, wasim.ErrBadRequest)
	_, err = anna.SendMedia(within(t), bert.JID(), wasim.Media{Kind: wasim.MediaDocument, Data: []byte("x")}, wasim.WithViewOnce())
	require.ErrorIs(t, err, wasim.ErrWrongKind)
	_, err = anna.Send(within(t), bert.JID(), nil)
	require.ErrorIs(t, err, wasim.ErrWrongKind)
	_, err = anna.SendLocation(within(t), bert.JID(), wasim.Place{}, wasim.WithLinkPreview(wasim.LinkPreview{URL: "x"}))
	require.ErrorIs(t, err, wasim.ErrWrongKind)
	_, err = anna.SendContact(within(t), bert.JID(), nil)
	require.ErrorIs(t, err, wasim.ErrWrongKind)
	_, err = anna.SendPoll(within(t), bert.JID(), wasim.Poll{Name: "?", Options: []string{"one"}, Selectable: 2})
	require.ErrorIs(t, err, wasim.ErrBadRequest)
	id, err := anna.SendText(within(t), bert.JID(), "text")
	require.NoError(t, err)
	_, err = bert.WaitMessage(within(t), got(id))
	require.NoError(t, err)
	for _, refused := range []func() error{
		func() error { _, err := bert.Revoke(within(t), anna.JID(), id); return err },
		func() error { _, err := bert.Edit(within(t), anna.JID(), id, "x"); return err },
	} {
		require.ErrorIs(t, refused(), wasim.ErrForbidden)
	}
	_, err = bert.Vote(within(t), anna.JID(), id, "x")
	require.ErrorIs(t, err, wasim.ErrWrongKind)
	_, err = bert.PollTally(anna.JID(), id)
	require.ErrorIs(t, err, wasim.ErrWrongKind)
	heardIt, ok := bert.Current(anna.JID(), id)
	require.True(t, ok)
	_, err = bert.Download(within(t), heardIt.PhoneMessage)
	require.ErrorIs(t, err, wasim.ErrWrongKind)
	for _, missing := range []func() error{
		func() error { _, err := anna.React(within(t), bert.JID(), "none", "x"); return err },
		func() error { _, err := anna.Edit(within(t), bert.JID(), "none", "x"); return err },
		func() error { _, err := anna.Revoke(within(t), bert.JID(), "none"); return err },
		func() error { _, err := anna.Forward(within(t), bert.JID(), "none", bert.JID()); return err },
		func() error { _, err := anna.PinMessage(within(t), bert.JID(), "none", true); return err },
	} {
		require.ErrorIs(t, missing(), wasim.ErrNoMessage)
	}
}

func TestMediaIsUploadedAgainForEveryChat(t *testing.T) {
	t.Parallel()
	inRooms(t, func(t *testing.T, r room) {
		id, err := r.bert.SendMedia(within(t), r.fromBert, wasim.Media{Kind: wasim.MediaVoice, Data: []byte("voice")})
		require.NoError(t, err)
		m := want(r.a, having(id))
		_, err = r.anna.WaitMessage(within(t), got(id))
		require.NoError(t, err, "the own phone has it")
		voice := m.Message.GetAudioMessage()
		r.srv.ExpireMedia("")
		require.NoError(t, r.a.SendMediaRetryReceipt(within(t), &m.Info, voice.GetMediaKey()))
		answer := want(r.a, func(e *events.MediaRetry) bool { return e.MessageID == id })
		assert.Equal(t, m.Info.Chat, answer.ChatID)
		told, err := whatsmeow.DecryptMediaRetryNotification(answer, voice.GetMediaKey())
		require.NoError(t, err)
		voice.DirectPath = told.DirectPath
		data, err := r.a.Download(within(t), voice)
		require.NoError(t, err)
		assert.Equal(t, "voice", string(data))
	})
}
