package bolt_test

import (
	"errors"
	"iter"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer"
	"casegate/mailer/blob"
)

func TestNewestID(t *testing.T) {
	s := open(t, bolt.Options{NoSync: true})
	newest := func(want mailer.ID) {
		t.Helper()
		if id, err := s.NewestID(); err != nil || id != want {
			t.Errorf("NewestID gave %q, %v; want %q", id, err, want)
		}
	}
	newest("")
	if has, err := s.HasCases(); has || err != nil {
		t.Errorf("an empty store has cases: %v, %v", has, err)
	}
	fill(t, s, 20) // the deliveries have greater ids than the mails
	newest(mailer.MakeID(mailID(19).Number()<<1 | 1))
	last := mailer.MakeID(1 << 63)
	if err := s.Update(t.Context(), func(tx cases.Tx) error {
		return tx.PutMail(&cases.MailRecord{ID: last, Status: cases.MailRefused})
	}); err != nil {
		t.Fatal(err)
	}
	newest(last)
	if has, err := s.HasCases(); !has || err != nil {
		t.Errorf("a store with cases has some: %v, %v", has, err)
	}
}

// listed is what a blob store would list.
func listed(infos ...blob.Info) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for _, i := range infos {
			if !yield(i, nil) {
				return
			}
		}
	}
}

// An orphan is removed, so in doubt nothing is one.
func TestOrphans(t *testing.T) {
	large := blob.Info{Ref: "2026-11/00000000000000000000000001", Size: 100_000}
	stray := blob.Info{Ref: "2026-11/00000000000000000000000002", Size: 5}
	older := blob.Info{Ref: "2026-10/00000000000000000000000003", Size: 6}
	store := func(t *testing.T) string {
		path := filled(t, 3) // whose mails are small
		s := openAt(t, path, bolt.Options{NoSync: true})
		err := s.Update(t.Context(), func(tx cases.Tx) error { return accept(tx, 3, blob.Body{Ref: large.Ref, Size: large.Size}) })
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		name   string
		damage func(*bbolt.Tx) error
		blobs  iter.Seq2[blob.Info, error]
		want   []blob.Info
		say    string
	}{
		{"no blob at all is not looked into", nil, listed(), nil, ""},
		{"no orphan", nil, listed(large), nil, ""},
		{"two", nil, listed(large, stray, older), []blob.Info{older, stray}, ""},
		{"a blob is missed", nil, listed(stray), nil, "has lost its blob " + string(large.Ref)},
		{"a record cannot be read", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("mails")).Put([]byte(mailID(3)), []byte(`{"blob":"2026`))
		}, listed(large, stray), nil, "cannot be read"},
		{"the folder cannot be read", nil, func(yield func(blob.Info, error) bool) { yield(large, errors.New("disk on fire")) }, nil, "disk on fire"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := store(t)
			if c.damage != nil {
				edit(t, path, c.damage)
			}
			got, err := openAt(t, path, bolt.Options{}).Orphans(t.Context(), c.blobs)
			if c.say == "" && err != nil || c.say != "" && (err == nil || !strings.Contains(err.Error(), c.say)) {
				t.Errorf("Orphans gave error %v; want %q", err, c.say)
			}
			if len(got) != len(c.want) {
				t.Fatalf("Orphans gave %v; want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("orphan %d is %v; want %v", i, got[i], c.want[i])
				}
			}
		})
	}
}
