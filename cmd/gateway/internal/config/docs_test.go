package config_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/cmd/gateway/internal/config"
)

var update = flag.Bool("update", false, "write the table of settings into docs/configuration.md")

const (
	docsFile   = "../../../../docs/configuration.md"
	tableStart = "<!-- settings: written by go test ./cmd/gateway/internal/config -update -->\n"
	tableEnd   = "<!-- end of settings -->\n"
)

// TestDocumentation holds docs/configuration.md to the struct.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(docsFile)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(raw), tableStart)
	require.True(t, ok, "the marker before the table is missing")
	table, after, ok := strings.Cut(rest, tableEnd)
	require.True(t, ok, "the marker behind the table is missing")

	want := markdown()
	if *update {
		require.NoError(t, os.WriteFile(docsFile, []byte(before+tableStart+want+tableEnd+after), 0o644))
		return
	}
	assert.Equal(t, want, table, "run go test ./cmd/gateway/internal/config -update")
}

func TestEverySettingIsDescribed(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, setting := range config.Settings() {
		assert.True(t, strings.HasPrefix(setting.Name, "GATEWAY_"), setting.Name)
		assert.False(t, names[setting.Name], "%s is there twice", setting.Name)
		names[setting.Name] = true
		assert.NotEmpty(t, setting.Doc, setting.Name)
		assert.NotEqual(t, setting.Default == "", setting.Shown == "", "%s needs a default, or what happens without one", setting.Name)
	}
}

func markdown() string {
	var table strings.Builder
	table.WriteString("| variable | default | |\n| --- | --- | --- |\n")
	for _, setting := range config.Settings() {
		shown := setting.Shown
		if setting.Default != "" {
			shown = "`" + setting.Default + "`"
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", setting.Name, shown, setting.Doc)
	}
	return table.String()
}
