package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"wagateway/graph/gen"
)

// parsedSchema gives the schema that the executor was generated from.
func parsedSchema() *ast.Schema { return gen.NewExecutableSchema(gen.Config{}).Schema() }

// SDL gives the schema as it is served, in the schema definition language.
func SDL() string {
	var b strings.Builder
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatSchema(parsedSchema())
	return b.String()
}
