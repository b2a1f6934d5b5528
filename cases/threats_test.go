package cases_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/mailer"
)

// state is what an attack must leave as it was: every case with its history and
// participants, and the notices that went out.
func (o *office) state() string {
	o.t.Helper()
	var b strings.Builder
	list, err := o.List(o.t.Context(), cases.Filter{})
	if err != nil {
		o.t.Fatal(err)
	}
	for _, c := range list {
		_, events := o.history(c.Number)
		fmt.Fprintln(&b, c.Number, c.State, c.Priority, c.Title, c.Updated, len(events), c.Participants, c.Requested)
	}
	return b.String()
}

// attacked is the world of threats.md: a case of acme.example with north, which
// it@acme.example filed, and one of omega.example with south.
func attacked(t *testing.T) *office {
	o := newOffice(t)
	o.file("Printer")
	o.say(mailer.Accepted, letter{from: "it@omega.example", to: []string{"support@south.example"}, subject: "Lamp", messageID: "lamp@omega.example"})
	o.deliver()
	return o
}

const (
	intake = "support@north.example"
	evil   = "eve@evil.example"
)

// TestThreats: who sends what, and what becomes of it. An attack changes nothing
// (threats.md, "no effect") and sends its sender nothing; what is held is there
// with its reason. Each group ends with what must work all the same: a desk that
// refuses everything would withstand every attack.
func TestThreats(t *testing.T) {
	evilPath := "bounce@evil.example"
	token := func(o *office) string { return o.replyTo("NORTH-1", 1) }
	to := func(addresses ...string) func(*office) []string {
		return func(*office) []string { return addresses }
	}
	byToken := func(o *office) []string { return []string{token(o)} }
	for _, test := range []struct {
		name   string
		to     func(*office) []string
		letter letter
		want   mailer.Verdict
		reason mailer.Reason
		effect bool
	}{
		// T1, F2: a forged From.
		{"T1: forged, p=quarantine", to(intake), letter{from: "it@acme.example", level: mailer.Failed, returnTo: &evilPath}, mailer.Held, mailer.NeedsDecision, false},
		{"T1: forged, p=reject", to(intake), letter{from: "it@acme.example", level: mailer.Failed, reject: true, returnTo: &evilPath}, mailer.Refused, mailer.NotAuthenticated, false},
		{"T1: forged, p=reject, of somebody unknown", to(intake), letter{from: "ann@good.example", level: mailer.Failed, reject: true}, mailer.Refused, mailer.NotAuthenticated, false},
		{"F2: a participant forged, on the token", byToken, letter{from: "it@acme.example", level: mailer.Failed, reject: true}, mailer.Refused, mailer.NotAuthenticated, false},
		{"F2: a participant forged, by the number", to(intake), letter{from: "it@acme.example", level: mailer.Failed, reject: true, subject: "[NORTH-1]"}, mailer.Refused, mailer.NotAuthenticated, false},
		{"F2: the same behind a front hop", byToken, letter{from: "it@acme.example", level: mailer.Failed, reject: true, frontHop: true}, mailer.Refused, mailer.NotAuthenticated, false},
		{"control: the participant, authentic", byToken, letter{from: "it@acme.example", level: mailer.Verified}, mailer.Accepted, "", true},
		// T2: a domain without a policy.
		{"T2: a domain without policy, on the token", byToken, letter{from: "x@none.example"}, mailer.Held, mailer.NeedsDecision, false},
		{"T2: a known sender without policy files nothing", to(intake), letter{from: "it@acme.example"}, mailer.Held, mailer.NeedsDecision, false},
		{"control: the token's person without policy", byToken, letter{from: "it@acme.example"}, mailer.Accepted, "", true},
		// T3: DNS down.
		{"T3: DNS down, at the intake", to(intake), letter{from: "it@acme.example", level: mailer.UnknownYet}, mailer.Deferred, mailer.TryLater, false},
		{"T3: DNS down, on the token", byToken, letter{from: "it@acme.example", level: mailer.UnknownYet}, mailer.Deferred, mailer.TryLater, false},
		// F1, T18, T19: guesses and hints.
		{"F1: the number, by a stranger", to(intake), letter{from: evil, level: mailer.Verified, subject: "[NORTH-1] Printer"}, mailer.Refused, mailer.NotAllowed, false},
		{"T18: the number, by another customer", to(intake), letter{from: "it@omega.example", level: mailer.Verified, subject: "[NORTH-1] Printer"}, mailer.Refused, mailer.NotAllowed, false},
		{"T19: a Message-ID of the case, by a stranger", to(intake), letter{from: evil, level: mailer.Verified, refs: []string{"Printer@acme.example"}}, mailer.Refused, mailer.NotAllowed, false},
		{"control: the number, by its requester", to(intake), letter{from: "it@acme.example", level: mailer.Verified, subject: "[NORTH-1] Printer"}, mailer.Accepted, "", true},
		// F4, T20, T22: a token in other hands.
		{"T20: a stranger on the token", byToken, letter{from: evil, level: mailer.Verified}, mailer.Held, mailer.NeedsDecision, false},
		{"T20: no sender at all on the token", byToken, letter{}, mailer.Held, mailer.NeedsDecision, false},
		{"F4: a verification mail to the case", byToken, letter{from: "no-reply@svc.example", level: mailer.Verified, kind: mailer.KindAuto, text: "Your code is 123456"}, mailer.Held, mailer.NeedsDecision, false},
		{"T22: a verification mail to the intake", to(intake), letter{from: "no-reply@svc.example", level: mailer.Verified, kind: mailer.KindAuto}, mailer.Refused, mailer.NotAllowed, false},
		{"F3: an outsider in Cc of a forged mail", byToken, letter{from: "it@acme.example", level: mailer.Failed, toCc: "x@evil.example"}, mailer.Held, mailer.NeedsDecision, false},
		{"F3: the same at the intake", to(intake), letter{from: "it@acme.example", level: mailer.Failed, toCc: "x@evil.example", subject: "[NORTH-1]"}, mailer.Held, mailer.NeedsDecision, false},
		// F5: by B.
		{"F5: B, on the list but unverified", func(o *office) []string { return []string{o.replyTo("NORTH-1", 1)} }, letter{from: "desk@agents.example"}, mailer.Held, mailer.NeedsDecision, false},
		{"control: F5: B, verified and on the list", byToken, letter{from: "desk@agents.example", level: mailer.Verified}, mailer.Accepted, "", true},
		{"control: B, by SPF alone (T12: may append)", byToken, letter{from: "desk@agents.example", level: mailer.VerifiedSPF}, mailer.Accepted, "", true},
		// T11, F8: a signed mail that was written to somebody else.
		{"T11: a replay to the intake", to(intake), replayed("it@acme.example", "someone@else.example"), mailer.Held, mailer.NeedsDecision, false},
		{"T11: a replay of a mail to the other tenant", to(intake), replayed("it@acme.example", "support@south.example"), mailer.Held, mailer.NeedsDecision, false},
		{"control: the same mail, to us", to(intake), replayed("it@acme.example", "someone@else.example "+intake), mailer.Accepted, "", true},
		{"control: Bcc to the token", byToken, replayed("it@acme.example", "someone@else.example"), mailer.Accepted, "", true},
		{"control: Bcc from the sender's own servers", to(intake), ownServers(replayed("it@acme.example", "someone@else.example")), mailer.Accepted, "", true},
		{"SPF of the replayer's own domain is none of the sender's", to(intake), spfPass(replayed("it@acme.example", "x@else.example"), "evil.example"), mailer.Held, mailer.NeedsDecision, false},
		// T25: control fields.
		{"T25: control fields by a stranger", to(intake), letter{from: evil, level: mailer.Verified, header: "X-Gateway-Case: NORTH-1\r\nX-Casegate-Tenant: south\r\n"}, mailer.Refused, mailer.NotAllowed, false},
		// T28: another tenant's case.
		{"T28: north's number at south's intake", to("support@south.example"), letter{from: "it@acme.example", level: mailer.Verified, subject: "[NORTH-1]"}, mailer.Refused, mailer.NotAllowed, false},
		{"T28: north's Message-ID at south's intake", to("support@south.example"), letter{from: "it@acme.example", level: mailer.Verified, refs: []string{"Printer@acme.example"}}, mailer.Refused, mailer.NotAllowed, false},
		// Content.
		{"harmful, from a stranger on the token", byToken, letter{from: evil, level: mailer.Verified, scan: mailer.ScanHarmful}, mailer.Refused, mailer.NotAllowed, false},
		{"harmful, from the token's person, unverified", byToken, letter{from: "it@acme.example", scan: mailer.ScanHarmful}, mailer.Refused, mailer.NotAllowed, false},
		{"harmful, from the token's person", byToken, letter{from: "it@acme.example", level: mailer.Verified, scan: mailer.ScanHarmful}, mailer.Held, mailer.NeedsDecision, false},
		{"harmful, from a contact", to(intake), letter{from: "it@acme.example", level: mailer.Verified, scan: mailer.ScanHarmful}, mailer.Held, mailer.NeedsDecision, false},
		{"suspicious, from the token's person, unverified", byToken, letter{from: "it@acme.example", scan: mailer.ScanSuspicious}, mailer.Held, mailer.NeedsDecision, false},
		{"control: suspicious, from the token's person", byToken, letter{from: "it@acme.example", level: mailer.Verified, scan: mailer.ScanSuspicious}, mailer.Accepted, "", true},
		{"control: a broken scanner is the door's affair", to(intake), letter{from: "it@acme.example", level: mailer.Verified, scan: mailer.ScanBroken}, mailer.Accepted, "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := attacked(t)
			before := o.state()
			l := test.letter
			l.to = test.to(o)
			m := o.mail(l)
			got, err := o.Accept(t.Context(), m)
			if err != nil {
				t.Fatal(err)
			}
			if got[0].Verdict != test.want || got[0].Reason != test.reason {
				t.Errorf("answered %q (%s), want %q (%s)", got[0].Verdict, got[0].Reason, test.want, test.reason)
			}
			if after := o.state(); (before != after) != test.effect {
				t.Errorf("the cases were\n%s\nand are\n%s\nwant an effect: %v", before, after, test.effect)
			}
			for _, d := range o.deliver() {
				toSender := l.from != "" && d.Recipient.Is(mailer.MustAddress(l.from)) && d.Kind != mailer.ConfirmKind
				if !test.effect && (toSender || d.Kind == mailer.NoticeKind) {
					t.Errorf("a %q mail goes to %s because of it", d.Kind, d.Recipient)
				}
			}
			r, err := o.Mail(t.Context(), m.ID)
			if test.want == mailer.Held && (err != nil || r.Reason == "") {
				t.Errorf("the held mail is recorded as %+v (%v), want with a reason", r, err)
			}
		})
	}
}

// replayed is a mail that is verified by its signature alone, with To as given.
func replayed(from, toCc string) letter {
	return letter{from: from, level: mailer.Verified, toCc: toCc, auth: mailer.Auth{
		DKIM:  []mailer.AuthDKIM{{Domain: "acme.example", Selector: "s", Result: "pass"}},
		DMARC: mailer.AuthDMARC{Result: "pass", Policy: "reject", Domain: "acme.example"},
	}}
}

func spfPass(l letter, domain string) letter {
	l.auth.SPF = mailer.AuthSPF{Result: "pass", Domain: domain}
	return l
}

func ownServers(l letter) letter { return spfPass(l, "mail.acme.example") }

// TestUnknownYetThenKnown: what DNS could not say is asked again, and then the mail
// is taken (T3).
func TestUnknownYetThenKnown(t *testing.T) {
	o := newOffice(t)
	l := letter{from: "it@acme.example", level: mailer.UnknownYet, to: []string{intake}, subject: "Printer"}
	o.want(mailer.Deferred, o.send(l))
	l.level = mailer.Verified
	o.want(mailer.Accepted, o.send(l))
	o.wantEvents("NORTH-1", cases.EventFiled)
}

// TestGuessedTokens: of many guesses none is more than an unknown address (T18).
func TestGuessedTokens(t *testing.T) {
	o := attacked(t)
	before, good := o.state(), o.replyTo("NORTH-1", 1)
	for i := range 500 {
		guess := []byte(good)
		at := len("case-") + i%48
		guess[at] = "abcdefghijklmnopqrstuvwxyz234567"[(strings.IndexByte("abcdefghijklmnopqrstuvwxyz234567", guess[at])+1+i/48)%32]
		a, err := mailer.ParseAddress(string(guess))
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Check(t.Context(), &mailer.Envelope{}, a); got.Reason != mailer.NoSuchAddress {
			t.Fatalf("guess %d was answered %+v, want an unknown address", i, got)
		}
		o.want(mailer.Refused, o.send(letter{from: "it@omega.example", level: mailer.Verified, to: []string{a.String()}, text: fmt.Sprint(i)}))
	}
	if after := o.state(); after != before {
		t.Errorf("guesses changed\n%s\nto\n%s", before, after)
	}
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{good}}) // the control
}

// TestReplyToIsNobody: notices go to the addresses on the list, whatever Reply-To
// says (T16).
func TestReplyToIsNobody(t *testing.T) {
	o := attacked(t)
	m := o.mail(letter{from: "it@acme.example", level: mailer.Verified, to: []string{o.replyTo("NORTH-1", 1)}, text: "More."})
	m.Message.ReplyTo = []mailer.Mailbox{{Email: mailer.MustAddress(evil)}}
	if _, err := o.Accept(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	o.say(mailer.Accepted, letter{from: "desk@agents.example", to: []string{o.replyTo("NORTH-1", 2)}, text: "Answer."})
	if got := o.recipients(); got != "desk@agents.example it@acme.example" {
		t.Errorf("notices went to %q, want to the agent and then to it@acme.example", got)
	}
}

// TestMessageIDTakenFirst: an attacker's mail with the Message-ID that the
// customer's will have takes nothing away from it (F17, T17).
func TestMessageIDTakenFirst(t *testing.T) {
	o := attacked(t)
	first := letter{from: evil, level: mailer.Verified, to: []string{o.replyTo("NORTH-1", 1)}, text: "evil", messageID: "x@acme.example"}
	o.want(mailer.Held, o.send(first))
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{intake}, subject: "Genuine", text: "good", messageID: "x@acme.example"})
	o.wantEvents("NORTH-2", cases.EventFiled)
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{intake}, subject: "Re: Genuine", text: "more", refs: []string{"x@acme.example"}})
	o.wantEvents("NORTH-2", cases.EventFiled, cases.EventMessage)
	o.wantEvents("NORTH-1", cases.EventFiled)
	o.wantMails(cases.MailHeld, 1)
}

// TestCommandsAreText: what looks like a command is text, whoever writes it and
// wherever it stands (F9, T26); automatic mail changes no state (T27).
func TestCommandsAreText(t *testing.T) {
	for _, l := range []letter{
		{from: "it@acme.example", text: "#close"},
		{from: "it@acme.example", level: mailer.VerifiedSPF, text: "severity: P1"},
		{from: "it@acme.example", level: mailer.Verified, text: "> #close\n> severity: P0", subject: "Re: [NORTH-1] #close"},
		{from: "it@acme.example", level: mailer.Verified, kind: mailer.KindAutoReply, text: "reopen"},
	} {
		o := attacked(t)
		before, _ := o.history("NORTH-1")
		l.to = []string{o.replyTo("NORTH-1", 1)}
		o.want(mailer.Accepted, o.send(l))
		after, events := o.history("NORTH-1")
		if after.State != before.State || after.Priority != before.Priority || len(after.Participants) != len(before.Participants) {
			t.Errorf("%q by a mail that is %s made the case %+v", l.text, l.level, after)
		}
		if last := events[len(events)-1]; last.Message == nil || last.Message.Text != l.text {
			t.Errorf("%q is not in the history as text", l.text)
		}
		if l.kind == mailer.KindAutoReply && o.recipients() != "" {
			t.Error("an automatic answer was told to somebody (T27)")
		}
	}
}

// TestLeftAndUnshared: who has left writes no more, nor asks for others (T23).
func TestLeftAndUnshared(t *testing.T) {
	o := attacked(t)
	if _, _, err := o.Share(t.Context(), "NORTH-1", mailer.MustAddress("bob@partner.example"), false); err != nil {
		t.Fatal(err)
	}
	to := o.replyTo("NORTH-1", 3)
	o.say(mailer.Accepted, letter{from: "bob@partner.example", to: []string{to}, text: "in"}) // the control
	leave := o.Keys.Seal(mailer.Token{Purpose: mailer.PurposeLeave, Tenant: mailer.TenantTag("north"), Case: 1, Participant: 3, Expires: o.clock.AddDate(1, 0, 0)})
	if _, err := o.Leave(t.Context(), leave); err != nil {
		t.Fatal(err)
	}
	before := o.state()
	o.say(mailer.Held, letter{from: "bob@partner.example", to: []string{to}, text: "out", toCc: evil})
	if r := o.wantMails(cases.MailHeld, 1)[0]; !strings.Contains(r.Reason, "has left the case") {
		t.Errorf("held because of %q, want that its writer has left", r.Reason)
	}
	o.say(mailer.Refused, letter{from: "bob@partner.example", to: []string{intake}, subject: "[NORTH-1]", text: "out"})
	if after := o.state(); after != before {
		t.Errorf("who had left changed\n%s\nto\n%s", before, after)
	}
}

// TestTwoTenantsInOneTransaction: two cases that know nothing of each other; each
// record names its own recipients only (T33).
func TestTwoTenantsInOneTransaction(t *testing.T) {
	o := newOffice(t)
	next := casestest.Directory()
	for i := range next.Customers {
		if next.Customers[i].Domain == "omega.example" {
			next.Customers[i].Contacts = append(next.Customers[i].Contacts, mailer.MustAddress("it@acme.example"))
		}
	}
	o.apply(next)
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{intake, "support@south.example"}, toCc: intake + " support@south.example", subject: "Both"})
	for number, other := range map[string]string{"NORTH-1": "south", "SOUTH-1": "north"} {
		c, events := o.history(number)
		r, err := o.Mail(t.Context(), events[0].Mail)
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(c, r.Envelope.Recipients, r.Outcomes, r.Trace); strings.Contains(text, other) || len(events) != 1 {
			t.Errorf("%s and its record speak of %s, or have more than the filing:\n%s", number, other, text)
		}
	}
}

// TestUniformRefusals: what another has and what nobody has answer alike (T35, F14).
func TestUniformRefusals(t *testing.T) {
	o := attacked(t)
	answer := func(from, to string) string {
		t.Helper()
		got := o.send(letter{from: from, level: mailer.Verified, to: []string{to}, text: to})[0]
		return fmt.Sprint(got.Verdict, got.Reason, got.Text)
	}
	foreign, unknown := answer("anna@corp.example", "support+omega.example@north.example"), answer("anna@corp.example", "support+nobody.example@north.example")
	if foreign != unknown {
		t.Errorf("another's customer is answered %q, an unknown one %q: want no difference", foreign, unknown)
	}
	if a, b := answer(evil, intake), answer("it@omega.example", intake); a != b {
		t.Errorf("a stranger is answered %q, another reseller's contact %q: want no difference", a, b)
	}
	if o.block("north", evil); answer(evil, intake) != answer("it@omega.example", intake) {
		t.Error("a blocked sender can tell that he is")
	}
}

// apply puts another directory in force.
func (o *office) apply(d *cases.Directory) {
	o.t.Helper()
	if err := d.Index(); err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.ApplyDirectory(context.Background(), d); err != nil {
		o.t.Fatal(err)
	}
}

// block puts a pattern on a reseller's block list.
func (o *office) block(r cases.ResellerID, pattern string) {
	o.t.Helper()
	if _, added, err := o.Block(o.t.Context(), r, cases.Block{Pattern: pattern, By: "operator", Why: "spam"}); err != nil || !added {
		o.t.Fatalf("block %s: added %v, %v", pattern, added, err)
	}
}
