package cases_test

import (
	"fmt"
	"strings"
	"testing"

	"casegate/cases"
	"casegate/mailer"
)

// TestReplayFiledOnce: a signed mail that somebody sends again under another
// reverse-path, or with fields of his own on top, is one entry (T11); what its
// writer writes anew is another.
func TestReplayFiledOnce(t *testing.T) {
	o := newOffice(t)
	first := ownServers(replayed("it@acme.example", intake))
	first.to, first.subject, first.text, first.messageID = []string{intake}, "Printer", "It burns.", "1@acme.example"
	o.want(mailer.Accepted, o.send(first))
	o.wantEvents("NORTH-1", cases.EventFiled)
	evil := "eve@evil.example"
	again := func(change func(*letter)) letter {
		l := first
		l.auth.SPF, l.returnTo = mailer.AuthSPF{Result: "pass", Domain: "evil.example"}, &evil
		change(&l)
		return l
	}
	for name, l := range map[string]letter{
		"another reverse-path": again(func(*letter) {}),
		"a field on top":       again(func(l *letter) { l.header = "X-Eve: 1\r\n" }),
		"to another intake":    again(func(l *letter) { l.to = []string{"support+acme.example@north.example"} }),
		"to the reply address": again(func(l *letter) { l.to = []string{o.replyTo("NORTH-1", 1)} }),
	} {
		o.want(mailer.Accepted, o.send(l))
		o.wantEvents("NORTH-1", cases.EventFiled)
		if list, _ := o.List(t.Context(), cases.Filter{}); len(list) != 1 {
			t.Fatalf("%s: %d cases of one mail", name, len(list))
		}
	}
	n := 1
	for name, l := range map[string]letter{
		"another text":                        again(func(l *letter) { l.text = "It still burns." }),
		"another Message-ID":                  again(func(l *letter) { l.messageID = "2@acme.example" }),
		"no Message-ID":                       again(func(l *letter) { l.messageID = "" }),
		"another writer's, the same ID (T17)": again(func(l *letter) { l.from = "it2@acme.example" }),
		"from the sender's servers":           func() letter { l := first; l.header = "X-Ours: 1\r\n"; return l }(),
	} {
		if l.from == "it2@acme.example" {
			o.addContact("it2@acme.example")
		}
		o.want(mailer.Accepted, o.send(l))
		n++
		if list, _ := o.List(t.Context(), cases.Filter{}); len(list) != n {
			t.Errorf("control, %s: %d cases, want %d", name, len(list), n)
		}
	}
}

// addContact makes an address a contact of acme.example.
func (o *office) addContact(a string) {
	o.t.Helper()
	next, err := readDirectory(o)
	if err != nil {
		o.t.Fatal(err)
	}
	next.Customers = append([]cases.Customer(nil), next.Customers...)
	next.Customers[0].Contacts = append(next.Customers[0].Contacts[:1:1], mailer.MustAddress(a))
	o.apply(next)
}

// TestRecordsStaySmall: however often one mail comes again for other recipients,
// its record has an end (T43).
func TestRecordsStaySmall(t *testing.T) {
	o := newOffice(t)
	size := func(n int) int {
		r := o.wantMailsAny()[0]
		if len(r.Outcomes) > n {
			t.Fatalf("the record has %d recipients, want %d at most", len(r.Outcomes), n)
		}
		return len(r.Trace.Checks) + len(r.Outcomes)
	}
	l := letter{from: "it@acme.example", level: mailer.Verified, to: []string{intake}, subject: "Printer"}
	o.want(mailer.Accepted, o.send(l))
	before := size(1)
	l.to = []string{"support+nobody@north.example"}
	for range 5 {
		o.want(mailer.Refused, o.send(l))
	}
	if got := size(1); got != before {
		t.Errorf("refused recipients have the record grow from %d entries to %d", before, got)
	}
	l.to = []string{"support+acme.example@north.example"} // control: what is kept is in it
	o.want(mailer.Accepted, o.send(l))
	size(2)

	o = newOffice(t)
	l.level = mailer.Unverified
	for i := range 30 {
		l.to = nil
		for j := range 50 {
			l.to = append(l.to, fmt.Sprintf("support+%d.%d@north.example", i, j))
		}
		o.send(l)
	}
	size(1000 + 49)
	o.wantMails(cases.MailHeld, 1)
}

// TestPoisonedLedger: what a forger sends first, to the octet, does not stand for
// what its true sender sends later (T17, F17); whoever sends it once more, it is
// one entry.
func TestPoisonedLedger(t *testing.T) {
	for _, discarded := range []bool{false, true} {
		c := newReleasingOffice(t)
		l := letter{from: "it@acme.example", level: mailer.Failed, to: []string{intake}, subject: "Printer", text: "It burns."}
		forged := c.hold(l)
		if discarded {
			if _, err := c.Discard(t.Context(), forged.ID); err != nil {
				t.Fatal(err)
			}
		}
		c.want(map[bool]mailer.Verdict{false: mailer.Held, true: mailer.Accepted}[discarded], c.send(l)) // a repetition
		if list, _ := c.List(t.Context(), cases.Filter{}); len(list) != 0 {
			t.Fatalf("a forged mail made %d cases", len(list))
		}
		l.level = mailer.Verified
		l.to = []string{"postmaster@south.example", intake} // of another tenant too
		for range 2 {
			c.send(l)
			if e := c.wantEvents("NORTH-1", cases.EventFiled)[0]; e.Actor.Level != mailer.Verified {
				t.Errorf("filed of a sender who is %s, want verified", e.Actor.Level)
			}
		}
		for _, r := range c.wantMails(cases.MailFiled, 1) {
			if len(r.Envelope.Recipients) != 1 || len(r.Outcomes) != 1 {
				t.Errorf("the record names %v, want its own recipient once", r.Envelope.Recipients)
			}
		}
		l.level, l.to = mailer.Failed, []string{intake}
		c.send(l)
		c.wantMails(cases.MailHeld, 1) // the other tenant's
		if list, _ := c.List(t.Context(), cases.Filter{}); len(list) != 1 {
			t.Errorf("%d cases of one mail", len(list))
		}
		c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.decideAt(forged.ID), "release")))
		if list, _ := c.List(t.Context(), cases.Filter{}); len(list) != 1 {
			t.Errorf("%d cases of one mail, after the forged one was released", len(list))
		}
	}
}

// TestTokenAtForeignDomain: a token is good at our host name and its reseller's
// domains, and unknown at another's (T28).
func TestTokenAtForeignDomain(t *testing.T) {
	o := attacked(t)
	local, _, _ := strings.Cut(o.replyTo("NORTH-1", 1), "@")
	for domain, want := range map[string]mailer.Verdict{"south.example": mailer.Refused, "north-east.example": mailer.Accepted, "gate.example": mailer.Accepted} {
		if got := o.Check(t.Context(), &mailer.Envelope{}, mailer.MustAddress(local+"@"+domain)); got.Verdict != want {
			t.Errorf("at %s: %+v, want %s", domain, got, want)
		}
	}
}
