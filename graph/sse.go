package graph

import (
	"context"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// eventsHeartbeat keeps proxies from closing a quiet stream.
const eventsHeartbeat = 15 * time.Second

// eventsPatience is how long a client may take for one event: who takes nothing
// holds a stream of its organization's.
const eventsPatience = 30 * time.Second

// serveEvents answers with server-sent events, the "distinct connections" of the
// GraphQL-over-SSE protocol: a "next" for each response, then "complete".
func serveEvents(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor, operation *graphql.OperationContext, errs gqlerror.List) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	h := w.Header()
	h.Set("Content-Type", mediaEvents+"; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	stream := http.NewResponseController(w)
	defer func() { _ = stream.SetWriteDeadline(time.Time{}) }() // the connection may serve more
	if send(w, stream, ":\n\n") != nil {
		return
	}
	heartbeat := time.NewTicker(eventsHeartbeat)
	defer heartbeat.Stop()
	responses := responsesOf(ctx, exec, operation, errs)
	for {
		select {
		case response, more := <-responses:
			if !more {
				_ = send(w, stream, "event: complete\ndata:\n\n")
				return
			}
			if send(w, stream, "event: next\ndata: "+string(response)+"\n\n") != nil {
				return
			}
			heartbeat.Reset(eventsHeartbeat)
		case <-heartbeat.C:
			if send(w, stream, ":\n\n") != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// send writes an event to a client that takes it in time, else fails.
func send(w http.ResponseWriter, stream *http.ResponseController, event string) error {
	// A connection that knows no deadlines, as in tests, has none.
	_ = stream.SetWriteDeadline(time.Now().Add(eventsPatience))
	if _, err := w.Write([]byte(event)); err != nil {
		return err
	}
	return stream.Flush()
}

// responsesOf runs the operation in a goroutine of its own, which ends with the
// operation or with ctx. It gives the responses encoded, because a
// subscription's data are only there until the next one is asked for.
func responsesOf(ctx context.Context, exec graphql.GraphExecutor, operation *graphql.OperationContext, errs gqlerror.List) <-chan []byte {
	responses := make(chan []byte)
	give := func(response *graphql.Response) (going bool) {
		body, err := encode(response)
		if err != nil {
			body = []byte(unencodable)
		}
		select {
		case responses <- body:
			return true
		case <-ctx.Done():
			return false
		}
	}
	go func() {
		defer close(responses)
		operationCtx := graphql.WithOperationContext(ctx, operation)
		defer func() {
			// No server's handler stands above this goroutine.
			if p := recover(); p != nil {
				give(exec.DispatchError(operationCtx, gqlerror.List{gqlerror.Wrap(operation.Recover(operationCtx, p))}))
			}
		}()
		var respond graphql.ResponseHandler
		if len(errs) > 0 {
			respond = graphql.OneShot(exec.DispatchError(operationCtx, errs))
		} else {
			respond, operationCtx = exec.DispatchOperation(operationCtx, operation)
		}
		for response := respond(operationCtx); response != nil; response = respond(operationCtx) {
			if !give(response) {
				return
			}
		}
	}()
	return responses
}
