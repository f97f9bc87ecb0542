package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
)

// maxPooled bounds the buffers kept between requests: a list of 1,024 members
// is about 300 KB, and one huge answer must not pin its memory for ever.
const maxPooled = 1 << 20

// pooledBuffer holds an answer until it is complete, so that it goes out in one
// write with its length, and so that a value that cannot be encoded is still an
// error and not half an answer.
type pooledBuffer struct {
	bytes.Buffer
	enc *json.Encoder
}

var buffers sync.Pool //nolint:gochecknoglobals // a cache

func newBuffer() *pooledBuffer {
	if b, ok := buffers.Get().(*pooledBuffer); ok {
		return b
	}
	b := new(pooledBuffer)
	b.enc = json.NewEncoder(&b.Buffer)
	b.enc.SetEscapeHTML(false)
	return b
}

// writeJSON answers with v: no HTML escaping, one trailing newline, the length
// known. Answers are private to the caller, so no cache may keep them.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b := newBuffer()
	defer func() {
		if b.Cap() <= maxPooled {
			b.Reset()
			buffers.Put(b)
		}
	}()
	if err := b.enc.Encode(v); err != nil {
		// Shapes hold strings, numbers and maps of them: only a bug gets here.
		http.Error(w, `{"error":{"code":"internal","message":"internal error","details":{}}}`, http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = noStore
	h["Content-Length"] = []string{strconv.Itoa(b.Len())}
	w.WriteHeader(status)
	// A failed write means that the caller is gone; there is nobody to tell.
	_, _ = w.Write(b.Bytes())
}

// Header values that never change; net/http only reads them.
var (
	jsonType = []string{"application/json"}
	noStore  = []string{"no-store"}
)
