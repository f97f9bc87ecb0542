package rest

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// openAPI is the document, ready to validate answers.
type openAPI struct {
	mu      sync.Mutex // compilers are not for concurrent use
	schemas *jsonschema.Compiler
}

// newOpenAPI reads the document.
func newOpenAPI(t testing.TB) *openAPI {
	t.Helper()
	raw, err := OpenAPI("test")
	require.NoError(t, err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	require.NoError(t, compiler.AddResource("http://gateway/openapi.json", parsed))
	return &openAPI{schemas: compiler}
}

// validate holds an answer to what the document says of the operation's status.
func (d *openAPI) validate(rt *route, a answer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	escape := strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")
	response := "http://gateway/openapi.json#/paths/" + escape.Replace(rt.Pattern) + "/" + strings.ToLower(rt.Method) + "/responses/" + statusKey(a.StatusCode)
	if a.StatusCode >= http.StatusBadRequest {
		// Failures are references to components, all of the one shape.
		if _, described := describedStatuses(rt)[a.StatusCode]; !described {
			return errUndescribed
		}
		response = "http://gateway/openapi.json" + schemasPrefix + "Failure"
	} else if a.StatusCode == http.StatusNoContent || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		return nil
	} else {
		response += "/content/application~1json/schema"
	}
	schema, err := d.schemas.Compile(response)
	if err != nil {
		return err
	}
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(a.body))
	if err != nil {
		return err
	}
	return schema.Validate(instance)
}

func describedStatuses(rt *route) map[int]bool {
	statuses := map[int]bool{}
	for _, code := range rt.codes() {
		statuses[statusOf(code)] = true
	}
	if hasBody(*rt) {
		statuses[http.StatusRequestEntityTooLarge] = true
	}
	if rt.Unprocessable {
		statuses[http.StatusUnprocessableEntity] = true
	}
	if rt.Ranges {
		statuses[http.StatusRequestedRangeNotSatisfiable] = true
	}
	return statuses
}

var errUndescribed = errors.New("the document does not describe this status")

// routeOf finds the row of an address.
func routeOf(method, path string) *route {
	var found *route
	m := newMatcher(func(rt route) { found = &rt })
	m.ServeHTTP(newRecorder(), httptest.NewRequestWithContext(context.Background(), method, path, nil))
	return found
}

// newMatcher is a router that only tells which row an address belongs to.
func newMatcher(found func(route)) http.Handler {
	m := chi.NewRouter()
	m.Use(escapedPath)
	for _, rt := range table() {
		m.Method(rt.Method, rt.Pattern, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { found(rt) }))
	}
	return m
}
