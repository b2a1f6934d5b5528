// Package blobtest is what every blob.Store must do, as a test to run against
// each. It is for tests only.
package blobtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"casegate/mailer/blob"
)

// Run tests a store. open gives an empty one and cleans it up when t ends.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, blob.Store)
	}{
		{"what was written is read", roundTrip},
		{"seek", seek},
		{"same bytes, two blobs", sameBytes},
		{"remove", remove},
		{"abort", abort},
		{"a writer ends once", endsOnce},
		{"hostile names", hostileNames},
		{"concurrent writers", concurrent},
		{"spool", spool},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func write(t *testing.T, s blob.Store, chunks ...[]byte) blob.Ref {
	t.Helper()
	w, err := s.Create()
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	defer w.Abort()
	for _, c := range chunks {
		if n, err := w.Write(c); err != nil || n != len(c) {
			t.Fatalf("Write of %d octets gave %d, %v", len(c), n, err)
		}
	}
	ref, err := w.Commit()
	if err != nil || ref == "" {
		t.Fatalf("Commit gave %q, %v; want a name", ref, err)
	}
	return ref
}

func read(t *testing.T, s blob.Store, ref blob.Ref) []byte {
	t.Helper()
	r, err := s.Open(ref)
	if err != nil {
		t.Fatalf("Open(%s): %v", ref, err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", ref, err)
	}
	return b
}

// pattern is n octets that tell where they stand.
func pattern(n int) []byte {
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "octet %d\r\n\x00\xff", b.Len())
	}
	return b.Bytes()[:n]
}

func roundTrip(t *testing.T, s blob.Store) {
	for _, n := range []int{0, 1, 4095, 4096, 4097, blob.InlineLimit, 1<<20 + 1, 9 << 20} {
		want := pattern(n)
		ref := write(t, s, want)
		if got := read(t, s, ref); !bytes.Equal(got, want) {
			t.Errorf("a blob of %d octets came back as %d other ones", n, len(got))
		}
		var chunks [][]byte
		for c := range bytes.Lines(want[:min(n, 1<<16)]) {
			chunks = append(chunks, c)
		}
		if got := read(t, s, write(t, s, chunks...)); !bytes.Equal(got, want[:min(n, 1<<16)]) {
			t.Errorf("a blob of %d octets written in %d pieces came back different", n, len(chunks))
		}
	}
}

func seek(t *testing.T, s blob.Store) {
	want := pattern(100_000)
	r, err := s.Open(write(t, s, want))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, off := range []int64{99_990, 0, 4096, 50_001} {
		if at, err := r.Seek(off, io.SeekStart); err != nil || at != off {
			t.Fatalf("Seek to %d gave %d, %v", off, at, err)
		}
		got := make([]byte, 10)
		if _, err := io.ReadFull(r, got); err != nil || !bytes.Equal(got, want[off:off+10]) {
			t.Errorf("at %d: read %q, %v; want %q", off, got, err, want[off:off+10])
		}
	}
	if size, err := r.Seek(0, io.SeekEnd); err != nil || size != int64(len(want)) {
		t.Errorf("Seek to the end gave %d, %v; want %d", size, err, len(want))
	}
}

// One mail to two tenants is two blobs: erasing one leaves the other.
func sameBytes(t *testing.T, s blob.Store) {
	a, b := write(t, s, pattern(500)), write(t, s, pattern(500))
	if a == b {
		t.Fatalf("two blobs of the same bytes share the name %s", a)
	}
	if err := s.Remove(a); err != nil {
		t.Fatal(err)
	}
	if got := read(t, s, b); !bytes.Equal(got, pattern(500)) {
		t.Errorf("removing one blob changed the other")
	}
}

func remove(t *testing.T, s blob.Store) {
	ref := write(t, s, pattern(10))
	for i := range 2 {
		if err := s.Remove(ref); err != nil {
			t.Errorf("Remove number %d: %v; want no error", i+1, err)
		}
	}
	if _, err := s.Open(ref); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("Open of a removed blob: %v; want ErrNotFound", err)
	}
}

func abort(t *testing.T, s blob.Store) {
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(pattern(1 << 20)); err != nil {
		t.Fatal(err)
	}
	w.Abort()
	w.Abort()
	if ref, err := w.Commit(); err == nil {
		t.Errorf("Commit after Abort gave %s; want an error", ref)
	}
}

func endsOnce(t *testing.T, s blob.Store) {
	w, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("whole")); err != nil {
		t.Fatal(err)
	}
	ref, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	w.Abort()
	if n, err := w.Write([]byte(" and more")); err == nil {
		t.Errorf("Write after Commit took %d octets; want an error", n)
	}
	if _, err := w.Commit(); err == nil {
		t.Errorf("a second Commit succeeded; want an error")
	}
	if got := read(t, s, ref); string(got) != "whole" {
		t.Errorf("after Commit, Abort and Write the blob reads %q; want %q", got, "whole")
	}
}

// Names are never made from foreign input; should one be, it must not lead
// anywhere else (T74).
func hostileNames(t *testing.T, s blob.Store) {
	good := write(t, s, []byte("keep"))
	folder, name, _ := strings.Cut(string(good), "/")
	for _, ref := range []string{
		"", ".", "..", "/", "tmp", "../../../etc/passwd", "/etc/passwd", "2026-11", "2026-11/", "2026-11/..",
		"2026-11/../" + string(good), "./" + string(good), string(good) + "/", string(good) + "\x00", string(good) + "\n",
		"\n" + string(good), strings.ToUpper(string(good)) + "x", folder + "\\" + name, folder + "//" + name,
		"%2e%2e/" + name, "2026-11/" + strings.Repeat("a", 4096), "2026-11/00000000000000000000000000",
	} {
		if r, err := s.Open(blob.Ref(ref)); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("Open(%.60q) gave %v, %v; want ErrNotFound", ref, r, err)
		}
		s.Remove(blob.Ref(ref)) // an error or not: it must remove nothing
	}
	if got := read(t, s, good); string(got) != "keep" {
		t.Errorf("the blob reads %q; want it untouched by other names", got)
	}
}

func concurrent(t *testing.T, s blob.Store) {
	const writers, each = 16, 8
	var mu sync.Mutex
	refs := map[blob.Ref]string{}
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for j := range each {
				text := fmt.Sprintf("writer %d, blob %d", i, j)
				w, err := s.Create()
				if err != nil {
					t.Error(err)
					return
				}
				if _, err = w.Write([]byte(text)); err != nil {
					t.Error(err)
				}
				ref, err := w.Commit()
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				refs[ref] = text
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(refs) != writers*each {
		t.Errorf("%d blobs have %d names", writers*each, len(refs))
	}
	for ref, want := range refs {
		if got := read(t, s, ref); string(got) != want {
			t.Errorf("%s reads %q; want %q", ref, got, want)
		}
	}
}

// A Spool gives the same bytes back on both sides of its limit.
func spool(t *testing.T, s blob.Store) {
	for _, n := range []int{0, 1, blob.InlineLimit, blob.InlineLimit + 1, 3 * blob.InlineLimit} {
		sp := blob.Spool{Store: s}
		want := pattern(n)
		for rest := want; len(rest) > 0; {
			k := min(1000, len(rest))
			if m, err := sp.Write(rest[:k]); err != nil || m != k {
				t.Fatalf("Write to the spool gave %d, %v; want %d", m, err, k)
			}
			rest = rest[k:]
		}
		body, err := sp.Close()
		if err != nil {
			t.Fatal(err)
		}
		sp.Abort() // must do nothing any more
		if body.Size != int64(n) || (body.Ref != "") != (n > blob.InlineLimit) {
			t.Errorf("a body of %d octets: size %d, name %q", n, body.Size, body.Ref)
		}
		r, err := body.Open(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
			t.Errorf("a body of %d octets read back as %d other ones, %v", n, len(got), err)
		}
		r.Close()
	}
}
