package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
)

// directives are the schema's directives at run time.
func directives(gate *Gate) gen.DirectiveRoot {
	return gen.DirectiveRoot{
		Capability: func(ctx context.Context, _ any, next graphql.Resolver, _ []models.Capability, _ gen.CapabilityScope) (any, error) {
			// The gate knows the arguments: it has read them from the schema.
			if err := gate.checkField(ctx); err != nil {
				return nil, err
			}
			return next(ctx)
		},
		Page: func(ctx context.Context, _ any, next graphql.Resolver, standard, largest int32) (any, error) {
			// Arguments are read before the field's own directives run, but 401 and
			// 403 come before 400.
			if err := gate.checkField(ctx); err != nil {
				return nil, err
			}
			value, err := next(ctx)
			if err != nil {
				return nil, err
			}
			first, _ := value.(*int32)
			if first == nil {
				return &standard, nil
			}
			if *first < 1 || *first > largest {
				return nil, fault.Invalid("first", fmt.Sprintf("first must be from 1 to %d", largest)).With("max", largest)
			}
			return first, nil
		},
	}
}

// checkField checks the permission of the field that is being executed. There is
// none while the complexity of an operation is estimated.
func (g *Gate) checkField(ctx context.Context) error {
	fc := graphql.GetFieldContext(ctx)
	if fc == nil || fc.Field.Field == nil {
		return nil
	}
	return g.Check(ctx, fc.Object+"."+fc.Field.Name)
}
