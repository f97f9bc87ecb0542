package wasim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/proto/waWa6"
	"google.golang.org/protobuf/proto"
)

// inPieces gives data as messages of the size.
func inPieces(data []byte, size int) func() ([]byte, error) {
	return func() ([]byte, error) {
		if len(data) == 0 {
			return nil, io.EOF
		}
		piece := data[:min(size, len(data))]
		data = data[len(piece):]
		return piece, nil
	}
}

func FuzzFrameReader(f *testing.F) {
	f.Add([]byte{0, 0, 1, 7, 0, 0, 0, 0, 0, 2, 1, 2}, 1)
	f.Add([]byte{0xff, 0xff, 0xff}, 3)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size < 1 {
			size = 1
		}
		reader := frameReader{fetch: inPieces(data, size), limit: 1 << 12}
		var rebuilt []byte
		for {
			frame, err := reader.frame()
			if err != nil {
				require.True(t, errors.Is(err, io.EOF) || errors.Is(err, errFrameTooLarge), "%v", err)
				break
			}
			rebuilt, err = appendFrame(rebuilt, frame)
			require.NoError(t, err)
		}
		require.True(t, bytes.HasPrefix(data, rebuilt), "frames are cut out of the stream unchanged")
	})
}

func FuzzHandshake(f *testing.F) {
	authority, err := newTrust([]byte("fuzz"), time.Now())
	require.NoError(f, err)
	hello, err := proto.Marshal(&waWa6.HandshakeMessage{ClientHello: &waWa6.HandshakeMessage_ClientHello{Ephemeral: randomBytes(32)}})
	require.NoError(f, err)
	finish, err := proto.Marshal(&waWa6.HandshakeMessage{ClientFinish: &waWa6.HandshakeMessage_ClientFinish{Static: randomBytes(48), Payload: randomBytes(90)}})
	require.NoError(f, err)
	stream, err := appendFrame([]byte("WA\x06\x03"), hello)
	require.NoError(f, err)
	stream, err = appendFrame(stream, finish)
	require.NoError(f, err)
	f.Add(stream)
	f.Add([]byte("WA\x06\x03\x00\x00\x00"))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		reader := frameReader{fetch: inPieces(data, 7), limit: maxHandshakeFrame}
		_, err := authority.handshake(&reader, func([]byte) error { return nil })
		require.Error(t, err, "nobody gets in without the keys")
	})
}

func FuzzQR(f *testing.F) {
	const key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	f.Add("https://wa.me/settings/linked_devices#2@ref," + key + "," + key + "," + key + ",1")
	f.Add("2@ref," + key + "," + key + "," + key)
	f.Add("#,,,")
	f.Fuzz(func(t *testing.T, text string) {
		code, err := parseQR(text)
		if err != nil {
			require.ErrorIs(t, err, ErrBadCode)
			return
		}
		assert.NotEmpty(t, code.ref)
		assert.Len(t, code.advSecret, 32)
	})
}

func FuzzControl(f *testing.F) {
	srv, err := New(Options{RootSeed: []byte("fuzz")})
	require.NoError(f, err)
	f.Cleanup(func() { _ = srv.Close() })
	anna, err := srv.AddPhone("491700000001", "Anna")
	require.NoError(f, err)
	handler := srv.handler()
	f.Add("POST", "/phones", `{"phone":"491700000002","name":"Bert"}`)
	f.Add("POST", "/phones/491700000001/messages", `{"to":"491700000001","text":"x","count":2}`)
	f.Add("POST", "/phones/491700000001/groups", `{"subject":"x","participants":["491700000001"]}`)
	f.Add("PATCH", "/groups/1%40g.us", `{"ephemeral":1}`)
	channel, err := anna.CreateChannel(f.Context(), "Tides", "", nil)
	require.NoError(f, err)
	f.Add("POST", "/phones/491700000001/channels", `{"name":"x"}`)
	f.Add("POST", "/phones/491700000001/channels/"+channel.String()+"/messages", `{"text":"x","edit":1}`)
	f.Add("POST", "/phones/491700000001/channels/"+channel.String()+"/messages", `{"react":{"id":-1}}`)
	f.Add("POST", "/phones/491700000001/calls", `{"to":"491700000001"}`)
	f.Add("POST", "/phones/491700000001/calls/x/reject", "")
	f.Add("POST", "/groups/1@g.us/links", `{"link":["2@g.us"]}`)
	f.Add("POST", "/phones/491700000001/watch", `{"who":"491700000001"}`)
	f.Add("POST", "/faults", `{"kind":"slow","for":"1ns"}`)
	f.Add("POST", "/phones/491700000001/enter-code", `{"code":"ABCDEFGH"}`)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		request, err := http.NewRequest(method, "http://sim", strings.NewReader(body))
		if err != nil || path == "" || path[0] != '/' {
			t.Skip()
		}
		request.URL.Path = path
		request.RemoteAddr = "127.0.0.1:1"
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		require.NotEqual(t, http.StatusInternalServerError, recorder.Code, recorder.Body.String())
		if recorder.Code >= 400 && strings.HasPrefix(recorder.Header().Get("Content-Type"), "application/json") {
			var told map[string]string
			require.NoError(t, json.Unmarshal(recorder.Body.Bytes(), &told))
			require.NotEmpty(t, told["error"])
		}
	})
}

func TestControlAnswersThisMachineOnly(t *testing.T) {
	t.Parallel()
	srv, err := New(Options{})
	require.NoError(t, err)
	request := httptest.NewRequest(http.MethodGet, "/info", nil) // from 192.0.2.1
	recorder := httptest.NewRecorder()
	srv.handler().ServeHTTP(recorder, request)
	assert.Equal(t, http.StatusForbidden, recorder.Code)
}

func TestNewLIDsDoNotFollowFromNumbers(t *testing.T) {
	t.Parallel()
	one, err := New(Options{RootSeed: []byte("one")})
	require.NoError(t, err)
	same, err := New(Options{RootSeed: []byte("one")})
	require.NoError(t, err)
	other, err := New(Options{RootSeed: []byte("other")})
	require.NoError(t, err)
	lid := one.newLID("491700000001")
	assert.Len(t, lid, 15)
	assert.Equal(t, lid, same.newLID("491700000001"), "stable for a seed")
	assert.NotEqual(t, lid, other.newLID("491700000001"))
	assert.Equal(t, one.RootKey(), same.RootKey())
	assert.NotEqual(t, one.RootKey(), other.RootKey())
}

func TestJournalForgets(t *testing.T) {
	t.Parallel()
	j := journal[int, int]{limit: 10}
	for i := range 100 {
		j.put(i, i, nil)
	}
	kept := j.all()
	assert.LessOrEqual(t, len(kept), 15)
	assert.Equal(t, 99, kept[len(kept)-1])
	_, ok := j.get(0)
	assert.False(t, ok)
	last, ok := j.get(99)
	assert.True(t, ok)
	assert.Equal(t, 99, last)
	found, err := j.wait(t.Context(), func(n int) bool { return n == kept[0] })
	require.NoError(t, err)
	assert.Equal(t, kept[0], found)
}
