package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.mau.fi/libsignal/signalerror"
	"go.mau.fi/util/dbutil"
	"go.mau.fi/whatsmeow/store"

	"wagateway/models"
)

const (
	// clearGroup is how many stored events are cleared from the buffer at once.
	clearGroup = 128
	// clearPause bounds how long a stored event stays in the buffer after the
	// last one.
	clearPause = 200 * time.Millisecond
)

// eventBuffer stands before whatsmeow's buffer of decrypted events.
//
// It tells whatsmeow the one thing that it does not ask: whether a message cannot
// be decrypted, or the database cannot be read. whatsmeow acknowledges both; only
// a cancelled decryption it leaves alone. So a failure of the database is passed
// on as a cancellation, and the message stays with WhatsApp until it is delivered
// again. The same goes for whatever comes behind an event that was not stored.
//
// And it clears what was stored in groups: clearing is a commit for each message.
// One that is not cleared when the process dies, or whose clearing a power cut takes
// back, is handed out again, and known by its key.
type eventBuffer struct {
	store.EventBuffer
	db   *dbutil.Database
	turn *sessionTurn
	// refuses tells whether nothing more may be taken from this connection.
	refuses func() bool
	// away hears of a failure of the database.
	away func(error)

	mu     sync.Mutex
	stored [][32]byte
	timer  *time.Timer
	// current is the ciphertext that is being decrypted, doubtful the last one that
	// failed for an unknown reason.
	current, doubtful [32]byte
}

// GetBufferedEvent implements [store.EventBuffer]. It is the first that whatsmeow
// asks about a message.
func (b *eventBuffer) GetBufferedEvent(ctx context.Context, ciphertextHash [32]byte) (*store.BufferedEvent, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if b.refuses() {
		return nil, fmt.Errorf("%w: an event before this one could not be stored", context.Canceled)
	}
	b.mu.Lock()
	b.current = ciphertextHash
	b.mu.Unlock()
	event, err := b.EventBuffer.GetBufferedEvent(ctx, ciphertextHash)
	if err != nil {
		return nil, b.cancelled(ctx, err)
	}
	return event, nil
}

// DoDecryptionTxn implements [store.EventBuffer]. What it stores needs no sync of the
// disk of its own: WhatsApp is acknowledged after the message is stored, and sends
// from the state that it leaves are synced themselves. A power cut before that takes
// back both, and the message is delivered again. Of a message that is acknowledged
// without being stored, like a device's word to another, only the state is taken
// back: the sender's next one advances it past the one that is missing.
func (b *eventBuffer) DoDecryptionTxn(ctx context.Context, decrypt func(context.Context) error) error {
	ctx, err := b.turn.decrypting(ctx)
	if err != nil {
		return b.cancelled(ctx, err)
	}
	defer b.turn.end()
	var decryption error
	err = b.EventBuffer.DoDecryptionTxn(models.SyncedLater(ctx), func(ctx context.Context) error {
		decryption = decrypt(ctx)
		return decryption
	})
	switch {
	case err == nil:
		return nil
	case decryption == nil || models.OfDatabase(err):
		return b.cancelled(ctx, err)
	case ofMessage(err) || b.doubted():
		return err
	default: // whatever it is, it may not come again
		return b.cancelled(ctx, err)
	}
}

// ofMessage reports whether an error is known to be the message's own.
func ofMessage(err error) bool {
	return slices.ContainsFunc([]error{
		signalerror.ErrNoSenderKeyStatesInRecord, signalerror.ErrNoSenderKeyStateForID, signalerror.ErrUntrustedIdentity,
		signalerror.ErrNoSignedPreKey, signalerror.ErrInvalidSignature, signalerror.ErrNoOneTimeKeyFound, signalerror.ErrNoValidSessions,
		signalerror.ErrUninitializedSession, signalerror.ErrWrongMessageVersion, signalerror.ErrTooFarIntoFuture, signalerror.ErrOldCounter,
		signalerror.ErrNoSessionForUser, signalerror.ErrSenderKeyStateVerificationFailed, signalerror.ErrNoSenderKeyForUser,
		signalerror.ErrOldMessageVersion, signalerror.ErrUnknownMessageVersion, signalerror.ErrIncompleteMessage, signalerror.ErrBadMAC,
	}, func(own error) bool { return errors.Is(err, own) })
}

// doubted reports whether the message under way has failed with an unknown error
// before, and notes that it has now. It is delivered again once to find out.
func (b *eventBuffer) doubted() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	again := b.doubtful == b.current
	b.doubtful = b.current
	return again
}

// ClearBufferedEventPlaintext implements [store.EventBuffer].
func (b *eventBuffer) ClearBufferedEventPlaintext(ctx context.Context, ciphertextHash [32]byte) error {
	b.mu.Lock()
	b.stored = append(b.stored, ciphertextHash)
	full := len(b.stored) >= clearGroup
	if b.timer == nil {
		b.timer = time.AfterFunc(clearPause, func() { _ = b.flush(context.WithoutCancel(ctx)) })
	}
	b.mu.Unlock()
	if full {
		return b.flush(ctx)
	}
	return nil
}

// flush clears what was stored. A failure leaves it in the buffer, where it does
// no harm.
func (b *eventBuffer) flush(ctx context.Context) error {
	b.mu.Lock()
	stored := b.stored
	b.stored = nil
	if b.timer != nil {
		b.timer.Stop()
		b.timer = nil
	}
	b.mu.Unlock()
	if len(stored) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err := b.db.DoTxn(models.SyncedLater(ctx), nil, func(ctx context.Context) error {
		for _, hash := range stored {
			if err := b.EventBuffer.ClearBufferedEventPlaintext(ctx, hash); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("clearing stored events from the buffer: %w", err)
	}
	return nil
}

func (b *eventBuffer) cancelled(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		b.away(err)
	}
	return fmt.Errorf("%w: the database failed: %w", context.Canceled, err)
}
