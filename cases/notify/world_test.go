package notify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/templates"
)

// at is a moment of the tests' world, by hour and minute of one day.
func at(hour, minute int) time.Time { return time.Date(2026, 11, 20, hour, minute, 0, 0, time.UTC) }

var address = mailer.MustAddress

// world is the demo directory: two resellers, their people and customers. Anna
// reads and writes in Polish, whoever is at acme in lang.
func world(tb testing.TB, lang string) *cases.Directory {
	tb.Helper()
	account := func(a string, roles ...string) cases.Account {
		return cases.Account{Address: address(a), Roles: roles}
	}
	d := &cases.Directory{
		Resellers: []cases.Reseller{
			{ID: "north", Name: "North Support", Domains: []string{"north.example", "north-east.example"}, Intake: address("support@north.example"), Prefix: "NORTH", Language: "pl", Zone: "Europe/Warsaw"},
			{ID: "south", Name: "South Support", Domains: []string{"south.example"}, Intake: address("support@south.example"), Prefix: "SOUTH", Language: "zh-TW", Zone: "Asia/Taipei"},
		},
		People: []cases.Person{
			{ID: "anna", Name: "Anna Nowak", Language: lang, Linked: []mailer.Address{address("anna@corp.example")}, Accounts: []cases.Account{
				account("anna@north.example", cases.RoleResellerAdmin), account("anna@south.example", cases.RoleResellerAdmin)}},
			{ID: "bo", Name: "Bo Berg", Linked: []mailer.Address{address("bo@corp.example")}, Accounts: []cases.Account{account("bo@north.example", cases.PrivilegeView)}},
			{ID: "chen", Name: "陳怡君", Linked: []mailer.Address{address("chen@corp.example")}, Accounts: []cases.Account{account("chen@south.example", cases.RoleResellerAdmin)}},
			{ID: "desk", Name: "North Desk", Language: lang, Zone: "Europe/London", Linked: []mailer.Address{address("desk@agents.example")}, Accounts: []cases.Account{account("desk@north.example", cases.RoleSupportAgent)}},
		},
		Customers: []cases.Customer{
			{Domain: "acme.example", Name: "Acme", Language: lang, Contacts: []mailer.Address{address("it@acme.example")}, Managed: []cases.Interval{{Reseller: "north"}}},
			{Domain: "omega.example", Managed: []cases.Interval{{Reseller: "south"}}},
		},
	}
	if err := d.Index(); err != nil {
		tb.Fatal(err)
	}
	return d
}

// Entries of the sharing list of the tests' case.
const (
	requester = 1 // it@acme.example, a guest
	agent     = 2 // the desk
	anna      = 3
	guest     = 4 // joanna@partner.example
)

// story is a case with its history, and what a notice is asked about.
func story() (*cases.Case, []cases.Event) {
	c := &cases.Case{
		ID: cases.CaseID{Reseller: "north", N: 1042}, Number: "NORTH-1042", Title: "Nobody can sign in – błąd 403",
		State: cases.New, Priority: cases.P3, Customer: "acme.example", Created: at(8, 5), Updated: at(9, 40), Events: 6,
		Participants: []cases.Participant{
			{No: 1, Address: address("it@acme.example"), Name: "Acme IT", Role: cases.RoleRequester},
			{No: 2, Person: "desk", Address: address("desk@agents.example"), Name: "North Desk", Role: cases.RoleAgent},
			{No: 3, Person: "anna", Address: address("anna@north.example"), Name: "Anna Nowak", Role: cases.RoleShared},
			{No: 4, Address: address("joanna@partner.example"), Name: "Joanna Żak", Role: cases.RoleShared},
		},
	}
	c.Thread = "a." + testKeys().Seal(c.Anchor())
	it := cases.Actor{Participant: 1, Address: address("it@acme.example"), Name: "Acme IT", Level: mailer.Verified}
	desk := cases.Actor{Participant: 2, Person: "desk", Address: address("desk@agents.example"), Name: "North Desk", Level: mailer.Verified}
	events := []cases.Event{
		{Type: cases.EventFiled, Time: at(8, 5), Actor: it, Channel: "mail", Message: &cases.Message{
			Subject: c.Title, MessageID: "filing@acme.example",
			Text:        "Hello,\n\nsince this morning nobody can sign in.\nThe page says <403> & \"no\".\n\n-- \nAcme IT\n",
			Attachments: []mailer.Attachment{{Name: "zrzut ekranu.png", Size: 184_320}, {Name: "log.txt", Size: 912}},
		}},
		{Type: cases.EventShared, Time: at(8, 30), Actor: desk, Channel: "mail", Participant: 3},
		{Type: cases.EventShared, Time: at(8, 31), Actor: cases.Actor{}, Channel: "cli", Participant: 4},
		{Type: cases.EventMessage, Time: at(9, 0), Actor: desk, Channel: "mail", Message: &cases.Message{
			MessageID: "answer@agents.example", Text: "We are looking into it.\n",
		}},
		{Type: cases.EventAuto, Time: at(9, 1), Actor: it, Channel: "mail", Message: &cases.Message{
			MessageID: "away@acme.example", Text: "I am away.\n",
		}},
		{Type: cases.EventMessage, Time: at(9, 40), Channel: "mail", Message: &cases.Message{
			MessageID: "more@partner.example", Text: "Here is what I see, zażółć gęślą jaźń.\n\nOn Fri someone wrote:\n> And now?\n", Reply: "Here is what I see, zażółć gęślą jaźń.", Limits: []string{"part 3: nested too deep"},
		}, Actor: cases.Actor{Participant: 4, Address: address("joanna@partner.example"), Name: "Joanna Żak", Level: mailer.Unverified}},
	}
	for i := range events {
		events[i].Seq = i + 1
	}
	return c, events
}

// store is a cases.Store with one case.
type store struct {
	d      *cases.Directory
	c      *cases.Case
	events []cases.Event
	mails  []*cases.MailRecord // the oldest first; all of them wait
	err    error               // of the case, if set
}

func (s *store) View(_ context.Context, f func(cases.Tx) error) error { return f(tx{s: s}) }

func (s *store) Update(context.Context, func(cases.Tx) error) error { return cases.ErrReadOnly }

func (s *store) UpdateSoon(context.Context, func(cases.Tx) error) error { return cases.ErrReadOnly }

type tx struct {
	cases.Tx // what a notice has no business with is nil, and panics
	s        *store
}

func (t tx) Directory() (*cases.Directory, error) { return t.s.d, nil }

func (t tx) Case(id cases.CaseID) (*cases.Case, error) {
	if t.s.err != nil {
		return nil, t.s.err
	}
	if t.s.c == nil || t.s.c.ID != id {
		return nil, fmt.Errorf("case %s: %w", id, cases.ErrNotFound)
	}
	return t.s.c, nil
}

func (t tx) Mail(id mailer.ID) (*cases.MailRecord, error) {
	for _, m := range t.s.mails {
		if m.ID == id {
			return m, nil
		}
	}
	return nil, fmt.Errorf("mail %s: %w", id, cases.ErrNotFound)
}

func (t tx) Mails(status cases.MailStatus, of ...cases.ResellerID) iter.Seq2[mailer.ID, error] {
	return func(yield func(mailer.ID, error) bool) {
		for _, m := range slices.Backward(t.s.mails) {
			if m.Status == status && (len(of) == 0 || slices.Contains(of, m.WaitsFor())) && !yield(m.ID, nil) {
				return
			}
		}
	}
}

func (t tx) History(_ cases.CaseID, first, last int) ([]cases.Event, error) {
	if last == 0 || last > len(t.s.events) {
		last = len(t.s.events)
	}
	if first > last {
		return nil, nil
	}
	return append([]cases.Event(nil), t.s.events[first-1:last]...), nil
}

// stage is a store and the renderer on it.
type stage struct {
	*store
	*Renderer
}

func newStage(tb testing.TB, lang string) *stage {
	tb.Helper()
	set, err := templates.Load()
	if err != nil {
		tb.Fatal(err)
	}
	s := &store{d: world(tb, lang)}
	s.c, s.events = story()
	return &stage{store: s, Renderer: &Renderer{
		Store: s, Set: set, Hostname: "gw.north.example", URL: "https://gw.north.example", Now: func() time.Time { return at(12, 0) },
		Keys: testKeys(),
	}}
}

// delivery is to one entry of the sharing list, about a range of history.
func (s *stage) delivery(to uint16, first, last int) mailer.Delivery {
	p := s.c.Participant(to)
	box := p.Address
	if person := s.d.Person(p.Person); person != nil {
		box = person.Mailbox()
	}
	return mailer.Delivery{
		ID: mailer.MakeID(0x19f3a1b2c3d4e5f), Recipient: box, Tenant: "north", Case: 1042, Participant: to,
		First: first, Last: last, State: mailer.Waiting, Created: at(10, 0), Due: at(10, 0),
	}
}

// open gives the mail of a delivery with its whole text, header and body.
func (s *stage) open(tb testing.TB, d mailer.Delivery) (*mailer.Outgoing, []byte) {
	tb.Helper()
	out, err := s.Open(context.Background(), d)
	if err != nil {
		tb.Fatal(err)
	}
	body, err := io.ReadAll(out.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return out, bytes.Join([][]byte{out.Header, body}, nil)
}

func testKeys() *mailer.Keyring {
	return &mailer.Keyring{Keys: []mailer.Key{{ID: 7, Secret: [32]byte{1, 2, 3}}}}
}
