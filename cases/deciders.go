package cases

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"casegate/mailer"
)

// Decider is somebody who may decide on a held mail, besides the operator.
type Decider struct {
	Person  *Person        // nil: somebody who is not in the directory
	Address mailer.Address // where mail is read
	Name    string
	// Role is why: RoleAgent, who may be shown what strangers write (T22),
	// RoleRequester, or RoleShared for whom the reply address was issued to.
	Role Role
}

// Deciders lists who may decide on a mail that waits: the agents of its reseller
// and, where it came to a reply address of the case c, whom that was issued to
// and who filed the case, as long as they may see it (T23). Of a case that is
// hidden from the reseller, or has no grant, nobody may know (R20, R30): then it
// is for the operator. Nobody is in it twice. c is nil where Held names no case,
// or a hidden one.
func Deciders(d *Directory, r *MailRecord, c *Case, now time.Time) []Decider {
	if r.Held == nil || r.Held.Operator || r.Reseller == "" || r.Held.hidden(d, c, now) {
		return nil
	}
	var all []Decider
	add := func(who Decider) {
		for _, other := range all {
			if other.Is(d, who.Address) {
				return
			}
		}
		all = append(all, who)
	}
	for _, agent := range d.Agents(r.Reseller) {
		add(Decider{Person: agent, Address: agent.Mailbox(), Name: agent.Name, Role: RoleAgent})
	}
	if c == nil || c.ID != r.Held.Case {
		return all
	}
	for i := range c.Participants {
		p := &c.Participants[i]
		who := Decider{Person: d.Person(p.Person), Address: p.mailbox(d), Name: p.Name, Role: p.Role}
		if who.Person == nil {
			who.Person = d.PersonAt(p.Address) // a guest who has got an account since
		}
		if p.Role != RoleRequester {
			who.Role = RoleShared
		}
		// Whoever is of a group is not the person that its token was issued to.
		if (p.Role == RoleRequester || p.No == r.Held.Participant && !p.Group) && MaySee(d, c, p, now) {
			add(who)
		}
	}
	return all
}

// hidden tells that a mail came to a case, c if it is there, that may not be shown.
func (h *Held) hidden(d *Directory, c *Case, now time.Time) bool {
	return h.Case != (CaseID{}) && (c == nil || c.ID != h.Case || !readable(d, c, now))
}

// Is tells whether an address is the decider's, whichever the person writes from.
func (who Decider) Is(d *Directory, a mailer.Address) bool {
	return who.Person != nil && d.PersonAt(a) == who.Person || who.Address.Is(a)
}

// relation is how the policy table calls the decider.
func (who Decider) relation() relation {
	switch who.Role {
	case RoleAgent:
		return relAgent
	case RoleRequester:
		return relRequester
	case RoleShared:
		return relOwner
	}
	return relStranger
}

// name is what the decider is called in records.
func (who Decider) name() string {
	if who.Person != nil {
		return who.Person.Name
	}
	return who.Address.String()
}

// heldCase fetches the case that a held mail came to; nil where there is none, or
// where it is hidden from its reseller by now.
func heldCase(tx Tx, dir *Directory, r *MailRecord, now time.Time) (*Case, error) {
	if r.Held == nil || r.Held.Case == (CaseID{}) {
		return nil, nil
	}
	c, err := tx.Case(r.Held.Case)
	if errors.Is(err, ErrNotFound) || err == nil && !Visible(dir, c, now) {
		return nil, nil
	}
	return c, err
}

// heldPerHour is how many mails about a single held mail somebody gets from a
// reseller in an hour, so that who has got hold of a reply address cannot flood those who are
// asked (T86). The digest names the rest.
const heldPerHour = 6

// tellDeciders asks everybody who may decide on a mail that has just been held to
// do so, but not its sender, whoever that really is (T20).
func (t *tenantDecision) tellDeciders() error {
	r := t.part.record
	if !t.part.held || t.inform == nil || t.override != nil {
		return nil
	}
	c, err := heldCase(t.tx, t.dir, r, t.now)
	if err != nil {
		return err
	}
	for _, who := range Deciders(t.dir, r, c, t.now) {
		if who.Is(t.dir, t.sender) || !t.readsMail(who.Address) {
			continue
		}
		some, err := t.within(heldPerHour, "held", string(r.Reseller), who.Address.Key().String(), t.now.UTC().Format("2006-01-02T15"))
		if err != nil {
			return err
		}
		if some {
			t.send(&mailer.Delivery{Kind: mailer.HeldKind, Recipient: who.Address, Person: personID(who.Person)}, r)
		}
	}
	return nil
}

// readsMail is false for our own addresses: what is sent there comes back to us
// (T87).
func (r router) readsMail(a mailer.Address) bool {
	return !a.IsZero() && a.Domain != r.hostname && r.dir.ResellerOf(a.Domain) == nil
}

// send makes a delivery about a held mail part of the decision.
func (t *tenantDecision) send(delivery *mailer.Delivery, about *MailRecord) {
	delivery.ID, delivery.Tenant = t.newID(), string(about.Reseller)
	if about != t.part.record { // whose id is given at last
		delivery.Mail = about.ID
	}
	if about.Held != nil {
		delivery.Case, delivery.Participant = about.Held.Case.N, about.Held.Participant
	}
	fresh(delivery, t.now)
	t.part.deliveries = append(t.part.deliveries, delivery)
	t.trace.Effect("%s %s to %s", delivery.Kind, delivery.ID, delivery.Recipient)
}

// fresh has the commit that stores a delivery be the lease of its first attempt.
func fresh(delivery *mailer.Delivery, now time.Time) {
	delivery.State, delivery.Created = mailer.Waiting, now
	delivery.Attempts, delivery.Due = 1, now.Add(mailer.RetryAfter(1, delivery.ID))
}

// within takes one of n places that what has a name; false if all are taken. A
// place is an entry of the ledger, kept as long as any.
func (t *tenantDecision) within(n int, name ...string) (bool, error) {
	for i := range n {
		key := stateKey(append(name, fmt.Sprint(i))...)
		if t.done[key] {
			continue
		}
		if _, err := t.tx.Recall(key); errors.Is(err, ErrNotFound) {
			t.remember(key)
			return true, nil
		} else if err != nil {
			return false, err
		}
	}
	return false, nil
}

// remember has the part enter a key into the ledger.
func (t *tenantDecision) remember(key LedgerKey) {
	t.part.remember = append(t.part.remember, key)
	t.done[key] = true
}

// stateKey names something that was done, in the ledger: it cannot be a mail's
// key, as no reseller is called so.
func stateKey(name ...string) LedgerKey {
	sum := sha256.Sum256([]byte("DONE\x00" + strings.Join(name, "\x00")))
	return LedgerKey(sum[:len(LedgerKey{})])
}
