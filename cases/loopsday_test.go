package cases_test

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/cases/notify"
	"casegate/mailer"
	"casegate/templates"
)

// gate is a daemon as the world sees it: mails go in, and what it sends comes out
// as it is on the wire.
type gate struct {
	*office
	renderer *notify.Renderer
}

func newGate(t *testing.T) *gate {
	set, err := templates.Load()
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t)
	return &gate{o, &notify.Renderer{Store: o.Store, Set: set, Keys: o.Keys, Hostname: o.Hostname, Now: o.Now}}
}

// sent is a mail on the wire.
type sent struct {
	mailer.Delivery
	header mail.Header
}

// due sends everything that is due, and says when the next will be; zero: never.
func (g *gate) due() (out []sent, next time.Time) {
	g.t.Helper()
	list, err := g.Deliveries(g.t.Context(), mailer.Waiting, 0)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, d := range list {
		if d.Attempts == 0 && d.Due.After(g.clock) { // put off
			next = d.Due
			break // they come by their due time
		}
		m, err := g.renderer.Open(g.t.Context(), *d)
		if err := g.Finish(g.t.Context(), *d, err); err != nil {
			g.t.Fatal(err)
		}
		if errors.Is(err, mailer.ErrWithdrawn) {
			continue
		}
		if err != nil {
			g.t.Fatal(err)
		}
		read, err := mail.ReadMessage(strings.NewReader(string(m.Header) + "\r\n"))
		if err != nil {
			g.t.Fatal(err)
		}
		out = append(out, sent{*d, read.Header})
	}
	return out, next
}

// bare is the one address in a field.
func (s sent) bare(field string) string {
	a, err := mail.ParseAddress(s.header.Get(field))
	if err != nil {
		return ""
	}
	return a.Address
}

// simulate lets a day pass in which bots answer whatever they get at once, by
// what answer makes of it. It counts the mails that this has us send to each.
func (g *gate) simulate(answer func(s sent, n int) (letter, bool)) map[string]int {
	g.t.Helper()
	start, end, got, n := g.clock, g.clock.Add(24*time.Hour), map[string]int{}, 0
	for {
		out, next := g.due()
		for _, s := range out {
			if s.Created.After(start) {
				got[s.Recipient.String()]++
			}
			l, any := answer(s, n)
			if !any {
				continue
			}
			if n++; n > 2000 {
				g.t.Fatalf("a loop without end: %v", got)
			}
			g.clock = g.clock.Add(50 * time.Millisecond)
			if l.level == mailer.Unverified {
				l.level = mailer.Verified
			}
			g.send(l)
		}
		if len(out) > 0 {
			continue // there may be more by now
		}
		if next.IsZero() || !next.Before(end) {
			return got
		}
		g.clock = next
	}
}

// TestBot: a program that answers every mail within 50 ms, says that nobody wrote
// it nowhere, and calls itself and its subject something new each time, has us
// send at most 30 mails in a day to each who reads it, and raises an alarm (T86).
func TestBot(t *testing.T) {
	t.Parallel()
	const bot = "it@acme.example"
	tagged := func(a string, n int) string {
		local, domain, _ := strings.Cut(a, "@")
		return fmt.Sprintf("%s+%d@%s", local, n, domain)
	}
	answers := func(s sent, n int, from, to string) letter {
		return letter{from: from, to: []string{to}, subject: "We have got your mail, " + words(n), text: words(n), messageID: fmt.Sprintf("%d@bot.example", n)}
	}
	for _, test := range []struct {
		name   string
		shared string // with whom NORTH-1 is shared
		group  bool
		answer func(s sent, n int) (letter, bool)
		bots   int // that read what the others write
	}{
		{"to Reply-To", "", false, func(s sent, n int) (letter, bool) {
			return answers(s, n, bot, s.bare("Reply-To")), s.Recipient.String() == bot
		}, 0},
		{"to From, so that each files a case", "", false, func(s sent, n int) (letter, bool) {
			return answers(s, n, bot, s.bare("From")), s.Recipient.String() == bot
		}, 1},
		{"with a new tag, by its own token", "", false, func(s sent, n int) (letter, bool) {
			return answers(s, n, tagged(bot, n), s.bare("Reply-To")), s.Recipient.String() == bot
		}, 0},
		{"the agents' too, with a new tag", "", false, func(s sent, n int) (letter, bool) {
			return answers(s, n, tagged(s.Recipient.String(), n), s.bare("Reply-To")), true
		}, 0},
		{"a group's, with a new tag", "team@partner.example", true, func(s sent, n int) (letter, bool) {
			return answers(s, n, tagged("someone@partner.example", n), s.bare("Reply-To")), s.Recipient.Local == "team"
		}, 1},
		{"a group's, by members who do not exist", "team@partner.example", true, func(s sent, n int) (letter, bool) {
			return answers(s, n, words(n)+"@partner.example", s.bare("Reply-To")), s.Recipient.Local == "team"
		}, 1},
		{"two who answer each other", "bot@partner.example", false, func(s sent, n int) (letter, bool) {
			return answers(s, n, s.Recipient.String(), s.bare("Reply-To")), s.Recipient.Local != "desk"
		}, 2},
		{"all who follow the case", "bot@partner.example", false, func(s sent, n int) (letter, bool) {
			return answers(s, n, s.Recipient.String(), s.bare("Reply-To")), true
		}, 2},
		{"two, with the same text", "bot@partner.example", false, func(s sent, n int) (letter, bool) {
			l := answers(s, n, s.Recipient.String(), s.bare("Reply-To"))
			l.text = fmt.Sprintf("Ticket %d is open.", n)
			return l, s.Recipient.Local != "desk"
		}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			g.file("Printer")
			if test.shared != "" {
				if _, _, err := g.Share(t.Context(), "NORTH-1", mailer.MustAddress(test.shared), test.group); err != nil {
					t.Fatal(err)
				}
			}
			answered := 0
			got := g.simulate(func(s sent, n int) (letter, bool) {
				l, any := test.answer(s, n)
				if any {
					answered++
				}
				return l, any
			})
			for to, n := range got {
				if limit := 30 * max(1, test.bots); n > limit {
					t.Errorf("%d mails went to %s in a day, want at most %d", n, to, limit)
				}
			}
			if (g.Braked() > 0) != (test.bots > 0) {
				t.Errorf("%d alarms after %d answers, want some: %v", g.Braked(), answered, test.bots > 0)
			}
			all, err := g.Mails(t.Context(), "", 0)
			if err != nil || len(all) != answered+1 {
				t.Errorf("%d mails are on record (%v), want all %d", len(all), err, answered+1)
			}
			t.Logf("mails to each: %v; answers: %d; alarms: %d", got, answered, g.Braked())
		})
	}
}

// pass gives a mail on the wire to a daemon, as its parser and verifier would.
func (g *gate) pass(s sent, stripped bool) {
	g.t.Helper()
	l := letter{from: s.bare("From"), to: []string{s.Recipient.String()}, level: mailer.Verified, subject: s.header.Get("Subject"),
		messageID: strings.Trim(s.header.Get("Message-ID"), "<>"), text: s.header.Get("Date"), kind: mailer.KindAuto, toCc: s.Recipient.String()}
	for id := range strings.FieldsSeq(s.header.Get("References")) {
		l.refs = append(l.refs, strings.Trim(id, "<>"))
	}
	if stripped || s.header.Get("Auto-Submitted") == "" {
		l.kind = mailer.KindPerson
	}
	g.send(l)
}

// TestTwoDaemons: two of ours that are each other's customers stop after two
// mails each way at the latest, in 24 hours, whatever happens to the fields that
// say that they are programs (T85).
func TestTwoDaemons(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		monitor  bool // each is the other's monitoring sender, not a contact
		stripped bool // somebody between them strips Auto-Submitted
		files    bool // the beginning is a case that west's intake is told of, or else it is shared with it
	}{
		{"shared with the other", false, false, false},
		{"shared, stripped", false, true, false},
		{"shared, monitoring", true, false, false},
		{"shared, monitoring, stripped", true, true, false},
		{"filed in the other's name", false, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			north, west := newGate(t), newGate(t)
			pair(t, north, west, test.monitor)
			if test.files {
				north.say(mailer.Accepted, letter{from: "support@west.example", to: []string{intake}, subject: "Printer"})
			} else {
				north.file("Printer")
				if _, _, err := north.Share(t.Context(), "NORTH-1", mailer.MustAddress("support@west.example"), false); err != nil {
					t.Fatal(err)
				}
			}
			there, back := 0, 0
			exchange := func(from, to *gate, domain string) (n int) {
				out, _ := from.due()
				for _, s := range out {
					if s.Recipient.Domain == domain {
						n++
						to.pass(s, test.stripped)
					}
				}
				return n
			}
			for range 24 * 60 {
				there += exchange(north, west, "west.example")
				back += exchange(west, north, "north.example")
				north.clock = north.clock.Add(time.Minute)
				west.clock = north.clock
			}
			if there == 0 || there > 2 || back > 2 {
				t.Errorf("%d mails went there and %d back, want one or two there and at most two back", there, back)
			}
			// Control: a person's mail still gets through.
			north.say(mailer.Accepted, letter{from: "desk@agents.example", to: []string{intake}, subject: "[NORTH-1]", text: "Still there?"})
		})
	}
}

// pair makes two daemons know each other: north of the tests' world, and one of a
// reseller west.
func pair(t *testing.T, north, west *gate, monitor bool) {
	west.Hostname, west.renderer.Hostname = "gate.west.example", "gate.west.example"
	west.Keys = &mailer.Keyring{Keys: []mailer.Key{{ID: 7, Secret: [32]byte{7}}}}
	west.renderer.Keys = west.Keys
	theirs := &cases.Directory{
		Resellers: []cases.Reseller{{ID: "west", Name: "West", Domains: []string{"west.example"}, Intake: mailer.MustAddress("support@west.example"), Prefix: "WEST"}},
		People: []cases.Person{{ID: "west-desk", Name: "West Desk", Linked: []mailer.Address{mailer.MustAddress("desk@west-agents.example")},
			Accounts: []cases.Account{{Address: mailer.MustAddress("desk@west.example"), Roles: []string{cases.RoleSupportAgent}}}}},
		Customers: []cases.Customer{{Domain: "north.example", Managed: []cases.Interval{{Reseller: "west"}}}},
	}
	ours := casestest.Directory()
	for _, side := range []struct {
		g        *gate
		d        *cases.Directory
		customer *cases.Customer
		other    string
	}{{north, ours, &ours.Customers[0], "support@west.example"}, {west, theirs, &theirs.Customers[0], intake}} {
		other := mailer.MustAddress(side.other)
		if monitor {
			side.customer.Monitoring = append(side.customer.Monitoring, other)
		} else {
			side.customer.Contacts = append(side.customer.Contacts, other)
		}
		side.g.apply(side.d)
	}
}
