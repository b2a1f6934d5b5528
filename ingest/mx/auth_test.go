package mx

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"casegate/ingest/guard"
	"casegate/mailer"
)

// someTries is how many wrong passwords a network may try: each takes a handshake
// here, so they are fewer than in earnest.
const someTries = 30

// submit opens a submission door in a bubble of time, for f.
func submit(t *testing.T, f func(t *testing.T, d *door)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t, open(t, func(d *door) {
			d.guard.RefusedPerHour = someTries
			d.Mode, d.TLS, d.Auth = Submission, selfSigned(t), account
			d.on = &wires{next: make(chan net.Conn)}
		}))
	})
}

// plain is the command that signs in by PLAIN.
func plain(user, password string) string {
	return "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+user+"\x00"+password)) + "\r\n"
}

// TestAnswersAreNoCommands: what follows AUTH is base64, also where it looks like
// a command that the door or go-smtp would obey.
func TestAnswersAreNoCommands(t *testing.T) {
	for _, verb := range []string{
		"BDAT", "STARTTLS", "MAIL", "RCPT", "DATA", "RSET", "QUIT", "NOOP", "HELO", "EHLO", "LHLO", "AUTH", "HELP", "VRFY", "POST", "PROXYabc",
	} {
		t.Run(verb, func(t *testing.T) {
			line := verb + "0000"
			password, err := base64.StdEncoding.DecodeString(line)
			if err != nil {
				t.Fatal(err)
			}
			submit(t, func(t *testing.T, d *door) {
				d.Auth = func(_ context.Context, user, got string) (bool, error) {
					return user == "ann@north.example" && got == string(password), nil
				}
				c := d.secure(t)
				// As a name it is just wrong.
				c.send(t, "AUTH LOGIN\r\n")
				c.expect(t, "334")
				c.send(t, line+"\r\n")
				c.expect(t, "334")
				c.send(t, line+"\r\n")
				c.expect(t, "535 5.7.8")
				c.send(t, "AUTH LOGIN "+base64.StdEncoding.EncodeToString([]byte("ann@north.example"))+"\r\n")
				c.expect(t, "334")
				c.send(t, line+"\r\n")
				c.expect(t, "235 2.7.0")
				c.begin(t, "support@north.example")
				c.data(t, "x\r\n", "250 2.0.0 Accepted")
			})
		})
	}
}

// TestGuessingPasswords: each wrong try waits longer for its answer, and the third
// is the last of the session.
func TestGuessingPasswords(t *testing.T) {
	submit(t, func(t *testing.T, d *door) {
		c := d.secure(t)
		for i, want := range []string{"535 5.7.8", "535 5.7.8", "421 4.7.0"} {
			start := time.Now()
			c.send(t, plain("ann@north.example", fmt.Sprint("guess ", i)))
			c.expect(t, want)
			if pause, expected := time.Since(start), time.Second<<i; pause != expected {
				t.Errorf("try %d was answered after %v, want %v", i+1, pause, expected)
			}
		}
		c.expectEnd(t)
		if n := d.Stats().Turned[guard.Guessing]; n != 1 {
			t.Errorf("counted %d clients that guess, want one", n)
		}
		// Positive control: who knows it is not kept waiting.
		start := time.Now()
		c = d.secure(t)
		c.send(t, plain("ann@north.example", hunter))
		c.expect(t, "235")
		if waited := time.Since(start); waited > 100*time.Millisecond {
			t.Errorf("a right password was answered after %v", waited)
		}
	})
}

// TestAuthLog: what is logged names who signed in, and holds neither a password
// nor what may be one (T79); the check for the password is in open.
func TestAuthLog(t *testing.T) {
	submit(t, func(t *testing.T, d *door) {
		c := d.secure(t)
		c.send(t, plain(hunter, "ann@north.example")) // in the wrong field
		c.expect(t, "535")
		c.send(t, plain("broken", hunter))
		c.expect(t, "454 4.7.0")
		c.send(t, plain("ann@north.example", hunter))
		c.expect(t, "235")
		c.begin(t, "refused@north.example")
		c.data(t, "x\r\n", "550")
		m := d.desk.mail()
		if m.Door != "submission" || m.Envelope.User != "ann@north.example" || m.Envelope.FrontHop {
			t.Errorf("handler saw a mail by %s with the envelope %+v", m.Door, m.Envelope)
		}
		for _, want := range []string{"signing in failed", "cannot find out whether a password is right", "door=submission", "user=ann@north.example"} {
			if !strings.Contains(d.log.String(), want) {
				t.Errorf("the log does not say %q:\n%s", want, d.log)
			}
		}
	})
}

// TestNobodySignsIn: passwords are asked for at the submission door only, and
// there only if somebody can tell whether they are right.
func TestNobodySignsIn(t *testing.T) {
	for name, change := range map[string]func(*door){
		"mx":         func(d *door) { d.Auth = account },
		"submission": func(d *door) { d.Mode = Submission },
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, func(d *door) {
				d.TLS = selfSigned(t)
				change(d)
			})
			c := d.secure(t)
			c.send(t, "EHLO client.example\r\n")
			if said := strings.Join(c.expect(t, "250"), " "); strings.Contains(said, "AUTH") {
				t.Errorf("EHLO says %q, want no AUTH", said)
			}
			c.send(t, plain("ann@north.example", hunter))
			c.expect(t, "50")
		})
	}
}

// TestImplicitTLS: the handshake comes first, and then there is nothing to wait
// for (RFC 8314 3.3).
func TestImplicitTLS(t *testing.T) {
	d := open(t, func(d *door) { d.Mode, d.TLS, d.Auth, d.ImplicitTLS = Submission, selfSigned(t), account, true })
	c := d.connect(t)
	c.encrypt()
	c.expect(t, "220 mx.north.example ESMTP")
	c.send(t, "EHLO client.example\r\n")
	if said := strings.Join(c.expect(t, "250"), "\n"); strings.Contains(said, "STARTTLS") || !strings.Contains(said, "\n250-AUTH PLAIN LOGIN\n") {
		t.Errorf("EHLO says %q, want AUTH and no STARTTLS", said)
	}
	c.send(t, plain("ann@north.example", hunter))
	c.expect(t, "235")
	c.begin(t, "support@north.example")
	c.data(t, "x\r\n", "250")
	if m := d.desk.mails[0]; !m.Envelope.TLS || !strings.Contains(m.header, " with ESMTPSA id ") {
		t.Errorf("handler saw %+v, header %q; want TLS and ESMTPSA", m.Envelope, m.header)
	}
}

// TestProtocol: the names of RFC 3848 and RFC 6531 4.3.
func TestProtocol(t *testing.T) {
	for _, tc := range []struct {
		mode     Mode
		extended bool
		env      mailer.Envelope
		want     string
	}{
		{MX, false, mailer.Envelope{}, "SMTP"},
		{MX, true, mailer.Envelope{}, "ESMTP"},
		{MX, true, mailer.Envelope{TLS: true}, "ESMTPS"},
		{MX, true, mailer.Envelope{UTF8: true, TLS: true}, "UTF8SMTPS"},
		{Submission, true, mailer.Envelope{TLS: true, User: "ann"}, "ESMTPSA"},
		{Submission, true, mailer.Envelope{UTF8: true, TLS: true, User: "ann"}, "UTF8SMTPSA"},
		{LMTP, true, mailer.Envelope{}, "LMTP"},
		{LMTP, true, mailer.Envelope{TLS: true}, "LMTPS"},
		{LMTP, true, mailer.Envelope{UTF8: true}, "UTF8LMTP"},
	} {
		if got := tc.mode.protocol(tc.extended, &tc.env); got != tc.want {
			t.Errorf("%s %+v is received with %s, want %s", tc.mode, tc.env, got, tc.want)
		}
	}
}

// addressed is a connection from somewhere.
type addressed struct {
	net.Conn
	from net.Addr
}

func (c addressed) RemoteAddr() net.Addr { return c.from }

// TestGuessingFromOneNetwork: wrong passwords count for the client's network, so
// that a new connection for each three does not help (T45).
func TestGuessingFromOneNetwork(t *testing.T) {
	submit(t, func(t *testing.T, d *door) {
		connect := func(ip string) *client {
			ours, theirs := net.Pipe()
			d.on.(*wires).next <- addressed{theirs, &net.TCPAddr{IP: net.ParseIP(ip), Port: 1}}
			t.Cleanup(func() { ours.Close() })
			return &client{Conn: ours, r: bufio.NewReader(ours)}
		}
		tries := 0
		for ; tries < 2*someTries; tries++ {
			c := connect("192.0.2.1")
			if lines, _ := c.reply(); strings.HasPrefix(lines[0], "421 4.7.0") {
				break
			}
			c.startTLS(t)
			c.send(t, plain("ann@north.example", "guess"))
			if lines, _ := c.reply(); !strings.HasPrefix(lines[0], "535") && !strings.HasPrefix(lines[0], "421") {
				t.Fatalf("a wrong password was answered with %q", lines)
			}
			c.Close()
		}
		if tries != someTries {
			t.Errorf("one network could try %d passwords within the hour, want %d", tries, someTries)
		}
		// Positive control: another network.
		c := connect("198.51.100.1")
		c.expect(t, "220")
		c.startTLS(t)
		c.send(t, plain("ann@north.example", hunter))
		c.expect(t, "235")
	})
}
