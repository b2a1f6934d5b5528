package guard

import (
	"bytes"
	"errors"
	"os"
	"time"
)

// greet looks at the client before the server's greeting, which is waiting, is
// sent.
func (c *Conn) greet() {
	if c.guard.ImplicitTLS && !c.handshake() {
		c.cut()
		return
	}
	wait := c.silence()
	if wait <= 0 {
		return
	}
	err := c.arm(time.Now().Add(wait))
	if err != nil {
		c.failRead(err)
		return
	}
	n, err := c.wire.Read(c.small[:])
	draining, shed := c.isWoken()
	switch {
	case isForeign(c.small[:n]):
		c.failRead(errForeign)
	case n > 0:
		// RFC 5321 4.3.1: a sender waits for the greeting. Who does not, will
		// not look at any other reply either.
		c.out = nil
		c.endFor(EarlyTalker, "554 5.5.1 %s: you spoke before the greeting, closing")
	case draining, shed, err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
		c.failRead(err)
	}
}

// silence is how long the client has to wait for the greeting.
func (c *Conn) silence() time.Duration {
	switch wait := c.guard.Silence; {
	case wait < 0:
		return 0
	case wait == 0, c.from == origin{}, c.guard.isCrowded():
		return defaultSilence
	default:
		return wait
	}
}

var errForeign = errors.New("not SMTP")

// isForeign tells a protocol that is not ours by its first octets. A browser
// that is led to this port would have us take the text it posts for commands;
// a PROXY header that we did not ask for would be believed by somebody behind us
// (T47). An SMTP command that begins so does not exist.
func isForeign(b []byte) bool {
	for _, begin := range [...]string{
		"GET ", "POST ", "PUT ", "HEAD ", "OPTIONS ", "CONNECT ", "PATCH ", "DELETE ", "TRACE ", "PRI * ", // RFC 9110 9, RFC 9113 3.4
		"PROXY ", "\r\n\r\n\x00\r\nQUIT\n", // versions 1 and 2
		"\x16\x03", // a TLS handshake record (RFC 8446 5.1)
	} {
		if len(b) >= len(begin) && bytes.EqualFold(b[:len(begin)], []byte(begin)) {
			return true
		}
	}
	return false
}
