package cases

import (
	"slices"
	"strings"
	"time"

	"casegate/mailer"
)

// Vain says why what somebody answered to a mail about held mail did nothing, in a
// word which every language has text for. It is the Note of a delivery.
type Vain string

const (
	VainWord            Vain = "word"             // none that the writer may say
	VainCustomer        Vain = "customer"         // it has to be named
	VainUnknownCustomer Vain = "unknown-customer" // of no customer that the sender files for
	VainNoGrant         Vain = "no-grant"         // R20
	VainKnownSender     Vain = "known-sender"     // who cannot be blocked by mail
	VainDecided         Vain = "decided"          // somebody was quicker
	VainNotAlone        Vain = "not-alone"        // it does something else
	VainDigest          Vain = "digest"           // that is about no single mail
	VainOther           Vain = "other"
)

// whyVain tells why a release failed, customer being the one that was named.
func whyVain(decided *decision, customer string) Vain {
	for _, p := range decided.parts {
		if p.record.Hold == HoldCustomer {
			return VainCustomer
		}
	}
	for _, o := range decided.outcomes {
		switch {
		case o.Reason == mailer.NoGrant:
			return VainNoGrant
		case o.Reason == mailer.NoSuchAddress && customer != "":
			return VainUnknownCustomer
		}
	}
	return VainOther
}

// inVain notes why an answer did nothing, and tells whoever wrote it. That is
// somebody who may decide and is verified: the policy has been asked. What answers
// by itself decides nothing and gets no answer, and the null reverse-path and the
// hour's budget end what loops all the same (RFC 3834).
func (t *tenantDecision) inVain(who Decider, about *MailRecord, vain Vain, why string) (mailer.Outcome, error) {
	d := &mailer.Delivery{Kind: mailer.HeldKind, Recipient: who.Address, Person: personID(who.Person), Note: string(vain)}
	if err := t.tellVain(d, t.asHeld(about)); err != nil {
		return mailer.Outcome{}, err
	}
	return t.note(why), nil
}

// answeredDigest notes an answer to a digest, and tells whoever gets those.
func (t *tenantDecision) answeredDigest() (mailer.Outcome, error) {
	row := t.ask(request{action: actCommand, token: true, relation: relAgent}) // as if it were one's: it does nothing
	if row.effect == allow && ReadsDigest(t.dir, t.reseller.ID, t.person) {
		d := &mailer.Delivery{Kind: mailer.DigestKind, Recipient: t.person.Mailbox(), Person: t.person.ID, Note: string(VainDigest)}
		if err := t.tellVain(d, t.part.record); err != nil {
			return mailer.Outcome{}, err
		}
	}
	return t.note("an answer to a digest decides nothing: each mail in it has an address of its own"), nil
}

// tellVain sends the answer to an answer.
func (t *tenantDecision) tellVain(d *mailer.Delivery, about *MailRecord) error {
	if t.inform == nil || !t.readsMail(d.Recipient) {
		return nil
	}
	some, err := t.within(heldPerHour, "in vain", string(t.reseller.ID), d.Recipient.Key().String(), t.now.UTC().Format("2006-01-02T15"))
	if some {
		t.send(d, about)
	}
	return err
}

// Blockable tells whether an agent may have the sender of a held mail blocked by a
// reply, and who that is. c is the case that the mail came to, nil for none. Whom a
// mail names need not have written it, so that nobody whom the reseller knows is: a
// forger could shut its customers out.
func Blockable(d *Directory, r *MailRecord, c *Case, now time.Time) (mailer.Address, bool) {
	a, reseller := r.Identity.Address, d.Reseller(r.Reseller)
	if a.IsZero() {
		a = r.Envelope.ReversePath
	}
	known := a.IsZero() || reseller == nil || d.ResellerOf(a.Domain) != nil || filing(d, reseller, a, now) != relStranger ||
		c != nil && c.participantOf(d, d.PersonAt(a), a) != nil
	return a, !known
}

// CustomerChoice lists the domains of the customers of which one has to be named
// for a held mail to be released; nil where the mail itself says whose it is.
func CustomerChoice(d *Directory, r *MailRecord, now time.Time) []string {
	reseller := d.Reseller(r.Reseller)
	if reseller == nil || r.Held == nil || r.Held.Case != (CaseID{}) {
		return nil
	}
	open := false // an intake that names no customer
	for _, a := range r.Envelope.Recipients {
		of, named := d.Intake(a)
		open = open || of == reseller && named == ""
	}
	choice := filesFor(d, reseller, r.Identity.Address, now)
	if !open || len(choice) < 2 {
		return nil
	}
	var domains []string
	for _, c := range choice {
		if !c.Denied { // R20: nobody files for it
			domains = append(domains, c.Domain)
		}
	}
	slices.SortFunc(domains, strings.Compare)
	return domains
}
