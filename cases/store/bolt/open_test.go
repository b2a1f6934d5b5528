package bolt_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer/blob"
)

// filled makes a store with some mails and closes it.
func filled(t testing.TB, mails int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "casegate.db")
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, s, mails)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// crashed is what a process leaves behind that died after some mails: a copy of
// its file while it is still open.
func crashed(t testing.TB, mails int) (path string) {
	t.Helper()
	live := filepath.Join(t.TempDir(), "live.db")
	fill(t, openAt(t, live, bolt.Options{}), mails)
	b, err := os.ReadFile(live)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "dead.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func fill(t testing.TB, s *bolt.Store, mails int) {
	t.Helper()
	err := s.Update(t.Context(), func(tx cases.Tx) error {
		errs := []error{tx.SetDirectory(demo(t))}
		for n := range mails {
			errs = append(errs, accept(tx, n, blob.Body{Data: body(n, 3000), Size: 3000}))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// edit changes a store's file behind its back.
func edit(t *testing.T, path string, change func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(change); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	os.WriteFile(at("text"), []byte(strings.Repeat("this is no database\n", 1000)), 0o600)
	os.WriteFile(at("empty"), nil, 0o600)
	os.WriteFile(at("short"), []byte("x"), 0o600)
	os.WriteFile(at("zeros"), make([]byte, 16384), 0o600)
	foreign := at("foreign")
	edit(t, foreign, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("other")); return err })
	newer := filled(t, 1)
	edit(t, newer, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte("2")) })
	cut := filled(t, 1)
	if err := os.Truncate(cut, 16384); err != nil {
		t.Fatal(err)
	}
	used := filled(t, 1)
	openAt(t, used, bolt.Options{})

	for _, c := range []struct {
		name, path string
		o          bolt.Options
		say        []string
	}{
		{"a text file", at("text"), bolt.Options{}, []string{at("text"), "not a casegate store", "move it away"}},
		{"nothing", at("empty"), bolt.Options{}, []string{at("empty") + " is empty", "backup", "move it away"}},
		{"nothing, to read", at("empty"), bolt.Options{ReadOnly: true}, []string{at("empty") + " is empty"}},
		{"one octet", at("short"), bolt.Options{}, []string{at("short"), "not a casegate store"}},
		{"zeros", at("zeros"), bolt.Options{}, []string{at("zeros"), "not a casegate store"}},
		{"another program's", foreign, bolt.Options{}, []string{foreign, "another program"}},
		{"a newer format", newer, bolt.Options{}, []string{newer, `format "2"`, "format 1", "newer"}},
		{"a newer format, to read", newer, bolt.Options{ReadOnly: true}, []string{newer, `format "2"`}},
		{"cut off", cut, bolt.Options{}, []string{cut, "cut off", "backup"}},
		{"in use", used, bolt.Options{}, []string{"another casegate is using " + used}},
		{"in use, to read", used, bolt.Options{ReadOnly: true}, []string{"another casegate is using " + used}},
		{"a directory", dir, bolt.Options{}, []string{dir, "is a directory"}},
		{"no directory", at("none/casegate.db"), bolt.Options{}, []string{at("none/casegate.db"), "directory", "missing"}},
		{"nothing to read", at("none.db"), bolt.Options{ReadOnly: true}, []string{at("none.db"), "start casegate once"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := bolt.Open(c.path, c.o)
			if err == nil {
				s.Close()
				t.Fatalf("Open succeeded; want an error that says %q", c.say)
			}
			for _, say := range c.say {
				if !strings.Contains(err.Error(), say) {
					t.Errorf("Open says %q; want it to say %q", err, say)
				}
			}
		})
	}
}

// A store that may not be read, and one that may not be made. Root may do
// everything, so the Open is done by a child that is nobody.
func TestOpenWithoutPermission(t *testing.T) {
	dir, err := os.MkdirTemp("", "casegate-test-") // nobody must get into it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		os.Chmod(dir, 0o700)
		os.RemoveAll(dir)
	})
	closed, missing := filepath.Join(dir, "closed.db"), filepath.Join(dir, "missing.db")
	err = errors.Join(os.Rename(filled(t, 1), closed), os.Chmod(closed, 0), os.Chmod(dir, 0o555))
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Open("/proc/self/exe") // whose folder nobody may not enter
	if err != nil {
		t.Skipf("needs Linux's /proc: %v", err)
	}
	defer self.Close()
	for _, path := range []string{closed, missing} {
		child := exec.CommandContext(t.Context(), "/proc/self/fd/3")
		child.ExtraFiles = []*os.File{self}
		child.Dir = "/"
		child.Env = append(os.Environ(), childDir+"="+path, childWay+"="+wayForbidden)
		if os.Geteuid() == 0 {
			child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		out, err := child.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), "permission: ") || !strings.Contains(string(out), path) {
			t.Errorf("Open of %s: %q, %v; want an error about permission that names it", path, out, err)
		}
	}
}

// A creation that died half-way leaves another name behind and is done again.
func TestOpenAfterHalfACreation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "casegate.db")
	if err := os.WriteFile(path+".new", make([]byte, 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path, bolt.Options{})
	fill(t, s, 1)
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v; want the store alone", entries, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the store's mode is %v, %v; want it for its owner only", info.Mode().Perm(), err)
	}
}

func TestReopen(t *testing.T) {
	path := filled(t, 20)
	check := func(t *testing.T, s *bolt.Store) {
		t.Helper()
		err := s.View(t.Context(), func(tx cases.Tx) error {
			var errs []error
			for n := range 20 {
				errs = append(errs, accepted(tx, n, body(n, 3000), nil))
			}
			d, err := tx.Directory()
			if err == nil && d.Reseller("north") == nil {
				err = errors.New("the directory is gone")
			}
			return errors.Join(append(errs, err)...)
		})
		if err != nil {
			t.Error(err)
		}
		if problems, err := s.Verify(t.Context(), nil); err != nil || len(problems) > 0 {
			t.Errorf("Verify found %q, %v; want nothing", problems, err)
		}
	}
	t.Run("to write", func(t *testing.T) { check(t, openAt(t, path, bolt.Options{})) })
	t.Run("to read, twice", func(t *testing.T) {
		check(t, openAt(t, path, bolt.Options{ReadOnly: true}))
		s := openAt(t, path, bolt.Options{ReadOnly: true})
		check(t, s)
		if err := s.Update(t.Context(), func(cases.Tx) error { return nil }); !errors.Is(err, cases.ErrReadOnly) {
			t.Errorf("Update of a store that is open to read: %v; want ErrReadOnly", err)
		}
	})
	t.Run("to read, after a crash", func(t *testing.T) {
		check(t, openAt(t, crashed(t, 20), bolt.Options{ReadOnly: true}))
	})
}

func TestAfterClose(t *testing.T) {
	s := open(t, bolt.Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	nothing := func(cases.Tx) error { return nil }
	_, verifyErr := s.Verify(t.Context(), nil)
	for what, err := range map[string]error{"Update": s.Update(t.Context(), nothing), "View": s.View(t.Context(), nothing), "Verify": verifyErr} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s after Close gave %v; want os.ErrClosed", what, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("a second Close gave %v", err)
	}
}
