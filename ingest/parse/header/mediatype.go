package header

import "strings"

// Limits of a Content-Type or Content-Disposition field. RFC 2046 5.1.1 allows
// a boundary 70 octets; a few mailers write more.
const (
	maxMediaType = 8 << 10
	maxParams    = 100
	maxBoundary  = 200
)

// MediaType reads a Content-Type or Content-Disposition value (RFC 2045 5.1),
// with what mailers write in its place: missing semicolons, unquoted spaces,
// quotes within quotes, parameters that are there twice (the first counts).
// The type and the names are in lower case. It is linear, which enmime's
// reader is not.
func MediaType(s string) (typ string, params map[string]string) {
	if len(s) > maxMediaType {
		s = s[:maxMediaType]
	}
	s = strings.TrimLeft(s, " \t\r\n\"")
	end := strings.IndexAny(s, "; \t\r\n(,\"")
	if end < 0 {
		end = len(s)
	}
	typ = strings.ToLower(s[:end])
	s = s[end:]
	params = map[string]string{}
	for range maxParams {
		eq := strings.IndexByte(s, '=')
		if eq < 0 {
			break
		}
		name := s[:eq]
		if i := strings.LastIndexAny(strings.TrimRight(name, " \t\r\n"), ";, \t\r\n"); i >= 0 {
			name = name[i+1:]
		}
		name = strings.ToLower(strings.TrimSpace(name))
		var value string
		value, s = paramValue(strings.TrimLeft(s[eq+1:], " \t\r\n"))
		if _, twice := params[name]; !twice && name != "" {
			params[name] = value
		}
	}
	return typ, params
}

// paramValue reads a quoted or bare value and gives the rest.
func paramValue(s string) (value, rest string) {
	if strings.HasPrefix(s, `"`) {
		if value, rest, whole := quotedValue(s[1:]); whole {
			return value, rest
		}
		s = s[1:] // the closing quote was forgotten
	}
	end := bareEnd(s)
	return strings.TrimSpace(s[:end]), s[end:]
}

// quotedValue reads up to the closing quote. A quote that no parameter and no
// end follows is part of a name: name="the "new" plan.pdf".
func quotedValue(s string) (value, rest string, whole bool) {
	if i := strings.IndexAny(s, "\"\\"); i >= 0 && s[i] == '"' && endsValue(s[i+1:]) {
		return s[:i], s[i+1:], true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"' && endsValue(s[i+1:]):
			return b.String(), s[i+1:], true
		// Only these two are ever escaped; Windows paths hold other backslashes.
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// endsValue tells whether what follows a quote may follow a value: the end, a
// separator, a comment, or another parameter.
func endsValue(s string) bool {
	s = strings.TrimLeft(s, " \t\r\n")
	if s == "" || s[0] == ';' || s[0] == ',' || s[0] == '(' {
		return true
	}
	n := 0
	for n < len(s) && (isToken(s[n]) || s[n] == '*') {
		n++
	}
	return n > 0 && n < len(s) && s[n] == '='
}

func isToken(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

// bareEnd finds the end of a value without quotes: a semicolon, or white space
// behind which another parameter begins. An encoded word is skipped.
func bareEnd(s string) int {
	end := 0
	if strings.HasPrefix(s, "=?") {
		if i := strings.Index(s, "?="); i > 0 {
			end = i
		}
	}
	for end < len(s) && s[end] != ';' {
		word := end
		for word < len(s) && IsSpace(s[word]) {
			word++
		}
		stop := word
		for stop < len(s) && s[stop] != ';' && !IsSpace(s[stop]) {
			stop++
		}
		if end > 0 && word > end && strings.IndexByte(s[word:stop], '=') > 0 {
			return end
		}
		end = stop
	}
	return end
}

// IsSpace tells the white space of a header.
func IsSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// Boundary gives the boundary of a multipart; "" for every other type, and
// for a boundary that cannot be used.
func Boundary(typ string, params map[string]string) string {
	if !strings.HasPrefix(typ, "multipart/") {
		return ""
	}
	b, ok := params["boundary"]
	if !ok {
		b = Param(params, "boundary", "")
	}
	b = strings.TrimRight(b, " \t\r\n") // as padding behind a delimiter is no part of it
	if len(b) > maxBoundary {
		return ""
	}
	return b
}
