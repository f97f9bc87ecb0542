package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// leftOver is when a file under way counts as left by a process that died.
// Nothing is under way for so long.
const leftOver = 24 * time.Hour

// scratch is a folder of files under way.
type scratch struct {
	root *os.Root
}

// openScratch opens the folder, makes it if need be and removes what was left.
func openScratch(root *os.Root) (*scratch, error) {
	s := &scratch{root: root}
	folder, err := root.Open(".")
	if err != nil {
		return nil, fmt.Errorf("opening the folder for files under way: %w", err)
	}
	defer folder.Close()
	for info, err := range entries(folder) {
		if err != nil {
			return nil, fmt.Errorf("reading the folder for files under way: %w", err)
		}
		if info.Mode().IsRegular() && filepath.Ext(info.Name()) == tempExtension && time.Since(info.ModTime()) > leftOver {
			_ = root.Remove(info.Name()) // another process may have been faster
		}
	}
	return s, nil
}

func (s *scratch) close() error { return s.root.Close() }

// tempExtension marks the files that are ours in a folder that others may use too.
const tempExtension = ".part"

// Temp is a file under way: a download that is not complete, an upload that is
// not checked. Close removes it, and so does the next start after a crash.
type Temp struct {
	*os.File

	scratch *scratch
	name    string
	once    sync.Once
	closed  error
	moved   bool // stored under its key: nothing is to be removed
}

// Temp makes an empty file under way.
func (s *Store) Temp() (*Temp, error) {
	name := rand.Text() + tempExtension
	file, err := s.scratch.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	return &Temp{File: file, scratch: s.scratch, name: name}, nil
}

// Close closes and removes the file. It may be called more than once.
func (t *Temp) Close() error {
	t.once.Do(func() {
		t.closed = t.File.Close()
		if t.moved {
			return
		}
		if err := t.scratch.root.Remove(t.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.closed = errors.Join(t.closed, err)
		}
	})
	return t.closed
}

// fill writes what r gives and returns its size and SHA-256.
func (t *Temp) fill(ctx context.Context, r io.Reader) (int64, []byte, error) {
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(t.File, sum), contextReader{ctx, r})
	if err != nil {
		return n, nil, err
	}
	return n, sum.Sum(nil), nil
}

// digest reads the file from its beginning and returns its size and SHA-256.
func (t *Temp) digest(ctx context.Context) (int64, []byte, error) {
	if _, err := t.Seek(0, io.SeekStart); err != nil {
		return 0, nil, err
	}
	sum := sha256.New()
	// The wrapping also keeps io.Copy from asking the file to write itself.
	n, err := io.Copy(sum, contextReader{ctx, t.File})
	if err != nil {
		return n, nil, err
	}
	return n, sum.Sum(nil), nil
}

// contextReader ends with its context, between two reads.
type contextReader struct {
	ctx context.Context //nolint:containedctx // lives as long as one call
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
