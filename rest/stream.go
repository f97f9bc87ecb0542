package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"wagateway/graph/auth"
	"wagateway/models/eventlog"
	"wagateway/models/fault"
	"wagateway/whatsapp/stream"
)

const mediaEvents = "text/event-stream"

// batchBytes is about how much is written to a client at once.
const batchBytes = 64 << 10

// reconnectAfter is what EventSource is told to wait before it connects again.
const reconnectAfter = "retry: 2000\n"

// serveEvents is the stream of Server-Sent Events. What fails before the first
// byte is a returned error, which becomes JSON; after it, an event "error".
func (a *api) serveEvents(w http.ResponseWriter, r *http.Request, in inEvents) error {
	actor, err := auth.ActorFrom(r.Context())
	if err != nil {
		return err
	}
	events, err := a.core.OpenEvents(r.Context(), in.filter())
	if err != nil {
		return err
	}
	defer events.Close()
	h := w.Header()
	h.Set("Content-Type", mediaEvents)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	ctx, end := a.auth.WhileValid(r.Context(), actor, a.timing.Recheck)
	defer end(nil)
	a.writeEvents(ctx, w, events)
	return nil
}

// writeEvents writes a stream to its end, and why it ends.
func (a *api) writeEvents(ctx context.Context, w http.ResponseWriter, events *stream.Stream) {
	out := eventWriter{w: w, connection: http.NewResponseController(w), timeout: a.timing.WriteTimeout}
	defer out.done()
	err := out.run(ctx, events, a.timing.Heartbeat)
	if f := endOf(ctx, err); f != nil {
		a.logFault(ctx, "streamEvents", f, err)
		out.fail(f)
	}
}

// endOf gives what the client of a stream is to be told of its end: nothing when
// it has gone away itself, or when everything ends.
func endOf(ctx context.Context, err error) *fault.Error {
	if cause := context.Cause(ctx); fault.Is(cause, fault.Unauthorized) {
		return fault.From(cause)
	}
	if gone := ctx.Err() != nil || errors.Is(err, errGone); gone {
		return nil
	}
	return fault.From(err)
}

// errGone says that a client takes nothing any more.
var errGone = errors.New("the client is gone")

// eventWriter writes Server-Sent Events.
type eventWriter struct {
	w          http.ResponseWriter
	connection *http.ResponseController
	timeout    time.Duration

	pending bytes.Buffer
	cursor  string // the id that the client knows to continue behind
}

// run writes events, and signs of life, until one of them fails or ctx ends.
func (o *eventWriter) run(ctx context.Context, events *stream.Stream, heartbeat time.Duration) error {
	o.pending.WriteString(reconnectAfter)
	o.putCursor(events.Cursor())
	for {
		o.pending.WriteByte('\n')
		if err := o.flush(); err != nil {
			return err
		}
		beat, cancel := context.WithTimeout(ctx, heartbeat)
		err := o.relay(beat, events)
		cancel()
		if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		// Who hears little must not fall behind the retention.
		o.pending.WriteString(":\n")
		o.putCursor(events.Cursor())
	}
}

// relay writes events until reading or writing fails: those that are at hand
// together, so that a client that catches up costs few writes.
func (o *eventWriter) relay(ctx context.Context, events *stream.Stream) error {
	for {
		event, err := events.Next(ctx)
		if err != nil {
			return err
		}
		for more := true; more && err == nil; {
			if err = o.put(event); err != nil || o.pending.Len() >= batchBytes {
				break
			}
			event, more, err = events.Ready()
		}
		if failed := o.flush(); failed != nil {
			return failed
		}
		if err != nil {
			return err
		}
	}
}

func (o *eventWriter) put(event eventlog.Event) error {
	envelope, err := event.Envelope()
	if err != nil {
		return err
	}
	o.cursor = event.ID
	for _, part := range []string{"id: ", event.ID, "\nevent: ", event.Name, "\ndata: "} {
		o.pending.WriteString(part)
	}
	o.pending.Write(envelope) // has no line break
	o.pending.WriteString("\n\n")
	return nil
}

// putCursor tells the client an id to continue behind, without an event:
// EventSource keeps it.
func (o *eventWriter) putCursor(id string) {
	if id != "" && id != o.cursor {
		o.cursor = id
		o.pending.WriteString("id: " + id + "\n")
	}
}

// fail writes the reason why the stream ends.
func (o *eventWriter) fail(f *fault.Error) {
	body, err := json.Marshal(presentFault(f))
	if err != nil {
		return // shapes hold strings and numbers only
	}
	o.pending.WriteString("event: error\ndata: ")
	o.pending.Write(body)
	o.pending.WriteString("\n\n")
	_ = o.flush() // nobody is left to tell
}

func (o *eventWriter) flush() error {
	// A connection that knows no deadlines, as in tests, has none.
	_ = o.connection.SetWriteDeadline(time.Now().Add(o.timeout))
	_, err := o.w.Write(o.pending.Bytes())
	if err == nil {
		err = o.connection.Flush()
	}
	if o.pending.Cap() > 2*batchBytes { // a large event must not pin its memory
		o.pending = bytes.Buffer{}
	}
	o.pending.Reset()
	if err != nil {
		return errors.Join(errGone, err)
	}
	return nil
}

// done lets the connection serve further requests.
func (o *eventWriter) done() { _ = o.connection.SetWriteDeadline(time.Time{}) }
