package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"wagateway/cmd/gateway/internal/config"
	"wagateway/whatsapp/blob"
)

const (
	// mediaFolder is where the files of messages are unless a setting says
	// otherwise, and scratchFolder where they are on their way to a bucket.
	mediaFolder, scratchFolder = "media", "tmp"
	// mediaCheck bounds asking a bucket at the start whether it is there.
	mediaCheck = 10 * time.Second
)

// openMedia opens the place of messages' files. One that cannot be used now is
// waited for: messages go on without it. One that does not exist is a mistake.
func openMedia(ctx context.Context, settings *config.Config, logger *slog.Logger) (*blob.Store, error) {
	address := settings.Media.URL
	if address == "" {
		var err error
		if address, err = blob.FolderURL(filepath.Join(settings.DataDir, mediaFolder)); err != nil {
			return nil, err // says what it is about
		}
	}
	store, err := blob.Open(ctx, address, filepath.Join(settings.DataDir, scratchFolder))
	if err != nil {
		return nil, err // says what it is about
	}
	ctx, cancel := context.WithTimeout(ctx, mediaCheck)
	defer cancel()
	if err := store.Check(ctx); errors.Is(err, blob.ErrNoBucket) {
		return nil, errors.Join(fmt.Errorf("GATEWAY_MEDIA_URL: %w", err), store.Close())
	} else if err != nil {
		logger.ErrorContext(ctx, "the media store cannot be used: files of messages fail until it can", slog.Any("error", err))
	}
	return store, nil
}
