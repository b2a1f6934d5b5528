// Package notify decides which people hear of what happens to a case, and writes
// the mail that tells each of them. It is the mailer.Content for notices. It does
// not send anything, keeps nothing, and leaves the wording to package templates.
package notify

import (
	"slices"

	"casegate/cases"
	"casegate/mailer"
)

// Audience says which participants of a case, by number and in order, are to
// hear of events: of a filed case who filed it and the reseller's agents; of a
// message everybody but its author; of sharing the one it was shared with; of
// automatic mail nobody (R78). Each person is named once, whatever the number of
// entries and addresses (R70); nobody who has left, and never an address of our
// own (T87).
func Audience(d *cases.Directory, c *cases.Case, events []cases.Event) []uint16 {
	var hear []uint16
	seen := map[reader]bool{}
	for i := range c.Participants {
		p := &c.Participants[i]
		who, ok := readerOf(d, p)
		if !ok || seen[who] {
			continue
		}
		if slices.ContainsFunc(events, func(e cases.Event) bool { return concerns(d, p, &e) }) {
			seen[who] = true
			hear = append(hear, p.No)
		}
	}
	return hear
}

// concerns tells whether an event is news for a participant.
func concerns(d *cases.Directory, p *cases.Participant, e *cases.Event) bool {
	switch e.Type {
	case cases.EventFiled:
		return p.Role == cases.RoleRequester && !e.Automatic || p.Role == cases.RoleAgent
	case cases.EventMessage:
		return !isActor(d, p, &e.Actor)
	case cases.EventShared:
		return e.Participant == p.No
	}
	return false
}

// reader is what makes two entries of a sharing list the same person: an id of
// the directory or, for guests, the address.
type reader struct {
	person  string
	address mailer.Address
}

// readerOf says who reads what is sent to a participant; ok is false if that is
// nobody, or ourselves.
func readerOf(d *cases.Directory, p *cases.Participant) (who reader, ok bool) {
	box := p.Address
	person := personOf(d, p.Person, p.Address)
	if person != nil {
		box = person.Mailbox()
	}
	if !p.Active() || box.IsZero() || isOurs(d, box) {
		return reader{}, false
	}
	if person != nil {
		return reader{person: person.ID}, true
	}
	return reader{address: box.Key()}, true
}

// personOf finds the person with an id or, where there is none, at an address: a
// guest may have got an account since.
func personOf(d *cases.Directory, id string, a mailer.Address) *cases.Person {
	if person := d.Person(id); person != nil {
		return person
	}
	return d.PersonAt(a)
}

// isOurs tells an address in a reseller's domain: nobody reads mail there, and
// what is sent to it comes back to us.
func isOurs(d *cases.Directory, a mailer.Address) bool { return d.ResellerOf(a.Domain) != nil }

// isActor tells whether a participant is who did something, by entry, person or
// address.
func isActor(d *cases.Directory, p *cases.Participant, a *cases.Actor) bool {
	if a.Participant != 0 && a.Participant == p.No || a.Address.Is(p.Address) {
		return true
	}
	actor, person := personOf(d, a.Person, a.Address), personOf(d, p.Person, p.Address)
	return actor != nil && person != nil && actor.ID == person.ID
}
