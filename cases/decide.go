package cases

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"casegate/mailer"
)

// maxHops is the number of Received fields at which a mail is taken for a loop
// (RFC 5321 6.3).
const maxHops = 100

// decision is what becomes of one mail: an outcome for each recipient, and for
// each tenant that keeps something what is to be written.
type decision struct {
	outcomes []mailer.Outcome
	parts    []*part
	repeats  []mailer.ID // records of mails that were taken before, and to which nothing was added
}

// part is what one tenant keeps of a mail, written in one transaction.
type part struct {
	record  *MailRecord
	changes []*change
	ledger  LedgerKey // of a new record
	stored  bool      // the record, and the raw mail, are in the store already
}

// decider decides one mail. It reads through the transaction and writes
// nothing, so that explaining and accepting are the same code (design 2.6).
type decider struct {
	router
	tx     Tx
	mail   *mailer.Mail
	newID  func() mailer.ID
	inform Audience

	// override is set when the operator releases a held mail.
	override *override
}

// override is an operator's word on a held or failed mail.
type override struct {
	record   *MailRecord
	customer string // "": as the mail says
}

// recipient is one recipient of the envelope with what its address means.
type recipient struct {
	index   int // in the envelope
	address mailer.Address
	route   route
}

// decide takes the mail apart by tenant: one mail to two tenants is two mails
// that know nothing of each other (T33).
func (d *decider) decide() (*decision, error) {
	out := &decision{outcomes: make([]mailer.Outcome, len(d.mail.Envelope.Recipients))}
	var tenants []ResellerID
	byTenant := map[ResellerID][]recipient{}
	for i, a := range d.mail.Envelope.Recipients {
		rcpt := recipient{index: i, address: a, route: d.route(a)}
		out.outcomes[i] = mailer.Outcome{Recipient: a, Verdict: mailer.Refused, Reason: mailer.NoSuchAddress, Text: noSuchAddress}
		if rcpt.route.kind == routeNone {
			continue
		}
		tenant := rcpt.route.tenant()
		if byTenant[tenant] == nil {
			tenants = append(tenants, tenant)
		}
		byTenant[tenant] = append(byTenant[tenant], rcpt)
	}
	for _, tenant := range tenants {
		p, err := d.decideTenant(byTenant[tenant], out)
		if err != nil {
			return nil, err
		}
		if p != nil {
			out.parts = append(out.parts, p)
		}
	}
	out.name(d.mail.ID)
	return out, nil
}

// name gives the id that the client is told to the part that the answer is
// about: the first that keeps the mail, else the first refusal.
func (d *decision) name(id mailer.ID) {
	kept := d.kept()
	for _, p := range d.parts {
		if !p.stored && (!kept || p.record.Status != MailRefused) {
			p.rename(id)
			return
		}
	}
}

// kept tells that some tenant keeps the mail.
func (d *decision) kept() bool {
	return slices.ContainsFunc(d.parts, func(p *part) bool { return p.record.Status != MailRefused })
}

func (p *part) rename(id mailer.ID) {
	p.record.ID = id
	for _, ch := range p.changes {
		for i := range ch.events {
			ch.events[i].Mail = id
		}
	}
}

// deferred tells that some recipient has a temporary outcome: then nothing may
// be written, and the client tries again with all of them (design 2.2).
func (d *decision) deferred() bool {
	return slices.ContainsFunc(d.outcomes, func(o mailer.Outcome) bool { return o.Verdict == mailer.Deferred })
}

// tenantDecision collects what one tenant's recipients of a mail come to.
type tenantDecision struct {
	*decider
	reseller *Reseller // nil: the operator
	sender   mailer.Address
	person   *Person
	part     *part
	trace    *mailer.Trace
}

// decideTenant decides the recipients of one tenant. It fills their outcomes,
// and returns what is to be written, nil for nothing. A mail that was taken
// before has a record: what its recipients were answered then stands, and
// recipients that are new to it are added (T49; a client may split the
// recipients of one mail over several transactions).
func (d *decider) decideTenant(recipients []recipient, out *decision) (*part, error) {
	route := recipients[0].route
	t := &tenantDecision{
		decider: d, reseller: route.reseller, sender: d.mail.Identity.Address,
		person: d.dir.PersonAt(d.mail.Identity.Address), part: &part{},
	}
	record, err := t.record(route.tenant(), recipients)
	if err != nil {
		return nil, err
	}
	t.part.record, t.trace = record, &record.Trace
	t.trace.Add("identity", t.sender.String(), d.mail.Identity.Level.String(), d.mail.Identity.Why)
	t.trace.Add("kind", string(d.mail.Message.Kind), "", "")

	// Replies go first: a case that a token names is where the intake's copy of
	// the same mail belongs too.
	slices.SortStableFunc(recipients, func(a, b recipient) int { return rank(a.route.kind) - rank(b.route.kind) })
	decided := false
	for _, rcpt := range recipients {
		outcome, before := t.before(rcpt.address)
		if !before {
			decided = true
			if outcome, err = t.recipient(rcpt.route); err != nil {
				return nil, err
			}
			outcome.Recipient = rcpt.address
			record.set(outcome)
		}
		out.outcomes[rcpt.index] = outcome
	}
	if !decided {
		out.repeats = append(out.repeats, record.ID)
		return nil, nil
	}
	record.settle()
	return t.part, nil
}

func rank(k routeKind) int {
	if k == routeReply {
		return 0
	}
	return 1
}

// record is the mail's record at this tenant: the one it has from before, or a
// new one.
func (t *tenantDecision) record(tenant ResellerID, recipients []recipient) (*MailRecord, error) {
	if t.override != nil {
		if r := t.override.record; r.Reseller != tenant {
			return nil, errorf(Conflict, "mail %s came for reseller %q, and its address is another's by now: it can only be discarded", r.ID, r.Reseller)
		}
		t.part.stored = true
		return t.override.record, nil
	}
	m := t.mail
	t.part.ledger = ledgerKey(tenant, m)
	r := &MailRecord{
		ID: t.newID(), Reseller: tenant, Received: m.Received, Door: m.Door, Envelope: m.Envelope, Identity: m.Identity,
		Subject: m.Message.Subject, MessageID: m.Message.MessageID, Size: m.Raw.Size, Sum: m.Sum, Blob: m.Raw.Ref,
	}
	r.Envelope.Recipients = nil // those of this tenant are added as they are decided
	before, err := t.tx.Recall(t.part.ledger)
	if errors.Is(err, ErrNotFound) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	old, err := t.tx.Mail(before)
	if err != nil {
		return nil, fmt.Errorf("mail %s of the ledger: %w", before, err)
	}
	if old.Status == MailDiscarded && slices.ContainsFunc(recipients, func(rcpt recipient) bool { return !old.answered(rcpt.address) }) {
		// Its bytes are gone: a recipient that is new to it needs them again,
		// while what was discarded stays so.
		r.Envelope.Recipients, r.Outcomes = old.Envelope.Recipients, old.Outcomes
		r.Trace.Add("ledger", "", "taken before as "+string(old.ID)+", and discarded", "design 2.3")
		return r, nil
	}
	t.part.stored = true
	old.Trace.Add("ledger", "", "taken before", "design 2.3: tenant, reverse-path and bytes are the same")
	return old, nil
}

// answered tells that a recipient of the mail has had an answer that stands.
func (r *MailRecord) answered(a mailer.Address) bool {
	return slices.ContainsFunc(r.Outcomes, func(o mailer.Outcome) bool {
		return o.Recipient.Is(a) && o.Verdict != mailer.Refused
	})
}

// before gives the answer that a recipient of this mail had already. What was
// held is decided again when the operator releases it.
func (t *tenantDecision) before(a mailer.Address) (mailer.Outcome, bool) {
	for _, o := range t.part.record.Outcomes {
		if !o.Recipient.Is(a) || o.Verdict == mailer.Refused || o.Verdict == mailer.Held && t.override != nil {
			continue
		}
		if o.Verdict == mailer.Discarded {
			o.Verdict = mailer.Accepted
		}
		return mailer.Outcome{Recipient: a, Verdict: o.Verdict, Reason: o.Reason}, true
	}
	return mailer.Outcome{}, false
}

// recipient decides one recipient by what its address means.
func (t *tenantDecision) recipient(r route) (mailer.Outcome, error) {
	t.trace.Add("recipient", string(r.kind), "", "design 3")
	if t.mail.Message.Received > maxHops {
		t.trace.Add("hops", "", fmt.Sprint(t.mail.Message.Received), "RFC 5321 6.3: a mail with more than 100 Received fields loops")
		return mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.TooManyHops, Text: "Too many hops, this mail is going in circles"}, nil
	}
	switch r.kind {
	case routeReturnPath:
		return t.bounce(r.token), nil
	case routeReply:
		return t.reply(r.token)
	case routeIntake:
		return t.intake(r.customer)
	}
	if t.override != nil {
		return t.note("the operator has seen it"), nil
	}
	return t.hold("mail to the operator's own address: read it with casegate mail raw, then release or discard it"), nil
}

// bounce notes a mail to a return path. What a bounce changes is decided where
// deliveries are judged; here it is kept as evidence.
func (t *tenantDecision) bounce(token mailer.Token) mailer.Outcome {
	if !t.mail.Envelope.ReversePath.IsZero() {
		t.trace.Add("return path", "", "refused", "only bounces, with the null reverse-path, go to a return path")
		return mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.NoSuchAddress, Text: noSuchAddress}
	}
	return t.note(fmt.Sprintf("bounce of delivery %s", mailer.MakeID(token.Delivery)))
}

// reply decides a mail to a reply address.
func (t *tenantDecision) reply(token mailer.Token) (mailer.Outcome, error) {
	c, err := t.load(CaseID{t.reseller.ID, token.Case})
	if err != nil || c == nil {
		return mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.NoSuchAddress, Text: noSuchAddress}, err
	}
	t.trace.Add("match", c.Number, "reply token", "design 3: the token wins")
	issued := c.Participant(token.Participant)
	if issued != nil {
		t.trace.Add("token's person", issued.Address.String(), participantState(issued), "")
	}
	relation, self := c.relationTo(t.dir, issued, t.sender)
	row := t.ask(request{action: actAppend, token: true, relation: relation})
	return t.append(c, row, self)
}

// intake decides a mail to a reseller's intake: a hint may lead it to a case on
// whose sharing list the sender is, else it files a new one.
func (t *tenantDecision) intake(customer string) (mailer.Outcome, error) {
	for _, id := range t.part.record.Cases {
		c, err := t.load(id)
		if err != nil {
			return mailer.Outcome{}, err
		}
		if c != nil && (customer == "" || strings.EqualFold(customer, c.Customer)) {
			return t.same(c.Number)
		}
	}
	found, ok, err := t.hints(t.reseller)
	if err != nil {
		return mailer.Outcome{}, err
	}
	if ok {
		c, err := t.load(found.id)
		if err != nil {
			return mailer.Outcome{}, err
		}
		if c != nil {
			t.trace.Add("match", c.Number, found.how, "a hint, not a proof")
			relation, self := c.relationTo(t.dir, nil, t.sender)
			if row := t.ask(request{action: actAppend, relation: relation}); row.effect != pass {
				return t.append(c, row, self)
			}
		}
	}
	return t.file(customer)
}

// load fetches a case that a mail may be for; nil where there is none, or where
// it is hidden from its reseller by now (R30, R80).
func (t *tenantDecision) load(id CaseID) (*Case, error) {
	for _, ch := range t.part.changes {
		if ch.c.ID == id {
			return ch.c, nil
		}
	}
	c, err := t.tx.Case(id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !Visible(t.dir, c, t.now) {
		t.trace.Add("visible", c.Number, "no", "R29, R30: the customer is managed by another reseller")
		return nil, nil
	}
	return c, nil
}

// ask puts a request to the policy table. Of a released mail the operator has
// said that its sender is who it says, and that it may pass where it was held.
func (t *tenantDecision) ask(q request) rule {
	q.standing = standingOf(t.mail.Identity)
	if t.override != nil {
		q.standing = standVerified
	}
	q.automatic = t.mail.Message.Automatic
	row := q.rule()
	t.trace.Add("policy", fmt.Sprintf("%s, %s, %s", q.action, q.relation, q.standing), string(row.effect), row.why)
	if t.override != nil && row.effect == hold {
		row.effect = allow
		t.trace.Add("release", "", string(allow), "the operator released this mail")
	}
	return row
}

// outcome turns every effect but allow into an answer, keeping what is held or
// noted; ok is false for allow.
func (t *tenantDecision) outcome(row rule) (o mailer.Outcome, ok bool) {
	switch row.effect {
	case allow:
		return mailer.Outcome{}, false
	case hold:
		return t.hold(row.why), true
	case deferIt:
		return mailer.Outcome{Verdict: mailer.Deferred, Reason: row.reason, Text: "The sender cannot be checked just now, try again later"}, true
	}
	text := "The sender may not do this here"
	if row.reason == mailer.NotAuthenticated {
		text = "The sender's domain asks to reject mail that fails DMARC"
	}
	return mailer.Outcome{Verdict: mailer.Refused, Reason: row.reason, Text: text}, true
}

// hold keeps the mail until somebody decides.
func (t *tenantDecision) hold(why string) mailer.Outcome {
	t.part.record.Reason = why
	t.trace.Effect("held: %s", why)
	return mailer.Outcome{Verdict: mailer.Held, Reason: mailer.NeedsDecision}
}

// unreadable keeps a mail that somebody may send but that we could not read.
func (t *tenantDecision) unreadable() (mailer.Outcome, error) {
	t.part.record.Reason = t.mail.Message.Failure
	t.trace.Effect("kept as failed: %s", t.mail.Message.Failure)
	return mailer.Outcome{Verdict: mailer.Held, Reason: mailer.Unreadable}, nil
}

// note keeps the mail with no further effect.
func (t *tenantDecision) note(why string) mailer.Outcome {
	t.trace.Effect("noted: %s", why)
	return mailer.Outcome{Verdict: mailer.Accepted, Reason: mailer.Noted}
}

// same answers for a mail whose entry is in the history already.
func (t *tenantDecision) same(number string) (mailer.Outcome, error) {
	t.trace.Add("match", number, "the same entry", "one mail reaching a case by several addresses is one history entry")
	return mailer.Outcome{Verdict: mailer.Accepted}, nil
}

const noSuchAddress = "No such address here"

// ledgerKey is the digest that recognises a mail taken before: by tenant,
// reverse-path and the bytes as they came. The recipients, which design 2.3 has
// in the key, are in the record that it leads to: one key for a mail, and a mail
// whose recipients come in several transactions is still one mail.
func ledgerKey(tenant ResellerID, m *mailer.Mail) LedgerKey {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00", tenant, m.Envelope.ReversePath)
	h.Write(m.Sum[:])
	return LedgerKey(h.Sum(nil)[:len(LedgerKey{})])
}

func participantState(p *Participant) string {
	if p.Active() {
		return "on the sharing list"
	}
	return "has left the case"
}
