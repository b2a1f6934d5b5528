package cases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"casegate/mailer"
	"casegate/mailer/blob"
)

// maxHops is the number of Received fields at which a mail is taken for a loop
// (RFC 5321 6.3).
const maxHops = 100

// maxAnswers is how many recipients a mail can have when it comes again for
// others: its record is read and written each time.
const maxAnswers = 1000

// decision is what becomes of one mail: an outcome for each recipient, and for
// each tenant that keeps something what is to be written.
type decision struct {
	outcomes []mailer.Outcome
	parts    []*part
	repeats  []mailer.ID // records of mails that were taken before, and to which nothing was added
	answered mailer.ID   // which the client is told; "": there is none
}

// part is what one tenant keeps of a mail, written in one transaction.
type part struct {
	record  *MailRecord
	changes []*change
	ledger  LedgerKey // of a new record
	stored  bool      // the record, and the raw mail, are in the store already

	counted []budget // what the mail counts against, once it is stored

	askSender bool // the sender is to be asked to confirm the mail
	held      bool // it was not held before

	deliveries []*mailer.Delivery // that are about held mail
	remember   []LedgerKey        // what was done; see stateKey
	also       []*part            // of held mails that this one decides on
	blocks     []Block            // the new block list; nil: as it was
	erase      bool               // the bytes of a stored record,
	erased     blob.Ref           // which are here, "": in the store
}

// decider decides one mail. It reads through the transaction and writes
// nothing, so that explaining and accepting are the same code (design 2.6).
type decider struct {
	router
	tx     Tx
	mail   *mailer.Mail
	newID  func() mailer.ID
	inform Audience
	rates  *rates
	limits Limits

	// done is what the parts decided so far remember, which the store has not yet.
	done map[LedgerKey]bool

	// override is set when somebody releases a held mail.
	override *override
	// again holds the held mails that this one may release.
	again map[mailer.ID]*mailer.Mail
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
			out.parts = append(append(out.parts, p), p.also...)
		}
	}
	out.name(d.mail.ID)
	return out, nil
}

// name gives the id that the client is told to the part that the answer is
// about: the first that keeps the mail, else the first refusal.
func (d *decision) name(id mailer.ID) {
	d.answered = id
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
	proven   bool // it is held since before, and its sender is verified only now

	// Found out when first asked for: a mail may have many recipients.
	replay    func() bool
	blockList func() ([]Block, error)
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
	t.replay = sync.OnceValue(t.isReplay)
	t.blockList = sync.OnceValues(func() ([]Block, error) { return t.tx.Blocks(record.Reseller) })
	t.traceEvidence()

	// Replies go first: a case that a token names is where the intake's copy of
	// the same mail belongs too.
	slices.SortStableFunc(recipients, func(a, b recipient) int { return rank(a.route.kind) - rank(b.route.kind) })
	again, news := t.part.stored && t.override == nil, false
	for _, rcpt := range recipients {
		outcome, before := t.before(rcpt.address)
		switch {
		case before:
		case again && len(record.Outcomes) >= maxAnswers:
			outcome = mailer.Outcome{Recipient: rcpt.address, Verdict: mailer.Refused, Reason: mailer.NotAllowed, Text: mayNot}
		default:
			if outcome, err = t.recipient(rcpt.route); err != nil {
				return nil, err
			}
			outcome.Recipient = rcpt.address
			if outcome.Verdict == mailer.Held {
				t.part.held = t.part.held || record.Held == nil
				record.heldFor(rcpt.route, t.now)
			}
			record.set(outcome)
			news = news || !again || outcome.Verdict != mailer.Refused
		}
		out.outcomes[rcpt.index] = outcome
	}
	if !news { // nothing is added to what is there: who comes again for ever costs no room
		out.repeats = append(out.repeats, record.ID)
		return nil, nil
	}
	record.settle()
	if err := errors.Join(t.tellDeciders(), t.askConfirmation()); err != nil {
		return nil, err
	}
	return t.part, nil
}

func rank(k routeKind) int {
	switch k {
	case routeReply:
		return 0
	case routeHeld, routeConfirm:
		return 2 // which do nothing where the mail does something else
	}
	return 1
}

// recipient decides one recipient by what its address means.
func (t *tenantDecision) recipient(r route) (mailer.Outcome, error) {
	t.trace.Add("recipient", string(r.kind), "", "design 3")
	if t.mail.Message.Received > maxHops {
		t.trace.Add("hops", "", fmt.Sprint(t.mail.Message.Received), "RFC 5321 6.3: a mail with more than 100 Received fields loops")
		return mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.TooManyHops, Text: "Too many hops, this mail is going in circles"}, nil
	}
	if o, blocked, err := t.blocked(r.kind); blocked || err != nil {
		return o, err
	}
	if o, ours := t.ownMail(r.kind); ours {
		return o, nil
	}
	switch r.kind {
	case routeReturnPath:
		return t.bounce(r.token), nil
	case routeReply:
		return t.reply(r.token)
	case routeIntake:
		return t.intake(r.customer)
	case routeHeld:
		return t.decideHeld(r.token)
	case routeConfirm:
		return t.confirm(r.token)
	}
	if t.override != nil {
		return t.note("the operator has seen it"), nil
	}
	return t.hold(HoldOperator, "mail to the operator's own address: read it with casegate mail raw, then release or discard it"), nil
}

// bounce notes a mail to a return path. What a bounce changes is decided where
// deliveries are judged; here it is kept as evidence.
func (t *tenantDecision) bounce(token mailer.Token) mailer.Outcome {
	if !t.mail.Envelope.ReversePath.IsZero() {
		t.trace.Add("return path", "", "refused", "only bounces, with the null reverse-path, go to a return path")
		return unknownAddress()
	}
	return t.note(fmt.Sprintf("bounce of delivery %s", mailer.MakeID(token.Delivery)))
}

// reply decides a mail to a reply address.
func (t *tenantDecision) reply(token mailer.Token) (mailer.Outcome, error) {
	c, err := t.load(CaseID{t.reseller.ID, token.Case})
	if err != nil || c == nil {
		return unknownAddress(), err
	}
	t.trace.Add("match", c.Number, "reply token", "design 3: the token wins")
	issued := c.Participant(token.Participant)
	if issued != nil {
		t.trace.Add("token's person", issued.Address.String(), participantState(issued), "")
	}
	if again, err := t.sentAgain(); err != nil || again != nil && again.ID == c.ID {
		return t.note("it was sent again"), err
	}
	relation, self := c.relationTo(t.dir, issued, t.sender)
	row := t.ask(request{action: actAppend, token: true, relation: relation})
	return t.append(c, row, relation, self)
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
	if again, err := t.sentAgain(); err != nil || again != nil {
		return t.note("it was sent again"), err
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
			if relation == relStranger && monitors(t.dir, c, t.sender) {
				relation = relMonitor
			}
			if row := t.ask(request{action: actAppend, relation: relation}); row.effect != pass {
				return t.append(c, row, relation, self)
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

func participantState(p *Participant) string {
	if p.Active() {
		return "on the sharing list"
	}
	return "has left the case"
}
