package whatsapp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"google.golang.org/protobuf/proto"

	"wagateway/models"
	"wagateway/whatsapp/blob"
)

const (
	// maxDownloads bounds how many files a process gets at the same time, and
	// maxSessionDownloads those of one session.
	maxDownloads        = 16
	maxSessionDownloads = 3
	// downloadTime bounds getting one file.
	downloadTime = 10 * time.Minute
	// maxMediaTries is how often a file is tried that cannot be reached, with
	// growing pauses; maxMediaAsks, how often the phone is asked for an expired one.
	maxMediaTries = 8
	maxMediaAsks  = 3
	// maxMediaPause bounds the pauses.
	maxMediaPause = time.Hour
)

// downloads gets the files of a session's messages: the goroutine that does, and
// those who wait for one. The queue is in the database.
type downloads struct {
	wake chan struct{} // holds a token when there is something to look at

	mu      sync.Mutex // guards what follows; a leaf
	running map[int64]bool
	waiters map[int64][]chan struct{} // by message; closed when a try has ended
}

func newDownloads() *downloads {
	return &downloads{wake: make(chan struct{}, 1), running: make(map[int64]bool), waiters: make(map[int64][]chan struct{})}
}

// added has the queue looked at.
func (d *downloads) added() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// expect gives a channel that is closed when the next try for a message's file has
// ended.
func (d *downloads) expect(messageID int64) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	ended := make(chan struct{})
	d.waiters[messageID] = append(d.waiters[messageID], ended)
	return ended
}

// begin takes a message for a try; false when one is under way.
func (d *downloads) begin(messageID int64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running[messageID] || len(d.running) >= maxSessionDownloads {
		return false
	}
	d.running[messageID] = true
	return true
}

// end says that a try has ended.
func (d *downloads) end(messageID int64) {
	d.mu.Lock()
	delete(d.running, messageID)
	d.mu.Unlock()
	d.tell(messageID)
	d.added()
}

// tell says that something is known of a message's file.
func (d *downloads) tell(messageID int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, ended := range d.waiters[messageID] {
		close(ended)
	}
	delete(d.waiters, messageID)
}

// runDownloads gets what is to be got until ctx, the link's, ends.
func (s *Service) runDownloads(ctx context.Context, x *session, l *link) {
	if s.cfg.Media.Store == nil {
		return
	}
	var tries sync.WaitGroup
	defer tries.Wait()
	for ctx.Err() == nil {
		pause := forever
		if x.connected() {
			due, next, err := s.db.Media.Due(ctx, x.id, models.Now(), 2*maxSessionDownloads)
			if err != nil && ctx.Err() == nil {
				x.log.ErrorContext(ctx, "listing files to get failed, trying again", "error", err)
				pause = storeRetry
			}
			for i := range due {
				if file := &due[i]; x.downloads.begin(file.MessageID) {
					tries.Go(func() {
						defer x.downloads.end(file.MessageID)
						s.download(ctx, x, l, file)
					})
				}
			}
			if next != models.Never {
				pause = min(pause, max(time.Until(next.Time()), time.Millisecond))
			}
		}
		timer := time.NewTimer(pause)
		select {
		case <-x.downloads.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// download tries to get one file and notes what came of it. A process that dies
// on the way leaves the file to be got, and at most an orphan that is swept.
func (s *Service) download(ctx context.Context, x *session, l *link, file *models.MediaFile) {
	if s.downloadSlots.Acquire(ctx, 1) != nil {
		return
	}
	defer s.downloadSlots.Release(1)
	err := s.downloadInto(ctx, x, l, file)
	if err == nil || ctx.Err() != nil {
		return
	}
	if errors.Is(err, errStorage) {
		s.held(ctx, x, file, err)
		return
	}
	status, why, again := s.missed(ctx, x, file, err)
	x.log.InfoContext(ctx, "a file could not be got", "message_id", file.MessageID, "status", status, "reason", why, "error", err)
	if err := s.db.Media.Missed(ctx, file.MessageID, status, why, again); err != nil {
		x.log.ErrorContext(ctx, "noting a failed download failed", "message_id", file.MessageID, "error", err)
	}
}

// downloadInto gets a file into storage and notes it.
func (s *Service) downloadInto(ctx context.Context, x *session, l *link, file *models.MediaFile) error {
	part, err := s.mediaPart(ctx, file)
	if err != nil {
		return err
	}
	temp, err := s.cfg.Media.Store.Temp()
	if err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	defer func() { _ = temp.Close() }()
	asking, cancel := context.WithTimeout(ctx, downloadTime)
	defer cancel()
	_, err = guarded(asking, l.client, func(ctx context.Context, cli *whatsmeow.Client) (struct{}, error) {
		return struct{}{}, cli.DownloadToFile(ctx, part, &boundedFile{Temp: temp, most: s.cfg.Media.MaxBytes + encryptionOverhead})
	})
	if err != nil {
		return err
	}
	key := mediaKey(x.id)
	info, err := s.cfg.Media.Store.Put(ctx, key, temp)
	if err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	ctx, cancelStoring := storing(ctx)
	defer cancelStoring()
	kept, err := s.db.Media.Stored(ctx, file.MessageID, key, info.Size, info.SHA256)
	if err != nil || !kept {
		return errors.Join(err, s.cfg.Media.Store.Delete(ctx, key))
	}
	return nil
}

// mediaKey makes the place of a new file of a session's.
func mediaKey(sessionID string) string { return sessionID + "/" + ulid.Make().String() }

// encryptionOverhead is what a file is larger by at WhatsApp's: padding and a MAC.
const encryptionOverhead = 64

var (
	errNoFile   = errors.New("the message has no file")
	errTooLarge = errors.New("the file is larger than what is got")
	// errStorage is our own storage's failure, which says nothing of the file.
	errStorage = errors.New("the storage of files failed")
)

// boundedFile is a file that grows to a size and no further.
type boundedFile struct {
	*blob.Temp
	most int64
	size int64 // to where it is written
}

// Write implements [io.Writer].
func (f *boundedFile) Write(p []byte) (int, error) {
	if f.size += int64(len(p)); f.size > f.most {
		return 0, errTooLarge
	}
	return f.Temp.Write(p)
}

// ReadFrom implements [io.ReaderFrom], which would go past Write otherwise.
func (f *boundedFile) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{f}, r) }

// Seek has what is written next take the place of what is there, as whatsmeow wants
// for each try.
func (f *boundedFile) Seek(offset int64, whence int) (at int64, err error) {
	f.size, err = f.Temp.Seek(offset, whence)
	return f.size, err
}

// mediaPart gives the part of a message that describes its file, with where the
// file is now.
func (s *Service) mediaPart(ctx context.Context, file *models.MediaFile) (whatsmeow.DownloadableMessage, error) {
	raw, err := s.db.Messages.Raw(ctx, file.MessageID)
	if err != nil {
		return nil, err
	}
	message := &waE2E.Message{}
	if err := proto.Unmarshal(raw, message); err != nil {
		return nil, fmt.Errorf("reading a message with a file: %w", err)
	}
	return movedTo(unwrapped(message), file.DirectPath)
}

// movedTo gives the part of a message that describes its file, at a path.
func movedTo(message *waE2E.Message, path string) (whatsmeow.DownloadableMessage, error) {
	to := func(at **string) {
		if path != "" {
			*at = &path
		}
	}
	switch {
	case message.GetImageMessage() != nil:
		to(&message.ImageMessage.DirectPath)
		return message.ImageMessage, nil
	case message.GetVideoMessage() != nil:
		to(&message.VideoMessage.DirectPath)
		return message.VideoMessage, nil
	case message.GetPtvMessage() != nil:
		to(&message.PtvMessage.DirectPath)
		return message.PtvMessage, nil
	case message.GetAudioMessage() != nil:
		to(&message.AudioMessage.DirectPath)
		return message.AudioMessage, nil
	case message.GetDocumentMessage() != nil:
		to(&message.DocumentMessage.DirectPath)
		return message.DocumentMessage, nil
	case message.GetStickerMessage() != nil:
		to(&message.StickerMessage.DirectPath)
		return message.StickerMessage, nil
	default:
		return nil, errNoFile
	}
}
