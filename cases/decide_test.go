package cases_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/mailer"
)

func TestFiling(t *testing.T) {
	none := ""
	tests := []struct {
		name   string
		letter letter
		want   mailer.Verdict
		reason mailer.Reason
		filed  string // customer of the case that is made; "": none is
	}{
		{"a verified contact", letter{from: "it@acme.example", level: mailer.Verified}, mailer.Accepted, "", "acme.example"},
		{"a contact by SPF alone", letter{from: "it@acme.example", level: mailer.VerifiedSPF}, mailer.Accepted, "", "acme.example"},
		{"a contact in capitals (T14)", letter{from: "IT@acme.example", level: mailer.Verified}, mailer.Accepted, "", "acme.example"},
		{"an unverified contact is held", letter{from: "it@acme.example"}, mailer.Held, mailer.NeedsDecision, ""},
		{"a failed contact is held under quarantine", letter{from: "it@acme.example", level: mailer.Failed}, mailer.Held, mailer.NeedsDecision, ""},
		{"and refused under reject (T1)", letter{from: "it@acme.example", level: mailer.Failed, reject: true}, mailer.Refused, mailer.NotAuthenticated, ""},
		{"DNS down: later (T3)", letter{from: "it@acme.example", level: mailer.UnknownYet}, mailer.Deferred, mailer.TryLater, ""},
		{"a stranger", letter{from: "eve@evil.example", level: mailer.Verified}, mailer.Refused, mailer.NotAllowed, ""},
		{"no From (T4)", letter{from: "", level: mailer.Unverified}, mailer.Refused, mailer.Malformed, ""},
		{"a user with rights names the customer", letter{from: "anna@corp.example", level: mailer.Verified, to: []string{"support+acme.example@north.example"}}, mailer.Accepted, "", "acme.example"},
		{"a user with rights names none (R17)", letter{from: "anna@corp.example", level: mailer.Verified}, mailer.Held, mailer.NeedsDecision, ""},
		{"another's customer looks unknown (R17, R30)", letter{from: "anna@corp.example", level: mailer.Verified, to: []string{"support+omega.example@north.example"}}, mailer.Refused, mailer.NoSuchAddress, ""},
		{"an unknown customer", letter{from: "anna@corp.example", level: mailer.Verified, to: []string{"support+nobody.example@north.example"}}, mailer.Refused, mailer.NoSuchAddress, ""},
		{"a contact names another customer", letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support+delta.example@north.example"}}, mailer.Refused, mailer.NoSuchAddress, ""},
		{"no grant (R20)", letter{from: "anna@corp.example", level: mailer.Verified, to: []string{"support+delta.example@north.example"}}, mailer.Refused, mailer.NoGrant, ""},
		{"no grant, the contact", letter{from: "it@delta.example", level: mailer.Verified}, mailer.Refused, mailer.NoGrant, ""},
		{"may view customers only (R67)", letter{from: "bo@corp.example", level: mailer.Verified, to: []string{"support+acme.example@north.example"}}, mailer.Refused, mailer.NotAllowed, ""},
		{"rights elsewhere (R55)", letter{from: "chen@corp.example", level: mailer.Verified, to: []string{"support+acme.example@north.example"}}, mailer.Refused, mailer.NotAllowed, ""},
		{"moved away (R29)", letter{from: "it@beta.example", level: mailer.Verified}, mailer.Refused, mailer.NotAllowed, ""},
		{"came back", letter{from: "it@gamma.example", level: mailer.Verified}, mailer.Accepted, "", "gamma.example"},
		{"automatic mail (R78)", letter{from: "it@acme.example", level: mailer.Verified, kind: mailer.KindAuto}, mailer.Held, mailer.NeedsDecision, ""},
		{"a bounce", letter{from: "it@acme.example", level: mailer.Verified, kind: mailer.KindBounce, returnTo: &none}, mailer.Held, mailer.NeedsDecision, ""},
		{"unreadable", letter{from: "it@acme.example", level: mailer.Verified, failure: "the parser gave up"}, mailer.Held, mailer.Unreadable, ""},
		{"in circles (RFC 5321 6.3)", letter{from: "it@acme.example", level: mailer.Verified, received: 101}, mailer.Refused, mailer.TooManyHops, ""},
		{"secondary domain's postmaster", letter{from: "eve@evil.example", to: []string{"postmaster@north-east.example"}}, mailer.Held, mailer.NeedsDecision, ""},
		{"abuse@ of the host", letter{from: "eve@evil.example", to: []string{"abuse@gate.example"}}, mailer.Held, mailer.NeedsDecision, ""},
		{"a Cloud Identity address", letter{from: "it@acme.example", level: mailer.Verified, to: []string{"anna@north.example"}}, mailer.Refused, mailer.NoSuchAddress, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t)
			if test.letter.to == nil {
				test.letter.to = []string{"support@north.example"}
			}
			test.letter.subject, test.letter.text = "Printer", "It burns."
			got := o.send(test.letter)
			if got[0].Verdict != test.want || got[0].Reason != test.reason {
				t.Errorf("answered %q (%s), want %q (%s)", got[0].Verdict, got[0].Reason, test.want, test.reason)
			}
			list, err := o.List(t.Context(), cases.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			filed := ""
			for _, c := range list {
				filed += c.Customer
			}
			if filed != test.filed {
				t.Errorf("filed for %q, want %q", filed, test.filed)
			}
			nothing := test.want == mailer.Deferred || test.name == "a Cloud Identity address"
			if n := len(o.wantMailsAny()); nothing != (n == 0) {
				t.Errorf("%d records are kept: a mail that is deferred or for nobody leaves nothing, every other its decision", n)
			}
		})
	}
}

func (o *office) wantMailsAny() []*cases.MailRecord {
	o.t.Helper()
	list, err := o.Mails(o.t.Context(), "", 0)
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}

func TestNewCase(t *testing.T) {
	o := newOffice(t)
	number := o.file("Re: Odp: Printer on fire")
	c, events := o.history(number)
	if c.Number != "NORTH-1" || c.Title != "Printer on fire" || c.State != cases.New || c.Priority != cases.P3 || c.Customer != "acme.example" {
		t.Errorf("the case is %+v, want NORTH-1, its title without prefixes (R19), NEW, P3 (R24), acme.example", c)
	}
	if len(c.Participants) != 2 || c.Participants[0].Role != cases.RoleRequester || c.Participants[1].Person != "north-desk" {
		t.Errorf("participants are %+v, want the requester, then north's agent", c.Participants)
	}
	if e := events[0]; e.Type != cases.EventFiled || e.Message.Subject != "Re: Odp: Printer on fire" || e.Actor.Participant != 1 || e.Mail == "" {
		t.Errorf("the first event is %+v, want filed by participant 1 with the whole subject and its mail (R75)", e)
	}
	if got := o.recipients(); got != "it@acme.example desk@agents.example" {
		t.Errorf("notices go to %q, want the sender and the agent's linked address", got)
	}
	if second := o.file("Another"); second != "NORTH-2" {
		t.Errorf("the second case is %s, want NORTH-2", second)
	}
}

func TestReplyByToken(t *testing.T) {
	const requester, agent, group = 1, 2, 3
	tests := []struct {
		name  string
		token uint16
		from  string
		level mailer.Level
		want  mailer.Verdict
		actor uint16 // who is written into history
		event cases.EventType
	}{
		{"its person", requester, "it@acme.example", mailer.Verified, mailer.Accepted, requester, cases.EventMessage},
		{"its person, unverified", requester, "it@acme.example", mailer.Unverified, mailer.Accepted, requester, cases.EventMessage},
		{"its person, failed", requester, "it@acme.example", mailer.Failed, mailer.Held, 0, ""},
		{"an agent by the linked address (R71)", agent, "desk@agents.example", mailer.Verified, mailer.Accepted, agent, cases.EventMessage},
		{"an agent by the account address", agent, "desk@north.example", mailer.Verified, mailer.Accepted, agent, cases.EventMessage},
		{"reply-all: another follower, verified (F5)", agent, "it@acme.example", mailer.Verified, mailer.Accepted, requester, cases.EventMessage},
		{"another follower, unverified (F5)", agent, "it@acme.example", mailer.Unverified, mailer.Held, 0, ""},
		{"a stranger (T20)", requester, "eve@evil.example", mailer.Verified, mailer.Held, 0, ""},
		{"no sender at all", requester, "", mailer.Unverified, mailer.Held, 0, ""},
		{"a colleague on the group's token", group, "joe@partner.example", mailer.Verified, mailer.Accepted, 0, cases.EventMessage},
		{"the same, unverified", group, "joe@partner.example", mailer.Unverified, mailer.Held, 0, ""},
		{"an outsider on the group's token", group, "joe@elsewhere.example", mailer.Verified, mailer.Held, 0, ""},
		{"a number that nobody has", 99, "eve@evil.example", mailer.Verified, mailer.Held, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t)
			number := o.file("Printer")
			if _, _, err := o.Share(t.Context(), number, mailer.MustAddress("all@partner.example"), true); err != nil {
				t.Fatal(err)
			}
			o.recipients()
			o.want(test.want, o.send(letter{from: test.from, level: test.level, to: []string{o.replyTo(number, test.token)}, subject: "Re: x", text: "More."}))
			if test.event == "" {
				o.wantEvents(number, cases.EventFiled, cases.EventShared)
				if got := o.recipients(); got != "" {
					t.Errorf("notices went to %q of a mail that was not appended", got)
				}
				return
			}
			events := o.wantEvents(number, cases.EventFiled, cases.EventShared, test.event)
			if last := events[len(events)-1]; last.Actor.Participant != test.actor || last.Actor.Level != test.level {
				t.Errorf("history says that %+v wrote it, want participant %d, marked %s", last.Actor, test.actor, test.level)
			}
			if c, _ := o.history(number); test.actor != 0 && strings.Contains(o.recipients(), c.Participant(test.actor).Address.String()) {
				t.Errorf("the author was told of his own message")
			}
		})
	}
}

func TestTokensThatAreUnknown(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	good := o.replyTo(number, 1)
	flip := []byte(good)
	flip[len("case-")+20] ^= 1
	c, _ := o.history(number)
	seal := func(token mailer.Token) string { return "case-" + o.Keys.Seal(token) + "@gate.example" }
	base := mailer.Token{Purpose: mailer.PurposeReply, Tenant: mailer.TenantTag("north"), Case: c.ID.N, Participant: 1, Expires: o.clock.AddDate(1, 0, 0)}
	expired, purpose, south, nowhere := base, base, base, base
	expired.Expires = o.clock.AddDate(0, 0, -1)
	purpose.Purpose = mailer.PurposeReturnPath
	south.Tenant = mailer.TenantTag("south")
	nowhere.Tenant = mailer.TenantTag("nowhere")
	atRCPT := map[string]string{
		"one bit changed": string(flip), "expired": seal(expired), "another purpose": seal(purpose), "no such tenant": seal(nowhere),
		"a token in another domain": strings.Replace(good, "gate.example", "elsewhere.example", 1),
	}
	for name, to := range atRCPT {
		a, err := mailer.ParseAddress(to)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Check(t.Context(), &mailer.Envelope{}, a); got.Reason != mailer.NoSuchAddress {
			t.Errorf("%s: RCPT was answered %+v, want an unknown address (F5)", name, got)
		}
	}
	// A token of another tenant answers as if the case did not exist (T28).
	o.say(mailer.Refused, letter{from: "it@acme.example", to: []string{seal(south)}, subject: "x"})
	o.wantEvents(number, cases.EventFiled)
	if got := o.Check(t.Context(), &mailer.Envelope{}, mailer.MustAddress(strings.ToUpper(good))); got.Verdict != mailer.Accepted {
		t.Errorf("a token in upper case was answered %+v, want accepted: some systems fold local parts", got)
	}
}

func TestMatchingWithoutToken(t *testing.T) {
	tests := []struct {
		name   string
		from   string
		level  mailer.Level
		letter func(o *office, number string) letter
		append bool
	}{
		{"our own Message-ID", "it@acme.example", mailer.Verified, func(o *office, number string) letter {
			c, _ := o.history(number)
			return letter{refs: []string{"a." + o.Keys.Seal(c.Anchor()) + "@gate.example"}}
		}, true},
		{"our own Message-ID, one bit changed (T19)", "it@acme.example", mailer.Verified, func(o *office, number string) letter {
			c, _ := o.history(number)
			id := []byte(o.Keys.Seal(c.Anchor()))
			id[10] ^= 1
			return letter{refs: []string{"a." + string(id) + "@gate.example"}}
		}, false},
		{"a Message-ID of the history", "it@acme.example", mailer.Verified, func(*office, string) letter {
			return letter{refs: []string{"unknown@x.example", "Printer@acme.example"}}
		}, true},
		{"the number in the subject", "it@acme.example", mailer.Verified, func(_ *office, number string) letter {
			return letter{subject: "Re: [" + number + "] Printer"}
		}, true},
		{"the number, unverified (F1)", "it@acme.example", mailer.Unverified, func(_ *office, number string) letter {
			return letter{subject: "Re: [" + number + "] Printer"}
		}, false},
		{"the number, by somebody who is not on the list (T18)", "anna@corp.example", mailer.Verified, func(_ *office, number string) letter {
			return letter{subject: "[" + number + "]", to: []string{"support+acme.example@north.example"}}
		}, false},
		{"the number of another tenant's case (T28)", "it@omega.example", mailer.Verified, func(_ *office, number string) letter {
			return letter{subject: "[" + number + "]", to: []string{"support@south.example"}}
		}, false},
		{"subject text alone", "it@acme.example", mailer.Verified, func(*office, string) letter {
			return letter{subject: "Re: Printer"}
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := newOffice(t)
			number := o.file("Printer")
			l := test.letter(o, number)
			l.from, l.level, l.text = test.from, test.level, "More."
			if l.to == nil {
				l.to = []string{"support@north.example"}
			}
			o.send(l)
			if test.append {
				o.wantEvents(number, cases.EventFiled, cases.EventMessage)
			} else {
				o.wantEvents(number, cases.EventFiled)
			}
		})
	}
}

// TestOneMailManyAddresses: one mail reaching a case by several addresses is one
// history entry, and one mail to two tenants is two mails (design 2.2, T33).
func TestOneMailManyAddresses(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	o.say(mailer.Accepted, letter{from: "it@acme.example", subject: "Re: [" + number + "] Printer", text: "More.",
		to: []string{"support@north.example", o.replyTo(number, 1), o.replyTo(number, 2)}})
	o.wantEvents(number, cases.EventFiled, cases.EventMessage)

	got := o.send(letter{from: "it@acme.example", level: mailer.Verified, subject: "Both", messageID: "both@acme.example",
		to: []string{"support@north.example", "support@south.example", "nobody@north.example"}})
	if got[0].Verdict != mailer.Accepted || got[1].Verdict != mailer.Refused || got[2].Reason != mailer.NoSuchAddress {
		t.Errorf("a contact of north's customer wrote to both: %+v, want filed with north and refused by south", got)
	}
	records := o.wantMailsAny()
	if records[0].ID == records[1].ID || records[0].Reseller == records[1].Reseller {
		t.Errorf("want two records with ids of their own, have %s %s and %s %s", records[0].ID, records[0].Reseller, records[1].ID, records[1].Reseller)
	}
	for _, r := range records {
		for _, a := range r.Envelope.Recipients {
			if r.Reseller == "north" && a.Domain == "south.example" || r.Reseller == "south" && a.Domain == "north.example" {
				t.Errorf("the record of %s names %s, the other tenant's address", r.Reseller, a)
			}
		}
	}
}

// TestRetry: the same mail again is answered yes, and nothing happens (T49); the
// same Message-ID with other content is another mail (F17, T17).
func TestRetry(t *testing.T) {
	o := newOffice(t)
	l := letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "Printer", text: "It burns.", messageID: "1@acme.example"}
	for range 5 {
		o.want(mailer.Accepted, o.send(l))
	}
	o.wantEvents("NORTH-1", cases.EventFiled)
	if list, _ := o.List(t.Context(), cases.Filter{}); len(list) != 1 {
		t.Errorf("five times the same mail made %d cases, want 1", len(list))
	}
	l.text = "Something else."
	o.want(mailer.Accepted, o.send(l))
	o.wantEvents("NORTH-2", cases.EventFiled)
	// A retry to more recipients acts for the new ones only.
	l.to = append(l.to, "postmaster@north.example")
	o.send(l)
	if list, _ := o.List(t.Context(), cases.Filter{}); len(list) != 2 {
		t.Errorf("a retry with one more recipient made %d cases of 2", len(list))
	}
	o.wantMails(cases.MailHeld, 1)
}

// TestMovedCustomer: when a customer moves, tokens of the old reseller stop to
// authorise writes, and its cases answer as if they did not exist (R80, R30).
func TestMovedCustomer(t *testing.T) {
	o := newOffice(t)
	o.clock = casestest.Now.AddDate(-1, 0, 0) // 2025-11-20: beta.example is still north's
	o.say(mailer.Accepted, letter{from: "it@beta.example", to: []string{"support@north.example"}, subject: "Old"})
	to := o.replyTo("NORTH-1", 1)
	o.say(mailer.Accepted, letter{from: "it@beta.example", to: []string{to}, subject: "Re: Old", text: "then"})
	o.clock = casestest.Now
	o.say(mailer.Refused, letter{from: "it@beta.example", to: []string{o.replyTo("NORTH-1", 1)}, subject: "Re: Old", text: "now"})
	o.wantEvents("NORTH-1", cases.EventFiled, cases.EventMessage)
	if _, _, err := o.Share(t.Context(), "NORTH-1", mailer.MustAddress("x@y.example"), false); err == nil {
		t.Error("a case of a customer who has moved away could be shared")
	}
}

// TestRemovedPerson: who has left the directory writes no more, by token or by
// hint (T23); his mail is kept.
func TestRemovedPerson(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	o.clock = o.clock.Add(time.Minute)
	next := casestest.Directory()
	next.People = slices.DeleteFunc(next.People, func(p cases.Person) bool { return p.ID == "north-desk" })
	if err := next.Index(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.ApplyDirectory(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	o.say(mailer.Held, letter{from: "desk@agents.example", to: []string{o.replyTo(number, 2)}, subject: "Re: x"})
	o.say(mailer.Refused, letter{from: "desk@agents.example", to: []string{"support@north.example"}, subject: "[" + number + "] x"})
	o.wantEvents(number, cases.EventFiled)
}

// TestTwoCustomers: one mail that names two customers is a case of each (R17).
func TestTwoCustomers(t *testing.T) {
	o := newOffice(t)
	o.say(mailer.Accepted, letter{from: "anna@corp.example", subject: "Outage",
		to: []string{"support+acme.example@north.example", "support+gamma.example@north.example", "support+ACME.example@north.example"}})
	list, err := o.List(t.Context(), cases.Filter{})
	if err != nil || len(list) != 2 || list[0].Customer == list[1].Customer {
		t.Errorf("%d cases were made (%v), want one of acme.example and one of gamma.example", len(list), err)
	}
}

// TestManyTags: another system's tag in front does not hide ours.
func TestManyTags(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{"support@north.example"}, subject: "Re: [JIRA-7] [" + number + "] Printer", text: "More."})
	o.wantEvents(number, cases.EventFiled, cases.EventMessage)
}

// TestThreadIsNotTakenOver: a mail that carries another case's Message-ID does not
// draw that case's replies to itself.
func TestThreadIsNotTakenOver(t *testing.T) {
	o := newOffice(t)
	first := o.file("First")
	second := o.file("Second")
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{o.replyTo(second, 1)}, subject: "Re", text: "x", messageID: "First@acme.example"})
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{"support@north.example"}, subject: "Re", text: "y", refs: []string{"First@acme.example"}})
	o.wantEvents(first, cases.EventFiled, cases.EventMessage)
	o.wantEvents(second, cases.EventFiled, cases.EventMessage)
}

// TestUnknownRecipientIsLogged in samples, without its token: else nobody can
// say why a customer was told 5.1.1.
func TestUnknownRecipientIsLogged(t *testing.T) {
	o := newOffice(t)
	var log strings.Builder
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	for range 100 {
		o.Check(t.Context(), &mailer.Envelope{}, mailer.MustAddress("case-abcdefghijklmnop@gate.example"))
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "recipient=case-…@gate.example") {
		t.Errorf("100 refusals within a second are logged as %q, want one line without the token", log.String())
	}
}

// TestDeferredIsSilent: of a mail that nobody took, nothing is kept or claimed.
func TestDeferredIsSilent(t *testing.T) {
	o := newOffice(t)
	var log strings.Builder
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	got := o.send(letter{from: "it@acme.example", level: mailer.UnknownYet, to: []string{"support@north.example", "postmaster@south.example"}})
	if got[0].Verdict != mailer.Deferred || len(o.wantMailsAny()) != 0 || log.Len() > 0 {
		t.Errorf("answered %+v, %d records, log %q; want deferred, nothing kept, nothing claimed", got, len(o.wantMailsAny()), log.String())
	}
}

// TestIDsNeverOverwrite: a mail whose id is another's is put off, whatever made
// the ids collide.
func TestIDsNeverOverwrite(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	_, events := o.history(number)
	m := o.mail(letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "Other"})
	m.ID = events[0].Mail
	if _, err := o.Accept(t.Context(), m); err == nil {
		t.Error("a mail with the id of another was accepted")
	}
	if r, err := o.Mail(t.Context(), m.ID); err != nil || r.Subject != "Printer" {
		t.Errorf("the first mail's record is now %+v (%v)", r, err)
	}
}

// TestBounce: mail to a return path is a bounce or nothing (T92).
func TestBounce(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	c, _ := o.history(number)
	a := mailer.MustAddress("r-" + o.Keys.Seal(mailer.Token{Purpose: mailer.PurposeReturnPath, Tenant: mailer.TenantTag("north"),
		Case: c.ID.N, Participant: 1, Delivery: 77, Expires: o.clock.AddDate(0, 1, 0)}) + "@gate.example")
	if got := o.Check(t.Context(), &mailer.Envelope{ReversePath: mailer.MustAddress("eve@evil.example")}, a); got.Verdict != mailer.Refused {
		t.Errorf("a mail with a sender to a return path was answered %+v at RCPT, want refused", got)
	}
	null := ""
	o.want(mailer.Accepted, o.send(letter{from: "mailer-daemon@x.example", returnTo: &null, to: []string{a.String()}, kind: mailer.KindBounce}))
	o.wantMails(cases.MailNoted, 1)
	o.wantEvents(number, cases.EventFiled)
}

// TestAutomaticReply is kept in the history and tells nobody (R78, T27, T85).
func TestAutomaticReply(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	o.recipients()
	o.want(mailer.Accepted, o.send(letter{from: "it@acme.example", to: []string{o.replyTo(number, 1)}, kind: mailer.KindAuto, subject: "Out of office"}))
	o.wantEvents(number, cases.EventFiled, cases.EventAuto)
	if got := o.recipients(); got != "" {
		t.Errorf("an automatic reply was told to %q: that is how loops begin", got)
	}
}

// TestThroughList: what a person writes through a list is a person's.
func TestThroughList(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	o.want(mailer.Accepted, o.send(letter{from: "it@acme.example", to: []string{o.replyTo(number, 1)}, kind: mailer.KindList}))
	o.wantEvents(number, cases.EventFiled, cases.EventMessage)
}

// TestReplyShown: the history has every word of a mail. People are shown the reply
// of one that was appended, and all of the one that filed the case, because what
// that quotes is nowhere else.
func TestReplyShown(t *testing.T) {
	o := newOffice(t)
	whole, split := "Again.\n\n> old\n", mailer.Reply{Text: "Again.", Elided: "> old", Confidence: 0.9}
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{"support@north.example"}, subject: "Printer", text: whole, reply: split})
	o.want(mailer.Accepted, o.send(letter{from: "it@acme.example", to: []string{o.replyTo("NORTH-1", 1)}, text: whole, reply: split}))
	o.want(mailer.Accepted, o.send(letter{from: "it@acme.example", to: []string{o.replyTo("NORTH-1", 1)}, text: whole + "x", reply: mailer.Reply{Text: "Again.\n\n> old\nx"}}))
	for i, want := range []string{whole, "Again.", whole + "x"} {
		e := o.wantEvents("NORTH-1", cases.EventFiled, cases.EventMessage, cases.EventMessage)[i]
		if e.Message.Shown() != want || !strings.HasPrefix(e.Message.Text, whole) {
			t.Errorf("of mail %d people are shown %q and %q is kept, want %q and all of it", i+1, e.Message.Shown(), e.Message.Text, want)
		}
	}
}

// TestExplainWritesNothing: the dry run decides as Accept does and leaves no trace.
func TestExplainWritesNothing(t *testing.T) {
	o := newOffice(t)
	l := letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "Printer"}
	dry, err := o.Explain(t.Context(), o.mail(l))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(o.wantMailsAny()); n != 0 {
		t.Errorf("explaining left %d records", n)
	}
	m := o.mail(l)
	if _, err := o.Accept(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	real, err := o.Mail(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(dry[0].Trace.Checks) != fmt.Sprint(real.Trace.Checks) || dry[0].Status != real.Status {
		t.Errorf("explain says\n%v %v\nand accept did\n%v %v", dry[0].Status, dry[0].Trace.Checks, real.Status, real.Trace.Checks)
	}
}

// brokenStore fails every update with a given error.
type brokenStore struct {
	cases.Store
	err error
}

func (b brokenStore) Update(context.Context, func(cases.Tx) error) error { return b.err }

func TestStoreTrouble(t *testing.T) {
	o := newOffice(t)
	real := o.Store
	l := letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}}
	for _, trouble := range []error{cases.ErrBroken, errors.New("disk /dev/x is on fire")} {
		o.Store = brokenStore{real, trouble}
		if _, err := o.Accept(t.Context(), o.mail(l)); !errors.Is(err, trouble) {
			t.Errorf("Accept gave %v while the store gives %v: the door must not answer 250", err, trouble)
		}
	}
	full := func(when string) {
		t.Helper()
		if got := o.send(l); got[0].Verdict != mailer.Deferred || got[0].Reason != mailer.Full {
			t.Errorf("Accept with %s gave %+v, want 452", when, got)
		}
	}
	o.Store = brokenStore{real, cases.ErrFull}
	full("a full store")
	o.Store = real
	o.Room = func() error { return fmt.Errorf("2 MiB left: %w", cases.ErrFull) }
	if got := o.Check(t.Context(), &mailer.Envelope{}, mailer.MustAddress("support@north.example")); got.Reason != mailer.Full || got.Verdict != mailer.Deferred {
		t.Errorf("RCPT with a full disk was answered %+v, want 452 before the disk is full", got)
	}
	full("a full disk")
}

// TestExactlyOnce: whatever the order and however often mails arrive, each
// distinct mail is in the history exactly once.
func TestExactlyOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		o := newOffice(t)
		number := o.file("Printer")
		distinct := map[int]bool{}
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 7), 1, 20).Draw(rt, "mails") {
			to := []string{o.replyTo(number, 1)}
			if n%2 == 0 {
				to = append(to, "support@north.example")
			}
			o.say(mailer.Accepted, letter{from: "it@acme.example", to: to, subject: "Re: [" + number + "]", text: fmt.Sprintf("message %d", n)})
			distinct[n] = true
		}
		_, events := o.history(number)
		seen := map[string]int{}
		for _, e := range events[1:] {
			seen[e.Message.Text]++
		}
		if len(seen) != len(distinct) || len(events) != len(distinct)+1 {
			rt.Fatalf("%d distinct mails came, the history has %v", len(distinct), seen)
		}
	})
}
