package notify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/templates"
)

// heldFields are all that a mail about held mail has, in order.
var heldFields = []string{
	"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Language",
	"MIME-Version", "Content-Type",
}

// The mails that wait in the tests' world.
var (
	onCase   = mailer.MakeID(0x19f3a1b2c000001)
	atIntake = mailer.MakeID(0x19f3a1b2c000002)
	asked    = mailer.MakeID(0x19f3a1b2c000003)
)

// holding is a stage on which mails wait: a stranger's on the guest's token, one
// at the intake, and one whose sender has been asked.
func holding(tb testing.TB, lang string) *stage {
	s := newStage(tb, lang)
	mail := func(id mailer.ID, from string, level mailer.Level, why cases.HoldReason) *cases.MailRecord {
		return &cases.MailRecord{
			ID: id, Reseller: "north", Received: at(9, 50), Subject: "Your code is 123456", Status: cases.MailHeld, Hold: why,
			Identity: mailer.Identity{Address: address(from), Name: "Mallory", Level: level}, Held: &cases.Held{Since: at(9, 50)},
		}
	}
	s.mails = []*cases.MailRecord{
		mail(onCase, "eve@evil.example", mailer.Verified, cases.HoldOtherSender),
		mail(atIntake, "it@acme.example", mailer.Failed, cases.HoldForged),
		mail(asked, "it@acme.example", mailer.Unverified, cases.HoldUnverified),
	}
	s.mails[0].Held.Since, s.mails[0].Received = at(9, 50).AddDate(0, 0, -3), at(9, 50).AddDate(0, 0, -3)
	s.mails[0].Held.Case, s.mails[0].Held.Participant = s.c.ID, guest
	s.mails[2].Held.ConfirmUntil = at(9, 50).Add(cases.ConfirmLife)
	return s
}

func aboutHeld(kind mailer.DeliveryKind, to, person string, mail mailer.ID) mailer.Delivery {
	return mailer.Delivery{
		ID: mailer.MakeID(0x19f3a1b2c3d4e5f), Kind: kind, Recipient: address(to), Person: person, Mail: mail, Tenant: "north",
		State: mailer.Waiting, Created: at(10, 0), Due: at(10, 0),
	}
}

// inVain answers an answer that did nothing.
func inVain(d mailer.Delivery, why cases.Vain) mailer.Delivery {
	d.Note = string(why)
	return d
}

// TestHeldWords: every reason for which mail is held, and every one for which an answer
// does nothing, has words of its own for people.
func TestHeldWords(t *testing.T) {
	s := holding(t, "en")
	said := map[string]cases.HoldReason{}
	for _, why := range []cases.HoldReason{
		cases.HoldForged, cases.HoldUnverified, cases.HoldAutomatic, cases.HoldReplay, cases.HoldOtherSender, cases.HoldContent,
		cases.HoldCustomer, cases.HoldUnreadable,
	} {
		s.mails[0].Hold = why
		_, raw := s.open(t, aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", onCase))
		_, words, found := strings.Cut(parse(t, raw).text, "Held because: ")
		words, _, _ = strings.Cut(words, "\n")
		if other, twice := said[words]; !found || words == "" || twice {
			t.Errorf("held for %q is told as %q, as is %q", why, words, other)
		}
		said[words] = why
	}
	heard := map[string]cases.Vain{}
	for _, why := range []cases.Vain{
		cases.VainWord, cases.VainCustomer, cases.VainUnknownCustomer, cases.VainNoGrant, cases.VainKnownSender, cases.VainDecided,
		cases.VainNotAlone, cases.VainOther,
	} {
		_, raw := s.open(t, inVain(aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", onCase), why))
		text := parse(t, raw).text
		if other, twice := heard[text]; twice || !strings.Contains(text, "did nothing") {
			t.Errorf("an answer in vain for %q is answered as for %q:\n%s", why, other, text)
		}
		heard[text] = why
	}
}

// TestHeldGolden: each kind in each language, header, text and HTML.
func TestHeldGolden(t *testing.T) {
	for _, lang := range []string{"en", "pl"} {
		s := holding(t, lang)
		for name, d := range map[string]mailer.Delivery{
			"held-agent":     aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", onCase),
			"held-requester": aboutHeld(mailer.HeldKind, "it@acme.example", "", onCase),
			"held-intake":    aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", atIntake),
			"confirm":        aboutHeld(mailer.ConfirmKind, "it@acme.example", "", asked),
			"digest":         aboutHeld(mailer.DigestKind, "desk@agents.example", "desk", ""),
			"vain-word":      inVain(aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", onCase), cases.VainWord),
			"vain-decided":   inVain(aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", onCase), cases.VainDecided),
			"vain-digest":    inVain(aboutHeld(mailer.DigestKind, "desk@agents.example", "desk", ""), cases.VainDigest),
		} {
			out, raw := s.open(t, d)
			p := parse(t, raw)
			base := name + "." + lang
			golden(t, base+".head", "Return-Path: <"+out.ReversePath.String()+">\n"+strings.ReplaceAll(string(out.Header), "\r\n", "\n"))
			golden(t, base+".txt", p.text)
			golden(t, base+".html", p.html)
			if got := fieldNames(out.Header); !slices.Equal(got, heldFields) {
				t.Errorf("%s has the fields %v, want %v", base, got, heldFields)
			}
		}
	}
}

// TestHeldTokens: the address to reply to opens for its purpose, mail and tenant,
// and no longer than it may be used.
func TestHeldTokens(t *testing.T) {
	s := holding(t, "en")
	tests := []struct {
		d       mailer.Delivery
		part    string
		purpose mailer.Purpose
		mail    mailer.ID
		until   time.Time
	}{
		{aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", onCase), "h-", mailer.PurposeHeld, onCase, at(10, 0).AddDate(0, 0, 400)},
		{aboutHeld(mailer.DigestKind, "desk@agents.example", "desk", ""), "h-", mailer.PurposeHeld, "", at(10, 0).AddDate(0, 0, 400)},
		{aboutHeld(mailer.ConfirmKind, "it@acme.example", "", asked), "c-", mailer.PurposeConfirm, asked, at(10, 0).AddDate(0, 0, 7)},
	}
	for _, test := range tests {
		_, raw := s.open(t, test.d)
		reply := strings.Trim(parse(t, raw).header.Get("Reply-To"), "<>")
		local, host, _ := strings.Cut(reply, "@")
		token, err := s.Keys.Open(strings.TrimPrefix(local, test.part), test.purpose, test.until)
		if err != nil || host != s.Hostname || token.Delivery != test.mail.Number() || token.Tenant != mailer.TenantTag("north") {
			t.Errorf("%s: the reply address %s gives %+v (%v), want mail %s of north", test.d.Kind, reply, token, err, test.mail)
		}
		if _, err := s.Keys.Open(strings.TrimPrefix(local, test.part), test.purpose, test.until.AddDate(0, 0, 2)); err == nil {
			t.Errorf("%s: the reply address is good for longer than it may be used", test.d.Kind)
		}
	}
}

// TestHeldSays: agents see the subject, others do not (T22); nobody sees the
// text; the one who is asked sees nothing of the mail (T90); nothing answers our
// question (RFC 3834).
func TestHeldSays(t *testing.T) {
	s := holding(t, "en")
	say := func(d mailer.Delivery) (*mailer.Outgoing, string) {
		out, raw := s.open(t, d)
		p := parse(t, raw)
		return out, string(out.Header) + p.text + p.html
	}
	_, toAgent := say(aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", onCase))
	_, toOwner := say(aboutHeld(mailer.HeldKind, "it@acme.example", "", onCase))
	if !strings.Contains(toAgent, "123456") || strings.Contains(toOwner, "123456") {
		t.Error("the subject must be shown to the agent and to no one else (T22)")
	}
	for _, all := range []string{toAgent, toOwner} {
		if !strings.Contains(all, "eve@evil.example") || !strings.Contains(all, "NORTH-1042") || !strings.Contains(all, "may not simply write") || strings.Contains(all, "Mallory") {
			t.Errorf("who may decide must learn the address, the case and why, without the name that a stranger chose:\n%s", all)
		}
	}
	out, question := say(aboutHeld(mailer.ConfirmKind, "it@acme.example", "", asked))
	for _, theirs := range []string{"123456", "Mallory", "Your code", string(asked)} {
		if strings.Contains(question, theirs) {
			t.Errorf("the question to the sender has %q of the mail in it (T90)", theirs)
		}
	}
	if !out.ReversePath.IsZero() || !strings.Contains(string(out.Header), "Auto-Submitted: auto-replied\r\n") {
		t.Errorf("the question must have the null reverse-path and say that it is an answer (RFC 3834): %s\n%s", out.ReversePath, out.Header)
	}
}

// TestHeldWithdrawn: what is decided by now, or is not the reader's any more, is
// not sent (T23, T93, T98).
func TestHeldWithdrawn(t *testing.T) {
	toAgent, toOwner := aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", onCase), aboutHeld(mailer.HeldKind, "it@acme.example", "", onCase)
	toGuest, toSender := aboutHeld(mailer.HeldKind, "joanna@partner.example", "", onCase), aboutHeld(mailer.ConfirmKind, "it@acme.example", "", asked)
	digest := aboutHeld(mailer.DigestKind, "desk@agents.example", "desk", "")
	to := func(d mailer.Delivery, a string) mailer.Delivery { d.Recipient = address(a); return d }
	elsewhere := func(d mailer.Delivery) mailer.Delivery { d.Tenant = "south"; return d }
	nothing := func(*stage) {}
	decided := func(s *stage) {
		for _, m := range s.mails {
			m.Status, m.Held = cases.MailFiled, nil
		}
	}
	tests := []struct {
		name   string
		d      mailer.Delivery
		change func(*stage)
		sent   bool
	}{
		{"the control: the agent", toAgent, nothing, true},
		{"the control: who filed the case", toOwner, nothing, true},
		{"the control: the token's person", toGuest, nothing, true},
		{"the control: the sender", toSender, nothing, true},
		{"the control: the digest", digest, nothing, true},
		{"decided: the agent", toAgent, decided, false},
		{"decided: the sender", toSender, decided, false},
		{"decided: the digest", digest, decided, false},
		{"gone", toAgent, func(s *stage) { s.mails = nil }, false},
		{"has left the case", toGuest, func(s *stage) { s.c.Participants[guest-1].Left = at(11, 0) }, false},
		{"not the token's person any more", toGuest, func(s *stage) { s.mails[0].Held.Participant = agent }, false},
		{"no agent any more", toAgent, func(s *stage) { s.d.People[3].Accounts[0].Roles = nil }, false},
		{"no agent any more: the digest", digest, func(s *stage) { s.d.People[3].Accounts[0].Roles = nil }, false},
		{"the customer is another's by now (R30)", toAgent, func(s *stage) { s.d.Customers[0].Managed[0].Until = at(11, 0) }, false},
		{"the grant is withdrawn (R20)", toOwner, func(s *stage) { s.d.Customers[0].Denied = true }, false},
		{"a stranger", to(toAgent, "eve@evil.example"), nothing, false},
		{"an address of ours (T87)", to(toAgent, "desk@north.example"), nothing, false},
		{"somebody else confirms", to(toSender, "eve@evil.example"), nothing, false},
		{"the time to confirm is over", toSender, func(s *stage) { s.mails[2].Held.ConfirmUntil = at(11, 59) }, false},
		{"the sender was not asked", aboutHeld(mailer.ConfirmKind, "it@acme.example", "", atIntake), nothing, false},
		{"another tenant's (T28)", elsewhere(toAgent), nothing, false},
		{"another tenant's digest", elsewhere(digest), nothing, false},
		{"the operator's alone", toAgent, func(s *stage) { s.mails[0].Held.Operator = true }, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := holding(t, "en")
			test.change(s)
			_, err := s.Open(t.Context(), test.d)
			if test.sent && err != nil || !test.sent && !errors.Is(err, mailer.ErrWithdrawn) {
				t.Errorf("opening gave %v, want it sent: %v", err, test.sent)
			}
		})
	}
	if _, err := holding(t, "en").Open(t.Context(), aboutHeld("else", "desk@agents.example", "desk", onCase)); err == nil || errors.Is(err, mailer.ErrWithdrawn) {
		t.Errorf("a kind we do not know gave %v, want an error", err)
	}
}

// TestDigestForAdministrator: where there is no agent somebody hears that mail is
// held, and not what strangers wrote (T22).
func TestDigestForAdministrator(t *testing.T) {
	s := holding(t, "en")
	s.d.People[3].Accounts[0].Roles = []string{cases.RoleResellerAdmin}
	if err := s.d.Index(); err != nil {
		t.Fatal(err)
	}
	_, raw := s.open(t, aboutHeld(mailer.DigestKind, "desk@agents.example", "desk", ""))
	if text := parse(t, raw).text; strings.Contains(text, "123456") || !strings.Contains(text, "eve@evil.example") {
		t.Errorf("an administrator must be told of the held mails without their subjects:\n%s", text)
	}
}

// TestDigestLong: as many as fit, the oldest first, and how many more there are.
func TestDigestLong(t *testing.T) {
	s := holding(t, "en")
	for i := range 70 {
		m := *s.mails[1]
		m.ID, m.Identity.Address = mailer.MakeID(0x29f3a1b2c000000+uint64(i)), address(fmt.Sprintf("n%02d@acme.example", i))
		s.mails = append(s.mails, &m)
	}
	_, raw := s.open(t, aboutHeld(mailer.DigestKind, "desk@agents.example", "desk", ""))
	text := parse(t, raw).text
	if !strings.Contains(text, "73 e-mails are held\n") || !strings.Contains(text, "23 more e-mails are held.") || strings.Contains(text, "n47@") || !strings.Contains(text, "n46@") {
		t.Errorf("of 73 held mails the oldest 50 must be named, and the rest counted:\n%s", text)
	}
	if n := strings.Count(text, "Decide by e-mail to:"); n != 50 {
		t.Errorf("%d of them can be decided by mail, want all 50", n)
	}
}

// TestHeldHostile: nothing in a held mail makes a field, an address or a part of
// the mails about it (T77, T78, F10).
func TestHeldHostile(t *testing.T) {
	s := holding(t, "en")
	for _, foreign := range hostile {
		for _, m := range s.mails {
			m.Subject, m.Reason, m.Identity.Name, m.MessageID = foreign, foreign, foreign, foreign
		}
		s.c.Title, s.c.Participants[guest-1].Name = foreign, foreign
		for _, d := range []mailer.Delivery{
			aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", onCase), aboutHeld(mailer.HeldKind, "joanna@partner.example", "", onCase),
			aboutHeld(mailer.DigestKind, "desk@agents.example", "desk", ""), aboutHeld(mailer.ConfirmKind, "it@acme.example", "", asked),
		} {
			out, raw := s.open(t, d)
			p := parse(t, raw)
			if got := fieldNames(out.Header); !slices.Equal(got, heldFields) {
				t.Errorf("%q makes the fields %v", foreign, got)
			}
			for field, box := range map[string]mailer.Address{"From": address("support@north.example"), "To": d.Recipient} {
				if list, err := p.header.AddressList(field); err != nil || len(list) != 1 || list[0].Address != box.String() {
					t.Errorf("%q makes %s %v (%v), want %s alone", foreign, field, list, err, box)
				}
			}
			if out.Recipient != d.Recipient || !strings.HasPrefix(p.text, "##- Reply above") || !strings.Contains(p.html, "</html>\n") {
				t.Errorf("%q changes the envelope, where the text begins or the HTML ends", foreign)
			}
			shows := d.Kind != mailer.ConfirmKind && templates.OneLine(foreign) != ""
			if literal := templates.OneLine(shorten(foreign, 40)); shows && len(foreign) < 30 && !strings.Contains(strings.Join(strings.Fields(p.text), " "), literal) {
				t.Errorf("%q is not shown as it was written:\n%s", foreign, p.text)
			}
		}
	}
}

// TestVainDecidedAddress: who has lost the address since is not told there (T98).
func TestVainDecidedAddress(t *testing.T) {
	s := holding(t, "en")
	d := inVain(aboutHeld(mailer.HeldKind, "desk@agents.example", "desk", onCase), cases.VainDecided)
	s.open(t, d) // the control
	d.Person = "anna"
	if _, err := s.Open(t.Context(), d); !errors.Is(err, mailer.ErrWithdrawn) {
		t.Errorf("the address is another person's: opening gave %v, want it withdrawn", err)
	}
}
