package dkim

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
)

// Body is the SHA-256 of a mail's body in each canonical form (RFC 6376 3.4.3,
// 3.4.4). The zero value is that of no body at all: nothing fits it.
type Body struct {
	Simple, Relaxed [sha256.Size]byte
}

// HashBody reads a body, all that follows the empty line after the header, in
// constant memory. Lines end in CRLF; a lone CR or LF is an octet like others.
// Its errors are the reader's.
func HashBody(r io.Reader) (Body, error) {
	simple, relaxed := bodyHash{sum: sha256.New()}, bodyHash{sum: sha256.New(), relaxed: true}
	buf := make([]byte, 8<<10)
	for {
		n, err := r.Read(buf)
		simple.write(buf[:n])
		relaxed.write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return Body{}, fmt.Errorf("hash a body: %w", err)
		}
	}
	return Body{Simple: simple.finish(), Relaxed: relaxed.finish()}, nil
}

// bodyHash canonicalises as it hashes. Whether line ends and white space count
// depends on what follows them, so they are held back as counts and flags: first
// come the line ends, then the blank, then the CR.
type bodyHash struct {
	sum     hash.Hash
	relaxed bool

	lines int64 // line ends held back: they may be the empty lines at the end
	space bool  // white space held back: the line may end with it; relaxed only
	cr    bool  // a CR held back: LF may follow
	some  bool  // anything was hashed

	buf [2 << 10]byte
	n   int
}

func (h *bodyHash) write(p []byte) {
	for len(p) > 0 {
		if n := h.plain(p); n > 0 {
			h.release()
			h.put(p[:n])
			p = p[n:]
			continue
		}
		c := p[0]
		p = p[1:]
		if c == '\n' && h.cr {
			h.cr, h.space = false, false
			h.lines++
			continue
		}
		if h.cr || c == '\n' { // the CR or the LF stands alone
			h.release()
		}
		switch c {
		case '\n':
			h.putString("\n")
		case '\r':
			h.cr = true
		default:
			h.space = true
		}
	}
}

// plain counts the octets at the beginning that are copied as they are.
func (h *bodyHash) plain(p []byte) int {
	for i, c := range p {
		if c <= ' ' && (c == '\r' || c == '\n' || h.relaxed && (c == ' ' || c == '\t')) {
			return i
		}
	}
	return len(p)
}

// release hashes what was held back: something follows it.
func (h *bodyHash) release() {
	for ; h.lines > 0; h.lines-- {
		h.putString("\r\n")
	}
	if h.space {
		h.putString(" ")
	}
	if h.cr {
		h.putString("\r")
	}
	h.space, h.cr = false, false
}

// put hashes octets through a buffer: words are short, and each call of the hash
// has its price.
func (h *bodyHash) put(p []byte) {
	h.some = true
	for len(p) > 0 {
		n := copy(h.buf[h.n:], p)
		h.n += n
		p = p[n:]
		h.flush()
	}
}

// putString is put for at most two octets.
func (h *bodyHash) putString(s string) {
	h.some = true
	h.n += copy(h.buf[h.n:], s)
	h.flush()
}

// flush keeps room for two octets in the buffer.
func (h *bodyHash) flush() {
	if h.n > len(h.buf)-2 {
		h.sum.Write(h.buf[:h.n])
		h.n = 0
	}
}

// finish ends the body with one CRLF, whether it had none or many. Only in the
// relaxed form an empty body stays empty.
func (h *bodyHash) finish() (sum [sha256.Size]byte) {
	if h.cr {
		h.release()
	}
	if h.some || !h.relaxed {
		h.putString("\r\n")
	}
	h.sum.Write(h.buf[:h.n])
	h.sum.Sum(sum[:0])
	return sum
}
