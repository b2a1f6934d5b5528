package guard

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func dial(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c, bufio.NewReader(c)
}

func expect(t *testing.T, r *bufio.Reader, want string) {
	t.Helper()
	if line, err := r.ReadString('\n'); !strings.HasPrefix(line, want) {
		t.Fatalf("client got %q (%v), want %q", line, err, want)
	}
}

// pipes is a listener without a network, for tests in which time is not real.
type pipes struct {
	next   chan net.Conn
	closed chan struct{}
}

func (l pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (l pipes) Close() error {
	close(l.closed)
	return nil
}

func (l pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.next:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// at gives a connection an address.
type at struct {
	net.Conn
	addr string
}

func (c at) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.ParseIP(c.addr), Port: 1025}
}

// from connects a client with an address of its own.
func (l pipes) from(addr string) (net.Conn, *bufio.Reader) {
	theirs, ours := net.Pipe()
	l.next <- at{ours, addr}
	return theirs, bufio.NewReader(theirs)
}

// within runs a test against a guard on a listener of pipes, in its own time.
func within(t *testing.T, g *Guard, test func(t *testing.T, l pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := pipes{make(chan net.Conn), make(chan struct{})}
		serveOn(t, g, l)
		test(t, l)
	})
}

// TestSheds: beyond the limit who keeps us waiting longest makes place, even if
// it drips, and not who is in the middle of a mail (T44, F16).
func TestSheds(t *testing.T) {
	g := &Guard{Connections: 3, Silence: -1}
	within(t, g, func(t *testing.T, l pipes) {
		busy, rBusy := l.from("192.0.2.1")
		expect(t, rBusy, "220")
		io.WriteString(busy, "DATA\r\n")
		expect(t, rBusy, "354")
		io.WriteString(busy, strings.Repeat("x", 5000)) // keeps up with MinRate
		drip, rDrip := l.from("192.0.2.2")
		expect(t, rDrip, "220")
		time.Sleep(time.Second)
		polite, rPolite := l.from("192.0.2.3")
		expect(t, rPolite, "220")
		for range 5 {
			time.Sleep(time.Second)
			io.WriteString(drip, "N")
			io.WriteString(polite, "NOOP\r\n")
			expect(t, rPolite, "250 NOOP")
		}
		time.Sleep(patience)
		_, rNew := l.from("192.0.2.4")
		expect(t, rDrip, "421 4.3.2 mx.north.example has too many")
		expect(t, rNew, "220")
		io.WriteString(polite, "NOOP\r\n")
		expect(t, rPolite, "250 NOOP")
		io.WriteString(busy, "\r\n.\r\n")
		expect(t, rBusy, "250 xxx")
		if s := g.Stats(); s.Turned[Shed] != 1 || s.Open != 3 || s.Served != 4 {
			t.Errorf("Stats: %+v, want 4 served, one shed, 3 open", s)
		}
	})
}

// TestShedsTheMany: a network that holds many places loses them before one that
// holds a single one for a little longer.
func TestShedsTheMany(t *testing.T) {
	within(t, &Guard{Connections: 5, Silence: -1}, func(t *testing.T, l pipes) {
		lone, rLone := l.from("192.0.2.1")
		expect(t, rLone, "220")
		time.Sleep(time.Second)
		var first *bufio.Reader
		for i := range 4 {
			_, r := l.from("192.0.2.2")
			expect(t, r, "220")
			if i == 0 {
				first = r
			}
			time.Sleep(time.Second)
		}
		_, rNew := l.from("192.0.2.3")
		expect(t, first, "421 4.3.2")
		expect(t, rNew, "220")
		io.WriteString(lone, "NOOP\r\n")
		expect(t, rLone, "250 NOOP")
	})
}

// TestShedsNotTheMany: those who hold many places but answer in the time of a
// round trip stay, beside others who hold one each for nothing.
func TestShedsNotTheMany(t *testing.T) {
	within(t, &Guard{Connections: 50, Silence: -1}, func(t *testing.T, l pipes) {
		_, rIdle := l.from("192.0.2.1")
		expect(t, rIdle, "220")
		time.Sleep(crowdedIdle - time.Second)
		far := make([]*bufio.Reader, 49)
		for i := range far {
			_, far[i] = l.from("192.0.2.2")
			expect(t, far[i], "220")
		}
		time.Sleep(2 * patience)
		_, rNew := l.from("192.0.2.3")
		expect(t, rIdle, "421 4.3.2")
		expect(t, rNew, "220")
	})
}

// TestShedsTexts: a text that drips makes place as a command that drips does,
// and a mail that keeps up with MinRate does not.
func TestShedsTexts(t *testing.T) {
	for _, begin := range []string{"DATA\r\nx", "RCPT\r\nBDAT 1000\r\nx", "RCPT\r\nBDAT 1\r\nx", "BDAT 1000\r\nx"} {
		within(t, &Guard{Connections: 2, Silence: -1}, func(t *testing.T, l pipes) {
			busy, rBusy := l.from("192.0.2.1")
			expect(t, rBusy, "220")
			io.WriteString(busy, "DATA\r\n")
			expect(t, rBusy, "354")
			io.WriteString(busy, strings.Repeat("x", 5000))
			slow, rSlow := l.from("192.0.2.2")
			expect(t, rSlow, "220")
			heard := make(chan string)
			go func() { all, _ := io.ReadAll(rSlow); heard <- string(all) }()
			io.WriteString(slow, begin)
			time.Sleep(2 * time.Second)
			_, rNew := l.from("192.0.2.3")
			expect(t, rNew, "220")
			if all := <-heard; !strings.Contains(all, "421 4.3.2 mx.north.example has too many") {
				t.Errorf("%q: the client that drips heard %q, want 421", begin, all)
			}
			io.WriteString(busy, "\r\n.\r\n")
			expect(t, rBusy, "250 xxx")
		})
	}
}

// TestNoPlace: where everybody is busy, who comes last is told to come again.
func TestNoPlace(t *testing.T) {
	g := &Guard{Connections: 1, Silence: -1}
	within(t, g, func(t *testing.T, l pipes) {
		busy, rBusy := l.from("192.0.2.1")
		expect(t, rBusy, "220")
		io.WriteString(busy, "DATA\r\n")
		expect(t, rBusy, "354")
		io.WriteString(busy, strings.Repeat("x", 5000))
		time.Sleep(time.Second)
		_, r := l.from("192.0.2.2")
		expect(t, r, "421 4.3.2 mx.north.example too many")
		if rest, _ := io.ReadAll(r); len(rest) > 0 {
			t.Errorf("client beyond the limit got %q after 421, want the end", rest)
		}
		io.WriteString(busy, "\r\n.\r\n")
		expect(t, rBusy, "250")
		busy.Close()
		synctest.Wait()
		_, r = l.from("192.0.2.2")
		expect(t, r, "220")
		if n := g.Stats().Turned[TooMany]; n != 1 {
			t.Errorf("%d were told that there are too many, want one", n)
		}
	})
}

// TestShedsWhoDoesNotRead: a client that sends much and reads nothing makes place,
// as it keeps us waiting like one that is silent.
func TestShedsWhoDoesNotRead(t *testing.T) {
	for _, n := range []int{1, 10} { // replies: fewer and more than are kept back
		within(t, &Guard{Connections: 1, Silence: -1}, func(t *testing.T, l pipes) {
			deaf, r := l.from("192.0.2.1")
			expect(t, r, "220")
			go io.WriteString(deaf, strings.Repeat(strings.Repeat("x", 1000)+"\r\n", n))
			time.Sleep(time.Second)
			_, rNew := l.from("192.0.2.2")
			expect(t, rNew, "220")
			time.Sleep(3 * lastWords) // until it is cut
		})
	}
}

// TestShedSpeaks: who says something at the last moment keeps its place, and is
// known to Drain and Close.
func TestShedSpeaks(t *testing.T) {
	g := &Guard{Silence: -1}
	within(t, g, func(t *testing.T, l pipes) {
		_, r := l.from("192.0.2.1")
		expect(t, r, "220")
		time.Sleep(time.Second)
		g.mu.Lock()
		n := g.shed(time.Now(), func(c *Conn) bool { c.waits(time.Time{}); return true })
		g.mu.Unlock()
		if s := g.Stats(); n != 0 || s.Turned[Shed] != 0 || s.Open != 1 {
			t.Errorf("%d were shed, Stats: %+v; want none, and one open", n, s)
		}
	})
}

// TestLooksRarely: where nobody can make place, those who knock do not each cost
// a look at all connections.
func TestLooksRarely(t *testing.T) {
	within(t, &Guard{Connections: 1, Silence: -1}, func(t *testing.T, l pipes) {
		_, r := l.from("192.0.2.1")
		expect(t, r, "220")
		time.Sleep(patience - lookAgain/2)
		for _, want := range []string{"421 4.3.2", "421 4.3.2", "220"} {
			_, r := l.from("192.0.2.2")
			expect(t, r, want)
			time.Sleep(lookAgain / 2)
		}
		expect(t, r, "421 4.3.2")
	})
}

// TestCrowded: who is silent when places are rare is not waited for so long.
func TestCrowded(t *testing.T) {
	within(t, &Guard{Connections: 4, Silence: -1}, func(t *testing.T, l pipes) {
		for i, want := range []time.Duration{defaultIdle, defaultIdle, defaultIdle, crowdedIdle} {
			_, r := l.from("192.0.2.1")
			expect(t, r, "220")
			if i < 3 {
				continue // the others wait meanwhile
			}
			begin := time.Now()
			expect(t, r, "421 4.4.2")
			if waited := time.Since(begin); waited != want {
				t.Errorf("client %d was waited for for %v, want %v", i, waited, want)
			}
		}
	})
}

// TestSession: nobody stays for ever.
func TestSession(t *testing.T) {
	within(t, &Guard{Session: time.Hour, Silence: -1}, func(t *testing.T, l pipes) {
		c, r := l.from("192.0.2.1")
		expect(t, r, "220")
		for range 59 {
			time.Sleep(time.Minute)
			io.WriteString(c, "NOOP\r\n")
			expect(t, r, "250")
		}
		expect(t, r, "421 4.4.2")
	})
}

// TestLastReply: a mail that was taken while the session's time ran out is
// answered all the same.
func TestLastReply(t *testing.T) {
	within(t, &Guard{Session: time.Minute, Silence: -1}, func(t *testing.T, l pipes) {
		c, r := l.from("192.0.2.1")
		expect(t, r, "220")
		io.WriteString(c, "WORK\r\n")
		expect(t, r, "250 WORK")
		expect(t, r, "421 4.4.2")
	})
}

// TestTally: commands that lead to no mail, and errors, come to an end; what a
// correct client does that pipelines into a refusal does not count.
func TestTally(t *testing.T) {
	transaction := "ERROR\r\n" + strings.Repeat("RCPT\r\n", 100) + "DATA\r\n.\r\n"
	for name, tc := range map[string]struct {
		input string
		want  int // replies before the 421
		end   bool
	}{
		"commands":      {strings.Repeat("NOOP\r\n", maxCommands+1), maxCommands, true},
		"errors":        {strings.Repeat("ERROR\r\n", maxErrors+1), maxErrors, true},
		"empty chunks":  {"RCPT\r\n" + strings.Repeat("BDAT 0\r\n", maxCommands+2), maxCommands + 2, true},
		"large mailing": {strings.Repeat(transaction, maxErrors-1), (maxErrors - 1) * 103, false},
		"many chunks":   {"RCPT\r\n" + strings.Repeat("BDAT 1\r\nx", 2*maxCommands), 2*maxCommands + 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			out := talk(t, serve(t, &Guard{}), tc.input)
			replies := strings.Count(out, "\r\n")
			if tc.end {
				replies--
			}
			if end := strings.Contains(out, "421 4.7.0 mx.north.example closes"); replies != tc.want || end != tc.end {
				t.Errorf("client got %d replies, closed %v; want %d, %v: %.200q", replies, end, tc.want, tc.end, out)
			}
		})
	}
}

// TestPeerStopsReading: a client that takes no replies does not hold the server.
func TestPeerStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		c := newConn(&Guard{}, ours)
		io.WriteString(c, "220 hello\r\n")
		begin := time.Now()
		if n, err := c.Read(make([]byte, 100)); n != 0 || err != io.EOF {
			t.Errorf("server read %d octets (%v) from a client that does not read, want io.EOF", n, err)
		}
		if waited := time.Since(begin); waited > 2*defaultIdle+time.Second {
			t.Errorf("server waited %v for a client that does not read", waited)
		}
	})
}

// TestDrain: idle sessions end at once, others with their transaction.
func TestDrain(t *testing.T) {
	g := &Guard{}
	addr := serve(t, g)
	_, idle := dial(t, addr)
	expect(t, idle, "220")
	c, busy := dial(t, addr)
	expect(t, busy, "220")
	io.WriteString(c, "EHLO\r\nMAIL\r\n")
	expect(t, busy, "250 EHLO")
	expect(t, busy, "250 MAIL")
	g.Drain()
	expect(t, idle, "421 4.3.2 mx.north.example is shutting down")
	io.WriteString(c, "DATA\r\n.\r\nMAIL\r\n")
	expect(t, busy, "354")
	expect(t, busy, "250")
	expect(t, busy, "421 4.3.2 mx.north.example is shutting down")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Listen(l); !errors.Is(err, ErrDraining) {
		t.Errorf("Listen after Drain: %v, want ErrDraining", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("Listen after Drain left the listener open")
	}
}
