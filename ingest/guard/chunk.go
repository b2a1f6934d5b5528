package guard

import (
	"io"
	"strconv"
	"strings"
)

// chunk is the octets that a BDAT command announced (RFC 3030).
type chunk struct {
	left int64
	last bool
}

// bdat deals with the first chunk of a mail. The server is told DATA instead,
// and the session reads the mail from Chunks: go-smtp's own BDAT executes the
// chunks that it refuses (mail-traps A1), takes a connection that breaks within
// a chunk for the chunk's end, and may answer a mail with the result of one
// that RSET had ended before.
func (c *Conn) bdat(line string) {
	ch, ok := parseBDAT(line)
	switch {
	case !ok:
		c.fail(badChunk)
	case c.ready:
		c.chunk, c.chunked = ch, true
		c.line = []byte("DATA\r\n")
	case c.swallow(ch.left):
		c.send("503 5.5.1 No recipient was accepted, the chunk is ignored")
	}
}

const badChunk = "501 5.5.4 BDAT takes a size and LAST, closing: the end of this chunk is not known"

func parseBDAT(line string) (chunk, bool) {
	fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(fields) < 2 || len(fields) > 3 || len(fields[0]) != 4 {
		return chunk{}, false
	}
	size, err := strconv.ParseUint(fields[1], 10, 63)
	if err != nil {
		return chunk{}, false
	}
	last := len(fields) == 3
	if last && !strings.EqualFold(fields[2], "LAST") {
		return chunk{}, false
	}
	return chunk{left: int64(size), last: last}, true
}

// swallow reads n octets away; false if the connection broke, or if it is more
// than anybody needs who made a mistake.
func (c *Conn) swallow(n int64) bool {
	if n == 0 {
		return true
	}
	if !c.tally.waste(n) {
		c.endFor(Errors, "552 5.3.4 %s does not read so much for nothing, closing")
		return false
	}
	if !c.pace.text {
		c.pace.begin()
	}
	if _, err := io.CopyN(io.Discard, c.in, n); err != nil {
		c.failRead(err)
		return false
	}
	return true
}

// Chunks is where a session reads a mail that comes by BDAT, instead of the
// reader that the server gives it; nil for a mail by DATA. Its errors other
// than io.EOF mean that the mail was not finished.
func (c *Conn) Chunks() io.Reader {
	if c.mode != inChunks {
		return nil
	}
	return chunks{c}
}

type chunks struct{ c *Conn }

// Read implements io.Reader. It answers each chunk but the last, and goes on
// with the next.
func (r chunks) Read(p []byte) (int, error) {
	c := r.c
	for c.chunk.left == 0 {
		if c.chunk.last {
			// A CR and its LF may be in two chunks, but not in two mails.
			c.newlines.end()
			return 0, io.EOF
		}
		c.send("250 2.0.0 Continue")
		if !c.nextChunk() {
			return 0, errBroken
		}
	}
	b, err := c.peek(int(min(int64(len(p)), c.chunk.left)))
	if err != nil {
		return 0, err
	}
	c.newlines.scan(b)
	n := copy(p, b)
	c.in.Discard(n)
	c.chunk.left -= int64(n)
	return n, nil
}

// nextChunk waits for the next BDAT; false if the mail ends without one.
func (c *Conn) nextChunk() bool {
	for {
		line := c.readCommand()
		if c.mode == dead {
			return false
		}
		switch verbOf(line) {
		case "BDAT":
			ch, ok := parseBDAT(line)
			if !ok {
				c.fail(badChunk)
				return false
			}
			c.chunk = ch
			if ch.left > 0 {
				c.tally.mail() // it goes on
			}
			return true
		case "NOOP":
			c.send("250 2.0.0 Ok")
		case "RSET", "QUIT", "HELO", "EHLO", "LHLO":
			// The mail is given up. The server's answer to it is not the one
			// to this command, which comes after.
			c.next, c.mute = line, true
			return false
		default:
			c.send("503 5.5.1 Only BDAT or RSET within a mail by BDAT")
		}
	}
}

// endChunks tells the server that the text is over. What the session did not
// want to read of the present chunk still belongs to the mail.
func (c *Conn) endChunks() {
	if c.swallow(c.chunk.left) {
		c.mode, c.chunked = inCommand, false
		c.line = []byte(".\r\n")
	}
}
