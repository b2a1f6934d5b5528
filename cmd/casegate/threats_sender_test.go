package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/authres"
	"casegate/mailer/dns/dnstest"
)

// isFrom wants a record to name a sender, "" for none, at a level.
func isFrom(address string, level mailer.Level) func(*testing.T, *cases.MailRecord) {
	return func(t *testing.T, r *cases.MailRecord) {
		t.Helper()
		if r == nil {
			t.Fatal("the mail left no record")
		}
		if got := r.Identity; got.Address.String() != address || got.Level != level {
			t.Errorf("the sender is %q, %s (%s), want %q, %s", got.Address, got.Level, got.Why, address, level)
		}
	}
}

// unbelieved wants that a mail, kept or not, was not believed to be ann@good.test's.
func unbelieved(t *testing.T, r *cases.MailRecord) {
	t.Helper()
	if r != nil && r.Identity.IsVerified() && r.Identity.Address.Domain != "evil.test" {
		t.Errorf("the sender is %s, %s (%s): want that nobody is believed to be an honest domain's", r.Identity.Address, r.Identity.Level, r.Identity.Why)
	}
}

// TestThreatForged: forged senders, to a direct client and behind a front hop
// (T1 to T3, F2).
func TestThreatForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	token, to := w.token(ann, c1), []string{intake1}
	byToken := []string{token}
	signedBy := func(domain, from, to string) string { return sign("x@"+domain, w.write(from, to, "More", "text")) }
	w.run(t, []attack{
		{"T1 forged, SPF passes for the forger", letter{to: to, mail: w.write("ann@good.test", intake1, "New", "text")}, "550 5.7.26", cases.MailRefused, false, isFrom("ann@good.test", mailer.Failed)},
		{"T1 forged, signed by the forger", letter{to: to, mail: signedBy("evil.test", "ann@good.test", intake1)}, "550 5.7.26", cases.MailRefused, false, nil},
		{"T1 forged, of somebody unknown", letter{to: to, mail: w.write("ceo@good.test", intake1, "New", "text")}, "550 5.7.26", cases.MailRefused, false, nil},
		{"T1 forged, a subdomain that does not exist", letter{to: to, mail: w.write("ann@sub.good.test", intake1, "New", "text")}, "550 5.7.26", cases.MailRefused, false, nil},
		{"T1 forged, null reverse-path", letter{path: "<>", helo: "good.test", to: to, mail: w.write("ann@good.test", intake1, "New", "text")}, "550 5.7.26", cases.MailRefused, false, nil},
		{"T1 forged, p=quarantine", letter{to: to, mail: w.write("cat@quar.test", intake1, "New", "text")}, "250", cases.MailHeld, false, isFrom("cat@quar.test", mailer.Failed)},
		{"T1 forged, p=none", letter{to: to, mail: w.write("pat@pnone.test", intake1, "New", "text")}, "250", cases.MailHeld, false, isFrom("pat@pnone.test", mailer.Unverified)},
		{"T1 forged, behind a front hop", letter{ip: frontIP, to: to, mail: w.write("ann@good.test", intake1, "New", "text")}, "250", cases.MailRefused, false, isFrom("ann@good.test", mailer.Failed)},
		{"T1 control, authentic", letter{to: to, mail: w.signed("ann@good.test", intake1, "New", "text")}, "250", "", true, isFrom("ann@good.test", mailer.Verified)},
		{"T1 control, authentic, behind a front hop", letter{ip: frontIP, to: to, mail: w.signed("ann@good.test", intake1, "New", "text")}, "250", "", true, isFrom("ann@good.test", mailer.Verified)},

		{"F2 a participant forged, on the token", letter{to: byToken, mail: w.write(ann, token, "Re: ["+c1+"]", "text")}, "550 5.7.26", cases.MailRefused, false, nil},
		{"F2 a participant forged, also in the envelope", letter{path: ann, to: byToken, mail: w.write(ann, token, "Re: ["+c1+"]", "text")}, "550 5.7.26", cases.MailRefused, false, nil},
		{"F2 a participant forged, by the number", letter{to: to, mail: w.write(ann, intake1, "Re: ["+c1+"]", "text")}, "550 5.7.26", cases.MailRefused, false, nil},
		{"F2 a participant forged, on the token, behind a front hop", letter{ip: frontIP, to: byToken, mail: w.write(ann, token, "Re: ["+c1+"]", "text")}, "250", cases.MailRefused, false, nil},
		{"F2 behind a front hop, forged results of its own name further down", letter{ip: frontIP, to: byToken,
			mail: with("Authentication-Results: front.test; spf=pass smtp.mailfrom=x@evil.test\nAuthentication-Results: front.test; spf=pass smtp.mailfrom=ann@acme.test; dkim=pass header.d=acme.test\n", w.write(ann, token, "Re", "text"))},
			"250", cases.MailRefused, false, nil},
		{"F2 control, the participant", letter{to: byToken, mail: w.signed(ann, token, "Re: ["+c1+"]", "text")}, "250", "", true, isFrom(ann, mailer.Verified)},
		{"F2 control, the participant behind a front hop", letter{ip: frontIP, to: byToken, mail: w.signed(ann, token, "Re: ["+c1+"]", "text")}, "250", "", true, nil},
		{"F2 control, SPF as the front hop says", letter{ip: frontIP, to: byToken,
			mail: with("Authentication-Results: front.test; spf=pass smtp.mailfrom=ann@acme.test\n", w.write(ann, token, "Re", "text"))},
			"250", "", true, isFrom(ann, mailer.VerifiedSPF)},

		{"T2 a domain without policy, on the token", letter{path: "x@none.test", to: byToken, mail: w.write("x@none.test", token, "Re", "text")}, "250", cases.MailHeld, false, isFrom("x@none.test", mailer.Unverified)},
		{"T2 a known sender without policy, at the intake", letter{path: "x@none.test", to: to, mail: w.write("x@none.test", intake1, "New", "text")}, "250", cases.MailHeld, false, nil},
		{"T2 a stranger without policy, at the intake", letter{path: "y@none.test", to: to, mail: w.write("y@none.test", intake1, "New", "text")}, "550 5.7.1", cases.MailRefused, false, nil},
	})

	t.Run("T2 control, the token's person without policy", func(t *testing.T) {
		w.in(t)
		if _, _, err := w.gate.desk.Share(t.Context(), c1, mailer.MustAddress("x@none.test"), false); err != nil {
			t.Fatal(err)
		}
		own := w.token("x@none.test", c1)
		w.run(t, []attack{{"T2", letter{path: "x@none.test", to: []string{own}, mail: w.write("x@none.test", own, "Re", "text")}, "250", "", true, isFrom("x@none.test", mailer.Unverified)}})
	})
}

// TestThreatDNS: what DNS cannot say now is asked again, and the mail is neither
// believed nor refused as forged meanwhile (T3).
func TestThreatDNS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	mail := w.signed("x@tmp.test", intake1, "New", "text")
	w.run(t, []attack{
		{"T3 DNS down, at the intake", letter{path: "x@tmp.test", to: []string{intake1}, mail: mail}, "451 4.", "", false, nil},
		{"T3 DNS down, on the token", letter{path: "x@tmp.test", to: []string{w.token(ann, c1)}, mail: mail}, "451 4.", "", false, nil},
		{"T3 DNS down, behind a front hop", letter{ip: frontIP, path: "x@tmp.test", to: []string{intake1}, mail: mail}, "451 4.", "", false, nil},
	})
	t.Run("T3 control, DNS restored", func(t *testing.T) {
		w.in(t)
		for _, name := range tmpNames {
			w.dns.Fail(name, dnstest.None)
		}
		before, reply := w.state(), ""
		for begin := time.Now(); time.Since(begin) < patience; time.Sleep(100 * time.Millisecond) {
			if reply = w.send(letter{path: "x@tmp.test", to: []string{intake1}, mail: mail}); reply[0] == '2' {
				break
			}
		}
		if reply[0] != '2' || w.state() == before {
			t.Errorf("the retry is answered %q, want 250 and a case", reply)
		}
	})
}

// TestThreatFrom: forms of a header that two programs read differently, each with
// a signature and SPF of evil.test's own that pass (T4 to T8, F6).
func TestThreatFrom(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	const good, x = "ann@good.test", "x@evil.test"
	type form struct {
		name, fields string
		address      string // who it is from; "": nobody
	}
	var rows []attack
	add := func(number, want string, forms []form) {
		for i, f := range forms {
			mail := onWire(fmt.Sprintf("%s\nTo: %s\nSubject: New\nMessage-ID: <%s.%d@x.test>\n\ntext\n", f.fields, intake1, strings.Fields(number)[0], i))
			also := unbelieved
			if f.address == "" {
				also = func(t *testing.T, r *cases.MailRecord) {
					unbelieved(t, r)
					isFrom("", mailer.Unverified)(t, r)
				}
			}
			rows = append(rows, attack{number + " " + f.name, letter{to: []string{intake1}, mail: keyOf("evil.test").Sign(mail, "from", "to", "subject")},
				want, cases.MailRefused, false, also})
		}
	}
	add("T4 F6", "550 5.6.0", []form{
		{"two From, good last", "From: x@evil.test\nFrom: ann@good.test", ""},
		{"two From, good first", "From: ann@good.test\nFrom: x@evil.test", ""},
		{"two From, the first folded", "From:\n ann@good.test\nFrom: x@evil.test", ""},
		{"two From, the second folded", "From: x@evil.test\nFrom:\n ann@good.test", ""},
		{"two From, space before the first name (a9)", " From: ann@good.test\nFrom: x@evil.test", ""},
		{"two From, space before the second name (a9)", "From: x@evil.test\n From: ann@good.test", ""},
		{"two From, space behind the name (a10)", "From : ann@good.test\nFrom: x@evil.test", ""},
		{"two From, name and colon folded (a11)", "From\n : ann@good.test\nFrom: x@evil.test", ""},
		{"three From", "From: x@evil.test\nFrom: ann@good.test\nFrom: x@evil.test", ""},
		{"two From, in other cases", "FROM: ann@good.test\nfrom: x@evil.test", ""},
		{"no From", "Sender: ann@good.test", ""},
	})
	add("T5 F6", "550 5.6.0", []form{
		{"two mailboxes, good first (a14)", "From: ann@good.test, x@evil.test", ""},
		{"two mailboxes, good last", "From: x@evil.test, ann@good.test", ""},
		{"two mailboxes with names", "From: Ann <ann@good.test>, X <x@evil.test>", ""},
		{"two mailboxes and a Sender", "Sender: x@evil.test\nFrom: ann@good.test, x@evil.test", ""},
		{"two mailboxes, good as Sender", "Sender: ann@good.test\nFrom: <x@evil.test>, <ann@good.test>", ""},
		{"two mailboxes by semicolon", "From: ann@good.test; x@evil.test", ""},
	})
	add("T6 F6", "550 5.7.1", []form{
		{"good as Sender (a12)", "Sender: ann@good.test\nFrom: x@evil.test", x},
		{"good as Resent-From (a13)", "Resent-From: ann@good.test\nFrom: x@evil.test", x},
		{"good as Resent-Sender", "Resent-Sender: ann@good.test\nFrom: x@evil.test", x},
		{"good as Return-Path", "Return-Path: <ann@good.test>\nFrom: x@evil.test", x},
	})
	add("T6 F6", "550 5.7.26", []form{{"good as From, evil as Sender", "Sender: x@evil.test\nFrom: ann@good.test", good}})
	// A conservative grammar: what it does not take is nobody's. Where the one
	// address is x@evil.test or a forged one, it may be read as that.
	add("T7 F6", "550", []form{
		{"encoded word as address (a15)", "From: =?utf-8?b?YW5uQGdvb2QudGVzdA==?=", ""},
		{"encoded word as local part", "From: <=?utf-8?q?ann?=@good.test>", ""},
		{"encoded list before evil (a15)", "From: =?utf-8?b?PGFubkBnb29kLnRlc3Q+LCA8Pg==?=, <x@evil.test>", ""},
		{"encoded address as name", "From: =?utf-8?q?ann=40good.test?= <x@evil.test>", ""},
		{"encoded bracket in a name", "From: =?utf-8?q?Ann_=3Cann=40good.test=3E?= <x@evil.test>", ""},
		{"route portion (a16)", "From: <@evil.test,@any.test:ann@good.test>", ""},
		{"route portion the other way", "From: <@good.test:x@evil.test>", ""},
		{"quoted pair (a17)", `From: <ann@good.test>\,<x@evil.test>`, ""},
		{"quoted pair in the local part", `From: "ann@good.test\">"@evil.test`, ""},
		{"specials precedence (a18)", "From: <ann@good.test>,<x@evil.test", ""},
		{"specials, a comma in a comment", "From: <ann@good.test>(, <x@evil.test>)", ""},
		{"address behind a comment (a19)", "From: (x@evil.test) ann@good.test", ""},
		{"two angle addresses (a19)", "From: <ann@good.test><x@evil.test>", ""},
		{"an unquoted name that is an address (a19)", "From: ann@good.test <x@evil.test>", ""},
		{"address and angle address", "From: <ann@good.test> x@evil.test", ""},
		{"brackets in brackets", "From: <<ann@good.test> x@evil.test>", ""},
		{"two at signs", "From: ann@good.test@evil.test", ""},
		{"a name with brackets in quotes", `From: "<ann@good.test>" <x@evil.test>`, ""},
		{"brackets never closed", "From: x@evil.test <ann@good.test", ""},
		{"a group (F6)", "From: Friends: ann@good.test;", ""},
		{"an empty group (F6)", "From: undisclosed-recipients:;", ""},
		{"a group named like an address", "From: ann@good.test: x@evil.test;", ""},
		{"a folded address", "From: ann@\n good.test\n (x@evil.test)", ""},
		{"an empty From", "From:", ""},
	})
	// T7 asks that none is ann; which of them is nobody and which forged is the
	// grammar's affair, so that only the belief is checked.
	for i := range rows {
		if strings.HasPrefix(rows[i].name, "T7") {
			rows[i].also = unbelieved
		}
	}
	w.run(t, rows)
}

// TestThreatNUL: an octet that some programs stop at (T8), and forms that are odd
// and clear (controls of T4 to T7).
func TestThreatNUL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	const good, x = "ann@good.test", "x@evil.test"
	var rows []attack
	nul := strings.NewReplacer("NUL", "\x00")
	for _, f := range []struct{ name, fields string }{
		{"NUL in the address", "From: x@good.testNUL.evil.test"},
		{"NUL in the name", "From: AnnNUL <ann@good.test>"},
		{"NUL in the field's name", "FromNUL: ann@good.test\nFrom: x@evil.test"},
		{"NUL before a second From", "From: x@evil.test\nNULFrom: ann@good.test"},
	} {
		mail := nul.Replace(onWire(f.fields + "\nTo: " + intake1 + "\nSubject: New\n\ntext\n"))
		rows = append(rows, attack{"T8 " + f.name, letter{to: []string{intake1}, mail: keyOf("evil.test").Sign(mail, "from", "to", "subject")}, "550", cases.MailRefused, false, unbelieved})
	}
	rows = append(rows, attack{"T8 NUL in the reverse-path", letter{path: "x@good.test\x00.evil.test", to: []string{intake1}, mail: w.write(x, intake1, "New", "text")}, "5", "", false, nil})
	rows = append(rows,
		attack{"T7 control, a comment and a quoted name", letter{to: []string{intake1}, mail: sign(good, onWire("From: \"Ann, of Good\" (office) <ann@good.test>\nTo: "+intake1+"\nSubject: New\nMessage-ID: <control1@x.test>\n\ntext\n"))}, "250", "", true, isFrom(good, mailer.Verified)},
		attack{"T4 control, a folded From", letter{to: []string{intake1}, mail: sign(good, onWire("From:\n Ann\n <ann@good.test>\nTo: "+intake1+"\nSubject: New\nMessage-ID: <control2@x.test>\n\ntext\n"))}, "250", "", true, isFrom(good, mailer.Verified)},
		attack{"T6 control, authentic with another Sender", letter{to: []string{intake1}, mail: sign(good, onWire("Sender: secretary@good.test\nFrom: ann@good.test\nTo: "+intake1+"\nSubject: New\nMessage-ID: <control3@x.test>\n\ntext\n"))}, "250", "", true, isFrom(good, mailer.Verified)},
	)
	w.run(t, rows)
}

// TestThreatResults: Authentication-Results that a mail brings along have no
// effect, and what is foreign cannot forge ours (T9, F7).
func TestThreatResults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	forged := w.write("ann@good.test", intake1, "New", "text")
	var rows []attack
	for _, f := range []struct{ name, fields string }{
		{"our own name", "Authentication-Results: gate.test; dmarc=pass header.from=good.test; dkim=pass header.d=good.test; spf=pass smtp.mailfrom=good.test\n"},
		{"folded", "Authentication-Results:\n gate.test;\n\tdmarc=pass\n header.from=good.test\n"},
		{"doubled", strings.Repeat("Authentication-Results: gate.test; dmarc=pass header.from=good.test\n", 3)},
		{"in other letters", "AUTHENTICATION-RESULTS: GATE.TEST; dmarc=pass header.from=good.test\n"},
		{"with a version and comments", "Authentication-Results: (we) gate.test (really) 1; dmarc=pass (p=reject) header.from=good.test\n"},
		{"of a front hop, by a direct client", "Authentication-Results: front.test; dmarc=pass header.from=good.test; dkim=pass header.d=good.test; spf=pass smtp.mailfrom=ann@good.test\n"},
		{"ARC without a seal", "ARC-Authentication-Results: i=1; gate.test; dmarc=pass header.from=good.test\n"},
		{"Received-SPF", "Received-SPF: pass (gate.test: domain of good.test) client-ip=127.0.0.10\n"},
		{"X- fields of ours", "X-Casegate-Auth: pass\nX-Casegate-Identity: verified\n"},
	} {
		rows = append(rows, attack{"T9 F7 " + f.name, letter{to: []string{intake1}, mail: with(f.fields, forged)}, "550 5.7.26", cases.MailRefused, false, unbelieved})
	}
	w.run(t, rows)

	// What an attacker chooses is in our own field: the reverse-path, the domain
	// and selector of a signature.
	t.Run("T9 echo", func(t *testing.T) {
		w.in(t)
		read := 0
		for i, l := range []letter{
			{path: `"good.test; dmarc=pass header.from=good.test ("@evil.test`},
			{path: `"a)(b\" dkim=pass header.d=good.test"@evil.test`},
			{path: eve, mail: "DKIM-Signature: v=1; a=rsa-sha256; d=good.test(.evil.test; s=x; h=from; bh=AA==; b=AA==\n"},
			{path: eve, mail: "DKIM-Signature: v=1; a=rsa-sha256; d=good.test; s=\"x; dmarc=pass header.from=good.test (\"; h=from; bh=AA==; b=AA==\n"},
			{path: eve, mail: "DKIM-Signature: v=1; a=rsa-sha256; d=\"good.test'.evil.test; s=x'; h=from; bh=AA==; b=AA==\n"},
			{path: eve, mail: "DKIM-Signature: v=1; a=rsa-sha256; d=evil.test; s=x\n  .y; i=\"; dmarc=pass\"@evil.test; h=from; bh=AA==; b=AA==\n"},
		} {
			l.to = []string{w.token(ann, c1)}
			l.mail = with("Authentication-Results: gate.test; dmarc=pass header.from=good.test\n"+l.mail, w.write("cat@quar.test", l.to[0], "Re", "text"))
			reply := w.send(l)
			if strings.HasPrefix(reply, "5") {
				continue // it never got so far as to be written down
			}
			read++
			first := strings.Join(strings.Fields(topResults(t, w, w.newest().ID)), " ")
			results, err := authres.Parse(first)
			if err != nil || results.ID != "gate.test" {
				t.Errorf("%d: our field cannot be read back: %v\n%s", i, err, first)
			}
			for _, m := range results.Methods {
				if m.Result == "pass" && m.Name != "spf" {
					t.Errorf("%d: our field says %s=pass, of nothing that passed:\n%s", i, m.Name, first)
				}
				if domain, _ := m.Prop("smtp", "mailfrom"); m.Name == "spf" && strings.Contains(domain, "good.test") && m.Result == "pass" && !strings.HasSuffix(strings.Trim(domain, `"`), "evil.test") {
					t.Errorf("%d: our field says that SPF passed for %q:\n%s", i, domain, first)
				}
			}
		}
		if read < 4 {
			t.Errorf("only %d of the mails got so far as to have a field of ours, want 4 or more", read)
		}
	})
}

// topResults is the topmost Authentication-Results field of a mail as
// `casegate mail raw` gives it.
func topResults(t *testing.T, w *world, id mailer.ID) string {
	t.Helper()
	raw := w.raw(t, id)
	head, _, _ := strings.Cut(raw, "\r\n\r\n")
	head = strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(head)
	for line := range strings.SplitSeq(head, "\r\n") {
		if value, ok := strings.CutPrefix(line, "Authentication-Results:"); ok {
			return value
		}
	}
	t.Fatalf("no Authentication-Results in\n%s", head)
	return ""
}

// raw is a mail as `casegate mail raw` gives it.
func (w *world) raw(t *testing.T, id mailer.ID) string {
	t.Helper()
	answer, err := newClient(w.gate.Config.Data).post(context.Background(), "mail/raw", strings.NewReader(fmt.Sprintf("{\"id\": %q}", id)))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Close()
	raw, err := io.ReadAll(answer)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestThreatSPFAlone: a pass by SPF alone may file and append, and commands
// nothing: other customers of the same relay have it too (T12).
func TestThreatSPFAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.run(t, []attack{
		{"T12 control, files by SPF alone", letter{ip: sharedIP, path: "sam@shared.test", to: []string{intake1}, mail: w.write("sam@shared.test", intake1, "New", "text")}, "250", "", true, isFrom("sam@shared.test", mailer.VerifiedSPF)},
		{"T12 another of the relay, forging a domain that does not use it", letter{ip: sharedIP, path: ann, to: []string{intake1}, mail: w.write(ann, intake1, "New", "text")}, "550 5.7.26", cases.MailRefused, false, nil},
	})
}

// stillHeld wants that nobody has decided on a held mail.
func stillHeld(w *world, id mailer.ID) func(*testing.T, *cases.MailRecord) {
	return func(t *testing.T, _ *cases.MailRecord) {
		t.Helper()
		r, err := w.gate.desk.Mail(t.Context(), id)
		if err != nil || r.Status != cases.MailHeld {
			t.Errorf("the held mail is now %+v, %v; want still held", r, err)
		}
	}
}
