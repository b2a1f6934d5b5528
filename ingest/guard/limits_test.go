package guard

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
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

// TestConnections: the limit holds over all listeners, and a place that is
// left can be taken again (F16).
func TestConnections(t *testing.T) {
	g := &Guard{Connections: 2}
	first, second := serve(t, g), serve(t, g)
	a, ra := dial(t, first)
	_, rb := dial(t, second)
	expect(t, ra, "220")
	expect(t, rb, "220")
	_, rc := dial(t, first)
	expect(t, rc, "421 4.3.2 mx.north.example too many")
	if rest, _ := io.ReadAll(rc); len(rest) > 0 {
		t.Errorf("client beyond the limit got %q after 421, want the end", rest)
	}
	a.Close()
	for range 200 {
		_, r := dial(t, second)
		if line, _ := r.ReadString('\n'); strings.HasPrefix(line, "220") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("the place of a closed connection was never free again")
}

// TestSlowSender: who goes on, however slowly, is not idle (A4). The whole takes
// longer than the silence that is allowed.
func TestSlowSender(t *testing.T) {
	addr := serve(t, &Guard{Idle: 1500 * time.Millisecond})
	c, r := dial(t, addr)
	expect(t, r, "220")
	io.WriteString(c, "DATA\r\n")
	expect(t, r, "354")
	for range 20 {
		time.Sleep(100 * time.Millisecond)
		io.WriteString(c, "x")
	}
	io.WriteString(c, "\r\n.\r\n")
	expect(t, r, "250 "+strings.Repeat("x", 20))
}

// TestSession: nobody stays for ever.
func TestSession(t *testing.T) {
	addr := serve(t, &Guard{Session: 200 * time.Millisecond})
	c, r := dial(t, addr)
	expect(t, r, "220")
	for {
		if _, err := io.WriteString(c, "NOOP\r\n"); err != nil {
			return
		}
		line, err := r.ReadString('\n')
		if strings.HasPrefix(line, "421 4.4.2") || err != nil && !errors.Is(err, net.ErrClosed) {
			return
		}
		if !strings.HasPrefix(line, "250") {
			t.Fatalf("client got %q (%v), want 421 in the end", line, err)
		}
	}
}

// TestPeerStopsReading: a client that takes no replies does not hold the server.
func TestPeerStopsReading(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	c := newConn(&Guard{Idle: 50 * time.Millisecond}, ours)
	io.WriteString(c, "220 hello\r\n")
	if n, err := c.Read(make([]byte, 100)); n != 0 || err != io.EOF {
		t.Errorf("server read %d octets (%v) from a client that does not read, want io.EOF", n, err)
	}
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
