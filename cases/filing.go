package cases

import (
	"fmt"
	"slices"
	"strings"

	"casegate/mailer"
)

// file decides a mail that would make a new case. named is the customer that
// the intake address names after a plus, "" for none.
func (t *tenantDecision) file(named string) (mailer.Outcome, error) {
	if t.sender.IsZero() && t.mail.Message.Failure != "" && !t.released() {
		return t.unreadable() // nobody could find out who wrote it (T63)
	}
	if t.sender.IsZero() {
		t.trace.Add("sender", "", "none", "no single address in From, so nobody to file it for (RFC 5322 3.6.2, T4)")
		return mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.Malformed, Text: "A mail needs exactly one sender address in From"}, nil
	}
	relation := filing(t.dir, t.reseller, t.sender, t.now)
	row := t.ask(request{action: actFile, relation: relation})
	if o, decided := t.outcome(row); decided {
		return o, nil
	}
	if t.override != nil && t.override.customer != "" {
		named = t.override.customer
	}
	customer, o := t.customer(named)
	if customer == nil {
		return o, nil
	}
	if customer.Denied {
		t.trace.Add("grant", customer.Domain, "refused", "R12, R20: the customer has not granted access")
		return mailer.Outcome{
			Verdict: mailer.Refused, Reason: mailer.NoGrant,
			Text: "The customer has not granted access to its support cases",
		}, nil
	}
	if t.mail.Message.Failure != "" && !t.released() {
		return t.unreadable()
	}
	return mailer.Outcome{Verdict: mailer.Accepted}, t.newCase(customer, relation)
}

// customer settles for whom a case is filed (R17). It gives nil with the answer
// where that cannot be said: another's customer and an unknown one look alike.
func (t *tenantDecision) customer(named string) (*Customer, mailer.Outcome) {
	mine := filesFor(t.dir, t.reseller, t.sender, t.now)
	if named != "" {
		for _, c := range mine {
			if strings.EqualFold(c.Domain, named) {
				t.trace.Add("customer", named, c.Domain, "named by the address or the operator")
				return c, mailer.Outcome{}
			}
		}
		t.trace.Add("customer", named, "unknown", "R17: no customer of this name that the sender may file for")
		o := mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.NoSuchAddress, Text: noSuchAddress}
		if t.override != nil {
			o.Text = fmt.Sprintf("%s files for no customer %q", t.sender, named)
		}
		return nil, o
	}
	if len(mine) == 1 {
		t.trace.Add("customer", t.sender.String(), mine[0].Domain, "the only one the sender files for")
		return mine[0], mailer.Outcome{}
	}
	intake := t.reseller.Intake
	t.trace.Add("customer", t.sender.String(), fmt.Sprintf("one of %d", len(mine)), "R17: exactly one customer")
	return nil, t.hold(HoldCustomer, fmt.Sprintf("which customer? Release it with --customer, or have it sent to %s+<customer>@%s", intake.Local, intake.Domain))
}

// newCase makes the case, its first event and its notices. A monitoring sender
// does not follow it: nobody reads there, and an answer may be answered (T85).
func (t *tenantDecision) newCase(customer *Customer, filer relation) error {
	n, err := t.tx.NextCase(t.reseller.ID)
	if err != nil {
		return err
	}
	for _, ch := range t.part.changes {
		if ch.created { // by another recipient of this mail
			n++
		}
	}
	m := t.mail
	c := &Case{
		ID: CaseID{t.reseller.ID, n}, Number: fmt.Sprintf("%s-%d", t.reseller.Prefix, n),
		Title: Title(m.Message.Subject, t.reseller.Prefix), State: New, Priority: P3, Customer: customer.Domain,
		Created: t.now, Updated: t.now,
	}
	c.Thread = "a." + t.keys.Seal(c.Anchor())
	var requester *Participant
	if filer != relMonitor {
		requester, _ = c.join(Participant{Person: personID(t.person), Address: t.sender, Name: m.Identity.Name, Role: RoleRequester, Since: t.now})
		filer = relRequester
	}
	actor := t.actor(requester)
	for _, agent := range t.dir.Agents(t.reseller.ID) {
		c.join(Participant{Person: agent.ID, Address: agent.Mailbox(), Name: agent.Name, Role: RoleAgent, Since: t.now})
	}
	ch := &change{c: c, created: true, messageID: m.Message.MessageID}
	ch.record(t.messageEvent(EventFiled, actor))
	t.requestShares(ch, filer, actor)
	if err := t.finish(ch); err != nil {
		return err
	}
	t.trace.Effect("filed %s %q for %s", c.Number, c.Title, c.Customer)
	t.traceNotices(ch)
	return nil
}

// append adds the mail to a case's history as the sender who wrote it.
func (t *tenantDecision) append(c *Case, row rule, writer relation, self *Participant) (mailer.Outcome, error) {
	if o, decided := t.outcome(row); decided {
		return o, nil
	}
	if customer := t.dir.Customer(c.Customer); customer.Denied {
		t.trace.Add("grant", customer.Domain, "refused", "R12, R13: the customer has not granted access")
		return mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.NoGrant, Text: "The customer has not granted access to its support cases"}, nil
	}
	if t.mail.Message.Failure != "" && !t.released() {
		return t.unreadable()
	}
	if t.override != nil && t.override.customer != "" && !strings.EqualFold(t.override.customer, c.Customer) {
		return mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.NotAllowed,
			Text: fmt.Sprintf("it is a reply to %s of %s: release it without --customer", c.Number, c.Customer)}, nil
	}
	if slices.Contains(t.part.record.Cases, c.ID) {
		return t.same(c.Number)
	}
	kind := EventMessage
	if t.mail.Message.Automatic && t.override == nil {
		kind = EventAuto
	}
	ch := &change{c: c, messageID: t.mail.Message.MessageID}
	actor := t.actor(self)
	ch.record(t.messageEvent(kind, actor))
	t.requestShares(ch, writer, actor)
	if err := t.finish(ch); err != nil {
		return mailer.Outcome{}, err
	}
	t.trace.Effect("appended to %s as entry %d (%s)", c.Number, c.Events, kind)
	t.traceNotices(ch)
	return mailer.Outcome{Verdict: mailer.Accepted}, nil
}

func (t *tenantDecision) messageEvent(kind EventType, actor Actor) Event {
	m := t.mail
	limits, reply := m.Message.Limits, ""
	// What the first mail of a case quotes is nowhere else in its history.
	if r := m.Message.Reply; kind != EventFiled && r.Elided+r.Signature != "" {
		reply = r.Text
	}
	if m.Message.Failure != "" {
		limits = append(limits[:len(limits):len(limits)], "This mail could not be read: "+m.Message.Failure)
	}
	return Event{
		Time: t.now, Type: kind, Group: m.ID, Actor: actor, Channel: "mail", Mail: t.part.record.ID,
		Automatic: m.Message.Automatic,
		Message: &Message{
			Subject: m.Message.Subject, MessageID: m.Message.MessageID, Text: m.Message.Text,
			Reply: reply, Forwarded: m.Message.Forwarded,
			Attachments: m.Message.Attachments, Marks: m.Message.Marks, Limits: limits,
		},
	}
}

// actor is the sender as history remembers him; p is nil for one who is not on
// the sharing list.
func (t *tenantDecision) actor(p *Participant) Actor {
	a := Actor{Person: personID(t.person), Address: t.sender, Name: t.mail.Identity.Name, Level: t.mail.Identity.Level}
	if p != nil {
		a.Participant = p.No
	}
	if t.person != nil {
		a.Name = t.person.Name
	}
	return a
}

func personID(p *Person) string {
	if p == nil {
		return ""
	}
	return p.ID
}
