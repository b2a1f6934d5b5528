// Package transfer undoes the content transfer encodings of MIME (RFC 2045 6) in
// one pass and in constant memory, whatever the octets are: damage is stepped
// over, and an encoding that is not known leaves its content as it is. It is not
// for encoding.
package transfer

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
)

// NewDecoder gives a writer that decodes what is written to it and writes the
// result to w. Close writes what is left; it does not close w. Errors are those
// of w alone.
func NewDecoder(w io.Writer, encoding string) io.WriteCloser {
	switch Encoding(encoding) {
	case "base64":
		return &base64Decoder{w: w}
	case "quoted-printable":
		return &qpDecoder{w: w}
	}
	return identity{w}
}

// Encoding gives the name of an encoding in lower case, without what mailers
// write around it: quotes, a comment, a semicolon.
func Encoding(field string) string {
	field = strings.TrimLeft(strings.ToLower(field), " \t\"'")
	if i := strings.IndexAny(field, " \t;,(\"'"); i >= 0 {
		field = field[:i]
	}
	return field
}

// Decode gives the octets behind an encoding.
func Decode(encoding string, b []byte) []byte {
	var out bytes.Buffer
	d := NewDecoder(&out, encoding)
	d.Write(b) // a Buffer's Write has no errors
	d.Close()
	return out.Bytes()
}

type identity struct{ io.Writer }

func (identity) Close() error { return nil }

// chunk is how much is decoded at once; divisible by 4.
const chunk = 16 << 10

// base64Decoder steps over line ends and foreign characters. Padding ends a run,
// after which another may begin (mail that was joined from pieces).
type base64Decoder struct {
	w     io.Writer
	held  []byte // characters that are not decoded yet
	out   []byte // octets that are not written yet
	error error
}

func (d *base64Decoder) Write(b []byte) (int, error) {
	size := len(b)
	for len(b) > 0 {
		if rest := d.lines(b); len(rest) < len(b) {
			b = rest
			continue
		}
		run := 0
		for run < len(b) && Base64[b[run]] {
			run++
		}
		for piece := b[:run]; len(piece) > 0; {
			n := min(len(piece), chunk-len(d.held))
			d.held, piece = append(d.held, piece[:n]...), piece[n:]
			if len(d.held) == chunk {
				d.flush()
			}
		}
		b = b[run:]
		if len(b) > 0 {
			if b[0] == '=' {
				d.flush()
			}
			b = b[1:]
		}
	}
	return size, d.error
}

// lines decodes whole lines as mailers write them, for as long as there are any,
// and gives the rest.
func (d *base64Decoder) lines(b []byte) []byte {
	for len(d.held) == 0 {
		nl := bytes.IndexByte(b[:min(len(b), 100)], '\n')
		if nl < 0 {
			break
		}
		line := bytes.TrimSuffix(b[:nl], []byte("\r"))
		if len(line)%4 != 0 {
			break
		}
		out, err := base64.RawStdEncoding.AppendDecode(d.out, line)
		if err != nil {
			break
		}
		d.out = out
		d.write(chunk)
		b = b[nl+1:]
	}
	return b
}

// flush decodes what is held, the end of a run.
func (d *base64Decoder) flush() {
	if len(d.held)%4 == 1 {
		d.held = d.held[:len(d.held)-1] // one character holds no octet
	}
	d.out, _ = base64.RawStdEncoding.AppendDecode(d.out, d.held)
	d.held = d.held[:0]
	d.write(chunk)
}

// write passes on what was decoded once it is at least so much.
func (d *base64Decoder) write(least int) {
	if len(d.out) < least {
		return
	}
	if d.error == nil {
		_, d.error = d.w.Write(d.out)
	}
	d.out = d.out[:0]
}

func (d *base64Decoder) Close() error {
	d.flush()
	d.write(1)
	return d.error
}

// Base64 tells the characters of base64 (RFC 4648 4).
var Base64 = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = true
	}
	return t
}()

// qpDecoder decodes quoted-printable (RFC 2045 6.7): white space at the end of a
// line was added on the way, "=" there joins it to the next, and an "=" that
// stands before no hexadecimal number stands for itself.
type qpDecoder struct {
	w     io.Writer
	held  []byte // the beginning of a line whose end has not come
	out   []byte
	error error
}

func (d *qpDecoder) Write(b []byte) (int, error) {
	size := len(b)
	for len(b) > 0 {
		nl := bytes.IndexByte(b, '\n')
		if nl < 0 {
			for len(b) > 0 {
				n := min(len(b), chunk)
				d.hold(b[:n])
				b = b[n:]
			}
			break
		}
		line := b[:nl+1]
		if len(d.held) > 0 {
			d.held = append(d.held, line...)
			line = d.held
		}
		d.line(line)
		d.held = d.held[:0]
		b = b[nl+1:]
	}
	return size, d.error
}

// hold keeps an unfinished line. Of a very long one the beginning is decoded,
// but for what might belong to its end.
func (d *qpDecoder) hold(b []byte) {
	d.held = append(d.held, b...)
	if len(d.held) < 2*chunk {
		return
	}
	end := len(bytes.TrimRight(d.held, " \t\r"))
	end = max(0, end-2) // "=", "=X"
	if end < chunk {
		end = chunk // nothing but white space, far beyond what any mailer pads
	}
	for i := range 2 {
		if d.held[end-1-i] == '=' {
			end -= 1 + i // an encoded octet is not cut in two
			break
		}
	}
	d.out = appendQP(d.out, d.held[:end])
	d.held = append(d.held[:0], d.held[end:]...)
	d.flush()
}

// line decodes a line with its end, or the last one without.
func (d *qpDecoder) line(line []byte) {
	text, eol := line, []byte(nil)
	if n := len(line); n > 0 && line[n-1] == '\n' {
		text, eol = line[:n-1], line[n-1:]
		if n > 1 && line[n-2] == '\r' {
			text, eol = line[:n-2], line[n-2:]
		}
		text = bytes.TrimRight(text, " \t")
	}
	if soft := bytes.TrimSuffix(text, []byte("=")); len(soft) < len(text) {
		text, eol = soft, nil
	}
	d.out = append(appendQP(d.out, text), eol...)
	if len(d.out) >= chunk {
		d.flush()
	}
}

func (d *qpDecoder) flush() {
	if d.error == nil && len(d.out) > 0 {
		_, d.error = d.w.Write(d.out)
	}
	d.out = d.out[:0]
}

func (d *qpDecoder) Close() error {
	d.line(d.held)
	d.held = nil
	d.flush()
	return d.error
}

func appendQP(out, line []byte) []byte {
	for len(line) > 0 {
		i := bytes.IndexByte(line, '=')
		if i < 0 {
			return append(out, line...)
		}
		out = append(out, line[:i]...)
		line = line[i:]
		if len(line) > 2 {
			if c, ok := Hex(line[1], line[2]); ok {
				out = append(out, c)
				line = line[3:]
				continue
			}
		}
		out = append(out, '=')
		line = line[1:]
	}
	return out
}

// Hex gives the octet that two hexadecimal digits name, in either case (RFC 2045
// 6.7 wants capitals); not ok where they are none.
func Hex(high, low byte) (octet byte, ok bool) {
	h, okHigh := digit(high)
	l, okLow := digit(low)
	return h<<4 | l, okHigh && okLow
}

func digit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
