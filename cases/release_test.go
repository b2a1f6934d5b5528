package cases_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// newReleasingOffice is an office that reads held mails again, as it got them.
func newReleasingOffice(t testing.TB) *clerk {
	c := &clerk{office: newOffice(t), kept: map[cases.Sum]*mailer.Mail{}}
	c.Reread = func(_ context.Context, r *cases.MailRecord) (*mailer.Mail, error) { return c.kept[r.Sum], nil }
	return c
}

type clerk struct {
	*office
	kept map[cases.Sum]*mailer.Mail
}

func (c *clerk) send(l letter) []mailer.Outcome {
	c.t.Helper()
	m := c.mail(l)
	c.kept[m.Sum] = m
	outcomes, err := c.Accept(c.t.Context(), m)
	if err != nil {
		c.t.Fatalf("accept a mail from %s to %v: %v", l.from, l.to, err)
	}
	return outcomes
}

// hold has a letter held, and gives its record.
func (c *clerk) hold(l letter) *cases.MailRecord {
	c.t.Helper()
	before, _ := c.Waiting(c.t.Context(), 0)
	c.want(mailer.Held, c.send(l))
	after, err := c.Waiting(c.t.Context(), 0)
	if err != nil || len(after) != len(before)+1 {
		c.t.Fatalf("%d mails wait (%v), want one more than %d", len(after), err, len(before))
	}
	return after[len(after)-1]
}

// strange is a stranger's reply to a participant's address of a case.
func (c *clerk) strange(number string, participant uint16, text string) letter {
	return letter{from: "eve@evil.example", level: mailer.Verified, to: []string{c.replyTo(number, participant)}, subject: "Me too", text: text}
}

// decideAt is the address to decide by on a mail.
func (c *clerk) decideAt(id mailer.ID) string {
	return c.ours(mailer.HeldPart, mailer.PurposeHeld, "north", id)
}

func (c *clerk) ours(part string, purpose mailer.Purpose, tenant string, id mailer.ID) string {
	return part + c.Keys.Seal(mailer.Token{Purpose: purpose, Tenant: mailer.TenantTag(tenant), Delivery: id.Number(),
		Expires: c.clock.AddDate(0, 0, 7)}) + "@" + casestest.Hostname
}

// answer is a verified reply with a text of its own.
func answer(from, to, text string) letter {
	return letter{from: from, to: []string{to}, level: mailer.Verified, subject: "Re: held", text: text, reply: mailer.Reply{Text: text}}
}

// told lists to whom deliveries of a kind go, and marks all as sent.
func (c *clerk) told(kind mailer.DeliveryKind) string {
	c.t.Helper()
	var to []string
	for _, d := range c.deliver() {
		if d.Kind == kind {
			to = append(to, d.Recipient.String())
		}
	}
	slices.Sort(to)
	return strings.Join(to, " ")
}

// TestReleaseByReply: who may decide does so with one word (point 6, T12, T20,
// T23, T27, F9).
func TestReleaseByReply(t *testing.T) {
	const released, discarded, waits = cases.MailFiled, cases.MailDiscarded, cases.MailHeld
	said := func(from, text string) func(to string) letter {
		return func(to string) letter { return answer(from, to, text) }
	}
	with := func(from string, change func(*letter)) func(to string) letter {
		return func(to string) letter {
			l := answer(from, to, "release")
			change(&l)
			return l
		}
	}
	const agent, requester, guest = "desk@agents.example", "it@acme.example", "guest@partner.example"
	tests := []struct {
		name   string
		letter func(to string) letter
		want   mailer.Verdict
		status cases.MailStatus // of the held mail, afterwards
	}{
		{"an agent releases", said(agent, "release"), mailer.Accepted, released},
		{"by the account's address", said("desk@north.example", "Release."), mailer.Accepted, released},
		{"who filed the case releases", said(requester, "RELEASE\nThank you."), mailer.Accepted, released},
		{"the token's person releases", said(guest, "*release*, please"), mailer.Accepted, released},
		{"by a chain that is trusted", with(agent, func(l *letter) { l.level, l.toCc = mailer.VerifiedARC, l.to[0] }), mailer.Accepted, released},
		{"by such a chain, and not written to us", with(agent, func(l *letter) { l.level, l.toCc = mailer.VerifiedARC, "list@partner.example" }), mailer.Refused, waits},
		{"an agent discards", said(agent, "discard"), mailer.Accepted, discarded},
		{"an agent blocks", said(agent, "block"), mailer.Accepted, discarded},

		{"another word", said(agent, "let it pass"), mailer.Accepted, waits},
		{"no word", said(agent, " \n "), mailer.Accepted, waits},
		{"on the second line", said(agent, "Hello,\nrelease"), mailer.Accepted, waits},
		{"quoted on the first line (F9)", said(agent, "> release"), mailer.Accepted, waits},
		{"in what it quotes (F9)", with(agent, func(l *letter) { l.reply = mailer.Reply{Text: "No idea.", Elided: "release"} }), mailer.Accepted, waits},
		{"in the signature", with(agent, func(l *letter) { l.reply = mailer.Reply{Signature: "release"} }), mailer.Accepted, waits},
		{"in the subject", with(agent, func(l *letter) { l.subject, l.reply = "release", mailer.Reply{} }), mailer.Accepted, waits},

		{"its own sender (T20)", said("eve@evil.example", "release"), mailer.Refused, waits},
		{"a user with rights, but not of the case", said("anna@corp.example", "release"), mailer.Refused, waits},
		{"an agent of another reseller", said("desk-south@agents.example", "release"), mailer.Refused, waits},
		{"on the sharing list, but not the token's person", said("other@partner.example", "release"), mailer.Refused, waits},
		{"who has left the case (T23)", said("gone@partner.example", "release"), mailer.Refused, waits},
		{"an agent by SPF alone (T12)", with(agent, func(l *letter) { l.level = mailer.VerifiedSPF }), mailer.Refused, waits},
		{"an agent, unverified (F9)", with(agent, func(l *letter) { l.level = mailer.Unverified }), mailer.Refused, waits},
		{"an agent, failed", with(agent, func(l *letter) { l.level = mailer.Failed }), mailer.Refused, waits},
		{"an agent, failed under reject", with(agent, func(l *letter) { l.level, l.reject = mailer.Failed, true }), mailer.Refused, waits},
		{"an agent, not known yet (T3)", with(agent, func(l *letter) { l.level = mailer.UnknownYet }), mailer.Deferred, waits},
		{"an agent's absence note (T27)", with(agent, func(l *letter) { l.kind = mailer.KindAutoReply }), mailer.Accepted, waits},
		{"a list", with(agent, func(l *letter) { l.kind = mailer.KindList }), mailer.Refused, waits},
		{"nobody", with("", func(*letter) {}), mailer.Refused, waits},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newReleasingOffice(t)
			number := c.file("Printer")
			c.share(number, guest, false)                   // 3
			c.share(number, "gone@partner.example", false)  // 4
			c.share(number, "other@partner.example", false) // 5
			c.leave(number, 4)
			c.deliver()
			held := c.hold(c.strange(number, 3, "hello"))
			c.deliver()
			l := test.letter(c.decideAt(held.ID))
			c.want(test.want, c.send(l))
			r, err := c.Mail(t.Context(), held.ID)
			if err != nil || r.Status != test.status {
				t.Fatalf("the mail is %q now (%v), want %q", r.Status, err, test.status)
			}
			events := []cases.EventType{cases.EventFiled, cases.EventShared, cases.EventShared, cases.EventShared, cases.EventLeft}
			if test.status == released {
				got := c.wantEvents(number, append(events, cases.EventMessage)...)
				if e := got[len(got)-1]; e.Actor.Address != mailer.MustAddress("eve@evil.example") || e.Actor.Participant != 0 || e.Released == "" || e.Mail != held.ID {
					t.Errorf("the released message is %+v, want one of its sender, who is not of the case, with who released it", e)
				}
			} else {
				c.wantEvents(number, events...)
			}
			if got := c.told(mailer.NoticeKind); strings.Contains(got, "eve@") || test.status != released && got != "" {
				t.Errorf("notices went to %q (T20)", got)
			}
		})
	}
}

func (c *clerk) leave(number string, participant uint16) {
	c.t.Helper()
	found, _ := c.history(number)
	token := c.Keys.Seal(mailer.Token{Purpose: mailer.PurposeLeave, Tenant: mailer.TenantTag("north"), Case: found.ID.N, Participant: participant, Expires: c.clock.AddDate(1, 0, 0)})
	if _, err := c.Leave(c.t.Context(), token); err != nil {
		c.t.Fatal(err)
	}
}

// TestHelp: whoever writes something else is told each time that it did nothing,
// but no more than six times an hour.
func TestHelp(t *testing.T) {
	c := newReleasingOffice(t)
	held := c.hold(c.strange(c.file("Printer"), 1, "hello"))
	c.deliver()
	for i := range 9 {
		want := "desk@agents.example"
		if i >= 6 {
			want = ""
		}
		c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.decideAt(held.ID), fmt.Sprint("What is this? ", i))))
		if got := c.told(mailer.HeldKind); got != want {
			t.Errorf("after word %d %q is told, want %q", i+1, got, want)
		}
	}
}

// TestReleaseForCustomer: an agent's word files a mail, for the customer that is
// named where the mail leaves that open (R17).
func TestReleaseForCustomer(t *testing.T) {
	c := newReleasingOffice(t)
	held := c.hold(letter{from: "anna@corp.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "For whom?"})
	for _, text := range []string{"release", "release omega.example", "release <nobody.example>"} {
		c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.decideAt(held.ID), text)))
		c.wantMails(cases.MailHeld, 1)
	}
	c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.decideAt(held.ID), "Release ACME.example")))
	found, events := c.history("NORTH-1")
	if found.Customer != "acme.example" || found.Participants[0].Person != "anna" || events[0].Released != "North Desk" {
		t.Errorf("released as %+v by %q, want a case of acme.example filed by anna, released by the agent", found, events[0].Released)
	}
}

// TestDecideAlone: a mail that does something else decides nothing, and one mail
// decides on one.
func TestDecideAlone(t *testing.T) {
	c := newReleasingOffice(t)
	number := c.file("Printer")
	one, two := c.hold(c.strange(number, 1, "one")), c.hold(c.strange(number, 1, "two"))
	l := answer("desk@agents.example", c.decideAt(one.ID), "release")
	l.to = append(l.to, c.replyTo(number, 2))
	c.want(mailer.Accepted, c.send(l))
	c.wantEvents(number, cases.EventFiled, cases.EventMessage) // the reply itself
	c.wantMails(cases.MailHeld, 2)
	l = answer("desk@agents.example", c.decideAt(one.ID), "release")
	l.to, l.subject = append(l.to, c.decideAt(two.ID)), "both"
	c.want(mailer.Accepted, c.send(l))
	c.wantEvents(number, cases.EventFiled, cases.EventMessage, cases.EventMessage)
	c.wantMails(cases.MailHeld, 1)
}

// TestReleasedDecidesNothing: a forged reply that is held for another reason does
// not get the power of whom it names when the operator lets it pass.
func TestReleasedDecidesNothing(t *testing.T) {
	c := newReleasingOffice(t)
	number := c.file("Printer")
	victim := c.hold(c.strange(number, 1, "hello"))
	forged := answer("desk@agents.example", c.decideAt(victim.ID), "release")
	forged.level, forged.to = mailer.Unverified, append(forged.to, c.replyTo(number, 1))
	outcomes := c.send(forged)
	if outcomes[0].Verdict != mailer.Refused || outcomes[1].Verdict != mailer.Held {
		t.Fatalf("answered %+v, want the command refused and the message held", outcomes)
	}
	waiting, _ := c.Waiting(t.Context(), 0)
	if _, err := c.Release(t.Context(), waiting[1].ID, c.mail(forged), ""); err != nil {
		t.Fatal(err)
	}
	c.wantMails(cases.MailHeld, 1)
	c.wantEvents(number, cases.EventFiled, cases.EventMessage) // the forged message alone, marked as such
}

// TestBlockByReply: an agent's word keeps the sender out from then on; nobody else
// blocks anyone, and nobody whom the reseller knows, as the mail may be forged.
func TestBlockByReply(t *testing.T) {
	c := newReleasingOffice(t)
	number := c.file("Printer")
	held := c.hold(c.strange(number, 1, "hello"))
	c.want(mailer.Accepted, c.send(answer("it@acme.example", c.decideAt(held.ID), "block")))
	if list, _ := c.Blocks(t.Context(), "north"); len(list) != 0 {
		t.Fatalf("a customer has the reseller block %+v: that is for agents", list)
	}
	c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.decideAt(held.ID), "Block!")))
	list, err := c.Blocks(t.Context(), "north")
	if err != nil || len(list) != 1 || list[0].Pattern != "eve@evil.example" || list[0].By != "desk@agents.example" {
		t.Fatalf("the block list is %+v (%v), want eve, by the agent", list, err)
	}
	c.want(mailer.Refused, c.send(c.strange(number, 1, "again")))
	if other, err := c.Blocks(t.Context(), "south"); err != nil || len(other) != 0 {
		t.Errorf("south blocks %+v too (%v)", other, err)
	}

	c.share(number, "guest@partner.example", false)
	for _, known := range []string{"anna@corp.example", "it@gamma.example", "guest@partner.example"} { // a user, another customer's contact, a guest
		own := c.hold(letter{from: known, to: []string{c.replyTo(number, 1)}, subject: "x"})
		c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.decideAt(own.ID), "block")))
		if r, _ := c.Mail(t.Context(), own.ID); r.Status != cases.MailHeld {
			t.Errorf("a mail in the name of %s, who cannot be blocked, is %q, want it held as before", known, r.Status)
		}
	}
	if list, _ := c.Blocks(t.Context(), "north"); len(list) != 1 {
		t.Errorf("the block list is %+v, want no more on it", list)
	}
}

// TestDiscardByReplyErases: the bytes go, wherever they are kept.
func TestDiscardByReplyErases(t *testing.T) {
	c := newReleasingOffice(t)
	number := c.file("Printer")
	for _, large := range []bool{false, true} {
		m := c.mail(c.strange(number, 1, fmt.Sprint("hello", large)))
		if large {
			w, err := c.Blobs.Create()
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(w, bytes.NewReader(m.Raw.Data))
			ref, err := w.Commit()
			if err != nil {
				t.Fatal(err)
			}
			m.Raw = blob.Body{Ref: ref, Size: m.Raw.Size}
		}
		if _, err := c.Accept(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if raw, err := c.Raw(t.Context(), m.ID); err != nil {
			t.Fatalf("large %v: %v", large, err)
		} else {
			raw.Close()
		}
		c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.decideAt(m.ID), "discard")))
		_, err := c.Raw(t.Context(), m.ID)
		wantKind(t, err, cases.NotFound)
		if large {
			if f, err := c.Blobs.Open(m.Raw.Ref); err == nil {
				f.Close()
				t.Error("the blob of a discarded mail is still there")
			}
		}
	}
	c.wantMails(cases.MailDiscarded, 2)
}

// TestReplyToDigest: whatever is written there does nothing.
func TestReplyToDigest(t *testing.T) {
	c := newReleasingOffice(t)
	c.hold(c.strange(c.file("Printer"), 1, "hello"))
	c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.ours(mailer.HeldPart, mailer.PurposeHeld, "north", ""), "release")))
	c.wantMails(cases.MailHeld, 1)
	c.wantMails(cases.MailNoted, 1)
}

// TestExplainRelease: explaining a reply shows what would become of the held mail,
// and does nothing (design 2.6).
func TestExplainRelease(t *testing.T) {
	c := newReleasingOffice(t)
	number := c.file("Printer")
	held := c.hold(c.strange(number, 1, "hello"))
	for _, word := range []string{"release", "discard", "block"} {
		records, err := c.Explain(t.Context(), c.mail(answer("desk@agents.example", c.decideAt(held.ID), word)))
		if err != nil || len(records) != 2 || records[1].ID != held.ID || records[1].Status == cases.MailHeld {
			t.Errorf("%s is explained by %d records (%v), want the reply's and what the held mail would be", word, len(records), err)
		}
	}
	c.wantMails(cases.MailHeld, 1)
	c.wantEvents(number, cases.EventFiled)
	if list, _ := c.Blocks(t.Context(), "north"); len(list) != 0 {
		t.Errorf("explaining blocked %+v", list)
	}
}

// TestRereadFails: while a held mail cannot be read, the reply is to come again,
// and it does no more than noting where it never can be.
func TestRereadFails(t *testing.T) {
	c := newReleasingOffice(t)
	held := c.hold(c.strange(c.file("Printer"), 1, "hello"))
	release := c.mail(answer("desk@agents.example", c.decideAt(held.ID), "release"))
	good := c.Reread
	c.Reread = func(context.Context, *cases.MailRecord) (*mailer.Mail, error) {
		return nil, errors.New("scanner is busy")
	}
	if _, err := c.Accept(t.Context(), release); err == nil {
		t.Error("the reply was taken, and nothing came of it: want an error, so that it comes again")
	}
	c.wantMails(cases.MailNoted, 0)
	c.Reread = func(context.Context, *cases.MailRecord) (*mailer.Mail, error) {
		return nil, fmt.Errorf("open: %w", blob.ErrNotFound)
	}
	lost := answer("desk@agents.example", c.decideAt(held.ID), "release it")
	c.want(mailer.Accepted, c.send(lost))
	c.wantMails(cases.MailHeld, 1)
	c.Reread = good
	if outcomes, err := c.Accept(t.Context(), release); err != nil || outcomes[0].Verdict != mailer.Accepted {
		t.Errorf("the reply that came again was answered %+v (%v)", outcomes, err)
	}
	c.wantMails(cases.MailHeld, 0)
}
