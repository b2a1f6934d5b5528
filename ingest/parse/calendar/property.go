package calendar

import (
	"strings"

	"casegate/ingest/parse/charset"
)

// unfolder gives the lines of a calendar, unfolded (RFC 5545 3.1).
type unfolder struct{ rest string }

func (u *unfolder) next() (line string, ok bool) {
	if u.rest == "" {
		return "", false
	}
	line = u.physical()
	if !u.folded() {
		return line, true
	}
	var b strings.Builder
	b.WriteString(line)
	for u.folded() {
		piece := u.physical()[1:]
		if b.Len() < 2*maxText { // what is longer is cut anyway
			b.WriteString(piece)
		}
	}
	return b.String(), true
}

// folded tells whether the next line is a piece of the one before it.
func (u *unfolder) folded() bool {
	return u.rest != "" && (u.rest[0] == ' ' || u.rest[0] == '\t')
}

// physical takes one line as written.
func (u *unfolder) physical() string {
	line, rest, _ := strings.Cut(u.rest, "\n")
	u.rest = rest
	return strings.TrimSuffix(line, "\r")
}

// property is one line: a name, parameters, a value as written.
type property struct {
	name   string
	params string
	value  string
}

// parse takes a line apart at the first colon that is in no quotes.
func parse(line string) (property, bool) {
	quoted := false
	for i := range len(line) {
		switch {
		case line[i] == '"':
			quoted = !quoted
		case line[i] == ':' && !quoted:
			name, params, _ := strings.Cut(line[:i], ";")
			if _, bare, ok := strings.Cut(name, "."); ok {
				name = bare // the group of a vCard, which some write here too
			}
			return property{strings.ToUpper(strings.TrimSpace(name)), params, line[i+1:]}, true
		}
	}
	return property{}, false
}

// param gives a parameter's value without quotes; "" if it is not there.
func (p property) param(name string) string {
	s := p.params
	for s != "" {
		quoted, end := false, 0
		for end < len(s) && (quoted || s[end] != ';') {
			if s[end] == '"' {
				quoted = !quoted
			}
			end++
		}
		key, value, _ := strings.Cut(s[:end], "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return oneLine(caret.Replace(strings.ReplaceAll(value, `"`, "")))
		}
		s = s[min(end+1, len(s)):]
	}
	return ""
}

// caret undoes RFC 6868, which puts into a parameter what it must not hold.
var caret = strings.NewReplacer("^n", " ", "^'", `"`, "^^", "^")

// escapes undoes RFC 5545 3.3.11.
var escapes = strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`)

// unescape undoes the escapes of a text.
func unescape(s string) string { return escapes.Replace(s) }

// oneLine makes a value fit for one line of what people read.
func oneLine(s string) string { return charset.OneLine(s[:min(len(s), 4*maxLine)], maxLine) }

// line is a text on one line.
func (p property) line() string { return oneLine(unescape(p.value)) }

// word is a keyword such as IN-PROCESS as people write it.
func (p property) word() string {
	return strings.ReplaceAll(strings.ToLower(oneLine(p.value)), "-", " ")
}

// lines is a text of several lines.
func (p property) lines() string {
	s := charset.Lines(charset.Clean(unescape(p.value[:min(len(p.value), 2*maxText)])))
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "")
	}
	s = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && charset.IsUnsafe(r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if s != "" {
		s += "\n"
	}
	return s
}

// person is "name <address>" of an organiser or attendee, or one of them.
func (p property) person() string {
	name := p.param("CN")
	address := oneLine(p.value)
	if scheme, rest, ok := strings.Cut(address, ":"); ok && strings.EqualFold(scheme, "mailto") {
		address = rest
	} else if email := p.param("EMAIL"); email != "" {
		address = email // RFC 7986 6.2
	}
	address = strings.Trim(address, "<> ")
	switch {
	case name == "" || strings.EqualFold(name, address):
		return address
	case address == "":
		return name
	}
	return name + " <" + address + ">"
}
