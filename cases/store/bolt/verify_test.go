package bolt_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// verified gives what Verify says of a file.
func verified(t *testing.T, path string) []string {
	t.Helper()
	s := openAt(t, path, bolt.Options{ReadOnly: true})
	problems, err := s.Verify(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

// change rewrites a JSON value.
func change(b *bbolt.Bucket, key []byte, field string, value any) error {
	var v map[string]any
	if err := json.Unmarshal(b.Get(key), &v); err != nil {
		return err
	}
	v[field] = value
	out, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return b.Put(key, out)
}

// nth gives the n-th key of a bucket and its value, from 0.
func nth(b *bbolt.Bucket, n int) (key, value []byte) {
	c := b.Cursor()
	key, value = c.First()
	for range n {
		key, value = c.Next()
	}
	return bytes.Clone(key), bytes.Clone(value)
}

// Each kind of damage is found, and only that kind: the controls of every test
// that relies on a clean Verify.
func TestVerifyFindsDamage(t *testing.T) {
	remove := func(bucket string) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			k, _ := nth(b, 5)
			return b.Delete(k)
		}
	}
	add := func(bucket, key, value string) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return tx.Bucket([]byte(bucket)).Put([]byte(key), []byte(value)) }
	}
	set := func(bucket, field string, value any) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			k, _ := nth(b, 5)
			return change(b, k, field, value)
		}
	}
	id := string(mailID(5))
	for _, c := range []struct {
		name   string
		damage func(*bbolt.Tx) error
		say    []string // in some problem each
	}{
		{"a case without its number", remove("case-numbers"), []string{"is not in the index case-numbers"}},
		{"a case without its place in the list", remove("case-updated"), []string{"is not in the index case-updated"}},
		{"a number without its case", add("case-numbers", "north\x00NORTH-99", "\x00\x00\x00\x63"), []string{"NORTH-99", "does not fit a case"}},
		{"a place in the list without its case", add("case-updated", "north\x00123456789012\x00\x00\x00\x63", ""), []string{"case-updated", "leads nowhere"}},
		{"an old place in the list", add("case-updated", "north\x00123456789012\x00\x00\x00\x01", ""), []string{"case-updated", "does not fit its record"}},
		{"a case that is gone", remove("cases"), []string{"belongs to no case", "leads nowhere", "was filed to case north/6", "leads to a case that is not there", "is about case north/6", "does not fit a case"}},
		{"a case that cannot be read", add("cases", "north\x00\x00\x00\x00\x06", "{"), []string{"case", "cannot be read"}},
		{"a case under another's key", func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("cases"))
			_, v := nth(b, 5)
			return b.Put([]byte("north\x00\x00\x00\x00\x63"), v)
		}, []string{"stands under the key"}},
		{"an event that is gone", remove("events"), []string{"case north/6 has 1 events, its history 0"}},
		{"a gap in a history", func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("events"))
			k, v := nth(b, 5)
			k[len(k)-1] = 3
			v = bytes.Replace(v, []byte(`"seq":1`), []byte(`"seq":3`), 1)
			return errors.Join(b.Put(k, v), change(tx.Bucket([]byte("cases")), []byte("north\x00\x00\x00\x00\x06"), "events", 2))
		}, []string{"case north/6: event 3 stands where event 2 should"}},
		{"an event under another's key", func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("events"))
			k, v := nth(b, 5)
			return b.Put(k, bytes.Replace(v, []byte(`"seq":1`), []byte(`"seq":2`), 1))
		}, []string{"is not the one its key says"}},
		{"an event of no case", add("events", "east\x00\x00\x00\x00\x01\x00\x00\x00\x01", `{"seq":1}`), []string{"belongs to no case"}},
		{"an event from a mail that is gone", set("events", "mail", "06zz"), []string{"came from mail 06zz"}},
		{"a mail that is gone", remove("mails"), []string{"came from mail", "belongs to no mail record", "ledger of 2026-11-20"}},
		{"a mail that cannot be read", add("mails", id, `{"id":1}`), []string{"mail", "cannot be read"}},
		{"a mail without its status", set("mails", "status", "held"), []string{"mail " + id + " is not in the index mail-status"}},
		{"a status without its mail", add("mail-status", "held\x0006zz", ""), []string{"mail-status", "leads nowhere"}},
		{"an old status", add("mail-status", "held\x00"+id, ""), []string{"mail-status", "does not fit its record"}},
		{"a mail without its bytes", remove("raw"), []string{"mail " + id + " has lost its bytes"}},
		{"a mail cut short", add("raw", id, "short"), []string{"mail " + id + " has 5 octets and should have 3000"}},
		{"bytes without their mail", add("raw", "06zz", "x"), []string{"belongs to no mail record"}},
		{"a ledger entry without its mail", func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("ledger")).Bucket([]byte("2026-11-20")).Put(make([]byte, 16), []byte("06zz"))
		}, []string{`"06zz", which is not there`}},
		{"a ledger that holds something else", add("ledger", "2026", "x"), []string{"is not a day"}},
		{"a thread to a case that is not there", add("threads", "north\x000123456789abcdef", "\x00\x00\x00\x63"), []string{"leads to a case that is not there"}},
		{"a waiting delivery that is never due", remove("delivery-due"), []string{"which is waiting, is not in the index delivery-due"}},
		{"a due time without its delivery", add("delivery-due", "12345678901206zz", ""), []string{"delivery-due", "leads nowhere"}},
		{"a delivery that is gone", remove("deliveries"), []string{"delivery-due", "leads nowhere"}},
		{"a delivery in another state", set("deliveries", "state", "sent"), []string{"is not in the index delivery-state", "delivery-due: entry", "does not fit its record"}},
		{"a delivery due at another time", set("deliveries", "due", "2026-12-24T00:00:00Z"), []string{"is not in the index delivery-due", "does not fit its record"}},
		{"a delivery about no case", set("deliveries", "case", 99), []string{"is about case north/99"}},
		{"a state without its delivery", add("delivery-state", "sent\x0006zz", ""), []string{"delivery-state", "leads nowhere"}},
		{"a directory that cannot be read", add("directory", "current", "12345678{"), []string{"directory: damaged record"}},
		{"a directory cut short", add("directory", "current", "1"), []string{"directory: damaged record"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filled(t, 12)
			edit(t, path, c.damage)
			problems := verified(t, path)
			for _, say := range c.say {
				if !strings.Contains(strings.Join(problems, "\n"), say) {
					t.Errorf("Verify says %q; want it to say %q", problems, say)
				}
			}
			if len(problems) > 8 {
				t.Errorf("one damage is told in %d problems: %q", len(problems), problems)
			}
		})
	}
}

// damage overwrites the page that a text stands on.
func damage(t *testing.T, path, text string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte(text))
	if at < 0 {
		t.Fatalf("%q is not in the file", text)
	}
	copy(b[at/4096*4096:], make([]byte, 64))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFindsDamagedPages(t *testing.T) {
	for _, text := range []string{"This is mail 150, at octet 0.", `"id":"` + string(mailID(100)) + `"`, "NORTH-77"} {
		path := filled(t, 200)
		damage(t, path, text)
		if problems := verified(t, path); len(problems) == 0 {
			t.Errorf("Verify finds nothing in a store whose page with %q is overwritten", text)
		}
	}
}

func TestVerifyLooksAtBlobs(t *testing.T) {
	s := open(t, bolt.Options{})
	blobs := &blob.Local{Dir: t.TempDir()}
	var refs []blob.Ref
	for n := range 3 {
		w, err := blobs.Create()
		if err != nil {
			t.Fatal(err)
		}
		w.Write(body(n, 100_000))
		ref, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
		if err := s.Update(t.Context(), func(tx cases.Tx) error { return accept(tx, n, blob.Body{Ref: ref, Size: 100_000}) }); err != nil {
			t.Fatal(err)
		}
	}
	if problems, err := s.Verify(t.Context(), blobs.All()); err != nil || len(problems) > 0 {
		t.Errorf("Verify found %q, %v; want nothing", problems, err)
	}
	blobs.Remove(refs[1])
	want := fmt.Sprintf("mail %s has lost its blob %s", mailID(1), refs[1])
	if problems, err := s.Verify(t.Context(), blobs.All()); err != nil || len(problems) != 1 || problems[0] != want {
		t.Errorf("Verify found %q, %v; want %q", problems, err, want)
	}
	if err := os.Truncate(filepath.Join(blobs.Dir, string(refs[2])), 99_000); err != nil {
		t.Fatal(err)
	}
	short := fmt.Sprintf("mail %s: its blob %s has 99000 octets and should have 100000", mailID(2), refs[2])
	if problems, err := s.Verify(t.Context(), blobs.All()); err != nil || len(problems) != 2 || problems[1] != short {
		t.Errorf("Verify found %q, %v; want %q too", problems, err, short)
	}
	fails := func(yield func(blob.Info, error) bool) { yield(blob.Info{}, errors.New("disk on fire")) }
	if problems, err := s.Verify(t.Context(), fails); err != nil || len(problems) != 4 || problems[0] != "disk on fire" {
		t.Errorf("Verify found %q, %v; want the error of the listing and three blobs lost", problems, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Verify(ctx, blobs.All()); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify with a context that is done: %v", err)
	}
}

// Mails of which no bytes are kept are no problem; nor is a store in which
// records were replaced and pruned.
func TestVerifyOfALivedInStore(t *testing.T) {
	s := open(t, bolt.Options{})
	fill(t, s, 40)
	err := s.Update(t.Context(), func(tx cases.Tx) error {
		var errs []error
		for n := range 40 {
			m, err := tx.Mail(mailID(n))
			if err != nil {
				return err
			}
			c, err := tx.Case(m.Cases[0])
			if err != nil {
				return err
			}
			c.Updated, c.Number, c.Events = c.Updated.Add(1<<40), fmt.Sprint("MOVED-", n), 2
			d, err := tx.Delivery(mailer.MakeID(m.ID.Number() << 1))
			if err != nil {
				return err
			}
			d.State, d.Finished = mailer.Sent, day0.AddDate(0, 0, n%5)
			switch n % 3 {
			case 0:
				m.Status = cases.MailDiscarded
				errs = append(errs, tx.PutRaw(m.ID, nil))
			case 1:
				m.Status = cases.MailHeld
			}
			errs = append(errs, tx.PutMail(m), tx.PutCase(c), tx.PutDelivery(d), tx.Append(c.ID, &cases.Event{Seq: 2, Time: day0}))
		}
		_, _, err := tx.Prune(day0.AddDate(0, 0, 2), 10)
		return errors.Join(append(errs, err)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := s.Verify(t.Context(), nil); err != nil || len(problems) > 0 {
		t.Errorf("Verify found %q, %v; want nothing", problems, err)
	}
}
