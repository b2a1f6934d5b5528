package cases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"casegate/mailer"
	"casegate/mailer/blob"
)

// override is somebody's word that a held or failed mail may pass.
type override struct {
	record    *MailRecord
	customer  string // "": as the mail says
	by        string // whose word, for people: "the operator"
	confirmed bool   // its sender's own: what else it is held for stays a reason
}

// release decides a held or failed mail again. m is the raw mail read once more;
// a Conflict says why it cannot be released.
func (d *decider) release(m *mailer.Mail, word override) (*part, error) {
	old := word.record
	again := *m
	// Who wrote it was found out when it came, with the connection at hand.
	again.ID, again.Received, again.Door, again.Envelope = old.ID, old.Received, old.Door, old.Envelope
	again.Identity, again.Auth, again.Scans = old.Identity, old.Auth, old.Scans
	old.Trace.Add("release", "", "by "+word.by, d.now.Format(time.RFC3339))
	inner := *d
	inner.mail, inner.override, inner.again = &again, &word, nil
	decided, err := inner.decide()
	if err != nil {
		return nil, err
	}
	if len(decided.parts) != 1 || !decided.parts[0].record.settled() && !(word.confirmed && decided.parts[0].record.waits()) {
		err := errorf(Conflict, "mail %s cannot be released: %s", old.ID, whyNot(decided))
		err.vain = whyVain(decided, word.customer)
		return nil, err
	}
	p := decided.parts[0]
	for _, ch := range p.changes {
		for i := range ch.events {
			ch.events[i].Released = word.by
		}
	}
	return p, nil
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

// discarding throws a held or failed mail away: its bytes are erased, its record
// stays as a tombstone. Where one recipient's copy was held and another's filed,
// the bytes belong to the case and stay.
func discarding(r *MailRecord, by string, now time.Time) *part {
	r.Trace.Effect("discarded by %s at %s; it was %s: %s", by, now.Format(time.RFC3339), r.Status, r.Reason)
	r.discard()
	p := &part{record: r, stored: true}
	if r.Status == MailDiscarded { // nothing of it is anywhere else
		p.erase, p.erased = true, r.Blob
		r.Blob = ""
	}
	return p
}

// What a reply to the mail about a held mail may begin with.
const (
	wordRelease = "release"
	wordDiscard = "discard"
	wordBlock   = "block" // discard, and refuse its sender from now on
)

// decisionWord reads the top line of what was written anew, and of nothing that
// is quoted (F9): its first word and, after it, the customer's domain perhaps.
func decisionWord(m *mailer.Message) (word, customer string) {
	top, _, _ := strings.Cut(strings.TrimSpace(m.Reply.Text), "\n")
	words := strings.Fields(top)
	if len(words) == 0 {
		return "", ""
	}
	word = strings.ToLower(strings.Trim(words[0], `.,:;!*_"'`))
	if len(words) == 2 && word == wordRelease && strings.Contains(words[1], ".") {
		customer = strings.ToLower(strings.Trim(words[1], `.,:;!*_<>"'`))
	}
	return word, customer
}

// decideHeld carries out a reply to the mail about a held mail. Whoever has the
// address only has something to reply to: who is writing is asked of the policy,
// now (T23).
func (t *tenantDecision) decideHeld(token mailer.Token) (mailer.Outcome, error) {
	if token.Delivery == 0 {
		return t.answeredDigest()
	}
	r, err := t.heldBy(token)
	if r == nil || err != nil {
		return unknownAddress(), err
	}
	vain, why := t.idle(r)
	if why != "" && vain == "" {
		return t.note(why), nil
	}
	c, who, err := t.whoDecides(r)
	if err != nil {
		return mailer.Outcome{}, err
	}
	if t.mail.Message.Automatic {
		return t.note("automatic mail decides nothing (RFC 3834 2)"), nil
	}
	row := t.ask(request{action: actCommand, token: true, relation: who.relation()})
	if row.effect == hold { // for what scanners found: to hold it would ask again
		row.effect, row.reason = refuse, mailer.NotAllowed
	}
	if o, decided := t.outcome(row); decided {
		return o, nil
	}
	if why != "" {
		return t.inVain(who, r, vain, why)
	}
	return t.carryOut(r, c, who)
}

// heldBy fetches the mail that a token is about; nil for none of this tenant's.
func (t *tenantDecision) heldBy(token mailer.Token) (*MailRecord, error) {
	id := mailer.MakeID(token.Delivery)
	r, err := t.tx.Mail(id)
	if errors.Is(err, ErrNotFound) || err == nil && r.Reseller != t.reseller.ID {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	t.trace.Add("held mail", string(id), string(r.Status), "")
	return r, nil
}

// idle says why nothing can be decided on a mail, in a word for its deciders ("":
// they are not told) and for the operator; why is "" where it can.
func (t *tenantDecision) idle(r *MailRecord) (vain Vain, why string) {
	switch {
	case t.override != nil:
		return "", "a mail that was itself released decides nothing"
	case !r.waits():
		return VainDecided, fmt.Sprintf("mail %s is decided already: it is %s", r.ID, r.Status)
	case len(t.part.also) > 0 || len(t.part.changes) > 0:
		return VainNotAlone, "a mail that does something else decides nothing: reply to the one address alone"
	}
	return "", ""
}

// whoDecides finds the case of a held mail, if any, and which of its deciders
// writes; the zero Decider for none.
func (t *tenantDecision) whoDecides(r *MailRecord) (c *Case, who Decider, err error) {
	r = t.asHeld(r)
	if c, err = heldCase(t.tx, t.dir, r, t.now); err != nil {
		return nil, who, err
	}
	for _, other := range Deciders(t.dir, r, c, t.now) {
		if other.Is(t.dir, t.sender) {
			return c, other, nil
		}
	}
	return c, who, nil
}

// asHeld gives a record with Held as it was before somebody decided; its recipients
// tell. An address that has expired since is no token's person's.
func (t *tenantDecision) asHeld(r *MailRecord) *MailRecord {
	if r.waits() {
		return r
	}
	was := *r
	was.Held = nil
	for _, o := range r.Outcomes {
		if o.Verdict != mailer.Refused {
			was.heldFor(t.route(o.Recipient), t.now)
		}
	}
	return &was
}

// carryOut does what the first word says; c is the case that the held mail came
// to, if any. Whom a reseller refuses is for its agents to say: a customer or a
// guest could silence another customer.
func (t *tenantDecision) carryOut(r *MailRecord, c *Case, who Decider) (mailer.Outcome, error) {
	word, customer := decisionWord(&t.mail.Message)
	t.trace.Add("word", word, "", "the first of the reply's own text (F9)")
	switch {
	case word == wordRelease:
		if r.Held.Case != (CaseID{}) {
			customer = ""
		}
		return t.releaseHeld(override{record: r, customer: customer, by: who.name()}, who)
	case word == wordBlock && who.Role == RoleAgent:
		if err := t.blockSender(r, c, who); err != nil {
			return t.declined(err, r, who)
		}
	case word == wordDiscard:
	default:
		return t.inVain(who, r, VainWord, "the first word is none that the writer may say: nothing is done")
	}
	t.part.also = append(t.part.also, discarding(r, who.name(), t.now))
	return t.note(fmt.Sprintf("mail %s is discarded", r.ID)), nil
}

// releaseHeld releases a held mail in the transaction of the reply that says so. Its
// sender, who only confirms it, is no Decider, and not told if that is in vain.
func (t *tenantDecision) releaseHeld(word override, who Decider) (mailer.Outcome, error) {
	m, was := t.again[word.record.ID], *word.record
	if m == nil {
		return t.inVain(who, &was, VainOther, fmt.Sprintf("mail %s could not be read again: it stays %s", was.ID, was.Status))
	}
	p, err := t.release(m, word)
	if err != nil {
		return t.declined(err, &was, who)
	}
	t.part.also = append(t.part.also, p)
	return t.note(fmt.Sprintf("mail %s is released: it is %s", word.record.ID, p.record.Status)), nil
}

// declined notes why what a reply asks for cannot be done, and tells who wrote it;
// every other error stays one.
func (t *tenantDecision) declined(err error, r *MailRecord, who Decider) (mailer.Outcome, error) {
	var known *Error
	if errors.As(err, &known) {
		return t.inVain(who, r, cmp.Or(known.vain, VainOther), known.Text)
	}
	return mailer.Outcome{}, err
}

// blockSender has the reseller refuse whoever wrote a held mail, unless that is
// somebody it knows: whom a mail names need not have written it, and a forger
// could so have its customers shut out.
func (t *tenantDecision) blockSender(r *MailRecord, c *Case, who Decider) error {
	a, ok := Blockable(t.dir, r, c, t.now)
	if !ok {
		err := errorf(Conflict, "the sender of mail %s (%q) is known here or nobody, and blocked with `casegate block` only", r.ID, a)
		err.vain = VainKnownSender
		return err
	}
	b := Block{Pattern: a.Key().String(), By: who.Address.String(), Since: t.now, Why: fmt.Sprintf("sent mail %s", r.ID)}
	list, added, err := t.blocking(t.tx, r.Reseller, b)
	if added {
		t.part.blocks = list
	}
	return err
}

// reread reads the held mails once more that m may release, before the
// transaction: reading takes long, and may ask others.
func (d *Desk) reread(ctx context.Context, m *mailer.Mail) (map[mailer.ID]*mailer.Mail, error) {
	if d.Reread == nil || m.Message.Automatic {
		return nil, nil
	}
	for _, a := range m.Envelope.Recipients {
		id := d.mayRelease(m, a)
		if id == "" {
			continue
		}
		r, err := d.Mail(ctx, id)
		var known *Error
		if errors.As(err, &known) || err == nil && !r.waits() {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		again, err := d.Reread(ctx, r)
		if errors.As(err, &known) || errors.Is(err, blob.ErrNotFound) {
			d.log().Warn("held mail cannot be read again", "mail", id, "error", err)
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("release mail %s: %w", id, err)
		}
		return map[mailer.ID]*mailer.Mail{id: again}, nil // one decision a mail
	}
	return nil, nil
}

// mayRelease says which mail a mail to one of our addresses would release, if its
// sender may; "" for none.
func (d *Desk) mayRelease(m *mailer.Mail, to mailer.Address) mailer.ID {
	local := to.Key().Local
	if s, ok := strings.CutPrefix(local, mailer.HeldPart); ok && m.Identity.MayCommand() {
		word, _ := decisionWord(&m.Message)
		token, err := d.Keys.Open(s, mailer.PurposeHeld, d.now())
		if err == nil && word == wordRelease && token.Delivery != 0 {
			return mailer.MakeID(token.Delivery)
		}
	}
	if s, ok := strings.CutPrefix(local, mailer.ConfirmPart); ok {
		if token, err := d.Keys.Open(s, mailer.PurposeConfirm, d.now()); err == nil {
			return mailer.MakeID(token.Delivery)
		}
	}
	return ""
}
