// Package charset turns the octets of mail into text: valid UTF-8 without NUL,
// whatever the octets and whatever charset they are said to be in. It also reads
// the encoded words of RFC 2047 and cleans what is shown on one line. It is not
// for transfer encodings.
package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// Decode turns text in a named charset into valid UTF-8 without NUL; see Read.
func Decode(b []byte, label string) string {
	text, _ := Read(b, label)
	return text
}

// Read turns text in a named charset into valid UTF-8 without NUL. Valid UTF-8
// wins over any label but those of encodings that look like ASCII, because a
// wrong label is far commoner than text that is UTF-8 by accident; labels that
// mailers write without knowing give way to what the letters say, and others are
// believed. Where the text was read in another charset than named, or not all of
// it could be read, repair says so, such as "text labelled iso-8859-1 read as
// utf-8"; otherwise it is "".
func Read(b []byte, label string) (text, repair string) {
	said := find(label)
	if said.family < wide && IsASCII(b) && bytes.IndexByte(b, 0x1b) < 0 && bytes.IndexByte(b, 0) < 0 {
		return string(b), ""
	}
	used := choose(b, said)
	text, mixed := used.decode(b)
	text = Clean(text)
	lost := strings.Contains(text, "\uFFFD") && !bytes.Contains(b, []byte("\uFFFD"))
	if mixed || lost || !sameCharset(used, said, b) {
		repair = note(label, used, mixed, lost)
	}
	return text, repair
}

// note is what the reader of the case is told.
func note(label string, used *charset, mixed, lost bool) string {
	s := "text without a label read as "
	if label = OneLine(Clean(normalise(label)), maxLabel); label != "" {
		s = "text labelled " + label + " read as "
	}
	s += OneLine(used.name, maxName)
	if mixed {
		s += " and windows-1252"
	}
	if lost {
		s += ", not all of it"
	}
	return s
}

// maxName is longer than the name of any charset that is not a label.
const maxName = 20

// sameCharset tells whether text in one charset was rightly labelled with another.
func sameCharset(used, said *charset, b []byte) bool {
	switch {
	case used.name == said.name, used.family == wide && said.family == wide, IsASCII(b) && used.family < wide:
		return true
	case said.name == "iso-8859-1" && used.name == "windows-1252":
		return !hasC1(b)
	}
	return false
}

// choose finds the charset that octets are in.
func choose(b []byte, said *charset) *charset {
	switch {
	case said.family >= wide:
		if c := chooseLabelled(b, said); c != nil {
			return c
		}
		said = known()["unknown"]
	case hasEscapes(b) && IsASCII(b):
		return known()["iso2022jp"]
	}
	valid := utf8.Valid(b)
	switch {
	case valid && (said.family == single || said.family == vague) && isWide(b):
		return byteOrder(b, false)
	case valid && said.family == double && fits(b, said):
		return said
	case valid && !(said.family != utf8Only && isAccident(b)):
		return known()["utf8"]
	case hasOrderMark(b):
		return byteOrder(b, false)
	case isWide(b) && said.family != double:
		return byteOrder(b, false)
	case !valid && isBrokenUTF8(b, said.family == utf8Only):
		return known()["utf8"] // cut in the middle: not Latin
	}
	return refine(b, said)
}

// chooseLabelled follows a label whose text is never what it seems to be; nil
// where the text has no sign of it.
func chooseLabelled(b []byte, said *charset) *charset {
	switch {
	case said.family == wide && (IsASCII(b) || utf8.Valid(b)) && bytes.IndexByte(b, 0) < 0:
		return nil // UTF-16 without a single NUL is UTF-8 under a wrong label
	case said.name == "utf-16", said.name == "utf-32":
		return byteOrder(b, said.name == "utf-32")
	case said.family == escaped && !hasEscapes(b) && bytes.IndexByte(b, 0x0e) < 0:
		return nil
	case said.family == seven && !IsASCII(b):
		return nil
	}
	return said
}

func hasOrderMark(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff"))
}

// maxAccident is the longest text, in 8-bit octets, that may be UTF-8 by
// accident.
const maxAccident = 12

// fits tells text in a charset of East Asia that is valid UTF-8 by accident, as a
// word of two or three characters in GBK or EUC-KR may be: all of it is in daily
// use there. UTF-8 from there has characters of three octets, and from elsewhere
// signs ("20 °C"), and letters next to ASCII ones.
func fits(b []byte, said *charset) bool {
	if n := countHigh(b); n == 0 || n > maxAccident {
		return false
	}
	signs := true
	for i, c := range b {
		switch {
		case c < utf8.RuneSelf:
			continue
		case c < 0xa1, c >= 0xe0, i > 0 && IsLetter(b[i-1]), i+1 < len(b) && IsLetter(b[i+1]):
			return false
		}
		signs = signs && c <= 0xc3
	}
	l, ok := layoutOf(said)
	if !ok || signs {
		return false
	}
	s := l.shape(b)
	return s.rank[bad]+s.rank[rare] == 0
}

// isAccident tells a word in capitals of a charset of one octet that is valid
// UTF-8: "SPÓŁKA" in windows-1250, "MARCHÉ" with a hard space in windows-1252.
// In UTF-8 a single letter of another script, or one of phonetics, would stand
// next to capitals of ASCII.
func isAccident(b []byte) bool {
	if n := countHigh(b); n == 0 || n > maxAccident {
		return false
	}
	for i := 0; i < len(b); i++ {
		if b[i] < utf8.RuneSelf {
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		before, behind := other, other
		if i > 0 {
			before = classOf(b[i-1])
		}
		if i+n < len(b) {
			behind = classOf(b[i+n])
		}
		alone := (i == 0 || b[i-1] < utf8.RuneSelf) && (i+n == len(b) || b[i+n] < utf8.RuneSelf)
		capitals := before != small && behind != small && (before == capital || behind == capital)
		if !isUnlikely(r) || !alone || !capitals {
			return false
		}
		i += n - 1
	}
	return true
}

// isUnlikely tells characters of two octets that no text in Latin script has:
// phonetics, rare marks, and the scripts from Cyrillic to N'Ko.
func isUnlikely(r rune) bool {
	return r >= 0x250 && r <= 0x2af && r != 'ə' || r >= 0x340 && r <= 0x36f || r >= 0x400 && r <= 0x7ff
}

// IsLetter tells a letter of ASCII.
func IsLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// refine corrects a label that cannot be true, and guesses where it says
// nothing.
func refine(b []byte, said *charset) *charset {
	switch said.family {
	case vague:
		return guess(b, said.name == "iso-8859-1" || said.name == "windows-1252")
	case utf8Only:
		return guess(b, false)
	case double:
		return refineDouble(b, said)
	}
	wider, found := widerPages[said.name]
	if found && hasC1(b) {
		// As with iso-8859-1 and windows-1252, the Windows code page has letters
		// where ISO 8859 has controls.
		return known()[wider]
	}
	if isForeign(b, said) {
		return guess(b, false)
	}
	return said
}

// widerPages are the code pages that Windows writes under these names.
var widerPages = map[string]string{
	"iso-8859-2": "windows1250", "iso-8859-7": "windows1253", "iso-8859-8": "windows1255", "iso-8859-6": "windows1256",
	"iso-8859-13": "windows1257", "iso-8859-15": "windows1252", "iso-8859-4": "windows1257",
}

// isForeign tells text much of which is no character in its charset, or a
// control.
func isForeign(b []byte, said *charset) bool {
	s := sample(b)
	odd := 0
	for _, r := range convert(s, said.encoding) {
		if r == utf8.RuneError || r >= 0x80 && r <= 0x9f {
			odd++
		}
	}
	return odd*4 > countHigh(s)
}

// decode reads octets in a charset. mixed tells that octets of a second one
// stood between them.
func (c *charset) decode(b []byte) (text string, mixed bool) {
	switch c.name {
	case "utf-8":
		return decodeUTF8(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	case "utf-7":
		return decodeUTF7(b), false
	case "iso-2022-jp", "iso-2022-kr", "iso-2022-cn":
		return decode2022(b, c.name), false
	}
	return convert(b, c.encoding), false
}

// decodeUTF8 reads UTF-8 into which text in windows-1252 was copied. A character
// that was cut is lost: its octets are no letters.
func decodeUTF8(b []byte) (text string, mixed bool) {
	if utf8.Valid(b) {
		return string(b), false
	}
	var out strings.Builder
	out.Grow(len(b) + len(b)/16)
	cut, word := false, false // what stands before: a character cut off, a letter
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r != utf8.RuneError || n > 1:
			cut, word = false, IsLetter(b[0])
			out.Write(b[:n])
		case !utf8.FullRune(b), isCut(b) && !word, cut && b[0] < 0xc0:
			if !cut {
				out.WriteRune(utf8.RuneError) // one for a character, however much is left of it
			}
			cut, word = true, false
		default:
			r = charmap.Windows1252.DecodeByte(b[0])
			out.WriteRune(r)
			mixed = mixed || r != utf8.RuneError
			word = false
		}
		b = b[n:]
	}
	return out.String(), mixed
}

// isCut tells the first octets of a character of three or four, the last of
// which is missing.
func isCut(b []byte) bool {
	return len(b) > 1 && b[0] >= 0xe0 && b[0] <= 0xf4 && b[1] >= 0x80 && b[1] <= 0xbf &&
		!utf8.FullRune(b[:2])
}

func convert(b []byte, enc encoding.Encoding) string {
	if enc == nil {
		enc = charmap.Windows1252
	}
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

// isBrokenUTF8 tells UTF-8 with some octets damaged or cut off. Where no label
// says so, all but the end must be sound.
func isBrokenUTF8(b []byte, labelled bool) bool {
	good, bad := 0, 0
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r != utf8.RuneError || n > 1:
			good++
		case !utf8.FullRune(b[i:]):
			n = len(b) - i // the last character, cut off
		default:
			bad++
		}
		i += n
	}
	if labelled {
		return good > 0 && bad <= good
	}
	return good > 0 && bad*20 <= good
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

// Lines makes every line end \n.
func Lines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.ReplaceAll(s, "\r", "\n")
}

// IsASCII tells text without any 8-bit octet.
func IsASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
