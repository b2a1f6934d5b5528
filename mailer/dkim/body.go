package dkim

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
)

// Body is the SHA-256 of a mail's body in each canonical form (RFC 6376 3.4.3,
// 3.4.4). A zero hash is of a form that nobody asked for: nothing fits it.
type Body struct {
	Simple, Relaxed [sha256.Size]byte
}

// Forms are the canonical forms in which a body is to be hashed.
type Forms struct {
	Simple, Relaxed bool
}

// Asked gives the forms that the signatures among the fields need: most mails have
// none or one, and a body may have many megabytes.
func Asked(fields []Field) Forms {
	var forms Forms
	for _, f := range fields {
		form := dkimSignature
		switch fieldName(f.Name) {
		case "dkim-signature":
		case "arc-message-signature":
			form = arcMessageSignature
		default:
			continue
		}
		if s, err := parse(f, form); err != nil {
			continue
		} else if s.body == relaxed {
			forms.Relaxed = true
		} else {
			forms.Simple = true
		}
	}
	return forms
}

// HashBody reads a body, all that follows the empty line after the header, in
// constant memory; not at all where no form is asked for. Lines end in CRLF; a
// lone CR or LF is an octet like others. Its errors are the reader's.
func HashBody(r io.Reader, forms Forms) (Body, error) {
	var body Body
	var hashes []*bodyHash
	if forms.Simple {
		hashes = append(hashes, &bodyHash{sum: sha256.New(), into: &body.Simple})
	}
	if forms.Relaxed {
		hashes = append(hashes, &bodyHash{sum: sha256.New(), into: &body.Relaxed, relaxed: true})
	}
	if hashes == nil {
		return body, nil
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		for _, h := range hashes {
			h.write(buf[:n])
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return Body{}, fmt.Errorf("hash a body: %w", err)
		}
	}
	for _, h := range hashes {
		h.finish()
	}
	return body, nil
}

// bodyHash canonicalises as it hashes. Whether line ends and white space count
// depends on what follows them, so they are held back as counts and flags: first
// come the line ends, then the blank, then the CR.
type bodyHash struct {
	sum     hash.Hash
	into    *[sha256.Size]byte
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

// plain counts the octets at the beginning that are copied as they are: up to a
// CR and, in relaxed form, to white space that is not one blank between two words.
func (h *bodyHash) plain(p []byte) int {
	if p[0] == '\n' && h.cr {
		return 0
	}
	end := bytes.IndexByte(p, '\r')
	if end < 0 {
		end = len(p)
	}
	if !h.relaxed {
		return end
	}
	for i, c := range p[:end] {
		if c == '\t' || c == ' ' && (i == 0 || i+1 == end || p[i+1] <= ' ') {
			return i
		}
	}
	return end
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
func (h *bodyHash) finish() {
	if h.cr {
		h.release()
	}
	if h.some || !h.relaxed {
		h.putString("\r\n")
	}
	h.sum.Write(h.buf[:h.n])
	h.sum.Sum(h.into[:0])
}
