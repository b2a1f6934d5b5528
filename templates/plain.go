package templates

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// OneLine makes foreign text fit for one line of a mail: what breaks lines or
// steers a terminal becomes a blank, what turns the direction of writing is
// left out (a name could read as another), blanks are folded, and what is not
// UTF-8 is replaced.
func OneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(oneLine, s)), " ")
}

func oneLine(r rune) rune {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029':
		return ' '
	case isDirection(r):
		return -1
	}
	return r
}

// isDirection tells the characters that override, embed or isolate the direction of
// writing (UAX 9 2), and the invisible byte order mark.
func isDirection(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\ufeff'
}

// endBlanks are the blanks at the end of a line.
var endBlanks = regexp.MustCompile(`[ \t]+\n`)

// lines makes a person's text fit to be shown: control characters but line
// breaks and tabs are left out, empty lines at both ends too, and blanks at the
// end of a line: after "-- " mail programs would take all the rest of ours for a
// signature (RFC 3676 4.3). Otherwise lines stay as they were written: wrapping
// would break addresses, tables and program text.
func lines(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if r == '\r' {
			return '\n'
		}
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	s = endBlanks.ReplaceAllString(s, "\n")
	return strings.TrimRight(strings.TrimLeft(s, "\n"), " \t\n")
}

// width is the number of characters after which our own sentences are wrapped
// in plain text (RFC 5322 2.1.1 recommends at most 78 to a line).
const width = 72

// wrap breaks a sentence at blanks. Long words stay whole, and so does what is
// written without blanks.
func wrap(s string) string {
	var b strings.Builder
	column := 0
	for word := range strings.SplitSeq(s, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case b.Len() == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// rule is a line between our words and somebody else's. It must not be "-- ",
// at which mail programs cut a signature off (RFC 3676 4.3).
func rule() string { return strings.Repeat("-", 60) }

// start gives the beginning of a text, at most n characters.
func start(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
