package guard

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"
)

var someDay = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// TestNetworks: whose connections count together.
func TestNetworks(t *testing.T) {
	g := &Guard{}
	exempting := &Guard{Exempt: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	for _, tc := range []struct {
		g    *Guard
		addr net.Addr
		want string
	}{
		{g, &net.TCPAddr{IP: net.ParseIP("192.0.2.1")}, "192.0.2.1/32"},
		{g, &net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.1")}, "192.0.2.1/32"},
		{g, &net.TCPAddr{IP: net.ParseIP("2001:db8:1:2:3::4")}, "2001:db8:1:2::/64 2001:db8:1::/48"},
		{g, &net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0"}, "fe80::/64 fe80::/48"},
		{g, &net.TCPAddr{IP: net.ParseIP("127.0.0.1")}, ""},
		{g, &net.TCPAddr{IP: net.IPv6loopback}, ""},
		{g, &net.UnixAddr{Name: "", Net: "unix"}, ""},
		{g, nil, ""},
		{exempting, &net.TCPAddr{IP: net.ParseIP("192.0.2.1")}, ""},
		{exempting, &net.TCPAddr{IP: net.ParseIP("127.0.0.1")}, "127.0.0.1/32"},
	} {
		got := ""
		for _, p := range tc.g.originOf(tc.addr) {
			if p.IsValid() {
				got += " " + p.String()
			}
		}
		if want := tc.want; got != want && got != " "+want {
			t.Errorf("%v counts for %q, want %q", tc.addr, got, want)
		}
	}
}

// TestPeers: each line is a connection, or what happened to one, at a time.
func TestPeers(t *testing.T) {
	p := &peers{limits: limits{conns: 2, perMinute: 4, refused: 3}}
	for i, tc := range []struct {
		after time.Duration
		ip    string
		does  string
		want  Reason
	}{
		{0, "192.0.2.1", "enter", admitted},
		{0, "192.0.2.1", "enter", admitted},
		{0, "192.0.2.1", "enter", PerPrefix}, // a third at a time
		{0, "192.0.2.2", "enter", admitted},  // another network is not concerned
		{0, "192.0.2.1", "leave", 0},
		{0, "192.0.2.1", "enter", admitted},
		{0, "192.0.2.1", "leave", 0},
		{0, "192.0.2.1", "enter", admitted},
		{0, "192.0.2.1", "leave", 0},
		{0, "192.0.2.1", "enter", PerPrefix}, // a fifth within a minute
		{15 * time.Second, "192.0.2.1", "enter", admitted},
		{15 * time.Second, "192.0.2.2", "refuse", 0},
		{15 * time.Second, "192.0.2.2", "refuse", 0},
		{time.Minute, "192.0.2.2", "enter", admitted}, // two refused recipients are no guessing
		{time.Minute, "192.0.2.2", "refuse", 1},
		{time.Minute, "192.0.2.2", "leave", 0},
		{time.Hour, "192.0.2.2", "enter", Guessing},
		{time.Hour + time.Minute, "192.0.2.2", "enter", admitted}, // an hour after the first
		{0, "2001:db8::1", "enter", admitted},
		{0, "2001:db8::2", "enter", admitted},
		{0, "2001:db8::3", "enter", PerPrefix},
		{0, "2001:db8:0:1::", "enter", admitted}, // other /64 of the same /48
		{0, "2001:db8:0:1::", "enter", admitted},
		{0, "2001:db8:0:2::", "enter", admitted},
		{0, "2001:db8:0:2::", "enter", admitted},
		{0, "2001:db8:0:3::", "enter", admitted},
		{0, "2001:db8:0:3::", "enter", admitted},
		{0, "2001:db8:0:4::", "enter", PerPrefix}, // a ninth of the /48
		{0, "2001:db8:1::", "enter", admitted},
	} {
		o, now := networksOf(netip.MustParseAddr(tc.ip)), someDay.Add(tc.after)
		got := Reason(0)
		switch tc.does {
		case "enter":
			if got = p.admit(o, now); got == admitted {
				p.enter(o)
			}
		case "leave":
			p.leave(o)
		case "refuse":
			if p.refuse(o, now) {
				got = 1
			}
		}
		if got != tc.want {
			t.Errorf("line %d, %s %s: %v, want %v", i, tc.ip, tc.does, got, tc.want)
		}
	}
}

// TestPeersBounded: as many networks as an attacker can have take no more memory
// than maxPeers, and those that are connected are not forgotten.
func TestPeersBounded(t *testing.T) {
	p := &peers{limits: limits{conns: 1, perMinute: 100, refused: 3}}
	here := networksOf(netip.MustParseAddr("192.0.2.1"))
	p.admit(here, someDay)
	p.enter(here)
	for i := range uint32(3 * maxPeers) {
		var b [16]byte
		binary.BigEndian.PutUint32(b[:], 0x20010000+i)
		o := networksOf(netip.AddrFrom16(b))
		if p.admit(o, someDay) != admitted {
			t.Fatalf("network %d is not admitted", i)
		}
		p.enter(o)
		p.leave(o)
		if len(p.of) > maxPeers {
			t.Fatalf("%d networks are remembered after %d came, want at most %d", len(p.of), i+1, maxPeers)
		}
	}
	if why := p.admit(here, someDay); why != PerPrefix {
		t.Errorf("the network that is connected was forgotten: %v", why)
	}
}

// TestPeersForgotten: a network that was forgotten between admit and enter is not
// owed a connection.
func TestPeersForgotten(t *testing.T) {
	p := &peers{limits: limits{conns: 1, perMinute: 100, refused: 3}}
	here := networksOf(netip.MustParseAddr("192.0.2.1"))
	p.admit(here, someDay)
	delete(p.of, here[0])
	p.enter(here)
	p.admit(here, someDay)
	p.leave(here)
	if n := p.of[here[0]].conns; n != 0 {
		t.Errorf("the network has %d connections after its only one has left", n)
	}
}

// TestPerPrefix: one network has its share, and hears why; guessing is remembered
// over connections (T45).
func TestPerPrefix(t *testing.T) {
	g := &Guard{PerPrefix: 2, RefusedPerHour: 3, Silence: -1}
	within(t, g, func(t *testing.T, l pipes) {
		for range 2 {
			_, r := l.from("192.0.2.1")
			expect(t, r, "220")
		}
		_, r := l.from("192.0.2.1")
		expect(t, r, "421 4.7.0 mx.north.example too many connections from your network")
		for range 4 {
			_, r = l.from("127.0.0.1")
			expect(t, r, "220")
		}
		c, r := l.from("192.0.2.2")
		expect(t, r, "220")
		for _, want := range []string{"250 REFUSE", "250 REFUSE", "250 enough"} {
			io.WriteString(c, "REFUSE\r\n")
			expect(t, r, want)
		}
		_, r = l.from("192.0.2.2")
		expect(t, r, "421 4.7.0 mx.north.example too many guesses")
		time.Sleep(time.Hour)
		c, r = l.from("192.0.2.2")
		expect(t, r, "220")
		if s := g.Stats(); s.Turned[PerPrefix] != 1 || s.Turned[Guessing] != 1 {
			t.Errorf("Stats: %+v, want one per-prefix and one guessing", s)
		}
		io.WriteString(c, "HANGUP\r\n")
		expect(t, r, "250 HANGUP")
		if n := g.Stats().Turned[Guessing]; n != 2 {
			t.Errorf("counted %d for guessing after a session that the server ended for it, want 2", n)
		}
	})
}

func TestReasonNames(t *testing.T) {
	seen := map[string]bool{}
	for r := range reasons {
		if name := r.String(); name == "" || seen[name] {
			t.Errorf("reason %d has the name %q", r, name)
		} else {
			seen[name] = true
		}
	}
}
