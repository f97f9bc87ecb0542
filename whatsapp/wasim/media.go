package wasim

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
)

const (
	// maxUpload bounds one upload; WhatsApp takes documents of up to 2 GB.
	maxUpload = 256 << 20
	// inMemory is how large a file may be to be kept in memory; larger ones are
	// kept in a temporary directory until the server closes.
	inMemory = 256 << 10
)

// mediaStore holds uploaded files by their path. The zero value is empty.
type mediaStore struct {
	mu    sync.RWMutex
	files map[string]*mediaFile
	dir   *os.Root // made at the first large file
}

// mediaFile is an uploaded file. Its content never changes.
type mediaFile struct {
	owner string // number of the account that uploaded it, if known
	// handle names an upload for a channel, with which its owner posts it; empty for
	// all others.
	handle string
	data   []byte // or else it is on disk:
	dir    *os.Root
	name   string
	size   int64
	gone   int // the status of an expired file; 0 while it is there
}

// open gives the content from its beginning.
func (f *mediaFile) open() (io.ReadSeekCloser, error) {
	if f.dir == nil {
		return nopCloser{bytes.NewReader(f.data)}, nil
	}
	file, err := f.dir.Open(f.name)
	if err != nil {
		return nil, fmt.Errorf("opening media: %w", err)
	}
	return file, nil
}

// read gives the whole content.
func (f *mediaFile) read() ([]byte, error) {
	if f.dir == nil {
		return f.data, nil
	}
	data, err := f.dir.ReadFile(f.name)
	if err != nil {
		return nil, fmt.Errorf("reading media: %w", err)
	}
	return data, nil
}

type nopCloser struct{ *bytes.Reader }

// Close does nothing.
func (nopCloser) Close() error { return nil }

// put keeps a small file, such as a picture, under a path of its own.
func (m *mediaStore) put(filePath string, data []byte) {
	m.add(filePath, &mediaFile{data: data, size: int64(len(data))})
}

func (m *mediaStore) add(filePath string, f *mediaFile) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files == nil {
		m.files = map[string]*mediaFile{}
	}
	m.files[filePath] = f
}

// remove forgets a file.
func (m *mediaStore) remove(filePath string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, filePath)
}

// get finds a file by its path or direct path; the copy says whether it expired.
func (m *mediaStore) get(filePath string) (mediaFile, bool) {
	filePath, _, _ = strings.Cut(filePath, "?")
	m.mu.RLock()
	defer m.mu.RUnlock()
	f, ok := m.files[filePath]
	if !ok {
		return mediaFile{}, false
	}
	return *f, true
}

// again hosts a file's content under a new path, as a phone does that uploads it
// once more, and gives the direct path.
func (m *mediaStore) again(f mediaFile) string {
	f.gone = 0
	path := newMediaPath()
	m.add(path, &f)
	return directPath(path)
}

// expire makes files answer with a status; without a path all uploaded ones but
// pictures. It gives how many.
func (m *mediaStore) expire(filePath string, status int) (count int) {
	filePath, _, _ = strings.Cut(filePath, "?")
	m.mu.Lock()
	defer m.mu.Unlock()
	for path, f := range m.files {
		if path == filePath || (filePath == "" && !isPicture(path)) {
			f.gone = status
			count++
		}
	}
	return count
}

// close removes what is on disk.
func (m *mediaStore) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dir == nil {
		return nil
	}
	if err := errors.Join(m.dir.Close(), os.RemoveAll(m.dir.Name())); err != nil {
		return fmt.Errorf("removing media: %w", err)
	}
	return nil
}

// directory gives where large files are kept, making it the first time.
func (m *mediaStore) directory() (*os.Root, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dir != nil {
		return m.dir, nil
	}
	path, err := os.MkdirTemp("", "wasim-media-")
	if err != nil {
		return nil, fmt.Errorf("making media directory: %w", err)
	}
	if m.dir, err = os.OpenRoot(path); err != nil {
		return nil, fmt.Errorf("opening media directory: %w", err)
	}
	return m.dir, nil
}

// upload is a file that is being written: to memory first, and to disk as soon
// as it is large. It ends with publish or discard.
type upload struct {
	store  *mediaStore
	owner  string
	handle string // of an upload for a channel
	hash   hash.Hash
	writer io.Writer
	memory bytes.Buffer
	disk   *os.File
	dir    *os.Root
	name   string // of disk in dir
	size   int64
}

// create starts a file of an account.
func (m *mediaStore) create(owner string) *upload {
	sum := sha256.New()
	u := &upload{store: m, owner: owner, hash: sum}
	u.writer = io.MultiWriter(sum, writerFunc(u.keep))
	return u
}

type writerFunc func([]byte) (int, error)

// Write implements io.Writer.
func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// Write appends to the file.
func (u *upload) Write(b []byte) (int, error) {
	n, err := u.writer.Write(b)
	u.size += int64(n)
	return n, err
}

func (u *upload) keep(b []byte) (int, error) {
	if u.disk == nil && u.memory.Len()+len(b) <= inMemory {
		return u.memory.Write(b)
	}
	if u.disk == nil {
		var err error
		if u.dir, err = u.store.directory(); err != nil {
			return 0, err
		}
		u.name = randomHex(12)
		if u.disk, err = u.dir.Create(u.name); err != nil {
			return 0, fmt.Errorf("making media file: %w", err)
		}
		if _, err = u.disk.Write(u.memory.Bytes()); err != nil {
			return 0, fmt.Errorf("writing media file: %w", err)
		}
		u.memory = bytes.Buffer{}
	}
	return u.disk.Write(b)
}

// publish ends the file and gives its direct path.
func (u *upload) publish() (string, error) {
	f := &mediaFile{owner: u.owner, handle: u.handle, size: u.size}
	if u.disk != nil {
		f.dir, f.name = u.dir, u.name
		if err := u.disk.Close(); err != nil {
			return "", fmt.Errorf("closing media file: %w", err)
		}
	} else {
		f.data = u.memory.Bytes()
	}
	path := newMediaPath()
	u.store.add(path, f)
	return directPath(path), nil
}

// discard drops the file.
func (u *upload) discard() {
	if u.disk != nil {
		_ = u.disk.Close()
		_ = u.dir.Remove(u.name)
	}
}

func newMediaPath() string { return "/blob/" + randomHex(12) }

// directPath makes the form of a path that messages have. Clients append
// "&hash=…" to it, so it must have a query already.
func directPath(path string) string { return path + "?ccb=1" }

func mediaURL(direct string) string { return "https://mmg.whatsapp.net" + direct }

const pictures = "/blob/picture/"

func picturePath(id string) string   { return pictures + id }
func isPicture(filePath string) bool { return strings.HasPrefix(filePath, pictures) }

// putPicture hosts a profile picture and gives its id; empty without a picture.
func (m *mediaStore) putPicture(s *Server, jpeg []byte) string {
	if len(jpeg) == 0 {
		return ""
	}
	id := strconv.FormatUint(1_700_000_000+s.ids.Add(1), 10)
	m.put(picturePath(id), jpeg)
	return id
}

// ErrNoMedia is returned for media that is not, or no longer, on the server.
var ErrNoMedia = errors.New("no such media on the server")

// ExpireMedia makes the server forget a file: further downloads fail with 410,
// as on WhatsApp some weeks after the upload. An empty path means every file
// that is there now. Phones can still upload it again, see [Phone.ForgetMedia].
// It gives how many files expired.
func (s *Server) ExpireMedia(directPath string) int { return s.media.expire(directPath, 410) }

// RemoveMedia is ExpireMedia with 404, which WhatsApp also answers with.
func (s *Server) RemoveMedia(directPath string) int { return s.media.expire(directPath, 404) }
