package whatsapp

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.mau.fi/libsignal/signalerror"
	"go.mau.fi/whatsmeow/store"
)

// failing is a buffer whose decryptions end as the test wants.
type failing struct {
	store.EventBuffer
	commit error
}

func (f *failing) GetBufferedEvent(context.Context, [32]byte) (*store.BufferedEvent, error) {
	return nil, nil // as whatsmeow's own does for what it has not seen
}

func (f *failing) DoDecryptionTxn(ctx context.Context, decrypt func(context.Context) error) error {
	if err := decrypt(ctx); err != nil {
		return err
	}
	return f.commit
}

func TestEventBufferTellsTheDatabaseFromTheMessage(t *testing.T) {
	t.Parallel()
	var (
		away    []error
		refuses bool
		inner   = &failing{}
		buffer  = &eventBuffer{EventBuffer: inner, turn: newSessionTurn(), refuses: func() bool { return refuses }, away: func(err error) { away = append(away, err) }}
	)
	decrypt := func(hash byte, failure error) error {
		_, err := buffer.GetBufferedEvent(t.Context(), [32]byte{hash})
		require.NoError(t, err)
		return buffer.DoDecryptionTxn(t.Context(), func(context.Context) error { return failure })
	}
	require.NoError(t, decrypt(1, nil))

	require.NotErrorIs(t, decrypt(2, signalerror.ErrNoSessionForUser), context.Canceled, "whatsmeow asks the sender again")
	assert.Empty(t, away)

	require.ErrorIs(t, decrypt(3, io.ErrUnexpectedEOF), context.Canceled, "the connection to the database broke")
	assert.Len(t, away, 1)
	inner.commit = errors.New("no room on the disk")
	require.ErrorIs(t, decrypt(4, nil), context.Canceled, "a commit is never the message's fault")
	inner.commit = nil
	assert.Len(t, away, 2)

	strange := errors.New("something new")
	require.ErrorIs(t, decrypt(5, strange), context.Canceled, "it is delivered once more")
	require.NotErrorIs(t, decrypt(5, strange), context.Canceled, "and then believed")
	assert.Len(t, away, 3)

	refuses = true
	_, err := buffer.GetBufferedEvent(t.Context(), [32]byte{6})
	require.ErrorIs(t, err, context.Canceled, "nothing is taken behind what failed")
	assert.Len(t, away, 3)
	refuses = false
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = buffer.GetBufferedEvent(over, [32]byte{7})
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, away, 3, "the end of a connection says nothing about the database")
}
