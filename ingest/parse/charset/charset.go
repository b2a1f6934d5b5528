// Package charset turns the octets of mail into text: valid UTF-8 without NUL,
// whatever the octets and whatever charset they are said to be in. It also reads
// the encoded words of RFC 2047 and cleans what is shown on one line. It is not
// for transfer encodings.
package charset

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"casegate/ingest/parse/transfer"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// aliases are labels seen in mail that neither the WHATWG nor the IANA
// index knows, or that they take too narrowly: gb2312 and gbk are subsets of
// what senders write under these names.
var aliases = map[string]encoding.Encoding{
	"gb2312": simplifiedchinese.GB18030, "gbk": simplifiedchinese.GB18030,
	"cp936": simplifiedchinese.GB18030, "x-gbk": simplifiedchinese.GB18030,
	"cp850": charmap.CodePage850, "cp-850": charmap.CodePage850,
	"8859-1": charmap.Windows1252, "iso8859_1": charmap.Windows1252,
	"latin-1": charmap.Windows1252, "unknown-8bit": charmap.Windows1252,
	"8859-2": charmap.ISO8859_2, "latin-2": charmap.ISO8859_2,
}

var synonyms = map[string]string{
	"cp932": "shift_jis", "ms932": "shift_jis", "cp949": "euc-kr", "ks_c_5601": "euc-kr",
	"cp950": "big5", "utf8mb4": "utf-8", "utf_8": "utf-8",
}

// Decode turns text in a named charset into valid UTF-8 without NUL.
// Valid UTF-8 wins over any label but those of encodings that look like ASCII,
// because a wrong label is far commoner than text that is UTF-8 by accident.
func Decode(b []byte, label string) string {
	label = normalise(label)
	switch {
	case isStateful(label):
		return Clean(decodeStateful(b, label))
	case utf8.Valid(b):
		return Clean(string(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		return Clean(decodeStateful(b, "utf-16"))
	case label == "utf-8" && hasMultibyte(b):
		return Clean(string(b)) // broken UTF-8, cut in the middle: not Latin
	}
	enc := lookup(label)
	if label == "iso-8859-2" && hasC1(b) {
		enc = charmap.Windows1250 // as with iso-8859-1 and windows-1252: Polish mail is full of it
	}
	return Clean(convert(b, enc))
}

// normalise normalises what stands in a charset parameter.
func normalise(s string) string {
	s = strings.Trim(strings.ToLower(s), " \t\"';")
	s = strings.TrimPrefix(s, "charset=")
	if i := strings.IndexAny(s, " (\t"); i > 0 {
		s = s[:i] // "us-ascii (Plain text)"
	}
	if to, ok := synonyms[s]; ok {
		return to
	}
	return s
}

// isStateful tells the encodings whose text may be valid UTF-8 octet by octet.
func isStateful(label string) bool {
	return strings.HasPrefix(label, "iso-2022-") || strings.HasPrefix(label, "utf-16") ||
		strings.HasSuffix(label, "utf-7") || label == "utf7" || label == "hz-gb-2312"
}

func decodeStateful(b []byte, label string) string {
	switch {
	case strings.HasSuffix(label, "utf-7"), label == "utf7":
		return decodeUTF7(b)
	case label == "utf-16be":
		return convert(b, unicode.UTF16(unicode.BigEndian, unicode.UseBOM))
	case strings.HasPrefix(label, "utf-16"):
		return convert(b, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM))
	case bytes.IndexByte(b, 0x1b) < 0 && utf8.Valid(b) && label != "hz-gb-2312":
		return string(b) // no escape sequence: the label is all there is of ISO 2022
	}
	return convert(b, lookup(label))
}

// lookup finds an encoding; windows-1252, which gives every octet some
// character, where the label says nothing.
func lookup(label string) encoding.Encoding {
	if enc, ok := aliases[label]; ok {
		return enc
	}
	if enc, err := htmlindex.Get(label); err == nil && enc != encoding.Replacement && enc != unicode.UTF8 {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding(label); err == nil && enc != nil && enc != unicode.UTF8 {
		return enc
	}
	return charmap.Windows1252
}

func convert(b []byte, enc encoding.Encoding) string {
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return string(b)
	}
	return string(out)
}

// Clean makes valid UTF-8 without NUL: PostgreSQL refuses both (T62).
func Clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return s
}

// hasMultibyte tells whether some character of b is valid UTF-8 of several octets.
func hasMultibyte(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if n > 1 && r != utf8.RuneError {
			return true
		}
		b = b[n:]
	}
	return false
}

// hasC1 tells whether an octet stands where ISO 8859 has control characters and
// the Windows code pages have letters.
func hasC1(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 && c <= 0x9f {
			return true
		}
	}
	return false
}

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
		if explicit {
			b = b[1:]
		}
		switch text, ok := utf7Run(run); {
		case n == 0:
			out.WriteByte('+') // "+-"
		case ok:
			out.WriteString(text)
		default:
			out.WriteByte('+')
			out.Write(run)
		}
	}
	return out.String()
}

func utf7Run(run []byte) (string, bool) {
	octets, err := base64.RawStdEncoding.DecodeString(string(run))
	if err != nil {
		return "", false
	}
	units := make([]uint16, len(octets)/2)
	for i := range units {
		units[i] = uint16(octets[2*i])<<8 | uint16(octets[2*i+1])
	}
	return string(utf16.Decode(units)), true
}

// Lines makes every line end \n.
func Lines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.ReplaceAll(s, "\r", "\n")
}
