package cases_test

import (
	"bytes"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/notify"
	"casegate/mailer"
	"casegate/templates"
)

// TestHeldTells: who may decide is asked, and nobody else; never the sender (T20).
func TestHeldTells(t *testing.T) {
	tests := []struct {
		name   string
		letter func(c *clerk, number string) letter
		want   string // told, in order
		may    string // may decide
	}{
		{"on the requester's token", func(c *clerk, n string) letter { return c.strange(n, 1, "x") },
			"desk@agents.example it@acme.example", "desk@agents.example it@acme.example operator"},
		{"on a guest's token", func(c *clerk, n string) letter { return c.strange(n, 3, "x") },
			"desk@agents.example guest@partner.example it@acme.example", "desk@agents.example it@acme.example guest@partner.example operator"},
		{"on a group's token: its person is nobody", func(c *clerk, n string) letter { return c.strange(n, 4, "x") },
			"desk@agents.example it@acme.example", "desk@agents.example it@acme.example operator"},
		{"in the name of the agent, forged", func(c *clerk, n string) letter {
			return letter{from: "desk@north.example", level: mailer.Failed, to: []string{c.replyTo(n, 1)}, subject: "x"}
		}, "it@acme.example", "desk@agents.example it@acme.example operator"},
		{"at the intake", func(*clerk, string) letter {
			return letter{from: "it@acme.example", to: []string{"support@north.example"}, subject: "x", kind: mailer.KindAuto}
		}, "desk@agents.example", "desk@agents.example operator"},
		{"to the operator", func(*clerk, string) letter {
			return letter{from: "eve@evil.example", to: []string{"postmaster@north.example"}, subject: "x"}
		}, "", "operator"},
		{"on tokens of two cases: nobody on one may decide for the other", func(c *clerk, n string) letter {
			l := c.strange(n, 3, "x")
			l.to = append(l.to, c.replyTo("NORTH-2", 1))
			return l
		}, "desk@agents.example", "desk@agents.example operator"},
		{"on a token and at the operator's", func(c *clerk, n string) letter {
			l := c.strange(n, 3, "x")
			l.to = append(l.to, "postmaster@north.example")
			return l
		}, "", "operator"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newReleasingOffice(t)
			number := c.file("Printer")
			c.share(number, "guest@partner.example", false)
			c.share(number, "team@partner.example", true)
			c.file("Screen")
			c.deliver()
			r := c.hold(test.letter(c, number))
			if got := strings.Join(r.Held.MayRelease, " "); got != test.may {
				t.Errorf("%q may decide, want %q", got, test.may)
			}
			if r.Held.Why == "" || !r.Held.Since.Equal(c.clock) {
				t.Errorf("held since %s because of %q, want now and a reason", r.Held.Since, r.Held.Why)
			}
			if got := c.told(mailer.HeldKind); got != test.want {
				t.Errorf("told %q, want %q", got, test.want)
			}
		})
	}
}

func (c *clerk) share(number, a string, group bool) {
	c.t.Helper()
	if _, _, err := c.Share(c.t.Context(), number, mailer.MustAddress(a), group); err != nil {
		c.t.Fatal(err)
	}
}

// TestHeldFlood: who has got hold of a reply address cannot flood those who are
// asked (T86); what they are not told of one by one still waits.
func TestHeldFlood(t *testing.T) {
	c := newReleasingOffice(t)
	number := c.file("Printer")
	c.deliver()
	flood := func() int {
		for i := range 20 {
			c.hold(c.strange(number, 1, fmt.Sprint(c.clock, i)))
		}
		return strings.Count(c.told(mailer.HeldKind), "desk@")
	}
	if n := flood(); n != 6 {
		t.Errorf("20 held mails made %d mails to the agent, want 6 in an hour", n)
	}
	c.clock = c.clock.Add(time.Hour)
	if n := flood(); n != 6 {
		t.Errorf("an hour later 20 made %d, want 6 again", n)
	}
	if n, oldest, err := c.HeldAge(t.Context()); n != 40 || !oldest.Equal(c.clock.Add(-time.Hour)) || err != nil {
		t.Errorf("%d wait since %s (%v), want 40 for an hour", n, oldest, err)
	}
}

// TestHeldTokens: one bit changed, of another tenant, purpose or time, and the
// address is unknown like any other (F5).
func TestHeldTokens(t *testing.T) {
	c := newReleasingOffice(t)
	held := c.hold(c.strange(c.file("Printer"), 1, "hello"))
	good := c.decideAt(held.ID)
	seal := func(t mailer.Token) string { return mailer.HeldPart + c.Keys.Seal(t) + "@gate.example" }
	tests := []struct {
		name, to string
		atRcpt   mailer.Verdict
	}{
		{"one letter changed", strings.Replace(good, good[10:11], map[bool]string{true: "b", false: "a"}[good[10] == 'a'], 1), mailer.Refused},
		{"another purpose", c.ours(mailer.HeldPart, mailer.PurposeConfirm, "north", held.ID), mailer.Refused},
		{"a reply token", strings.Replace(c.replyTo("NORTH-1", 2), mailer.ReplyPart, mailer.HeldPart, 1), mailer.Refused},
		{"a reseller there is not", c.ours(mailer.HeldPart, mailer.PurposeHeld, "west", held.ID), mailer.Refused},
		{"expired", seal(mailer.Token{Purpose: mailer.PurposeHeld, Tenant: mailer.TenantTag("north"), Delivery: held.ID.Number(), Expires: c.clock.AddDate(0, 0, -1)}), mailer.Refused},
		{"another tenant's", c.ours(mailer.HeldPart, mailer.PurposeHeld, "south", held.ID), mailer.Accepted},
		{"a mail there is not", c.decideAt(mailer.MakeID(7)), mailer.Accepted},
		{"the sender was not asked", c.ours(mailer.ConfirmPart, mailer.PurposeConfirm, "north", held.ID), mailer.Accepted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			to := mailer.MustAddress(test.to)
			if o := c.Check(t.Context(), &mailer.Envelope{}, to); o.Verdict != test.atRcpt {
				t.Errorf("at RCPT %q, want %q", o.Verdict, test.atRcpt)
			}
			for _, from := range []string{"desk@agents.example", "desk-south@agents.example", "eve@evil.example"} {
				l := answer(from, test.to, "release")
				l.subject = test.name
				o := c.send(l)
				if o[0].Verdict != mailer.Refused || o[0].Reason != mailer.NoSuchAddress {
					t.Errorf("%s was answered %q (%s), want unknown like any other address", from, o[0].Verdict, o[0].Reason)
				}
			}
		})
	}
	c.wantMails(cases.MailHeld, 1)
	c.want(mailer.Accepted, c.send(answer("desk@agents.example", good, "release"))) // the control
	c.wantMails(cases.MailHeld, 0)
}

// TestWaiting: the oldest is first, with everything that people are told.
func TestWaiting(t *testing.T) {
	c := newReleasingOffice(t)
	number := c.file("Printer")
	var ids []mailer.ID
	for i := range 3 {
		l := c.strange(number, 1, fmt.Sprint(i))
		if i == 1 {
			l = letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "x", failure: "the parser gave up"}
		}
		ids = append(ids, c.hold(l).ID)
		c.clock = c.clock.Add(time.Minute)
	}
	list, err := c.Waiting(t.Context(), 2)
	if err != nil || len(list) != 2 || list[0].ID != ids[0] || list[1].ID != ids[1] {
		t.Fatalf("waiting, at most two: %+v (%v), want the two oldest", list, err)
	}
	if h := list[0].Held; h.Number != number || h.Why != list[0].Reason {
		t.Errorf("held is %+v, want the case's number and the reason", h)
	}
	if h := list[1].Held; h.Number != "" || h.Why != "the parser gave up" {
		t.Errorf("failed is %+v, want no case, and why", h)
	}
}

// openReplyTo opens a delivery as it is sent, and gives the address to answer it to.
func (c *clerk) openReplyTo(kind mailer.DeliveryKind, to string) (address, text string) {
	c.t.Helper()
	set, err := templates.Load()
	if err != nil {
		c.t.Fatal(err)
	}
	r := &notify.Renderer{Store: c.Store, Set: set, Keys: c.Keys, Hostname: c.Hostname, Now: c.Now}
	for _, d := range c.deliver() {
		if d.Kind != kind || d.Recipient != mailer.MustAddress(to) {
			continue
		}
		out, err := r.Open(c.t.Context(), d)
		if err != nil {
			c.t.Fatalf("open the %s to %s: %v", kind, to, err)
		}
		m, err := mail.ReadMessage(bytes.NewReader(append(out.Header, "\r\n"...)))
		if err != nil {
			c.t.Fatal(err)
		}
		body, _ := io.ReadAll(out.Body)
		return strings.Trim(m.Header.Get("Reply-To"), "<>"), string(body)
	}
	c.t.Fatalf("no %s to %s", kind, to)
	return "", ""
}

// TestRoundTrip: what we send about held mail can be answered as it says.
func TestRoundTrip(t *testing.T) {
	c := newReleasingOffice(t)
	number := c.file("Printer")
	c.deliver()
	c.hold(c.strange(number, 1, "hello"))
	at, _ := c.openReplyTo(mailer.HeldKind, "it@acme.example")
	c.want(mailer.Accepted, c.send(answer("it@acme.example", at, "release")))
	c.wantEvents(number, cases.EventFiled, cases.EventMessage)

	c.hold(unsure("Screen"))
	at, _ = c.openReplyTo(mailer.ConfirmKind, "it@acme.example")
	c.want(mailer.Accepted, c.send(letter{from: "it@acme.example", to: []string{at}, subject: "Re: confirm", reply: mailer.Reply{Text: "Tak."}}))
	c.wantEvents("NORTH-2", cases.EventFiled)

	held := c.hold(c.strange(number, 1, "once more"))
	c.deliver()
	c.clock = c.clock.Add(24 * time.Hour)
	if n, err := c.Digest(t.Context(), c.clock); n != 1 || err != nil {
		t.Fatalf("%d digests (%v), want one", n, err)
	}
	at, text := c.openReplyTo(mailer.DigestKind, "desk@agents.example")
	c.want(mailer.Accepted, c.send(answer("desk@agents.example", at, "release")))
	c.wantMails(cases.MailHeld, 1)
	text = strings.ReplaceAll(text, "=\r\n", "") // quoted-printable
	i := strings.Index(text, "h-")
	if !strings.Contains(text, string(held.ID)) || i < 0 {
		t.Fatalf("the digest does not name the mail and where to decide on it:\n%s", text)
	}
	at, _, _ = strings.Cut(text[i:], "\r\n")
	c.want(mailer.Accepted, c.send(answer("desk@agents.example", at, "discard")))
	c.wantMails(cases.MailDiscarded, 1)
}
