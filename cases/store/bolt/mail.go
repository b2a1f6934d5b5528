package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"casegate/cases"
	"casegate/mailer"
)

// PutMail implements cases.Tx.
func (t *txn) PutMail(m *cases.MailRecord) error {
	if err := t.putMail(m); err != nil {
		return fmt.Errorf("store mail %s: %w", m.ID, err)
	}
	return nil
}

func (t *txn) putMail(m *cases.MailRecord) error {
	if m.ID == "" {
		return errNoID
	}
	if err := checkWord("mail status", string(m.Status)); err != nil {
		return err
	}
	b, err := encode(m)
	if err != nil {
		return err
	}
	var was []entry
	switch old, err := t.Mail(m.ID); {
	case err == nil:
		was = mailEntries(old)
	case !errors.Is(err, cases.ErrNotFound):
		return err
	}
	if err := t.put(bucketMails, []byte(m.ID), b); err != nil {
		return err
	}
	return t.reindex(was, mailEntries(m))
}

// Mail implements cases.Tx.
func (t *txn) Mail(id mailer.ID) (*cases.MailRecord, error) {
	m, err := load[cases.MailRecord](t, bucketMails, []byte(id))
	if err != nil {
		return nil, fmt.Errorf("mail %s: %w", id, err)
	}
	return m, nil
}

// Mails implements cases.Tx.
func (t *txn) Mails(status cases.MailStatus, of ...cases.ResellerID) iter.Seq2[mailer.ID, error] {
	list := listing{index: bucketMails}
	if status != "" && status != cases.MailFiled {
		list = mailsOf(status)
	}
	wanted := func(id mailer.ID) (bool, error) {
		if list.bucket == "" && (status != "" || len(of) > 0) { // most are filed: they have no index
			m, err := t.Mail(id)
			return err == nil && (status == "" || m.Status == status) && (len(of) == 0 || slices.Contains(of, m.WaitsFor())), err
		}
		return len(of) == 0 || slices.Contains(of, cases.ResellerID(t.bucket(list.index).Get(slices.Concat(list.prefix, []byte(id))))), nil
	}
	return func(yield func(mailer.ID, error) bool) {
		for id, err := range t.walk(list.index, list.prefix, true) {
			ok := true
			if err == nil {
				ok, err = wanted(mailer.ID(id))
			}
			if (ok || err != nil) && !yield(mailer.ID(id), err) {
				return
			}
		}
	}
}

// PutRaw implements cases.Tx.
func (t *txn) PutRaw(id mailer.ID, raw []byte) error {
	err := errNoID
	switch {
	case id == "":
	case raw == nil:
		err = t.delete(bucketRaw, []byte(id))
	default:
		err = t.put(bucketRaw, []byte(id), append([]byte{}, raw...))
	}
	if err != nil {
		return fmt.Errorf("store raw mail %s: %w", id, err)
	}
	return nil
}

// Raw implements cases.Tx.
func (t *txn) Raw(id mailer.ID) ([]byte, error) {
	raw := t.bucket(bucketRaw).Get([]byte(id))
	if raw == nil {
		return nil, fmt.Errorf("raw mail %s: %w", id, cases.ErrNotFound)
	}
	return append([]byte{}, raw...), nil
}

// Remember implements cases.Tx. Each day has a bucket of its own: digests are
// spread all over a bucket, so the one that is written to has to stay small, and
// forgetting a day that is over is cheap.
func (t *txn) Remember(key cases.LedgerKey, id mailer.ID, at time.Time) error {
	if id == "" {
		return fmt.Errorf("remember mail: %w", errNoID)
	}
	ledger, err := t.writing(bucketLedger)
	if err != nil {
		return fmt.Errorf("remember mail %s: %w", id, err)
	}
	day := ledgerDay(at)
	b := ledger.Bucket(day)
	if b == nil {
		t.days = nil
		if b, err = ledger.CreateBucket(day); err != nil {
			return fmt.Errorf("remember mail %s: %w", id, err)
		}
	}
	if err := b.Put(key[:], []byte(id)); err != nil {
		return fmt.Errorf("remember mail %s: %w", id, err)
	}
	return nil
}

// Recall implements cases.Tx: the newest day first, as most of what comes again
// comes soon.
func (t *txn) Recall(key cases.LedgerKey) (mailer.ID, error) {
	ledger := t.bucket(bucketLedger)
	for _, day := range slices.Backward(t.ledgerDays()) {
		if b := ledger.Bucket(day); b != nil {
			if id := b.Get(key[:]); id != nil {
				return mailer.ID(id), nil
			}
		}
	}
	return "", fmt.Errorf("ledger: %w", cases.ErrNotFound)
}

// ledgerDays lists the days of the ledger in order.
func (t *txn) ledgerDays() [][]byte {
	if t.days == nil {
		t.days = [][]byte{}
		c := t.bucket(bucketLedger).Cursor()
		for k, _ := c.First(); k != nil; k, _ = c.Next() {
			t.days = append(t.days, bytes.Clone(k))
		}
	}
	return t.days
}

// SetThread implements cases.Tx.
func (t *txn) SetThread(r cases.ResellerID, messageID string, id cases.CaseID) error {
	err := checkWord("reseller", string(r))
	switch {
	case err != nil:
	case !t.tx.Writable():
		err = cases.ErrReadOnly
	case id.Reseller != r:
		err = fmt.Errorf("case %s is another reseller's", id)
	default:
		if first, err := t.Thread(r, messageID); err == nil && t.bucket(bucketCases).Get(caseKey(first)) != nil {
			return nil
		}
		err = t.put(bucketThreads, threadKey(r, messageID), binary.BigEndian.AppendUint32(nil, id.N))
	}
	if err != nil {
		return fmt.Errorf("thread of reseller %s: %w", r, err)
	}
	return nil
}

// Thread implements cases.Tx.
func (t *txn) Thread(r cases.ResellerID, messageID string) (cases.CaseID, error) {
	n := t.bucket(bucketThreads).Get(threadKey(r, messageID))
	if len(n) != 4 {
		return cases.CaseID{}, fmt.Errorf("thread of reseller %s: %w", r, cases.ErrNotFound)
	}
	return cases.CaseID{Reseller: r, N: binary.BigEndian.Uint32(n)}, nil
}

// pruneLedger forgets up to n entries of days that were over before a time; an
// entry may so outlive it by a day.
func (t *txn) pruneLedger(before time.Time, n int) (int, error) {
	forgotten := 0
	for _, day := range t.ledgerDays() {
		if forgotten == n || bytes.Compare(day, ledgerDay(before)) >= 0 {
			break
		}
		ledger, err := t.writing(bucketLedger)
		if err != nil {
			return forgotten, err
		}
		k, err := forget(ledger.Bucket(day), n-forgotten)
		forgotten += k
		if err != nil {
			return forgotten, err
		}
		if first, _ := ledger.Bucket(day).Cursor().First(); first == nil {
			t.days = nil
			if err := ledger.DeleteBucket(day); err != nil {
				return forgotten, err
			}
		}
	}
	return forgotten, nil
}

// forget deletes up to n keys from the start of a bucket.
func forget(b *bbolt.Bucket, n int) (int, error) {
	var keys [][]byte
	c := b.Cursor()
	for k, _ := c.First(); k != nil && len(keys) < n; k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for i, k := range keys {
		if err := b.Delete(k); err != nil {
			return i, err
		}
	}
	return len(keys), nil
}
