package charset

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

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
