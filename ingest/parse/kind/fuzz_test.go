package kind

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"casegate/mailer"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzOf: whatever came, what is said of it can be stored and shown, and the
// kinds that nobody may answer are automatic.
func FuzzOf(f *testing.F) {
	archive, err := txtar.ParseFile("testdata/bounces.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range archive.Files {
		f.Add(file.Data)
	}
	for _, s := range []string{
		dsn("Final-Recipient: utf-8; a\\x{FFFFFF}\\x{d800}@b\nAction: x\nDiagnostic-Code: ;;\n\nStatus: 5.1.1\n"),
		"From: <>\nSubject: failure notice\n\n<a@b>:\n<<@>\n550 5.1.1\n--- Below this line is a copy\n\nTo: \x00",
		"Date: Tue, 3 Nov 2026 10:00:00 +0100\nSubject: Automatic reply: x\n\nback on 31.12.99 11月0日 12/12/26 until may",
		"From: a@sns.amazonaws.com\n\n{\"notificationType\":\"Bounce\",\"bouncedRecipients\":[{\"emailAddress\":\"a@b\"}]}",
		"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: a\x01b\n--b--",
		"X-Failed-Recipients: a@b,,<c@d>\nFrom: MAILER-DAEMON\n\nundeliverable",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r := Of(read(raw))
		for _, b := range r.Bounces {
			checkRecord(t, b)
		}
		if !isLine(r.Feedback, 100) || !isLine(r.Original, 1000) || !isLine(r.Why, 200) || r.Why == "" {
			t.Errorf("feedback %q, original %q, why %q: expected lines of UTF-8", r.Feedback, r.Original, r.Why)
		}
		switch r.Kind {
		case mailer.KindPerson:
			if r.Automatic || len(r.Bounces) > 0 {
				t.Errorf("a person's mail is automatic or says something of recipients: %+v", r)
			}
		case mailer.KindList:
		default:
			if !r.Automatic {
				t.Errorf("%s is not automatic", r.Kind)
			}
		}
		if len(r.Bounces) > maxRecipients || !r.Returns.IsZero() && r.Returns.Truncate(24*time.Hour) != r.Returns {
			t.Errorf("%d records, back %v", len(r.Bounces), r.Returns)
		}
	})
}

func checkRecord(t *testing.T, b mailer.Bounce) {
	switch {
	case b.Recipient == "" || !isLine(b.Recipient, maxRecipient):
		t.Errorf("recipient %q, expected one line of UTF-8", b.Recipient)
	case !isLine(b.Diagnostic, maxDiagnostic):
		t.Errorf("diagnostic %q, expected one line of UTF-8", b.Diagnostic)
	case b.Status != "" && findStatus(b.Status, allClasses) != b.Status:
		t.Errorf("status %q, expected one of RFC 3463", b.Status)
	case !strings.Contains(" failed delayed delivered relayed expanded ", " "+b.Action+" "):
		t.Errorf("action %q, expected one of RFC 3464", b.Action)
	}
}

func isLine(s string, most int) bool {
	return utf8.ValidString(s) && !strings.ContainsAny(s, "\x00\r\n") && len(s) <= most
}
