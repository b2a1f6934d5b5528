package guard

import (
	"bufio"
	"bytes"
	"time"
)

// await waits for a whole command line, or as much of one as small takes. There
// may be thousands of silent clients, and of those who drip: only who says more
// is given a buffer, and gives it back with the next silence.
func (c *Conn) await() error {
	c.pace.line = c.deadline()
	if c.in != nil {
		if c.in.Buffered() > 0 {
			c.pace.started(time.Now())
			return nil
		}
		c.in.Reset(nil)
		c.guard.buffers.Put(c.in)
		c.in = nil
	}
	n := 0
	for n < len(c.small) {
		m, err := source{c}.Read(c.small[n:])
		if err != nil {
			return err
		}
		if n == 0 && m > 0 {
			c.pace.started(time.Now())
		}
		n += m
		if c.greeting == "" && isForeign(c.small[:n]) {
			return errForeign
		}
		if bytes.IndexByte(c.small[n-m:n], '\n') >= 0 {
			break
		}
	}
	c.early = c.small[:n]
	c.in, _ = c.guard.buffers.Get().(*bufio.Reader)
	if c.in == nil {
		c.in = bufio.NewReaderSize(nil, readBuffer)
	}
	c.in.Reset(source{c})
	return nil
}

// hasMore tells that the client has said more than what was read of it.
func (c *Conn) hasMore() bool { return len(c.early) > 0 || c.in != nil && c.in.Buffered() > 0 }
