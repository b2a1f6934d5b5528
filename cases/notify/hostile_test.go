package notify

import (
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"casegate/cases"
	"casegate/mailer"
	"casegate/templates"
)

// decoder undoes a part's transfer encoding.
func decoder(part *multipart.Part) io.Reader {
	if part.Header.Get("Content-Transfer-Encoding") == "base64" {
		return base64.NewDecoder(base64.StdEncoding, part)
	}
	return quotedprintable.NewReader(part)
}

// hostile is what people may send as a name, a title or a text (T77, T78, F10).
var hostile = []string{
	"", " ", "x", "Bcc: e@evil.test", "a\r\nBcc: e@evil.test", "a\nBcc: e@evil.test", "a\rBcc: e@evil.test", "a\r\n\r\n<h1>body", "a\x00b",
	"=?utf-8?q?x=0d=0aBcc:=20e@evil.test?=", "=?utf-8?b?eA0KQmNjOiBlQGV2aWwudGVzdA==?=", "=?x", "?=", "=?utf-8?q?=?=",
	`"Boss" <boss@evil.test>,`, `\`, `"`, `"\`, "(comment", "a, b; c: d <e>", "group: a@b.test;", "boss@north.example", "<boss@north.example>",
	"zażółć gęślą jaźń " + "zażółć gęślą jaźń ", "陳怡君陳怡君陳怡君陳怡君陳怡君陳怡君陳怡君陳怡君陳怡君陳怡君", "👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀👩‍🚀",
	"\u202eevil\u202c", "\u2028Bcc: e@evil.test", "\u0085Bcc: e@evil.test", "\xff\xfe\x80", "--=_06uj38dh9nirs", "From here", ".", "\n.\r\n",
	strings.Repeat("x", 3000), strings.Repeat("x ", 300), strings.Repeat("ż", 3000), "{{.}} {title} %s",
}

// check opens a notice in which everything foreign is one string, and compares
// what comes out with what went in.
func check(t *testing.T, s *stage, foreign string) {
	s.c.Title = foreign
	s.c.Participants[3].Name = foreign
	e := &s.events[5]
	e.Actor.Name, e.Actor.Level = foreign, mailer.Verified
	e.Message.Text, e.Message.MessageID, e.Message.Subject = foreign, foreign, foreign
	e.Message.Attachments = []mailer.Attachment{{Name: foreign, ContentType: foreign, Size: 5}}
	e.Message.Limits = []string{foreign}
	for _, d := range []mailer.Delivery{s.delivery(requester, 6, 6), s.delivery(guest, 4, 4)} {
		out, raw := s.open(t, d)
		p := parse(t, raw)
		if got := fieldNames(out.Header); !slices.Equal(got, fields) {
			t.Errorf("%q makes the fields %v", foreign, got)
		}
		want := strings.TrimSpace("[NORTH-1042] " + templates.OneLine(shorten(foreign, cases.MaxTitle)))
		if got := decoded(t, p.header.Get("Subject")); got != want {
			t.Errorf("%q makes the subject %q, want %q", foreign, got, want)
		}
		for field, box := range map[string]mailer.Address{"From": address("support@north.example"), "To": d.Recipient} {
			list, err := p.header.AddressList(field)
			if err != nil || len(list) != 1 || list[0].Address != box.String() {
				t.Errorf("%q makes %s %v (%v), want %s alone: %q", foreign, field, list, err, box, p.header.Get(field))
			}
		}
		for line := range strings.SplitSeq(string(out.Header), "\r\n") {
			if len(line) > 160 || !utf8.ValidString(line) {
				t.Errorf("%q makes a header line of %d octets: %q", foreign, len(line), line)
			}
		}
		if out.Recipient != d.Recipient || out.UTF8 {
			t.Errorf("%q changes the envelope: %s, UTF8 %v", foreign, out.Recipient, out.UTF8)
		}
		if !strings.HasPrefix(p.text, "##- Reply above") || !strings.Contains(p.html, "</html>\n") {
			t.Errorf("%q changes where the text begins or the HTML ends", foreign)
		}
	}
}

// TestHostile: nothing that people send makes a header field, an address, a part
// or a recipient (T78, F10).
func TestHostile(t *testing.T) {
	s := newStage(t, "en")
	for _, foreign := range hostile {
		check(t, s, foreign)
	}
}

func FuzzOpen(f *testing.F) {
	for _, foreign := range hostile {
		if len(foreign) < 200 {
			f.Add(foreign)
		}
	}
	s := newStage(f, "en")
	f.Fuzz(func(t *testing.T, foreign string) { check(t, s, foreign) })
}

// FuzzEncode: what is encoded is read back as it was, but for the characters that
// OneLine leaves out, as text and as a name.
func FuzzEncode(f *testing.F) {
	for _, foreign := range hostile {
		if len(foreign) < 200 {
			f.Add(foreign)
		}
	}
	f.Fuzz(func(t *testing.T, foreign string) {
		want := templates.OneLine(foreign)
		for _, word := range append(words(foreign), encodedWords("x"+want)...) {
			if len(word) > 75 || strings.ContainsAny(word, " \r\n\t\x00") || !utf8.ValidString(word) {
				t.Errorf("%q makes the word %q", foreign, word)
			}
		}
		if got := decoded(t, strings.Join(words(foreign), " ")); got != want {
			t.Errorf("%q is read back as %q, want %q", foreign, got, want)
		}
		field := strings.Join(mailbox(foreign, address("a@b.example")), " ")
		got, err := (&mail.AddressParser{WordDecoder: new(mime.WordDecoder)}).Parse(field)
		if err != nil || got.Name != want || got.Address != "a@b.example" {
			t.Errorf("%q is read back as %+v (%v), want the name %q: %s", foreign, got, err, want, field)
		}
	})
}

// TestHeaderField: whatever is given to the one place that writes fields, it
// writes one field.
func TestHeaderField(t *testing.T) {
	h := &header{}
	h.field("X", "a\r\nBcc: e@evil.test", "b\x00\n", strings.Repeat("c", 80), "d")
	if got := string(h.bytes()); got != "X: a  Bcc: e@evil.test b  \r\n "+strings.Repeat("c", 80)+"\r\n d\r\n" {
		t.Errorf("wrote %q", got)
	}
}
