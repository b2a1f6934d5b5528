package page

import "bytes"

// sheet holds the rules of a page's style elements that hide or show, by their
// selectors: b, .c, b.c, #i or b#i. Others are so rare in mail that guessing at
// them would hide more words of senders than of tricksters.
type sheet map[string]style

// maxRules bounds a sheet: those of newsletters have a few hundred rules, of
// which a few hide.
const maxRules = 1000

// read reads the content of one style element. Rules inside @media and the like
// are left out unless they are for every screen: a rule for small ones shows and
// hides the other half of what a newsletter holds twice.
func (s sheet) read(b []byte) {
	if bytes.Contains(b, []byte("/*")) {
		b = dropComments(b)
	}
	for len(b) > 0 && len(s) < maxRules {
		b = skipBlank(b)
		switch {
		case len(b) == 0:
			return
		case b[0] == '@':
			b = enterAt(b)
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
			name := selector(one)
			old := s[name]
			old.addAll(st)
			s[name] = old
		}
	}
}

// selector writes a selector as it is looked up: elements have no case.
func selector(one []byte) string {
	if i := bytes.IndexAny(one, ".#"); i != 0 {
		if i < 0 {
			i = len(one)
		}
		return string(bytes.ToLower(one[:i])) + string(one[i:])
	}
	return string(one)
}

// isSimple tells a selector of an element, a class or an id, the last two with
// or without an element, and of nothing else.
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
	return marks <= 1 && len(b) > marks && len(b) < maxSelector
}

// of is what the sheet and the style attribute ask of an element.
func (s sheet) of(e *element) (st style) {
	if len(s) > 0 {
		// In the order of their weight: an id counts more than a class, and that
		// more than an element.
		element := e.tag.atom().String()
		st.addAll(s[element])
		e.classes(func(name []byte) bool {
			s.addNamed(&st, element, '.', name)
			return false
		})
		s.addNamed(&st, element, '#', e.id)
	}
	if len(e.style) > 0 {
		st.addAll(readStyle(e.style))
	}
	return st
}

// skipBlank skips white space, ends of blocks, and the marks that hide a sheet from
// readers of the last century.
func skipBlank(b []byte) []byte {
	for {
		b = bytes.TrimLeft(b, " \t\r\n\f;}")
		switch {
		case bytes.HasPrefix(b, []byte("<!--")):
			b = b[4:]
		case bytes.HasPrefix(b, []byte("-->")):
			b = b[3:]
		default:
			return b
		}
	}
}

// maxSelector is the longest selector that is kept, in octets.
const maxSelector = 100

// addNamed adds what the sheet asks of a class or an id, and of that of an element.
func (s sheet) addNamed(st *style, element string, mark byte, name []byte) {
	var buf [2 * maxSelector]byte
	if len(name) == 0 || len(name) >= maxSelector || len(element) >= maxSelector {
		return
	}
	whole := append(append(append(buf[:0], element...), mark), name...)
	st.addAll(s[string(whole[len(element):])])
	if element != "" {
		st.addAll(s[string(whole)])
	}
}

// enterAt skips a rule that begins with @, but goes into the block of one that
// holds for every screen.
func enterAt(b []byte) []byte {
	if head, block, found := bytes.Cut(b[:min(len(b), maxSelector)], []byte("{")); found {
		switch words := bytes.Fields(bytes.ToLower(head)); {
		case len(words) < 2 || string(words[0]) != "@media":
		case len(words) > 3 || len(words) == 3 && string(words[1]) != "only":
		case string(words[len(words)-1]) == "all", string(words[len(words)-1]) == "screen":
			return b[len(b[:min(len(b), maxSelector)])-len(block):]
		}
	}
	return skipAt(b)
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
