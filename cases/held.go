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
		for r, err := range tx.Mails(status) {
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

// Mail finds the record of one mail.
func (d *Desk) Mail(ctx context.Context, id mailer.ID) (*MailRecord, error) {
	var r *MailRecord
	err := d.Store.View(ctx, func(tx Tx) (err error) {
		r, err = tx.Mail(id)
		return err
	})
	return r, notFound(err, "no mail %s", id)
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
		again := *m
		// Who wrote it was found out when it came, with the connection at hand.
		again.ID, again.Received, again.Door, again.Envelope, again.Identity = old.ID, old.Received, old.Door, old.Envelope, old.Identity
		decider, err := d.decider(tx, &again)
		if err != nil {
			return err
		}
		old.Trace.Add("release", "", "by the operator", d.now().Format(time.RFC3339))
		decider.override = &override{record: old, customer: customer}
		decided, err := decider.decide()
		if err != nil {
			return err
		}
		if len(decided.parts) != 1 || !decided.parts[0].record.settled() {
			return errorf(Conflict, "mail %s cannot be released: %s", id, whyNot(decided))
		}
		released = decided.parts[0]
		return released.write(tx, nil)
	})
	if err != nil {
		return nil, err
	}
	d.told(m, &decision{parts: []*part{released}})
	return released.record, nil
}

// openMail fetches a mail on which somebody has yet to decide.
func openMail(tx Tx, id mailer.ID) (*MailRecord, error) {
	r, err := tx.Mail(id)
	if err != nil {
		return nil, notFound(err, "no mail %s", id)
	}
	if r.Status != MailHeld && r.Status != MailFailed {
		return nil, errorf(Conflict, "mail %s is %s, not held", id, r.Status)
	}
	return r, nil
}

func whyNot(decided *decision) string {
	for _, p := range decided.parts {
		if p.record.Reason != "" {
			return p.record.Reason
		}
	}
	for _, o := range decided.outcomes {
		if o.Text != "" {
			return o.Text
		}
	}
	return "it belongs nowhere"
}

// Discard throws a held or failed mail away: its bytes are erased, its record
// stays as a tombstone. Where one recipient's copy was held and another's filed,
// the bytes belong to the case and stay.
func (d *Desk) Discard(ctx context.Context, id mailer.ID) (*MailRecord, error) {
	var gone *MailRecord
	var ref blob.Ref
	err := d.Store.Update(ctx, func(tx Tx) error {
		r, err := openMail(tx, id)
		if err != nil {
			return err
		}
		r.Trace.Effect("discarded by the operator at %s; it was %s: %s", d.now().Format(time.RFC3339), r.Status, r.Reason)
		r.discard()
		gone, ref = r, ""
		if r.Status == MailDiscarded {
			// Nothing of it is anywhere else: the bytes go.
			if ref, r.Blob = r.Blob, ""; ref == "" {
				if err := tx.PutRaw(id, nil); err != nil {
					return err
				}
			}
		}
		return tx.PutMail(r)
	})
	if err != nil {
		return nil, err
	}
	d.discardBlobs(ref)
	return gone, nil
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
		err := d.Store.Update(ctx, func(tx Tx) (err error) {
			n, err = tx.Prune(before, atOnce)
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}
