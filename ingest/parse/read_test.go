package parse

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime/quotedprintable"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jhillyerd/enmime/v2"

	"casegate/ingest/parse/header"
	"casegate/mailer"
)

// unfit says what makes a message unfit to be stored and shown; "" for a good
// one. Whatever came in, this must hold.
func unfit(m mailer.Message) string {
	texts := append([]string{m.Text, m.Subject, m.MessageID}, m.InReplyTo...)
	texts = append(texts, m.References...)
	for _, mb := range append(append(append([]mailer.Mailbox{}, m.From...), m.To...), m.Cc...) {
		texts = append(texts, mb.Name)
		if mb.Email.IsZero() {
			return "a mailbox without an address"
		}
	}
	for _, a := range m.Attachments {
		texts = append(texts, a.Name, a.ContentType, a.ContentID)
		switch {
		case a.Name == "" || len(a.Name) > 255 || strings.ContainsAny(a.Name, "/\\\r\n") || a.Name[0] == '.':
			return "an attachment with the unsafe name " + a.Name
		case a.Size < 0 || len(a.SHA256) != 64:
			return "an attachment without size or sum"
		}
	}
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return "text that is not UTF-8 without NUL"
		}
	}
	switch {
	case strings.ContainsAny(m.Subject, "\r\n\u202e") || len(m.Subject) > maxSubject:
		return "a subject that is not one safe line"
	case strings.IndexByte(m.Text, '\r') >= 0 || len(m.Text) > maxText:
		return "text with CR, or above the limit"
	case len(m.References) > header.MaxIDs || len(m.MessageID) > header.MaxID:
		return "too many or too long ids"
	case m.Kind == "" && m.Failure == "":
		return "no kind"
	}
	if _, err := json.Marshal(m); err != nil {
		return "JSON cannot hold it: " + err.Error()
	}
	return ""
}

// TestReadFacts: what the header says, all of it in one mail.
func TestReadFacts(t *testing.T) {
	m := Read(crlf(`Received: by us
Received: by them
From: =?utf-8?q?Anna_Wi=C5=9Bniewska?= <anna@north.example>
To: support@north.example, "Bo" <bo@north.example>
Cc: chen@south.example
Reply-To: desk@north.example
Subject: =?utf-8?q?Zesp=C3=B3=C5=82?=
 =?utf-8?q?_A?=
Date: Mon, 2 Nov 2026 10:00:00 +0100 (CET)
Message-ID: <one@north.example>
In-Reply-To: <two@x>
References: <three@x>
 <two@x>

Hello
`))
	m.Reply = mailer.Reply{} // its own test
	got, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(mailer.Message{
		Subject:   "Zespół A",
		From:      []mailer.Mailbox{{Name: "Anna Wiśniewska", Email: mailer.MustAddress("anna@north.example")}},
		To:        []mailer.Mailbox{{Email: mailer.MustAddress("support@north.example")}, {Name: "Bo", Email: mailer.MustAddress("bo@north.example")}},
		Cc:        []mailer.Mailbox{{Email: mailer.MustAddress("chen@south.example")}},
		ReplyTo:   []mailer.Mailbox{{Email: mailer.MustAddress("desk@north.example")}},
		MessageID: "one@north.example", InReplyTo: []string{"two@x"}, References: []string{"three@x", "two@x"},
		Date: time.Date(2026, 11, 2, 10, 0, 0, 0, time.FixedZone("", 3600)),
		Text: "Hello\n", Received: 2, Kind: mailer.KindPerson, KindReason: "nothing says otherwise",
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the mail reads\n%s, want\n%s", got, want)
	}
}

// TestKind: the kinds have their tests in package kind; here is what the parts of
// a mail must be given to it for.
func TestKind(t *testing.T) {
	report := mime("report; report-type=delivery-status", "b",
		"\nYour mail could not be delivered.\n",
		"Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"+base64.StdEncoding.EncodeToString([]byte(
			"Reporting-MTA: dns; mx.x.example\n\nFinal-Recipient: rfc822; bo@x.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such user\n"))+"\n",
		"Content-Type: message/rfc822\n\nSubject: lost\nFrom: anna@north.example\n\nHello\n")
	tests := []struct {
		name, raw string
		want      mailer.Kind
		automatic bool
	}{
		{"a person", "Subject: x\n\nHello\n", mailer.KindPerson, false},
		{"a person through a list", "List-Id: <x.example>\n\nHello\n", mailer.KindList, false},
		{"bulk", "Precedence: bulk\n\nHello\n", mailer.KindList, true},
		{"RFC 3834", "Auto-Submitted: auto-replied\n\nHello\n", mailer.KindAutoReply, true},
		{"an encoded subject", "In-Reply-To: <x@y>\nSubject: =?utf-8?q?Odpowied=C5=BA_automatyczna=3A_Drukarka?=\n\nHello\n", mailer.KindAutoReply, true},
		{"RFC 3464", report, mailer.KindBounce, true},
		{"RFC 5546", "Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n", mailer.KindCalendarReply, true},
	}
	for _, tt := range tests {
		m := Read(crlf(tt.raw))
		if m.Kind != tt.want || m.Automatic != tt.automatic {
			t.Errorf("%s: kind %q, automatic %v, want %q, %v", tt.name, m.Kind, m.Automatic, tt.want, tt.automatic)
		}
	}
	m := Read(crlf(report))
	want := mailer.Bounce{Recipient: "bo@x.example", Action: "failed", Status: "5.1.1", Diagnostic: "550 no such user"}
	if len(m.Bounces) != 1 || m.Bounces[0].Recipient != want.Recipient || m.Bounces[0].Action != want.Action || m.Bounces[0].Status != want.Status ||
		!strings.Contains(m.Bounces[0].Diagnostic, want.Diagnostic) {
		t.Errorf("the report says %+v, want %+v", m.Bounces, want)
	}
	if m.Forwarded != nil || len(m.Attachments) != 1 {
		t.Errorf("of a report the returned mail alone is attached, and it is not passed on: %+v, %+v", m.Attachments, m.Forwarded)
	}
}

// TestAttempt: T63. What was found before a panic stays.
func TestAttempt(t *testing.T) {
	m := mailer.Message{}
	attempt(&m, func() {
		m.Subject = "found"
		panic("index\nout of range")
	})
	if m.Subject != "found" || m.Failure != "reading the mail broke down: index out of range" {
		t.Errorf("after a panic the message is %+v", m)
	}
}

// nest makes multiparts within each other, none of which ends.
func nest(depth int) string {
	var b strings.Builder
	b.WriteString("Subject: x\n")
	for i := range depth {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	return b.String() + "\nHello\n"
}

// TestHostile: F13, T54 to T59, T61. Each of these kept some mail library busy
// for minutes, or ever. Beyond a limit the mail is one attachment; its header
// facts stay.
func TestHostile(t *testing.T) {
	var middle strings.Builder
	middle.WriteString("Subject: x\nContent-Type: multipart/mixed; boundary=b0\n\n")
	for i := range 40 {
		fmt.Fprintf(&middle, "x--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n", i, i+1)
	}
	parts := "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
	tests := []struct {
		name, raw string
		whole     bool // kept as one attachment
	}{
		{"depth 20", nest(20), false},
		{"depth 21", nest(21), true},
		{"depth 16,000", nest(16_000), true},
		{"delimiters in the middle of lines", middle.String(), false},
		{"1,000 parts", parts + strings.Repeat("--b\n\nx\n", 1000), false},
		{"1,001 parts", parts + strings.Repeat("--b\n\nx\n", 1001), true},
		{"200,000 parts", parts + strings.Repeat("--b\n\nx\n", 200_000), true},
		{"200,000 parts without anything", parts + strings.Repeat("--b\n", 200_000), true},
		{"part with a long header", parts + "--b\nX: " + strings.Repeat("y", 300<<10) + "\n\nz", true},
		{"10 MiB header", "Subject: x\nX: " + strings.Repeat("y", 10<<20) + "\n\nz", true},
		{"1,000,000 fields", "Subject: x\n" + strings.Repeat("a:\n", 1_000_000) + "\nz", true},
		{"200,000 parameters", "Subject: x\nContent-Type: text/plain; " + strings.Repeat("a=b ", 50_000) + "\n\nz", false},
		{"long boundary", "Subject: x\nContent-Type: multipart/mixed; boundary=" + strings.Repeat("-", 5000) + "\n\n" + strings.Repeat("-", 1<<20), false},
		{"boundary of hyphens", "Subject: x\nContent-Type: multipart/mixed; boundary=" + strings.Repeat("-", 190) + "\n\n" + strings.Repeat("-", 1<<20), false},
		{"10 MiB of line ends", parts + strings.Repeat("\n", 10<<20), false},
		{"a line of 10 MiB", parts + "--b\n\n" + strings.Repeat("x", 10<<20), false},
		{"junk as base64", parts + "--b\nContent-Type: a/b\nContent-Transfer-Encoding: base64\n\n" + strings.Repeat("!", 10<<20), false},
		{"unfinished tags", "Subject: x\nContent-Type: text/html\n\n" + strings.Repeat("<a ", 1<<20), false},
		{"unfinished comments", "Subject: x\nContent-Type: text/html\n\n" + strings.Repeat("<!--", 1<<18), false},
		{"unfinished scripts", "Subject: x\nContent-Type: text/html\n\n" + strings.Repeat("<script><!--<script ", 1<<16), false},
		{"deep page", "Subject: x\nContent-Type: text/html\n\n" + strings.Repeat("<div>", 1<<18), false},
		{"unfinished encoded words", "Subject: x\nTo: " + strings.Repeat("=?utf-8?q?x", 20_000) + " <a@b.c>\n\nz", false},
		{"a domain of Unicode", "Subject: x\nTo: a@" + strings.Repeat("ö", 100_000) + "\n\nz", false},
	}
	for _, tt := range tests {
		m := Read([]byte(tt.raw))
		if m.Subject != "x" || m.Failure != "" {
			t.Errorf("%s: subject %q, failure %q; the header facts must stay", tt.name, m.Subject, m.Failure)
		}
		isWhole := len(m.Attachments) == 1 && m.Attachments[0].Name == "message.eml" &&
			m.Attachments[0].Size == int64(len(tt.raw)) && m.Text == "" && len(m.Limits) == 1
		if isWhole != tt.whole {
			t.Errorf("%s: kept whole: %v, want %v (limits %q)", tt.name, isWhole, tt.whole, m.Limits)
		}
		if why := unfit(m); why != "" {
			t.Errorf("%s: %s", tt.name, why)
		}
	}
}

// FuzzRead: whatever came, the message is fit to be stored, and a panic is a bug.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"", "Subject: x\n\nHello", nest(3), mime("alternative", "b", plainPart, htmlPart), mime("mixed", "b", plainPart, pdfPart, imagePart),
		"Subject: =?utf-8?q?a?= =?big5?b?p0E=?=\nDate: Mon, 2 Nov 2026 10:00:00 +2400\nReferences: <a@b> <c\n\n",
		"From: a <b@c.d>, \"e\nContent-Type: text/html; charset=utf-7\n\n<p>+AGE-&lt;<li>x<pre>\r",
		"Content-Disposition: attachment; filename*0*=utf-8''%41; filename*1=\"../b\"\nContent-Transfer-Encoding: quoted-printable\n\n=\n=3",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := Read(raw)
		if m.Failure != "" {
			t.Errorf("%s", m.Failure)
		}
		if why := unfit(m); why != "" {
			t.Error(why)
		}
	})
}

// BenchmarkRead: what one mail costs between the socket and the decision, beside
// what enmime's envelope of it costs, without its charset detection.
func BenchmarkRead(b *testing.B) {
	head := "Received: from a.example by b.example with ESMTPS id 1; Mon, 2 Nov 2026 10:00:00 +0000\n" +
		"From: Anna <anna@north.example>\nTo: support@north.example\nSubject: =?utf-8?q?Za=C5=BC?=\n" +
		"Date: Mon, 2 Nov 2026 10:00:00 +0000\nMessage-ID: <1@north.example>\nMIME-Version: 1.0\n"
	text := strings.Repeat("The quick brown fox jumps over the lazy dog, again.\n", 75)
	page := "<html><body><p>" + strings.ReplaceAll(text[:1500], "fox", "<b>fox</b>") + "</p></body></html>"
	quote := "\nOn Mon, 2 Nov 2026 at 10:00, North <support@north.example> wrote:\n> " + strings.ReplaceAll(text[:500], "\n", "\n> ")
	data := make([]byte, 768<<10)
	rand.Read(data)
	var lines strings.Builder
	w := quotedprintable.NewWriter(&lines)
	w.Write([]byte(page))
	w.Close()
	encoded := lines.String()
	lines.Reset()
	for c := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(data)), 76) {
		lines.Write(append(c, '\n'))
	}
	theirs := enmime.NewParser(enmime.DisableCharacterDetection(true))
	for _, bm := range []struct{ name, raw string }{
		{"plain-4KiB", head + "Content-Type: text/plain; charset=utf-8\n\n" + text},
		{"alternative-4KiB", head + mime("alternative", "b",
			"Content-Type: text/plain; charset=utf-8\n\n"+text[:1200]+quote,
			"Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"+encoded)},
		{"attachment-1MiB", head + mime("mixed", "b", plainPart,
			"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"+lines.String())},
	} {
		raw := crlf(bm.raw)
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				Read(raw)
			}
		})
		b.Run(bm.name+"/enmime", func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := theirs.ReadEnvelope(bytes.NewReader(raw)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
