package main

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"casegate/cases"
)

// TestThreatLMTP: behind LMTP, as behind every front hop, a forged mail is taken
// and recorded, not bounced to whom it names (F2, T1, design 2.5).
func TestThreatLMTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *config) { c.LMTP.Socket = filepath.Join(c.Data, "in.sock") })
	token := w.token(ann, c1)
	for _, test := range []struct {
		name, mail string
		status     cases.MailStatus
		effect     bool
	}{
		{"T1 F2 forged", w.write(ann, token, "Re", "text"), cases.MailRefused, false},
		{"T1 F2 forged, with results of another's", with("Authentication-Results: evil.test; spf=pass smtp.mailfrom=ann@acme.test; dkim=pass header.d=acme.test\n", w.write(ann, token, "Re", "text")), cases.MailRefused, false},
		{"T1 F2 forged, the hop says that SPF failed", with("Authentication-Results: front.test; spf=fail smtp.mailfrom=x@evil.test\n", w.write(ann, token, "Re", "text")), cases.MailRefused, false},
		{"T20 F5 a stranger", w.signed(eve, token, "Re", "text"), cases.MailHeld, false},
		{"T4 F6 two From", "From: " + eve + "\r\n" + w.signed(ann, token, "Re", "text"), cases.MailHeld, false},
		{"F2 control, authentic", w.signed(ann, token, "Re", "text"), cases.MailFiled, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.in(t)
			conn, err := net.Dial("unix", w.gate.Config.LMTP.Socket)
			if err != nil {
				t.Fatal(err)
			}
			c := &conversation{w: w}
			c.over(conn)
			defer c.close()
			before := w.state()
			c.expect("220")
			c.say("LHLO front.test")
			c.say("MAIL FROM:<x@evil.test>")
			if r := c.say("RCPT TO:<nobody@r1.test>"); !strings.HasPrefix(r, "550 5.1.1") {
				t.Errorf("an unknown recipient is answered %q, want 550 5.1.1: nothing was kept that could bounce", r)
			}
			c.say("RCPT TO:<" + token + ">")
			c.say("DATA")
			c.write(stuffed(test.mail) + ".\r\n")
			c.expect("250")
			if r := w.newest(); r.Status != test.status || !r.Envelope.FrontHop {
				t.Errorf("it is recorded as %s, from a front hop %v; want %s and true\n%s", r.Status, r.Envelope.FrontHop, test.status, traceOf(r))
			}
			if after := w.state(); (after != before) != test.effect {
				t.Errorf("the cases were\n%s\nand are\n%s\nwant an effect: %v", before, after, test.effect)
			}
		})
	}
}

// TestThreatPerIP: one address has its share of the connections and no more,
// while others are served (T44, F16). The loopback has no limit, so that it needs
// an address of this machine that the rest of the world could have.
func TestThreatPerIP(t *testing.T) {
	t.Parallel()
	own := ownAddress(t)
	const share = 5
	w := newWorld(t, func(c *config) { c.SMTP.Listen, c.SMTP.ConnectionsPerIP = "0.0.0.0:0", share })
	_, port, err := net.SplitHostPort(w.gate.status().SMTP)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("T44 F16 more than its share", func(t *testing.T) {
		w.in(t)
		var all []*conversation
		for range share {
			c := w.dialTo(own, net.JoinHostPort(own, port))
			defer c.close()
			c.expect("220")
			all = append(all, c)
		}
		c := w.dialTo(own, net.JoinHostPort(own, port))
		defer c.close()
		if r := c.reply(); !strings.HasPrefix(r, "421") && r != closed {
			t.Errorf("the connection beyond its share is answered %q, want 421", r)
		}
		w.must("250", letter{ip: honestIP, path: ann, to: []string{intake1}, mail: w.signed(ann, intake1, "New", "text")})
		all[0].close()
		for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			c := w.dialTo(own, net.JoinHostPort(own, port))
			r := c.reply()
			c.close()
			if strings.HasPrefix(r, "220") {
				break // the control: a place that is free again
			}
			if time.Since(begin) > patience {
				t.Fatalf("when one has gone, another is answered %q, want 220", r)
			}
		}
	})
	t.Run("F16 ten thousand connections", func(t *testing.T) { t.Skip("measured in ingest/mx: flood_test.go") })
}

func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && !ip.IP.IsLoopback() {
			return ip.IP.String()
		}
	}
	t.Skip("this machine has no address but the loopback's")
	return ""
}
