package parse

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
)

// decodeTransfer writes the content of a part to w, its transfer encoding
// (RFC 2045 6) undone, in chunks: an attachment is never in memory twice. An
// unknown encoding is left as it is, damage is stepped over.
func decodeTransfer(w io.Writer, encoding string, b []byte) {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		streamBase64(w, b)
	case "quoted-printable":
		streamQP(w, b)
	default:
		w.Write(b)
	}
}

// chunk is how much is decoded at once; divisible by 4.
const chunk = 16 << 10

// streamBase64 decodes base64 that may hold line ends and foreign characters.
// Padding ends a run, after which another may begin (mail that was joined from
// pieces).
func streamBase64(w io.Writer, b []byte) {
	var clean [chunk]byte
	var out [chunk / 4 * 3]byte
	n := 0
	flush := func() {
		if n%4 == 1 {
			n-- // one character holds no octet
		}
		m, _ := base64.RawStdEncoding.Decode(out[:], clean[:n])
		w.Write(out[:m])
		n = 0
	}
	for len(b) > 0 {
		run := 0
		for run < len(b) && base64Table[b[run]] {
			run++
		}
		for piece := b[:run]; len(piece) > 0; {
			taken := copy(clean[n:], piece)
			piece = piece[taken:]
			if n += taken; n == len(clean) {
				flush()
			}
		}
		b = b[run:]
		if len(b) > 0 {
			if b[0] == '=' {
				flush()
			}
			b = b[1:]
		}
	}
	flush()
}

// base64Table tells the characters of base64 (RFC 4648 4).
var base64Table = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = true
	}
	return t
}()

func decodeBase64(b []byte) []byte {
	var out bytes.Buffer
	streamBase64(&out, b)
	return out.Bytes()
}

// streamQP decodes quoted-printable line by line (RFC 2045 6.7): white space at
// the end of a line was added on the way, "=" there joins it to the next, and an
// "=" that stands before no hexadecimal number stands for itself.
func streamQP(w io.Writer, b []byte) {
	out := make([]byte, 0, chunk)
	for len(b) > 0 {
		line, eol := b, []byte(nil)
		if nl := bytes.IndexByte(b, '\n'); nl >= 0 {
			line, eol = b[:nl], b[nl:nl+1]
			if nl > 0 && b[nl-1] == '\r' {
				line, eol = b[:nl-1], b[nl-1:nl+1]
			}
		}
		b = b[len(line)+len(eol):]
		if len(eol) > 0 {
			line = bytes.TrimRight(line, " \t")
		}
		if soft := bytes.TrimSuffix(line, []byte("=")); len(soft) < len(line) {
			line, eol = soft, nil
		}
		for len(line) > chunk {
			n := chunk
			// An encoded octet is not cut in two.
			if i := bytes.LastIndexByte(line[n-2:n], '='); i >= 0 {
				n += i - 2
			}
			out = appendQP(out, line[:n])
			line = line[n:]
			w.Write(out)
			out = out[:0]
		}
		out = append(appendQP(out, line), eol...)
		if len(out) >= chunk {
			w.Write(out)
			out = out[:0]
		}
	}
	w.Write(out)
}

func appendQP(out, line []byte) []byte {
	for i := 0; i < len(line); i++ {
		c := line[i]
		if c == '=' && i+2 < len(line) && isHex(line[i+1]) && isHex(line[i+2]) {
			c = unhex(line[i+1])<<4 | unhex(line[i+2])
			i += 2
		}
		out = append(out, c)
	}
	return out
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}
