package parse

import (
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestNothingLost: whatever is odd about a mail, its words are shown, attached, or
// said to be left out.
func TestNothingLost(t *testing.T) {
	code := base64.StdEncoding.EncodeToString
	base64Part := func(body string) string {
		return "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + body + "\n"
	}
	uu := "begin 644 a.txt\n#86)C\n`\nend\n"
	tests := []struct{ name, raw, text, attachments, told string }{
		{"a footer below base64", base64Part(code([]byte("Hello there")) + "\n-- \nScanned by x"), "Hello there\n-- \nScanned by x\n", "", ""},
		{"a word below padded base64", base64Part(code([]byte("Hello, you")) + "\nScanned"), "Hello, you\nScanned\n", "", ""},
		{"two runs of base64", base64Part(code([]byte("Hello you")) + "\n" + code([]byte(", please help"))), "Hello you, please help", "", ""},
		{"a character too many", base64Part(code([]byte("Hello there.")) + "\nQ"), "Hello there.", "", ""},
		{"no base64 at all", base64Part("Hello, my printer burns"), "Hello, my printer burns\n", "", ""},
		{"a sentence below base64", base64Part(code([]byte("Hello you")) + "\n\nThis email was scanned by Foo."), "Hello you\nThis email was scanned by Foo.\n", "", "not all in base64"},
		{"words that look like base64", base64Part("Hello,\nprinter\nburns\nRegards\nBo"), "Hello,\nprinter\nburns\nRegards\nBo\n", "", "not all in base64"},
		{"a word of four letters", base64Part("Sehr geehrte Damen"), "Sehr geehrte Damen\n", "", "not all in base64"},
		{"quoted-printable in long lines", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("n=C3=A9 ", 2000) + "wo= \nrd\n", strings.Repeat("né ", 2000) + "word\n", "", ""},
		{"a report that is none", mime("report", "b", plainPart, "Content-Type: message/delivery-status\n\nour server room burns\n"), "plain text\n", "part-2.txt", ""},
		{"uuencode without an end", "Content-Type: application/octet-stream; name=x.bin\nContent-Transfer-Encoding: x-uuencode\n\nwords\nbegin 644 a.txt\n#86)C\n", "", "x.bin", "no end"},
		{"two pages in an alternative", mime("alternative", "b", htmlPart, "Content-Type: text/html\n\n<p>other words</p>\n"), "html & text\n\nother words\n", "", ""},
		{"an encoding with more behind it", "Content-Type: text/plain\nContent-Transfer-Encoding: base64; x=y\n\nSGk=\n", "Hi", "", ""},
		{"text behind the last part", mime("mixed", "b", plainPart) + "late words\n", "plain text\n", "", "behind the last part"},
		{"a part behind the last delimiter", mime("mixed", "b", plainPart) + "--b\n" + pdfPart + "\n--b--\n", "plain text\n", "a.pdf", ""},
		{"files and words in uuencode", mime("mixed", "b", plainPart, "Content-Type: text/plain; name=all\nContent-Transfer-Encoding: x-uuencode\n\nbefore\n"+uu+strings.ReplaceAll(uu, "a.txt", "b.txt")+"behind\n"),
			"plain text\n\nbefore\nbehind\n", "all b.txt", ""},
		{"plain texts in multiparts of an alternative", mime("alternative", "b", mime("mixed", "c", plainPart), mime("mixed", "d", "Content-Type: text/plain\n\nother\n")), "plain text\n\nother\n", "", ""},
		{"plain text that points to the page", mime("alternative", "b", "Content-Type: text/plain\n\nUse an HTML reader.\n", "Content-Type: text/html\n\n<p>"+strings.Repeat("The server in Oslo burns. ", 9)+"</p>"),
			strings.TrimSpace(strings.Repeat("The server in Oslo burns. ", 9)) + "\n", "", ""},
		{"a page with a name", "Content-Type: text/html; name=mail.html\n\n<p>Hello</p>\n", "Hello\n", "mail.html", ""},
		{"another sort of text", "Content-Type: text/markdown\n\n*Hello*\n", "*Hello*\n", "part-1.txt", ""},
		{"a mail that is passed on", mime("mixed", "b", "Content-Type: message/rfc822\n\nFrom: bo@x.example\n\nHello\n"), "Hello\n", "part-1.eml", ""},
		{"a file in a report", mime("report", "b", plainPart, "Content-Type: message/delivery-status; name=contract.pdf\n\nx\n", "Content-Type: message/global\n\nSubject: x\n\ny\n"),
			"plain text\n", "contract.pdf part-3.eml", ""},
		{"an S/MIME file by its name", "Content-Type: application/octet-stream; name=smime.p7m\n\nx\n", "", "smime.p7m", "S/MIME"},
		{"a multipart that names no boundary", "Content-Type: multipart/mixed\n\n--x y\nContent-Type: text/plain\n\nHello\n--x y\nContent-Type: application/pdf; name=a.pdf\n\nPDF\n--x y--\n", "Hello", "a.pdf", ""},
		{"a mailbox", "From bo@x.example Mon Nov  2 10:00:00 2026\nSubject: x\n\nHello\n\nFrom bo@x.example Tue Nov  3 10:00:00 2026\nSubject: y\n\nAgain\n",
			"Hello\n\nFrom bo@x.example Tue Nov  3 10:00:00 2026\nSubject: y\n\nAgain\n", "", "several mails"},
		{"no mail", "\x7fELF\x01\x02\x03 and so on\n", "\x7fELF\x01\x02\x03 and so on\n", "", "no header"},
		{"two Content-Type fields", "Content-Type: text/plain\nContent-Type: text/html\n\n<p>\n", "<p>\n", "", "two Content-Type"},
	}
	for _, tt := range tests {
		m := Read(crlf(tt.raw))
		var names []string
		for _, a := range m.Attachments {
			names = append(names, a.Name)
		}
		told := strings.Join(append(m.Limits, m.Marks...), " ")
		if strings.TrimSpace(m.Text) != strings.TrimSpace(tt.text) || strings.Join(names, " ") != tt.attachments || !strings.Contains(told, tt.told) {
			t.Errorf("%s: text %q, attachments %q, told %q; want %q, %q, %q", tt.name, m.Text, names, told, tt.text, tt.attachments, tt.told)
		}
	}
}

// many makes a multipart of many parts, 16 MiB in all.
func many(n int, part func(i int) string) []byte {
	var b strings.Builder
	b.WriteString("Content-Type: multipart/mixed; boundary=b\n\n")
	for i := range n {
		b.WriteString("--b\n" + part(i) + "\n")
	}
	return crlf(b.String() + "--b--\n")
}

// TestBoundedMemory: what a mail of 16 MiB makes us allocate in all, whatever it is
// made of (T56, T57).
func TestBoundedMemory(t *testing.T) {
	mib := strings.Repeat("<p>words of a text, so many of them\n", 1<<20/36)
	tests := map[string][]byte{
		"pages":   many(16, func(int) string { return "Content-Type: text/html\n\n" + mib }),
		"texts":   many(16, func(int) string { return "Content-Type: text/plain; charset=iso-8859-1\n\n\xe9" + mib }),
		"mails":   many(16, func(int) string { return "Content-Type: message/rfc822\n\nSubject: x\n\n" + mib }),
		"reports": many(64, func(int) string { return "Content-Type: message/delivery-status\n\n" + mib[:256<<10] }),
		"fields":  many(999, func(int) string { return strings.Repeat("abcdefg: hi\n", 900) + "\n" }),
		"yEnc": many(160, func(i int) string {
			return "\n" + strings.Repeat(fmt.Sprintf("=ybegin line=128 size=99 name=%d.bin\nabc\n=yend size=99\n", i), 1500)
		}),
		"one text":      crlf("Content-Type: text/plain\n\n" + strings.Repeat(mib, 16)),
		"quoted":        crlf("Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=C3=A9=20", 16<<20/9)),
		"one base64":    crlf("Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" + strings.Repeat("SGVsbG8g\n", 16<<20/9)),
		"no line end":   append([]byte("Content-Type: a/b\nContent-Transfer-Encoding: quoted-printable\n\n"), strings.Repeat("=A", 8<<20)...),
		"no part ended": crlf(strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", 400_000)),
	}
	for name, raw := range tests {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m := Read(raw)
		runtime.ReadMemStats(&after)
		if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 50 {
			t.Errorf("%s: reading 16 MiB allocated %d MiB, want at most 50", name, got)
		}
		if why := unfit(m); why != "" || len(m.Limits) > maxNotes+1 {
			t.Errorf("%s: %s, %d limits", name, why, len(m.Limits))
		}
	}
}
