// Package authres reads and writes Authentication-Results (RFC 8601), which is
// also what ARC-Authentication-Results holds (RFC 8617 4.1.1). It knows what
// such a field says, never whether to believe it: that depends on who wrote it,
// and a field that anybody can put into a mail is believed of nobody.
//
// Reading is lenient about the habits of large providers (a missing
// authserv-id, properties without a type, white space anywhere) and strict about
// everything that could make two readers see different things: what is in doubt
// makes the whole field an error. Comments are dropped.
package authres

import (
	"strconv"
	"strings"
)

// Results is one field: who checked, and what came of it. Format and Parse are
// inverse where the words are printable ASCII and names are lower-case.
type Results struct {
	Instance int    // i= of ARC-Authentication-Results, 1 to 50; 0 in other fields
	ID       string // authserv-id; "" where the writer left it out
	Version  int    // 1, or 0 where the field does not say
	Methods  []Method
}

// Method is the result of one check (resinfo).
type Method struct {
	// Name is lower-case: "dkim", "spf". A version other than 1 belongs to the
	// name, "dkim/2", so that nobody takes it for the method they know.
	Name   string
	Result string // lower-case: "pass"
	Reason string // for people; "" none
	Props  []Prop
}

// Prop is one property that a result rests on, such as header.d=a.example. Type
// is "" where the writer gave none ("action=none").
type Prop struct {
	Type, Property string // lower-case
	Value          string // unquoted, in the writer's case
}

// Prop gives the value of a property. A property that is missing, or given twice
// with different values, is none.
func (m Method) Prop(ptype, property string) (string, bool) {
	value, found := "", false
	for _, p := range m.Props {
		if p.Type != ptype || p.Property != property {
			continue
		}
		if found && p.Value != value {
			return "", false
		}
		value, found = p.Value, true
	}
	return value, found
}

const (
	lineLimit = 78  // octets of a line without its end (RFC 5322 2.1.1)
	wordLimit = 400 // octets of a value we write; quoted its line stays below 998
	nameLimit = 64  // octets of a name we write
)

// String writes the value on one line. Nothing that is in a word can end it:
// what needs quotes gets them, controls and what is not ASCII become "?", and
// names are cut down to the characters that names have (T9).
func (r Results) String() string {
	var words []string
	for _, group := range r.words() {
		words = append(words, group...)
	}
	return strings.Join(words, " ")
}

// Field writes the whole field with its name and the CRLF at its end, folded
// before each method and, where words allow, to 78 octets.
func (r Results) Field(name string) string {
	var b strings.Builder
	b.WriteString(name + ":")
	length := len(name) + 1
	for i, group := range r.words() {
		for j, w := range group {
			if j == 0 && i > 0 || length+1+len(w) > lineLimit {
				b.WriteString("\r\n\t" + w)
				length = 1 + len(w)
				continue
			}
			b.WriteString(" " + w)
			length += 1 + len(w)
		}
	}
	return b.String() + "\r\n"
}

// words gives the parts that white space may stand between: first who checked,
// then method by method.
func (r Results) words() [][]string {
	var head []string
	if r.Instance != 0 {
		head = append(head, "i="+strconv.Itoa(r.Instance)+";")
	}
	head = append(head, quoteUnless(isToken, r.ID))
	if r.Version != 0 {
		head = append(head, strconv.Itoa(r.Version))
	}
	groups := [][]string{head}
	for _, m := range r.Methods {
		if group := m.words(); group != nil {
			groups = append(groups, group)
		}
	}
	if len(groups) == 1 {
		groups = append(groups, []string{"none"}) // RFC 8601 2.2: no-result
	}
	for _, group := range groups[:len(groups)-1] {
		group[len(group)-1] += ";"
	}
	return groups
}

// words gives name=result and what follows; nil for a method without a name.
func (m Method) words() []string {
	if m.Name == "" {
		return nil
	}
	name := keyword(m.Name)
	if base, version, _ := strings.Cut(m.Name, "/"); base != "" {
		if n, err := strconv.ParseUint(version, 10, 16); err == nil {
			name = keyword(base) + "/" + strconv.FormatUint(n, 10)
		}
	}
	result := keyword(m.Result)
	if result == "" {
		result = "none"
	}
	words := []string{name + "=" + result}
	if m.Reason != "" {
		words = append(words, "reason="+quoteUnless(isToken, m.Reason))
	}
	for _, p := range m.Props {
		key := keyword(p.Property)
		switch ptype := keyword(p.Type); {
		case ptype != "" && key != "":
			key = ptype + "." + key
		case key == "" || key == "reason": // it would be read as something else
			continue
		}
		words = append(words, key+"="+quoteUnless(isAddress, p.Value))
	}
	return words
}

// keyword makes a Keyword (RFC 8601 2.2) of a name.
func keyword(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r < 0x80 && isKeyword(byte(r)):
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, s)
	return s[:min(len(s), nameLimit)]
}

// quoteUnless writes a value, as a quoted-string unless it has a plain form.
func quoteUnless(plain func(string) bool, s string) string {
	s = printable(s)
	if plain(s) {
		return s
	}
	return quote(s)
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// printable replaces what no header field may hold unencoded. A domain cannot
// become another one by it: no domain has a "?".
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), wordLimit)]
}

// isToken tells what needs no quotes in every value; narrower than a token
// (RFC 2045 5.1).
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isKeyword(c) && (c < 'A' || c > 'Z') && c != '.' && c != '+' {
			return false
		}
	}
	return s != ""
}

// isAddress tells what needs no quotes as the value of a property: also
// local@domain and @domain.
func isAddress(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	if !found {
		return isToken(s)
	}
	return (local == "" || isToken(local)) && isToken(domain)
}

// isKeyword tells the characters of names; "_" is in no RFC, but in use.
func isKeyword(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
