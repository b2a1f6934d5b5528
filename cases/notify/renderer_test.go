package notify

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"casegate/cases"
	"casegate/mailer"
)

var update = flag.Bool("update", false, "write the golden files anew")

// parsed is a mail as the standard library reads it.
type parsed struct {
	header     mail.Header
	text, html string // line ends as \n
}

// parse reads a notice back, and fails the test where it is not what RFC 5322 and
// RFC 2046 ask for.
func parse(tb testing.TB, raw []byte) parsed {
	tb.Helper()
	checkLines(tb, raw)
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		tb.Fatalf("not a mail: %v", err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		tb.Fatalf("content type %q (%v), want multipart/alternative", kind, err)
	}
	p := parsed{header: m.Header}
	r := multipart.NewReader(m.Body, params["boundary"])
	p.text = readPart(tb, r, "text/plain; charset=utf-8")
	p.html = readPart(tb, r, "text/html; charset=utf-8")
	if _, err := r.NextPart(); err != io.EOF {
		tb.Fatalf("after two parts: %v, want the end", err)
	}
	return p
}

func readPart(tb testing.TB, r *multipart.Reader, kind string) string {
	tb.Helper()
	part, err := r.NextRawPart()
	if err != nil {
		tb.Fatalf("no part of %s: %v", kind, err)
	}
	if got := part.Header.Get("Content-Type"); got != kind {
		tb.Errorf("a part of %q, want %q", got, kind)
	}
	content, err := io.ReadAll(decoder(part))
	if err != nil {
		tb.Fatalf("decode %s: %v", kind, err)
	}
	return strings.ReplaceAll(string(content), "\r\n", "\n")
}

// checkLines: only CRLF ends lines, and none is too long (RFC 5322 2.1.1).
func checkLines(tb testing.TB, raw []byte) {
	tb.Helper()
	rest := bytes.ReplaceAll(raw, []byte("\r\n"), nil)
	if i := bytes.IndexAny(rest, "\r\n\x00"); i >= 0 {
		tb.Errorf("a bare %q in the mail", rest[i])
	}
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if len(line) > 998 {
			tb.Errorf("a line of %d octets: %.100q", len(line), line)
		}
	}
}

// fields are all that a notice has, in order: none comes from outside (T78).
var fields = []string{
	"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
	"X-Auto-Response-Suppress", "List-Unsubscribe", "List-Unsubscribe-Post", "Content-Language", "MIME-Version", "Content-Type",
}

// fieldNames lists the fields of a header as they stand there.
func fieldNames(header []byte) []string {
	var names []string
	for line := range strings.SplitSeq(strings.TrimSuffix(string(header), "\r\n"), "\r\n") {
		if !strings.HasPrefix(line, " ") {
			name, _, _ := strings.Cut(line, ":")
			names = append(names, name)
		}
	}
	return names
}

// TestGolden: a notice of each kind in each language, header, text and HTML.
func TestGolden(t *testing.T) {
	notices := []struct {
		name        string
		to          uint16
		first, last int
	}{
		{"filed", requester, 1, 1},
		{"new-case", agent, 1, 1},
		{"message", requester, 4, 4},
		{"messages", anna, 4, 6},
		{"shared", anna, 2, 2},
		{"shared-guest", guest, 3, 3},
	}
	for _, lang := range []string{"en", "pl"} {
		s := newStage(t, lang)
		for _, n := range notices {
			out, raw := s.open(t, s.delivery(n.to, n.first, n.last))
			p := parse(t, raw)
			base := n.name + "." + lang
			golden(t, base+".head", "Return-Path: <"+out.ReversePath.String()+">\n"+strings.ReplaceAll(string(out.Header), "\r\n", "\n"))
			golden(t, base+".txt", p.text)
			golden(t, base+".html", p.html)
			if got := fieldNames(out.Header); !slices.Equal(got, fields) {
				t.Errorf("%s has the fields %v, want %v", base, got, fields)
			}
		}
	}
}

// TestThreadOutlivesKeys: a rotation of keys makes no second thread of a case.
func TestThreadOutlivesKeys(t *testing.T) {
	s := newStage(t, "en")
	references := func() string {
		_, raw := s.open(t, s.delivery(requester, 4, 4))
		return parse(t, raw).header.Get("References")
	}
	before := references()
	s.Keys.Replace([]mailer.Key{{ID: 8, Secret: [32]byte{8}}, s.Keys.Keys[0]})
	if after := references(); after != before || before == "" {
		t.Errorf("the references are %q with one key and %q with the next, want the same", before, after)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: run the test with -update and read what it wrote", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestHeader: what the fields of a notice mean to the machines on its way.
func TestHeader(t *testing.T) {
	s := newStage(t, "en")
	d := s.delivery(requester, 4, 4)
	out, raw := s.open(t, d)
	p := parse(t, raw)
	if out.Recipient != address("it@acme.example") || out.ID != d.ID || out.UTF8 {
		t.Errorf("outgoing to %s, id %s, UTF8 %v", out.Recipient, out.ID, out.UTF8)
	}
	want := map[string]string{
		"From":                     `"North Desk (North Support)" <support@north.example>`,
		"To":                       `"Acme IT" <it@acme.example>`,
		"Auto-Submitted":           "auto-generated",
		"X-Auto-Response-Suppress": "All",
		"Content-Language":         "en",
		"Mime-Version":             "1.0",
		"In-Reply-To":              "<answer@agents.example>",
		"Date":                     "Fri, 20 Nov 2026 11:00:00 +0100",
	}
	for name, value := range want {
		if got := p.header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if subject := decoded(t, p.header.Get("Subject")); subject != "[NORTH-1042] "+s.c.Title {
		t.Errorf("subject %q, want the number and the title", subject)
	}
	references := strings.Fields(p.header.Get("References"))
	anchor := "<a." + s.Keys.Seal(s.c.Anchor()) + "@gw.north.example>"
	if !slices.Equal(references, []string{anchor, "<filing@acme.example>", "<answer@agents.example>"}) {
		t.Errorf("references %v, want the anchor, then the filing, then the message", references)
	}
}

func decoded(tb testing.TB, field string) string {
	tb.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(field)
	if err != nil {
		tb.Fatalf("cannot be decoded: %v: %q", err, field)
	}
	return s
}

// TestTokens: each token opens for its purpose and leads back to the case, the
// participant and the delivery, for 400 days.
func TestTokens(t *testing.T) {
	s := newStage(t, "en")
	d := s.delivery(anna, 4, 4)
	out, raw := s.open(t, d)
	p := parse(t, raw)
	reply := strings.TrimSuffix(strings.TrimPrefix(p.header.Get("Reply-To"), "<case-"), "@gw.north.example>")
	id := strings.TrimSuffix(strings.TrimPrefix(p.header.Get("Message-Id"), "<n."), "@gw.north.example>")
	tests := []struct {
		token    string
		purpose  mailer.Purpose
		delivery uint64
	}{
		{reply, mailer.PurposeReply, 0},
		{strings.TrimPrefix(out.ReversePath.Local, "r-"), mailer.PurposeReturnPath, d.ID.Number()},
		{id, mailer.PurposeMessageID, d.ID.Number()},
	}
	for _, tt := range tests {
		got, err := s.Keys.Open(tt.token, tt.purpose, d.Created.Add(400*24*time.Hour))
		if err != nil {
			t.Errorf("token %q for %c: %v", tt.token, tt.purpose, err)
			continue
		}
		if got.Tenant != mailer.TenantTag("north") || got.Case != 1042 || got.Participant != anna || got.Delivery != tt.delivery {
			t.Errorf("token for %c leads to %+v", tt.purpose, got)
		}
		if _, err := s.Keys.Open(tt.token, tt.purpose, d.Created.Add(402*24*time.Hour)); err == nil {
			t.Errorf("token for %c is good after 402 days", tt.purpose)
		}
	}
}

// TestThread: the confirmation hangs below the mail that filed the case, in the
// mail program of who sent it; everything hangs below the anchor.
func TestThread(t *testing.T) {
	s := newStage(t, "en")
	_, raw := s.open(t, s.delivery(requester, 1, 1))
	if got := parse(t, raw).header.Get("In-Reply-To"); got != "<filing@acme.example>" {
		t.Errorf("the confirmation answers %q, want the mail that filed the case", got)
	}
	for i := range s.events {
		if s.events[i].Message != nil {
			s.events[i].Message.MessageID = []string{"", "two words", "a>b", "é@x", "a\r\nBcc:x", strings.Repeat("x", 300)}[i]
		}
	}
	_, raw = s.open(t, s.delivery(anna, 4, 6))
	header := parse(t, raw).header
	anchor := header.Get("References")
	if strings.Count(anchor, "<") != 1 || header.Get("In-Reply-To") != anchor {
		t.Errorf("without a usable Message-ID: references %q, in reply to %q; want the anchor in both", anchor, header.Get("In-Reply-To"))
	}
	for i := range 100 {
		e := s.events[3]
		e.Message = &cases.Message{MessageID: fmt.Sprintf("m%d@agents.example", i), Text: "x"}
		s.events = append(s.events, e)
	}
	s.events[0].Message.MessageID = "filing@acme.example"
	_, raw = s.open(t, s.delivery(anna, 4, 106))
	references := strings.Fields(parse(t, raw).header.Get("References"))
	if len(references) != 21 || references[0] != anchor || references[1] != "<filing@acme.example>" || references[20] != "<m99@agents.example>" {
		t.Errorf("%d references, want the anchor, the filing and the newest 19: %v", len(references), references)
	}
}

// TestSameBytes: every attempt sends the same mail, whenever it is made.
func TestSameBytes(t *testing.T) {
	s := newStage(t, "pl")
	d := s.delivery(anna, 4, 6)
	_, first := s.open(t, d)
	s.Now = func() time.Time { return at(12, 0).Add(72 * time.Hour) }
	d.Attempts, d.Due, d.LastError = 9, d.Due.Add(72*time.Hour), "451 later"
	_, again := s.open(t, d)
	if diff := cmp.Diff(string(first), string(again)); diff != "" {
		t.Errorf("a later attempt differs:\n%s", diff)
	}
}

// TestWithdrawn: nothing goes to whom it is no longer for.
func TestWithdrawn(t *testing.T) {
	tests := []struct {
		name        string
		to          uint16
		first, last int
		change      func(*stage, *mailer.Delivery)
	}{
		{"the case is gone", requester, 4, 4, func(s *stage, _ *mailer.Delivery) { s.c = nil }},
		{"the case is another reseller's", requester, 4, 4, func(_ *stage, d *mailer.Delivery) { d.Tenant = "south" }},
		{"the reseller is gone", requester, 4, 4, func(s *stage, d *mailer.Delivery) { d.Tenant, s.c.ID.Reseller = "west", "west" }},
		{"no such participant", requester, 4, 4, func(_ *stage, d *mailer.Delivery) { d.Participant = 9 }},
		{"the participant has left (T93)", anna, 4, 4, func(s *stage, _ *mailer.Delivery) { s.c.Participants[2].Left = at(11, 0) }},
		{"the customer has moved away (R30)", requester, 4, 4, func(s *stage, _ *mailer.Delivery) {
			s.d.Customers[0].Managed[0].Until = at(11, 0)
		}},
		{"the customer's grant is gone (R20)", requester, 4, 4, func(s *stage, _ *mailer.Delivery) { s.d.Customers[0].Denied = true }},
		{"the address is no longer the person's (T98)", anna, 4, 4, func(s *stage, d *mailer.Delivery) {
			s.c.Participants[2].Address, d.Recipient = address("old@corp.example"), address("old@corp.example")
		}},
		{"the address was never the guest's", guest, 4, 4, func(_ *stage, d *mailer.Delivery) { d.Recipient = address("it@acme.example") }},
		{"the address is an intake (T87)", guest, 4, 4, func(s *stage, d *mailer.Delivery) {
			d.Recipient = address("support@south.example")
			s.c.Participants[3].Address = d.Recipient
		}},
		{"the address is a reply address (T87)", guest, 4, 4, func(s *stage, d *mailer.Delivery) {
			d.Recipient = address("case-x@GW.north.example")
			s.c.Participants[3].Address = d.Recipient
		}},
		{"only the reader's own message", agent, 4, 4, nil},
		{"only automatic mail (R78)", anna, 5, 5, nil},
		{"somebody else was added", requester, 2, 3, nil},
		{"no such events", requester, 7, 9, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, "en")
			d := s.delivery(tt.to, tt.first, tt.last)
			if tt.change != nil {
				tt.change(s, &d)
			}
			if _, err := s.Open(context.Background(), d); !errors.Is(err, mailer.ErrWithdrawn) {
				t.Errorf("got %v, want the notice withdrawn", err)
			}
		})
	}
}

// TestStoreFails: a store that cannot be read is a reason to try again.
func TestStoreFails(t *testing.T) {
	s := newStage(t, "en")
	s.err = errors.New("disk on fire")
	_, err := s.Open(context.Background(), s.delivery(requester, 4, 4))
	if !errors.Is(err, s.err) || errors.Is(err, mailer.ErrWithdrawn) || mailer.IsPermanent(err) {
		t.Errorf("got %v, want the store's error, worth a retry", err)
	}
}

// TestChoice: of several events the most important decides what the notice is,
// and all messages are in it but the reader's own.
func TestChoice(t *testing.T) {
	tests := []struct {
		name        string
		to          uint16
		first, last int
		from        string
		heading     string
		holds       []string
		lacks       []string
	}{
		{"filed and answered, to who filed it", requester, 1, 6, "North Support", "We have received your case NORTH-1042",
			[]string{"We are looking into it.", "Here is what I see"}, []string{"since this morning", "I am away"}},
		{"filed and answered, to the agent who answered", agent, 1, 6, "Acme IT (North Support)", "New case NORTH-1042",
			[]string{"since this morning", "Here is what I see"}, []string{"We are looking into it.", "I am away"}},
		{"shared, then a message", anna, 2, 4, "North Desk (North Support)", "North Desk shared case NORTH-1042 with you",
			[]string{"since this morning", "We are looking into it."}, nil},
		{"shared by the operator", guest, 3, 3, "North Support", "North Support shared case NORTH-1042 with you", []string{"since this morning"}, nil},
		{"a message", anna, 4, 4, "North Desk (North Support)", "New message from North Desk", nil, []string{"since this morning"}},
		{"messages of two", anna, 4, 6, "North Support", "2 new messages from North Desk, Joanna Żak", nil, []string{"I am away"}},
		{"a message of somebody unverified", requester, 6, 6, "North Support", "New message from Joanna Żak",
			[]string{"Joanna Żak <joanna@partner.example> (sender not verified)", "part 3: nested too deep"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, "en")
			_, raw := s.open(t, s.delivery(tt.to, tt.first, tt.last))
			p := parse(t, raw)
			from, err := p.header.AddressList("From")
			if err != nil || len(from) != 1 || from[0].Name != tt.from || from[0].Address != "support@north.example" {
				t.Errorf("from %v (%v), want %q at the intake (design 3)", from, err, tt.from)
			}
			if !strings.Contains(p.text, "\n"+tt.heading+"\n") {
				t.Errorf("no heading %q", tt.heading)
			}
			for _, want := range tt.holds {
				if !strings.Contains(p.text, want) {
					t.Errorf("the reader must be told %q", want)
				}
			}
			for _, not := range tt.lacks {
				if strings.Contains(p.text, not) || strings.Contains(p.html, not) {
					t.Errorf("the reader must not be told %q", not)
				}
			}
			if t.Failed() {
				t.Log(p.text)
			}
		})
	}
}

// TestReader: the language and the zone are the person's, else the customer's,
// else the reseller's (R77).
func TestReader(t *testing.T) {
	tests := []struct {
		name             string
		person, customer string // language and zone, divided by a blank
		to               uint16
		want             string // of the text, and of the Date
		zone             string
	}{
		{"the person's", "en America/New_York", "pl Europe/Warsaw", anna, "Reply above", "-0500"},
		{"the customer's", " ", "en Asia/Taipei", anna, "Reply above", "+0800"},
		{"the reseller's", " ", " ", anna, "Odpowiedz powy", "+0100"},
		{"a guest has the customer's", "pl ", "en Asia/Taipei", guest, "Reply above", "+0800"},
		{"a language we do not have", "xx Europe/Nowhere", "en Asia/Taipei", anna, "Reply above", "+0800"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, "")
			person, customer := &s.d.People[0], &s.d.Customers[0]
			person.Language, person.Zone, _ = strings.Cut(tt.person, " ")
			customer.Language, customer.Zone, _ = strings.Cut(tt.customer, " ")
			_, raw := s.open(t, s.delivery(tt.to, 4, 4))
			p := parse(t, raw)
			if !strings.HasPrefix(p.text, "##- "+tt.want) {
				t.Errorf("begins with %.40q, want %q", p.text, tt.want)
			}
			if date := p.header.Get("Date"); !strings.HasSuffix(date, tt.zone) {
				t.Errorf("date %q, want zone %s", date, tt.zone)
			}
		})
	}
}

// TestLarge: a notice has a bound, whatever people send, and says what is left
// out.
func TestLarge(t *testing.T) {
	s := newStage(t, "en")
	s.c.Title = strings.Repeat("ż", 10_000)
	s.events[3].Message.Text = strings.Repeat("ż", maxText/2+1)
	s.events[3].Message.Attachments = make([]mailer.Attachment, 500)
	s.events[3].Message.Limits = make([]string, 500)
	for range 60 {
		s.events = append(s.events, s.events[3])
	}
	_, raw := s.open(t, s.delivery(anna, 4, 66))
	p := parse(t, raw)
	for _, want := range []string{"This message is too long", "61 more messages are kept", "and 480 more"} {
		if !strings.Contains(p.text, want) {
			t.Errorf("the notice must say %q", want)
		}
	}
	if subject := p.header.Get("Subject"); len(subject) > 2000 {
		t.Errorf("a subject of %d octets", len(subject))
	}
	if len(raw) > 2<<20 {
		t.Errorf("a mail of %d octets", len(raw))
	}
	s.events[3].Message.Text = "short"
	_, raw = s.open(t, s.delivery(anna, 4, 66))
	if text := parse(t, raw).text; strings.Contains(text, "too long") || strings.Count(text, "\nshort\n") != 49 || !strings.Contains(text, "12 more messages") {
		t.Errorf("of 62 short messages 50 must be shown in full:\n%.2000s", text)
	}
}

// TestUTF8: an address beyond ASCII needs SMTPUTF8 (RFC 6531).
func TestUTF8(t *testing.T) {
	s := newStage(t, "en")
	s.c.Participants[3].Address = address("józef@partner.example")
	out, raw := s.open(t, s.delivery(guest, 4, 4))
	if !out.UTF8 || !bytes.Contains(raw, []byte("<józef@partner.example>")) {
		t.Errorf("UTF8 %v, header:\n%s", out.UTF8, out.Header)
	}
}

// TestWords: every state, priority and role a case can have has words in every
// language, with the code kept beside them (glossary).
func TestWords(t *testing.T) {
	for _, lang := range []string{"en", "pl"} {
		s := newStage(t, lang)
		for _, state := range cases.States {
			s.c.State = state
			_, raw := s.open(t, s.delivery(anna, 4, 4))
			if text := parse(t, raw).text; !strings.Contains(text, " ("+string(state)+")\n") {
				t.Errorf("no words for state %s in %s:\n%s", state, lang, text)
			}
		}
		for _, priority := range cases.Priorities {
			s.c.Priority = priority
			_, raw := s.open(t, s.delivery(anna, 4, 4))
			if text := parse(t, raw).text; !strings.Contains(text, ": "+string(priority)+" – ") {
				t.Errorf("no words for priority %s in %s:\n%s", priority, lang, text)
			}
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	s := newStage(b, "pl")
	d := s.delivery(anna, 4, 6)
	b.ReportAllocs()
	for b.Loop() {
		s.open(b, d)
	}
}
