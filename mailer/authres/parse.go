package authres

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxValue    = 64 << 10 // octets of a field; a large one has some thousand
	maxInstance = 50       // RFC 8617 4.2.1
)

// ErrSyntax is wrapped by every error of Parse.
var ErrSyntax = errors.New("unreadable authentication results")

// Parse reads the value of an Authentication-Results or
// ARC-Authentication-Results field, folded or not. A field that cannot be read
// to its end says nothing: the error comes with empty Results.
func Parse(value string) (Results, error) {
	p := parser{}
	var err error
	if p.rest, err = unfold(value); err != nil {
		return Results{}, err
	}
	r, err := p.results()
	if err != nil {
		return Results{}, err
	}
	return r, nil
}

// unfold takes line ends out, and refuses what no field may hold.
func unfold(value string) (string, error) {
	if len(value) > maxValue {
		return "", syntax("longer than 64 KiB")
	}
	if !utf8.ValidString(value) {
		return "", syntax("not UTF-8")
	}
	value = strings.TrimRight(value, "\r\n")
	var b strings.Builder
	// A line end before white space is folding; any other begins another field,
	// or is one that only some readers see.
	for i, line := range strings.Split(strings.ReplaceAll(value, "\r\n", "\n"), "\n") {
		if i > 0 && (line == "" || !isSpace(line[0])) {
			return "", syntax("a line that is not a continuation")
		}
		if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) && r != '\t' }) {
			return "", syntax("a control character")
		}
		b.WriteString(line)
	}
	return b.String(), nil
}

func syntax(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrSyntax}, args...)...)
}

// parser reads from the front of rest; each octet is looked at a bounded number
// of times.
type parser struct {
	rest string
}

// results reads authres-payload (RFC 8601 2.2): the id, then one resinfo behind
// each semicolon. Whatever is not understood ends it: a method that is passed
// over might have been the one that says "fail".
func (p *parser) results() (Results, error) {
	var r Results
	if err := p.head(&r); err != nil {
		return r, err
	}
	none := false
	for {
		if _, err := p.skip(); err != nil {
			return r, err
		}
		if p.rest == "" {
			return r, nil
		}
		if !p.take(';') {
			return r, syntax("no semicolon before %q", p.near())
		}
		if _, err := p.skip(); err != nil {
			return r, err
		}
		if p.atEnd() {
			continue // empty: many end in a semicolon
		}
		m, err := p.method()
		if err != nil {
			return r, err
		}
		none = none || m.Name == ""
		if m.Name != "" {
			r.Methods = append(r.Methods, m)
		}
		if none && len(r.Methods) > 0 {
			return r, syntax("results beside none")
		}
	}
}

// head reads the authserv-id and its version, and i= before them. Microsoft
// leaves the id out: then the first thing is a method.
func (p *parser) head(r *Results) error {
	if _, err := p.skip(); err != nil {
		return err
	}
	// An authserv-id with an "=" in it would have to be quoted: this is a method.
	if first := strings.IndexAny(p.rest, "=;()\""); first >= 0 && p.rest[first] == '=' {
		m, err := p.method()
		if err != nil {
			return err
		}
		if m.Name != "i" || r.Instance != 0 {
			r.Methods = append(r.Methods, m)
			return nil
		}
		if r.Instance, err = strconv.Atoi(m.Result); err != nil || r.Instance < 1 || r.Instance > maxInstance || m.Reason != "" || m.Props != nil {
			return syntax("i=%s", m.Result)
		}
		if !p.take(';') {
			return syntax("nothing after i=")
		}
		return p.head(r)
	}
	var err error
	if strings.HasPrefix(p.rest, `"`) {
		r.ID, err = p.quoted()
	} else if r.ID = p.word(); r.ID == "" {
		err = syntax("no authserv-id")
	}
	if err != nil {
		return err
	}
	spaced, err := p.skip()
	if err != nil || p.atEnd() {
		return err
	}
	// Only the version we know: another may mean something else (RFC 8601 2.2).
	if v := p.word(); !spaced || v != "1" {
		return syntax("%q after the authserv-id", v)
	}
	r.Version = 1
	return nil
}

// method reads one resinfo without its semicolon; "none" is a Method without a
// name.
func (p *parser) method() (Method, error) {
	var m Method
	var err error
	if m.Name, err = p.key(); err != nil {
		return m, err
	}
	if m.Name == "none" && p.atEnd() {
		return Method{}, nil
	}
	if p.take('/') {
		if _, err := p.skip(); err != nil {
			return m, err
		}
		version, err := p.key()
		n, notNumber := strconv.ParseUint(version, 10, 16)
		if err != nil || notNumber != nil {
			return m, syntax("version %q of %s", version, m.Name)
		}
		if n != 1 { // version 1 is what goes without saying (RFC 8601 2.2)
			m.Name += "/" + strconv.FormatUint(n, 10)
		}
	}
	if !p.take('=') {
		return m, syntax("no result of %s", m.Name)
	}
	if _, err := p.skip(); err != nil {
		return m, err
	}
	m.Result = p.keyword()
	if m.Result == "" {
		return m, syntax("no result of %s", m.Name)
	}
	return m, p.properties(&m)
}

// properties reads reasonspec and propspecs, in any order, each after white
// space or a comment.
func (p *parser) properties(m *Method) error {
	reasoned := false
	for {
		spaced, err := p.skip()
		if err != nil || p.atEnd() {
			return err
		}
		if !spaced { // a quoted string with more behind it: where does the value end?
			return syntax("%q right after a value", p.near())
		}
		prop, err := p.property()
		if err != nil {
			return err
		}
		if prop.Type != "" || prop.Property != "reason" {
			m.Props = append(m.Props, prop)
			continue
		}
		if reasoned {
			return syntax("two reasons of %s", m.Name)
		}
		m.Reason, reasoned = prop.Value, true
	}
}

// property reads ptype.property=value, or key=value.
func (p *parser) property() (Prop, error) {
	var prop Prop
	key, err := p.key()
	if err != nil {
		return prop, err
	}
	prop.Property = key
	if p.take('.') {
		prop.Type = key
		if _, err := p.skip(); err != nil {
			return prop, err
		}
		if prop.Property, err = p.key(); err != nil {
			return prop, err
		}
	}
	if !p.take('=') {
		return prop, syntax("no value of %s", prop.Property)
	}
	prop.Value, err = p.value()
	return prop, err
}

// value reads what stands behind the "=" of a property. Comments may not touch
// it: "header.d=good.test(.evil.test" is what a writer makes that does not quote
// (T9), and no one else writes so. Nothing at all is a value too: the null
// reverse-path.
func (p *parser) value() (string, error) {
	trimmed := strings.TrimLeft(p.rest, " \t")
	spaced := len(trimmed) < len(p.rest)
	p.rest = trimmed
	var v string
	if strings.HasPrefix(p.rest, `"`) {
		local, err := p.quoted()
		if err != nil || !strings.HasPrefix(p.rest, "@") {
			return local, err
		}
		v = quote(local) // "a b"@c.example, which is one value
	}
	v += p.word()
	if p.rest != "" && p.rest[0] != ';' && !isSpace(p.rest[0]) {
		return "", syntax("%q within a value", p.near())
	}
	// "smtp.mailfrom= header.from=good.test" reads as one property or two.
	if spaced && strings.Contains(v, "=") {
		return "", syntax("%q may be a value or the next property", v)
	}
	return v, nil
}

// key reads a name, in lower case, and the white space behind it.
func (p *parser) key() (string, error) {
	k := p.keyword()
	if k == "" {
		return "", syntax("%q where a name should be", p.near())
	}
	_, err := p.skip()
	return k, err
}

// keyword reads letters, digits, "-" and "_", in lower case.
func (p *parser) keyword() string {
	n := 0
	for n < len(p.rest) && (isKeyword(p.rest[n]) || p.rest[n] >= 'A' && p.rest[n] <= 'Z') {
		n++
	}
	k := strings.ToLower(p.rest[:n])
	p.rest = p.rest[n:]
	return k
}

// word reads up to white space or what ends or quotes something.
func (p *parser) word() string {
	n := strings.IndexAny(p.rest, " \t;()\"\\")
	if n < 0 {
		n = len(p.rest)
	}
	w := p.rest[:n]
	p.rest = p.rest[n:]
	return w
}

// quoted reads a quoted-string, which is at the front.
func (p *parser) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String(), nil
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", syntax("a quoted string without end")
}

// skip passes over white space and comments, which nest, and tells whether
// there was any.
func (p *parser) skip() (bool, error) {
	depth, i := 0, 0
	for ; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '(':
			depth++
		case depth == 0 && !isSpace(c):
			p.rest = p.rest[i:]
			return i > 0, nil
		case c == ')':
			depth--
		case c == '\\':
			i++
		}
	}
	if depth > 0 {
		return false, syntax("a comment without end")
	}
	p.rest = ""
	return i > 0, nil
}

// take reads one character if it is next.
func (p *parser) take(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// atEnd tells whether this resinfo is over.
func (p *parser) atEnd() bool { return p.rest == "" || p.rest[0] == ';' }

// near is some text for an error.
func (p *parser) near() string {
	return strings.ToValidUTF8(p.rest[:min(len(p.rest), 20)], "")
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }
