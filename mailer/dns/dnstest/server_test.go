package dnstest_test

import (
	"net"
	"strings"
	"testing"
	"time"

	wire "github.com/miekg/dns"

	"casegate/mailer/dns/dnstest"
)

const zone = `
test.       SOA  . . 1 3600 600 86400 60
a.test.     A    192.0.2.1
a.test.     TXT  "one"
alias.test. CNAME a.test.
x.y.test.   A    192.0.2.2
big.test.   TXT  "BIG"
`

func ask(t *testing.T, s *dnstest.Server, network, name string, qtype uint16) *wire.Msg {
	t.Helper()
	m := new(wire.Msg).SetQuestion(name, qtype)
	client := wire.Client{Net: network, Timeout: 5 * time.Second}
	reply, _, err := client.Exchange(m, s.Addr)
	if err != nil {
		t.Fatalf("%s %s gave %v, want a reply", network, name, err)
	}
	return reply
}

func TestServer(t *testing.T) {
	s := dnstest.Start(t, zone)
	s.Fail("sf.test", dnstest.ServFail)
	s.Fail("ref.test", dnstest.Refused)
	s.Fail("a2.test", dnstest.Truncated)
	if err := s.Set(dnstest.TXT("big.test", strings.Repeat("x", 3000)) + "a2.test A 192.0.2.3"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name           string
		qtype          uint16
		rcode, answers int
		soa, truncated bool // truncated is for UDP
	}{
		{"a.test.", wire.TypeA, wire.RcodeSuccess, 1, false, false},
		{"A.Test.", wire.TypeTXT, wire.RcodeSuccess, 1, false, false},
		{"alias.test.", wire.TypeA, wire.RcodeSuccess, 2, false, false},
		{"alias.test.", wire.TypeCNAME, wire.RcodeSuccess, 1, false, false},
		{"alias.test.", wire.TypeMX, wire.RcodeSuccess, 1, true, false},
		{"a.test.", wire.TypeMX, wire.RcodeSuccess, 0, true, false},
		{"y.test.", wire.TypeA, wire.RcodeSuccess, 0, true, false},
		{"z.test.", wire.TypeA, wire.RcodeNameError, 0, true, false},
		{"other.", wire.TypeA, wire.RcodeNameError, 0, false, false},
		{"sf.test.", wire.TypeA, wire.RcodeServerFailure, 0, false, false},
		{"ref.test.", wire.TypeA, wire.RcodeRefused, 0, false, false},
		{"big.test.", wire.TypeTXT, wire.RcodeSuccess, 1, false, true},
		{"a2.test.", wire.TypeA, wire.RcodeSuccess, 1, false, true},
	} {
		for _, network := range []string{"udp", "tcp"} {
			m := ask(t, s, network, c.name, c.qtype)
			truncated := c.truncated && network == "udp"
			if m.Rcode != c.rcode || len(m.Ns) > 0 != c.soa || m.Truncated != truncated || !truncated && len(m.Answer) != c.answers {
				t.Errorf("%s %s: want code %d, %d answers, SOA %v, truncated %v, got\n%v", network, c.name, c.rcode, c.answers, c.soa, truncated, m)
			}
		}
	}
	if n := s.Queries("Alias.test"); n != 6 {
		t.Errorf("questions for alias.test: counted %d, want 6", n)
	}
}

func TestChangeWhileRunning(t *testing.T) {
	s := dnstest.Start(t, zone)
	set := func(records string) {
		t.Helper()
		if err := s.Set(records); err != nil {
			t.Fatal(err)
		}
	}
	answers := func(what, name string, qtype uint16, want int) {
		t.Helper()
		if m := ask(t, s, "udp", name, qtype); len(m.Answer) != want {
			t.Errorf("%s: %d answers, want %d", what, len(m.Answer), want)
		}
	}
	set("a.test A 192.0.2.7\na.test A 192.0.2.8\nnew.test A 192.0.2.9")
	answers("replaced", "a.test.", wire.TypeA, 2)
	answers("another type of the same name", "a.test.", wire.TypeTXT, 1)
	answers("new", "new.test.", wire.TypeA, 1)
	s.Remove("a.test")
	answers("removed", "a.test.", wire.TypeA, 0)
	s.Fail(dnstest.Everything, dnstest.ServFail)
	answers("failing", "new.test.", wire.TypeA, 0)
	s.Fail(dnstest.Everything, dnstest.None)
	answers("healed", "new.test.", wire.TypeA, 1)
	if err := s.Set("this is no record"); err == nil {
		t.Error("text that is no zone was taken")
	}
}

func TestSilentAndClosed(t *testing.T) {
	s, err := dnstest.Serve("127.0.0.1:0", zone)
	if err != nil {
		t.Fatal(err)
	}
	s.Fail("a.test", dnstest.Silent)
	client := wire.Client{Timeout: 50 * time.Millisecond}
	if _, _, err := client.Exchange(new(wire.Msg).SetQuestion("a.test.", wire.TypeA), s.Addr); err == nil {
		t.Error("a silent name got a reply")
	}
	for s.Queries("a.test") == 0 { // on a slow machine it is still on its way
		time.Sleep(time.Millisecond)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close gave %v", err)
	}
	if conn, err := net.Dial("tcp", s.Addr); err == nil {
		conn.Close()
		t.Error("a closed server takes connections")
	}
	if _, err := dnstest.Serve("127.0.0.1:0", "bad"); err == nil {
		t.Error("a zone that cannot be read was served")
	}
}

// RFC 1035 3.3.14: no string of a text is longer than 255 octets.
func TestTXT(t *testing.T) {
	s := dnstest.Start(t, "")
	for text, want := range map[string]int{
		"": 1, "plain": 1, strings.Repeat("x", 255): 1, strings.Repeat("y", 256): 2, strings.Repeat("\x00\xff\"\\;", 200): 4,
	} {
		if err := s.Set(dnstest.TXT("t.test", text)); err != nil {
			t.Fatalf("text %q: %v", text, err)
		}
		txt := ask(t, s, "tcp", "t.test.", wire.TypeTXT).Answer[0].(*wire.TXT)
		if len(txt.Txt) != want {
			t.Errorf("text of %d octets came in %d strings, want %d", len(text), len(txt.Txt), want)
		}
		if n := int(txt.Hdr.Rdlength); n != want+len(text) {
			t.Errorf("text of %d octets came as %d, want %d with a length octet each", len(text), n, want+len(text))
		}
	}
}
