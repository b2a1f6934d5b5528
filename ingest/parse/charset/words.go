package charset

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"casegate/ingest/parse/transfer"
)

// MaxWords bounds what is decoded of one unstructured field (T59).
const MaxWords = 4 << 10

// DecodeWords decodes the encoded words of RFC 2047 in a field's value; what
// stands between them is read in the charset of the mail. Words that follow
// each other in one charset are joined before they are decoded, because mailers
// cut characters in two. The result may hold controls: see OneLine.
func DecodeWords(s, charset string) string {
	var out strings.Builder
	var held []byte // decoded octets of adjacent words, not yet converted
	var heldCharset string
	flush := func() {
		out.WriteString(Decode(held, heldCharset))
		held = held[:0]
	}
	afterWord := false
	for len(s) > 0 {
		start := strings.Index(s, "=?")
		if start < 0 {
			break
		}
		w, ok := parseWord(s[start:])
		if !ok {
			start += 2 // the text goes on behind what only looked like a word
			flush()
			out.WriteString(Decode([]byte(s[:start]), charset))
			s, afterWord = s[start:], false
			continue
		}
		// RFC 2047 6.2: white space between encoded words is not shown.
		between := s[:start]
		if !afterWord || strings.Trim(between, " \t\r\n") != "" {
			flush()
			out.WriteString(Decode([]byte(between), charset))
		}
		if w.charset != heldCharset {
			flush()
		}
		heldCharset = w.charset
		held = append(held, w.octets...)
		s, afterWord = s[start+w.length:], true
	}
	flush()
	out.WriteString(Decode([]byte(s), charset))
	return out.String()
}

// word is one encoded word.
type word struct {
	charset string
	octets  []byte
	length  int // of the word as written
}

// parseWord reads the encoded word that s starts with. Spaces within are
// tolerated, as many mailers write them.
func parseWord(s string) (word, bool) {
	if len(s) > 2*MaxWords {
		s = s[:2*MaxWords] // keeps many words without an end from costing the square of their length
	}
	parts := strings.SplitN(s, "?", 4) // "=", charset, encoding, text…
	if len(parts) < 4 || len(parts[1]) > 60 || len(parts[2]) != 1 {
		return word{}, false
	}
	end := strings.Index(parts[3], "?=")
	if end < 0 {
		return word{}, false
	}
	text := parts[3][:end]
	charset, _, _ := strings.Cut(strings.ToLower(parts[1]), "*") // RFC 2231 5: "*language"
	w := word{charset: charset, length: len(s) - len(parts[3]) + end + len("?=")}
	switch parts[2][0] {
	case 'q', 'Q':
		w.octets = decodeQ(text)
	case 'b', 'B':
		w.octets = transfer.Decode("base64", []byte(text))
	default:
		return word{}, false
	}
	return w, true
}

// decodeQ is the "Q" encoding (RFC 2047 4.2); a stray "=" stands for itself.
func decodeQ(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out, _ = hex.AppendDecode(out, []byte(s[i+1:i+3]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'F' || c >= 'a' && c <= 'f'
}

// OneLine makes text fit for one line that people read: white space is
// collapsed, controls and marks that reorder text are dropped (T13, F10), and
// what is longer than max octets is cut between characters.
func OneLine(s string, max int) string {
	var b strings.Builder
	space := false
	for _, r := range s {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case IsUnsafe(r):
			continue
		}
		if b.Len()+utf8.RuneLen(r)+1 > max {
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// IsUnsafe: controls, and the marks with which text is made to look like other
// text: bidi embedding, override and isolates, line separators, the byte order
// mark. Joiners stay, since names in several scripts and emoji need them.
func IsUnsafe(r rune) bool {
	switch {
	case unicode.IsControl(r):
		return true
	case r == '\u061c', r == '\u200e', r == '\u200f', r >= '\u2028' && r <= '\u202e',
		r >= '\u2066' && r <= '\u2069', r == '\ufeff':
		return true
	}
	return false
}
