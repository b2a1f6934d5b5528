package blob_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"casegate/mailer/blob"
	"casegate/mailer/blob/blobtest"
)

func TestLocal(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blob.Store {
		return &blob.Local{Dir: filepath.Join(t.TempDir(), "made", "when needed")}
	})
}

func commit(t *testing.T, s blob.Store, text string) blob.Ref {
	t.Helper()
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	ref, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestLocalNamesFollowTheClock(t *testing.T) {
	at := time.Date(2026, 11, 30, 23, 30, 0, 0, time.FixedZone("", -3600)) // December in UTC
	s := &blob.Local{Dir: t.TempDir(), Now: func() time.Time { return at }}
	var last blob.Ref
	for range 5 {
		ref := commit(t, s, "x")
		if !strings.HasPrefix(string(ref), "2026-12/") {
			t.Errorf("a blob of December (UTC) is called %s", ref)
		}
		if ref <= last {
			t.Errorf("%s was made after %s and must sort after it", ref, last)
		}
		last = ref
		at = at.Add(time.Millisecond)
	}
}

func TestLocalFilesAreForTheOwner(t *testing.T) {
	dir := t.TempDir()
	s := &blob.Local{Dir: filepath.Join(dir, "blobs")}
	ref := commit(t, s, "x")
	for path, want := range map[string]os.FileMode{
		"blobs":                             0o700,
		"blobs/tmp":                         0o700,
		"blobs/" + string(ref[:7]):          0o700,
		filepath.Join("blobs", string(ref)): 0o600,
	} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestLocalSweep(t *testing.T) {
	dir := t.TempDir()
	s := &blob.Local{Dir: dir}
	if n, err := s.Sweep(); n != 0 || err != nil {
		t.Errorf("Sweep before there is anything gave %d, %v", n, err)
	}
	ref := commit(t, s, "keep")
	for range 3 {
		w, err := s.Create()
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("left behind by a dying process"))
	}
	if n, err := (&blob.Local{Dir: dir}).Sweep(); n != 3 || err != nil {
		t.Errorf("Sweep removed %d, %v; want the 3 that were never committed", n, err)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "tmp")); len(left) != 0 {
		t.Errorf("%d files are left in tmp", len(left))
	}
	if _, err := s.Open(ref); err != nil {
		t.Errorf("Sweep took a committed blob: %v", err)
	}
}

func TestLocalAbortLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := &blob.Local{Dir: dir}
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("x"))
	w.Abort()
	if left, _ := os.ReadDir(filepath.Join(dir, "tmp")); len(left) != 0 {
		t.Errorf("%d files are left after Abort", len(left))
	}
}

func TestLocalAll(t *testing.T) {
	at := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	s := &blob.Local{Dir: dir, Now: func() time.Time { return at }}
	for _, err := range (&blob.Local{Dir: filepath.Join(dir, "none")}).All() {
		t.Errorf("listing what is not there yet: %v; want nothing", err)
	}
	want := []blob.Ref{commit(t, s, "one")}
	at = at.AddDate(0, 1, 0)
	want = append(want, commit(t, s, "three"))
	// What is not ours: the disk's own folder, a stray file, a half-written blob.
	os.Mkdir(filepath.Join(dir, "lost+found"), 0o700)
	os.WriteFile(filepath.Join(dir, "2026-10", "notes.txt"), nil, 0o600)
	s.Create()

	var got []blob.Ref
	for info, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, info.Ref)
		if info.Size != 3 && info.Size != 5 {
			t.Errorf("%+v: want its size", info)
		}
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("All gave %v; want %v", got, want)
	}
	for range s.All() {
		break // must not go on
	}
}

// A writer that met an error has a gap: committing it would acknowledge a mail
// that is not all there.
func TestLocalFullDisk(t *testing.T) {
	dir := t.TempDir()
	s := &blob.Local{Dir: dir}
	commit(t, s, "makes the folders")
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	// The kernel's ever-full device, put where the temporary file is. By a link:
	// what fails is removed afterwards, and that must not be the device.
	link := filepath.Join(t.TempDir(), "full")
	if err := os.Symlink("/dev/full", link); err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile(link, os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full on this system: %v", err)
	}
	blob.ReplaceFile(w, full)
	if _, err := w.Write([]byte("lost")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Write to a full disk: %v; want ENOSPC", err)
	}
	if _, err := w.Write([]byte("tail")); err == nil {
		t.Errorf("Write after a failed one succeeded; want the error again")
	}
	if ref, err := w.Commit(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Commit gave %q, %v; want ENOSPC", ref, err)
	}
	if err := s.Err(); err != nil {
		t.Errorf("a full disk broke the store: %v", err)
	}
	commit(t, s, "there is room again")
}

// After a sync that failed nothing more is written, as in the store of cases:
// nobody knows what is on disk.
func TestLocalFailedSync(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(t *testing.T, s *blob.Local) error
	}{
		{"of a file", func(t *testing.T, s *blob.Local) error {
			w, err := s.Create()
			if err != nil {
				t.Fatal(err)
			}
			r, pipe, err := os.Pipe() // can be written to, but not be synced
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			blob.ReplaceFile(w, pipe)
			if _, err := w.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			_, err = w.Commit()
			return err
		}},
		{"of a folder", func(t *testing.T, s *blob.Local) error {
			if _, err := os.Stat("/proc/self"); err != nil {
				t.Skipf("needs Linux's /proc, which cannot be synced: %v", err)
			}
			return s.SyncFolder("/proc")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &blob.Local{Dir: t.TempDir()}
			ref := commit(t, s, "before")
			begun, err := s.Create()
			if err != nil {
				t.Fatal(err)
			}
			broken := s.Broken()
			if s.Err() != nil {
				t.Fatalf("a whole store says %v", s.Err())
			}
			if err := c.fail(t, s); !errors.Is(err, blob.ErrBroken) || !errors.Is(err, syscall.EINVAL) {
				t.Fatalf("the failed sync gave %v; want ErrBroken and the reason", err)
			}
			select {
			case <-broken:
			default:
				t.Error("Broken is not closed")
			}
			if _, err := s.Create(); !errors.Is(err, blob.ErrBroken) {
				t.Errorf("Create gave %v; want ErrBroken", err)
			}
			if _, err := begun.Commit(); !errors.Is(err, blob.ErrBroken) {
				t.Errorf("Commit of what had begun gave %v; want ErrBroken", err)
			}
			r, err := s.Open(ref)
			if err != nil {
				t.Fatalf("what was there cannot be read: %v", err)
			}
			r.Close()
		})
	}
}

func TestLocalErrorsNameThePlace(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	os.WriteFile(file, nil, 0o600)
	_, err := (&blob.Local{Dir: filepath.Join(file, "blobs")}).Create()
	if err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Create below a file: %v; want an error that names %s", err, file)
	}
}
