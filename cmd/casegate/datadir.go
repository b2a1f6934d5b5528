package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"casegate/cases"
)

// Names in the data directory; see also socketName, keysName and outboxName.
const (
	storeName = "store.db"
	blobsName = "blobs"
	// dirtyName is there while a daemon runs. Found at a start, it tells that
	// the last one did not end well and that the store has to be verified.
	dirtyName = "running"
)

// prepareData makes the data directory if need be and makes sure it can be
// written, so that no later step fails in a less obvious way.
func prepareData(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(path, 0o700); err != nil {
			return fmt.Errorf("data directory cannot be made: %w", err)
		}
		if err := syncFolder(filepath.Dir(path)); err != nil {
			return err
		}
	case err != nil:
		return fmt.Errorf("data directory: %w", err)
	case !info.IsDir():
		return fmt.Errorf("data directory %s is a file, not a directory: name another one with --data or in the configuration", path)
	case info.Mode().Perm()&0o007 != 0:
		return fmt.Errorf("data directory %s is open to everybody on this machine (mode %04o): chmod 700 it", path, info.Mode().Perm())
	}
	probe, err := os.CreateTemp(path, ".tmp-*")
	if err != nil {
		return fmt.Errorf("data directory %s cannot be written: %w", path, errors.Unwrap(err))
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// markDirty notes durably that a daemon runs; wasDirty tells that the last one
// left its own note behind.
func markDirty(data string) (wasDirty bool, err error) {
	path := filepath.Join(data, dirtyName)
	if _, err := os.Stat(path); err == nil {
		return true, nil
	}
	err = writeDurably(path, func(f *os.File) error {
		_, err := fmt.Fprintln(f, "a daemon runs here, or did not end well: it verifies the store at its next start")
		return err
	})
	return false, err
}

func markClean(data string) error {
	if err := os.Remove(filepath.Join(data, dirtyName)); err != nil {
		return err
	}
	return syncFolder(data)
}

// watermark tells when the disk under the data directory is nearly full, early
// enough to say 452 while there is still room to say it (threats, A4).
type watermark struct {
	path string
	min  uint64 // octets
	now  func() time.Time
	free func(path string) (uint64, error)

	mu      sync.Mutex
	checked time.Time
	last    error
}

// look is how long one look at the disk holds: every recipient asks.
const look = time.Second

// room is nil while there is room, else an error that wraps cases.ErrFull.
func (w *watermark) room() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if !w.checked.IsZero() && now.Sub(w.checked) < look {
		return w.last
	}
	w.checked, w.last = now, nil
	free, err := w.free(w.path)
	switch {
	case err != nil:
		w.last = fmt.Errorf("look at free disk space: %w", err)
	case free < w.min:
		w.last = fmt.Errorf("%w: %d MiB free under %s, disk.min_free_mib wants %d", cases.ErrFull, free>>20, w.path, w.min>>20)
	}
	return w.last
}

func freeBytes(path string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, err
	}
	return fs.Bavail * uint64(fs.Bsize), nil
}
