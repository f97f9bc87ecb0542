package models

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models/fault"
)

func testCursors(t testing.TB, secret byte, list string) cursors {
	t.Helper()
	k, err := newKeyring([]byte(strings.Repeat(string(rune('a'+secret)), 32)))
	require.NoError(t, err)
	return cursors{secrets: k, list: list}
}

func requireInvalidCursor(t testing.TB, err error) {
	t.Helper()
	require.Error(t, err)
	f := fault.From(err)
	require.Equal(t, fault.Validation, f.Code())
	require.Equal(t, fault.ReasonInvalidCursor, f.Reason())
	require.Equal(t, map[string]any{"field": "cursor"}, f.Details())
}

func TestCursorsBelongToTheirList(t *testing.T) {
	t.Parallel()
	c := testCursors(t, 0, "members:7")
	cursor := c.encode("42")
	id, err := c.decodeID(cursor)
	require.NoError(t, err)
	assert.Equal(t, int64(42), id)
	assert.Regexp(t, `^[A-Za-z0-9_-]+$`, cursor, "it fits into a URL as it is")

	for name, other := range map[string]cursors{
		"another scope":  testCursors(t, 0, "members:8"),
		"another noun":   testCursors(t, 0, "identities:7"),
		"another secret": testCursors(t, 1, "members:7"),
	} {
		_, err := other.decodeID(cursor)
		require.Error(t, err, name)
		requireInvalidCursor(t, err)
	}
	// List and key are kept apart: moving a byte between them is another cursor.
	_, err = testCursors(t, 0, "members:74").decode(testCursors(t, 0, "members:7").encode("42"))
	requireInvalidCursor(t, err)
}

func TestCursorsRefuseForgeries(t *testing.T) {
	t.Parallel()
	c := testCursors(t, 0, "members:7")
	cursor := c.encode("42")
	forged := []string{"x", "====", cursor + "A", cursor[:len(cursor)-1], cursor + "\n", " " + cursor, strings.Repeat("A", 4096), c.encode("")}
	for i := range cursor {
		flipped := []byte(cursor)
		flipped[i] = 'A' + (flipped[i]+1)%26
		if string(flipped) != cursor {
			forged = append(forged, string(flipped))
		}
	}
	for _, f := range forged {
		_, err := c.decode(f)
		requireInvalidCursor(t, err)
	}
	_, err := c.decodeID(c.encode("not a number"))
	requireInvalidCursor(t, err)
	key, err := c.decode("")
	require.NoError(t, err, "the empty cursor is the start")
	assert.Empty(t, key)
}

func TestListOfAPage(t *testing.T) {
	t.Parallel()
	c := testCursors(t, 0, "things:1")
	id := func(n *int64) int64 { return *n }

	whole := listByID([]int64{1, 2, 3}, 0, c, id)
	assert.Len(t, whole.Items, 3)
	assert.False(t, whole.HasNext)
	assert.Empty(t, whole.NextCursor())

	page := listByID([]int64{1, 2, 3}, 2, c, id)
	assert.Equal(t, []int64{1, 2}, page.Items)
	assert.True(t, page.HasNext)
	assert.Equal(t, c.encode("2"), page.NextCursor())
	assert.Equal(t, c.encode("1"), page.Cursor(0))

	exact := listByID([]int64{1, 2}, 2, c, id)
	assert.False(t, exact.HasNext)
	assert.Empty(t, exact.NextCursor())

	var zero List[int64]
	assert.Empty(t, zero.NextCursor())
}

func FuzzCursorDecode(f *testing.F) {
	c := testCursors(f, 0, "members:7")
	for _, seed := range []string{"", "A", c.encode("42"), c.encode("9223372036854775807"), "____", strings.Repeat("A", 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		key, err := c.decode(cursor)
		if err != nil {
			requireInvalidCursor(t, err)
			return
		}
		if cursor != "" {
			assert.Equal(t, cursor, c.encode(key), "only what we made is accepted")
		}
	})
}
