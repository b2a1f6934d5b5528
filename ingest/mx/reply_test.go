package mx

import (
	"fmt"
	"strings"
	"testing"

	"casegate/mailer"
)

func TestReplyFor(t *testing.T) {
	for _, tc := range []struct {
		verdict mailer.Verdict
		reason  mailer.Reason
		want    string
	}{
		{mailer.Accepted, "", ""},
		{mailer.Held, mailer.NeedsDecision, ""},
		{mailer.Refused, mailer.NoSuchAddress, "550 5.1.1"},
		{mailer.Refused, mailer.NotAllowed, "550 5.7.1"},
		{mailer.Refused, mailer.NotAuthenticated, "550 5.7.26"},
		{mailer.Refused, mailer.NoGrant, "550 5.7.1"},
		{mailer.Refused, mailer.Malformed, "550 5.6.0"},
		{mailer.Refused, mailer.Unreadable, "550 5.6.0"},
		{mailer.Refused, mailer.TooLarge, "552 5.3.4"},
		{mailer.Refused, mailer.TooManyHops, "554 5.4.6"},
		{mailer.Deferred, mailer.TryLater, "451 4.3.0"},
		{mailer.Deferred, mailer.TooMany, "450 4.7.1"},
		{mailer.Deferred, mailer.Full, "452 4.3.1"},
		// The verdict counts: a refusal must not read as a temporary failure,
		// nor the other way round.
		{mailer.Refused, mailer.Full, "550 5.7.1"},
		{mailer.Refused, "", "550 5.7.1"},
		{mailer.Deferred, mailer.NoSuchAddress, "451 4.3.0"},
		{mailer.Deferred, "", "451 4.3.0"},
		{"", "", "451 4.3.0"},
	} {
		r, got := replyFor(mailer.Outcome{Verdict: tc.verdict, Reason: tc.reason}), ""
		if r != nil {
			got = fmt.Sprintf("%d %d.%d.%d", r.Code, r.EnhancedCode[0], r.EnhancedCode[1], r.EnhancedCode[2])
			if r.Message == "" {
				t.Errorf("%s/%s: reply without a text", tc.verdict, tc.reason)
			}
		}
		if got != tc.want {
			t.Errorf("%s/%s becomes %q, want %q", tc.verdict, tc.reason, got, tc.want)
		}
	}
}

func TestReplyText(t *testing.T) {
	r := replyFor(mailer.Outcome{Verdict: mailer.Refused, Text: "a\r\n250 b\x00ż" + strings.Repeat("c", 1000)})
	if len(r.Message) > maxText || strings.ContainsFunc(r.Message, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("reply is %q, want at most %d printable characters", r.Message, maxText)
	}
}

// TestLog: one line for each mail that the door turns away, which names it and
// holds no token (T79). That of an accepted one is the handler's.
func TestLog(t *testing.T) {
	token := strings.Repeat("k", 48)
	d := open(t, nil)
	c := d.dial(t)
	c.send(t, "EHLO client.example\r\nMAIL FROM:<r-"+token+"@mx.north.example>\r\nRCPT TO:<Case-"+token+"@mx.north.example>\r\n")
	for range 3 {
		c.expect(t, "250")
	}
	c.data(t, "Subject: private\r\n", "250")
	c.begin(t, "refused@north.example")
	c.data(t, "x\r\n", "550")
	c.begin(t, "fail@north.example")
	c.data(t, "x\r\n", "451")
	d.shutdown(t)
	got := strings.Split(strings.TrimSpace(d.log.String()), "\n")
	if len(got) != 2 {
		t.Fatalf("log has %d lines, want one for each of two mails:\n%s", len(got), d.log)
	}
	for i, want := range []string{
		"level=INFO msg=mail id=%s verdict=refused door=mx remote=127.0.0.1 reverse_path=it@acme.example recipients=1 size=",
		"level=ERROR msg=mail id=%s verdict=deferred door=mx remote=127.0.0.1 reverse_path=it@acme.example recipients=1 size=",
	} {
		if want = fmt.Sprintf(want, d.desk.mails[i+1].ID); !strings.Contains(got[i], want) {
			t.Errorf("log says %q, want %q", got[i], want)
		}
	}
	if strings.Contains(d.log.String(), token) || strings.Contains(d.log.String(), "private") {
		t.Errorf("log holds a token or text of a mail:\n%s", d.log)
	}
}
