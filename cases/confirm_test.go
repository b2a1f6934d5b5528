package cases_test

import (
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/mailer"
)

// unsure is a mail of a contact whom nothing proves to be the sender.
func unsure(subject string) letter {
	return letter{from: "it@acme.example", to: []string{"support@north.example"}, subject: subject, text: "It burns."}
}

func (c *clerk) confirmAt(id mailer.ID) string {
	return c.ours(mailer.ConfirmPart, mailer.PurposeConfirm, "north", id)
}

// TestConfirm: the sender of a held mail who was asked has it filed by any reply,
// once, and is still not verified (design 4).
func TestConfirm(t *testing.T) {
	c := newReleasingOffice(t)
	held := c.hold(unsure("Printer"))
	if !held.Held.ConfirmUntil.Equal(c.clock.Add(7 * 24 * time.Hour)) {
		t.Errorf("may be confirmed until %s, want 7 days", held.Held.ConfirmUntil)
	}
	var asked []mailer.Delivery
	for _, d := range c.deliver() {
		if d.Kind == mailer.ConfirmKind {
			asked = append(asked, d)
		}
	}
	if len(asked) != 1 || asked[0].Recipient != mailer.MustAddress("it@acme.example") || asked[0].Mail != held.ID {
		t.Fatalf("asked %+v, want the sender once, about this mail", asked)
	}
	c.clock = c.clock.Add(6 * 24 * time.Hour)
	yes := letter{from: "IT@acme.example", to: []string{c.confirmAt(held.ID)}, subject: "Re: confirm", reply: mailer.Reply{Text: "Yes, it is mine."}}
	c.want(mailer.Accepted, c.send(yes))
	_, events := c.history("NORTH-1")
	if e := events[0]; e.Actor.Level != mailer.Unverified || !strings.Contains(e.Released, "confirmed by reply") || e.Message.Subject != "Printer" {
		t.Errorf("filed as %+v, want the mail, unverified as before, marked as confirmed by reply", e)
	}
	if r, _ := c.Mail(t.Context(), held.ID); r.Identity.Level != mailer.Unverified || r.Status != cases.MailFiled {
		t.Errorf("the record is %s, of a sender who is %s; want filed and unverified", r.Status, r.Identity.Level)
	}
	yes.subject = "and again"
	c.want(mailer.Accepted, c.send(yes))
	if list, _ := c.List(t.Context(), cases.Filter{}); len(list) != 1 {
		t.Errorf("a second use made %d cases of one", len(list))
	}
	c.wantMails(cases.MailNoted, 2)
}

// TestConfirmRefused: what does not confirm a mail.
func TestConfirmRefused(t *testing.T) {
	none := ""
	tests := []struct {
		name   string
		after  time.Duration
		change func(*letter)
		want   mailer.Verdict
	}{
		{"another sender who holds the address", 0, func(l *letter) { l.from, l.level = "eve@evil.example", mailer.Verified }, mailer.Accepted},
		{"a colleague", 0, func(l *letter) { l.from, l.level = "boss@acme.example", mailer.Verified }, mailer.Accepted},
		{"nobody", 0, func(l *letter) { l.from = "" }, mailer.Accepted},
		{"an absence note", 0, func(l *letter) { l.kind = mailer.KindAutoReply }, mailer.Accepted},
		{"a bounce", 0, func(l *letter) { l.kind, l.returnTo = mailer.KindBounce, &none }, mailer.Accepted},
		{"one that fails DMARC", 0, func(l *letter) { l.level = mailer.Failed }, mailer.Accepted},
		{"one that says no", 0, func(l *letter) { l.reply.Text = "No! I did not write this." }, mailer.Accepted},
		{"an absence note without a mark", 0, func(l *letter) { l.reply.Text = "I am away until Monday." }, mailer.Accepted},
		{"while DNS is away", 0, func(l *letter) { l.level = mailer.UnknownYet }, mailer.Deferred},
		{"after seven days", 7*24*time.Hour + time.Second, func(*letter) {}, mailer.Refused},
		{"long after", 30 * 24 * time.Hour, func(*letter) {}, mailer.Refused},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newReleasingOffice(t)
			held := c.hold(unsure("Printer"))
			l := letter{from: "it@acme.example", to: []string{c.confirmAt(held.ID)}, subject: "Re: confirm", reply: mailer.Reply{Text: "Yes"}}
			test.change(&l)
			c.clock = c.clock.Add(test.after)
			c.want(test.want, c.send(l))
			c.wantMails(cases.MailHeld, 1)
			if list, _ := c.List(t.Context(), cases.Filter{}); len(list) != 0 {
				t.Errorf("%d cases were made", len(list))
			}
		})
	}
}

// TestAskedOnce: one address is asked once a day at most, whoever writes in its
// name and to whom, and never where the answer is a nuisance (T85, T90).
func TestAskedOnce(t *testing.T) {
	none := ""
	asked := func(c *clerk, l letter) int {
		c.t.Helper()
		c.send(l)
		return strings.Count(c.told(mailer.ConfirmKind)+" ", "@")
	}
	t.Run("once a day", func(t *testing.T) {
		c := newReleasingOffice(t)
		n := 0
		for i := range 30 {
			n += asked(c, unsure(strings.Repeat("x", i)))
			c.clock = c.clock.Add(time.Hour)
		}
		if n != 2 {
			t.Errorf("30 mails in 30 hours asked %d times, want twice", n)
		}
	})
	t.Run("over all resellers", func(t *testing.T) {
		c := newReleasingOffice(t)
		dir := casestest.Directory()
		for i := range dir.Customers {
			dir.Customers[i].Contacts = append(dir.Customers[i].Contacts, mailer.MustAddress("victim@none.example"))
		}
		if err := dir.Index(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ApplyDirectory(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, to := range []string{"support@north.example", "support@south.example", "support+acme.example@north.example"} {
			n += asked(c, letter{from: "victim@none.example", to: []string{to}, subject: to})
		}
		if n != 1 {
			t.Errorf("asked %d times, want once", n)
		}
	})
	for name, change := range map[string]func(*letter){
		"automatic":           func(l *letter) { l.kind = mailer.KindAuto },
		"a list":              func(l *letter) { l.kind = mailer.KindList },
		"null reverse-path":   func(l *letter) { l.returnTo = &none },
		"SPF fails":           func(l *letter) { l.auth.SPF.Result = "fail" },
		"DMARC fails":         func(l *letter) { l.auth.DMARC.Result = "fail" },
		"failed":              func(l *letter) { l.level = mailer.Failed },
		"a stranger":          func(l *letter) { l.from = "eve@evil.example" },
		"a role (noreply)":    func(l *letter) { l.from = "do_not-reply@acme.example" },
		"a role (bounces)":    func(l *letter) { l.from = "bounces+x@acme.example" },
		"verified":            func(l *letter) { l.level = mailer.Verified },
		"an address of ours":  func(l *letter) { l.from, l.to = "anna@north.example", []string{"support+acme.example@north.example"} },
		"mail to operator":    func(l *letter) { l.to = append(l.to, "postmaster@north.example") },
		"a token, a stranger": func(l *letter) { l.from, l.to = "eve@evil.example", nil },
	} {
		t.Run("never: "+name, func(t *testing.T) {
			c := newReleasingOffice(t)
			dir := casestest.Directory()
			dir.Customers[0].Contacts = append(dir.Customers[0].Contacts, mailer.MustAddress("do_not-reply@acme.example"), mailer.MustAddress("bounces+x@acme.example"))
			if err := dir.Index(); err != nil {
				t.Fatal(err)
			}
			if _, err := c.ApplyDirectory(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
			l := unsure("Printer")
			change(&l)
			if l.to == nil {
				l.to = []string{c.replyTo(c.file("Screen"), 1)}
			}
			if n := asked(c, l); n != 0 {
				t.Errorf("asked %d times, want never", n)
			}
			if n := asked(c, unsure("control")); n != 1 {
				t.Errorf("the control was asked %d times, want once", n)
			}
		})
	}
}

// TestConfirmUnreadable: its sender's word files nothing that nobody could read;
// that stays for an agent, as of a verified sender.
func TestConfirmUnreadable(t *testing.T) {
	c := newReleasingOffice(t)
	l := unsure("Printer")
	l.failure = "the parser gave up"
	held := c.hold(l)
	c.want(mailer.Accepted, c.send(letter{from: "it@acme.example", to: []string{c.confirmAt(held.ID)}, subject: "Re", reply: mailer.Reply{Text: "yes"}}))
	if list := c.wantMails(cases.MailFailed, 1); len(list) == 1 && !strings.Contains(list[0].Reason, "parser") {
		t.Errorf("it waits because of %q, want what could not be read", list[0].Reason)
	}
	c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.decideAt(held.ID), "release")))
	c.wantEvents("NORTH-1", cases.EventFiled)
}

// TestConfirmNow: rights are those of the moment, and what is still open stays
// for an agent.
func TestConfirmNow(t *testing.T) {
	c := newReleasingOffice(t)
	held := c.hold(unsure("Printer"))
	open := c.hold(letter{from: "anna@corp.example", to: []string{"support@north.example"}, subject: "For whom?"})
	dir := casestest.Directory()
	dir.Customers[0].Contacts = nil
	if err := dir.Index(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ApplyDirectory(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	c.want(mailer.Accepted, c.send(letter{from: "it@acme.example", to: []string{c.confirmAt(held.ID)}, subject: "Re", reply: mailer.Reply{Text: "yes"}}))
	c.want(mailer.Accepted, c.send(letter{from: "anna@corp.example", to: []string{c.confirmAt(open.ID)}, subject: "Re", reply: mailer.Reply{Text: "yes"}}))
	list := c.wantMails(cases.MailHeld, 2)
	if r := list[0]; r.ID != open.ID || !strings.Contains(r.Reason, "customer") || !r.Held.ConfirmUntil.IsZero() {
		t.Errorf("a confirmed mail whose customer is open is %+v, want held for that, and confirmed", r)
	}
	c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.decideAt(open.ID), "release acme.example")))
	if found, _ := c.history("NORTH-1"); found.Customer != "acme.example" {
		t.Errorf("filed for %s, want acme.example", found.Customer)
	}
}
