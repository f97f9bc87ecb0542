package graph

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"wagateway/graph/auth"
	"wagateway/models/fault"
)

// httpTransport serves GraphQL over HTTP (graphql.github.io/graphql-over-http):
// POST with JSON, GET for queries, and both as server-sent events. A POST must
// say that it is JSON, which no form of another site can without being asked.
type httpTransport struct {
	maxBody   int64 // of anybody's POST
	maxUpload int64 // of one with a credential that was accepted
	log       *slog.Logger
}

// Supports implements [graphql.Transport]: it is the last one.
func (httpTransport) Supports(*http.Request) bool { return true }

// Do implements [graphql.Transport].
func (t httpTransport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	start := graphql.Now()
	request, status, refused := t.read(w, r)
	if refused != nil {
		writeRefusal(w, r, status, refused)
		return
	}
	request.Headers = r.Header
	request.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}

	ctx := r.Context()
	operation, errs := exec.CreateOperationContext(ctx, request)
	if len(errs) == 0 {
		status, refused = allowed(r, operation.Operation.Operation)
		if refused != nil {
			writeRefusal(w, r, status, refused)
			return
		}
	}
	if wantsEvents(r) {
		serveEvents(w, r, exec, operation, errs)
		return
	}
	if len(errs) > 0 {
		response := exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs)
		writeErrors(w, r, response.Errors)
		return
	}
	respond, ctx := exec.DispatchOperation(ctx, operation)
	response := respond(ctx)
	if response == nil { // out of time, or the caller has gone
		response = &graphql.Response{Errors: gqlerror.List{{Message: errTimeout.Message(), Extensions: extensionsOf(errTimeout)}}}
	}
	body, err := encode(response)
	write(w, mediaOf(r), http.StatusOK, body, err)
}

// allowed refuses what a method or a representation cannot carry.
func allowed(r *http.Request, operation ast.Operation) (status int, refused *gqlerror.Error) {
	switch {
	case r.Method == http.MethodGet && operation == ast.Mutation:
		return http.StatusMethodNotAllowed, refusal(codeOf(fault.Validation), "mutations need POST")
	case operation == ast.Subscription && !wantsEvents(r):
		return http.StatusNotAcceptable, refusal(codeOf(fault.Validation), "subscriptions need Accept: text/event-stream, or a websocket")
	default:
		return 0, nil
	}
}

// read takes the operation from the address or from the body.
func (t httpTransport) read(w http.ResponseWriter, r *http.Request) (request *graphql.RawParams, status int, refused *gqlerror.Error) {
	switch r.Method {
	case http.MethodGet:
		request, refused = fromQuery(r.URL.RawQuery)
		return request, http.StatusBadRequest, refused
	case http.MethodPost:
	default:
		return nil, http.StatusMethodNotAllowed, refusal(codeOf(fault.Validation), r.Method+" is not allowed here")
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return nil, http.StatusUnsupportedMediaType, refusal(codeOf(fault.Validation), "the Content-Type must be application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, t.limit(r)))
	if err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			f := fault.New(fault.Validation, fault.ReasonBodyTooLarge, "the body is too large").With("maxBytes", tooLarge.Limit)
			return nil, http.StatusRequestEntityTooLarge, &gqlerror.Error{Message: f.Message(), Extensions: extensionsOf(f)}
		}
		t.log.DebugContext(r.Context(), "reading the body failed", slog.Any("error", err))
		return nil, http.StatusBadRequest, refusal(codeOf(fault.Validation), "the body could not be read")
	}
	request, refused = fromBody(body)
	return request, http.StatusBadRequest, refused
}

// limit is how large a body may be: files are sent in it, but only by those who may
// do anything at all.
func (t httpTransport) limit(r *http.Request) int64 {
	if _, err := auth.ActorFrom(r.Context()); err != nil {
		return t.maxBody
	}
	return t.maxUpload
}

func fromBody(body []byte) (*graphql.RawParams, *gqlerror.Error) {
	body = bytes.TrimSpace(body)
	if len(body) > 0 && body[0] == '[' {
		return nil, refusal(codeOf(fault.Validation), "batches are not supported: send one operation in a request")
	}
	if !utf8.Valid(body) { // encoding/json would change the text instead
		return nil, refusal(codeOf(fault.Validation), "the body is not valid JSON: it is not UTF-8")
	}
	request := &graphql.RawParams{}
	if err := decode(body, request); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
			return nil, refusal(codeOf(fault.Validation), "the body's "+wrong.Field+" has the wrong type")
		}
		return nil, refusal(codeOf(fault.Validation), "the body must be a JSON object with a query")
	}
	return complete(request)
}

func fromQuery(raw string) (*graphql.RawParams, *gqlerror.Error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, refusal(codeOf(fault.Validation), "the query string is malformed")
	}
	request := &graphql.RawParams{Query: values.Get("query"), OperationName: values.Get("operationName")}
	for name, field := range map[string]*map[string]any{"variables": &request.Variables, "extensions": &request.Extensions} {
		if value := values.Get(name); value != "" {
			if err := decode([]byte(value), field); err != nil {
				return nil, refusal(codeOf(fault.Validation), name+" must be a JSON object")
			}
		}
	}
	return complete(request)
}

// decode reads exactly one JSON value. Numbers stay as they were written: an ID
// may be one.
func decode(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one JSON value")
	}
	return nil
}

// complete refuses a request without an operation; a persisted one needs no text.
func complete(request *graphql.RawParams) (*graphql.RawParams, *gqlerror.Error) {
	if request.Query == "" && request.Extensions["persistedQuery"] == nil {
		return nil, refusal(codeOf(fault.Validation), "query is required")
	}
	return request, nil
}
