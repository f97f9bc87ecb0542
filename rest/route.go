package rest

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"wagateway/graph/gen"
	"wagateway/models/fault"
)

// spec is what a row says about itself besides its code.
type spec struct {
	// Operation is the contract's operationId.
	Operation string
	// Tag is the contract's tag, a group in the OpenAPI document.
	Tag string
	// Method and Pattern are the address; {name} is a path parameter.
	Method, Pattern string
	// Field is the schema field the row maps onto, "Mutation.addGroupMembers". Its
	// @capability is the row's permission; start-up refuses an unknown field.
	Field string
	// Status is the status of success. OtherStatus, unless 0, is another one, which
	// the shape tells (httpStatus).
	Status, OtherStatus int
	// Unprocessable says that a validation error is 422 once the body parses, an
	// oddity of the contract's.
	Unprocessable bool
	// Summary and Notes are for the OpenAPI document, Notes in Markdown.
	Summary, Notes string
	// Live says that the row asks WhatsApp: 501 while the session is not connected.
	Live bool
	// Background says that a live row only starts what asks WhatsApp: no 502.
	Background bool
	// MaxBody bounds the body, in bytes, where it may be larger than others'; 0: as
	// others.
	MaxBody int64
	// Examples are bodies for the OpenAPI document; none: the fields' own make one.
	Examples []bodyExample
	// Answers are, by status, what the document's example of an answer has besides
	// its shape's own example, or in place of it.
	Answers map[int]map[string]any
	// Ranges: parts of a file can be asked for, 206, 304 and 416 besides.
	Ranges bool
	// Faults are the codes the row may answer beyond those that follow from its
	// address and input (see [route.codes]).
	Faults []fault.Code
}

// route is a row with its types erased.
type route struct {
	spec
	// in is the zero input struct, out the zero shape, nil when the answer is empty
	// or no JSON.
	in, out any
	// media are the representations besides JSON.
	media []string
	// run binds, calls and answers. A returned error has written nothing.
	run func(a *api, w http.ResponseWriter, r *http.Request) error
	// fault is what makes the row unusable: an input type that cannot be bound.
	fault error
}

// representation is another form of a result than JSON, chosen by the caller's
// Accept header.
type representation[Out any] struct {
	mediaType string
	write     func(w http.ResponseWriter, result Out) error
}

// row makes the row of an operation that answers with a JSON shape. call binds
// to the resolver, a typed Go call; present gives the contract's shape.
func row[In, Out, Shape any](
	s spec,
	call func(ctx context.Context, root gen.ResolverRoot, in In) (Out, error),
	present func(Out) Shape,
	others ...representation[Out],
) route {
	var in In
	var out Shape
	rt := route{spec: s, in: in, out: out}
	for _, o := range others {
		rt.media = append(rt.media, o.mediaType)
	}
	bind, err := newBinder(reflect.TypeFor[In]())
	rt.fault = err
	rt.run = func(a *api, w http.ResponseWriter, r *http.Request) error {
		var in In
		if err := bind.bind(&in, w, r, max(a.maxBody, s.MaxBody)); err != nil {
			return a.sessionFirst(r, rt.Pattern, err)
		}
		result, err := call(r.Context(), a.root, in)
		if err != nil {
			return rt.judged(err)
		}
		if len(others) > 0 {
			w.Header().Set("Vary", "Accept")
			if i := negotiate(r.Header.Values("Accept"), rt.media); i >= 0 {
				return others[i].write(w, result)
			}
		}
		shape := present(result)
		status := rt.Status
		if s, tells := any(shape).(interface{ httpStatus() int }); tells {
			status = s.httpStatus()
		}
		writeJSON(w, status, shape)
		return nil
	}
	return rt
}

// act makes the row of an operation that answers 204 without a body.
func act[In, Out any](s spec, call func(ctx context.Context, root gen.ResolverRoot, in In) (Out, error)) route {
	var in In
	rt := route{spec: s, in: in}
	bind, err := newBinder(reflect.TypeFor[In]())
	rt.fault = err
	rt.run = func(a *api, w http.ResponseWriter, r *http.Request) error {
		var in In
		if err := bind.bind(&in, w, r, max(a.maxBody, s.MaxBody)); err != nil {
			return a.sessionFirst(r, rt.Pattern, err)
		}
		if _, err := call(r.Context(), a.root, in); err != nil {
			return rt.judged(err)
		}
		w.WriteHeader(rt.Status)
		return nil
	}
	return rt
}

// streamed makes the row of an operation whose answer has no end of its own, in a
// media type of its own. A returned error has written nothing.
func streamed[In any](s spec, mediaType string, serve func(a *api, w http.ResponseWriter, r *http.Request, in In) error) route {
	var in In
	rt := route{spec: s, in: in, media: []string{mediaType}}
	bind, err := newBinder(reflect.TypeFor[In]())
	rt.fault = err
	rt.run = func(a *api, w http.ResponseWriter, r *http.Request) error {
		var in In
		if err := bind.bind(&in, w, r, max(a.maxBody, s.MaxBody)); err != nil {
			return a.sessionFirst(r, rt.Pattern, err)
		}
		return serve(a, w, r, in)
	}
	return rt
}

// judged marks a validation error of a row that answers 422 once the body parses.
func (rt *route) judged(err error) error {
	if rt.Unprocessable && fault.Is(err, fault.Validation) {
		return unprocessable{err}
	}
	return err
}

// unprocessable is a validation error whose status is 422.
type unprocessable struct{ error }

// Unwrap gives the error itself.
func (u unprocessable) Unwrap() error { return u.error }

// ofSession reports whether the row is about one session.
func ofSession(pattern string) bool { return strings.Contains(pattern, "{session}") }

// codes gives every code the row may answer with, in the contract's order.
func (rt *route) codes() []fault.Code {
	may := map[fault.Code]bool{
		fault.Unauthorized: true, fault.Forbidden: true,
		fault.Unavailable: true, fault.Internal: true,
	}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(rt.in)) {
		if !f.Anonymous && f.Tag.Get("path") != "session" { // a session's id is known or not, never malformed
			may[fault.Validation] = true
		}
	}
	if strings.Contains(rt.Pattern, "{") {
		may[fault.NotFound] = true
	}
	if rt.Live {
		may[fault.NotImplemented], may[fault.Upstream] = true, !rt.Background
	}
	for _, c := range rt.Faults {
		may[c] = true
	}
	var codes []fault.Code
	for _, c := range fault.Codes() {
		if may[c] {
			codes = append(codes, c)
		}
	}
	return codes
}

// check refuses a row that cannot work.
func (rt *route) check(has func(field string) bool) error {
	switch {
	case rt.fault != nil:
		return fmt.Errorf("route %s: %w", rt.Operation, rt.fault)
	case !has(rt.Field):
		return fmt.Errorf("route %s: the schema has no field %s", rt.Operation, rt.Field)
	default:
		return nil
	}
}
