package graph_test

import (
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"wagateway/graph"
	"wagateway/graph/gen"
	"wagateway/graph/scalar"
	"wagateway/models"
)

func schema() *ast.Schema { return gen.NewExecutableSchema(gen.Config{}).Schema() }

// The schema is the manual.
func TestEverythingHasADescription(t *testing.T) {
	t.Parallel()
	described := func(what, description string) {
		assert.NotEmpty(t, strings.TrimSpace(description), "%s has no description", what)
		assert.NotContains(t, description, "TODO", what)
	}
	s := schema()
	for name, directive := range s.Directives {
		if directive.Position == nil || directive.Position.Src.BuiltIn {
			continue
		}
		described("@"+name, directive.Description)
		for _, argument := range directive.Arguments {
			described("@"+name+"("+argument.Name+")", argument.Description)
		}
	}
	for name, definition := range s.Types {
		if definition.BuiltIn {
			continue
		}
		described(name, definition.Description)
		for _, value := range definition.EnumValues {
			described(name+"."+value.Name, value.Description)
		}
		for _, field := range definition.Fields {
			if strings.HasPrefix(field.Name, "__") {
				continue
			}
			described(name+"."+field.Name, field.Description)
			for _, argument := range field.Arguments {
				described(name+"."+field.Name+"("+argument.Name+")", argument.Description)
			}
		}
	}
}

func TestConventions(t *testing.T) {
	t.Parallel()
	s := schema()
	for name, definition := range s.Types {
		if definition.BuiltIn || definition.Kind != ast.Object {
			continue
		}
		if strings.HasSuffix(name, "Connection") {
			for _, field := range []string{"edges", "nodes", "pageInfo", "totalCount"} {
				if name == "EventConnection" && field == "totalCount" {
					continue // a log is read on, not counted
				}
				assert.NotNil(t, definition.Fields.ForName(field), "%s.%s", name, field)
			}
		}
		for _, field := range definition.Fields {
			if strings.HasSuffix(field.Type.Name(), "Connection") {
				first := field.Arguments.ForName("first")
				if assert.NotNil(t, first, "%s.%s has no first", name, field.Name) {
					assert.NotNil(t, first.Directives.ForName("page"), "%s.%s(first) has no @page", name, field.Name)
				}
				assert.NotNil(t, field.Arguments.ForName("after"), "%s.%s has no after", name, field.Name)
			}
		}
	}
	for _, field := range s.Mutation.Fields {
		assert.True(t, strings.HasSuffix(field.Type.Name(), "Payload"), "Mutation.%s gives no payload", field.Name)
		assert.True(t, field.Type.NonNull, "Mutation.%s", field.Name)
	}
}

// Enums are the constants in upper case; nothing else maps them.
func TestEnumsAreTheConstants(t *testing.T) {
	t.Parallel()
	written := func(m graphql.Marshaler) string {
		var b strings.Builder
		m.MarshalGQL(&b)
		return strings.Trim(b.String(), `"`)
	}
	want := map[string][]string{}
	for _, c := range []models.Capability{models.Read, models.Send, models.Manage, models.SuperAdmin} {
		want["Capability"] = append(want["Capability"], written(scalar.MarshalCapability(c)))
		back, err := scalar.UnmarshalCapability(written(scalar.MarshalCapability(c)))
		require.NoError(t, err)
		assert.Equal(t, c, back)
	}
	for _, st := range []models.SessionStatus{
		models.SessionStopped, models.SessionStarting, models.SessionScanQRCode, models.SessionWorking, models.SessionFailed,
	} {
		want["SessionStatus"] = append(want["SessionStatus"], written(scalar.MarshalSessionStatus(st)))
	}
	for _, r := range []models.MemberRole{models.RoleMember, models.RoleAdmin, models.RoleSuperAdmin} {
		want["MemberRole"] = append(want["MemberRole"], written(scalar.MarshalMemberRole(r)))
		back, err := scalar.UnmarshalMemberRole(written(scalar.MarshalMemberRole(r)))
		require.NoError(t, err)
		assert.Equal(t, r, back)
	}
	for name, values := range want {
		var got []string
		for _, value := range schema().Types[name].EnumValues {
			got = append(got, value.Name)
		}
		assert.Equal(t, values, got, name)
	}
}

func TestSDLIsTheSchema(t *testing.T) {
	t.Parallel()
	parsed, err := gqlparser.LoadSchema(&ast.Source{Name: "sdl", Input: graph.SDL()})
	require.NoError(t, err)
	for name, definition := range schema().Types {
		if assert.NotNil(t, parsed.Types[name], name) {
			assert.Len(t, parsed.Types[name].Fields, len(definition.Fields), name)
		}
	}
	assert.NotNil(t, parsed.Mutation.Fields.ForName("createGroup").Directives.ForName("capability"), "permissions are part of it")
}

// TestFragmentsDoNotConflict: what the types of a union or an interface call by the
// same name is of the same type, so that clients can ask for it of each of them
// without aliases (GraphQL specification, 5.3.2).
func TestFragmentsDoNotConflict(t *testing.T) {
	t.Parallel()
	s := schema()
	for name, definition := range s.Types {
		if definition.BuiltIn || name == "Node" || (definition.Kind != ast.Union && definition.Kind != ast.Interface) {
			continue
		}
		seen := map[string]string{}
		for _, object := range s.GetPossibleTypes(definition) {
			for _, field := range object.Fields {
				shape := field.Type.String()
				if d := s.Types[field.Type.Name()]; d.IsCompositeType() {
					shape = strings.ReplaceAll(shape, field.Type.Name(), "object") // their fields are what counts
				}
				if other, ok := seen[field.Name]; ok {
					assert.Equal(t, other, shape, "%s: %s.%s", name, object.Name, field.Name)
				}
				seen[field.Name] = shape
			}
		}
	}
}
