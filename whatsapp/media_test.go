package whatsapp_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"wagateway/models"
	"wagateway/models/fault"
	"wagateway/models/modelstest"
	"wagateway/whatsapp"
	"wagateway/whatsapp/blob"
	"wagateway/whatsapp/wasim"
	"wagateway/whatsapp/whatsapptest"
)

// mediaWorld is a world whose pauses about files are short.
func mediaWorld(t *testing.T, db *models.DB, change ...func(*whatsapp.Config)) *world {
	t.Helper()
	sim := whatsapptest.NewWorldOn(t, db, whatsapptest.WithService(func(c *whatsapp.Config) {
		c.Timing.MediaRetry, c.Timing.MediaAnswer, c.Timing.MediaClean = 10*time.Millisecond, 500*time.Millisecond, 20*time.Millisecond
		for _, c2 := range change {
			c2(c)
		}
	}))
	return &world{T: t, sim: sim, srv: sim.WhatsApp, db: db, svc: sim.Service}
}

// file waits until the file of a message has a status.
func (w *world) file(m *models.Message, status models.MediaStatus) *models.MediaFile {
	w.Helper()
	var file *models.MediaFile
	require.Eventually(w, func() bool {
		var err error
		file, err = w.db.Media.Get(w.Context(), m.ID)
		return err == nil && file.Status == status
	}, whatsapptest.Patience, 5*time.Millisecond, "the file becomes %s", status)
	return file
}

// bytesOf reads the file of a message.
func (w *world) bytesOf(m *models.Message) []byte {
	w.Helper()
	open, _, err := w.svc.OpenMedia(w.Context(), m)
	require.NoError(w, err)
	defer func() { assert.NoError(w, open.Close()) }()
	data, err := io.ReadAll(open)
	require.NoError(w, err)
	return data
}

func TestReceivedFilesAreStored(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		for _, kind := range []wasim.MediaKind{
			wasim.MediaImage, wasim.MediaVideo, wasim.MediaPTV, wasim.MediaAudio, wasim.MediaVoice, wasim.MediaDocument, wasim.MediaSticker,
		} {
			data := bytes.Repeat([]byte(kind), 10_000)
			id, err := alice.SendMedia(w.Context(), own.LID(), wasim.Media{Kind: kind, Data: data})
			require.NoError(t, err)
			m := w.stored(session, id)
			file := w.file(m, models.MediaStored)
			assert.EqualValues(t, len(data), file.Size)
			assert.Equal(t, data, w.bytesOf(m), kind)
		}
	})
}

// TestFilesWaitForTheStorage: tries do not run out while it is away.
func TestFilesWaitForTheStorage(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		folder := t.TempDir()
		address, err := blob.FolderURL(folder)
		require.NoError(t, err)
		store, err := blob.Open(t.Context(), address, "")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, store.Close()) })
		w := mediaWorld(t, db, func(c *whatsapp.Config) { c.Media.Store = store })
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		inTheWay := filepath.Join(folder, session) // where the session's files go
		require.NoError(t, os.WriteFile(inTheWay, nil, 0o600))
		id, err := alice.SendMedia(w.Context(), own.LID(), wasim.Media{Kind: wasim.MediaDocument, Data: []byte("hello")})
		require.NoError(t, err)
		m := w.stored(session, id)
		var first, file *models.MediaFile
		tries := 0
		require.Eventually(t, func() bool {
			if file, err = db.Media.Get(t.Context(), m.ID); err != nil || file.Error == "" {
				return false
			}
			if first == nil || file.NextTryAt != first.NextTryAt {
				first, tries = file, tries+1
			}
			return tries > 2
		}, whatsapptest.Patience, 5*time.Millisecond, "it is tried again and again")
		assert.Equal(t, []any{models.MediaRemote, 0, "the storage of files is not reachable"}, []any{file.Status, file.Attempts, file.Error})
		require.NoError(t, os.Remove(inTheWay))
		assert.Empty(t, w.file(m, models.MediaStored).Error)
		assert.Equal(t, "hello", string(w.bytesOf(m)))
	})
}

func TestFilesThatFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault  wasim.Fault
		forget bool
		large  bool
		want   models.MediaStatus
		reason fault.Reason
		why    string
	}{
		"a server that is down for a moment": {fault: wasim.Fault{Kind: wasim.FaultMediaStatus, Code: 500, Count: 2}, want: models.MediaStored},
		"damaged once":                       {fault: wasim.Fault{Kind: wasim.FaultMediaCorrupt, Count: 1}, want: models.MediaStored},
		"damaged":                            {fault: wasim.Fault{Kind: wasim.FaultMediaCorrupt}, want: models.MediaFailed, why: "not what the message says"},
		"gone, the phone has it":             {fault: wasim.Fault{Kind: wasim.FaultMediaStatus, Code: 404, Count: 1}, want: models.MediaStored},
		"gone everywhere":                    {fault: wasim.Fault{Kind: wasim.FaultMediaStatus, Code: 410}, forget: true, want: models.MediaExpired, why: "neither"},
		"too large":                          {large: true, want: models.MediaFailed, why: "larger"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modelstest.Each(t, func(t *testing.T, db *models.DB) {
				w := mediaWorld(t, db, func(c *whatsapp.Config) { c.Media.AutoDownload, c.Media.MaxBytes = false, 1<<16 })
				own, alice := w.phone("Own"), w.phone("Alice")
				session := w.link(own)
				own.ForgetMedia(c.forget)
				data := bytes.Repeat([]byte("file"), 1000)
				if c.large {
					data = bytes.Repeat([]byte("file"), 100_000)
				}
				id, err := alice.SendMedia(w.Context(), own.LID(), wasim.Media{Kind: wasim.MediaDocument, Data: data})
				require.NoError(t, err)
				m := w.stored(session, id)
				if c.fault.Kind != "" {
					require.NoError(t, w.srv.SetFault(c.fault))
				}
				_, err = w.svc.FetchMedia(w.Context(), w.row(session), whatsapp.MessageKey{Chat: alice.LID().String(), WAMessageID: id})
				file := w.file(m, c.want)
				if c.want == models.MediaStored {
					require.NoError(t, err)
					assert.Equal(t, data, w.bytesOf(m))
					return
				}
				require.Error(t, err)
				assert.Contains(t, file.Error, c.why)
				assert.Contains(t, err.Error(), file.Error)
			})
		})
	}
}

func TestFilesAreGotWhenAskedFor(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db, func(c *whatsapp.Config) { c.Media.AutoDownload = false })
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		id, err := alice.SendMedia(w.Context(), own.LID(), picture())
		require.NoError(t, err)
		m := w.stored(session, id)
		file := w.file(m, models.MediaRemote)
		assert.Equal(t, models.Never, file.NextTryAt)
		assert.Equal(t, []byte{0xff, 0xd8, 1}, file.Thumbnail)
		assert.Equal(t, picture().Data, w.bytesOf(m))

		row := w.row(session)
		_, err = w.svc.StopSession(w.Context(), session)
		require.NoError(t, err)
		assert.Equal(t, picture().Data, w.bytesOf(m), "what is stored needs no connection")
		key := whatsapp.MessageKey{Chat: alice.LID().String(), WAMessageID: id}
		_, err = w.svc.FetchMedia(w.Context(), row, key)
		require.NoError(t, err)
		key.Sender = own.LID().String()
		_, err = w.svc.FetchMedia(w.Context(), row, key)
		is(t, err, fault.NotFound, "")
		_, err = w.svc.FetchMedia(w.Context(), row, whatsapp.MessageKey{Chat: "nonsense", WAMessageID: id})
		is(t, err, fault.Validation, fault.ReasonInvalidJID)
	})
}

// What is stored goes when it is old, when its message is revoked and when its
// session is deleted.
func TestFilesGo(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db)
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		files := func() (n int) {
			for _, err := range w.sim.Media.List(w.Context(), "") {
				require.NoError(t, err)
				n++
			}
			return n
		}
		first, err := alice.SendMedia(w.Context(), own.LID(), picture())
		require.NoError(t, err)
		second, err := alice.SendMedia(w.Context(), own.LID(), picture())
		require.NoError(t, err)
		w.file(w.stored(session, first), models.MediaStored)
		w.file(w.stored(session, second), models.MediaStored)
		assert.Equal(t, 2, files())
		_, err = alice.Revoke(w.Context(), own.LID(), first)
		require.NoError(t, err)
		require.Eventually(t, func() bool { return files() == 1 }, whatsapptest.Patience, 5*time.Millisecond)
		require.NoError(t, w.svc.DeleteSession(w.Context(), session))
		require.Eventually(t, func() bool { return files() == 0 }, whatsapptest.Patience, 5*time.Millisecond)
	})
}

func TestOldFilesAreLetGo(t *testing.T) {
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := mediaWorld(t, db, func(c *whatsapp.Config) { c.Media.Keep = time.Millisecond })
		own, alice := w.phone("Own"), w.phone("Alice")
		session := w.link(own)
		id, err := alice.SendMedia(w.Context(), own.LID(), picture())
		require.NoError(t, err)
		m := w.stored(session, id)
		require.Eventually(t, func() bool {
			file, err := w.db.Media.Get(w.Context(), m.ID)
			return err == nil && file.Status == models.MediaRemote && file.NextTryAt == models.Never
		}, whatsapptest.Patience, 5*time.Millisecond)
	})
}
