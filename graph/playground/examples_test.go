package playground_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"

	"wagateway/graph/playground"
)

// The examples are what a newcomer runs first, so each must hold against the schema, variables included.
func TestExamplesFitTheSchema(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)

	for _, example := range playground.Examples("01J9ZD3V3M7Q2K8R5T6W9X0YAB", "120363041234567890@g.us") {
		t.Run(example.Name, func(t *testing.T) {
			t.Parallel()
			document, problems := gqlparser.LoadQueryWithRules(schema, example.Query, nil)
			require.Empty(t, problems)
			require.Len(t, document.Operations, 1)
			assert.NotEmpty(t, document.Operations[0].Name, "the tab is called after the operation")

			_, err := validator.VariableValues(schema, document.Operations[0], example.Variables)
			require.NoError(t, err)
			for name := range example.Variables {
				assert.NotNil(t, document.Operations[0].VariableDefinitions.ForName(name), "variable %s is not used", name)
			}
		})
	}
}

func TestExamplesNameTheSessionAndTheGroup(t *testing.T) {
	t.Parallel()
	var sessions, groups int
	for _, example := range playground.Examples("the-session", "1@g.us") {
		if example.Variables["sessionId"] == "the-session" {
			sessions++
		}
		if example.Variables["groupJid"] == "1@g.us" {
			groups++
		}
	}
	assert.Equal(t, 9, sessions)
	assert.Equal(t, 2, groups)
}

func loadSchema(t *testing.T) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob("../schema/*.graphqls")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	sources := make([]*ast.Source, 0, len(files))
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		sources = append(sources, &ast.Source{Name: file, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	require.NoError(t, err)
	return schema
}
