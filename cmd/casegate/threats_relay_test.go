package main

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"casegate/mailer"
)

// relays are ways to ask for an address that is not ours (T42, F12).
var relays = []string{
	"<victim@victim.test>", "<victim%victim.test@gate.test>", "<support%victim.test@r1.test>", "<@gate.test:victim@victim.test>", "<@r1.test,@gate.test:victim@victim.test>",
	`<"victim@victim.test"@gate.test>`, `<"victim@victim.test"@r1.test>`, "<victim.test!victim@gate.test>", "<victim@[127.0.0.1]>", "<victim@[IPv6:::1]>", "<victim@127.0.0.1>",
	`<"support"@victim.test>`, "<support@r1.test@victim.test>", "<support@r1.test.>", "<support@r1.test.victim.test>", "<SRS0=aaaa=bb=victim.test=victim@gate.test>", "<SRS1=aaaa=gate.test==bb=cc=victim.test=victim@r1.test>",
	"<victim@localhost>", "<victim>", "<r-victim@gate.test>", "<support(comment)@r1.test(victim.test)>", "<support@r1.test> ORCPT=rfc822;victim@victim.test", "<support@r1.test>, <victim@victim.test>", "victim@victim.test",
	"<support@r1.test\x00@victim.test>", "< victim@victim.test>", "<desk@r1.test>",
}

// TestThreatRelay: nothing is taken for others, from nobody, nor from who signs in
// (T42, F12).
func TestThreatRelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config) { c.Submission.Listen = "127.0.0.1:0" })
	signIn := w.submission(t)
	before := w.state()
	for _, rcpt := range relays {
		t.Run(fmt.Sprintf("T42 F12 %q", rcpt), func(t *testing.T) {
			w.in(t)
			for who, c := range map[string]*conversation{"a stranger": w.open("", false), "a front hop": w.open(frontIP, false), "who signed in": signIn(t)} {
				from := eve
				if who == "who signed in" {
					from = ann
				}
				c.say("MAIL FROM:<" + from + ">")
				if r := c.say("RCPT TO:" + rcpt); r[0] != '5' && r != closed {
					t.Errorf("by %s it is answered %q, want 5xx", who, r)
				}
			}
		})
	}
	t.Run("F12 forward to a loop", func(t *testing.T) { t.Skip("forwarding is a later issue (6)") })
	t.Run("T42 F12 control, our own after signing in", func(t *testing.T) {
		w.in(t)
		if after := w.state(); after != before {
			t.Errorf("the cases are\n%s", after)
		}
		c := signIn(t)
		c.say("MAIL FROM:<" + ann + ">")
		c.say("RCPT TO:<" + intake1 + ">")
		c.say("DATA")
		if r := c.say(stuffed(w.write(ann, intake1, "Signed in", "text")) + "."); r[0] != '2' || w.state() == before {
			t.Errorf("a mail of who signed in is answered %q, want 250 and a case", r)
		}
		isFrom(ann, mailer.Verified)(t, w.newest())
	})
	t.Run("T42 nothing went to the victim", func(t *testing.T) {
		w.in(t)
		w.drained()
		for _, m := range w.sink.all() {
			if strings.Contains(m.to, "victim") {
				t.Errorf("a mail went to %s", m.to)
			}
		}
	})
}

// TestThreatSubmission: signing in gives the right to one's own addresses (T42).
func TestThreatSubmission(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config) { c.Submission.Listen = "127.0.0.1:0" })
	signIn := w.submission(t)
	t.Run("T42 somebody else's address after signing in", func(t *testing.T) {
		w.in(t)
		before := w.state()
		c := signIn(t)
		c.say("MAIL FROM:<" + ann + ">")
		c.say("RCPT TO:<" + intake1 + ">")
		c.say("DATA")
		if r := c.say(stuffed(w.write("ann@good.test", intake1, "As another", "text")) + "."); !strings.HasPrefix(r, "550 5.7.") || w.state() != before {
			t.Errorf("it is answered %q, want 550 5.7.x and no effect", r)
		}
	})
	t.Run("T42 without signing in", func(t *testing.T) {
		w.in(t)
		c := w.dialTo(honestIP, w.door(t, "submission"))
		defer c.close()
		c.expect("220")
		c.say("EHLO client.test")
		if r := c.say("MAIL FROM:<" + ann + ">"); !strings.HasPrefix(r, "530") {
			t.Errorf("MAIL in the clear at the submission door is answered %q, want 530", r)
		}
		if r := c.say("AUTH PLAIN " + base64Of("\x00ann\x00anything")); r[0] != '5' {
			t.Errorf("AUTH in the clear is answered %q, want 5xx", r)
		}
		c.startTLS()
		c.say("EHLO client.test")
		if r := c.say("MAIL FROM:<" + ann + ">"); !strings.HasPrefix(r, "530") {
			t.Errorf("MAIL before AUTH is answered %q, want 530", r)
		}
		if r := c.say("AUTH PLAIN " + base64Of("\x00ann\x00wrong")); !strings.HasPrefix(r, "535") {
			t.Errorf("a wrong password is answered %q, want 535", r)
		}
	})
}

// submission makes a user who may write as ann, and gives a way to sign in.
func (w *world) submission(t *testing.T) (signIn func(*testing.T) *conversation) {
	t.Helper()
	var out strings.Builder
	if code := run([]string{"user", "add", "ann", "--address", ann, "--token", "--data", w.gate.Config.Data}, &console{strings.NewReader(""), &out, &out}); code != exitOK {
		t.Fatalf("no user could be added: %s", &out)
	}
	secret := strings.TrimSpace(out.String())
	submission := w.door(t, "submission")
	return func(t *testing.T) *conversation {
		c := w.dialTo(honestIP, submission)
		t.Cleanup(c.close)
		c.expect("220")
		c.say("EHLO client.test")
		c.startTLS()
		c.say("EHLO client.test")
		c.say("AUTH LOGIN")
		c.say(base64Of("ann"))
		if r := c.say(base64Of(secret)); !strings.HasPrefix(r, "235") {
			t.Fatalf("signing in is answered %q", r)
		}
		return c
	}
}

// door is where one listens.
func (w *world) door(t *testing.T, name string) string {
	t.Helper()
	for _, d := range w.gate.status().Doors {
		if d.Door == name {
			return d.Address
		}
	}
	t.Fatalf("no door %q", name)
	return ""
}

func base64Of(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
