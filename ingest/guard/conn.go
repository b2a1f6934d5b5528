package guard

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
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
	from  origin
	end   time.Time

	in    *bufio.Reader // nil while the client is silent, see await
	small [smallBuffer]byte
	early []byte // the part of small that in has not taken yet
	out   []byte // replies not yet sent

	mode     mode
	greeted  bool
	line     []byte // rest of what is for the server, and it has not yet taken
	next     string // command of the client that was read too early
	greeting string // "HELO" or "EHLO" as passed on; "" before
	ready    bool   // the transaction has a recipient
	ending   ending
	newlines newlines
	taken    int64 // octets of the present text
	chunk    chunk
	chunked  bool // the server was told DATA for a BDAT
	mute     bool // the server's replies are for nobody until it asks for a command
	sasl     bool // the client's next line answers a 334 (RFC 4954 4)
	hangup   bool
	pace     pace
	tally    tally

	mu       sync.Mutex
	open     bool // a transaction is going on
	draining bool
	shed     bool
	shaking  bool      // within a TLS handshake
	since    time.Time // the client keeps us waiting; zero: it does not
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
	smallBuffer = 256     // enough for nearly every command
	writeBuffer = 4 << 10
)

var (
	errWoken  = errors.New("the guard ends the session")
	errBroken = errors.New("connection lost")
)

func newConn(g *Guard, raw net.Conn) *Conn {
	c := &Conn{guard: g, raw: raw, wire: raw}
	c.end = time.Now().Add(positive(g.Session, defaultSession))
	return c
}

// Extended tells that the client said EHLO, not HELO.
func (c *Conn) Extended() bool { return c.greeting == "EHLO" || c.greeting == "LHLO" }

// Remote is the client's address; zero if it has none, as on a Unix socket.
func (c *Conn) Remote() netip.Addr { return addressOf(c.raw.RemoteAddr()) }

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

// Hangup ends the session once the reply to the present command is sent, and
// counts why.
func (c *Conn) Hangup(why Reason) {
	c.guard.count(why)
	c.hangup = true
}

// Read implements net.Conn. It gives the server what belongs to its present
// state only, so that it asks again, with all replies made, for the next.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !c.greeted {
		c.greeted = true
		c.greet()
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
		c.beginText()
		return len(p), nil
	case text:
		c.mode, c.ending, c.newlines = inData, ending{}, newlines{}
		c.beginText()
	case c.chunked:
		// The server does not take the chunk that it was said to take.
		c.fail("451 4.3.0 Internal failure, try again later")
		return len(p), nil
	case c.mute:
		return len(p), nil
	}
	c.sasl = strings.HasPrefix(line, "334")
	if isGreeting(c.tally.verb) && strings.HasPrefix(line, "250") {
		c.greeting = c.tally.verb
	}
	if c.guard.Reply != nil {
		line = c.guard.Reply(c, line)
	}
	c.send(line)
	return len(p), nil
}

func (c *Conn) beginText() {
	c.taken = 0
	c.pace.begin()
	c.tally.mail()
}

// send queues a reply.
func (c *Conn) send(line string) {
	c.tally.reply(line)
	c.out = append(append(c.out, line...), '\r', '\n')
	if len(c.out) >= writeBuffer {
		if err := c.flush(c.idle()); err != nil {
			c.fail("")
		}
	}
}

// flush sends the replies that wait. The session's end does not bound it: what
// was accepted while that passed is answered all the same.
func (c *Conn) flush(within time.Duration) error {
	if len(c.out) == 0 {
		return nil
	}
	if c.since.IsZero() { // who does not read keeps us waiting as well
		c.waits(time.Now())
		defer c.waits(time.Time{})
	}
	c.armWrite(time.Now().Add(within))
	_, err := c.wire.Write(c.out)
	if c.out = c.out[:0]; cap(c.out) > smallBuffer {
		c.out = nil // the client may be silent after it, for long
	}
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
	c.flush(lastWords)
	c.wire.Close()
}

// failRead ends the connection because reading failed.
func (c *Conn) failRead(err error) {
	woken := errors.Is(err, errWoken)
	timeout := woken || errors.Is(err, os.ErrDeadlineExceeded)
	switch draining, shed := c.isWoken(); {
	case errors.Is(err, errForeign):
		c.guard.count(Foreign)
		c.cut()
	case timeout && draining:
		c.fail(c.guard.signed("421 4.3.2 %s is shutting down, try again later"))
	case timeout && shed:
		c.fail(c.guard.signed("421 4.3.2 %s has too many connections, try again later"))
	case timeout && c.pace.isOver():
		c.endFor(Slow, "421 4.4.2 %s gets this mail too slowly, closing")
	case timeout:
		c.endFor(Silent, "421 4.4.2 %s waited too long, closing")
	default:
		c.fail("")
	}
}

// endFor counts why a session ends, and says it; %s is our name.
func (c *Conn) endFor(why Reason, reply string) {
	if c.mode != dead {
		c.guard.count(why)
		c.fail(c.guard.signed(reply))
	}
}

// signed puts our name into a reply.
func (g *Guard) signed(reply string) string { return strings.Replace(reply, "%s", g.Hostname, 1) }

// cut ends the connection without a word, also without those not yet sent.
func (c *Conn) cut() {
	c.out = nil
	c.fail("")
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.fail("")
	c.guard.remove(c)
	return nil
}

// source is the socket as the buffer reads it: it sends what is waiting first.
type source struct{ c *Conn }

// Read implements io.Reader.
func (s source) Read(p []byte) (int, error) {
	c := s.c
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	if err := c.flush(c.idle()); err != nil {
		return 0, err
	}
	now := time.Now()
	if c.pace.text {
		c.waits(c.pace.behind(now))
		defer c.waits(time.Time{})
	}
	if err := c.arm(earliest(c.deadline(), c.pace.until(now))); err != nil {
		return 0, err
	}
	n, err := c.wire.Read(p)
	c.pace.got(n, time.Since(now), positive(c.guard.MinRate, defaultMinRate))
	return n, err
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
