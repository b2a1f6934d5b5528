package cases

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"casegate/mailer"
	"casegate/mailer/blob"
)

// Desk is where everything about cases is decided and done: it takes mail from
// the doors, hands deliveries to the senders and answers the operator. All
// fields are set before use and not changed after. It is safe for concurrent
// use.
type Desk struct {
	Store    Store
	Blobs    blob.Store
	Keys     *mailer.Keyring
	Hostname string           // lower case; reply addresses are in this domain
	Audience Audience         // nil: nobody is told of anything
	Room     func() error     // nil, or an error that wraps ErrFull when the disk is nearly full
	Now      func() time.Time // nil: time.Now
	NewID    func() mailer.ID // nil: of an IDs of its own
	// Reread reads a mail that was kept once more; nil: no reply releases one.
	Reread func(ctx context.Context, r *MailRecord) (*mailer.Mail, error)
	Limits Limits       // zero: the defaults
	Log    *slog.Logger // nil: discarded

	ids mailer.IDs
	due dueQueue

	rates          rates
	brakes         atomic.Int64 // budgets that were overrun
	throttledCount atomic.Int64 // recipients put off, of peers that guess

	refusedLogged atomic.Int64 // when a refusal was last logged, Unix milliseconds
}

func (d *Desk) now() time.Time {
	now := time.Now
	if d.Now != nil {
		now = d.Now
	}
	// What is stored has no monotonic clock and no zone.
	return now().UTC().Round(0)
}

func (d *Desk) newID() mailer.ID {
	if d.NewID != nil {
		return d.NewID()
	}
	return d.ids.New()
}

func (d *Desk) log() *slog.Logger {
	if d.Log != nil {
		return d.Log
	}
	return slog.New(slog.DiscardHandler)
}

func (d *Desk) room() error {
	if d.Room != nil {
		return d.Room()
	}
	return nil
}

func (d *Desk) router(dir *Directory) router {
	return router{dir: dir, keys: d.Keys, hostname: d.Hostname, now: d.now()}
}

func (d *Desk) decider(tx Tx, m *mailer.Mail) (*decider, error) {
	dir, err := tx.Directory()
	if err != nil {
		return nil, err
	}
	return &decider{
		router: d.router(dir), tx: tx, mail: m, newID: d.newID, inform: d.Audience, rates: &d.rates, limits: d.Limits,
		done: map[LedgerKey]bool{},
	}, nil
}

// Check decides a recipient at RCPT, as ingest.Handler says.
func (d *Desk) Check(ctx context.Context, env *mailer.Envelope, rcpt mailer.Address) mailer.Outcome {
	out := mailer.Outcome{Recipient: rcpt, Verdict: mailer.Accepted}
	if o, bad := d.unavailable(d.room()); bad {
		o.Recipient = rcpt
		return o
	}
	if o, late := d.throttled(env, rcpt); late {
		return o
	}
	err := d.Store.View(ctx, func(tx Tx) error {
		dir, err := tx.Directory()
		if err != nil {
			return err
		}
		r := d.router(dir).route(rcpt)
		if r.kind == routeNone || r.kind == routeReturnPath && !env.ReversePath.IsZero() {
			out.Verdict, out.Reason, out.Text = mailer.Refused, mailer.NoSuchAddress, noSuchAddress
		}
		return nil
	})
	if o, bad := d.unavailable(err); bad {
		o.Recipient = rcpt
		return o
	}
	if out.Verdict == mailer.Refused {
		d.guessed(env, rcpt)
		d.Refused(ctx, mailer.Refusal{Envelope: *env, Recipient: rcpt, Reason: out.Reason, Text: out.Text})
	}
	return out
}

// refusalSample is how often a refusal at the door is logged at most: a flood of
// them must not fill the disk.
const refusalSample = time.Second

// Refused takes note of what a door turned away by itself: counted by the
// caller, logged in samples, never stored (design 2.6). Of a mail whose text has
// come the door writes a line itself.
func (d *Desk) Refused(ctx context.Context, r mailer.Refusal) {
	if len(r.Envelope.Recipients) > 0 && r.Recipient.IsZero() {
		return
	}
	now, last := d.now().UnixMilli(), d.refusedLogged.Load()
	if now-last < refusalSample.Milliseconds() || !d.refusedLogged.CompareAndSwap(last, now) {
		return
	}
	d.log().Info("refused at the door", "remote", r.Envelope.Remote, "reverse_path", r.Envelope.ReversePath.Loggable(),
		"recipient", r.Recipient.Loggable(), "reason", r.Reason, "text", r.Text)
}

// unavailable is the answer while the store cannot do its work.
func (d *Desk) unavailable(err error) (mailer.Outcome, bool) {
	switch {
	case err == nil:
		return mailer.Outcome{}, false
	case errors.Is(err, ErrFull):
		return mailer.Outcome{Verdict: mailer.Deferred, Reason: mailer.Full, Text: "Insufficient storage, try again later"}, true
	}
	d.log().Error("store", "error", err)
	return mailer.Outcome{Verdict: mailer.Deferred, Reason: mailer.TryLater, Text: "Local problem, try again later"}, true
}

// Accept decides a mail and stores it in one transaction, as ingest.Handler
// says. From here on a large mail's blob is the Desk's: it is removed when
// nothing refers to it.
func (d *Desk) Accept(ctx context.Context, m *mailer.Mail) ([]mailer.Outcome, error) {
	if err := d.room(); err != nil {
		d.discardBlobs(m.Raw.Ref)
		return d.outOfRoom(m, err)
	}
	copies, err := d.copies(ctx, m)
	if err != nil {
		d.discardBlobs(append(copies, m.Raw.Ref)...)
		return nil, err
	}
	again, err := d.reread(ctx, m)
	if err != nil {
		d.discardBlobs(append(copies, m.Raw.Ref)...)
		return nil, err
	}
	var decided *decision
	err = d.Store.Update(ctx, func(tx Tx) error {
		decided = nil
		decider, err := d.decider(tx, m)
		if err != nil {
			return err
		}
		decider.again = again
		found, err := decider.decide()
		if err != nil {
			return err
		}
		if !found.deferred() {
			if err := found.write(tx, m, copies); err != nil {
				return err
			}
		}
		decided = found
		return nil
	})
	if err != nil {
		// After a failed sync nobody knows whether the commit is on disk: the
		// blob stays, and verify tells at the next start whether it is needed.
		if !errors.Is(err, ErrBroken) {
			d.discardBlobs(append(copies, m.Raw.Ref)...)
		}
		return d.outOfRoom(m, err)
	}
	d.discardBlobs(decided.unused(m.Raw.Ref, copies)...)
	if !decided.deferred() {
		d.told(m, decided)
	}
	return decided.outcomes, nil
}

// outOfRoom answers every recipient of a mail for which there is no room; every
// other error stays one.
func (d *Desk) outOfRoom(m *mailer.Mail, err error) ([]mailer.Outcome, error) {
	if !errors.Is(err, ErrFull) {
		return nil, err
	}
	out := make([]mailer.Outcome, len(m.Envelope.Recipients))
	for i, a := range m.Envelope.Recipients {
		out[i], _ = d.unavailable(err)
		out[i].Recipient = a
	}
	return out, nil
}

// told hands the notices on and writes the log line of a mail that was kept, for
// each tenant's part; a door writes that of one it turns away, which is none where a
// front hop brought it. The client was told one id: every other part says which.
func (d *Desk) told(m *mailer.Mail, decided *decision) {
	for _, id := range decided.repeats {
		d.log().Info("mail", "id", m.ID, "verdict", "repeated", "taken_as", id, "remote", m.Envelope.Remote)
	}
	if m.Envelope.FrontHop && len(decided.parts)+len(decided.repeats) == 0 {
		d.log().Info("mail", "id", m.ID, "verdict", MailRefused, "door", m.Door, "remote", m.Envelope.Remote, "recorded", false, "text", noSuchAddress)
	}
	kept := decided.kept()
	for _, p := range decided.parts {
		r := p.record
		if r.Status == MailRefused && !kept && !m.Envelope.FrontHop {
			continue
		}
		var numbers []string
		for _, ch := range p.changes {
			numbers = append(numbers, ch.c.Number)
			d.due.offer(leased(ch.deliveries))
		}
		d.countMails(p)
		d.due.offer(p.deliveries)
		attrs := []any{"id", r.ID, "verdict", r.Status, "reason", r.Reason, "door", r.Door, "remote", r.Envelope.Remote,
			"from", r.Identity.Address.Loggable(), "level", r.Identity.Level, "reseller", r.Reseller, "cases", numbers, "size", r.Size}
		if decided.answered != "" && r.ID != decided.answered && r.Sum == Sum(m.Sum) {
			attrs = append(attrs, "answered_as", decided.answered)
		}
		if r.Status == MailRefused && len(r.Outcomes) > 0 {
			attrs = append(attrs, "recorded", p.keepsBytes(), "text", r.Outcomes[0].Text)
		}
		d.log().Info("mail", attrs...)
	}
}

// write stores the parts of a decision. Each tenant has bytes of its own, so
// that erasing one's leaves the other's.
func (dec *decision) write(tx Tx, m *mailer.Mail, copies []blob.Ref) error {
	blobs := append([]blob.Ref{m.Raw.Ref}, copies...)
	for _, p := range dec.parts {
		switch {
		case !p.stored && !p.keepsBytes():
			p.record.Blob = ""
		case p.keepsBytes() && m.Raw.Ref != "":
			if len(blobs) == 0 { // the directory has changed since they were counted
				return errors.New("a tenant more than there are copies of the mail: its sender tries again")
			}
			p.record.Blob, blobs = blobs[0], blobs[1:]
		}
		if err := p.write(tx, m.Raw.Data); err != nil {
			return err
		}
	}
	return nil
}

// unused lists the blobs that no record refers to, of those the decision is about.
func (dec *decision) unused(ref blob.Ref, copies []blob.Ref) []blob.Ref {
	var left []blob.Ref
	used := map[blob.Ref]bool{}
	if !dec.deferred() {
		for _, p := range dec.parts {
			used[p.record.Blob] = true
			left = append(left, p.erased)
		}
	}
	for _, r := range append(copies, ref) {
		if !used[r] {
			left = append(left, r)
		}
	}
	return left
}

// copies makes a copy of a large mail for every tenant after the first that will
// keep it. Who will is decided beforehand, so that strangers make us copy nothing.
func (d *Desk) copies(ctx context.Context, m *mailer.Mail) ([]blob.Ref, error) {
	if m.Raw.Ref == "" || len(m.Envelope.Recipients) < 2 {
		return nil, nil
	}
	keepers := 0
	err := d.Store.View(ctx, func(tx Tx) error {
		decider, err := d.decider(tx, m)
		if err != nil {
			return err
		}
		decided, err := decider.decide()
		if err != nil {
			return err
		}
		keepers = 0
		for _, p := range decided.parts {
			if p.keepsBytes() {
				keepers++
			}
		}
		return nil
	})
	var refs []blob.Ref
	for n := 1; err == nil && n < keepers; n++ {
		var ref blob.Ref
		if ref, err = d.copyBlob(m.Raw); err == nil {
			refs = append(refs, ref)
		}
	}
	return refs, err
}

func (d *Desk) copyBlob(body blob.Body) (blob.Ref, error) {
	r, err := body.Open(d.Blobs)
	if err != nil {
		return "", err
	}
	defer r.Close()
	w, err := d.Blobs.Create()
	if err != nil {
		return "", err
	}
	defer w.Abort()
	if _, err := io.Copy(w, r); err != nil {
		return "", fmt.Errorf("copy blob: %w", err)
	}
	return w.Commit()
}

// discardBlobs removes blobs that nothing refers to. One that cannot be removed
// costs room only, and verify lists it.
func (d *Desk) discardBlobs(refs ...blob.Ref) {
	for _, ref := range refs {
		if ref == "" {
			continue
		}
		if err := d.Blobs.Remove(ref); err != nil {
			d.log().Warn("blob left behind", "ref", ref, "error", err)
		}
	}
}

// Explain decides a mail as Accept would, and writes nothing: one record for
// each tenant that would keep something, with its trace. A mail that is for
// none of our addresses gives one record with its refusals.
func (d *Desk) Explain(ctx context.Context, m *mailer.Mail) ([]*MailRecord, error) {
	var records []*MailRecord
	again, err := d.reread(ctx, m)
	if err != nil {
		return nil, err
	}
	err = d.Store.View(ctx, func(tx Tx) error {
		records = nil
		decider, err := d.decider(tx, m)
		if err != nil {
			return err
		}
		decider.again = again
		decided, err := decider.decide()
		if err != nil {
			return err
		}
		for _, p := range decided.parts {
			records = append(records, p.record)
		}
		if len(records) == 0 {
			r := &MailRecord{ID: m.ID, Received: m.Received, Door: m.Door, Envelope: m.Envelope, Identity: m.Identity, Auth: m.Auth, Scans: m.Scans,
				Subject: m.Message.Subject, MessageID: m.Message.MessageID, Size: m.Raw.Size, Sum: m.Sum, Outcomes: decided.outcomes}
			r.Trace.Add("recipients", "", "nothing to keep", "no address of ours, a temporary failure, or taken before")
			records = append(records, r)
		}
		return nil
	})
	return records, err
}
