package graph

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"wagateway/graph/auth"
	"wagateway/models"
	"wagateway/models/fault"
)

const gateDirectives = `
directive @capability(any: [Capability!]!, scope: CapabilityScope! = SESSION) on FIELD_DEFINITION
directive @public on FIELD_DEFINITION
enum Capability { READ SEND MANAGE SUPER_ADMIN NEW }
enum CapabilityScope { SESSION ORGANIZATION }
`

func gateOf(t *testing.T, sdl string) (*Gate, error) {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: gateDirectives + sdl})
	require.NoError(t, err)
	return newGate(schema)
}

func TestGateRefusesAnUnguardedRootField(t *testing.T) {
	t.Parallel()
	for name, sdl := range map[string]string{
		"neither":            `type Query { a: Int }`,
		"both":               `type Query { a: Int @public @capability(any: [READ]) }`,
		"no capability":      `type Query { a: Int @capability(any: []) }`,
		"unknown capability": `type Query { a: Int @capability(any: [NEW]) }`,
		"a mutation":         `type Query { a: Int @public } type Mutation { b: Int }`,
		"a subscription":     `type Query { a: Int @public } type Subscription { b: Int }`,
	} {
		_, err := gateOf(t, sdl)
		assert.Error(t, err, name)
	}
}

func TestGateCheck(t *testing.T) {
	t.Parallel()
	gate, err := gateOf(t, `
		type Query {
			open: Int @public
			read: Thing @capability(any: [READ, MANAGE])
			wide: Int @capability(any: [READ], scope: ORGANIZATION)
		}
		type Thing { plain: Int guarded: Int @capability(any: [SEND]) }`)
	require.NoError(t, err)
	nobody := t.Context()
	reader := auth.WithActor(nobody, &auth.Actor{Capabilities: models.CapabilitySet{models.Read}})
	limited := auth.WithActor(nobody, &auth.Actor{Capabilities: models.CapabilitySet{models.Read}, SessionID: "s"})
	sender := auth.WithActor(nobody, &auth.Actor{Capabilities: models.CapabilitySet{models.Send}})

	require.NoError(t, gate.Check(nobody, "Query.open"))
	require.NoError(t, gate.Check(nobody, "Thing.plain"), "whatever leads to it is guarded")
	require.NoError(t, gate.Check(reader, "Query.read"))
	require.NoError(t, gate.Check(limited, "Query.read"))
	require.NoError(t, gate.Check(reader, "Query.wide"))
	require.NoError(t, gate.Check(sender, "Thing.guarded"))

	assert.Equal(t, fault.Unauthorized, fault.CodeOf(gate.Check(nobody, "Query.read")))
	assert.Equal(t, fault.Unauthorized, fault.CodeOf(gate.Check(nobody, "Query.wide")))
	assert.Equal(t, fault.Forbidden, fault.CodeOf(gate.Check(sender, "Query.read")))
	assert.EqualError(t, gate.Check(sender, "Query.read"), "the credential lacks the capability read or manage")
	assert.Equal(t, fault.Forbidden, fault.CodeOf(gate.Check(limited, "Query.wide")))
	assert.Equal(t, fault.Forbidden, fault.CodeOf(gate.Check(reader, "Thing.guarded")))
	assert.Equal(t, fault.Internal, fault.CodeOf(gate.Check(reader, "Query.unknown")), "never allowed by a typing mistake")

	down := auth.WithRefusal(nobody, fault.DatabaseDown(nil))
	assert.Equal(t, fault.Unavailable, fault.CodeOf(gate.Check(down, "Query.read")), "the credential may be good")

	assert.True(t, gate.Has("Thing.plain"))
	assert.False(t, gate.Has("Thing.unknown"))
	assert.False(t, gate.Has("Query.__schema"))
}
