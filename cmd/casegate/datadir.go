package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
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

// prepareData makes the data directory if need be and makes sure that it can be
// written, and by nobody else, so that no later step fails in a less obvious way.
func prepareData(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(path, 0o700); err != nil {
			return dataError(path, "made", err)
		}
		if err := syncFolder(filepath.Dir(path)); err != nil {
			return err
		}
		if info, err = os.Stat(path); err != nil {
			return dataError(path, "read", err)
		}
	case err != nil:
		return dataError(path, "read", err)
	case !info.IsDir():
		return notADirectory(path)
	}
	probe, err := os.CreateTemp(path, ".tmp-*")
	if err != nil {
		return dataError(path, "written", err)
	}
	probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		return dataError(path, "written", err)
	}
	// Not mended here: it may be a directory that others need, named by mistake.
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("data directory %s is open to others on this machine (mode %04o): chmod 700 it", path, info.Mode().Perm())
	}
	return nil
}

// dataError says what to do about a data directory that cannot be used.
func dataError(path, what string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("data directory %s cannot be %s by the user with id %d: chown it to that user, run casegate as the user who owns it, or name another one with --data: %w",
			path, what, os.Geteuid(), fs.ErrPermission)
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("data directory %s cannot be %s: %w", path, what, err)
}

// existing refuses a data directory that is not there: what would be written
// into a new one, no daemon would ever read.
func existing(data string) error {
	_, err := os.Stat(data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no data directory %s: name the daemon's with --data or %s; its first start makes it", data, dataEnv)
	case err != nil:
		return dataError(data, "read", err)
	}
	return nil
}

func notADirectory(path string) error {
	return fmt.Errorf("data directory %s is a file, not a directory: name another one with --data or in the configuration", path)
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
	log  *slog.Logger // nil: none

	mu      sync.Mutex
	checked time.Time
	last    error
}

// look is how long one look at the disk holds: every recipient asks, and large
// mails fill a disk quickly.
const look = 100 * time.Millisecond

// room is nil while there is room, else an error that wraps cases.ErrFull.
func (w *watermark) room() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if !w.checked.IsZero() && now.Sub(w.checked) < look {
		return w.last
	}
	before := w.last
	w.checked, w.last = now, nil
	free, err := w.free(w.path)
	switch {
	case err != nil:
		w.last = fmt.Errorf("look at free disk space: %w", err)
	case free < w.min:
		w.last = fmt.Errorf("%w: %d MiB free under %s, disk.min_free_mib wants %d", cases.ErrFull, free>>20, w.path, w.min>>20)
	}
	w.tell(before, free)
	return w.last
}

// tell logs a change once, not every mail that it turns away.
func (w *watermark) tell(before error, free uint64) {
	switch {
	case w.log == nil || (before == nil) == (w.last == nil):
	case w.last != nil:
		w.log.Warn("no room on the disk: mail is put off until there is", "data", w.path, "error", w.last)
	default:
		w.log.Info("there is room on the disk again: mail is taken", "data", w.path, "free_mib", free>>20)
	}
}

func freeBytes(path string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, err
	}
	return fs.Bavail * uint64(fs.Bsize), nil
}
