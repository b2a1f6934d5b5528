package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// stray puts a blob into a data directory that no record refers to.
func stray(t *testing.T, data string) blob.Ref {
	t.Helper()
	w, err := blobsIn(data).Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	ref, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func blobsOf(t *testing.T, data string) (refs []blob.Ref) {
	t.Helper()
	for b, err := range blobsIn(data).All() {
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, b.Ref)
	}
	return refs
}

// usedData is what a daemon leaves behind that had a small mail and a large one.
func usedData(t *testing.T) string {
	t.Helper()
	m := runDemo(t, nil)
	fileCase(t, m)
	large := strings.Replace(fire, "fire@", "large@", 1) + strings.Repeat("Fire and smoke.\n", 10_000)
	if _, err := send(m.status().SMTP, "it@acme.example", []string{"support@north.example"}, large); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return m.Config.Data
}

func TestVerifyData(t *testing.T) {
	data := usedData(t)
	refs := blobsOf(t, data)
	if len(refs) != 1 {
		t.Fatalf("a large mail made the blobs %v; want one", refs)
	}
	keys := filepath.Join(data, keysName)
	good, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name   string
		change func() error
		faults []string // what each says
		notes  []string
	}{
		{"sound", func() error { return nil }, nil, nil},
		{"an orphan", func() error { stray(t, data); return nil }, nil, []string{"1 blob that nothing refers to, 1.0 MiB"}},
		{"no keys", func() error { return os.Remove(keys) }, []string{keysMissing}, []string{"1 blob"}},
		{"keys that are none", func() error { return os.WriteFile(keys, []byte("{"), 0o600) }, []string{"is not a key file"}, []string{"1 blob"}},
		{"keys again, a blob cut short", func() error {
			if err := os.WriteFile(keys, good, 0o600); err != nil {
				return err
			}
			return os.Truncate(filepath.Join(data, blobsName, string(refs[0])), 5)
		}, []string{"has 5 octets and should have"}, nil},
		{"a blob gone", func() error { return blobsIn(data).Remove(refs[0]) }, []string{"has lost its blob"}, nil},
	} {
		if err := step.change(); err != nil {
			t.Fatal(err)
		}
		found, err := verifyData(t.Context(), data)
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		var bad, notes []string
		for _, f := range found {
			if f.Fault != "" {
				bad = append(bad, f.Fault)
			} else {
				notes = append(notes, f.Note)
			}
		}
		if !slices.EqualFunc(bad, step.faults, strings.Contains) || !slices.EqualFunc(notes, step.notes, strings.Contains) {
			t.Errorf("%s: faults are %q and notes %q; want %q and %q", step.name, bad, notes, step.faults, step.notes)
		}
	}
}

// The next start removes what nothing refers to, be it the text of a mail that
// was discarded, and says where the keys are gone.
func TestStartAfterLosses(t *testing.T) {
	data := usedData(t)
	kept := blobsOf(t, data)
	orphan := stray(t, data)
	if err := os.Remove(filepath.Join(data, keysName)); err != nil {
		t.Fatal(err)
	}
	log := &safeBuffer{}
	runDemo(t, func(m *Main) {
		m.Config.Data, m.Config.Log.Level = data, "info"
		m.Log = newLogger(log, "text", m.Level)
	})
	if got := blobsOf(t, data); !slices.Equal(got, kept) {
		t.Errorf("after the start there are the blobs %v; want %v, without the orphan %s", got, kept, orphan)
	}
	for _, want := range []string{"removed blobs that nothing refers to", "count=1", "level=WARN", keysMissing} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log says\n%s\nwant %q in it", log, want)
		}
	}
}

// Where a mail has lost its bytes, what looks like an orphan may be they.
func TestStartKeepsBlobsInDoubt(t *testing.T) {
	data := usedData(t)
	if err := blobsIn(data).Remove(blobsOf(t, data)[0]); err != nil {
		t.Fatal(err)
	}
	orphan := stray(t, data)
	runDemo(t, func(m *Main) { m.Config.Data = data })
	if got := blobsOf(t, data); !slices.Contains(got, orphan) {
		t.Errorf("the start removed %s while another blob is missed", orphan)
	}
}

// A restart with the clock set back gives no id again: the store would replace
// one mail by another.
func TestIDsAfterARestart(t *testing.T) {
	m := runDemo(t, nil)
	tomorrow := (&mailer.IDs{Now: func() time.Time { return time.Now().Add(24 * time.Hour) }}).New()
	err := m.store.Update(t.Context(), func(tx cases.Tx) error {
		return tx.PutMail(&cases.MailRecord{ID: tomorrow, Status: cases.MailHeld})
	})
	if err != nil {
		t.Fatal(err)
	}
	ids, err := newIDs(m.store)
	if err != nil {
		t.Fatal(err)
	}
	if id := ids.New(); id <= tomorrow {
		t.Errorf("the next id is %s; want one after %s, which is stored", id, tomorrow)
	}
	if a, b := randomSeed(), randomSeed(); a == b && b == randomSeed() {
		t.Errorf("three seeds in a row are %d", a)
	}
}

// A daemon whose large mails cannot be made durable any more is not ready and
// ends by itself; the next one verifies.
func TestBrokenBlobs(t *testing.T) {
	m := runDemo(t, nil)
	w, err := m.blobs.Create()
	if err != nil {
		t.Fatal(err)
	}
	breakFile(t, filepath.Join(m.Config.Data, blobsName, "tmp"))
	if _, err := w.Commit(); !errors.Is(err, blob.ErrBroken) {
		t.Fatalf("Commit gave %v, want ErrBroken", err)
	}
	if err := m.ready(); !errors.Is(err, blob.ErrBroken) {
		t.Errorf("ready gives %v, want ErrBroken", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := m.Wait(ctx); !errors.Is(err, blob.ErrBroken) {
		t.Errorf("Wait gives %v, want ErrBroken", err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(m.Config.Data, dirtyName)); err != nil {
		t.Errorf("the next start would not verify: %v", err)
	}
}

// breakFile makes the sync of a file in a folder that this process has open fail:
// its descriptor becomes a pipe's.
func breakFile(t *testing.T, folder string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("needs Linux's /proc: %v", err)
	}
	for _, e := range fds {
		target, _ := os.Readlink("/proc/self/fd/" + e.Name())
		fd, err := strconv.Atoi(e.Name())
		if err != nil || filepath.Dir(target) != folder {
			continue
		}
		if err := syscall.Dup3(int(w.Fd()), fd, syscall.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no file in %s is open", folder)
}
