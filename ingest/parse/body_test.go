package parse

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"casegate/mailer"
)

// mime makes a multipart with CRLF line ends; each part is "fields\n\ncontent".
func mime(subtype, boundary string, parts ...string) string {
	s := "Content-Type: multipart/" + subtype + "; boundary=\"" + boundary + "\"\n\nThis is a multi-part message in MIME format.\n"
	for _, p := range parts {
		s += "--" + boundary + "\n" + p + "\n"
	}
	return strings.ReplaceAll(s+"--"+boundary+"--\n", "\r\n", "\n")
}

func crlf(s string) []byte { return []byte(strings.ReplaceAll(s, "\n", "\r\n")) }

const (
	plainPart = "Content-Type: text/plain; charset=utf-8\n\nplain text\n"
	htmlPart  = "Content-Type: text/html; charset=utf-8\n\n<p>html &amp; text</p>\n"
	emptyPart = "Content-Type: text/plain\n\n \n"
	pdfPart   = "Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\nSGVsbG8=\n"
	imagePart = "Content-Type: image/png\nContent-ID: <logo@x>\n\nPNG"
)

// TestBody: which parts are the text, and which are attachments.
func TestBody(t *testing.T) {
	tests := []struct{ name, raw, text, attachments string }{
		{"plain", plainPart, "plain text\n", ""},
		{"no type", "Subject: x\n\nplain text\n", "plain text\n", ""},
		{"html", htmlPart, "html & text\n", ""},
		{"attachment alone", pdfPart, "", "a.pdf"},
		{"alternative", mime("alternative", "b", plainPart, htmlPart), "plain text\n", ""},
		{"alternative, html first", mime("alternative", "b", htmlPart, plainPart), "plain text\n", ""},
		{"alternative, plain empty", mime("alternative", "b", emptyPart, htmlPart), "html & text\n", ""},
		{"alternative with related", mime("alternative", "b", plainPart, mime("related", "c", htmlPart, imagePart)), "plain text\n", "part-3.png"},
		{"alternative with a calendar", mime("alternative", "b", plainPart, "Content-Type: text/calendar\n\nBEGIN:VCALENDAR"), "plain text\n", "part-2.ics"},
		{"mixed", mime("mixed", "b", plainPart, pdfPart, imagePart), "plain text\n", "a.pdf part-3.png"},
		{"mixed texts", mime("mixed", "b", plainPart, htmlPart, plainPart), "plain text\n\nhtml & text\n\nplain text\n", ""},
		{"mixed with alternative", mime("mixed", "b", mime("alternative", "c", plainPart, htmlPart), pdfPart), "plain text\n", "a.pdf"},
		{"text with a name", mime("mixed", "b", plainPart, "Content-Type: text/plain; name=a.log\n\nlog"), "plain text\n", "a.log"},
		{"text marked as attachment", mime("mixed", "b", plainPart, "Content-Disposition: attachment\n\nlog"), "plain text\n", "part-2.txt"},
		{"message", mime("mixed", "b", plainPart, "Content-Type: message/rfc822\n\nSubject: y\n\nz"), "plain text\n", "part-2.eml"},
		{"digest", mime("digest", "b", "\nSubject: y\n\nz"), "z", "part-1.eml"},
		{"part without a header", mime("mixed", "b", "just: text\nmore", plainPart), "just: text\nmore\n\nplain text\n", ""},
		{"part with an empty header", mime("mixed", "b", "\njust text"), "just text", ""},
		{"no last delimiter", strings.Split(mime("mixed", "b", plainPart, pdfPart), "--b--")[0], "plain text\n", "a.pdf"},
		{"inner one without an end", mime("mixed", "b", strings.Split(mime("mixed", "c", plainPart), "--c--")[0], pdfPart), "plain text\n\n", "a.pdf"},
		{"no delimiter at all", "Content-Type: multipart/mixed; boundary=b\n\nplain text\n", "plain text\n", ""},
		{"no boundary", "Content-Type: multipart/mixed\n\n--b\n\nplain text\n", "--b\n\nplain text\n", ""},
		{"padding and text behind a delimiter", "Content-Type: multipart/mixed; boundary=b\n\n--b \t\n\nplain text\n--b ignored\n\nmore\n--b--\n", "plain text\n\nmore", ""},
		{"boundary within a line", mime("mixed", "b", "\nx --b\nx--b\n --b\n--bb\n"), "x --b\nx--b\n --b\n--bb\n", ""},
		{"unusable type", mime("mixed", "b", "Content-Type: a b/c\n\nx", "Content-Type: foo\n\nx"), "", "part-1.bin part-2.bin"},
		{"quoted-printable", "Content-Type: text/plain; charset=iso-8859-2\nContent-Transfer-Encoding: quoted-printable\n\nza=BF=F3=B3=E6=\n!\n", "zażółć!\n", ""},
	}
	for _, tt := range tests {
		for _, raw := range [][]byte{[]byte(tt.raw), crlf(tt.raw)} {
			m := Read(raw)
			var names []string
			for _, a := range m.Attachments {
				names = append(names, a.Name)
			}
			if m.Text != tt.text || strings.Join(names, " ") != tt.attachments || m.Limits != nil || m.Failure != "" {
				t.Errorf("%s: text %q, attachments %q (limits %q, failure %q), want %q and %q",
					tt.name, m.Text, names, m.Limits, m.Failure, tt.text, tt.attachments)
			}
			if why := unfit(m); why != "" {
				t.Errorf("%s: %s", tt.name, why)
			}
		}
	}
}

// TestAttachment: what is noted of an attachment.
func TestAttachment(t *testing.T) {
	m := Read(crlf(mime("mixed", "b", pdfPart, imagePart)))
	sum := func(s string) string {
		x := sha256.Sum256([]byte(s))
		return hex.EncodeToString(x[:])
	}
	want := []mailer.Attachment{
		{Name: "a.pdf", ContentType: "application/pdf", Size: 5, SHA256: sum("Hello")},
		{Name: "part-2.png", ContentType: "image/png", Size: 3, SHA256: sum("PNG"), ContentID: "logo@x"},
	}
	if fmt.Sprint(m.Attachments) != fmt.Sprint(want) {
		t.Errorf("the attachments are %v, want %v", m.Attachments, want)
	}
}

// TestSafeName: T60, T74, F10.
func TestSafeName(t *testing.T) {
	tests := []struct{ in, want string }{
		{"a.pdf", "a.pdf"},
		{"../../etc/passwd", "passwd"},
		{`C:\temp\a.pdf`, "a.pdf"},
		{"/", ""},
		{"..", ""},
		{"\u200b.htaccess", "htaccess"},
		{"a\x00b\r\nX: y.pdf", "ab X_ y.pdf"},
		{"invoice\u202efdp.exe", "invoicefdp.exe"},
		{" a  b.pdf ", "a b.pdf"},
		{"faktura żółta.pdf", "faktura żółta.pdf"},
		{`a"<b>|?*.txt`, "a__b____.txt"},
		{strings.Repeat("ż", 200) + ".pdf", strings.Repeat("ż", 125) + ".pdf"},
		{strings.Repeat("a", 300), strings.Repeat("a", 255)},
	}
	for _, tt := range tests {
		if got := safeName(tt.in); got != tt.want {
			t.Errorf("%q is made %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestTextLimit: one text is cut, and the reader of the case is told.
func TestTextLimit(t *testing.T) {
	long := "Content-Type: text/plain\r\n\r\n" + strings.Repeat("zażółć ", 200_000)
	for _, raw := range []string{long, mime("mixed", "b", long[:800_000], long[:800_000])} {
		m := Read([]byte(raw))
		if len(m.Text) > maxText || len(m.Text) < maxText-10 || len(m.Limits) != 1 {
			t.Errorf("%d octets of text, limits %q; want 1 MiB and one sentence", len(m.Text), m.Limits)
		}
		if why := unfit(m); why != "" {
			t.Error(why)
		}
	}
}
