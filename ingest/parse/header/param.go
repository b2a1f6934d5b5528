package header

import (
	"strconv"
	"strings"

	"casegate/ingest/parse/charset"
)

// Param is a parameter's value, decoded: RFC 2231 first, then encoded words,
// which have no place there and are common. The extended form goes before the
// continued and that before the plain one; one that holds nothing is passed
// over. All readers of a name come here, so that they agree (T60).
func Param(params map[string]string, name, label string) string {
	if v, ok := params[name+"*"]; ok {
		if s := decodeExtended(v, label); strings.TrimSpace(s) != "" {
			return s
		}
	}
	if s := joinContinued(params, name, label); strings.TrimSpace(s) != "" {
		return s
	}
	v := params[name]
	if c, rest := cutCharset(v); c != "" && strings.Contains(rest, "%") {
		return decodeExtended(v, label) // the asterisk was forgotten
	}
	return charset.DecodeWords(v, label)
}

// segment is one piece of a continued value.
type segment struct {
	key, value string // key is "" where there is none
	extended   bool   // "name*0*", with %-encoding
}

// before tells which of two segments with one number counts, so that it is
// always the same one.
func (s segment) before(t segment) bool {
	if t.key == "" || s.extended != t.extended {
		return t.key == "" || s.extended
	}
	return s.key < t.key
}

// joinContinued puts "name*0", "name*1*" … together (RFC 2231 3 and 4.1), in
// the order of their numbers, whatever the one of the field. The charset may
// stand in any of them; some mailers count from 1 or write 01. What comes behind
// a gap does not belong to it.
func joinContinued(params map[string]string, name, label string) string {
	var segments [maxParams]segment
	found := false
	for key, v := range params {
		number, ok := strings.CutPrefix(key, name+"*")
		if !ok || number == "" {
			continue
		}
		number, extended := strings.CutSuffix(number, "*")
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n >= maxParams {
			continue
		}
		found = true
		if s := (segment{key, v, extended}); s.before(segments[n]) {
			segments[n] = s
		}
	}
	if !found {
		return ""
	}
	first := 0
	if segments[0].key == "" {
		first = 1
	}
	return join(segments[first:], label)
}

func join(segments []segment, label string) string {
	var octets []byte
	said, plain := "", true
	for _, s := range segments {
		if s.key == "" {
			break
		}
		v := s.value
		if !s.extended {
			octets = append(octets, v...)
			continue
		}
		plain = false
		if said == "" {
			said, v = cutCharset(v)
		}
		octets = append(octets, unpercent(v)...)
	}
	switch {
	case plain || said == "" && strings.Contains(string(octets), "=?"):
		return charset.DecodeWords(string(octets), label)
	case said == "":
		said = label
	}
	return charset.Decode(octets, said)
}

// decodeExtended reads charset'language'%-encoded text (RFC 2231 4), or what
// was put in its place: an encoded word, or text without a charset.
func decodeExtended(v, label string) string {
	c, rest := cutCharset(v)
	octets := unpercent(rest)
	switch {
	case strings.Contains(rest, "=?"):
		return charset.DecodeWords(rest, label)
	case c == "":
		c = label
	}
	return charset.Decode(octets, c)
}

// cutCharset cuts charset and language off; a quote is forgotten now and then. A name
// that merely has quotes in it is no charset.
func cutCharset(v string) (label, text string) {
	label, rest, found := strings.Cut(v, "'")
	switch {
	case !found || len(label) > 40 || label != "" && !charset.Known(label):
		return "", v
	case label == "" && !strings.HasPrefix(rest, "'"):
		return "", v
	}
	if language, text, found := strings.Cut(rest, "'"); found && len(language) <= 20 && !strings.ContainsAny(language, "% .") {
		return label, text
	}
	return label, rest
}

// unpercent undoes %-encoding; a "%" before anything else stands for itself.
func unpercent(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}
