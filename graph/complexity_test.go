package graph

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"

	"wagateway/graph/gen"
)

// A list that counts as one field would let a caller ask for any number.
func TestEveryPageCountsItsItems(t *testing.T) {
	t.Parallel()
	gate, err := NewGate()
	require.NoError(t, err)
	server := gen.NewExecutableSchema(gen.Config{Directives: directives(gate), Complexity: complexities()})
	pages := 0
	for _, object := range server.Schema().Types {
		if object.Kind != ast.Object {
			continue
		}
		for _, field := range object.Fields {
			if field.Arguments.ForName("first") == nil {
				continue
			}
			pages++
			arguments := map[string]any{"first": int64(50)}
			for _, argument := range field.Arguments {
				if argument.Type.NonNull {
					arguments[argument.Name] = "1@g.us"
				}
			}
			fields, ok := server.Complexity(t.Context(), object.Name, field.Name, 10, arguments)
			assert.True(t, ok && fields >= 500, "%s.%s counts %d for 50 items of 10 fields: add it to complexities", object.Name, field.Name, fields)
		}
	}
	assert.Greater(t, pages, 10)
}
