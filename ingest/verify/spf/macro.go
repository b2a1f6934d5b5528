package spf

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

var errMacro = errors.New("malformed macro")

// piece is literal text of a macro-string, or one macro-expand (RFC 7208 7.1).
type piece struct {
	text     string // literal, or what %%, %_ and %- stand for
	expanded bool   // it was a macro-expand
	macro           // its letter is 0 for text
}

// macro is what stands in %{}.
type macro struct {
	letter     byte // in lower case
	escape     bool // was in upper case: the value is URL-escaped
	parts      int  // how many to keep, from the right; 0 is all
	reverse    bool
	delimiters string // "" is "."
}

// cutPiece reads the first piece of a macro-string that is not empty.
func cutPiece(s string) (p piece, rest string, err error) {
	if s[0] != '%' {
		end := strings.IndexByte(s, '%')
		if end < 0 {
			end = len(s)
		}
		for i := range end {
			if s[i] <= ' ' || s[i] > '~' {
				return p, "", fmt.Errorf("character %q", s[i])
			}
		}
		return piece{text: s[:end]}, s[end:], nil
	}
	p.expanded = true
	switch {
	case strings.HasPrefix(s, "%%"):
		p.text = "%"
	case strings.HasPrefix(s, "%_"):
		p.text = " "
	case strings.HasPrefix(s, "%-"):
		p.text = "%20"
	case strings.HasPrefix(s, "%{"):
		body, rest, ok := strings.Cut(s[2:], "}")
		if !ok {
			return p, "", errMacro
		}
		p.macro, err = parseMacro(body)
		return p, rest, err
	default:
		return p, "", errMacro
	}
	return p, s[2:], nil
}

// parseMacro reads macro-letter transformers *delimiter.
func parseMacro(body string) (macro, error) {
	if body == "" || strings.IndexByte("slodiphcrtv", body[0]|0x20) < 0 {
		return macro{}, errMacro
	}
	m := macro{letter: body[0] | 0x20, escape: body[0]&0x20 == 0}
	body = body[1:]
	if n := len(body) - len(strings.TrimLeft(body, "0123456789")); n > 0 {
		// Beyond the range of int it gives the greatest int, which will do.
		m.parts, _ = strconv.Atoi(body[:n])
		if m.parts == 0 {
			return macro{}, errMacro // 7.3
		}
		body = body[n:]
	}
	if body != "" && body[0]|0x20 == 'r' {
		m.reverse = true
		body = body[1:]
	}
	m.delimiters = body
	if strings.Trim(body, ".-+,/_=") != "" {
		return macro{}, errMacro
	}
	return m, nil
}

// checkMacroString checks the value of an unknown modifier.
func checkMacroString(s string) error {
	var err error
	for s != "" && err == nil {
		_, s, err = cutPiece(s)
	}
	return err
}

// checkDomainSpec checks a domain-spec. It must end in a macro, or in a dot and a
// label that a top-level domain could have.
func checkDomainSpec(s string) error {
	var last piece
	for s != "" {
		var err error
		if last, s, err = cutPiece(s); err != nil {
			return err
		}
		if last.letter == 'c' || last.letter == 'r' || last.letter == 't' {
			return fmt.Errorf("%w: %c is for explanations only", errMacro, last.letter) // 7.2
		}
	}
	if last.expanded {
		return nil
	}
	_, top, dotted := cutLast(strings.TrimSuffix(last.text, "."), '.')
	if !dotted || !isToplabel(top) {
		return errDomain
	}
	return nil
}

// isToplabel: letters, digits and inner hyphens, but not digits alone.
func isToplabel(label string) bool {
	digits := true
	for i := range len(label) {
		c := label[i]
		if !isAlphanum(c) && (c != '-' || i == 0 || i == len(label)-1) {
			return false
		}
		digits = digits && '0' <= c && c <= '9'
	}
	return !digits
}

// target expands a domain-spec, which has been checked, to a name without final
// dot, and cuts labels off its left side until it fits (7.3). A spec can have
// 16,000 macros, so it begins at the right and leaves out what will be cut off.
func (c *check) target(ctx context.Context, spec, domain string) string {
	var pieces []piece
	for spec != "" {
		p, rest, err := cutPiece(spec)
		if err != nil {
			break
		}
		pieces = append(pieces, p)
		spec = rest
	}
	var right []string // from the last
	size := 0
	for _, p := range slices.Backward(pieces) {
		if size > maxName+len(".") {
			break
		}
		if p.letter != 0 {
			p.text = p.expand(c.value(ctx, p.letter, domain))
		}
		right = append(right, p.text)
		size += max(1, len(p.text)) // nobody needs 250 macros that come to nothing
	}
	slices.Reverse(right)
	name := strings.TrimSuffix(strings.Join(right, ""), ".")
	for len(name) > maxName {
		_, fit, found := strings.Cut(name, ".")
		if !found {
			break // no name of DNS, which the lookup will say
		}
		name = fit
	}
	return name
}

// value is what a macro letter stands for (7.2).
func (c *check) value(ctx context.Context, letter byte, domain string) string {
	switch letter {
	case 's':
		return c.local + "@" + c.origin
	case 'l':
		return c.local
	case 'o':
		return c.origin
	case 'd':
		return domain
	case 'i':
		return dotted(c.client)
	case 'p':
		return c.clientName(ctx, domain)
	case 'v':
		if c.client.Is4() {
			return "in-addr"
		}
		return "ip6"
	case 'h':
		return c.helo
	}
	return "" // c, r and t have been refused
}

// dotted is an address with dots, of an IPv6 one between its nibbles.
func dotted(addr netip.Addr) string {
	if addr.Is4() {
		return addr.String()
	}
	var b strings.Builder
	for i, octet := range addr.AsSlice() {
		if i > 0 {
			b.WriteByte('.')
		}
		fmt.Fprintf(&b, "%x.%x", octet>>4, octet&0xf)
	}
	return b.String()
}

// expand applies the transformers to a value (7.3).
func (m macro) expand(value string) string {
	delimiters := m.delimiters
	if delimiters == "" {
		delimiters = "."
	}
	var parts []string
	for {
		i := strings.IndexAny(value, delimiters)
		if i < 0 {
			break
		}
		parts = append(parts, value[:i])
		value = value[i+1:]
	}
	parts = append(parts, value)
	if m.reverse {
		slices.Reverse(parts)
	}
	if m.parts > 0 && m.parts < len(parts) {
		parts = parts[len(parts)-m.parts:]
	}
	joined := strings.Join(parts, ".")
	if m.escape {
		return escape(joined)
	}
	return joined
}

// escape is URL escaping of all that is not "unreserved" (RFC 3986 2.3).
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; isAlphanum(c) || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteString(string([]byte{'%', hex[c>>4], hex[c&0xf]}))
		}
	}
	return b.String()
}
