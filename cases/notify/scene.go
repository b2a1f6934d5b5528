package notify

import (
	"slices"
	"strings"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/templates"
)

// scene is what one notice is about, and who reads it.
type scene struct {
	delivery  *mailer.Delivery
	directory *cases.Directory
	c         *cases.Case
	events    []cases.Event // of the delivery's range
	filing    *cases.Event  // the first of the history; nil if it is not there

	// Set by readable.
	reseller *cases.Reseller
	reader   *cases.Participant
	person   *cases.Person // nil: a guest

	// Set by tell.
	notice templates.Notice
	told   *cases.Event   // what the notice is named after
	shown  []*cases.Event // whose messages it holds, oldest first
}

// readable asks whether the reader may still have the notice, at the address
// that the delivery names: one that has been taken from the person since gets
// nothing (T98).
func (s *scene) readable(now time.Time) bool {
	s.reseller = s.directory.Reseller(s.c.ID.Reseller)
	s.reader = s.c.Participant(s.delivery.Participant)
	if s.reseller == nil || s.reader == nil || isOurs(s.directory, s.delivery.Recipient) {
		return false
	}
	s.person = personOf(s.directory, s.reader.Person, s.reader.Address)
	reads := s.reader.Address.Is(s.delivery.Recipient)
	if s.person != nil {
		owner := s.directory.PersonAt(s.delivery.Recipient)
		reads = owner != nil && owner.ID == s.person.ID
	}
	return reads && cases.MaySee(s.directory, s.c, s.reader, now)
}

// tell chooses the notice: of several events the most important decides what it
// is, and all messages are in it but the reader's own. It is false if nothing
// in the range is news for the reader.
func (s *scene) tell() bool {
	weight := 0
	for i := range s.events {
		e := &s.events[i]
		if !concerns(s.directory, s.reader, e) {
			continue
		}
		notice, w := s.kind(e)
		if w > weight {
			s.notice, s.told, weight = notice, e, w
		}
		if e.Message != nil && !isActor(s.directory, s.reader, &e.Actor) {
			s.shown = append(s.shown, e)
		}
	}
	if s.notice == templates.Shared && s.filing != nil && !slices.Contains(s.shown, s.filing) &&
		s.filing.Message != nil && !isActor(s.directory, s.reader, &s.filing.Actor) {
		// Whoever is new to the case learns what it is about (R27).
		s.shown = append([]*cases.Event{s.filing}, s.shown...)
	}
	return weight > 0
}

// kind is the notice for an event and its weight beside others.
func (s *scene) kind(e *cases.Event) (templates.Notice, int) {
	switch {
	case e.Type == cases.EventFiled && s.reader.Role == cases.RoleRequester:
		return templates.Filed, 3
	case e.Type == cases.EventFiled:
		return templates.NewCase, 3
	case e.Type == cases.EventShared:
		return templates.Shared, 2
	}
	return templates.Message, 1
}

// languages lists a reader's languages as R77 orders them: the person's own, the
// customer's, the reseller's. (A case has no language of its own yet.) Who is not
// known is nil.
func languages(person *cases.Person, customer *cases.Customer, reseller *cases.Reseller) []string {
	var wanted []string
	if person != nil {
		wanted = append(wanted, person.Language)
	}
	if customer != nil {
		wanted = append(wanted, customer.Language)
	}
	return append(wanted, reseller.Language)
}

// zone is a reader's time zone, found in the same order.
func zone(person *cases.Person, customer *cases.Customer, reseller *cases.Reseller) *time.Location {
	var names []string
	if person != nil {
		names = append(names, person.Zone)
	}
	if customer != nil {
		names = append(names, customer.Zone)
	}
	for _, name := range append(names, reseller.Zone) {
		if name == "" {
			continue // LoadLocation takes it for UTC
		}
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return time.UTC
}

// data puts together what the notice tells.
func (s *scene) data(zone *time.Location) *templates.Data {
	d := &templates.Data{
		Number: s.c.Number, Title: s.title(), Customer: s.customer(),
		Severity: string(s.c.Priority), State: string(s.c.State), Filed: s.c.Created,
		Sender: s.reseller.Name, Actor: s.actor(), Role: string(s.reader.Role), Zone: zone,
	}
	// A mail that files a case cannot state a severity yet (R24).
	d.DefaultSeverity = s.notice == templates.Filed && s.told.Channel == "mail" && s.c.Priority == cases.P3
	d.Messages, d.MoreMessages = s.messages()
	return d
}

// title is the case's, never longer than one may be (R19): it stands in a header.
func (s *scene) title() string { return shorten(s.c.Title, cases.MaxTitle) }

// customer names the customer, with its domain.
func (s *scene) customer() string {
	customer := s.directory.Customer(s.c.Customer)
	if customer == nil || customer.Name == "" || customer.Name == customer.Domain {
		return s.c.Customer
	}
	return customer.Name + " (" + customer.Domain + ")"
}

// actor names who did what the notice tells, "" where that is not one of the
// people: of messages all authors, up to three.
func (s *scene) actor() string {
	if s.notice != templates.Message {
		return s.name(&s.told.Actor)
	}
	var names []string
	for _, e := range s.shown {
		if name := s.name(&e.Actor); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > 3 {
		names = append(names[:3], "…")
	}
	return strings.Join(names, ", ")
}

// name is what somebody is called: as the directory has it; a guest by the name
// in the mail, unless that could be read as an address that is not the guest's.
func (s *scene) name(a *cases.Actor) string {
	if person := personOf(s.directory, a.Person, a.Address); person != nil && person.Name != "" {
		return person.Name
	}
	if name := templates.OneLine(a.Name); name != "" && !strings.ContainsAny(name, "@<>") {
		return shorten(name, maxName)
	}
	return a.Address.String()
}

// author is the name above a message: a guest's comes with the address, because
// anybody can choose any name.
func (s *scene) author(a *cases.Actor) string {
	name := s.name(a)
	if personOf(s.directory, a.Person, a.Address) != nil || a.Address.IsZero() || name == a.Address.String() {
		return name
	}
	return name + " <" + a.Address.String() + ">"
}

// isUnverified tells a message whose author is only said to be who is named.
func isUnverified(e *cases.Event) bool {
	return e.Channel == "mail" && e.Actor.Level < mailer.VerifiedSPF
}
