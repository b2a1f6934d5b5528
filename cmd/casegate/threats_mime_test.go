package main

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"testing"

	"casegate/cases"
)

// TestThreatBombs: mails that are large in an unforeseen direction are taken,
// kept whole and answered, and the next one too (F13, T54, T56 to T59).
func TestThreatBombs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	repeat := strings.Repeat
	part := "--b\nContent-Type: text/plain\n\nx\n"
	nested := func(n int) string {
		var b strings.Builder
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b0\n\n")
		for i := range n {
			fmt.Fprintf(&b, "--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i+1)
		}
		return b.String()
	}
	var rows []attack
	for _, bomb := range []struct{ name, rest string }{ // from the end of the header on
		{"100,000 parts", "Content-Type: multipart/mixed; boundary=b\n\n" + repeat(part, 100_000) + "--b--\n"},
		{"30 levels, unterminated", nested(30)},
		{"5,000 levels, unterminated", nested(5000)},
		{"5,000 messages in each other", repeat("Content-Type: message/rfc822\n\n", 5000) + "x\n"},
		{"one boundary that begins all others", "Content-Type: multipart/mixed; boundary=\"" + repeat("b", 60) + "\"\n\n" + repeat("--"+repeat("b", 61)+"\n", 50_000)},
		{"a million header lines", repeat("a:b\n", 1_000_000) + "\nx\n"},
		{"a header of 10 MiB", "X-Long: " + repeat("a", 10<<20) + "\n\nx\n"},
		{"a header of 10 MiB, folded", "X-Long: a\n" + repeat(" "+repeat("a", 70)+"\n", 10<<20/72) + "\nx\n"},
		{"a Subject of encoded words", "Subject: " + repeat("=?utf-8?q?x", 20_000) + "\n\nx\n"},
		{"base64 of 10 MiB", "Content-Transfer-Encoding: base64\n\n" + repeat(repeat("YWFh", 19)+"\n", 10<<20/77)},
		{"a PDF that is none, of 8 MiB", "Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n" + repeat(repeat("AAAA", 19)+"\n", 8<<20/77)},
		{"a text of quotes", "\n" + repeat("> > > > > > > > > > > > > > > >\n", 60_000)},
		{"a text of announcements", "\n" + repeat("On Monday, Ann <ann@acme.test> wrote:\n", 60_000)},
		{"a text of one line of quotes", "\n" + repeat(">", 2<<20) + "\n"},
		{"a text of signatures", "\n" + repeat("-- \n", 300_000)},
		{"HTML, open elements", "Content-Type: text/html\n\n" + repeat("<div>", 400_000) + "\n"},
		{"HTML, open tables", "Content-Type: text/html\n\n" + repeat("<table><tr><td>", 100_000) + "\n"},
		{"HTML, one long attribute", "Content-Type: text/html\n\n<a href=\"" + repeat("a", 2<<20) + "\">x</a>\n"},
		{"HTML, many attributes", "Content-Type: text/html\n\n<a " + repeat("x=1 ", 400_000) + ">x</a>\n"},
		{"HTML, a style sheet", "Content-Type: text/html\n\n<style>" + repeat("a{b:c}", 200_000) + "</style><p>x\n"},
		{"HTML, entities", "Content-Type: text/html\n\n" + repeat("&amp", 400_000) + "\n"},
		{"a mail of nothing", "\n"},
		{"NULs", "\n" + repeat(repeat("\x00", 70)+"\n", 20_000)},
		{"an unknown charset", "Content-Type: text/plain; charset=" + repeat("x", 10_000) + "\n\n\xff\xfe\n"},
		{"uuencode without end", "\nbegin 644 a\n" + repeat("M"+repeat("!", 60)+"\n", 50_000)},
		{"winmail.dat that is none", "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\neJ8+Iv////8" + repeat("////", 100_000) + "\n"},
	} {
		text := onWire(fmt.Sprintf("From: %s\nTo: %s\nMessage-ID: <%d@shared.test>\n", sam, intake1, len(rows)) + bomb.rest)
		rows = append(rows, attack{"F13 " + bomb.name, letter{ip: sharedIP, path: sam, to: []string{intake1}, mail: text}, "250", anyStatus, true, func(t *testing.T, r *cases.MailRecord) {
			if raw := w.raw(t, r.ID); !strings.HasSuffix(raw, strings.TrimSuffix(text, "\r\n")+"\r\n") {
				t.Errorf("of the mail's %d octets %d are kept, not ending with it", len(text), len(raw))
			}
		}})
	}
	for i := range rows {
		// Where the header goes beyond what is read, a From may be in the rest: no
		// sender, and so no case.
		if strings.Contains(rows[i].name, "header") {
			rows[i].want, rows[i].effect, rows[i].also = "550 5.6.0", false, nil
		}
	}
	rows = append(rows, attack{"F13 control", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: w.signed(ann, intake1, "New", "text")}, "250", "", true, nil})
	w.run(t, rows)
	t.Run("F13 a header beyond the limits, on a token", func(t *testing.T) {
		w.in(t)
		token := w.token(ann, c1)
		text := onWire("From: " + ann + "\nTo: " + token + "\nX-Long: " + repeat("a", 10<<20) + "\n\nx\n")
		w.run(t, []attack{{"F13", letter{to: []string{token}, mail: text}, "250", cases.MailHeld, false, func(t *testing.T, r *cases.MailRecord) {
			if raw := w.raw(t, r.ID); !strings.HasSuffix(raw, text) {
				t.Error("the mail is not kept whole")
			}
		}}})
	})
}

// TestThreatHTML: what mails of ours show of a hostile page runs nothing and
// fetches nothing (F11).
func TestThreatHTML(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	const page = `<html><head><base href="http://evil.test/"><meta http-equiv="refresh" content="0;url=http://evil.test/"><link rel=stylesheet href="http://evil.test/a.css">
<style>@import url(http://evil.test/b.css); p{background:url(http://evil.test/c.png)}</style><script>alert(1)</script></head><body onload="alert(2)" background="http://evil.test/d.png">
<p style="background:url(http://evil.test/e.png)">visible words</p><img src="http://evil.test/f.png" onerror=alert(3)><a href="javascript:alert(4)">link</a>
<a href=" jAvAsCrIpT&#58;alert(5)">link</a><form action="http://evil.test/"><input name=a><button>x</button></form><svg onload=alert(6)><script>alert(7)</script></svg>
<iframe src="http://evil.test/"></iframe><object data="http://evil.test/g"></object><embed src="http://evil.test/h"><video poster="http://evil.test/i"></video>
<math><mtext></table><img src=x onerror=alert(8)></mtext></math><a href="data:text/html,<script>alert(9)</script>">d</a><x xlink:href="javascript:alert(10)">y</x></body></html>`
	for name, head := range map[string]string{"F11 a page": "Content-Type: text/html; charset=utf-8\n", "F11 text that looks like a page": ""} {
		t.Run(name, func(t *testing.T) {
			w.in(t)
			w.drained()
			before := len(w.sink.all())
			subject := "<script>alert(0)</script><img src=http://evil.test/s.png>"
			w.must("250", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: sign(ann, with(head, w.write(`"<b onclick=alert(11)>Ann" <ann@acme.test>`, intake1, subject, page)))})
			w.drained()
			mails := w.sink.all()[before:]
			if len(mails) < 2 {
				t.Errorf("%d mails went out, want one to ann and one to the agent", len(mails))
			}
			for _, m := range mails {
				harmless(t, htmlOf(t, m.text))
			}
		})
	}
}

// harmful are tags and attributes that run or fetch something.
var harmful = regexp.MustCompile(`(?is)<\s*(script|style[^>]*>[^<]*(import|url)|base|link|form|input|button|iframe|object|embed|video|audio|svg|math|meta\s+http-equiv)\b|` +
	`<[^>]*\s(on[a-z]+|background|srcdoc|formaction)\s*=|<[^>]*(src|href|style)\s*=\s*"?[^">]*(javascript:|data:text|url\()|<img[^>]*evil\.test`)

func harmless(t *testing.T, page string) {
	t.Helper()
	if !strings.Contains(page, "visible words") && !strings.Contains(page, "New case") && !strings.Contains(page, "RA-") {
		t.Errorf("the page shows nothing of the mail:\n%.2000s", page)
	}
	if found := harmful.FindString(page); found != "" {
		t.Errorf("the page that went out has %q in it:\n%.4000s", found, page)
	}
}

// htmlOf is the HTML part of a mail of ours.
func htmlOf(t *testing.T, text string) string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatalf("no HTML part: %v", err)
		}
		if !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			continue
		}
		page, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		return string(page)
	}
}
