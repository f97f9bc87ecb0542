package rest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// spec31 is as much of an OpenAPI document as the tests look at.
type spec31 struct {
	OpenAPI string `json:"openapi"`
	Info    struct{ Version string }
	Tags    []struct{ Name, Description string }
	Paths   map[string]map[string]struct {
		OperationID, Summary, Description string
		Tags                              []string
		Security                          []map[string][]string
		Parameters                        []struct {
			Name, In, Description string
			Required              bool
		}
		RequestBody *struct{ Content map[string]any }
		Responses   map[string]any
	}
	Components struct {
		Schemas         map[string]any
		Responses       map[string]any
		SecuritySchemes map[string]any
	}
}

func readDocument(t *testing.T) (spec31, []byte) {
	t.Helper()
	raw, err := OpenAPI("1.2.3")
	require.NoError(t, err)
	var doc spec31
	require.NoError(t, json.Unmarshal(raw, &doc))
	return doc, raw
}

func TestOpenAPIDescribesEveryRow(t *testing.T) {
	t.Parallel()
	doc, _ := readDocument(t)
	assert.Equal(t, "3.1.0", doc.OpenAPI)
	assert.Equal(t, "1.2.3", doc.Info.Version)
	assert.Contains(t, doc.Components.SecuritySchemes, "bearer")
	assert.Contains(t, doc.Components.SecuritySchemes, "apiKey")
	known := make(map[string]bool)
	for _, tag := range doc.Tags {
		assert.NotEmpty(t, tag.Description, tag.Name)
		known[tag.Name] = true
	}
	for _, rt := range table() {
		op, ok := doc.Paths[rt.Pattern][strings.ToLower(rt.Method)]
		if !assert.True(t, ok, "%s is not described", rt.Operation) {
			continue
		}
		assert.Equal(t, rt.Operation, op.OperationID)
		assert.NotEmpty(t, op.Summary, rt.Operation)
		assert.Contains(t, op.Description, rt.Field, rt.Operation)
		assert.Regexp(t, "Needs `[a-z_]+`", op.Description, rt.Operation)
		require.Len(t, op.Tags, 1, rt.Operation)
		assert.True(t, known[op.Tags[0]], "tag %s has no description", op.Tags[0])
		assert.Len(t, op.Security, 2, rt.Operation)
		described := make(map[string]bool)
		for _, p := range op.Parameters {
			assert.NotEmpty(t, p.Description, "%s of %s", p.Name, rt.Operation)
			if p.In == "path" {
				described[p.Name] = p.Required
			}
		}
		for _, name := range pathParameters(rt.Pattern) {
			assert.True(t, described[name], "%s of %s is not a required parameter", name, rt.Operation)
		}
		assert.Contains(t, op.Responses, statusKey(rt.Status), rt.Operation)
		for _, code := range rt.codes() {
			assert.Contains(t, op.Responses, statusKey(statusOf(code)), "%s of %s", code, rt.Operation)
		}
		for _, status := range []int{http.StatusPartialContent, http.StatusNotModified, http.StatusRequestedRangeNotSatisfiable} {
			_, described := op.Responses[statusKey(status)]
			assert.Equal(t, rt.Ranges, described, "%d of %s", status, rt.Operation)
		}
		assert.Equal(t, hasBody(rt), op.RequestBody != nil, rt.Operation)
	}
}

// TestOpenAPIExamplesOfAnswers: each success in JSON has one, of its own schema.
func TestOpenAPIExamplesOfAnswers(t *testing.T) {
	t.Parallel()
	document := newOpenAPI(t)
	_, raw := readDocument(t)
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]struct{ Example json.RawMessage }
			}
		}
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	for _, rt := range table() {
		for _, status := range []int{rt.Status, rt.OtherStatus} {
			content, isJSON := doc.Paths[rt.Pattern][strings.ToLower(rt.Method)].Responses[statusKey(status)].Content["application/json"]
			if !isJSON {
				assert.True(t, rt.out == nil || status == 0, rt.Operation)
				continue
			}
			require.NotEmpty(t, content.Example, rt.Operation)
			a := answer{Response: &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}}, body: string(content.Example)}
			require.NoError(t, document.validate(&rt, a), "%s: %s", rt.Operation, content.Example)
		}
	}
}

func TestOpenAPIDescribesEveryField(t *testing.T) {
	t.Parallel()
	doc, _ := readDocument(t)
	require.NotEmpty(t, doc.Components.Schemas)
	for name, s := range doc.Components.Schemas {
		properties, _ := s.(map[string]any)["properties"].(map[string]any)
		assert.NotEmpty(t, properties, name)
		for field, p := range properties {
			property := p.(map[string]any)
			if _, isRef := property["$ref"]; isRef {
				continue
			}
			assert.NotEmpty(t, property["description"], "%s.%s", name, field)
			assert.NotEmpty(t, property["type"], "%s.%s", name, field)
		}
	}
}

func TestOpenAPIIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	_, first := readDocument(t)
	for range 5 {
		_, again := readDocument(t)
		require.Equal(t, string(first), string(again))
	}
}

func TestOpenAPIReferencesResolve(t *testing.T) {
	t.Parallel()
	doc, raw := readDocument(t)
	var tree any
	require.NoError(t, json.Unmarshal(raw, &tree))
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok {
				if name, ok := strings.CutPrefix(ref, schemasPrefix); ok {
					assert.Contains(t, doc.Components.Schemas, name)
				} else if name, ok := strings.CutPrefix(ref, responsesPrefix); assert.True(t, ok, ref) {
					assert.Contains(t, doc.Components.Responses, name)
				}
			}
			for _, child := range v {
				walk(child)
			}
		case []any:
			for _, child := range v {
				walk(child)
			}
		}
	}
	walk(tree)
}

// TestExamplesOfSends: each type has one, which is what the operation takes.
func TestExamplesOfSends(t *testing.T) {
	t.Parallel()
	types := make(map[string]bool)
	for _, e := range sendExamples() {
		var in inSendMessage
		decoder := json.NewDecoder(strings.NewReader(e.body))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&in), e.name)
		_, err := in.input()
		require.NoError(t, err, e.name)
		types[in.Type] = true
	}
	for _, kind := range sendTypes() {
		assert.True(t, types[kind], kind)
	}
	doc, _ := readDocument(t)
	content, ok := doc.Paths[messagesPath]["post"].RequestBody.Content["application/json"].(map[string]any)
	require.True(t, ok)
	assert.Len(t, content["examples"], len(sendExamples()))
}
