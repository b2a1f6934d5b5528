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
// mailers write without knowing give way to what the letters say. Where the
// text was read in another charset than named, repair says so, such as "text
// labelled iso-8859-1 read as utf-8"; otherwise it is "".
func Read(b []byte, label string) (text, repair string) {
	said := find(label)
	if said.family < wide && isASCII(b) && bytes.IndexByte(b, 0x1b) < 0 && bytes.IndexByte(b, 0) < 0 {
		return string(b), ""
	}
	used := choose(b, said)
	text = Clean(used.decode(b))
	if !sameCharset(used, said, b) {
		repair = note(label, used)
	}
	return text, repair
}

// note is what the reader of the case is told.
func note(label string, used *charset) string {
	if label = OneLine(Clean(normalise(label)), maxLabel); label == "" {
		return "text without a label read as " + used.name
	}
	return "text labelled " + label + " read as " + used.name
}

// sameCharset tells whether text in one charset was rightly labelled with another.
func sameCharset(used, said *charset, b []byte) bool {
	switch {
	case used.name == said.name, used.family == wide && said.family == wide, isASCII(b) && used.family < wide:
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
	case hasEscapes(b) && isASCII(b):
		return known()["iso2022jp"]
	}
	switch {
	case utf8.Valid(b) && (said.family == single || said.family == vague) && isWide(b):
		return byteOrder(b, false)
	case said.family == double && fits(b, said):
		return said
	case utf8.Valid(b):
		return known()["utf8"]
	case hasOrderMark(b):
		return byteOrder(b, false)
	case isWide(b) && said.family != double:
		return byteOrder(b, false)
	case isBrokenUTF8(b, said.family == utf8Only):
		return known()["utf8"] // cut in the middle: not Latin
	}
	return refine(b, said)
}

// chooseLabelled follows a label whose text is never what it seems to be; nil
// where the text has no sign of it.
func chooseLabelled(b []byte, said *charset) *charset {
	switch {
	case said.family == wide && (isASCII(b) || utf8.Valid(b)) && bytes.IndexByte(b, 0) < 0:
		return nil // UTF-16 without a single NUL is UTF-8 under a wrong label
	case said.name == "utf-16", said.name == "utf-32":
		return byteOrder(b, said.name == "utf-32")
	case said.family == escaped && !hasEscapes(b) && bytes.IndexByte(b, 0x0e) < 0:
		return nil
	case said.family == seven && !isASCII(b):
		return nil
	}
	return said
}

func hasOrderMark(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff"))
}

// fits tells text in a charset of East Asia that is valid UTF-8 by accident, as a
// word of two or three characters in GBK or EUC-KR may be. UTF-8 from there
// has characters of three octets, and from elsewhere letters next to ASCII ones.
func fits(b []byte, said *charset) bool {
	high := countHigh(b)
	if high == 0 || high > 12 || !utf8.Valid(b) {
		return false
	}
	for i, c := range b {
		switch {
		case c < utf8.RuneSelf:
		case c < 0xa1, c >= 0xe0, i > 0 && isLetter(b[i-1]), i+1 < len(b) && isLetter(b[i+1]):
			return false
		}
	}
	return !strings.ContainsRune(convert(b, said.encoding), utf8.RuneError)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// refine corrects a label that is off by a little, and guesses where it says
// nothing or cannot be true.
func refine(b []byte, said *charset) *charset {
	switch said.family {
	case vague:
		return guess(b, said.name == "iso-8859-1" || said.name == "windows-1252")
	case utf8Only:
		return guess(b, true)
	case double:
		return refineDouble(b, said)
	}
	switch said.name {
	case "iso-8859-2", "windows-1250":
		return centralEuropean(b, said)
	}
	// As with iso-8859-1 and windows-1252, the Windows code page has letters
	// where ISO 8859 has controls.
	if wider := widerPages[said.name]; wider != "" && hasC1(b) {
		return known()[wider]
	}
	return said
}

// widerPages are the code pages that Windows writes under these names.
var widerPages = map[string]string{
	"iso-8859-7": "windows1253", "iso-8859-8": "windows1255", "iso-8859-6": "windows1256",
	"iso-8859-13": "windows1257", "iso-8859-15": "windows1252", "iso-8859-4": "windows1257",
}

// refineDouble believes a label of East Asia unless much of the text has no
// character in it while another charset reads all.
func refineDouble(b []byte, said *charset) *charset {
	text := convert(b[:min(len(b), 4*sampleSize)], said.encoding)
	bad, all := 0, 0
	for _, r := range text {
		if r >= utf8.RuneSelf {
			all++
		}
		if r == utf8.RuneError {
			bad++
		}
	}
	if bad*10 <= all {
		return said
	}
	if c := guess(b, false); c.name != "windows-1252" || bad*2 > all {
		return c
	}
	return said
}

// decode reads octets in a charset.
func (c *charset) decode(b []byte) string {
	switch c.name {
	case "utf-8":
		return string(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	case "utf-7":
		return decodeUTF7(b)
	case "iso-2022-jp", "iso-2022-kr", "iso-2022-cn":
		return decode2022(b, c.name)
	}
	return convert(b, c.encoding)
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
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.ReplaceAll(s, "\r", "\n")
}
