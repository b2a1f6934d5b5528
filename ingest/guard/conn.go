package guard

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// Conn is one guarded connection. Its methods are for the goroutine that runs
// the server's session, and for no other.
type Conn struct {
	guard *Guard
	raw   net.Conn // the socket: deadlines, and closing from elsewhere
	wire  net.Conn // the socket, or TLS over it
	end   time.Time
	in    *bufio.Reader
	out   []byte // replies not yet sent

	mode     mode
	line     []byte // rest of what is for the server, and it has not yet taken
	next     string // command of the client that was read too early
	greeting string // "HELO" or "EHLO" as passed on; "" before
	ready    bool   // the transaction has a recipient
	ending   ending
	newlines newlines
	chunk    chunk
	chunked  bool // the server was told DATA for a BDAT
	mute     bool // the server's next reply is for nobody
	hangup   bool

	mu       sync.Mutex
	open     bool // a transaction is going on
	draining bool
}

// mode is what the next octet from the client belongs to.
type mode int

const (
	inCommand mode = iota
	inData         // the text after DATA
	inChunks       // the octets after BDAT
	dead           // nothing is read or sent any more
)

const (
	readBuffer  = 8 << 10 // more than the longest command
	writeBuffer = 4 << 10
)

var (
	errDraining = errors.New("shutting down")
	errBroken   = errors.New("connection lost")
)

func newConn(g *Guard, raw net.Conn) *Conn {
	c := &Conn{guard: g, raw: raw, wire: raw}
	c.end = time.Now().Add(positive(g.Session, defaultSession))
	c.in = bufio.NewReaderSize(source{c}, readBuffer)
	return c
}

// Extended tells that the client said EHLO, not HELO.
func (c *Conn) Extended() bool { return c.greeting == "EHLO" || c.greeting == "LHLO" }

// TLS tells that the connection is encrypted.
func (c *Conn) TLS() bool {
	_, ok := c.wire.(*tls.Conn)
	return ok
}

// Transaction tells the guard where the server's transaction stands: whether
// MAIL was accepted, and whether a recipient was. The guard must know it exactly
// as the server does, because a chunk may only reach one that will take it.
func (c *Conn) Transaction(open, ready bool) {
	c.mu.Lock()
	c.open = open
	c.mu.Unlock()
	c.ready = ready
}

// BareNewline tells that the mail of this transaction has, so far, a CR or an
// LF that stands alone (mail-traps A6). It looks at the octets as they were
// sent, because go-smtp loses some of them.
func (c *Conn) BareNewline() bool { return c.newlines.bare }

// Hangup ends the session once the reply to the present command is sent.
func (c *Conn) Hangup() { c.hangup = true }

// Read implements net.Conn. It gives the server what belongs to its present
// state only, so that it asks again, with all replies made, for the next.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	switch c.mode {
	case inData:
		return c.readData(p)
	case inChunks:
		c.endChunks()
	}
	for len(c.line) == 0 {
		if c.mode == dead || !c.nextCommand() {
			return 0, io.EOF
		}
	}
	n := copy(p, c.line)
	c.line = c.line[n:]
	return n, nil
}

// Write implements net.Conn. Replies wait until the next read from the socket,
// so that a client that pipelines gets them in one packet (RFC 2920 3.2). A
// failure is noticed at that read; here it would only be ignored.
func (c *Conn) Write(p []byte) (int, error) {
	if c.mode == dead {
		return len(p), nil
	}
	line := strings.TrimSuffix(string(p), "\r\n")
	// Only go-smtp's DATA answers 354, and it expects the text from here on.
	text := strings.HasPrefix(line, "354")
	switch {
	case text && c.chunked:
		c.mode, c.newlines = inChunks, newlines{}
		return len(p), nil
	case text:
		c.mode, c.ending, c.newlines = inData, ending{}, newlines{}
	case c.chunked:
		// The server does not take the chunk that it was said to take.
		c.fail("451 4.3.0 Internal failure, try again later")
		return len(p), nil
	case c.mute:
		c.mute = false
		return len(p), nil
	}
	if c.guard.Reply != nil {
		line = c.guard.Reply(c, line)
	}
	c.send(line)
	return len(p), nil
}

// send queues a reply.
func (c *Conn) send(line string) {
	c.out = append(append(c.out, line...), '\r', '\n')
	if len(c.out) >= writeBuffer {
		if err := c.flush(); err != nil {
			c.fail("")
		}
	}
}

func (c *Conn) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	c.raw.SetWriteDeadline(c.deadline())
	_, err := c.wire.Write(c.out)
	c.out = c.out[:0]
	return err
}

// fail ends the connection, after a last reply if there is one.
func (c *Conn) fail(reply string) {
	if c.mode == dead {
		return
	}
	c.mode, c.line = dead, nil
	if reply != "" {
		c.out = append(append(c.out, reply...), '\r', '\n')
	}
	c.flush()
	c.wire.Close()
}

// failRead ends the connection because reading failed.
func (c *Conn) failRead(err error) {
	switch timeout := errors.Is(err, os.ErrDeadlineExceeded); {
	case errors.Is(err, errDraining), timeout && c.isDrained():
		c.fail("421 4.3.2 " + c.guard.Hostname + " is shutting down, try again later")
	case timeout:
		c.fail("421 4.4.2 " + c.guard.Hostname + " waited too long, closing")
	default:
		c.fail("")
	}
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.fail("")
	c.guard.remove(c)
	return nil
}

// drain makes the connection end as soon as no transaction is open. A read that
// is waiting for a command is woken by a deadline in the past.
func (c *Conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.draining = true
	if !c.open {
		c.raw.SetReadDeadline(time.Unix(1, 0))
	}
}

func (c *Conn) isDrained() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.draining && !c.open
}

// arm sets the deadline of the next read. It holds the lock of drain, so that a
// deadline that wakes is never overwritten unseen.
func (c *Conn) arm() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining && !c.open {
		return errDraining
	}
	return c.raw.SetReadDeadline(c.deadline())
}

// deadline is per read and per write: whoever makes progress, however slowly,
// is not cut before the session's end (mail-traps A4).
func (c *Conn) deadline() time.Time {
	d := time.Now().Add(positive(c.guard.Idle, defaultIdle))
	if d.After(c.end) {
		return c.end
	}
	return d
}

// source is the socket as the buffer reads it: it sends what is waiting first.
type source struct{ c *Conn }

func (s source) Read(p []byte) (int, error) {
	if err := s.c.flush(); err != nil {
		return 0, err
	}
	if err := s.c.arm(); err != nil {
		return 0, err
	}
	return s.c.wire.Read(p)
}

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// SetDeadline implements net.Conn. Deadlines are the guard's own.
func (c *Conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn; see SetDeadline.
func (c *Conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn; see SetDeadline.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }
