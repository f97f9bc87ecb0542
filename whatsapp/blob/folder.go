package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"runtime"
	"syscall"
)

const (
	// partFolder holds the files under way of a folder. No key begins with a dot.
	partFolder = ".part"
	// listBatch is how many names of a folder are in memory at once.
	listBatch = 256
	// putTries is how often a folder that is removed while a file is put into it
	// is made again.
	putTries = 3
)

// folder is a place on this machine. Everything goes through an [os.Root], so
// that not even a symbolic link leads out of it.
type folder struct {
	root *os.Root
}

func openFolder(name string) (*Store, error) {
	if err := os.MkdirAll(name, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder: %w", err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("opening the folder: %w", err)
	}
	parts, err := openParts(root)
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return &Store{place: folder{root}, scratch: parts}, nil
}

// openParts opens the folder of files under way, on the same disk as the files:
// they are moved, not copied.
func openParts(root *os.Root) (*scratch, error) {
	if err := root.MkdirAll(partFolder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for files under way: %w", err)
	}
	inner, err := root.OpenRoot(partFolder)
	if err != nil {
		return nil, fmt.Errorf("opening the folder for files under way: %w", err)
	}
	parts, err := openScratch(inner)
	if err != nil {
		return nil, errors.Join(err, inner.Close())
	}
	return parts, nil
}

func (f folder) put(_ context.Context, key string, file *Temp, _ Info) error {
	// The content must be on the disk before its name is.
	if err := file.Sync(); err != nil {
		return err
	}
	parent := path.Dir(key)
	_, err := f.root.Stat(parent)
	made := err != nil
	for try := 1; ; try++ {
		if err := f.root.MkdirAll(parent, 0o700); err != nil {
			return err
		}
		err := f.root.Rename(path.Join(partFolder, file.name), key)
		if err == nil {
			file.moved = true
			return f.sync(parent, made || try > 1)
		}
		if !errors.Is(err, fs.ErrNotExist) || try == putTries {
			return err
		}
	}
}

// sync makes the names in a folder outlast a power cut; above, also the folder's
// own and those of the folders that it is in.
func (f folder) sync(name string, above bool) error {
	if runtime.GOOS == "windows" {
		return nil // there it is the system's business
	}
	for {
		d, err := f.root.Open(name)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
		if name == "." || !above {
			return nil
		}
		name = path.Dir(name)
	}
}

func (f folder) open(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	file, err := f.regular(key)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if length < 0 {
		return file, nil
	}
	return limitedFile{io.LimitReader(file, length), file}, nil
}

// regular opens a file; a folder is none.
func (f folder) regular(key string) (*os.File, error) {
	file, err := f.root.Open(key)
	if err != nil {
		return nil, missing(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = ErrNotFound
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// limitedFile is the beginning of the rest of a file.
type limitedFile struct {
	io.Reader
	io.Closer
}

func (f folder) stat(_ context.Context, key string) (Info, error) {
	info, err := f.root.Stat(key)
	if err != nil {
		return Info{}, missing(err)
	}
	if !info.Mode().IsRegular() {
		return Info{}, ErrNotFound
	}
	return Info{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil
}

func (f folder) delete(ctx context.Context, key string) error {
	// Remove would take an empty folder as well.
	if _, err := f.stat(ctx, key); err != nil {
		return err
	}
	return missing(f.root.Remove(key))
}

// missing turns the operating system's words for a file that is not there, or
// whose folder is a file, into ours.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}

func (f folder) list(ctx context.Context, name string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		if name == "" {
			name = "."
		}
		f.walk(ctx, name, yield)
	}
}

// walk gives the files below a folder and reports whether to go on.
func (f folder) walk(ctx context.Context, name string, yield func(Info, error) bool) bool {
	d, err := f.root.Open(name)
	if err != nil {
		if errors.Is(missing(err), ErrNotFound) {
			return true // never was, or removed meanwhile
		}
		return yield(Info{}, err)
	}
	defer d.Close()
	if info, err := d.Stat(); err != nil || !info.IsDir() {
		return err == nil || yield(Info{}, err)
	}
	for info, err := range entries(d) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(Info{}, err)
			return false
		}
		key := path.Join(name, info.Name())
		switch {
		case checkKey(key) != nil: // files under way, or not ours
		case info.IsDir():
			if !f.walk(ctx, key, yield) {
				return false
			}
		case info.Mode().IsRegular():
			if !yield(Info{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil) {
				return false
			}
		}
	}
	return true
}

// entries gives what is in a folder, a batch of names in memory at a time. What
// goes away meanwhile is left out.
func entries(d *os.File) iter.Seq2[fs.FileInfo, error] {
	return func(yield func(fs.FileInfo, error) bool) {
		for {
			batch, err := d.ReadDir(listBatch)
			for _, entry := range batch {
				info, err := entry.Info()
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if !yield(info, err) || err != nil {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// check makes sure that the folder can still be written.
func (f folder) check(context.Context) error {
	name := path.Join(partFolder, "check"+tempExtension)
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), f.root.Remove(name))
}

func (f folder) close() error { return f.root.Close() }
