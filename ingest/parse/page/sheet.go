package page

import "bytes"

// sheet holds the rules of a page's style elements that hide or show. Only
// rules for one class, one id or one element are read: others are so rare in
// mail that guessing at them would hide more words of senders than of tricksters.
type sheet map[string]style

// maxRules bounds a sheet.
const maxRules = 1000

// read reads the content of one style element. Rules inside @media and the like
// are left out: they are for some screens.
func (s sheet) read(b []byte) {
	for len(b) > 0 && len(s) < maxRules {
		b = skipBlank(b)
		switch {
		case len(b) == 0:
			return
		case b[0] == '@':
			b = skipAt(b)
			continue
		}
		open := bytes.IndexByte(b, '{')
		if open < 0 {
			return
		}
		end := bytes.IndexByte(b[open:], '}')
		if end < 0 {
			end = len(b) - open
		}
		s.rule(b[:open], b[open+1:open+end])
		b = b[min(open+end+1, len(b)):]
	}
}

// rule notes what one rule asks of each of its selectors.
func (s sheet) rule(selectors, declarations []byte) {
	st := readStyle(declarations)
	if st == (style{}) {
		return
	}
	for rest, more := selectors, true; more && len(s) < maxRules; {
		var one []byte
		one, rest, more = bytes.Cut(rest, []byte(","))
		if one = trim(one); isSimple(one) {
			// The name of the element before a class says little: p.x is x.
			if i := bytes.IndexAny(one, ".#"); i > 0 {
				one = one[i:]
			}
			old := s[string(one)]
			old.addAll(st)
			s[string(one)] = old
		}
	}
}

// isSimple tells a selector of one class or id, with or without an element, and
// of nothing else.
func isSimple(b []byte) bool {
	marks := 0
	for _, c := range b {
		switch {
		case c == '.', c == '#':
			marks++
		case c == '-', c == '_', '0' <= c && c <= '9', 'a' <= c|0x20 && c|0x20 <= 'z', c >= 0x80:
		default:
			return false
		}
	}
	return marks == 1 && len(b) > 1 && len(b) < 100
}

// of is what the sheet and the style attribute ask of an element.
func (s sheet) of(e *element) (st style) {
	if len(s) > 0 {
		var buf [100]byte
		e.classes(func(name []byte) bool {
			if len(name) < len(buf) {
				st.addAll(s[string(append(append(buf[:0], '.'), name...))])
			}
			return false
		})
		if len(e.id) > 0 && len(e.id) < len(buf) {
			st.addAll(s[string(append(append(buf[:0], '#'), e.id...))])
		}
	}
	if len(e.style) > 0 {
		st.addAll(readStyle(e.style))
	}
	return st
}

// skipBlank skips white space, comments, and the marks that hide a sheet from
// readers of the last century.
func skipBlank(b []byte) []byte {
	for {
		b = bytes.TrimLeft(b, " \t\r\n\f;}")
		switch {
		case bytes.HasPrefix(b, []byte("/*")):
			_, b, _ = bytes.Cut(b[2:], []byte("*/"))
		case bytes.HasPrefix(b, []byte("<!--")):
			b = b[4:]
		case bytes.HasPrefix(b, []byte("-->")):
			b = b[3:]
		default:
			return b
		}
	}
}

// skipAt skips a rule that begins with @, and its block if it has one.
func skipAt(b []byte) []byte {
	depth := 0
	for i, c := range b {
		switch {
		case c == ';' && depth == 0:
			return b[i+1:]
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth <= 0 {
				return b[i+1:]
			}
		}
	}
	return nil
}
