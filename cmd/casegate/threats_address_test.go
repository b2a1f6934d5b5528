package main

import (
	"fmt"
	"strings"
	"testing"

	"casegate/cases"
	"casegate/mailer"
)

// form is an odd way to write an address: L and D stand for its local part and
// domain. Each channel takes it for that very address, or for none.
type form struct {
	text string
	// Which channels take it: RCPT and MAIL (an SMTP path), From (RFC 5322, which
	// has comments around an address), and the operator's or a program's text.
	rcpt, from, api bool
}

var forms = []form{
	{"L@D", true, true, true},
	{"L@D.", false, false, false},
	{"L@.D", false, false, false},
	{".L@D", false, false, false},
	{"L.@D", false, false, false},
	{"L..x@D", false, false, false},
	{"L@@D", false, false, false},
	{"L@x@D", false, false, false},
	{"L@D@x.test", false, false, false},
	{"@L@D", false, false, false},
	{"L", false, false, false},
	{"@D", false, false, false},
	{"L@", false, false, false},
	{"", false, false, false},
	{`"L"@D`, true, true, true},
	{`"L\"@D`, false, false, false},
	{`"L@D`, false, false, false},
	{`L"@D`, false, false, false},
	{`"L" @D`, false, false, false},
	{`""@D`, false, false, false},
	{`"L"x@D`, false, false, false},
	{`"L@x.test"@D`, false, false, false},
	{`"L>@x.test, <"@D`, false, false, false},
	{`\L@D`, false, false, false},
	{"L\\@D", false, false, false},
	{"(c)L@D", false, true, false},
	{"L(c)@D", false, false, false},
	{"L@(c)D", false, false, false},
	{"L@D(c)", false, true, false},
	{"L (c) @ D", false, false, false},
	{"L(@D", false, false, false},
	{"L)@D", false, false, false},
	{"L @D", false, false, false},
	{"L@ D", false, false, false},
	{"L x@D", false, false, false},
	{"L@D x", false, false, false},
	{"L@[D]", false, false, false},
	{"L@[127.0.0.1]", false, false, false},
	{"L@127.0.0.1", false, false, false},
	{"L@[IPv6:::1]", false, false, false},
	{"L%x.test@D", false, false, false},
	{"x.test!L@D", false, false, false},
	// A source route must be taken, and is ignored (RFC 5321 4.1.1.3).
	{"@x.test:L@D", true, false, false},
	{"@x.test,@y.test:L@D", true, false, false},
	{"L@D,x@x.test", false, false, false},
	{"L@D;x@x.test", false, false, false},
	{"g:L@D;", false, false, false},
	{"<L@D>", false, true, false},
	{"=?utf-8?q?L?=@D", false, false, false},
	{"=?utf-8?b?YW5u?=@D", false, false, false},
	{"L@xn--a.D", false, false, false},
	{"L@D\x00", false, false, false},
	{"L\x00@D", false, false, false},
	{"L\x7f@D", false, false, false},
	// What IDNA ignores does not make another domain (UTS 46).
	{"L@D\u200b", true, true, true},
	{"L\u200d@D", false, false, false},
	{"L@D\u3002x", false, false, false},
	{"L\xff@D", false, false, false},
	{"L@-D", false, false, false},
	{"L@a_b!.D", false, false, false},
	{"LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL@D", false, false, false},
}

func (f form) of(local, domain string) string {
	return strings.NewReplacer("L", local, "D", domain).Replace(f.text)
}

// TestThreatAddresses: RCPT, MAIL, From and the operator's verbs take an odd
// address for the same one, or for none (T50 to T53, A8, F12).
func TestThreatAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	token := w.token(ann, c1)
	for i, f := range forms {
		t.Run(fmt.Sprintf("T50 A8 %d %.30q", i, f.text), func(t *testing.T) {
			w.in(t)
			c := w.open("127.0.3.1", false)
			c.say("MAIL FROM:<x@evil.test> SMTPUTF8")
			if r := c.say("RCPT TO:<" + f.of("support", "r1.test") + ">"); (r[0] == '2') != f.rcpt {
				t.Errorf("as recipient it is answered %q, want it taken: %v", r, f.rcpt)
			}
			// As From, in a mail that ann's own domain has signed.
			mail := sign(ann, strings.Replace(w.write("FROM", token, "Re", "text"), "FROM", f.of("ann", "acme.test"), 1))
			before := w.state()
			w.send(letter{ip: honestIP, path: ann, to: []string{token}, mail: mail, utf8: true})
			if took := w.state() != before; took != f.from {
				t.Errorf("as From it is believed to be ann: %v, want %v\n%s", took, f.from, traceOf(w.newest()))
			}
			// As reverse-path it is the same as in RCPT: where it is taken it is this one.
			c = w.open(honestIP, false)
			if r := c.say("MAIL FROM:<" + f.of("ann", "acme.test") + "> SMTPUTF8"); r[0] == '2' && f.text != "" {
				c.say("RCPT TO:<" + token + ">")
				c.say("DATA")
				c.say(stuffed(w.signed(ann, token, "Re", "text")) + ".")
				if got := w.newest().Envelope.ReversePath; got.Is(mailer.MustAddress(ann)) != f.rcpt {
					t.Errorf("as reverse-path it is %s, want ann's: %v", got, f.rcpt)
				}
			}
			if a, err := mailer.ParseAddress(f.of("ann", "acme.test")); (err == nil && a.Is(mailer.MustAddress(ann))) != f.api {
				t.Errorf("as text it is %v, %v; want ann's: %v", a, err, f.api)
			}
		})
	}
	for _, a := range []string{
		"b@b.test> NOTIFY=NEVER", "b@b.test>\r\nRCPT TO:<victim@victim.test", "b@b.test\r\nBcc: x@evil.test", "b@b.test\n", "b\x00@b.test", "b@b.test, c@c.test", "<b@b.test>", "B <b@b.test>",
		"b@b.test SIZE=1", "b@[127.0.0.1]", "b@b.test ", " b@b.test", "b b@b.test", "g: b@b.test;",
	} {
		t.Run(fmt.Sprintf("T53 %q", a), func(t *testing.T) {
			w.in(t)
			before := w.state()
			if got, err := ask[shareAnswer](t.Context(), newClient(w.gate.Config.Data), "case/share", map[string]string{"number": c1, "address": a}); err == nil || w.state() != before {
				t.Errorf("sharing with it gives %+v, %v; want an error and no effect", got, err)
			}
		})
	}
	t.Run("T51 a local part with an address in it", func(t *testing.T) {
		w.in(t)
		const odd = `"attacker@evil.test x"@good.test`
		if _, err := ask[shareAnswer](t.Context(), newClient(w.gate.Config.Data), "case/share", map[string]string{"number": c1, "address": odd}); err != nil {
			return // refused: as good
		}
		w.drained()
		for _, m := range w.sink.all() {
			if strings.Contains(m.to, "attacker") && m.to != odd {
				t.Errorf("a mail to %s went to <%s>", odd, m.to)
			}
		}
	})
	t.Run("T52 a group in Cc", func(t *testing.T) {
		w.in(t)
		was, _, err := w.gate.desk.Find(t.Context(), c1)
		if err != nil {
			t.Fatal(err)
		}
		mail := sign(ann, strings.Replace(w.write(ann, token, "Re", "text"), "Subject:", "Cc: Friends: x@evil.test, y@evil.test;, undisclosed:;\r\nSubject:", 1))
		w.must("250", letter{ip: honestIP, path: ann, to: []string{token}, mail: mail})
		is, _, err := w.gate.desk.Find(t.Context(), c1)
		if err != nil || fmt.Sprint(is.Participants) != fmt.Sprint(was.Participants) {
			t.Errorf("the participants were %v and are %v, %v", was.Participants, is.Participants, err)
		}
	})
}

// TestThreatHugeAddresses: addresses that cost much to read are read, or refused,
// in time (T54), and what nobody's address looks like is nobody's (T55).
func TestThreatHugeAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	huge := map[string]func(n int) string{
		"a comment":               func(n int) string { return "(" + strings.Repeat("a", n) + ") ann@good.test" },
		"open comments":           func(n int) string { return strings.Repeat("(", n) + "ann@good.test" },
		"a domain literal":        func(n int) string { return "ann@[" + strings.Repeat("a", n) + "]" },
		"open literals":           func(n int) string { return "ann@" + strings.Repeat("[", n) },
		"words":                   func(n int) string { return strings.Repeat("word ", n/5) + "<ann@good.test>" },
		"mailboxes":               func(n int) string { return strings.Repeat("ann@good.test,", n/14) + "ann@good.test" },
		"quotes":                  func(n int) string { return strings.Repeat(`"\"`, n/3) + " <ann@good.test>" },
		"backslashes":             func(n int) string { return `"` + strings.Repeat(`\\`, n/2) + `" <ann@good.test>` },
		"dots":                    func(n int) string { return strings.Repeat(".", n) + "@good.test" },
		"at signs":                func(n int) string { return strings.Repeat("@", n) + "good.test" },
		"angle brackets":          func(n int) string { return strings.Repeat("<", n) + "ann@good.test" + strings.Repeat(">", n) },
		"groups":                  func(n int) string { return strings.Repeat("g:", n/2) + "ann@good.test;" },
		"encoded words":           func(n int) string { return strings.Repeat("=?utf-8?q?x?= ", n/14) + "<ann@good.test>" },
		"beginnings of them":      func(n int) string { return strings.Repeat("=?utf-8?q?x", n/11) + " <ann@good.test>" },
		"an international domain": func(n int) string { return "ann@" + strings.Repeat("é", n/2) + ".test" },
	}
	var rows []attack
	for name, text := range huge {
		// Beyond what is read of a header, and within it.
		for _, n := range []int{1 << 20, 200 << 10, 4000} {
			rows = append(rows,
				attack{fmt.Sprintf("T54 From: %d octets, %s", n, name), letter{to: []string{intake1}, mail: w.write(text(n), intake1, "New", "text")}, "550", cases.MailRefused, false, unbelieved},
				attack{fmt.Sprintf("T54 To: %d octets, %s", n, name), letter{to: []string{intake1}, mail: w.signed(eve, text(n), "New", "text")}, "550", cases.MailRefused, false, unbelieved})
		}
	}
	for _, from := range []string{
		"ann@[127.0.0.1]", "ann@[IPv6:::1]", "ann@127.0.0.1", "ann@2130706433", "ann@acme.test.", "ann@acme..test", "ann@" + strings.Repeat("a.", 125) + "acme.test",
		strings.Repeat("a", 65) + "@acme.test", "ann@" + strings.Repeat("a", 64) + ".acme.test", "ann@xn--.test", "ann@xn--a-ecp.xn--99999999", "ann@localhost", "ann@-acme.test", "ann@acme_.test!",
	} {
		rows = append(rows, attack{fmt.Sprintf("T55 %.40s", from), letter{ip: honestIP, path: ann, to: []string{intake1}, mail: sign(ann, w.write(from, intake1, "New", "text"))}, "550", cases.MailRefused, false, unbelieved})
	}
	rows = append(rows,
		attack{"T54 control, a long list in To", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: w.signed(ann, intake1+strings.Repeat(", somebody@else.test", 900), "New", "text")}, "250", "", true, nil},
		attack{"T55 control, a long name", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: sign(ann, w.write(strings.Repeat("Ann ", 200)+"<"+ann+">", intake1, "New", "text"))}, "250", "", true, isFrom(ann, mailer.Verified)})
	w.run(t, rows)
}
