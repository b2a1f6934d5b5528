package cases

import (
	"slices"
	"time"

	"casegate/mailer"
)

// Visible is the one predicate for what a reseller may know of a case: the
// customer was managed by it when the case was filed (R29, R30) and is now
// (reading 6.2). What it hides answers as if it did not exist.
func Visible(d *Directory, c *Case, now time.Time) bool {
	customer := d.Customer(c.Customer)
	return customer != nil && customer.ManagedBy(c.ID.Reseller, c.Created) && customer.ManagedBy(c.ID.Reseller, now)
}

// MaySee tells whether a participant may still read a case. It is asked again
// whenever a notice is sent (T93). The grant is asked after visibility (R20).
func MaySee(d *Directory, c *Case, p *Participant, now time.Time) bool {
	return p != nil && p.present(d) && readable(d, c, now)
}

// readable tells whether a case may be shown to those who follow or answer it.
func readable(d *Directory, c *Case, now time.Time) bool {
	return Visible(d, c, now) && !d.Customer(c.Customer).Denied
}

// present tells that a participant has left neither the case nor the directory:
// rights are asked for when they are used (T23).
func (p *Participant) present(d *Directory) bool {
	return p.Active() && (p.Person == "" || d.Person(p.Person) != nil)
}

// participantOf finds the active entry of a sharing list that a sender is: by
// person, whatever address was used, else by address.
func (c *Case) participantOf(d *Directory, person *Person, a mailer.Address) *Participant {
	for i := range c.Participants {
		p := &c.Participants[i]
		if p.present(d) && p.is(person, a) {
			return p
		}
	}
	return nil
}

func (p *Participant) is(person *Person, a mailer.Address) bool {
	return person != nil && p.Person == person.ID || p.Address.Is(a)
}

// relationTo says how a sender stands to a case, given the participant that a
// token was issued to (nil without one), and which participant the sender is.
func (c *Case) relationTo(d *Directory, token *Participant, a mailer.Address) (relation, *Participant) {
	person := d.PersonAt(a)
	self := c.participantOf(d, person, a)
	switch {
	case a.IsZero():
		return relStranger, nil
	case token != nil && token.present(d) && token.is(person, a):
		return relOwner, token
	case self != nil:
		return relFollower, self
	case token != nil && token.is(person, a):
		return relLeft, nil
	case token != nil && token.present(d) && token.Group && token.Address.Domain == a.Domain:
		return relGroup, nil
	}
	return relStranger, nil
}

// filing tells how a sender stands to a reseller's intake. It asks nothing about
// a customer's grant, which has its own answer.
func filing(d *Directory, r *Reseller, a mailer.Address, now time.Time) relation {
	if a.IsZero() {
		return relStranger
	}
	if r.monitoredBy(a) || slices.ContainsFunc(d.monitors[a.Key()], func(c *Customer) bool { return c.ManagedBy(r.ID, now) }) {
		return relMonitor
	}
	if account := d.AccountIn(d.PersonAt(a), r.ID); account != nil {
		if account.MayFile() || account.Has(RoleSupportAgent) {
			return relUser
		}
		return relKnown
	}
	for _, c := range d.ContactOf(a) {
		if c.ManagedBy(r.ID, now) {
			return relContact
		}
	}
	return relStranger
}

// filesFor lists the customers a sender may file for with a reseller: of a
// contact or a customer's monitoring sender its own, of a user or the reseller's
// monitoring sender all that the reseller manages now.
func filesFor(d *Directory, r *Reseller, a mailer.Address, now time.Time) []*Customer {
	all := slices.Clone(d.ContactOf(a))
	for _, c := range d.monitors[a.Key()] {
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	if r.monitoredBy(a) || filing(d, r, a, now) == relUser {
		all = nil
		for i := range d.Customers {
			all = append(all, &d.Customers[i])
		}
	}
	var managed []*Customer
	for _, c := range all {
		if c.ManagedBy(r.ID, now) {
			managed = append(managed, c)
		}
	}
	return managed
}

// monitors tells whether an address is a monitoring sender for a case: of its
// customer, or of the reseller.
func monitors(d *Directory, c *Case, a mailer.Address) bool {
	r := d.Reseller(c.ID.Reseller)
	return r != nil && r.monitoredBy(a) || slices.Contains(d.monitors[a.Key()], d.Customer(c.Customer))
}
