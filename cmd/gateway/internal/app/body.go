package app

import (
	"io"
	"net/http"
	"time"
)

// bodyTimeout is how long a request's body may take to arrive: ample for the
// megabyte that a request may have.
const bodyTimeout = time.Minute

// bodyDeadline makes bodies that arrive too slowly fail. [http.Server.ReadTimeout]
// would do that too, but it also ends every answer that takes longer, streams
// above all.
func bodyDeadline(limit time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength == 0 || r.Body == nil {
				next.ServeHTTP(w, r)
				return
			}
			connection := http.NewResponseController(w)
			// A connection that knows no deadlines, as in tests, has none.
			if connection.SetReadDeadline(time.Now().Add(limit)) == nil {
				r.Body = &timedBody{ReadCloser: r.Body, arrived: func() { _ = connection.SetReadDeadline(time.Time{}) }}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// timedBody says when it was read to its end.
type timedBody struct {
	io.ReadCloser

	arrived func()
}

// Read implements io.Reader.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.arrived()
	}
	return n, err
}
