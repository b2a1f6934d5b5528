package main

import (
	"crypto/tls"
	"fmt"
	"strings"
	"testing"
	"time"
)

// open begins a session, with STARTTLS if asked for, and says EHLO.
func (w *world) open(ip string, encrypted bool) *conversation {
	w.t.Helper()
	c := w.dial(ip)
	w.t.Cleanup(c.close)
	c.expect("220")
	c.say("EHLO client.test")
	if encrypted {
		c.startTLS()
		c.say("EHLO client.test")
	}
	return c
}

// startTLS says the command and makes the handshake.
func (c *conversation) startTLS() {
	c.w.t.Helper()
	c.say("STARTTLS")
	conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true, ServerName: "gate.test"})
	conn.SetDeadline(time.Now().Add(patience))
	if err := conn.Handshake(); err != nil {
		c.w.t.Fatal(err)
	}
	c.over(conn)
}

// sam may file a case by SPF alone, so that a mail of his may be any octets.
const sam = "sam@shared.test"

// transaction begins a mail of sam's to R1's intake.
func (c *conversation) transaction() {
	c.w.t.Helper()
	c.write("MAIL FROM:<" + sam + ">\r\nRCPT TO:<" + intake1 + ">\r\n")
	c.expect("250")
	c.expect("250")
}

// smuggled is a mail that is to be taken for a second one, with its dialogue.
const smuggled = "MAIL FROM:<" + sam + ">\r\nRCPT TO:<" + intake1 + ">\r\nDATA\r\nFrom: " + sam + "\r\nTo: " + intake1 + "\r\nSubject: Smuggled\r\n\r\nsmuggled\r\n.\r\n"

// ends are octets that some server takes for the end of a mail; strict tells that
// a CR or LF stands alone in them.
var ends = []struct {
	octets string
	strict bool
}{
	{"\n.\n", true}, {"\n.\r\n", true}, {"\r\n.\n", true}, {"\r.\r", true}, {"\r.\r\n", true}, {"\r\n.\r", true}, {"\n.\r", true}, {"\r.\n", true},
	{"\n.\r\r\n", true}, {"\r\r\n.\r\n", true}, {"\r\n.\r\r\n", true}, {"\r\n\r.\r\n", true}, {"\r\n\n.\n", true}, {"\n\n.\r\n", true}, {"\r\r.\r\r", true},
	{"\r\n\x00.\r\n", false}, {"\r\n.\x00\r\n", false}, {"\r\x00\n.\r\n", true}, {"\r\n.\r\x00\n", true}, {"\r\n..\r\n", false}, {"\u2028.\u2028", false}, {"\x85.\x85", false}, {"\r\n. \r\n", false},
}

// TestThreatSmuggling: a mail is one mail, in DATA and in BDAT, in the clear and
// with TLS (T38, A6).
func TestThreatSmuggling(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, encrypted := range []bool{false, true} {
		for _, end := range ends {
			head := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: Outer\r\nMessage-ID: <%x.%v@shared.test>\r\n\r\ntext", sam, intake1, end.octets, encrypted)
			for _, way := range []string{"DATA", "BDAT"} {
				t.Run(fmt.Sprintf("T38 A6 %q in %s, TLS %v", end.octets, way, encrypted), func(t *testing.T) {
					w.in(t)
					before := w.state()
					c := w.open(sharedIP, encrypted)
					c.transaction()
					var last []string
					if way == "DATA" {
						c.say("DATA")
						c.write(head + end.octets + smuggled + "QUIT\r\n")
						last = c.replies()
					} else {
						text := head + end.octets + smuggled
						c.write(fmt.Sprintf("BDAT %d LAST\r\n%sQUIT\r\n", len(text), text))
						last = c.replies()
					}
					// The connection may end behind the refusal.
					if len(last) == 0 || len(last) > 2 || end.strict && !strings.HasPrefix(last[0], "550 5.6.11") || len(last) == 2 && !strings.HasPrefix(last[1], "221") {
						t.Errorf("the replies are %q, want one to the mail (550 5.6.11: %v) and one to QUIT", last, end.strict)
					}
					if after := w.state(); strings.Contains(after, "Smuggled") || end.strict && after != before {
						t.Errorf("the cases are\n%s", after)
					}
				})
			}
		}
		for _, way := range []string{"DATA", "BDAT"} {
			t.Run(fmt.Sprintf("T38 A6 control, two mails in one go by %s, TLS %v", way, encrypted), func(t *testing.T) {
				w.in(t)
				before := strings.Count(w.state(), "Pipelined")
				c := w.open(sharedIP, encrypted)
				for i := range 2 {
					text := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: Pipelined\r\n\r\n%d %v %s\r\n..\r\n", sam, intake1, i, encrypted, way)
					c.write("MAIL FROM:<" + sam + ">\r\nRCPT TO:<" + intake1 + ">\r\n")
					if way == "BDAT" {
						c.write(fmt.Sprintf("BDAT 10\r\n%sBDAT %d LAST\r\n%s", text[:10], len(text)-10, text[10:]))
					} else {
						c.write("DATA\r\n" + text + ".\r\n")
					}
				}
				c.write("QUIT\r\n")
				got := c.replies()
				if n := strings.Count(w.state(), "Pipelined") - before; n != 2 {
					t.Errorf("two mails made %d cases; the replies are %q", n, got)
				}
			})
		}
	}
}

// TestThreatChunks: what is wrong with a chunk ends the mail and runs nothing
// (T40, A1).
func TestThreatChunks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for _, encrypted := range []bool{false, true} {
		for _, test := range []struct{ name, write, want string }{
			{"larger than any number", "BDAT 18446744073709551615\r\n" + smuggled, "501"},
			{"larger than that", "BDAT 99999999999999999999 LAST\r\n" + smuggled, "501"},
			{"negative", "BDAT -1 LAST\r\n" + smuggled, "501"},
			{"signed", "BDAT +5 LAST\r\n" + smuggled, "501"},
			{"hexadecimal", "BDAT 0x10 LAST\r\n" + smuggled, "501"},
			{"no size", "BDAT\r\n" + smuggled, "501"},
			{"no number", "BDAT LAST\r\n" + smuggled, "501"},
			{"more than LAST", "BDAT 5 LAST NOW\r\n" + smuggled, "501"},
			{"of two lines", "BDAT 5\r LAST\r\n" + smuggled, "5"},
			{"larger than a mail may be", fmt.Sprintf("BDAT %d LAST\r\n", 13<<20), ""},
			{"without LAST", "BDAT 5\r\nhello" + "MAIL FROM:<" + sam + ">\r\n", "250"},
			{"cut short", "BDAT 1000 LAST\r\n" + smuggled, ""},
		} {
			t.Run(fmt.Sprintf("T40 %s, TLS %v", test.name, encrypted), func(t *testing.T) {
				w.in(t)
				before := w.state()
				c := w.open(sharedIP, encrypted)
				c.transaction()
				c.write(test.write)
				if test.want != "" {
					c.expect(test.want)
				}
				c.close()
				w.settled()
				if after := w.state(); after != before {
					t.Errorf("the cases are\n%s", after)
				}
			})
		}
		t.Run(fmt.Sprintf("A1 a chunk after a refused recipient, TLS %v", encrypted), func(t *testing.T) {
			w.in(t)
			before := w.state()
			c := w.open(sharedIP, encrypted)
			chunk := "RSET\r\n" + smuggled
			c.write(fmt.Sprintf("MAIL FROM:<%s>\r\nRCPT TO:<nobody@r1.test>\r\nBDAT %d LAST\r\n%sNOOP\r\nQUIT\r\n", sam, len(chunk), chunk))
			if got := c.replies(); len(got) != 5 || got[2][:3] != "503" {
				t.Errorf("the replies are %q, want five: to MAIL, RCPT, BDAT (503), NOOP and QUIT", got)
			}
			if after := w.state(); after != before {
				t.Errorf("the cases are\n%s", after)
			}
		})
		t.Run(fmt.Sprintf("T40 control, LAST with nothing, TLS %v", encrypted), func(t *testing.T) {
			w.in(t)
			before := w.state()
			text := fmt.Sprintf("From: %s\r\nTo: %s\r\nSubject: Chunks %v\r\n\r\ntext\r\n", sam, intake1, encrypted)
			c := w.open(sharedIP, encrypted)
			c.transaction()
			c.write(fmt.Sprintf("BDAT %d\r\n%sBDAT 0 LAST\r\n", len(text), text))
			c.expect("250")
			c.expect("250 2.0.0 Accepted")
			if w.state() == before {
				t.Error("a sound mail had no effect")
			}
		})
	}
}

// settled waits until the daemon has noticed that a client has gone: another
// client's mail that is refused comes behind it.
func (w *world) settled() {
	w.t.Helper()
	w.send(letter{to: []string{intake1}, mail: w.write("nobody@none.test", intake1, "x", "x")})
}

// TestThreatSTARTTLS: what was said before the handshake does not count after it
// (T41).
func TestThreatSTARTTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	before := w.state()
	for _, injected := range []string{"EHLO evil.test\r\n" + smuggled, "EHLO evil.test\r\nMAIL FROM:<" + sam + ">\r\nRCPT TO:<" + intake1 + ">\r\n", "NOOP\r\n", "\r\n"} {
		t.Run(fmt.Sprintf("T41 %.10q in the packet of STARTTLS", injected), func(t *testing.T) {
			w.in(t)
			c := w.open(sharedIP, false)
			c.write("STARTTLS\r\n" + injected)
			if r := c.reply(); !strings.HasPrefix(r, "220") {
				return // refused: as good
			}
			conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
			if conn.Handshake() != nil {
				return
			}
			c.over(conn)
			c.write("VRFY x\r\nDATA\r\nQUIT\r\n")
			if got := c.replies(); len(got) != 3 || got[0][:3] != "252" || got[1][0] != '5' {
				t.Errorf("after the handshake the replies are %q, want those to VRFY, DATA and QUIT alone", got)
			}
		})
	}
	t.Run("T41 a transaction from before", func(t *testing.T) {
		w.in(t)
		c := w.open(sharedIP, false)
		c.transaction()
		c.write("STARTTLS\r\n")
		if r := c.reply(); strings.HasPrefix(r, "220") {
			conn := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
			conn.SetDeadline(time.Now().Add(patience))
			if err := conn.Handshake(); err != nil {
				t.Fatal(err)
			}
			c.over(conn)
			if r := c.say("DATA"); r[0] != '5' {
				t.Errorf("DATA without a transaction is answered %q", r)
			}
		}
	})
	t.Run("T41 no new EHLO", func(t *testing.T) {
		w.in(t)
		c := w.open(sharedIP, false)
		c.startTLS()
		if r := c.say("MAIL FROM:<" + sam + ">"); !strings.HasPrefix(r, "503") {
			t.Errorf("MAIL without a new EHLO is answered %q, want 503", r)
		}
		if r := c.say("EHLO client.test"); strings.Contains(r, "STARTTLS") {
			t.Errorf("STARTTLS is offered again: %s", r)
		}
		if r := c.say("STARTTLS"); r[0] != '5' {
			t.Errorf("a second STARTTLS is answered %q", r)
		}
	})
	if after := w.state(); after != before {
		t.Errorf("the cases are\n%s", after)
	}
	t.Run("T41 control", func(t *testing.T) {
		w.in(t)
		c := w.open(sharedIP, true)
		c.transaction()
		c.say("DATA")
		if r := c.say("From: " + sam + "\r\nTo: " + intake1 + "\r\nSubject: Encrypted\r\n\r\nx\r\n."); r[0] != '2' || w.state() == before {
			t.Errorf("a sound mail is answered %q", r)
		}
	})
}
