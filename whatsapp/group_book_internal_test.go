package whatsapp

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/whatsmeow/types"
)

func groupJID(user string) types.JID { return types.NewJID(user, types.GroupServer) }

func stores(*groupPage) error { return nil }

func TestGroupBookRefusesASnapshotOlderThanAChange(t *testing.T) {
	t.Parallel()
	var book groupBook
	a, b := groupJID("1"), groupJID("2")
	mark := book.mark()
	require.NoError(t, book.change(a, stores))

	adopted, err := book.adopt(a, mark, func(*groupPage) error { panic("stored an old snapshot") })
	require.NoError(t, err)
	assert.False(t, adopted)
	assert.Equal(t, []types.JID{a}, book.changedSince(mark))

	adopted, err = book.adopt(b, mark, stores)
	require.NoError(t, err)
	assert.True(t, adopted, "another group's change does not matter")

	adopted, err = book.adopt(b, mark, stores)
	require.NoError(t, err)
	assert.False(t, adopted, "of two snapshots asked for at once, the second may be the older")

	adopted, err = book.adopt(a, book.mark(), stores)
	require.NoError(t, err)
	assert.True(t, adopted)
}

func TestGroupBookForgetsWhatWasNotStored(t *testing.T) {
	t.Parallel()
	var book groupBook
	failure := errors.New("disk full")
	require.ErrorIs(t, book.change(groupJID("1"), func(*groupPage) error { return failure }), failure)
	assert.Empty(t, book.changedSince(0))
}

func TestGroupBookStoresOneGroupsChangesOneByOne(t *testing.T) {
	t.Parallel()
	var (
		book   groupBook
		inside int
		all    sync.WaitGroup
	)
	for range 32 {
		all.Go(func() {
			assert.NoError(t, book.change(groupJID("1"), func(*groupPage) error {
				inside++ // the race detector sees an overlap
				return nil
			}))
		})
	}
	all.Wait()
	assert.Equal(t, 32, inside)
}

func TestGroupBookCoalescesWishes(t *testing.T) {
	t.Parallel()
	var book groupBook
	one := wanted{group: groupJID("1")}
	for range 3 {
		book.want(one)
	}
	got, err := book.next(t.Context())
	require.NoError(t, err)
	assert.Equal(t, one, got)

	book.want(one)
	book.want(wanted{names: true})
	book.want(wanted{everything: true})
	got, err = book.next(t.Context())
	require.NoError(t, err)
	assert.Equal(t, wanted{everything: true}, got, "everything includes the rest")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = book.next(ended)
	require.ErrorIs(t, err, context.Canceled, "nothing is wanted any more")
}

func TestGroupBookWakesWhoWaits(t *testing.T) {
	t.Parallel()
	var book groupBook
	got := make(chan wanted)
	go func() {
		w, _ := book.next(t.Context())
		got <- w
	}()
	book.want(wanted{group: groupJID("1")})
	assert.Equal(t, wanted{group: groupJID("1")}, <-got)
}

func TestOnlyOneFetches(t *testing.T) {
	t.Parallel()
	var book groupBook
	first, second := make(chan struct{}), make(chan struct{})
	assert.True(t, book.enter(first))
	assert.False(t, book.enter(second))
	close(first)
	assert.True(t, book.enter(second), "the session was stopped and started again")
	assert.False(t, book.enter(make(chan struct{})))
}

func TestAdvanceNoticesAMissedVersion(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		known, from, to string
		missed          bool
		then            string
	}{
		"the next":             {"1", "1", "2", false, "2"},
		"known already":        {"2", "1", "2", false, "2"},
		"one was missed":       {"1", "2", "3", true, "3"},
		"nothing known":        {"", "7", "8", false, "8"},
		"no versions told":     {"1", "", "", false, "1"},
		"only the new is told": {"1", "", "5", false, "5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := groupPage{version: test.known}
			assert.Equal(t, test.missed, p.advance(test.from, test.to))
			assert.Equal(t, test.then, p.version)
		})
	}
}
