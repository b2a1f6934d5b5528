package bolt

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// PutDelivery implements cases.Tx.
func (t *txn) PutDelivery(d *mailer.Delivery) error {
	if err := t.putDelivery(d); err != nil {
		return fmt.Errorf("store delivery %s: %w", d.ID, err)
	}
	return nil
}

func (t *txn) putDelivery(d *mailer.Delivery) error {
	if d.ID == "" {
		return errNoID
	}
	if err := checkWord("delivery state", string(d.State)); err != nil {
		return err
	}
	b, err := encode(d)
	if err != nil {
		return err
	}
	var was []entry
	switch old, err := t.Delivery(d.ID); {
	case err == nil:
		was = deliveryEntries(old)
	case !errors.Is(err, cases.ErrNotFound):
		return err
	}
	if err := t.put(bucketDeliveries, []byte(d.ID), b); err != nil {
		return err
	}
	return t.reindex(was, deliveryEntries(d))
}

// Delivery implements cases.Tx.
func (t *txn) Delivery(id mailer.ID) (*mailer.Delivery, error) {
	d, err := load[mailer.Delivery](t, bucketDeliveries, []byte(id))
	if err != nil {
		return nil, fmt.Errorf("delivery %s: %w", id, err)
	}
	return d, nil
}

// Deliveries implements cases.Tx.
func (t *txn) Deliveries(state mailer.DeliveryState) iter.Seq2[*mailer.Delivery, error] {
	if state == mailer.Waiting {
		return records[mailer.Delivery](t, listing{bucketDeliveryDue, bucketDeliveries, nil, afterTime}, false)
	}
	return records[mailer.Delivery](t, deliveriesOf(state), true)
}

// Prune implements cases.Tx. It takes whole days of the ledger only, and looks
// at the others in the order of their ids, that is of their beginning, up to the
// first that is too young: an entry may outlive its time by some days.
func (t *txn) Prune(before time.Time, n int) (forgotten int, blobs []blob.Ref, err error) {
	if !t.tx.Writable() {
		return 0, nil, cases.ErrReadOnly
	}
	if forgotten, err = t.pruneLedger(before, n); err != nil {
		return forgotten, nil, fmt.Errorf("prune ledger: %w", err)
	}
	for _, state := range []mailer.DeliveryState{mailer.Sent, mailer.GivenUp, mailer.Withdrawn, mailer.Dropped} {
		k, err := pruneOld(t, deliveriesOf(state), n, func(d *mailer.Delivery) ([]entry, bool) {
			return deliveryEntries(d), d.Finished.Before(before)
		})
		if forgotten += k; err != nil {
			return forgotten, nil, fmt.Errorf("prune deliveries: %w", err)
		}
	}
	k, err := pruneOld(t, mailsOf(cases.MailRefused), n, func(m *cases.MailRecord) ([]entry, bool) {
		if !m.Received.Before(before) {
			return nil, false
		}
		// What came from a front hop has bytes: in the store, or in a blob.
		if m.Blob != "" {
			blobs = append(blobs, m.Blob)
			return mailEntries(m), true
		}
		return append(mailEntries(m), entry{bucket: bucketRaw, key: []byte(m.ID)}), true
	})
	if forgotten += k; err != nil {
		return forgotten, blobs, fmt.Errorf("prune refused mails: %w", err)
	}
	return forgotten, blobs, nil
}

// pruneOld forgets up to n of the records that are listed by id, the oldest
// first, as long as old says so; it also tells what goes with a record.
func pruneOld[T any](t *txn, l listing, n int, old func(*T) ([]entry, bool)) (int, error) {
	forgotten := 0
	for id, err := range t.walk(l.index, l.prefix, false) {
		if err != nil || forgotten == n {
			return forgotten, err
		}
		r, err := load[T](t, l.bucket, id)
		if err != nil {
			return forgotten, err
		}
		entries, ok := old(r)
		if !ok {
			return forgotten, nil
		}
		if err := t.reindex(entries, nil); err != nil {
			return forgotten, err
		}
		if err := t.delete(l.bucket, id); err != nil {
			return forgotten, err
		}
		forgotten++
	}
	return forgotten, nil
}
