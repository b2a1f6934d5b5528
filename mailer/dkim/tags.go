package dkim

import (
	"errors"
	"strings"
)

// Tags is a tag list, "v=1; a=rsa-sha256; …" (RFC 6376 3.2). Unknown tags are
// in it like others.
type Tags struct {
	list  []tag
	index map[string]int
}

// tag is one tag. The value is without the white space around it; start and
// end enclose it with that white space, as offsets in the text that was parsed.
type tag struct {
	name, value string
	start, end  int
}

// Get gives a tag's value without the white space around it, and whether the
// list has the tag. Names are case-sensitive, as are values.
func (t Tags) Get(name string) (string, bool) {
	i, ok := t.index[name]
	if !ok {
		return "", false
	}
	return t.list[i].value, true
}

var errTags = errors.New("malformed tag list")

// FieldTags reads the tag list that is the value of a header field.
func FieldTags(raw []byte) (Tags, error) {
	text := strings.TrimSuffix(string(raw), "\r\n")
	colon := strings.IndexByte(text, ':')
	if colon < 0 {
		return Tags{}, errTags
	}
	return parseTags(text, colon+1)
}

// parseTags reads the tag list that begins at an offset of a text. It is strict:
// an empty tag (but for one semicolon at the end), a tag twice, an octet that has
// no place in a tag and a line end that folds nothing are errors.
func parseTags(text string, at int) (Tags, error) {
	t := Tags{index: make(map[string]int)}
	for at <= len(text) {
		end := len(text)
		if n := strings.IndexByte(text[at:], ';'); n >= 0 {
			end = at + n
		}
		if end == len(text) && trimFWS(text[at:]) == "" && len(t.list) > 0 {
			break // behind the last semicolon
		}
		if !t.add(text, at, end) {
			return Tags{}, errTags
		}
		at = end + 1
	}
	return t, nil
}

// add reads the tag between two offsets.
func (t *Tags) add(text string, at, end int) bool {
	name, value, ok := strings.Cut(text[at:end], "=")
	start := at + len(name) + 1
	if !ok || !isFolded(name) || !isFolded(value) {
		return false
	}
	name, value = trimFWS(name), trimFWS(value)
	if _, twice := t.index[name]; twice || !isTagName(name) {
		return false
	}
	t.index[name] = len(t.list)
	t.list = append(t.list, tag{name, value, start, end})
	return true
}

// isTagName: ALPHA *ALNUMPUNC.
func isTagName(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		case i > 0 && (c >= '0' && c <= '9' || c == '_'):
		default:
			return false
		}
	}
	return s != ""
}

// isFolded: printable octets (above ASCII too, RFC 8616 4), white space, and line
// ends that white space follows.
func isFolded(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\r':
			if i+2 >= len(s) || s[i+1] != '\n' || s[i+2] != ' ' && s[i+2] != '\t' {
				return false
			}
			i++
		case c == '\t':
		case c < ' ' || c == 0x7f:
			return false
		}
	}
	return true
}

// fws is what folding white space is made of; isFolded has seen to its order.
const fws = " \t\r\n"

func trimFWS(s string) string { return strings.Trim(s, fws) }

// cutFWS takes all folding white space out of a value.
func cutFWS(s string) string {
	if !strings.ContainsAny(s, fws) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(fws, r) {
			return -1
		}
		return r
	}, s)
}

// splitColons splits a value at its colons, without the white space around them.
func splitColons(value string) []string {
	parts := strings.Split(value, ":")
	for i, p := range parts {
		parts[i] = trimFWS(p)
	}
	return parts
}
