package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// prepare makes sure that there is a store at path that this program can read.
func prepare(path string, readOnly bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("store %s is a directory: name a file in it", path)
	case errors.Is(err, fs.ErrNotExist) && readOnly:
		return fmt.Errorf("there is no store at %s: start casegate once to make it: %w", path, err)
	case errors.Is(err, fs.ErrNotExist):
		return create(path)
	case err != nil:
		return openError(path, err)
	}
	return inspect(path)
}

// create makes an empty store under another name and then gives it its own, so
// that whatever is found at path has once been whole. A link, unlike a rename,
// never replaces what another process has put there meanwhile.
func create(path string) error {
	tmp := path + ".new"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return openError(path, err)
	}
	db, err := bbolt.Open(tmp, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return openError(path, err)
	}
	defer os.Remove(tmp)
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, b := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(b.name)); err != nil {
				return err
			}
		}
		return tx.Bucket([]byte(bucketMeta)).Put(metaFormat, strconv.AppendInt(nil, format, 10))
	})
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Link(tmp, path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return openError(path, err)
	}
	return nil
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// inspect looks at an existing file before it is opened for writing: bbolt does
// not survive a file that is shorter than it says.
func inspect(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, ReadOnly: true})
	if info, statErr := os.Stat(path); err != nil && !errors.Is(err, fs.ErrPermission) && statErr == nil && info.Size() == 0 {
		return fmt.Errorf("store %s is empty: restore it from a backup, or move it away", path)
	}
	if err != nil {
		return openError(path, err)
	}
	defer db.Close()
	return db.View(func(tx *bbolt.Tx) error {
		info, err := os.Stat(path)
		if err != nil {
			return openError(path, err)
		}
		if info.Size() < tx.Size() {
			return openError(path, fmt.Errorf("%w: it is cut off at %d octets and should have %d", errDamaged, info.Size(), tx.Size()))
		}
		if err := guard(func() error { return checkFormat(tx) }); err != nil {
			return openError(path, err)
		}
		return nil
	})
}

func checkFormat(tx *bbolt.Tx) error {
	meta := tx.Bucket([]byte(bucketMeta))
	if meta == nil || meta.Get(metaFormat) == nil {
		return fmt.Errorf("it is a bbolt file of another program, not a casegate store: move it away, or choose another data directory")
	}
	if got := meta.Get(metaFormat); !bytes.Equal(got, strconv.AppendInt(nil, format, 10)) {
		return fmt.Errorf("it has format %q, this casegate knows format %d: use the casegate that wrote it, or a newer one", got, format)
	}
	return nil
}

var errDamaged = errors.New("damaged")

// guard runs f and turns a panic, which is how bbolt tells of a damaged file,
// and a fault in the mapped file into an error.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return f()
}

// openError says what to do about an error of opening a store.
func openError(path string, err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("another casegate is using %s: stop it first, or choose another data directory", path)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		return fmt.Errorf("%s is not a casegate store, or its first pages are damaged (%w): move it away, or restore it from a backup", path, err)
	case errors.Is(err, errDamaged):
		return fmt.Errorf("store %s is %w: restore it from a backup", path, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission to use the store %s: run casegate as the user who owns it and its directory: %w", path, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the directory of the store %s is missing: make it, or choose another data directory: %w", path, err)
	}
	return fmt.Errorf("open store %s: %w", path, err)
}
