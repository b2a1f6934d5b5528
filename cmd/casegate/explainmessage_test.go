package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"casegate/cases"
	"casegate/mailer"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fullMessage has something in every field.
func fullMessage() *mailer.Message {
	ida := mailer.Mailbox{Name: "Ida Acme", Email: mailer.MustAddress("ida@acme.example")}
	return &mailer.Message{
		Subject: "Odp: Printer on fire", From: []mailer.Mailbox{ida}, To: []mailer.Mailbox{{Email: mailer.MustAddress("support@north.example")}},
		Cc: []mailer.Mailbox{{Name: "Nobody"}}, ReplyTo: []mailer.Mailbox{ida},
		MessageID: "3@acme.example", InReplyTo: []string{"2@north.example"}, References: []string{"1@acme.example", "2@north.example"},
		Date: time.Date(2026, 3, 13, 10, 0, 0, 0, time.FixedZone("", 3600)),
		Text: "It is out.\n\nNorth wrote:\n> Is it?\n> One.\n> Two.\n> Three.\n\n-- \nIda\n",
		Reply: mailer.Reply{Text: "It is out.\n", Elided: "North wrote:\n> Is it?\n> One.\n> Two.\n> Three.\n", Signature: "-- \nIda\n",
			Confidence: 0.9, Reason: "… wrote"},
		Attachments: []mailer.Attachment{
			{Name: "fire.png", ContentType: "image/png", Size: 5, SHA256: strings.Repeat("0a", 32), ContentID: "fire@acme", Inline: true},
			{Name: "rechnung\x1b[31m.pdf", ContentType: "application/pdf", Size: 1 << 20, SHA256: strings.Repeat("1b", 32)},
		},
		Received: 3, Kind: mailer.KindAutoReply, Automatic: true, Returns: time.Date(2026, 3, 20, 0, 0, 0, 0, time.UTC),
		KindReason: "RFC 3464", Original: "lost@north.example",
		Bounces:  []mailer.Bounce{{Recipient: "gone@acme.example", Action: "failed", Status: "5.1.1", Diagnostic: "550 5.1.1 no such user"}},
		Feedback: "abuse", Forwarded: &mailer.Forwarded{From: ida, Date: "Fri, 13 Mar", Subject: "Printer"},
		Upstream: []string{"75151719"}, Tokens: []string{"thread::a1B2c3D4_xy"},
		Marks: []string{"signed (S/MIME), not checked"}, CharsetRepairs: []string{"text labelled iso-8859-1 read as utf-8"},
		Limits: []string{"Only the first part is shown."}, Failure: "reading the mail broke down",
	}
}

// TestMessageAnswer: what is said of a message, for people and for programs, in
// full and of an empty one (issue 3, 7). go test ./cmd/casegate -update writes the files.
func TestMessageAnswer(t *testing.T) {
	for name, m := range map[string]*mailer.Message{"full": fullMessage(), "empty": {}} {
		page := ""
		if name == "full" {
			page = "<p>It is out.</p>"
		}
		a := &fileAnswer{File: "mail.eml", Message: newMessageAnswer(m, page), Records: list[*cases.MailRecord](nil)}
		var line, programs, people bytes.Buffer
		if err := jsonLine(&line, a); err != nil {
			t.Fatal(err)
		}
		if err := json.Indent(&programs, line.Bytes(), "", "  "); err != nil {
			t.Fatalf("%s: %s is not JSON: %v", name, line.Bytes(), err)
		}
		if err := printMessage(&people, a.Message); err != nil {
			t.Fatal(err)
		}
		golden(t, "explain-"+name+".json", programs.Bytes())
		golden(t, "explain-"+name+".golden", people.Bytes())
	}
}

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// TestSameKeys: programs find the same keys in every answer, and no null where
// they want a list.
func TestSameKeys(t *testing.T) {
	keys := func(m *mailer.Message) map[string]any {
		var b bytes.Buffer
		if err := jsonLine(&b, newMessageAnswer(m, "")); err != nil {
			t.Fatal(err)
		}
		var all map[string]any
		if err := json.Unmarshal(b.Bytes(), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	full, empty := keys(fullMessage()), keys(&mailer.Message{})
	for key, value := range full {
		other, ok := empty[key]
		if !ok {
			t.Errorf("an empty message has no %q, want every key always", key)
		}
		if _, isList := value.([]any); isList && other == nil {
			t.Errorf("%q of an empty message is null, want []", key)
		}
	}
}

func TestThreadKeys(t *testing.T) {
	got := threadKeys(fullMessage())
	want := []threadKey{
		{"google-token", "thread::a1B2c3D4_xy"},
		{"in-reply-to", "2@north.example"},
		{"references", "1@acme.example"},
		{"upstream", "75151719"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("thread keys, the strongest first and each once (-want +got):\n%s", diff)
	}
}

// TestPrintLong: people are shown the beginning of what is long, and how much
// more there is.
func TestPrintLong(t *testing.T) {
	m := fullMessage()
	m.Reply.Text = strings.Repeat("line\n", maxReplyLines+7)
	m.Reply.Signature = strings.Repeat("ż", maxLineLength+1)
	m.Reply.Elided = "\x1b]0;title\x07one\ntwo\nthree\nfour"
	for range 30 {
		m.To = append(m.To, mailer.Mailbox{Email: mailer.MustAddress("a@b.example")})
		m.Attachments = append(m.Attachments, mailer.Attachment{Name: "x"})
		m.Limits = append(m.Limits, "limit")
	}
	var b bytes.Buffer
	if err := printMessage(&b, newMessageAnswer(m, "")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nReply, 207 lines\n", "  line\n  … and 7 more\n", "  " + strings.Repeat("ż", maxLineLength) + "…\n",
		"\nElided, 4 lines\n  one\n  two\n  three\n  … and 1 more\n", "a@b.example>, and 11 more\n", "  … and 12 more\n", "  and 11 more\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("want %q in what is printed:\n%s", want, b.String())
		}
	}
	if strings.ContainsAny(b.String(), "\x1b\x07") {
		t.Error("control characters of a stranger pass (T79)")
	}
}
