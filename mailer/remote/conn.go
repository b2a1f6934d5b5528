package remote

import (
	"bytes"
	"errors"
	"net"
	"time"
)

// deadlineConn bounds every read and write. The client sets deadlines for its
// commands, but none while it writes a mail, and a relay that stops reading
// would hold it for ever (A9). One goroutine at a time may use it, but for Close.
type deadlineConn struct {
	net.Conn
	block time.Duration // for a write, and for a read where no deadline is set

	read, write time.Time
	unanswered  int // octets that came in since we last wrote
}

// maxReply bounds what a relay may say at a time, so that a reply without end
// does not fill the memory. TLS handshakes are far below it.
const maxReply = 256 << 10

func (c *deadlineConn) SetDeadline(t time.Time) error {
	c.read, c.write = t, t
	return nil
}

func (c *deadlineConn) SetReadDeadline(t time.Time) error {
	c.read = t
	return nil
}

func (c *deadlineConn) SetWriteDeadline(t time.Time) error {
	c.write = t
	return nil
}

func (c *deadlineConn) Read(p []byte) (int, error) {
	deadline := c.read
	if deadline.IsZero() {
		deadline = time.Now().Add(c.block)
	}
	c.Conn.SetReadDeadline(deadline) // fails only on a closed connection: Read will say so
	n, err := c.Conn.Read(p)
	if c.unanswered += n; c.unanswered > maxReply {
		return 0, errors.New("the relay's reply has no end")
	}
	return n, err
}

func (c *deadlineConn) Write(p []byte) (int, error) {
	c.unanswered = 0
	deadline := time.Now().Add(c.block)
	if !c.write.IsZero() && c.write.Before(deadline) {
		deadline = c.write
	}
	c.Conn.SetWriteDeadline(deadline) // as above
	return c.Conn.Write(p)
}

// replyConn sits right below the client and mends what the client reads: the
// names of extensions become upper case (RFC 5321 2.4 says that case does not
// matter, to the client it does), and replay comes before anything else.
type replyConn struct {
	net.Conn
	replay []byte

	ehlo   bool // what is read answers EHLO
	column int  // in the line that is read; afterName: nothing more to mend in it
}

const (
	nameColumn = 4 // behind "250-"
	afterName  = -1
)

func (c *replyConn) Write(p []byte) (int, error) {
	c.ehlo, c.column = bytes.HasPrefix(p, []byte("EHLO ")), 0
	return c.Conn.Write(p)
}

func (c *replyConn) Read(p []byte) (int, error) {
	if len(c.replay) > 0 {
		n := copy(p, c.replay)
		c.replay = c.replay[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p)
	if c.ehlo {
		c.raise(p[:n])
	}
	return n, err
}

func (c *replyConn) raise(p []byte) {
	for i, b := range p {
		switch {
		case b == '\n':
			c.column = 0
			continue
		case c.column == afterName:
			continue
		case c.column == 0 && b != '2': // a refusal, which is shown to people
			c.column = afterName
			continue
		case c.column >= nameColumn && b == ' ':
			c.column = afterName
			continue
		case c.column >= nameColumn && b >= 'a' && b <= 'z':
			p[i] = b - 'a' + 'A'
		}
		c.column++
	}
}
