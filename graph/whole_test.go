package graph_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"wagateway/graph"
	"wagateway/graph/gen"
	"wagateway/graph/graphtest"
	"wagateway/whatsapp/whatsapptest"
)

// whole asks for everything that an answer can have, and notes what was served.
type whole struct {
	*graphtest.Server
	*testing.T

	key    string
	schema *ast.Schema

	mu     sync.Mutex
	served map[string]bool // "Type.field", without an error
}

// newWhole is a front that answers whole types.
func newWhole(t *testing.T, dialect string) *whole {
	t.Helper()
	w := &whole{T: t, schema: gen.NewExecutableSchema(gen.Config{}).Schema(), served: make(map[string]bool)}
	w.Server = graphtest.New(t, dialect, func(s *graphtest.Setup) {
		const many = 1 << 30
		s.Options.Limits = graph.Limits{Tokens: many, Depth: many, Fields: many, Aliases: many, Complexity: many}
		s.Fields = w.note
	})
	return w
}

func (w *whole) note(ctx context.Context, next graphql.Resolver) (any, error) {
	value, err := next(ctx)
	if err == nil {
		field := graphql.GetFieldContext(ctx)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.served[field.Object+"."+field.Field.Name] = true
	}
	return value, err
}

// call runs a field of Query or Mutation, "chat(sessionId: …)", with all that its
// answer can have, levels deep. The answer must hold each of wants, and is given.
func (w *whole) call(levels int, field string, wants ...string) string {
	w.Helper()
	r := w.try(levels, field)
	require.Empty(w, r.Errors, "%s: %s", field, r.Body)
	for _, want := range wants {
		require.Contains(w, string(r.Data), want, field)
	}
	return string(r.Data)
}

// await is call for an answer that comes a little later.
func (w *whole) await(levels int, field string, wants ...string) string {
	w.Helper()
	var r *graphtest.Response
	require.Eventually(w, func() bool {
		r = w.try(levels, field)
		return len(r.Errors) == 0 && !slices.ContainsFunc(wants, func(want string) bool { return !strings.Contains(string(r.Data), want) })
	}, whatsapptest.Patience, 10*time.Millisecond, "%s %v", field, wants)
	return string(r.Data)
}

func (w *whole) try(levels int, field string) *graphtest.Response {
	w.Helper()
	name, _, _ := strings.Cut(field, "(")
	kind, root := "mutation", w.schema.Mutation
	if w.schema.Query.Fields.ForName(name) != nil {
		kind, root = "query", w.schema.Query
	}
	answer := root.Fields.ForName(name)
	require.NotNil(w, answer, name)
	return w.Post(w, w.key, kind+" { "+field+w.selection(answer.Type.Name(), levels, nil)+" }", nil)
}

// selection is everything that a type has, objects so many levels deep, none of
// them within itself.
func (w *whole) selection(name string, levels int, within []string) string {
	definition := w.schema.Types[name]
	switch {
	case definition.IsLeafType():
		return ""
	case name == "Node": // fields of one name have several types, which one query cannot ask for
		return " { __typename id }"
	case definition.IsAbstractType():
		var b strings.Builder
		b.WriteString(" { __typename")
		for _, possible := range w.schema.GetPossibleTypes(definition) {
			b.WriteString(" ... on " + possible.Name + w.selection(possible.Name, levels, within))
		}
		return b.String() + " }"
	}
	var b strings.Builder
	b.WriteString(" { __typename")
	within = append(slices.Clone(within), name)
	for _, field := range definition.Fields {
		inner := field.Type.Name()
		needs := slices.ContainsFunc(field.Arguments, func(a *ast.ArgumentDefinition) bool { return a.Type.NonNull && a.DefaultValue == nil })
		if needs || strings.HasPrefix(field.Name, "__") || slices.Contains(within, inner) || levels == 0 && !w.schema.Types[inner].IsLeafType() {
			continue
		}
		b.WriteString(" " + field.Name + w.selection(inner, levels-1, within))
	}
	return b.String() + " }"
}

// unserved are the fields of the schema's objects that were never answered, but
// for those of events, which a stream of its own has.
func (w *whole) unserved() []string {
	var missing []string
	for name, definition := range w.schema.Types {
		if definition.Kind != ast.Object || strings.HasPrefix(name, "__") || name == "Subscription" || slices.Contains(definition.Interfaces, "Event") {
			continue
		}
		for _, field := range definition.Fields {
			if !strings.HasPrefix(field.Name, "__") && !w.served[name+"."+field.Name] {
				missing = append(missing, name+"."+field.Name)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// text reads a text of an answer by its path.
func text(t testing.TB, data string, path ...string) string {
	t.Helper()
	var value any
	require.NoError(t, json.Unmarshal([]byte(data), &value))
	for _, key := range path {
		object, ok := value.(map[string]any)
		require.True(t, ok, "%v in %s", path, data)
		value = object[key]
	}
	found, ok := value.(string)
	require.True(t, ok, "%v in %s", path, data)
	return found
}
