package parse

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// fill repeats a text to a size, whole copies only.
func fill(text string, size int) string { return strings.Repeat(text, max(1, size/len(text))) }

// head is the header of a mail of some type up to its body.
func head(contentType string) string {
	return "From: a@north.example\nTo: support@north.example\nSubject: x\nContent-Type: " + contentType + "\n\n"
}

// hostile are mails of a size, each of one thing without end (T54 to T62). What
// is quadratic in any of them grows in ns/B by four from size to size.
func hostile() map[string]func(size int) string {
	all := hostileStructure()
	for _, more := range []map[string]func(int) string{hostileHeader(), hostileText(), hostilePage(), hostileReport()} {
		maps.Copy(all, more)
	}
	return all
}

func hostileStructure() map[string]func(size int) string {
	const mixed = "multipart/mixed; boundary=b"
	return map[string]func(size int) string{
		"parts":                 func(n int) string { return head(mixed) + fill("--b\n\nx\n", n) },
		"parts-within-limit":    func(n int) string { return head(mixed) + strings.Repeat("--b\n\n"+fill("x\n", n/900)+"\n", 900) },
		"hyphens":               func(n int) string { return head(mixed) + "--b\n\n" + fill("--\n", n) },
		"nearly-boundaries":     func(n int) string { return head(mixed) + "--b\n\n" + fill("--bb\n--b-b\n", n) },
		"depth-without-end":     func(n int) string { return nest(n / 60) },
		"depth-with-end":        nestClosed,
		"depth-20-then-lines":   func(n int) string { return nest(20) + fill("--x\n", n) },
		"one-boundary-all-over": func(n int) string { return head(mixed) + fill("--b\nContent-Type: "+mixed+"\n\n", n) },
		"mails-within-mails":    func(n int) string { return fill("Subject: x\nContent-Type: message/rfc822\n\n", n) + "\nHello\n" },
		"digests": func(n int) string {
			return fill("Content-Type: multipart/digest; boundary=b\n\n--b\n\n", n) + "\nHello\n"
		},
	}
}

// nestClosed makes multiparts within each other, all of which end.
func nestClosed(size int) string {
	depth := size / 80
	var b strings.Builder
	b.WriteString("Subject: x\n")
	for i := range depth {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	b.WriteString("\nHello\n")
	for i := range depth {
		fmt.Fprintf(&b, "--b%d--\n", depth-1-i)
	}
	return b.String()
}

func hostileHeader() map[string]func(size int) string {
	field := func(name, text string) func(int) string {
		return func(n int) string { return "From: a@b.example\n" + name + ": " + fill(text, n) + "\n\nHello\n" }
	}
	return map[string]func(size int) string{
		"fields":                  func(n int) string { return "Subject: x\n" + fill("a: b\n", n) + "\nHello\n" },
		"fields-without-colon":    func(n int) string { return "Subject: x\n" + fill("abc\n", n) + "\nHello\n" },
		"one-long-field":          field("X", "y"),
		"one-folded-field":        field("Subject", "y\n "),
		"addresses":               field("To", "a@b.example, "),
		"addresses-unfinished":    field("To", "\"a <"),
		"comments-nested":         field("To", "("),
		"groups":                  field("To", "g: a@b.example; "),
		"routes":                  field("To", "<@a,@b:"),
		"encoded-words":           field("Subject", "=?utf-8?q?x?= "),
		"encoded-words-endless":   field("Subject", "=?utf-8?q?x"),
		"encoded-words-in-names":  field("To", "=?utf-8?b?eA==?= <a@b.example>, "),
		"ids":                     field("References", "<a@b.example> "),
		"ids-unfinished":          field("References", "<a"),
		"dates":                   field("Date", "(Mon "),
		"parameters":              field("Content-Type", "text/plain; a=b; "),
		"file-name-continuations": continuations,
		"percent-signs":           field("Content-Disposition", "attachment; filename*=utf-8''%4"),
	}
}

// continuations is a file name in as many pieces as fit (RFC 2231 3), in a
// header that is within the limit for as long as that lasts.
func continuations(size int) string {
	var b strings.Builder
	b.WriteString("Subject: x\nContent-Disposition: attachment")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, ";\n filename*%d*=%%41", i)
	}
	return b.String() + "\n\nHello\n"
}

func hostileText() map[string]func(size int) string {
	text := func(contentType, before, text string) func(int) string {
		return func(n int) string { return head(contentType) + before + fill(text, n) }
	}
	const plain = "text/plain; charset=utf-8"
	return map[string]func(size int) string{
		"line":             text(plain, "", "x"),
		"line-of-words":    text(plain, "", "word "),
		"line-of-hyphens":  text(plain, "", "-"),
		"line-of-spaces":   text(plain, "", " "),
		"empty-lines":      text(plain, "x\n", "\n"),
		"quotes":           text(plain, "Hello\n", "> quoted\n"),
		"quotes-answered":  text(plain, "Hello\n", "> quoted\nanswer\n"),
		"quotes-deep":      text(plain, "Hello\n", ">"),
		"attributions":     text(plain, "Hello\n", "On Mon, 2 Nov 2026 at 10:00, Anna <a@b.example> wrote:\n"),
		"attribution-long": text(plain, "Hello\nOn Mon, 2 Nov 2026", " Anna"),
		"attribution-head": text(plain, "Hello\n", "On "),
		"mail-heads":       text(plain, "Hello\n", "From: a\nSent: b\nTo: c\nSubject: d\n"),
		"dividers":         text(plain, "Hello\n", "-----Original Message-----\n"),
		"underscores":      text(plain, "Hello\n", "________________________________\n"),
		"signatures":       text(plain, "Hello\n", "-- \nAnna\n"),
		"links":            text(plain, "", "<https://a.example/b> "),
		"flowed":           text("text/plain; charset=utf-8; format=flowed; delsp=yes", "", "> word \n"),
		"uuencode":         text(plain, "", "begin 644 a\n"),
		"uuencode-lines":   text(plain, "begin 644 a\n", "#86)C\n"),
		"base64":           encoded("base64", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("text ", 11)))+"\n"),
		"base64-junk":      encoded("base64", "!=\n"),
		"quoted-printable": encoded("quoted-printable", "=C5=BC=\n"),
		"soft-line-ends":   encoded("quoted-printable", "=\n"),
		"iso-2022-jp":      text("text/plain; charset=iso-2022-jp", "", "\x1b$B\x1b(B"),
		"utf-7":            text("text/plain; charset=utf-7", "", "+AGE-+"),
		"8-bit":            text("text/plain; charset=us-ascii", "", "\xbf\xf3\xb3w "),
		"enriched":         text("text/enriched", "", "<bold><<"),
		"calendar":         text("text/calendar; method=REPLY", "BEGIN:VCALENDAR\n", "BEGIN:VEVENT\nSUMMARY:x\n y\n"),
	}
}

func encoded(encoding, line string) func(size int) string {
	return func(n int) string {
		return "Content-Transfer-Encoding: " + encoding + "\n" + head("text/plain; charset=utf-8") + fill(line, n)
	}
}

func hostilePage() map[string]func(size int) string {
	page := func(text string) func(int) string {
		return func(n int) string { return head("text/html; charset=utf-8") + "<p>Hello</p>" + fill(text, n) }
	}
	return map[string]func(size int) string{
		"page-divs":            page("<div>"),
		"page-mixed-up":        page("<b><i></b>"),
		"page-paragraphs":      page("<p>x</p>"),
		"page-tables":          page("<table><tr><td>"),
		"page-cells":           page("<td>x"),
		"page-lists":           page("<ul><li>"),
		"page-quotes":          page("<blockquote type=cite>"),
		"page-gmail-quotes":    page("<div class=gmail_quote>x</div>"),
		"page-fonts":           page("<font><p>"),
		"page-unfinished-tags": page("<a "),
		"page-attributes":      page("<a " + strings.Repeat("b=c ", 100) + ">"),
		"page-comments":        page("<!--"),
		"page-scripts":         page("<script><!--<script "),
		"page-styles":          page("<p style=\"color:red;display:none\">x"),
		"page-style-sheets":    page("<style>p{color:red}</style>"),
		"page-entities":        page("&amp;&#x41;&"),
		"page-links":           page("<a href=\"https://a.example/\">x</a>"),
		"page-selects":         page("<select><option>"),
		"page-forms":           page("<form><svg><math>"),
	}
}

func hostileReport() map[string]func(size int) string {
	const report = "multipart/report; report-type=delivery-status; boundary=b"
	return map[string]func(size int) string{
		"report-recipients": func(n int) string {
			return head(report) + "--b\n\nHello\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n" +
				fill("\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n", n)
		},
		"report-diagnostic": func(n int) string {
			return head(report) + "--b\n\nHello\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n" +
				"\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nDiagnostic-Code: smtp; " + fill("550 5.1.1\n ", n)
		},
		"report-in-text": func(n int) string {
			return "Return-Path: <>\nFrom: MAILER-DAEMON@b.example\nSubject: Undelivered mail\n\n" +
				fill("<a@b.example>: host c.example said: 550 5.1.1 no such user\n", n)
		},
		"report-addresses": func(n int) string {
			return "Return-Path: <>\nFrom: MAILER-DAEMON@b.example\nSubject: failure notice\n\n" + fill("<a@b.example> ", n)
		},
	}
}

// BenchmarkHostile shows that time is linear in the size, whatever is in a mail:
// ns/B must not grow from one size to the next. Beyond 256 KiB of header, 1,000
// parts, depth 20 and 1 MiB of text the mail is not read, so that the growth of
// what is limited shows in the sizes below. One round of each tells enough:
// -benchtime=1x.
func BenchmarkHostile(b *testing.B) {
	builders := hostile()
	for _, name := range slices.Sorted(maps.Keys(builders)) {
		for _, size := range []int{16 << 10, 64 << 10, 240 << 10, 1 << 20, 4 << 20} {
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				raw := []byte(builders[name](size))
				b.ReportAllocs()
				for b.Loop() {
					Read(raw)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(raw)), "ns/B")
			})
		}
	}
}
