package scalar_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/graph/scalar"
	"wagateway/models"
	"wagateway/models/fault"
)

func TestDateTime(t *testing.T) {
	t.Parallel()
	written := func(m models.Millis) string {
		var b bytes.Buffer
		scalar.MarshalDateTime(m).MarshalGQL(&b)
		return b.String()
	}
	assert.Equal(t, "null", written(0))
	assert.Equal(t, `"2024-06-29T16:00:00.000Z"`, written(1719676800000))
	assert.Equal(t, `"2024-06-29T16:00:00.007Z"`, written(1719676800007), "three digits, always")

	for text, want := range map[string]models.Millis{
		"2024-06-29T16:00:00.000Z":                 1719676800000,
		"2024-06-29T16:00:00Z":                     1719676800000,
		"2024-06-29T18:00:00.007+02:00":            1719676800007,
		"2024-06-29T16:00:00.0079999Z":             1719676800007,
		time.UnixMilli(1).Format(time.RFC3339Nano): 1,
	} {
		got, err := scalar.UnmarshalDateTime(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, bad := range []any{"", "now", "2024-06-29", "2024-06-29T16:00:00", "2024-13-01T00:00:00Z", 1719676800000, nil, true} {
		_, err := scalar.UnmarshalDateTime(bad)
		assert.Equal(t, fault.Validation, fault.CodeOf(err), "%v", bad)
	}
}

func TestTextThatNoDatabaseStores(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"a\x00", "\xff"} {
		_, err := scalar.UnmarshalText(t.Context(), bad)
		assert.Equal(t, fault.Validation, fault.CodeOf(err))
		_, err = scalar.UnmarshalTextID(t.Context(), bad)
		assert.Equal(t, fault.Validation, fault.CodeOf(err))
		_, err = scalar.UnmarshalJID(bad)
		assert.Equal(t, fault.Validation, fault.CodeOf(err))
	}
	good, err := scalar.UnmarshalText(t.Context(), "ä 😀\n")
	require.NoError(t, err)
	assert.Equal(t, "ä 😀\n", good)
}

func TestRowIDs(t *testing.T) {
	t.Parallel()
	kind, own := scalar.SplitID("group:512")
	assert.Equal(t, scalar.KindGroup, kind)
	id, ok := scalar.ParseRowID(own)
	assert.True(t, ok)
	assert.Equal(t, int64(512), id)
	for _, bad := range []string{"", "0", "-1", "01", "+1", "1 ", "x", "9223372036854775808"} {
		_, ok := scalar.ParseRowID(bad)
		assert.False(t, ok, bad)
	}
}
