package mx

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// client speaks raw SMTP.
type client struct {
	net.Conn
	r *bufio.Reader
}

// dial connects and reads the greeting.
func (d *door) dial(t testing.TB) *client {
	t.Helper()
	c := d.connect(t)
	c.expect(t, "220 mx.north.example")
	return c
}

func (d *door) connect(t testing.TB) *client {
	t.Helper()
	conn, err := d.pipeOrDial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(30 * time.Second))
	return &client{Conn: conn, r: bufio.NewReader(conn)}
}

func (d *door) pipeOrDial() (net.Conn, error) {
	w, ok := d.on.(*wires)
	if !ok {
		return net.Dial(d.on.Addr().Network(), d.addr)
	}
	ours, theirs := net.Pipe()
	w.next <- theirs
	return ours, nil
}

// encrypt does the client's part of a TLS handshake.
func (c *client) encrypt() {
	// The server's name is not what is tested.
	c.Conn = tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
	c.r = bufio.NewReader(c.Conn)
}

// secure connects and goes over to TLS.
func (d *door) secure(t testing.TB) *client {
	t.Helper()
	c := d.dial(t)
	c.startTLS(t)
	return c
}

func (c *client) startTLS(t testing.TB) {
	t.Helper()
	c.send(t, "EHLO client.example\r\nSTARTTLS\r\n")
	c.expect(t, "250")
	c.expect(t, "220 2.0.0")
	c.encrypt()
	c.send(t, "EHLO client.example\r\n")
	c.expect(t, "250")
}

// send writes bytes as they are.
func (c *client) send(t testing.TB, s string) {
	t.Helper()
	if _, err := io.WriteString(c.Conn, s); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// reply reads one reply, all its lines.
func (c *client) reply() ([]string, error) {
	var lines []string
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return lines, err
		}
		line = strings.TrimSuffix(line, "\r\n")
		lines = append(lines, line)
		if len(line) < 4 || line[3] != '-' {
			return lines, nil
		}
	}
}

// expect reads one reply, whose last line must begin with want.
func (c *client) expect(t testing.TB, want string) []string {
	t.Helper()
	lines, err := c.reply()
	if err != nil {
		t.Fatalf("server said %q, then %v; want %q", lines, err, want)
	}
	if !strings.HasPrefix(lines[len(lines)-1], want) {
		t.Fatalf("server said %q, want %q", lines, want)
	}
	return lines
}

// expectEnd waits until the server closes the connection without another word.
func (c *client) expectEnd(t testing.TB) {
	t.Helper()
	if rest, err := io.ReadAll(c.r); len(rest) > 0 || isTimeout(err) {
		t.Fatalf("server said %q (%v), want the connection closed", rest, err)
	}
}

func isTimeout(err error) bool {
	ne, ok := err.(net.Error)
	return ok && ne.Timeout()
}

// begin opens a transaction to the recipients.
func (c *client) begin(t testing.TB, rcpts ...string) {
	t.Helper()
	c.send(t, "EHLO client.example\r\nMAIL FROM:<it@acme.example>\r\n")
	c.expect(t, "250 ")
	c.expect(t, "250 2.1.")
	for _, r := range rcpts {
		c.send(t, "RCPT TO:<"+r+">\r\n")
		c.expect(t, "250 2.1.")
	}
}

// data sends a whole mail by DATA and expects the reply; body has dots stuffed
// and lacks the ending line.
func (c *client) data(t testing.TB, body, want string) {
	t.Helper()
	c.send(t, "DATA\r\n")
	c.expect(t, "354")
	c.send(t, body+".\r\n")
	c.expect(t, want)
}
