package rest

import (
	"bytes"
	"net/http"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"

	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// lifeOfAFile is Bert sending a document, and a caller reading it.
func (s *stack) lifeOfAFile(expect expectation, session string, bert *wasim.Phone) {
	s.Helper()
	row, err := s.db.Sessions.Find(s.Context(), session)
	require.NoError(s, err)
	own, err := types.ParseJID(row.WAJID)
	require.NoError(s, err)
	data := bytes.Repeat([]byte("0123456789"), 1000)
	id, err := bert.SendMedia(whatsapptest.Within(s.T), own, wasim.Media{
		Kind: wasim.MediaDocument, Data: data, FileName: "offer ä.pdf", Caption: "read", MimeType: "application/pdf", Thumbnail: []byte{0xff, 0xd8, 1},
	})
	require.NoError(s, err)
	path := "/api/v1/sessions/" + session + "/messages/" + id + "/media"
	var a answer
	require.Eventually(s, func() bool {
		a = s.send("GET", path, s.key, "")
		return a.StatusCode == http.StatusOK
	}, whatsapptest.Patience, 10*time.Millisecond)
	a = expect("GET", path, "", 200, string(data))
	assert.Equal(s, "application/pdf", a.Header.Get("Content-Type"))
	assert.Equal(s, "attachment; filename*=utf-8''offer%20%C3%A4.pdf", a.Header.Get("Content-Disposition"))
	assert.Equal(s, "nosniff", a.Header.Get("X-Content-Type-Options"))
	etag := a.Header.Get("ETag")
	assert.Len(s, etag, 66)

	status, header, body := s.conditional(path, "Range", "bytes=10-14")
	assert.Equal(s, http.StatusPartialContent, status)
	assert.Equal(s, "01234", body)
	assert.Equal(s, "bytes 10-14/10000", header.Get("Content-Range"))
	status, _, body = s.conditional(path, "If-None-Match", etag)
	assert.Equal(s, http.StatusNotModified, status)
	assert.Empty(s, body)
	for _, file := range []string{path, path + "?thumbnail=true"} {
		status, header, body = s.conditional(file, "Range", "bytes=99999-")
		assert.Equal(s, http.StatusRequestedRangeNotSatisfiable, status)
		assert.JSONEq(s, `{"error":{"code":"validation_error","message":"the file has no such range","details":{"field":"Range","reason":"range_not_satisfiable"}}}`, body)
		assert.Equal(s, "application/json", header.Get("Content-Type"))
		assert.Contains(s, header.Get("Content-Range"), "bytes */")
		assert.Empty(s, header.Get("Content-Disposition")+header.Get("ETag"), "nothing of the file's")
	}

	a = s.send("GET", path+"?thumbnail=true", s.key, "")
	assert.Equal(s, "image/jpeg", a.Header.Get("Content-Type"))
	assert.Equal(s, "\xff\xd8\x01", a.body)
	a = s.send("GET", path+"?chat=491700000001%40s.whatsapp.net", s.key, "")
	assert.Equal(s, http.StatusOK, a.StatusCode)
	a = s.send("GET", path+"?chat=491799999999%40s.whatsapp.net", s.key, "")
	assert.Equal(s, http.StatusNotFound, a.StatusCode, a.body)
}

// conditional asks for a file with another header.
func (s *stack) conditional(path, header, value string) (int, http.Header, string) {
	s.Helper()
	a := s.send(http.MethodGet, path, s.key, "", header, value)
	return a.StatusCode, a.Header, a.body
}
