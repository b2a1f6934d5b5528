package main

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// entered wants a mail to be in a case, as the newest entry and as its sender's.
func (w *world) entered(number, sender string) func(*testing.T, *cases.MailRecord) {
	return func(t *testing.T, r *cases.MailRecord) {
		t.Helper()
		w.in(t)
		e := w.last(number)
		if e.Mail != r.ID || !e.Actor.Address.Is(mailer.MustAddress(sender)) {
			t.Errorf("the newest entry of %s is mail %s by %s, want %s by %s", number, e.Mail, e.Actor.Address, r.ID, sender)
		}
	}
}

// otherCase wants a mail to have made a case, and not to be in C1.
func otherCase(t *testing.T, r *cases.MailRecord) {
	t.Helper()
	if len(r.Cases) != 1 || r.Cases[0].N == 1 {
		t.Errorf("the mail is in %v, want in a case of its own", r.Cases)
	}
}

// TestThreatHints: what anybody can know or guess leads into no case (F1, T18,
// T19), but for those who are on its list anyway.
func TestThreatHints(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	notice := w.find(ann, "["+c1+"]")
	ours := strings.Trim(notice.field(t, "Message-ID"), "<>")
	at := strings.IndexByte(ours, '@')
	changed := ours[:at/2] + flipLetter(ours[at/2:at/2+1]) + ours[at/2+1:]
	to := []string{intake1}
	refer := func(id, from string) string {
		return sign(from, with("In-Reply-To: <"+id+">\nReferences: <"+id+">\n", w.write(from, intake1, "Re: Printer", "text")))
	}
	w.run(t, []attack{
		{"F1 a number, by a stranger", letter{to: to, mail: w.signed(eve, intake1, "["+c1+"] Printer", "text")}, "550 5.7.1", cases.MailRefused, false, nil},
		{"F1 a number without prefix, by a stranger", letter{to: to, mail: w.signed(eve, intake1, "[12345678] Printer", "text")}, "550 5.7.1", cases.MailRefused, false, nil},
		{"F1 a number, by another's customer", letter{ip: honestIP, path: bob, to: to, mail: w.signed(bob, intake1, "Re: ["+c1+"]", "text")}, "550 5.7.1", cases.MailRefused, false, nil},
		{"F1 a number, by a customer's contact who is not on the case", letter{to: to, mail: w.signed("ann@good.test", intake1, "Re: ["+c1+"]", "text")}, "250", "", true, otherCase},
		{"F1 another tenant's number", letter{ip: honestIP, path: ann, to: to, mail: w.signed(ann, intake1, "Re: ["+c2+"]", "text")}, "250", "", true, otherCase},
		{"F1 control, a number, by its requester", letter{ip: honestIP, path: ann, to: to, mail: w.signed(ann, intake1, "Re: ["+c1+"]", "text")}, "250", "", true, w.entered(c1, ann)},
		{"T19 our Message-ID, by a stranger", letter{to: to, mail: refer(ours, eve)}, "550 5.7.1", cases.MailRefused, false, nil},
		{"T19 our Message-ID, by another's customer", letter{to: to, mail: refer(ours, bob)}, "550 5.7.1", cases.MailRefused, false, nil},
		{"T19 our Message-ID, by a contact who is not on the case", letter{to: to, mail: refer(ours, "ann@good.test")}, "250", "", true, otherCase},
		{"T19 our Message-ID, its MAC changed", letter{ip: honestIP, path: ann, to: to, mail: refer(changed, ann)}, "250", "", true, otherCase},
		{"T19 our Message-ID, its MAC cut off", letter{ip: honestIP, path: ann, to: to, mail: refer(ours[:at/2]+ours[at:], ann)}, "250", "", true, otherCase},
		{"T19 a Message-ID as if it were ours", letter{ip: honestIP, path: ann, to: to, mail: refer("RA-1.1@gate.test", ann)}, "250", "", true, otherCase},
		{"T19 control, our Message-ID, by its requester", letter{ip: honestIP, path: ann, to: to, mail: refer(ours, ann)}, "250", "", true, w.entered(c1, ann)},
	})
}

// flipLetter gives another letter of the alphabet of tokens.
func flipLetter(s string) string {
	if s == "a" {
		return "b"
	}
	return "a"
}

// TestThreatGuesses: 10,000 guesses by a customer of another tenant join nothing,
// and after twenty nobody listens any more (T18, T45).
func TestThreatGuesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	real, own := w.token(ann, c1), w.token(bob, c2)
	before := w.state()
	t.Run("T18 tokens", func(t *testing.T) {
		w.in(t)
		answers, sent := map[string]int{}, 0
		for sessions := 0; sent < 10_000 && sessions < 2000; sessions++ {
			sent += w.guess(answers, real, sent, 10_000-sent)
		}
		t.Logf("of %d guesses: %v", sent, answers)
		if answers["250"] > 0 || answers["550"] == 0 || answers["550"] > 25 {
			t.Errorf("the guesses were answered %v, want no 250, and 550 about 20 times", answers)
		}
		// Nor is the right one told from the others now.
		c := w.dial("127.0.0.77")
		defer c.close()
		c.expect("220")
		c.say("EHLO mx.bolt.test")
		c.say("MAIL FROM:<" + bob + ">")
		if r := c.say("RCPT TO:<" + real + ">"); !strings.HasPrefix(r, "4") {
			t.Errorf("behind the guesses, the right one is answered %q, want 450", r)
		}
	})
	t.Run("T18 numbers", func(t *testing.T) {
		w.in(t)
		for i := range 60 {
			r := w.send(letter{ip: honestIP, path: bob, to: []string{intake1}, mail: w.signed(bob, intake1, fmt.Sprintf("Re: [RA-%d]", i), "text")})
			if !strings.HasPrefix(r, "550 5.7.1 ") {
				t.Fatalf("number %d is answered %q, want 550 5.7.1 for all", i, r)
			}
		}
	})
	if after := w.state(); after != before {
		t.Errorf("guesses changed\n%s\nto\n%s", before, after)
	}
	w.run(t, []attack{
		{"T18 control, others are served", letter{ip: honestIP, path: ann, to: []string{real}, mail: w.signed(ann, real, "Re", "text")}, "250", "", true, w.entered(c1, ann)},
		{"T18 control, bob from elsewhere", letter{ip: honestIP, path: bob, to: []string{own}, mail: w.signed(bob, own, "Re", "text")}, "250", "", true, w.entered(c2, bob)},
	})
}

// guess tries tokens in one session until it ends, and counts the answers.
func (w *world) guess(answers map[string]int, real string, from, most int) (n int) {
	c := w.dial("127.0.0.77")
	defer c.close()
	if c.reply() == closed {
		return 0
	}
	c.say("EHLO mx.bolt.test")
	if r := c.say("MAIL FROM:<" + bob + ">"); r[0] != '2' {
		return 0
	}
	letters := "abcdefghijklmnopqrstuvwxyz234567"
	for ; n < most; n++ {
		i := from + n
		guess := []byte(real)
		pos := len(mailer.ReplyPart) + i%47
		guess[pos] = letters[(strings.IndexByte(letters, guess[pos])+1+i/47%31)%32]
		guess[len(mailer.ReplyPart)+20] = letters[i/1457%32]
		if string(guess) == real {
			guess[len(mailer.ReplyPart)+21] ^= 1
		}
		r := c.say("RCPT TO:<" + string(guess) + ">")
		if r == closed {
			return n
		}
		answers[r[:3]]++
		if strings.HasPrefix(r, "421") {
			return n + 1
		}
	}
	return n
}

// TestThreatTokens: a reply address in every sort of wrong hands, and in right
// ones (T20, F5).
func TestThreatTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	token := w.token(ann, c1)
	if _, _, err := w.gate.desk.Share(t.Context(), c1, mailer.MustAddress("nora@none.test"), false); err != nil {
		t.Fatal(err)
	}
	tag := mailer.TenantTag("r1")
	made := func(tk mailer.Token) []string { return []string{"case-" + w.seal(tk) + "@gate.test"} }
	by := func(from string, to ...string) letter {
		l := letter{ip: honestIP, path: from, to: to, mail: w.signed(from, to[0], "Re: ["+c1+"]", "text")}
		if strings.HasSuffix(from, "none.test") {
			l.mail = w.write(from, to[0], "Re: ["+c1+"]", "text")
		}
		return l
	}
	rows := []attack{
		{"T20 F5 by a stranger", by(eve, token), "250", cases.MailHeld, false, isFrom(eve, mailer.Verified)},
		{"T20 F5 by a stranger of the customer's domain", by("carl@acme.test", token), "250", cases.MailHeld, false, nil},
		{"T20 F5 by another tenant's customer", by(bob, token), "250", cases.MailHeld, false, nil},
		{"T20 F5 by another tenant's agent", by("desk@agents2.test", token), "250", cases.MailHeld, false, nil},
		{"T20 F5 by B, verified and on the list", by(desk1, token), "250", "", true, w.entered(c1, desk1)},
		{"T20 F5 by B, on the list but unverified", by("nora@none.test", token), "250", cases.MailHeld, false, nil},
		{"T20 F5 without a sender", letter{to: []string{token}, mail: onWire("Subject: Re\n\ntext\n")}, "250", cases.MailHeld, false, isFrom("", mailer.Unverified)},
		{"T20 F5 expired", by(ann, made(mailer.Token{Purpose: mailer.PurposeReply, Tenant: tag, Case: 1, Participant: 1, Expires: time.Now().Add(-50 * time.Hour)})...), "550 5.1.1", "", false, nil},
		{"T20 F5 of a tenant that is none", by(ann, made(mailer.Token{Purpose: mailer.PurposeReply, Tenant: mailer.TenantTag("r9"), Case: 1, Participant: 1})...), "550 5.1.1", "", false, nil},
		{"T20 F5 of another tenant", by(ann, w.token(bob, c2)), "250", cases.MailHeld, false, nil},
		{"T20 F5 of a case that is none", by(ann, made(mailer.Token{Purpose: mailer.PurposeReply, Tenant: tag, Case: 99, Participant: 1})...), "550 5.1.1", anyStatus, false, nil},
		{"T20 F5 of a participant that is none, by a stranger", by(eve, made(mailer.Token{Purpose: mailer.PurposeReply, Tenant: tag, Case: 1, Participant: 99})...), "250", cases.MailHeld, false, nil},
		{"T20 F5 control, whole, by its person", by(ann, token), "250", "", true, w.entered(c1, ann)},
		{"T20 F5 control, in capital letters", by(ann, strings.ToUpper(token)), "250", "", true, w.entered(c1, ann)},
	}
	for _, p := range []mailer.Purpose{mailer.PurposeReturnPath, mailer.PurposeMessageID, mailer.PurposeLeave, mailer.PurposeHeld, mailer.PurposeConfirm} {
		rows = append(rows, attack{fmt.Sprintf("T20 F5 of another purpose, %c", p), by(ann, made(mailer.Token{Purpose: p, Tenant: tag, Case: 1, Participant: 1})...), "550 5.1.1", "", false, nil})
	}
	w.run(t, rows)

	// The throttle of T18 would hide what is asked here: each client changes but a
	// few tokens.
	t.Run("T20 F5 a bit changed", func(t *testing.T) {
		w.in(t)
		before := w.state()
		encoding := base32.StdEncoding.WithPadding(base32.NoPadding)
		local, _, _ := strings.Cut(strings.TrimPrefix(token, mailer.ReplyPart), "@")
		whole, err := encoding.DecodeString(strings.ToUpper(local))
		if err != nil {
			t.Fatal(err)
		}
		for bit := 0; bit < len(whole)*8; bit += 5 {
			b := bytes.Clone(whole)
			b[bit/8] ^= 1 << (bit % 8)
			l := by(ann, "case-"+strings.ToLower(encoding.EncodeToString(b))+"@gate.test")
			l.ip = fmt.Sprintf("127.0.1.%d", 1+bit/60)
			if r := w.send(l); !strings.HasPrefix(r, "550 5.1.1") {
				t.Fatalf("with bit %d changed it is answered %q, want 550 5.1.1", bit, r)
			}
		}
		if w.state() != before {
			t.Error("a token with a bit changed had an effect")
		}
	})
	t.Run("T20 nothing is told to the stranger, and no content of his to others", func(t *testing.T) {
		w.in(t)
		const code = "code 482913"
		w.must("250", letter{to: []string{token}, mail: w.signed("no-reply@evil.test", token, "Your "+code, "Your "+code)})
		w.drained()
		for _, m := range w.sink.all() {
			if m.to == ann && strings.Contains(m.text, "482913") {
				t.Errorf("what a stranger wrote went to the token's person:\n%s", m.text)
			}
		}
	})
}

// TestThreatReaders: nobody begins to read by being named (T21, F3), by a ticket
// (T22, F4) or by an old token (T23), and control fields and commands are text
// (T25 to T27).
func TestThreatReaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	token := w.token(ann, c1)
	cc := func(mail string) string { return strings.Replace(mail, "Subject:", "Cc: x@evil.test\r\nSubject:", 1) }
	onlyAsked := func(t *testing.T, r *cases.MailRecord) {
		found, _, err := w.gate.desk.Find(t.Context(), c1)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found.Participants {
			if p.Address.Is(mailer.MustAddress(eve)) {
				t.Errorf("%s follows the case now", eve)
			}
		}
		if len(found.Requested) != 1 {
			t.Errorf("the case has the share requests %v, want the one for %s", found.Requested, eve)
		}
	}
	w.run(t, []attack{
		{"T21 F3 Cc in a forged mail on the token", letter{to: []string{token}, mail: cc(w.write(ann, token, "Re", "text"))}, "550 5.7.26", cases.MailRefused, false, nil},
		{"T21 F3 Cc in a forged mail behind a front hop", letter{ip: frontIP, to: []string{token}, mail: cc(w.write(ann, token, "Re", "text"))}, "250", cases.MailRefused, false, nil},
		{"T21 F3 Cc in a forged mail, p=quarantine", letter{to: []string{intake1}, mail: cc(w.write("cat@quar.test", intake1, "["+c1+"]", "text"))}, "250", cases.MailHeld, false, nil},
		{"T21 Cc by the requester is a request", letter{path: ann, ip: honestIP, to: []string{token}, mail: sign(ann, cc(w.write(ann, token, "Re", "text")))}, "250", "", true, onlyAsked},
		{"T21 F3 the one in Cc then writes", letter{to: []string{token}, mail: w.signed(eve, token, "Re", "send me all")}, "250", cases.MailHeld, false, nil},
		{"T21 F3 the one in Cc then writes to the intake", letter{to: []string{intake1}, mail: w.signed(eve, intake1, "["+c1+"]", "send me all")}, "550 5.7.1", cases.MailRefused, false, nil},

		{"T22 F4 a verification mail to the intake", letter{to: []string{intake1}, mail: sign(eve, with("Auto-Submitted: auto-generated\n", w.write("no-reply@evil.test", intake1, "Code", "482913")))}, "550 5.7.1", cases.MailRefused, false, nil},
		{"T22 F4 a verification mail to a case", letter{to: []string{token}, mail: sign(eve, with("Auto-Submitted: auto-generated\n", w.write("no-reply@evil.test", token, "Code", "482913")))}, "250", cases.MailHeld, false, nil},
		{"T22 F4 a sender whom nobody knows, without records", letter{path: "no-reply@none.test", to: []string{token}, mail: w.write("no-reply@none.test", token, "Code", "482913")}, "250", cases.MailHeld, false, nil},

		{"T25 control fields by a stranger", letter{to: []string{intake1}, mail: with("X-Gateway-Case: RA-1\nX-Casegate-Case: RA-1\nX-Casegate-Tenant: r1\nX-Casegate-Released: yes\n", w.signed(eve, intake1, "New", "text"))}, "550 5.7.1", cases.MailRefused, false, nil},
		{"T25 control fields by another tenant's customer", letter{path: bob, ip: honestIP, to: []string{intake2}, mail: with("X-Gateway-Case: RA-1\nX-Casegate-Case: RA-1\nX-Casegate-Tenant: r1\nDelivered-To: "+token+"\n", w.signed(bob, intake2, "New", "text"))}, "250", "", true,
			func(t *testing.T, r *cases.MailRecord) {
				if r.Reseller != "r2" || len(r.Cases) != 1 || r.Cases[0].Reseller != "r2" {
					t.Errorf("it went to %s, %v; want to r2 only", r.Reseller, r.Cases)
				}
			}},
	})
	t.Run("T23 an old token", func(t *testing.T) { w.in(t); w.oldToken(t) })
	t.Run("T24 merged cases", func(t *testing.T) { t.Skip("cases cannot be merged, and have no parents, yet") })
	for _, text := range []string{"#close", "severity: P0", "/assign x@evil.test", "status: CLOSED", "> #close", "share x@evil.test", "release"} {
		t.Run("T26 F9 command "+text, func(t *testing.T) {
			w.in(t)
			for _, mail := range []string{w.write("nobody@none.test", token, text, text), w.signed(ann, token, "Re: ["+c1+"] "+text, text), w.signed(desk1, token, text, "> "+text)} {
				was, _, err := w.gate.desk.Find(t.Context(), c1)
				if err != nil {
					t.Fatal(err)
				}
				w.must("250", letter{ip: honestIP, to: []string{token}, mail: mail})
				is, _, err := w.gate.desk.Find(t.Context(), c1)
				if err != nil || is.State != was.State || is.Priority != was.Priority || is.Title != was.Title || fmt.Sprint(is.Participants) != fmt.Sprint(was.Participants) {
					t.Errorf("the case was %+v and is %+v, %v: want the command to be text", was, is, err)
				}
			}
		})
	}
	t.Run("T27 an absence note", func(t *testing.T) {
		w.in(t)
		w.drained()
		before := len(w.sink.all())
		was, _, _ := w.gate.desk.Find(t.Context(), c1)
		for _, head := range []string{"Auto-Submitted: auto-replied\n", "X-Autoreply: yes\nPrecedence: bulk\n"} {
			w.must("250", letter{path: "<>", ip: honestIP, helo: "acme.test", to: []string{token}, mail: sign(ann, with(head, w.write(ann, token, "Out of office: Re: ["+c1+"]", "I am away.")))})
		}
		is, _, _ := w.gate.desk.Find(t.Context(), c1)
		if is.State != was.State {
			t.Errorf("the state of the case was %s and is %s", was.State, is.State)
		}
		if w.drained(); len(w.sink.all()) != before {
			t.Errorf("%d mails went out because of an absence note", len(w.sink.all())-before)
		}
		t.Run("T27 after closing", func(t *testing.T) { t.Skip("nothing closes a case yet") })
	})
}

// oldToken: who was shared in and has left writes no more (T23).
func (w *world) oldToken(t *testing.T) {
	sue := mailer.MustAddress("sue@acme.test")
	if _, _, err := w.gate.desk.Share(t.Context(), c1, sue, false); err != nil {
		t.Fatal(err)
	}
	own := w.token("sue@acme.test", c1)
	found, _, err := w.gate.desk.Find(t.Context(), c1)
	if err != nil {
		t.Fatal(err)
	}
	no := uint16(len(found.Participants))
	mail := func() letter {
		return letter{path: "sue@acme.test", ip: honestIP, to: []string{own}, mail: w.signed("sue@acme.test", own, "Re: ["+c1+"]", "text")}
	}
	w.run(t, []attack{{"T23 control, before", mail(), "250", "", true, w.entered(c1, "sue@acme.test")}})
	leave := w.seal(mailer.Token{Purpose: mailer.PurposeLeave, Tenant: mailer.TenantTag("r1"), Case: 1, Participant: no})
	if resp := request(t, "POST", "http://"+w.gate.status().Public+"/leave/"+leave, "List-Unsubscribe=One-Click"); resp.StatusCode != 200 {
		t.Fatalf("leaving is answered %s", resp.Status)
	}
	w.run(t, []attack{{"T23 after", mail(), "", anyStatus, false, nil}})
}

// TestThreatRelease: only what a person who may has written anew decides on a
// held mail (F9, T12).
func TestThreatRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.must("250", letter{to: []string{w.token(ann, c1)}, mail: w.signed(eve, "x@y.test", "Let me in", "text")})
	held := w.newest()
	decide := w.find(desk1, "h-").answerTo(t)
	if held.Status != cases.MailHeld || !strings.HasPrefix(decide, mailer.HeldPart) {
		t.Fatalf("a stranger's mail on the token is %s, and the agent answers to %q", held.Status, decide)
	}
	to := []string{decide}
	parts := func(kind, parts string) string {
		return sign(desk1, onWire("From: "+desk1+"\nTo: "+decide+"\nSubject: Re\nMIME-Version: 1.0\nContent-Type: "+kind+"; boundary=b\n\n"+parts+"--b--\n"))
	}
	ways := []struct{ name, mail string }{
		{"F9 quoted", w.signed(desk1, decide, "Re", "> release")},
		{"F9 in the second line", w.signed(desk1, decide, "Re", "What is this?\nrelease")},
		{"F9 in the subject", w.signed(desk1, decide, "release", "")},
		{"F9 below what is quoted", w.signed(desk1, decide, "Re", "On Monday, x@evil.test wrote:\n> Hello\n> release")},
		{"F9 in a hidden element", parts("multipart/mixed", "--b\nContent-Type: text/html\n\n<div style=\"display:none\">release</div><p>No, thanks</p>\n")},
		{"F9 in a comment", parts("multipart/mixed", "--b\nContent-Type: text/html\n\n<!-- release --><p>No, thanks</p>\n")},
		{"F9 in white letters of no size", parts("multipart/mixed", "--b\nContent-Type: text/html\n\n<span style=\"font-size:0\">release </span>No, thanks\n")},
		{"F9 in an attachment", parts("multipart/mixed", "--b\nContent-Type: text/plain\n\nNo, thanks\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nrelease\n")},
		{"F9 in an attachment alone", parts("multipart/mixed", "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nrelease\n")},
		{"F9 in a mail that is attached", parts("multipart/mixed", "--b\nContent-Type: text/plain\n\nNo, thanks\n--b\nContent-Type: message/rfc822\n\nFrom: "+desk1+"\nSubject: Re\n\nrelease\n")},
		{"F9 by automatic mail", sign(desk1, with("Auto-Submitted: auto-replied\n", w.write(desk1, decide, "Re", "release")))},
		{"F9 by a list", sign(desk1, with("List-Id: <l.agents1.test>\nPrecedence: list\n", w.write(desk1, decide, "Re", "release")))},
		{"F9 by the requester's colleague", w.signed("carl@acme.test", decide, "Re", "release")},
		{"F9 by its own sender", w.signed(eve, decide, "Re", "release")},
		{"F9 by another tenant's agent", w.signed("desk@agents2.test", decide, "Re", "release")},
	}
	var rows []attack
	for _, way := range ways {
		rows = append(rows, attack{way.name, letter{ip: honestIP, path: desk1, to: to, mail: way.mail}, "", anyStatus, false, stillHeld(w, held.ID)})
	}
	rows = append(rows,
		attack{"T12 by SPF alone", letter{ip: honestIP, path: desk1, to: to, mail: w.write(desk1, decide, "Re", "release")}, "", anyStatus, false, stillHeld(w, held.ID)},
		attack{"F2 forged", letter{path: desk1, to: to, mail: w.write(desk1, decide, "Re", "release")}, "550 5.7.26", cases.MailRefused, false, stillHeld(w, held.ID)},
		attack{"F2 forged, behind a front hop", letter{ip: frontIP, path: desk1, to: to, mail: w.write(desk1, decide, "Re", "release")}, "250", cases.MailRefused, false, stillHeld(w, held.ID)},
		attack{"T12 F9 control, in HTML by the agent", letter{ip: honestIP, path: desk1, to: to, mail: parts("multipart/mixed", "--b\nContent-Type: text/html\n\n<p>release</p><blockquote type=cite>Hello</blockquote>\n")}, "250", "", true, nil},
	)
	w.run(t, rows)
	t.Run("F9 control, it is in the case as its sender's", func(t *testing.T) {
		w.in(t)
		if e := w.last(c1); e.Mail != held.ID || !e.Actor.Address.Is(mailer.MustAddress(eve)) || e.Released == "" {
			t.Errorf("the newest entry is %+v, want the mail that was released, as %s's", e, eve)
		}
		found, _, err := w.gate.desk.Find(t.Context(), c1)
		if err != nil || len(found.Participants) != 2 {
			t.Errorf("the case's participants are %+v, %v; want ann and the agent as before", found.Participants, err)
		}
	})
}
