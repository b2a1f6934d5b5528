package charset

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf16"

	"casegate/ingest/parse/transfer"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// decodeUTF7 reads RFC 2152. What is not well-formed stays as it is.
func decodeUTF7(b []byte) string {
	var out strings.Builder
	for len(b) > 0 {
		plus := bytes.IndexByte(b, '+')
		if plus < 0 {
			out.Write(b)
			break
		}
		out.Write(b[:plus])
		b = b[plus+1:]
		n := 0
		for n < len(b) && transfer.Base64[b[n]] {
			n++
		}
		run, explicit := b[:n], n < len(b) && b[n] == '-'
		b = b[n:]
		text, ok := utf7Run(run)
		switch {
		case n == 0 && explicit:
			out.WriteByte('+') // "+-"
		case n > 0 && ok:
			out.WriteString(text)
		default:
			out.WriteByte('+')
			out.Write(run)
			explicit = false // the hyphen belongs to the text as well
		}
		if explicit {
			b = b[1:]
		}
	}
	return out.String()
}

// utf7Run reads the base64 of one run. One that holds no whole character, or a
// control, was not meant as one: "2+2".
func utf7Run(run []byte) (string, bool) {
	if len(run)%4 == 1 {
		run = run[:len(run)-1]
	}
	octets, err := base64.RawStdEncoding.DecodeString(string(run))
	if err != nil || len(octets) < 2 {
		return "", false
	}
	units := make([]uint16, len(octets)/2)
	for i := range units {
		units[i] = uint16(octets[2*i])<<8 | uint16(octets[2*i+1])
		if units[i] < ' ' && units[i] != '\t' && units[i] != '\r' && units[i] != '\n' {
			return "", false
		}
	}
	return string(utf16.Decode(units)), true
}

// shift is the state of ISO 2022 text: which charset the octets are of.
type shift struct {
	encoding encoding.Encoding // nil: ASCII
	lead     string            // what stands before each character in the EUC form
	width    int               // octets of a character
}

// escapes are the designations of ISO 2022 seen in mail (RFC 1468, 1554, 1557,
// 1922). Those with ")" and "*" take effect at a shift-out.
var escapes = []struct {
	sequence string
	shift    shift
	out      bool
}{
	{"(B", shift{}, false}, {"(J", shift{}, false}, {"(H", shift{}, false},
	{"$B", shift{japanese.EUCJP, "", 2}, false}, {"$@", shift{japanese.EUCJP, "", 2}, false},
	{"$(B", shift{japanese.EUCJP, "", 2}, false}, {"$(@", shift{japanese.EUCJP, "", 2}, false},
	{"$(D", shift{japanese.EUCJP, "\x8f", 2}, false}, {"(I", shift{japanese.EUCJP, "\x8e", 1}, false},
	{"$A", shift{simplifiedchinese.GBK, "", 2}, false}, {"$(C", shift{korean.EUCKR, "", 2}, false},
	{")I", shift{japanese.EUCJP, "\x8e", 1}, true},
	{"$)C", shift{korean.EUCKR, "", 2}, true}, {"$)A", shift{simplifiedchinese.GBK, "", 2}, true},
}

// hasEscapes tells text of ISO 2022, which needs no label to be known.
func hasEscapes(b []byte) bool {
	for {
		i := bytes.IndexByte(b, 0x1b)
		if i < 0 {
			return false
		}
		b = b[i+1:]
		if _, n := escape(b); n > 0 {
			return true
		}
	}
}

// escape finds the designation that stands behind an ESC, and its length.
func escape(b []byte) (i, n int) {
	for i, e := range escapes {
		if bytes.HasPrefix(b, []byte(e.sequence)) {
			return i, len(e.sequence)
		}
	}
	return 0, 0
}

// decode2022 reads ISO 2022 text: each run of characters is turned into the EUC
// form of its charset. Every line begins in ASCII again (RFC 1468), so that a
// cut escape sequence spoils one line only.
func decode2022(b []byte, label string) string {
	var out strings.Builder
	var now shift
	so := shift{japanese.EUCJP, "\x8e", 1} // cp50222 shifts to katakana without saying so
	if label == "iso-2022-kr" {
		so = shift{korean.EUCKR, "", 2}
	}
	for len(b) > 0 {
		n := bytes.IndexAny(b, "\x1b\x0e\x0f\r\n")
		if n < 0 {
			n = len(b)
		}
		now.write(&out, b[:n])
		if b = b[n:]; len(b) == 0 {
			break
		}
		c := b[0]
		b = b[1:]
		switch c {
		case 0x0e:
			now = so
		case 0x0f:
			now = shift{}
		case 0x1b:
			i, n := escape(b)
			b = b[n:]
			switch {
			case n == 0:
			case escapes[i].out:
				so = escapes[i].shift
			default:
				now = escapes[i].shift
			}
		default:
			now = shift{}
			out.WriteByte(c)
		}
	}
	return out.String()
}

// write decodes a run of characters.
func (s shift) write(out *strings.Builder, run []byte) {
	if s.encoding == nil || len(run) == 0 {
		out.Write(run)
		return
	}
	euc := make([]byte, 0, len(run)*(1+len(s.lead)))
	for len(run) > 0 {
		n := min(s.width, len(run))
		if run[0] <= ' ' || n < s.width {
			euc, run = append(euc, run[0]&0x7f), run[1:] // a blank that was not shifted
			continue
		}
		euc = append(euc, s.lead...)
		for _, c := range run[:n] {
			euc = append(euc, c|0x80)
		}
		run = run[n:]
	}
	out.WriteString(convert(euc, s.encoding))
}

// byteOrder finds the form of UTF-16 or UTF-32 that octets are in: by their
// byte order mark, or by where the NULs of the white space and ASCII are.
// Windows, from where most of it comes, writes the low octet first.
func byteOrder(b []byte, wide32 bool) *charset {
	unit, suffix := 2, "16"
	if wide32 {
		unit, suffix = 4, "32"
	}
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe\x00\x00")) && wide32, bytes.HasPrefix(b, []byte("\xff\xfe")) && !wide32:
		return known()["utf"+suffix+"le"]
	case bytes.HasPrefix(b, []byte("\x00\x00\xfe\xff")) && wide32, bytes.HasPrefix(b, []byte("\xfe\xff")) && !wide32:
		return known()["utf"+suffix+"be"]
	}
	var first, last int
	for i := 0; i+unit <= len(b) && i < 4096; i += unit {
		if b[i] == 0 {
			first++
		}
		if b[i+unit-1] == 0 {
			last++
		}
	}
	if first > last {
		return known()["utf"+suffix+"be"]
	}
	return known()["utf"+suffix+"le"]
}

// isWide tells UTF-16 without a label: every other octet of much of it is NUL.
func isWide(b []byte) bool {
	return len(b) >= 4 && len(b)%2 == 0 && 3*bytes.Count(b, []byte{0}) >= len(b) && !hasNULPairs(b)
}

func hasNULPairs(b []byte) bool {
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return true
		}
	}
	return false
}
