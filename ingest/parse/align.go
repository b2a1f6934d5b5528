package parse

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"casegate/mailer"
)

// align divides a plain text where the page beside it is divided. marked is how
// the page is, plain how the text would be by its own rules; that stays where the
// two do not begin with the same words.
func align(whole string, plain, marked mailer.Reply) mailer.Reply {
	end, ok := behind(whole, marked.Text)
	if !ok {
		return plain
	}
	r := mailer.Reply{Text: strings.TrimRight(whole[:end], " \t\n"), Confidence: marked.Confidence, Reason: marked.Reason}
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
		for {
			r, n := utf8.DecodeRuneInString(s[end:])
			if n == 0 {
				return 0, false
			}
			end += n
			if !isWord(r) {
				continue
			}
			if r != want {
				return 0, false
			}
			break
		}
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

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
