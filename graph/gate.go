package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"wagateway/graph/auth"
	"wagateway/graph/gen"
	"wagateway/models"
	"wagateway/models/fault"
)

// The directives and arguments that the gate reads from the schema.
const (
	capabilityDirective = "capability"
	publicDirective     = "public"
	anyArgument         = "any"
	scopeArgument       = "scope"
)

// Gate is the one list of permissions: the @capability directives of the
// schema. GraphQL asks it by the directive, REST by the field's name. It is
// immutable.
type Gate struct {
	fields map[string]permission // by "Type.field": every field of the schema
}

// permission is what a field asks of its caller.
type permission struct {
	any              []models.Capability // one of these; none: nothing beyond what led to the field
	organizationWide bool                // no key that is limited to one session
}

// NewGate reads the permissions from the schema. A root field that says neither
// @capability nor @public is an error.
func NewGate() (*Gate, error) { return newGate(parsedSchema()) }

func newGate(schema *ast.Schema) (*Gate, error) {
	g := &Gate{fields: make(map[string]permission)}
	for name, definition := range schema.Types {
		if definition.Kind != ast.Object || definition.BuiltIn {
			continue
		}
		root := definition == schema.Query || definition == schema.Mutation || definition == schema.Subscription
		for _, field := range definition.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			p, guarded, err := permissionOf(schema, field)
			if err != nil {
				return nil, fmt.Errorf("reading the permission of %s.%s: %w", name, field.Name, err)
			}
			if public := field.Directives.ForName(publicDirective) != nil; root && guarded == public {
				return nil, fmt.Errorf("%s.%s must have either @%s or @%s", name, field.Name, capabilityDirective, publicDirective)
			}
			g.fields[name+"."+field.Name] = p
		}
	}
	return g, nil
}

// permissionOf reads a field's @capability; guarded is whether it has one.
func permissionOf(schema *ast.Schema, field *ast.FieldDefinition) (p permission, guarded bool, err error) {
	directive := field.Directives.ForName(capabilityDirective)
	if directive == nil {
		return permission{}, false, nil
	}
	given := directive.ArgumentMap(nil)
	names, _ := given[anyArgument].([]any)
	if len(names) == 0 {
		return permission{}, false, fmt.Errorf("@%s names no capability", capabilityDirective)
	}
	for _, name := range names {
		p.any = append(p.any, models.Capability(strings.ToLower(fmt.Sprint(name))))
	}
	if _, err := models.NewCapabilitySet(p.any...); err != nil {
		return permission{}, false, err
	}
	scope, found := given[scopeArgument]
	if !found {
		scope = schema.Directives[capabilityDirective].Arguments.ForName(scopeArgument).DefaultValue.Raw
	}
	p.organizationWide = scope == string(gen.CapabilityScopeOrganization)
	return p, true, nil
}

// Has reports whether the schema has a field, "Mutation.addGroupMembers".
func (g *Gate) Has(field string) bool {
	_, found := g.fields[field]
	return found
}

// Check fails with fault.Unauthorized when the field needs a credential and the
// request has no valid one, with fault.Forbidden when the caller may not use it.
func (g *Gate) Check(ctx context.Context, field string) error {
	p, found := g.fields[field]
	switch {
	case !found:
		return fmt.Errorf("checking a permission: the schema has no field %s", field)
	case len(p.any) == 0:
		return nil
	}
	actor, err := auth.ActorFrom(ctx)
	switch {
	case err != nil:
		return err
	case !slices.ContainsFunc(p.any, actor.Capabilities.Has):
		return fault.Denied("the credential lacks the capability " + p.words())
	case p.organizationWide && actor.SessionID != "":
		return fault.Denied("a key that is limited to one session may not do this")
	}
	return nil
}

// Needs gives the capabilities of which a field needs one, none when it needs
// nothing of its own: for documents about the API.
func (g *Gate) Needs(field string) []models.Capability {
	return slices.Clone(g.fields[field].any)
}

// words lists the capabilities, "read or manage".
func (p permission) words() string {
	names := make([]string, len(p.any))
	for i, c := range p.any {
		names[i] = string(c)
	}
	return strings.Join(names, " or ")
}
