package guard

import (
	"bufio"
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
	if draining, shed := c.isWoken(); draining || shed {
		c.failRead(errWoken)
		return false
	}
	c.mute, c.pace.text = false, false
	c.waits(time.Now())
	line := c.readCommand()
	c.waits(time.Time{})
	if c.mode == dead {
		return false
	}
	if c.sasl {
		// Base64 may look like any verb.
		c.sasl = false
		c.line = []byte(line + "\r\n")
		return true
	}
	switch verb := verbOf(line); {
	case isForeign([]byte(line)):
		c.failRead(errForeign)
	case verb == "BDAT":
		c.bdat(line)
	case verb == "STARTTLS" && c.guard.TLS != nil && !c.TLS():
		c.startTLS()
	case verb == "MAIL" && c.greeting == "":
		// What was said before STARTTLS must not count (RFC 3207 4.2), and
		// go-smtp has not heard of it.
		c.send("503 5.5.1 Say EHLO first")
	default:
		c.pass(line)
	}
	return c.mode != dead
}

func isGreeting(verb string) bool { return verb == "HELO" || verb == "EHLO" || verb == "LHLO" }

// pass gives a line to the server, unless Command answers it instead.
func (c *Conn) pass(line string) {
	if c.guard.Command != nil {
		pass, reply := c.guard.Command(line)
		if reply != "" {
			c.send(reply)
			return
		}
		line = pass
	}
	c.line = append([]byte(line), '\r', '\n')
}

// readCommand reads one line. Where the line's end may not be where the client
// believes it to be, what follows cannot be trusted to be commands, and the
// connection ends.
func (c *Conn) readCommand() string {
	if c.tally.isOver() {
		c.endFor(Errors, "421 4.7.0 %s closes: too many errors, or too many commands without a mail")
		return ""
	}
	if next := c.next; next != "" {
		c.next = ""
		return next
	}
	if err := c.await(); err != nil {
		c.failRead(err)
		return ""
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
	line := string(b)
	c.tally.command(verbOf(line))
	return line
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
