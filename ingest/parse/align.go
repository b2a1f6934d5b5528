package parse

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"casegate/mailer"
)

// align divides a plain text where the page beside it is divided. marked is how
// the page is, plain how the text would be by its own rules. That stays unless the
// text has the words of the reply in the page, and then those of its signature and
// quote and no others: what stands in the text alone is not taken for quoted, and
// nothing is that is written between quotes.
func align(whole string, plain, marked mailer.Reply) mailer.Reply {
	end, ok := behind(whole, marked.Text)
	if !ok || end == 0 || isAnswered(whole[end:]) || !sameWords(whole[end:], marked.Signature+marked.Elided) {
		return plain
	}
	end += faces(whole[end:])
	r := mailer.Reply{Text: strings.TrimSpace(whole[:end]), Confidence: marked.Confidence, Reason: marked.Reason}
	rest := whole[end:]
	if end, ok := behind(rest, marked.Signature); ok {
		r.Signature, rest = strings.Trim(rest[:end], "\n"), rest[end:]
	}
	r.Elided = strings.Trim(rest, "\n")
	return r
}

// behind gives the end of the line on which the words of prefix end that s begins
// with. Only letters and digits count: the two came from different formats.
func behind(s, prefix string) (end int, ok bool) {
	for _, want := range prefix {
		if !isWord(want) {
			continue
		}
		r, n := nextWord(s[end:])
		if r != want {
			return 0, false
		}
		end += n
	}
	if end == 0 {
		return 0, true
	}
	for end < len(s) {
		r, n := utf8.DecodeRuneInString(s[end:])
		if r == '\n' || isWord(r) {
			break
		}
		end += n
	}
	return end, end == len(s) || s[end] == '\n'
}

// nextWord gives the first letter or digit of s, and the octets up to behind it;
// none for a text without.
func nextWord(s string) (rune, int) {
	for at, r := range s {
		if isWord(r) {
			return r, at + utf8.RuneLen(r)
		}
	}
	return 0, len(s)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// sameWords tells whether two texts have the same letters and digits.
func sameWords(s, other string) bool {
	for {
		a, n := nextWord(s)
		b, m := nextWord(other)
		if a != b || a == 0 {
			return a == b
		}
		s, other = s[n:], other[m:]
	}
}

// isAnswered tells whether lines without a quote mark follow lines with one.
func isAnswered(s string) bool {
	quoted := false
	for line := range strings.Lines(s) {
		switch mark := strings.HasPrefix(strings.TrimLeft(line, " \t"), ">"); {
		case mark:
			quoted = true
		case quoted && strings.ContainsFunc(line, isWord):
			return true
		}
	}
	return false
}

// faces gives the octets of the lines at the beginning of s that have no words and
// still say something: ":-)" and the like.
func faces(s string) (n int) {
	at := 0
	for line := range strings.Lines(s) {
		if strings.ContainsFunc(line, isWord) {
			break
		}
		at += len(line)
		if strings.Trim(line, "->_=*| \t\r\n") != "" {
			n = at
		}
	}
	return n
}
