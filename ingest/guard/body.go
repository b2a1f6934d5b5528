package guard

import "bytes"

// readData gives the server text of a mail after DATA, up to and with the line
// that ends it.
func (c *Conn) readData(p []byte) (int, error) {
	b, err := c.peek(len(p))
	if err != nil {
		return 0, err
	}
	n, end := c.ending.scan(b)
	c.newlines.scan(b[:n])
	copy(p, b[:n])
	c.in.Discard(n)
	if end {
		c.mode = inCommand
	}
	return n, nil
}

// peek gives between 1 and n octets of a mail's text. A connection that ends
// here is an error other than io.EOF, which ends a whole mail.
func (c *Conn) peek(n int) ([]byte, error) {
	if _, err := c.in.Peek(1); err != nil {
		c.failRead(err)
		return nil, errBroken
	}
	return c.in.Peek(min(n, c.in.Buffered()))
}

// ending finds the line with a single dot that ends the text after DATA. It
// must find the very octet where go-smtp finds it, in malformed texts too, so
// its states are those of go-smtp's dataReader: only CR LF . CR LF ends a text,
// and a CR that is not part of CR LF leaves it within a line (T38).
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
	case (e.state == atLine || e.state == inLine) && ch == '\r':
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
