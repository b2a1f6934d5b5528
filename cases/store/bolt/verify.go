package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	berrors "go.etcd.io/bbolt/errors"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// maxProblems bounds what Verify collects: a file that has lost a page has
// thousands, and they all mean the same.
const maxProblems = 1000

// Verify looks through the whole store for what does not fit together, one line
// for each problem: records without their index entries and the reverse, gaps in
// histories, mails without their bytes, deliveries that nobody would come upon,
// references that lead nowhere, damaged pages. blobs are those that are there,
// as blob.Local.All lists them; nil: they are not looked at. An error means that
// the looking failed. No update runs meanwhile.
func (s *Store) Verify(ctx context.Context, blobs iter.Seq2[blob.Info, error]) (problems []string, err error) {
	tx, err := s.db.Begin(!s.opts.ReadOnly)
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return nil, s.errClosed()
	}
	if err != nil {
		return nil, fmt.Errorf("verify store %s: %w", s.path, err)
	}
	defer tx.Rollback()
	v := &verifier{t: &txn{s: s, tx: tx}, ctx: ctx}
	if blobs != nil {
		v.blobs = map[blob.Ref]int64{}
		for b, err := range blobs {
			if err != nil {
				v.report("%v", err)
				continue
			}
			v.blobs[b.Ref] = b.Size
		}
	}
	for problem := range tx.Check() {
		v.report("pages: %v", problem)
	}
	err = guard(v.records)
	if errors.Is(err, errDamaged) {
		v.report("pages: %v", err)
		return v.problems, nil
	}
	if err != nil {
		return v.problems, fmt.Errorf("verify store %s: %w", s.path, err)
	}
	return v.problems, nil
}

type verifier struct {
	t        *txn
	ctx      context.Context
	blobs    map[blob.Ref]int64 // the size of each; nil: not looked at
	problems []string
}

func (v *verifier) report(format string, args ...any) {
	if len(v.problems) == maxProblems {
		v.problems = append(v.problems, "there are more problems than these")
	}
	if len(v.problems) < maxProblems {
		v.problems = append(v.problems, fmt.Sprintf(format, args...))
	}
}

func (v *verifier) records() error {
	if _, err := v.t.Directory(); err != nil {
		v.report("%v", err)
	}
	for _, step := range []func() error{
		v.cases, v.events, v.mails, v.raw, v.ledger, v.threads, v.deliveries, v.caseIndexes, v.mailIndex, v.deliveryIndexes,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// each visits every key of a bucket.
func (v *verifier) each(bucket string, visit func(key, value []byte)) error {
	return v.t.bucket(bucket).ForEach(func(key, value []byte) error {
		visit(key, value)
		return v.ctx.Err()
	})
}

// has tells whether a record is there.
func (v *verifier) has(bucket string, key []byte) bool { return v.t.bucket(bucket).Get(key) != nil }

// read decodes a record and checks that it stands under its own key.
func read[T any](v *verifier, what string, e entry, own func(*T) []byte) (*T, bool) {
	r := new(T)
	if err := json.Unmarshal(e.value, r); err != nil {
		v.report("%s %q cannot be read: %v", what, e.key, err)
		return nil, false
	}
	if !bytes.Equal(own(r), e.key) {
		v.report("%s %q stands under the key %q", what, own(r), e.key)
		return nil, false
	}
	return r, true
}

func (v *verifier) indexed(what string, entries []entry) {
	for _, e := range entries {
		if got := v.t.bucket(e.bucket).Get(e.key); got == nil || !bytes.Equal(got, e.value) {
			v.report("%s is not in the index %s", what, e.bucket)
		}
	}
}

func ownCase(c *cases.Case) []byte          { return caseKey(c.ID) }
func ownMail(m *cases.MailRecord) []byte    { return []byte(m.ID) }
func ownDelivery(d *mailer.Delivery) []byte { return []byte(d.ID) }

func (v *verifier) cases() error {
	return v.each(bucketCases, func(key, value []byte) {
		c, ok := read(v, "case", entry{bucketCases, key, value}, ownCase)
		if !ok {
			return
		}
		v.indexed("case "+c.ID.String(), caseEntries(c))
		events, err := v.t.History(c.ID, 1, 0)
		if err != nil {
			v.report("%v", err)
			return
		}
		for i, e := range events {
			if e.Seq != i+1 {
				v.report("case %s: event %d stands where event %d should", c.ID, e.Seq, i+1)
				break
			}
			if e.Mail != "" && !v.has(bucketMails, []byte(e.Mail)) {
				v.report("case %s: event %d came from mail %s, which is not there", c.ID, e.Seq, e.Mail)
			}
		}
		if len(events) != c.Events {
			v.report("case %s has %d events, its history %d", c.ID, c.Events, len(events))
		}
	})
}

// events looks for histories without a case, and for keys that do not agree
// with what they stand for.
func (v *verifier) events() error {
	return v.each(bucketEvents, func(key, value []byte) {
		var e struct{ Seq int }
		n := len(key) - 4
		switch {
		case n < 0 || !v.has(bucketCases, key[:n]):
			v.report("event %q belongs to no case", key)
		case json.Unmarshal(value, &e) != nil || uint32(e.Seq) != binary.BigEndian.Uint32(key[n:]):
			v.report("event %q is not the one its key says", key)
		}
	})
}

func (v *verifier) mails() error {
	return v.each(bucketMails, func(key, value []byte) {
		m, ok := read(v, "mail", entry{bucketMails, key, value}, ownMail)
		if !ok {
			return
		}
		v.indexed("mail "+string(m.ID), mailEntries(m))
		for _, id := range m.Cases {
			if !v.has(bucketCases, caseKey(id)) {
				v.report("mail %s was filed to case %s, which is not there", m.ID, id)
			}
		}
		raw := v.t.bucket(bucketRaw).Get(key)
		switch {
		case m.Status == cases.MailDiscarded: // no bytes are kept
		case m.Status == cases.MailRefused && m.Blob == "" && raw == nil: // by a direct client
		case m.Blob != "":
			v.blob(m)
		case raw == nil:
			v.report("mail %s has lost its bytes", m.ID)
		case int64(len(raw)) != m.Size:
			v.report("mail %s has %d octets and should have %d", m.ID, len(raw), m.Size)
		}
	})
}

func (v *verifier) blob(m *cases.MailRecord) {
	if v.blobs == nil {
		return
	}
	size, ok := v.blobs[m.Blob]
	if !ok {
		v.report("mail %s has lost its blob %s", m.ID, m.Blob)
	} else if size != m.Size {
		v.report("mail %s: its blob %s has %d octets and should have %d", m.ID, m.Blob, size, m.Size)
	}
}

func (v *verifier) raw() error {
	return v.each(bucketRaw, func(key, _ []byte) {
		if !v.has(bucketMails, key) {
			v.report("raw mail %q belongs to no mail record", key)
		}
	})
}

// ledger: an entry without its mail makes us refuse a mail as taken that we do
// not have.
func (v *verifier) ledger() error {
	ledger := v.t.bucket(bucketLedger)
	return ledger.ForEach(func(day, value []byte) error {
		b := ledger.Bucket(day)
		if b == nil {
			v.report("ledger %q is not a day", day)
			return nil
		}
		return b.ForEach(func(key, id []byte) error {
			if !v.has(bucketMails, id) {
				v.report("ledger of %s: entry %x names mail %q, which is not there", day, key, id)
			}
			return v.ctx.Err()
		})
	})
}

func (v *verifier) threads() error {
	return v.each(bucketThreads, func(key, n []byte) {
		r, _, _ := bytes.Cut(key, []byte{0})
		if len(n) != 4 || !v.has(bucketCases, append(word(string(r)), n...)) {
			v.report("thread %q leads to a case that is not there", key)
		}
	})
}

func (v *verifier) deliveries() error {
	return v.each(bucketDeliveries, func(key, value []byte) {
		d, ok := read(v, "delivery", entry{bucketDeliveries, key, value}, ownDelivery)
		if !ok {
			return
		}
		v.indexed(fmt.Sprintf("delivery %s, which is %s,", d.ID, d.State), deliveryEntries(d))
		id := cases.CaseID{Reseller: cases.ResellerID(d.Tenant), N: d.Case}
		if d.Case != 0 && !v.has(bucketCases, caseKey(id)) {
			v.report("delivery %s is about case %s, which is not there", d.ID, id)
		}
	})
}

// dangling reports the entries of an index, listed as a whole, that no record has.
func dangling[T any](v *verifier, l listing, entries func(*T) []entry) error {
	return v.each(l.index, func(k, value []byte) {
		r, err := load[T](v.t, l.bucket, l.key(k))
		if errors.Is(err, cases.ErrNotFound) {
			v.report("index %s: entry %q leads nowhere", l.index, k)
			return
		}
		if err != nil {
			return // the record itself is reported
		}
		for _, e := range entries(r) {
			if e.is(entry{l.index, k, value}) {
				return
			}
		}
		v.report("index %s: entry %q does not fit its record", l.index, k)
	})
}

// afterWord is what follows a name in a key.
func afterWord(k []byte) []byte {
	_, rest, _ := bytes.Cut(k, []byte{0})
	return rest
}

func (v *verifier) caseIndexes() error {
	err := dangling(v, listing{bucketCaseUpdated, bucketCases, nil, func(k []byte) []byte {
		rest := afterWord(k)
		return append(bytes.Clone(k[:len(k)-len(rest)]), afterTime(rest)...)
	}}, caseEntries)
	if err != nil {
		return err
	}
	return v.each(bucketCaseNumbers, func(k, n []byte) {
		r, number, _ := bytes.Cut(k, []byte{0})
		c, err := load[cases.Case](v.t, bucketCases, append(word(string(r)), n...))
		if errors.Is(err, cases.ErrNotFound) || err == nil && c.Number != string(number) {
			v.report("index %s: entry %q does not fit a case", bucketCaseNumbers, k)
		}
	})
}

func (v *verifier) mailIndex() error {
	return dangling(v, listing{bucketMailStatus, bucketMails, nil, afterWord}, mailEntries)
}

func (v *verifier) deliveryIndexes() error {
	return errors.Join(
		dangling(v, listing{bucketDeliveryDue, bucketDeliveries, nil, afterTime}, deliveryEntries),
		dangling(v, listing{bucketDeliveryState, bucketDeliveries, nil, afterWord}, deliveryEntries),
	)
}
