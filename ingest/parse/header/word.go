package header

import "strings"

// maxWord is the longest encoded word that is taken as a whole, in octets. RFC
// 2047 2 allows 75, but mailers put a whole name into one.
const maxWord = 500

// wordEnd gives the length of the encoded word that s begins with; 0 if there is
// none. Many mailers leave commas, colons and parentheses in it as they are, which
// RFC 2047 5 (3) forbids; they are no structure all the same.
func wordEnd(s string) int {
	if !strings.HasPrefix(s, "=?") {
		return 0
	}
	s = s[:min(len(s), maxWord)]
	label, rest, found := strings.Cut(s[2:], "?")
	if !found || label == "" || strings.ContainsAny(label, "=<>@,;:\"() \t\r\n") ||
		len(rest) < 2 || !strings.ContainsRune("qQbB", rune(rest[0])) || rest[1] != '?' {
		return 0
	}
	start := len(label) + 5
	text, _, found := strings.Cut(s[start:], "?=")
	if !found || strings.ContainsAny(text, " \t\r\n") {
		return 0
	}
	return start + len(text) + 2
}
