package cases

import (
	"context"
	"errors"
	"strings"

	"casegate/mailer"
)

// MaxShared is how many addresses a case may be shared with, agents and the
// requester not counted (R27).
const MaxShared = 10

// Share adds an address to a case's sharing list by the operator's hand; group
// says that it is a group address, for which anybody of its domain may answer.
// Adding somebody twice is no change (R27).
func (d *Desk) Share(ctx context.Context, number string, a mailer.Address, group bool) (c *Case, added bool, err error) {
	var done *change
	err = d.Store.Update(ctx, func(tx Tx) error {
		done = nil
		dir, err := tx.Directory()
		if err != nil {
			return err
		}
		if c, err = byNumber(tx, dir, number); err != nil {
			return err
		}
		p, err := d.newParticipant(dir, c, a)
		if err != nil {
			return err
		}
		p.Group = group && p.Person == ""
		entry, isNew := c.join(p)
		if added = isNew; !added {
			return nil
		}
		done = d.operatorChange(c, EventShared, entry.No)
		done.tell(dir, d.Audience, d.newID)
		return done.write(tx)
	})
	if err == nil && done != nil {
		d.due.offer(done.deliveries)
	}
	return c, added, err
}

// newParticipant checks an address that a case is to be shared with.
func (d *Desk) newParticipant(dir *Directory, c *Case, a mailer.Address) (Participant, error) {
	p := Participant{Address: a, Role: RoleShared, Since: d.now()}
	if !Visible(dir, c, d.now()) {
		return p, errorf(Conflict, "%s cannot be shared: its customer %s is not managed by %s any more", c.Number, c.Customer, c.ID.Reseller)
	}
	if person := dir.PersonAt(a); person != nil {
		p.Person, p.Name, p.Address = person.ID, person.Name, person.Mailbox()
		if dir.ResellerOf(p.Address.Domain) != nil {
			return p, errorf(Invalid, "%s has no linked address, so nowhere to read mail: add one to the directory", person.ID)
		}
	} else if dir.ResellerOf(a.Domain) != nil || a.Domain == d.Hostname {
		// Mail to our own addresses would come back to us (T87).
		return p, errorf(Invalid, "%s is one of our own addresses, and nobody's: share with a person's address", a)
	}
	shared := 0
	for _, other := range c.Participants {
		if other.Active() && other.Role == RoleShared && !other.is(dir.Person(p.Person), a) {
			shared++
		}
	}
	if shared >= MaxShared {
		return p, errorf(Conflict, "%s is shared with %d addresses already, which is the most a case can have", c.Number, MaxShared)
	}
	return p, nil
}

// operatorChange begins a change made from the command line.
func (d *Desk) operatorChange(c *Case, kind EventType, participant uint16) *change {
	ch := &change{c: c}
	ch.record(Event{
		Time: d.now(), Type: kind, Group: d.newID(), Channel: "cli", Participant: participant,
		Actor: Actor{Name: "operator", Level: mailer.Verified},
	})
	return ch
}

// Leave takes the participant whom a one-click link was made for off the
// sharing list (R79). The last one who is not an agent stays: a case with nobody
// to answer for it would be lost.
func (d *Desk) Leave(ctx context.Context, token string) (*Case, error) {
	var c *Case
	err := d.Store.Update(ctx, func(tx Tx) error {
		dir, err := tx.Directory()
		if err != nil {
			return err
		}
		var p *Participant
		if c, p, err = d.leaver(tx, dir, token); err != nil || !p.Active() {
			return err
		}
		if p.Role != RoleAgent && c.others(p) == 0 {
			return errorf(Conflict, "you are the last one who follows %s, so you cannot leave it: close it, or share it with somebody first", c.Number)
		}
		ch := d.operatorChange(c, EventLeft, p.No)
		ch.events[0].Channel, ch.events[0].Actor = "web", Actor{Participant: p.No, Person: p.Person, Address: p.Address, Name: p.Name}
		p.Left = d.now()
		return ch.write(tx)
	})
	return c, err
}

// Leaver says which case a one-click link is about, and changes nothing.
func (d *Desk) Leaver(ctx context.Context, token string) (*Case, error) {
	var c *Case
	err := d.Store.View(ctx, func(tx Tx) error {
		dir, err := tx.Directory()
		if err != nil {
			return err
		}
		c, _, err = d.leaver(tx, dir, token)
		return err
	})
	return c, err
}

func (d *Desk) leaver(tx Tx, dir *Directory, token string) (*Case, *Participant, error) {
	unknown := errorf(NotFound, "this link is not valid, or not any more")
	t, err := d.Keys.Open(token, mailer.PurposeLeave, d.now())
	if err != nil {
		return nil, nil, unknown
	}
	r := dir.Tenant(t.Tenant)
	if r == nil {
		return nil, nil, unknown
	}
	c, err := tx.Case(CaseID{r.ID, t.Case})
	if errors.Is(err, ErrNotFound) {
		return nil, nil, unknown
	}
	if err != nil {
		return nil, nil, err
	}
	p := c.Participant(t.Participant)
	if p == nil || !Visible(dir, c, d.now()) {
		return nil, nil, unknown
	}
	return c, p, nil
}

// others counts the active participants besides one who are not agents.
func (c *Case) others(p *Participant) int {
	n := 0
	for i := range c.Participants {
		if o := &c.Participants[i]; o != p && o.Active() && o.Role != RoleAgent {
			n++
		}
	}
	return n
}

// byNumber finds a case by the number people use, whoever's it is.
func byNumber(tx Tx, dir *Directory, number string) (*Case, error) {
	number = strings.ToUpper(strings.TrimSpace(number))
	for i := range dir.Resellers {
		c, err := tx.CaseByNumber(dir.Resellers[i].ID, number)
		if err == nil || !errors.Is(err, ErrNotFound) {
			return c, err
		}
	}
	return nil, errorf(NotFound, "no case %q: numbers look like NORTH-1042, and `casegate case list` shows them", number)
}
