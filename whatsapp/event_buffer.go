package whatsapp

import (
	"context"
	"fmt"
	"time"

	"go.mau.fi/whatsmeow/store"

	"wagateway/models"
)

// eventBuffer stands before whatsmeow's buffer of decrypted events and tells it
// the one thing it does not ask: whether a message cannot be decrypted, or the
// database cannot be read. whatsmeow acknowledges both; only a cancelled
// decryption it leaves alone. So a failure of the database is passed on as a
// cancellation, and the message stays with WhatsApp until it is delivered again.
type eventBuffer struct {
	store.EventBuffer
	// away hears of a failure of the database.
	away func(error)
}

// GetBufferedEvent implements [store.EventBuffer].
func (b *eventBuffer) GetBufferedEvent(ctx context.Context, ciphertextHash [32]byte) (*store.BufferedEvent, error) {
	event, err := b.EventBuffer.GetBufferedEvent(ctx, ciphertextHash)
	if err != nil {
		return nil, b.cancelled(err)
	}
	return event, nil
}

// DoDecryptionTxn implements [store.EventBuffer].
func (b *eventBuffer) DoDecryptionTxn(ctx context.Context, decrypt func(context.Context) error) error {
	var decryption error
	err := b.EventBuffer.DoDecryptionTxn(ctx, func(ctx context.Context) error {
		decryption = decrypt(ctx)
		return decryption
	})
	switch {
	case err == nil:
		return nil
	case decryption == nil || models.OfDatabase(err):
		return b.cancelled(err)
	default:
		return err // the message's own
	}
}

// PutBufferedEvent implements [store.EventBuffer].
func (b *eventBuffer) PutBufferedEvent(ctx context.Context, ciphertextHash [32]byte, plaintext []byte, serverTimestamp time.Time) error {
	if err := b.EventBuffer.PutBufferedEvent(ctx, ciphertextHash, plaintext, serverTimestamp); err != nil {
		return b.cancelled(err)
	}
	return nil
}

func (b *eventBuffer) cancelled(err error) error {
	b.away(err)
	return fmt.Errorf("%w: the database failed: %w", context.Canceled, err)
}
