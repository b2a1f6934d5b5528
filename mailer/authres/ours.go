package authres

import (
	"io"
	"mime"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// maxID is the longest text, in octets, that is put together or mapped to find an
// id: mapping takes quadratic time, and a domain has 255 octets.
const maxID = 300

// IsOurs tells whether an Authentication-Results field claims to be written by
// the given authserv-id. Such a field in mail that comes in is forged, and must
// be found however it is spelled: folded, commented, quoted, in any case, with a
// version, behind an empty part or i=, torn apart by white space or controls,
// as an encoded word or in U-labels (RFC 8601 5, F7, T9). Where comments and
// quotes cannot be told apart, a mention of the id is enough. An empty id is
// nobody's.
func IsOurs(value, id string) bool {
	id = bare(id)
	if id == "" {
		return false
	}
	if claims(value, id) {
		return true
	}
	if !strings.Contains(value, "=?") {
		return false
	}
	// A word in a charset that nobody knows must not hide the word beside it.
	words := mime.WordDecoder{CharsetReader: func(_ string, r io.Reader) (io.Reader, error) { return r, nil }}
	decoded, err := words.DecodeHeader(value)
	return err != nil || claims(decoded, id)
}

// claims looks for the id in the first part that says anything, which the ";"
// ends, and behind i= in the next one.
func claims(value, id string) bool {
	rest := strings.Map(visible, value)
	whole := rest
	for rest != "" {
		part, after, ok := cutPart(rest)
		if !ok {
			return strings.Contains(letters(whole), id)
		}
		rest = after
		pieces := strings.Fields(part)
		if len(pieces) == 0 {
			continue
		}
		joined := ""
		for _, piece := range pieces {
			if joined += piece; len(joined) > len(piece)+maxID {
				break
			}
			if bare(joined) == id || bare(letters(joined)) == id {
				return true
			}
		}
		if !strings.EqualFold(pieces[0], "i") && !strings.HasPrefix(strings.ToLower(pieces[0]), "i=") {
			return false
		}
	}
	return false
}

// visible takes out controls that are no white space.
func visible(r rune) rune {
	if unicode.IsControl(r) && !unicode.IsSpace(r) {
		return -1
	}
	return r
}

// cutPart splits at the first ";" that is in no comment or quoted string, leaves
// comments out and takes quotes off. It fails where those do not add up.
func cutPart(s string) (part, rest string, ok bool) {
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && (quoted || depth > 0):
			i++
			if depth == 0 && i < len(s) {
				b.WriteByte(s[i])
			}
		case c == '"' && depth == 0:
			quoted = !quoted
		case quoted:
			b.WriteByte(c)
		case c == '(':
			depth++
			b.WriteByte(' ')
		case c == ')':
			if depth--; depth < 0 {
				return "", "", false
			}
		case depth > 0:
		case c == ';':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", depth == 0 && !quoted
}

// bare gives the name that a text begins with, in lower-case A-labels: without
// what stands before it and what no name holds after it.
func bare(s string) string {
	s = strings.TrimLeftFunc(s, func(r rune) bool { return !inID(r) })
	if end := strings.IndexFunc(s, func(r rune) bool { return !inID(r) }); end >= 0 {
		s = s[:end]
	}
	if len(s) <= maxID {
		if ascii, err := idna.Lookup.ToASCII(s); err == nil {
			s = ascii
		}
	}
	return strings.ToLower(strings.Trim(s, "."))
}

// letters leaves only ASCII that may be in a name, in lower case; what is not
// seen may not hide a name.
func letters(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r >= 0x80 || r == '"' || r == '\\' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s))
}

// inID tells the characters of an authserv-id; all of those that are not ASCII
// may be mapped to one.
func inID(r rune) bool {
	return r >= 0x80 || r < 0x80 && isToken(string(r)) && r != '+'
}
