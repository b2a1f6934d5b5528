package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer/blob"
)

// The tests of what survives a power cut or a failing disk run this test binary
// again, as a child under strace that writes to a store and says so.
const (
	childDir   = "CASEGATE_TEST_CHILD_DIR"
	childWay   = "CASEGATE_TEST_CHILD_WAY" // one of the ways below
	childMails = 48
)

const (
	wayRight        = "right"
	wayNoSync       = "no sync"          // control: a store that skips every sync
	wayNoFolderSync = "no folder sync"   // control: a blob store that skips the folder's
	wayNoBlobSync   = "no blob sync"     // control: a blob store that skips the file's
	wayEarly        = "answer too early" // control: acknowledged before the commit
	wayForbidden    = "forbidden"        // not mails: the directory is a store that cannot be opened
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := child(dir, os.Getenv(childWay)); err != nil {
			fmt.Println("end", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// childBody: every fifth mail is too large for the store.
func childBody(n int) []byte {
	if n%5 == 4 {
		return body(n, blob.InlineLimit+1000*n)
	}
	return body(n, 700*(n%7)+100)
}

// child accepts mails from a few goroutines and writes a line for each: "ack N"
// when it is durable, "full N" or "broken N" when it was refused.
func child(dir, way string) error {
	if way == wayForbidden {
		_, err := bolt.Open(dir, bolt.Options{})
		if errors.Is(err, fs.ErrPermission) {
			fmt.Println("permission:", err)
			return nil
		}
		return fmt.Errorf("Open gave %w", err)
	}
	s, err := bolt.Open(filepath.Join(dir, "casegate.db"), bolt.Options{NoSync: way == wayNoSync})
	if err != nil {
		return err
	}
	local := &blob.Local{Dir: filepath.Join(dir, "blobs")}
	var blobs blob.Store = local
	if way == wayNoFolderSync || way == wayNoBlobSync {
		blobs = &sloppyBlobs{Local: local, way: way}
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := w; n < childMails; n += 4 {
				if way == wayEarly {
					fmt.Println("ack", n)
				}
				told := childAccept(s, blobs, n)
				if way != wayEarly {
					fmt.Println(told, n)
				}
			}
		})
	}
	wg.Wait()
	return s.Close()
}

func childAccept(s *bolt.Store, blobs blob.Store, n int) (told string) {
	spool := blob.Spool{Store: blobs}
	_, err := spool.Write(childBody(n))
	var raw blob.Body
	if err == nil {
		raw, err = spool.Close()
	}
	if err == nil {
		err = s.Update(context.Background(), func(tx cases.Tx) error { return accept(tx, n, raw) })
	}
	switch {
	case err == nil:
		return "ack"
	case errors.Is(err, cases.ErrFull):
		return "full"
	case errors.Is(err, cases.ErrBroken):
		return "broken"
	}
	return fmt.Sprintf("failed (%v)", err)
}

// sloppyBlobs is a blob store that leaves a sync out.
type sloppyBlobs struct {
	*blob.Local
	way string
}

func (s *sloppyBlobs) Create() (blob.Writer, error) {
	f, err := os.CreateTemp(filepath.Dir(s.Dir), "tmp")
	return &sloppyWriter{File: f, store: s}, err
}

type sloppyWriter struct {
	*os.File
	store *sloppyBlobs
}

func (w *sloppyWriter) Abort() {}

// Commit borrows the name and the folder of a real blob, so that these are there.
func (w *sloppyWriter) Commit() (blob.Ref, error) {
	real, err := w.store.Local.Create()
	if err != nil {
		return "", err
	}
	ref, err := real.Commit()
	if err != nil {
		return "", err
	}
	path := filepath.Join(w.store.Dir, string(ref))
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	defer folder.Close()
	if w.store.way != wayNoBlobSync {
		err = w.Sync()
	}
	err = errors.Join(err, os.Rename(w.Name(), path))
	if w.store.way != wayNoFolderSync {
		err = errors.Join(err, folder.Sync())
	}
	return ref, errors.Join(err, w.Close())
}

// needStrace skips the test where strace cannot work, except in CI, which has to
// install it.
func needStrace(t *testing.T) {
	t.Helper()
	out, err := exec.Command("strace", "-f", "-o", os.DevNull, "true").CombinedOutput()
	if err == nil {
		return
	}
	if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
		t.Fatalf("strace does not work here (%v: %s): install Debian's strace and allow ptrace", err, out)
	}
	t.Skipf("needs strace and ptrace (%v)", err)
}

// memoryDir is a folder on a disk in memory where there is one: these tests need
// the calls that a program makes, not what a disk makes of them.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "casegate-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// runChild runs the child under strace and gives what it printed. That it fails
// is for the caller to judge.
func runChild(t *testing.T, dir, way string, strace ...string) (printed string, err error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "strace", append(strace, self)...)
	cmd.Env = append(os.Environ(), childDir+"="+dir, childWay+"="+way)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return string(out), err
}
