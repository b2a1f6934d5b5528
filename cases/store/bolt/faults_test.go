package bolt_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer/blob"
)

// told sorts the lines that a child printed.
func told(printed string) map[string][]int {
	by := map[string][]int{}
	for line := range strings.Lines(printed) {
		var word string
		var n int
		if k, _ := fmt.Sscan(line, &word, &n); k == 2 {
			by[word] = append(by[word], n)
		}
	}
	return by
}

// A disk that fails a call at some moment: what was acknowledged is there, what
// was refused for lack of room is not, and only where nobody can know does the
// store call itself broken.
func TestFailingDisk(t *testing.T) {
	needStrace(t)
	for _, c := range []struct {
		name, inject string
		full, broken bool // what may be told, and must be at some moment
	}{
		{"full disk", "pwrite64:error=ENOSPC:when=%d..%d", true, false},
		{"over quota", "pwrite64:error=EDQUOT:when=%d..%d", true, false},
		{"unwritable", "pwrite64:error=EIO:when=%d..%d", false, true},
		{"unsynced", "fdatasync:error=EIO:when=%d..%d", false, true},
		{"full at the sync", "fdatasync:error=ENOSPC:when=%d..%d", false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			full, broken := 0, 0
			for _, at := range []int{1, 2, 4, 7, 12, 30} {
				dir := filepath.Join(memoryDir(t), "data")
				if err := os.Mkdir(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				call, _, _ := strings.Cut(c.inject, ":")
				printed, _ := runChild(t, dir, wayRight, "-f", "-qq", "-e", "signal=none", "-o", os.DevNull,
					"-P", filepath.Join(dir, "casegate.db"), "-e", "trace="+call, "-e", "inject="+fmt.Sprintf(c.inject, at, at+1))
				lines := told(printed)
				full, broken = full+len(lines["full"]), broken+len(lines["broken"])
				if !c.full && len(lines["full"]) > 0 || !c.broken && len(lines["broken"]) > 0 {
					t.Errorf("at call %d the child told %v; want full: %v, broken: %v", at, lines, c.full, c.broken)
				}
				if err := survived(t, dir, lines["ack"]); err != nil {
					t.Errorf("at call %d: %v", at, err)
				}
				if err := absent(t, dir, lines["full"]); err != nil {
					t.Errorf("at call %d: %v", at, err)
				}
			}
			if c.full != (full > 0) || c.broken != (broken > 0) {
				t.Errorf("%d updates were refused for lack of room, %d as the store was broken: the fault did not strike where it should", full, broken)
			}
		})
	}
}

// absent checks that nothing is there of mails that were refused.
func absent(t *testing.T, dir string, mails []int) error {
	if len(mails) == 0 {
		return nil
	}
	s, err := bolt.Open(filepath.Join(dir, "casegate.db"), bolt.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.View(t.Context(), func(tx cases.Tx) error {
		for _, n := range mails {
			if err := accepted(tx, n, childBody(n), nil); !errors.Is(err, cases.ErrNotFound) {
				return fmt.Errorf("mail %d was refused for lack of room, and yet: %v", n, err)
			}
		}
		return nil
	})
}

// failWrites makes every later write to an open file fail: its descriptor
// becomes one for reading.
func failWrites(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("needs Linux's /proc: %v", err)
	}
	for _, e := range fds {
		target, _ := os.Readlink("/proc/self/fd/" + e.Name())
		fd, err := strconv.Atoi(e.Name())
		if err != nil || target != path || fd == int(f.Fd()) {
			continue
		}
		if err := syscall.Dup3(int(f.Fd()), fd, 0); err != nil {
			t.Fatal(err)
		}
	}
}

// A store whose file cannot be written to ends all writing, says so, and can
// still be read and closed.
func TestBrokenStore(t *testing.T) {
	path := filled(t, 3)
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Err() != nil {
		t.Errorf("a whole store says %v", s.Err())
	}
	failWrites(t, path)
	raw := blob.Body{Data: body(3, 100), Size: 100}
	for range 2 {
		if err := s.Update(t.Context(), func(tx cases.Tx) error { return accept(tx, 3, raw) }); !errors.Is(err, cases.ErrBroken) {
			t.Errorf("Update gave %v; want ErrBroken", err)
		}
	}
	select {
	case <-s.Broken():
	default:
		t.Error("Broken is not closed")
	}
	if !errors.Is(s.Err(), cases.ErrBroken) || !strings.Contains(s.Err().Error(), path) {
		t.Errorf("Err is %v; want ErrBroken and the file's name", s.Err())
	}
	if err := s.View(t.Context(), func(tx cases.Tx) error { return accepted(tx, 0, body(0, 3000), nil) }); err != nil {
		t.Errorf("View of a broken store: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close of a broken store: %v", err)
	}
	if err := survived(t, filepath.Dir(path), nil); err != nil {
		t.Error(err)
	}
}

// What bbolt says when it cannot make the file larger has lost its type.
func TestNoRoom(t *testing.T) {
	path := func(op string, errno syscall.Errno) error {
		return &os.PathError{Op: op, Path: "casegate.db", Err: errno}
	}
	for _, c := range []struct {
		err  error
		want bool
	}{
		{fmt.Errorf("file resize error: %s", path("truncate", syscall.ENOSPC)), true},
		{fmt.Errorf("file resize error: %s", path("truncate", syscall.EFBIG)), true},
		{fmt.Errorf("file resize error: %s", path("truncate", syscall.EIO)), false},
		{fmt.Errorf("file sync error: %s", path("sync", syscall.ENOSPC)), false},
		{path("write", syscall.ENOSPC), true},
		{path("write", syscall.EDQUOT), true},
		{path("write", syscall.EIO), false},
		{syscall.ENOSPC, false}, // as fdatasync gives it
	} {
		if got := bolt.NoRoom(c.err); got != c.want {
			t.Errorf("%v: lack of room, and nothing else: %v; want %v", c.err, got, c.want)
		}
	}
}
