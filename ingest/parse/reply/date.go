package reply

import (
	"strings"
	"unicode/utf8"
)

// dates tells whether s names a date or a time, and whether it begins with one:
// no more than two short words come before its first figure.
func dates(s string) (dated, near bool) {
	s = s[:min(len(s), 160)]
	first := strings.IndexAny(s, "0123456789")
	if first < 0 {
		return false, false
	}
	word, _, _ := strings.Cut(s[first:], " ")
	near = utf8.RuneCountInString(s[:first]) <= 22 && strings.Count(s[:first], " ") <= 3 &&
		!strings.ContainsAny(s[:first], "@<>:!?;/()") && !strings.Contains(word, "@")
	for i := first; i < len(s); {
		n := digits(s[i:])
		if n == 0 {
			i++
			continue
		}
		if (i == 0 || !joinsFigures(s[i-1])) && isDate(s[i:i+n], s[i+n:]) {
			return true, near
		}
		i += n
	}
	return false, near
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// isDate tells whether a number with what follows is a year, a time or a date.
func isDate(number, rest string) bool {
	switch {
	case len(number) == 4:
		return number[:2] == "19" || number[:2] == "20"
	case len(number) > 2 || rest == "":
		return false
	case strings.IndexByte(":./-h", rest[0]) >= 0:
		n := digits(rest[1:])
		return n > 0 && n <= 4 && !isQuad(rest)
	}
	return strings.HasPrefix(rest, "月") || strings.HasPrefix(rest, "日") || strings.HasPrefix(rest, "월") || strings.HasPrefix(rest, "일")
}

// joinsFigures tells the characters before which figures are part of something
// else, such as an address of the network or the name of a host.
func joinsFigures(c byte) bool {
	return c == '.' || c == '-' || c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isQuad tells whether ".0.2.1" or more follows a number: a network address.
func isQuad(rest string) bool {
	for range 3 {
		n := 0
		if rest != "" && rest[0] == '.' {
			n = digits(rest[1:])
		}
		if n == 0 {
			return false
		}
		rest = rest[1+n:]
	}
	return true
}
