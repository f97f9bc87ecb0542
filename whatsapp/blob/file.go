package blob

import (
	"context"
	"errors"
	"io"
)

// File is a stored file as net/http.ServeContent and hashes of parts want it: it
// reads where it was last set to. A bucket is asked when the first byte is read,
// and again after each Seek. It is for one goroutine; close it.
type File struct {
	Info

	ctx   context.Context //nolint:containedctx // bounds the reading, as [Store.OpenFile] says
	store *Store
	at    int64
	open  io.ReadCloser // nil until it is read at that place
}

// OpenFile opens a file for reading at any place, or gives [ErrNotFound]. ctx must
// last as long as the file.
func (s *Store) OpenFile(ctx context.Context, key string) (*File, error) {
	info, err := s.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	return &File{Info: info, ctx: ctx, store: s}, nil
}

// Read reads on from the place.
func (f *File) Read(p []byte) (int, error) {
	if f.at >= f.Size {
		return 0, io.EOF
	}
	if f.open == nil {
		open, err := f.store.NewReader(f.ctx, f.Key, f.at, f.Size-f.at)
		if err != nil {
			return 0, err
		}
		f.open = open
	}
	n, err := f.open.Read(p)
	f.at += int64(n)
	if errors.Is(err, io.EOF) && f.at < f.Size {
		err = io.ErrUnexpectedEOF // replaced by a shorter one, or cut off
	}
	return n, err
}

// Seek sets the place for the next Read.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.Size
	}
	if offset < 0 {
		return f.at, errors.New("seeking before the beginning of a file")
	}
	if offset == f.at {
		return offset, nil
	}
	f.at = offset
	return offset, f.Close()
}

// Close ends the reading. It may be called more than once.
func (f *File) Close() error {
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}
