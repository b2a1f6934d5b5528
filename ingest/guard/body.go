package guard

import "bytes"

// readData gives the server text of a mail after DATA, up to and with the line
// that ends it.
func (c *Conn) readData(p []byte) (int, error) {
	for {
		b, err := c.peek(len(p))
		if err != nil {
			return 0, err
		}
		n, end := c.ending.scan(b)
		c.newlines.scan(b[:n])
		if end {
			c.mode = inCommand
		}
		if !c.newlines.bare {
			copy(p, b[:n])
			c.in.Discard(n)
			return n, nil
		}
		// The mail is as good as refused, so its text does not matter any
		// more, but its end does: go-smtp misses one that follows CR CR LF,
		// and would wait for it for ever. Its client may mean something else
		// by it, so nothing that follows is taken for commands (T38).
		c.in.Discard(n)
		if end {
			c.hangup = true
			c.line = []byte("x\r\n.\r\n")
			return c.Read(p)
		}
	}
}

// peek gives between 1 and n octets of a mail's text. A connection that ends
// here is an error other than io.EOF, which ends a whole mail.
func (c *Conn) peek(n int) ([]byte, error) {
	if _, err := c.in.Peek(1); err != nil {
		c.failRead(err)
		return nil, errBroken
	}
	b, err := c.in.Peek(min(n, c.in.Buffered()))
	if c.taken += int64(len(b)); c.taken > maxText {
		c.endFor(Errors, "552 5.3.4 %s reads no mail so large, closing")
		return nil, errBroken
	}
	return b, err
}

// maxText is larger than any mail. One that is larger than the server's own
// limit is read away by it, which must come to an end.
const maxText = 1 << 30

// ending finds the line with a single dot that ends the text after DATA: CR LF .
// CR LF and nothing else (RFC 5321 4.1.1.4, T38). In a text without stray CR or
// LF it finds the very octet where go-smtp finds it.
type ending struct{ state endingState }

type endingState byte

const (
	atLine  endingState = iota // at the start of a line
	atDot                      // after a dot there
	atDotCR                    // after a dot and a CR there
	atCR                       // after a CR
	inLine
)

// scan gives the number of octets that belong to the text, and whether they end it.
func (e *ending) scan(b []byte) (int, bool) {
	for i := 0; i < len(b); i++ {
		if e.state == inLine {
			// Most octets are of this kind.
			skip := bytes.IndexByte(b[i:], '\r')
			if skip < 0 {
				return len(b), false
			}
			i += skip
		}
		if e.step(b[i]) {
			return i + 1, true
		}
	}
	return len(b), false
}

// step goes on by one octet; true at the last one of a text.
func (e *ending) step(ch byte) bool {
	switch {
	case e.state == atLine && ch == '.':
		e.state = atDot
	case e.state == atDot && ch == '\r':
		e.state = atDotCR
	case e.state == atDotCR && ch == '\n':
		e.state = atLine
		return true
	case e.state == atCR && ch == '\n':
		e.state = atLine
	case ch == '\r':
		e.state = atCR
	default:
		e.state = inLine
	}
	return false
}

// newlines looks for a CR or LF that stands alone.
type newlines struct {
	cr   bool // the last octet was a CR
	bare bool
}

// end is where nothing follows.
func (l *newlines) end() { l.bare = l.bare || l.cr }

func (l *newlines) scan(b []byte) {
	for len(b) > 0 && !l.bare {
		if l.cr || b[0] == '\n' {
			l.bare = !(l.cr && b[0] == '\n')
			l.cr = false
			b = b[1:]
			continue
		}
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line = b[:i]
		}
		if i := bytes.IndexByte(line, '\r'); i >= 0 {
			line = b[:i+1]
			l.cr = true
		}
		b = b[len(line):]
	}
}
