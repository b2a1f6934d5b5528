package guard

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"strconv"
	"strings"
	"time"
)

// maxCommand is the longest command line in octets, its end included: 512 and
// what the extensions add (RFC 5321 4.5.3.1.4), with room to spare.
const maxCommand = 2048

// nextCommand deals with one command line of the client: it leaves in c.line
// what is for the server, and answers the rest itself. False: the connection
// is dead.
func (c *Conn) nextCommand() bool {
	// The server has answered the command before: now is the time to part.
	if c.hangup {
		c.fail("")
		return false
	}
	if c.isDrained() {
		c.failRead(errDraining)
		return false
	}
	line := c.readCommand()
	if c.mode == dead {
		return false
	}
	switch verb := verbOf(line); {
	case verb == "BDAT":
		c.bdat(line)
	case verb == "STARTTLS" && c.guard.TLS != nil && !c.TLS():
		c.startTLS()
	case verb == "MAIL" && c.greeting == "":
		// What was said before STARTTLS must not count (RFC 3207 4.2), and
		// go-smtp has not heard of it.
		c.send("503 5.5.1 Say EHLO first")
	case c.pass(line) && (verb == "HELO" || verb == "EHLO" || verb == "LHLO"):
		c.greeting = verb
	}
	return c.mode != dead
}

// pass gives a line to the server; false where Command answers it instead.
func (c *Conn) pass(line string) bool {
	if c.guard.Command != nil {
		pass, reply := c.guard.Command(line)
		if reply != "" {
			c.send(reply)
			return false
		}
		line = pass
	}
	c.line = append([]byte(line), '\r', '\n')
	return true
}

// readCommand reads one line. Where the line's end may not be where the client
// believes it to be, what follows cannot be trusted to be commands, and the
// connection ends.
func (c *Conn) readCommand() string {
	if next := c.next; next != "" {
		c.next = ""
		return next
	}
	b, err := c.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull), len(b) > maxCommand:
		c.fail("500 5.5.6 Line longer than " + strconv.Itoa(maxCommand) + " octets")
		return ""
	case err != nil:
		c.failRead(err)
		return ""
	case len(b) < 2 || b[len(b)-2] != '\r':
		c.fail("500 5.5.2 Commands end with CR LF")
		return ""
	}
	b = b[:len(b)-2]
	for _, ch := range b {
		// RFC 5321 2.3.8: CR and LF only together. The others have no place in
		// a command, nor in the logs and headers it could get into (T46).
		if ch < ' ' && ch != '\t' || ch == 0x7f {
			c.fail("500 5.5.2 Control character in a command")
			return ""
		}
	}
	return string(b)
}

// verbOf gives a command's verb in upper case. Whatever go-smtp would take for
// BDAT or STARTTLS is called so here: it looks at no more than these letters.
func verbOf(line string) string {
	if len(line) >= 8 && strings.EqualFold(line[:8], "STARTTLS") {
		return "STARTTLS"
	}
	if len(line) < 4 {
		return ""
	}
	return strings.ToUpper(line[:4])
}

// handshakeTime is enough for a client on the other side of the world.
const handshakeTime = 30 * time.Second

// startTLS answers STARTTLS. The server does not hear of it; its session goes
// on with the EHLO that must follow (RFC 3207 4.2).
func (c *Conn) startTLS() {
	if c.open {
		c.send("503 5.5.1 STARTTLS is not allowed within a transaction")
		return
	}
	// Commands sent along with STARTTLS would count as if they had come
	// encrypted (T41).
	if c.in.Buffered() > 0 {
		c.fail("503 5.5.1 Nothing may follow STARTTLS before the handshake")
		return
	}
	c.send("220 2.0.0 Ready to start TLS")
	if err := c.flush(); err != nil {
		c.fail("")
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTime)
	defer cancel()
	secure := tls.Server(c.raw, c.guard.TLS)
	if err := secure.HandshakeContext(ctx); err != nil {
		c.fail("")
		return
	}
	c.wire = secure
	c.greeting = ""
}
