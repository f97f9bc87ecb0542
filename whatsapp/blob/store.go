// Package blob keeps files, the media of messages, in a folder of this machine
// or in a bucket of any S3-compatible service.
//
// A file is either there, whole and durable, or not there: one that is half
// written is never seen, whenever the process ends. Files pass through in pieces,
// whatever their size.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// ErrNotFound is in the chain of an error about a file that is not there.
var ErrNotFound = errors.New("no such file")

// ErrNoBucket is in the chain of an error about a bucket that does not exist.
var ErrNoBucket = errors.New("no such bucket")

// maxKey bounds a key in bytes. Folders add to it; S3 allows 1024 in all.
const maxKey = 512

// sweepBatch is how many keys [Store.Sweep] asks about at once.
const sweepBatch = 500

// Info describes a stored file.
type Info struct {
	Key string
	// Size is in bytes.
	Size int64
	// SHA256 is the digest of the content, set by [Store.Put] only: neither a
	// folder nor a bucket keeps it.
	SHA256 []byte
	// Modified is when the file was stored, by the clock of where it is; zero
	// from [Store.Put].
	Modified time.Time
}

// Store is a place of files. It is safe for concurrent use, by several processes
// too.
type Store struct {
	place   place
	scratch *scratch
}

// place is a folder or a bucket. Its keys are valid, its ranges are not negative.
type place interface {
	// put stores a file that is whole and read from its beginning.
	put(ctx context.Context, key string, file *Temp, info Info) error
	// open gives a range that may reach beyond the end; length -1 has no end.
	open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	stat(ctx context.Context, key string) (Info, error)
	delete(ctx context.Context, key string) error
	// list gives all files below a folder, "" is the root, in no order.
	list(ctx context.Context, folder string) iter.Seq2[Info, error]
	check(ctx context.Context) error
	close() error
}

// Open opens the store at an address (see [CheckURL]). A folder is made with mode
// 0700; a bucket must exist and is not asked before it is used, see [Store.Check].
//
// scratch is a folder for files on their way to a bucket, also made; "" is the
// operating system's. Those on their way to a folder are in the folder itself.
// ctx bounds the opening only.
func Open(_ context.Context, rawURL, scratch string) (*Store, error) {
	target, err := parseURL(rawURL)
	if err != nil {
		return nil, fmt.Errorf("opening the media store: %w", err)
	}
	var s *Store
	if target.folder != "" {
		s, err = openFolder(target.folder)
	} else {
		s, err = openBucket(target, scratch)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the media store: %w", err)
	}
	return s, nil
}

// Close lets go of the store. Files under way must be closed before.
func (s *Store) Close() error { return errors.Join(s.place.close(), s.scratch.close()) }

// Check asks whether the store can be used. [ErrNoBucket] is an error that does
// not pass by itself.
func (s *Store) Check(ctx context.Context) error {
	if err := s.place.check(ctx); err != nil {
		return fmt.Errorf("checking the media store: %w", err)
	}
	return nil
}

// Put stores what r gives, to its end, and replaces what was there. On an error,
// r's included, nothing has changed. r is read in pieces through a file on this
// machine, so that a slow or failing source holds up nobody else. A [Temp] of the
// store's own is stored as it is, from its beginning, and should not be written
// any more.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (Info, error) {
	info := Info{Key: key}
	if err := checkKey(key); err != nil {
		return info, err
	}
	file, whole, err := s.asTemp(r)
	if err != nil {
		return info, fmt.Errorf("storing a file: %w", err)
	}
	if whole {
		info.Size, info.SHA256, err = file.digest(ctx)
	} else {
		defer file.Close()
		info.Size, info.SHA256, err = file.fill(ctx, r)
	}
	if err != nil {
		return info, fmt.Errorf("storing a file: %w", err)
	}
	if err := s.place.put(ctx, key, file, info); err != nil {
		return info, fmt.Errorf("storing a file: %w", err)
	}
	return info, nil
}

// asTemp gives the file itself if it is one of this store's, or an empty one.
func (s *Store) asTemp(r io.Reader) (file *Temp, whole bool, err error) {
	if file, ok := r.(*Temp); ok && file.scratch == s.scratch && !file.moved {
		return file, true, nil
	}
	file, err = s.Temp()
	return file, false, err
}

// NewReader reads length bytes of a file from offset; length -1 is all that
// follows. What lies beyond the end is not there: the reader ends early, or at
// once. The error is [ErrNotFound] when the file is missing. ctx must last as
// long as the reader, which is to be closed.
func (s *Store) NewReader(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if offset < 0 || length < -1 {
		return nil, fmt.Errorf("reading a file: no range from %d of %d bytes", offset, length)
	}
	r, err := s.place.open(ctx, key, offset, length)
	if err != nil {
		return nil, fmt.Errorf("reading a file: %w", err)
	}
	return r, nil
}

// Stat tells of a file, or [ErrNotFound].
func (s *Store) Stat(ctx context.Context, key string) (Info, error) {
	if err := checkKey(key); err != nil {
		return Info{}, err
	}
	info, err := s.place.stat(ctx, key)
	if err != nil {
		return Info{}, fmt.Errorf("looking for a file: %w", err)
	}
	info.Key = key
	return info, nil
}

// Delete removes a file. One that is missing is removed already.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := s.place.delete(ctx, key); err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("deleting a file: %w", err)
	}
	return nil
}

// DeleteFolder removes all files whose keys begin with folder and a slash, which
// is how a session's go.
func (s *Store) DeleteFolder(ctx context.Context, folder string) error {
	if err := checkKey(folder); err != nil {
		return err
	}
	for info, err := range s.place.list(ctx, folder) {
		if err == nil {
			err = s.place.delete(ctx, info.Key)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("deleting files: %w", err)
		}
	}
	return nil
}

// List gives the files below a folder, "" is all, in no order. Files that come
// and go meanwhile may be given or not. An error ends it.
func (s *Store) List(ctx context.Context, folder string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if folder != "" {
			if err := checkKey(folder); err != nil {
				yield(Info{}, err)
				return
			}
		}
		for info, err := range s.place.list(ctx, folder) {
			if err != nil {
				yield(Info{}, fmt.Errorf("listing files: %w", err))
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

// Sweep deletes files that nobody knows any more, and says how many. orphans gets
// the keys of files stored before a time, at most 500 at once, and gives those of
// them that may go. The time must leave room for files that are stored before
// they are known. An error of orphans, or of the store, ends the sweep.
func (s *Store) Sweep(ctx context.Context, before time.Time, orphans func(ctx context.Context, keys []string) ([]string, error)) (int, error) {
	swept := 0
	keys := make([]string, 0, sweepBatch)
	flush := func() error {
		gone, err := orphans(ctx, keys)
		if err != nil {
			return err
		}
		for _, key := range gone {
			if err := s.Delete(ctx, key); err != nil {
				return err
			}
			swept++
		}
		keys = keys[:0]
		return nil
	}
	for info, err := range s.List(ctx, "") {
		if err != nil {
			return swept, err
		}
		if !info.Modified.Before(before) {
			continue
		}
		if keys = append(keys, info.Key); len(keys) == sweepBatch {
			if err := flush(); err != nil {
				return swept, err
			}
		}
	}
	if len(keys) == 0 {
		return swept, nil
	}
	return swept, flush()
}

// checkKey refuses keys that are none: segments of letters, digits, "-", "_" and
// ".", none of them beginning with a dot, with slashes between. So a key cannot
// leave the store and is the same name in folders, buckets and addresses.
func checkKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("a key of %d bytes", len(key))
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment[0] == '.' || strings.ContainsFunc(segment, notInKey) {
			return fmt.Errorf("%q is no key", key)
		}
	}
	return nil
}

func notInKey(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
		return false
	}
	return true
}
