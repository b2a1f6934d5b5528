package dkim

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"strings"
)

// canonicalization is the form in which a header or body is signed, RFC 6376 3.4.
type canonicalization bool

const (
	simple  canonicalization = false
	relaxed canonicalization = true
)

// fieldHash is the hash over canonical header fields.
type fieldHash struct {
	sum  hash.Hash
	form canonicalization
	buf  []byte
}

func newFieldHash(form canonicalization) *fieldHash {
	return &fieldHash{sum: sha256.New(), form: form}
}

// add hashes a field.
func (h *fieldHash) add(raw []byte) {
	if h.form == relaxed {
		h.buf = appendRelaxed(h.buf[:0], raw)
		raw = h.buf
	}
	h.sum.Write(raw)
}

// finish hashes the signature's own field, with b= empty and without the CRLF at
// its end, and gives the sum (RFC 6376 3.7).
func (h *fieldHash) finish(s *signature) (sum [sha256.Size]byte) {
	b := s.tags.list[s.tags.index["b"]]
	own := bytes.Join([][]byte{s.raw[:b.start], s.raw[b.end:]}, nil)
	if h.form == relaxed {
		own = appendRelaxed(nil, own)
	}
	h.sum.Write(bytes.TrimSuffix(own, []byte("\r\n")))
	h.sum.Sum(sum[:0])
	return sum
}

// appendRelaxed appends a field in relaxed form, RFC 6376 3.4.2: the name in
// lower case, the value unfolded, each run of white space one blank, none around
// the colon or at the end.
func appendRelaxed(dst, raw []byte) []byte {
	colon := max(bytes.IndexByte(raw, ':'), 0)
	dst = append(append(dst, fieldName(string(raw[:colon]))...), ':')
	space, begun := false, false
	for i := colon + 1; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '\r' && i+1 < len(raw) && raw[i+1] == '\n':
			i++ // the white space that folds a line follows it
		case c == ' ' || c == '\t':
			space = true
		default:
			if space && begun {
				dst = append(dst, ' ')
			}
			dst = append(dst, c)
			space, begun = false, true
		}
	}
	return append(dst, "\r\n"...)
}

// fieldName is a field's name as names are compared: in lower case, and without
// the white space that may stand before the colon (RFC 5322 4.5). Folding there is
// against the RFC, but a From with it must not go uncounted (T4).
func fieldName(s string) string { return lower(strings.TrimRight(s, fws)) }

// lower lowers ASCII letters only: Unicode would make other names equal (T14).
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
