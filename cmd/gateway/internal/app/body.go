package app

import (
	"io"
	"net/http"
	"time"
)

const (
	// bodyTimeout is how long each [bodyPart] of a request's body may take to arrive.
	bodyTimeout = time.Minute
	// bodyPart is what most bodies are smaller than. Larger ones bring files, and the
	// fronts read those of callers with a credential only: whoever has none holds a
	// connection for one bodyTimeout.
	bodyPart = 1 << 20
)

// bodyDeadline makes bodies that arrive too slowly fail: limit is for each part of
// so many bytes. [http.Server.ReadTimeout] would do that too, but it also ends every
// answer that takes longer, streams above all.
func bodyDeadline(limit time.Duration, part int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength == 0 || r.Body == nil {
				next.ServeHTTP(w, r)
				return
			}
			connection := http.NewResponseController(w)
			// A connection that knows no deadlines, as in tests, has none.
			if connection.SetReadDeadline(time.Now().Add(limit)) == nil {
				r.Body = &timedBody{
					ReadCloser: r.Body, part: part, left: part,
					more:    func() { _ = connection.SetReadDeadline(time.Now().Add(limit)) },
					arrived: func() { _ = connection.SetReadDeadline(time.Time{}) },
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// timedBody says when a part of it, and when all of it, was read.
type timedBody struct {
	io.ReadCloser

	part, left int64 // left is what is missing of the part
	more       func()
	arrived    func()
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.arrived()
		return n, err
	}
	if b.left -= int64(n); b.left <= 0 {
		b.left = b.part
		b.more()
	}
	return n, err
}
