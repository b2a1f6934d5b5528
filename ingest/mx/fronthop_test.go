package mx

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"casegate/ingest/guard"
)

// foreign are ways to write the address of somebody else so that a careless
// server hands it on (F12, T42).
var foreign = []string{
	"victim@elsewhere.example",
	"victim%elsewhere.example@north.example",
	"victim%elsewhere.example",
	"elsewhere.example!victim@north.example",
	"elsewhere.example!victim",
	"@north.example:victim@elsewhere.example",
	"@north.example,@mx.north.example:victim@elsewhere.example",
	`"victim@elsewhere.example"@north.example`,
	`"victim%elsewhere.example"@north.example`,
	"victim@elsewhere.example@north.example",
	"support@north.example@elsewhere.example",
	"victim@[192.0.2.25]",
	"victim@[IPv6:2001:db8::25]",
	"victim@[127.0.0.1]",
	"support@north.example.",
	"victim@3221225497",
	"SRS0=HHHH=TT=elsewhere.example=victim@north.example",
	"SRS1=HHHH=relay.example==HHH=TT=elsewhere.example=victim@north.example",
	"r-aaaaaaaaaaaaaaaaaaaaaaaa@mx.north.example",
	`"support@north.example> ORCPT=rfc822;x <victim"@elsewhere.example`,
}

// TestNeverARelay: none of our doors takes mail for others, whoever asks, and
// signing in changes nothing about it.
func TestNeverARelay(t *testing.T) {
	for _, mode := range []Mode{MX, Submission, LMTP} {
		t.Run(mode.String(), func(t *testing.T) {
			d := open(t, func(d *door) {
				d.Mode, d.TLS, d.Auth = mode, selfSigned(t), account
				d.FrontHops = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
				d.desk.only = []string{"support@north.example"}
			})
			c := d.dial(t)
			switch mode {
			case LMTP:
				c.send(t, "LHLO client.example\r\n")
				c.expect(t, "250")
			case Submission:
				c = d.secure(t)
				c.send(t, plain("ann@north.example", hunter))
				c.expect(t, "235")
			default:
				c.send(t, "EHLO client.example\r\n")
				c.expect(t, "250")
			}
			c.send(t, "MAIL FROM:<support@north.example>\r\n")
			c.expect(t, "250")
			for _, to := range foreign {
				c.send(t, "RCPT TO:<"+to+">\r\n")
				c.expect(t, "5")
				c.send(t, "RCPT TO:"+to+"\r\n")
				c.expect(t, "5")
			}
			c.send(t, "DATA\r\n")
			c.expect(t, "502")
			// Positive control.
			c.send(t, "RCPT TO:<support@north.example>\r\n")
			c.expect(t, "250 2.1.5")
			c.data(t, "x\r\n", "250")
			if n := d.desk.count(); n != 1 || len(d.desk.mails[0].Envelope.Recipients) != 1 {
				t.Errorf("handler saw %d mails, want one to our address alone", n)
			}
		})
	}
}

// TestFrontHop: to an MTA in front of us a refusal of the text would mean a
// bounce, so it is told that the mail was taken; unknown addresses and what the
// door itself refuses it must know of.
func TestFrontHop(t *testing.T) {
	for _, tc := range []struct {
		network string
		front   bool
	}{{"127.0.0.0/8", true}, {"192.0.2.0/24", false}} {
		t.Run(fmt.Sprintf("front hop %v", tc.front), func(t *testing.T) {
			d := open(t, func(d *door) { d.FrontHops = []netip.Prefix{netip.MustParsePrefix(tc.network)} })
			want := map[bool]string{true: "250 2.0.0 Accepted", false: "550 5.7.1"}[tc.front]
			c := d.dial(t)
			c.begin(t, "refused@north.example")
			c.data(t, "x\r\n", want)
			if env := d.desk.mail().Envelope; env.FrontHop != tc.front {
				t.Errorf("handler saw the envelope %+v, want FrontHop %v", env, tc.front)
			}
			c.begin(t, "refused@north.example", "again@north.example")
			c.data(t, "x\r\n", "451 4.3.0")
			c.begin(t, "a@north.example")
			c.send(t, "BDAT 3 LAST\r\nx\n.")
			c.expect(t, "550 5.6.11")
			c.begin(t)
			for range maxRefused {
				c.send(t, "RCPT TO:<unknown@north.example>\r\n")
				c.expect(t, "550 5.1.1")
			}
			c.send(t, "RCPT TO:<unknown@north.example>\r\n")
			c.expect(t, map[bool]string{true: "550 5.1.1", false: "421 4.7.0"}[tc.front])
			if n := d.Stats().Turned[guard.Guessing]; (n == 0) != tc.front {
				t.Errorf("counted %d clients that guess", n)
			}
		})
	}
}

// TestTemporaryIsNoGuess: our own failures do not end a session as if somebody
// had tried addresses.
func TestTemporaryIsNoGuess(t *testing.T) {
	d := open(t, nil)
	c := d.dial(t)
	c.begin(t)
	for range maxRefused + 1 {
		c.send(t, "RCPT TO:<busy@north.example>\r\n")
		c.expect(t, "451 4.3.0")
	}
}

// TestUnixSocket: whoever connects by a Unix socket has no address, and no limits
// as one client.
func TestUnixSocket(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "lmtp"))
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, func(d *door) { d.Mode, d.on = LMTP, l })
	var idle []*client
	for range 100 { // more than one client may have
		idle = append(idle, d.dial(t))
	}
	if open := d.Stats().Open; open != 100 {
		t.Errorf("%d connections are open, want 100", open)
	}
	c := idle[99]
	c.send(t, "LHLO relay.example\r\nMAIL FROM:<it@acme.example>\r\nRCPT TO:<a@north.example>\r\n")
	for range 3 {
		c.expect(t, "250")
	}
	c.data(t, "x\r\n", "250 2.0.0 <a@north.example> Accepted")
	m := d.desk.mails[0]
	if m.Envelope.Remote.IsValid() || !m.Envelope.FrontHop || m.Door != "lmtp" {
		t.Errorf("handler saw a mail by %s with the envelope %+v, want no address and a front hop", m.Door, m.Envelope)
	}
	if want := "Received: from relay.example\r\n\tby mx.north.example with LMTP id "; !strings.HasPrefix(m.header, want) {
		t.Errorf("header is %q, want %q", m.header, want)
	}
}
