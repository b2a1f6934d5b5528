package cases

import (
	"bytes"
	"context"
	"errors"
	"io"
	"time"

	"casegate/mailer"
	"casegate/mailer/blob"
)

// Mails lists up to limit mail records of a status, the newest first; "" means
// every status, limit 0 all.
func (d *Desk) Mails(ctx context.Context, status MailStatus, limit int) ([]*MailRecord, error) {
	var list []*MailRecord
	err := d.Store.View(ctx, func(tx Tx) error {
		list = nil
		for id, err := range tx.Mails(status) {
			if err != nil {
				return err
			}
			r, err := d.shown(tx, id)
			if err != nil {
				return err
			}
			if list = append(list, r); len(list) == limit {
				break
			}
		}
		return nil
	})
	return list, err
}

// Waiting lists up to limit of the mails on which somebody has yet to decide, the
// held and the failed ones, the oldest first; limit 0 means all.
func (d *Desk) Waiting(ctx context.Context, limit int) ([]*MailRecord, error) {
	var list []*MailRecord
	err := d.Store.View(ctx, func(tx Tx) error {
		list = nil
		ids, err := waitingIDs(tx)
		if err != nil {
			return err
		}
		if limit > 0 {
			ids = ids[:min(limit, len(ids))]
		}
		for _, id := range ids {
			r, err := d.shown(tx, id)
			if err != nil {
				return err
			}
			list = append(list, r)
		}
		return nil
	})
	return list, err
}

// Mail finds the record of one mail.
func (d *Desk) Mail(ctx context.Context, id mailer.ID) (*MailRecord, error) {
	var r *MailRecord
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		r, err = d.shown(tx, id)
		return err
	})
	return r, notFound(err, "no mail %s", id)
}

// shown gives a record with what people are told of a mail that waits: why, of
// which case it is, and who may decide.
func (d *Desk) shown(tx Tx, id mailer.ID) (*MailRecord, error) {
	r, err := tx.Mail(id)
	if err != nil || !r.waits() {
		return r, err
	}
	dir, err := tx.Directory()
	if err != nil {
		return nil, err
	}
	c, err := heldCase(tx, dir, r, d.now())
	if err != nil {
		return nil, err
	}
	if r.Held == nil {
		r.Held = &Held{Since: r.Received, Operator: true}
	}
	if r.Held.Why = r.Reason; c != nil {
		r.Held.Number = c.Number
	}
	for _, who := range Deciders(dir, r, c, d.now()) {
		r.Held.MayRelease = append(r.Held.MayRelease, who.Address.String())
	}
	r.Held.MayRelease = append(r.Held.MayRelease, "operator")
	return r, nil
}

// Raw opens the bytes of a mail as it is kept.
func (d *Desk) Raw(ctx context.Context, id mailer.ID) (io.ReadCloser, error) {
	var r *MailRecord
	var data []byte
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		if r, err = tx.Mail(id); err == nil && r.Blob == "" {
			data, err = tx.Raw(id)
		}
		return err
	})
	if err != nil {
		text := "no mail %s"
		if r != nil {
			text = "the bytes of mail %s are not kept"
		}
		return nil, notFound(err, text, id)
	}
	if r.Blob == "" {
		return io.NopCloser(bytes.NewReader(data)), nil
	}
	f, err := d.Blobs.Open(r.Blob)
	if errors.Is(err, blob.ErrNotFound) {
		return nil, errorf(NotFound, "the bytes of mail %s are gone", id)
	}
	return f, err
}

// Release decides a held or failed mail again with the operator's word that it
// may pass. m is the raw mail read once more; customer, if not "", is for whom
// it is filed. Where it still cannot be filed, the error says why and nothing
// has changed.
func (d *Desk) Release(ctx context.Context, id mailer.ID, m *mailer.Mail, customer string) (*MailRecord, error) {
	var released *part
	err := d.Store.Update(ctx, func(tx Tx) error {
		released = nil
		old, err := openMail(tx, id)
		if err != nil {
			return err
		}
		decider, err := d.decider(tx, m)
		if err != nil {
			return err
		}
		released, err = decider.release(m, override{record: old, customer: customer, by: byOperator})
		if err != nil {
			return err
		}
		return released.write(tx, nil)
	})
	if err != nil {
		return nil, err
	}
	d.told(m, &decision{parts: []*part{released}})
	return released.record, nil
}

// byOperator names who uses the command line.
const byOperator = "the operator"

// openMail fetches a mail on which somebody has yet to decide.
func openMail(tx Tx, id mailer.ID) (*MailRecord, error) {
	r, err := tx.Mail(id)
	if err != nil {
		return nil, notFound(err, "no mail %s", id)
	}
	if !r.waits() {
		return nil, errorf(Conflict, "mail %s is %s, not held", id, r.Status)
	}
	return r, nil
}

// Discard throws a held or failed mail away by the operator's hand: its bytes are
// erased, its record stays as a tombstone.
func (d *Desk) Discard(ctx context.Context, id mailer.ID) (*MailRecord, error) {
	var gone *part
	err := d.Store.Update(ctx, func(tx Tx) error {
		r, err := openMail(tx, id)
		if err != nil {
			return err
		}
		gone = discarding(r, byOperator, d.now())
		return gone.write(tx, nil)
	})
	if err != nil {
		return nil, err
	}
	d.discardBlobs(gone.erased)
	return gone.record, nil
}

// keepLedger is how long a mail is remembered, so that a retry of it does
// nothing (design 2.3), and how long finished deliveries and the decisions on
// refused mail are kept.
const keepLedger = 30 * 24 * time.Hour

// Prune forgets what is older than it needs to be. It works in short
// transactions and may be called at any time.
func (d *Desk) Prune(ctx context.Context) error {
	const atOnce = 500
	before := d.now().Add(-keepLedger)
	for {
		n := 0
		var blobs []blob.Ref
		err := d.Store.Update(ctx, func(tx Tx) (err error) {
			n, blobs, err = tx.Prune(before, atOnce)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
		d.discardBlobs(blobs...)
	}
}
