package notify

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"casegate/templates"
)

// words makes foreign text into words of an unstructured field: as it is where
// every reader takes it as it is, else encoded (RFC 2047). Together with the
// cleaning before it no octet of the text can be more than text.
func words(s string) []string {
	s = templates.OneLine(s)
	if s == "" {
		return nil
	}
	if isPlain(s) {
		return strings.Split(s, " ")
	}
	return encodedWords(s)
}

// displayName makes a name into a phrase: one quoted string, or encoded words
// (RFC 5322 3.2.4, RFC 2047 5.3).
func displayName(s string) []string {
	s = templates.OneLine(s)
	if s == "" {
		return nil
	}
	if !isPlain(s) || len(s) > 150 {
		return encodedWords(s)
	}
	return []string{`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`}
}

// isPlain tells text that needs no encoding: printable ASCII, nothing that would
// be decoded on the other side ("=?"), no word that is too long to fold.
func isPlain(s string) bool {
	word := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == ' ':
			word = -1
		case s[i] < ' ' || s[i] > '~':
			return false
		}
		if word++; word > 60 {
			return false
		}
	}
	return !strings.Contains(s, "=?")
}

// maxEncoded is what fits one encoded word of at most 75 octets (RFC 2047 2)
// beside "=?utf-8?q?" and "?=".
const maxEncoded = 75 - len("=?utf-8?q?") - len("?=")

// encodedWords encodes a text in UTF-8: so that it can still be guessed at where
// it is not decoded, unless that doubles its length.
func encodedWords(s string) []string {
	if quotedLength(s) > 2*len(s) {
		return split(s, "=?utf-8?b?", base64Length, func(part string) string {
			return base64.StdEncoding.EncodeToString([]byte(part))
		})
	}
	return split(s, "=?utf-8?q?", quotedLength, quoted)
}

func base64Length(s string) int { return base64.StdEncoding.EncodedLen(len(s)) }

// split cuts a text into encoded words, never inside a character (RFC 2047 5).
func split(s, open string, length func(string) int, encode func(string) string) []string {
	var out []string
	begin := 0
	for i, r := range s {
		if length(s[begin:i+utf8.RuneLen(r)]) > maxEncoded {
			out = append(out, open+encode(s[begin:i])+"?=")
			begin = i
		}
	}
	return append(out, open+encode(s[begin:])+"?=")
}

// quoted is the "Q" encoding in its strictest form, which may stand in a phrase
// too (RFC 2047 5.3).
func quoted(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('_')
		case isQuotedAsIs(c):
			b.WriteByte(c)
		default:
			b.Write([]byte{'=', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// quotedLength is len(quoted(s)).
func quotedLength(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' || isQuotedAsIs(s[i]) {
			n++
		} else {
			n += 3
		}
	}
	return n
}

func isQuotedAsIs(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '!'
}
