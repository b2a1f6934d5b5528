package blob

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"
)

// Local keeps blobs as files under Dir: Dir/tmp while they are written, then
// Dir/2026-11/<name>, where names of one month sort by the time they were made.
// Files are for the owner only. Dir is made when it is first needed. It is safe
// for concurrent use; a full disk is an error for which errors.Is(err,
// syscall.ENOSPC) holds. After a sync that failed nothing more is written. All
// fields are set before use.
type Local struct {
	Dir string
	Now func() time.Time // nil: time.Now

	mu      sync.Mutex
	durable map[string]bool // folders whose entry in Dir this process has synced

	fault  sync.Mutex
	err    error         // of the first sync that failed
	broken chan struct{} // made when first asked for; closed: err is set
}

var _ Store = (*Local)(nil)

const tmpFolder = "tmp"

var (
	validRef    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}/[0-9a-v]{26}$`)
	validFolder = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}$`)
	// The order of the bytes is kept, so that names sort by time (RFC 4648 7).
	nameEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)
)

// Create implements Store.
func (l *Local) Create() (Writer, error) {
	if err := l.Err(); err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	now := time.Now
	if l.Now != nil {
		now = l.Now
	}
	at := now().UTC()
	if y := at.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("create blob: the clock says year %d", y)
	}
	if err := l.folder(tmpFolder); err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	name := makeName(at)
	f, err := os.OpenFile(filepath.Join(l.Dir, tmpFolder, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	return &localWriter{store: l, f: f, ref: Ref(at.Format("2006-01") + "/" + name)}, nil
}

// makeName: 48 bits of milliseconds and 80 random ones. The random part makes
// two names differ; nothing relies on its being secret.
func makeName(at time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(at.UnixMilli())<<16)
	rand.Read(b[6:]) // never fails
	return nameEncoding.EncodeToString(b[:])
}

// Open implements Store. A name that is no Ref of ours is not looked for.
func (l *Local) Open(ref Ref) (File, error) {
	if !validRef.MatchString(string(ref)) {
		return nil, fmt.Errorf("open blob: %q is not a name of one: %w", ref, ErrNotFound)
	}
	f, err := os.Open(l.path(ref))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open blob %s in %s: %w", ref, l.Dir, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	return f, nil
}

// Remove implements Store. The blob is gone for good when it returns: a power
// cut does not bring it back.
func (l *Local) Remove(ref Ref) error {
	if !validRef.MatchString(string(ref)) {
		return fmt.Errorf("remove blob: %q is not a name of one", ref)
	}
	err := os.Remove(l.path(ref))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = l.syncFolder(filepath.Dir(l.path(ref)))
	}
	if err != nil {
		return fmt.Errorf("remove blob: %w", err)
	}
	return nil
}

func (l *Local) path(ref Ref) string { return filepath.Join(l.Dir, filepath.FromSlash(string(ref))) }

// Sweep removes what was being written when an earlier run died, and tells how
// many files that were. It must be called before the first Create.
func (l *Local) Sweep() (int, error) {
	tmp := filepath.Join(l.Dir, tmpFolder)
	entries, err := os.ReadDir(tmp)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	n := 0
	for _, e := range entries {
		if rmErr := os.Remove(filepath.Join(tmp, e.Name())); rmErr != nil {
			err = errors.Join(err, rmErr)
			continue
		}
		n++
	}
	if err != nil {
		return n, fmt.Errorf("sweep blobs: %w", err)
	}
	return n, nil
}

// Info is what is known of a blob without reading it.
type Info struct {
	Ref  Ref
	Size int64
}

// All lists every blob, the oldest month first; an error concerns one folder or
// file, and the listing goes on after it. Whatever has not a name of ours is
// passed over. A blob is there a moment before the record is that refers to it.
func (l *Local) All() iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		folders, err := os.ReadDir(l.Dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !yield(Info{}, fmt.Errorf("list blobs: %w", err)) {
			return
		}
		for _, folder := range folders {
			if !folder.IsDir() || !validFolder.MatchString(folder.Name()) {
				continue
			}
			if !l.list(folder.Name(), yield) {
				return
			}
		}
	}
}

func (l *Local) list(folder string, yield func(Info, error) bool) bool {
	entries, err := os.ReadDir(filepath.Join(l.Dir, folder))
	if err != nil && !yield(Info{}, fmt.Errorf("list blobs: %w", err)) {
		return false
	}
	for _, e := range entries {
		ref := Ref(folder + "/" + e.Name())
		if !e.Type().IsRegular() || !validRef.MatchString(string(ref)) {
			continue
		}
		info, err := e.Info()
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
		case err != nil:
			if !yield(Info{Ref: ref}, fmt.Errorf("list blobs: %w", err)) {
				return false
			}
		case !yield(Info{Ref: ref, Size: info.Size()}, nil):
			return false
		}
	}
	return true
}

// folder makes a folder of Dir and its entry there durable. That a folder is
// there says nothing about its entry: an earlier process may have died between
// making it and syncing, so each process syncs once.
func (l *Local) folder(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.durable[name] {
		return nil
	}
	if err := l.makeFolder(filepath.Join(l.Dir, name)); err != nil {
		return err
	}
	if l.durable == nil {
		l.durable = map[string]bool{}
	}
	l.durable[name] = true
	return nil
}

// makeFolder makes a folder and those above it that are missing, each entry
// synced.
func (l *Local) makeFolder(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) != path {
		if err := l.makeFolder(filepath.Dir(path)); err != nil {
			return err
		}
		err = os.Mkdir(path, 0o700)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return l.syncFolder(filepath.Dir(path))
}

func (l *Local) syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return l.sync(f)
}

// sync makes a file or folder durable. After a failure the kernel may forget
// what it could not write, and the next sync may succeed without it: so this is
// the end, whatever the reason was, while a Write that finds the disk full is not.
func (l *Local) sync(f *os.File) error {
	err := f.Sync()
	if err == nil {
		return nil
	}
	l.Broken() // makes the channel
	l.fault.Lock()
	defer l.fault.Unlock()
	if l.err == nil {
		l.err = fmt.Errorf("%w: %w", ErrBroken, err)
		close(l.broken)
	}
	return l.err
}

// Err is nil, or an error that wraps ErrBroken once a sync has failed.
func (l *Local) Err() error {
	l.fault.Lock()
	defer l.fault.Unlock()
	return l.err
}

// Broken is closed when Err becomes an error: the daemon then has to stop.
func (l *Local) Broken() <-chan struct{} {
	l.fault.Lock()
	defer l.fault.Unlock()
	if l.broken == nil {
		l.broken = make(chan struct{})
	}
	return l.broken
}

// localWriter is one blob that is being written.
type localWriter struct {
	store *Local
	f     *os.File // nil: committed or aborted
	ref   Ref
	err   error // the first that a Write met: the blob has a gap and must not be committed
}

var errDone = errors.New("blob is committed or aborted already")

func (w *localWriter) Write(p []byte) (int, error) {
	if w.f == nil {
		return 0, errDone
	}
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.f.Write(p)
	if err != nil {
		w.err = fmt.Errorf("write blob: %w", err)
	}
	return n, w.err
}

// Commit implements Writer: the bytes first, then the name, then the name's
// folder, each durable before the next.
func (w *localWriter) Commit() (Ref, error) {
	if w.f == nil {
		return "", errDone
	}
	tmp := w.f.Name()
	err := w.err
	if err == nil {
		err = w.store.Err()
	}
	if err == nil {
		err = w.store.sync(w.f)
	}
	if closeErr := w.f.Close(); err == nil {
		err = closeErr
	}
	w.f = nil
	if err == nil {
		err = w.store.publish(tmp, w.ref)
	}
	if err != nil {
		os.Remove(tmp) // Sweep finds it if this fails too
		return "", fmt.Errorf("commit blob: %w", err)
	}
	return w.ref, nil
}

// publish gives a finished file its name.
func (l *Local) publish(tmp string, ref Ref) error {
	path := l.path(ref)
	if err := l.folder(filepath.Base(filepath.Dir(path))); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	if err := l.syncFolder(filepath.Dir(path)); err != nil {
		os.Remove(path) // nobody will know its name
		return err
	}
	return nil
}

// Abort implements Writer.
func (w *localWriter) Abort() {
	if w.f == nil {
		return
	}
	w.f.Close()
	os.Remove(w.f.Name())
	w.f = nil
}
