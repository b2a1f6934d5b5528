package header

import (
	"net/url"
	"strconv"
	"strings"

	"casegate/ingest/parse/charset"
)

// Limits of a Content-Type or Content-Disposition field. RFC 2046 5.1.1 allows
// a boundary 70 octets; a few mailers write more.
const (
	maxMediaType = 8 << 10
	maxParams    = 100
	maxBoundary  = 200
)

// MediaType reads a Content-Type or Content-Disposition value (RFC 2045 5.1),
// with what mailers write in its place: missing semicolons, unquoted spaces,
// parameters that are there twice (the first counts). The type and the names
// are in lower case. It is linear, which enmime's reader is not.
func MediaType(s string) (typ string, params map[string]string) {
	if len(s) > maxMediaType {
		s = s[:maxMediaType]
	}
	end := strings.IndexAny(s, "; \t\r\n(")
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
		if i := strings.LastIndexAny(strings.TrimRight(name, " \t\r\n"), "; \t\r\n"); i >= 0 {
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

// paramValue reads a quoted or bare value and gives the rest. A bare one ends
// at a semicolon, or where after white space another parameter begins.
func paramValue(s string) (value, rest string) {
	if strings.HasPrefix(s, `"`) {
		var b strings.Builder
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] == '"':
				return b.String(), s[i+1:]
			// Only these two are ever escaped; Windows paths hold other backslashes.
			case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
				i++
			}
			b.WriteByte(s[i])
		}
		return b.String(), ""
	}
	end := 0
	for end < len(s) && s[end] != ';' {
		word := end
		for word < len(s) && IsSpace(s[word]) {
			word++
		}
		stop := word
		for stop < len(s) && s[stop] != ';' && !IsSpace(s[stop]) {
			stop++
		}
		if end > 0 && strings.IndexByte(s[word:stop], '=') > 0 {
			return strings.TrimSpace(s[:end]), s[word:]
		}
		end = stop
	}
	return strings.TrimSpace(s[:end]), s[end:]
}

func IsSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// Param is a parameter's value, decoded: RFC 2231 continuations and charsets
// first, then encoded words, which have no place there and are common.
func Param(params map[string]string, name, label string) string {
	if v, ok := params[name+"*"]; ok {
		return decodeExtended(v, "")
	}
	if s, ok := joinContinued(params, name); ok {
		return s
	}
	return charset.DecodeWords(params[name], label)
}

// joinContinued puts "name*0", "name*1*" … together (RFC 2231 3 and 4.1).
func joinContinued(params map[string]string, name string) (string, bool) {
	var octets []byte
	var label string
	n := 0
	for ; n < maxParams; n++ {
		key := name + "*" + strconv.Itoa(n)
		if v, ok := params[key]; ok {
			octets = append(octets, v...)
			continue
		}
		v, ok := params[key+"*"]
		if !ok {
			break
		}
		if n == 0 {
			label, v = cutCharset(v)
		}
		octets = append(octets, unpercent(v)...)
	}
	if n == 0 {
		return "", false
	}
	return charset.Decode(octets, label), true
}

// decodeExtended reads charset'language'%-encoded text (RFC 2231 4).
func decodeExtended(v, label string) string {
	if c, rest := cutCharset(v); c != "" {
		label, v = c, rest
	}
	return charset.Decode(unpercent(v), label)
}

func cutCharset(v string) (label, text string) {
	parts := strings.SplitN(v, "'", 3)
	if len(parts) < 3 {
		return "", v
	}
	return parts[0], parts[2]
}

func unpercent(s string) []byte {
	if out, err := url.PathUnescape(s); err == nil {
		return []byte(out)
	}
	return []byte(s)
}

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
