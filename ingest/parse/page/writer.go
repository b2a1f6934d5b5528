package page

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// bar stands in the text between two cells of a table until it is known whether
// they are columns. Text that was cleaned has no NUL of its own.
const bar = 0

// writer collects text with white space as a page shows it. White space is held
// back until the next word, so that none is left at the end of a line.
type writer struct {
	out    []byte
	lines  int    // line ends are due before the next word
	blank  bool   // a space that is no end of a line stands alone on the line
	soft   bool   // a space is due before the next word
	hard   int    // spaces that count: non-breaking, or in a pre
	marker string // the mark of an item of a list is due
	indent int    // its depth
	table  table
}

// line asks for at least n line ends before the next word.
func (w *writer) line(n int) {
	if n == 0 {
		return
	}
	if w.blank {
		n = max(n, min(w.lines+1, 2)) // a paragraph of a space is how people write an empty line
	}
	w.lines = max(w.lines, n)
	w.blank, w.soft, w.hard = false, false, 0
}

// br ends a line. Unlike line it adds up: two of them are an empty line.
func (w *writer) br() {
	w.lines++
	w.blank, w.soft, w.hard = false, false, 0
}

// space asks for a space that counts.
func (w *writer) space() {
	w.hard++
	w.blank = w.blank || w.lines > 0
}

// begin writes what is due before a word, and gives where the word begins.
func (w *writer) begin() int {
	start := len(w.out)
	switch {
	case w.table.due() && w.bars():
		start = len(w.out)
		w.hard = 0
	case len(w.out) == 0:
		w.hard = 0
		w.mark()
	case w.lines > 0:
		w.table.newline()
		for range min(w.lines, 3) {
			w.out = append(w.out, '\n')
		}
		start = len(w.out)
		w.mark()
		w.spaces(w.hard)
	case w.hard > 0:
		w.spaces(w.hard)
	case w.soft:
		w.spaces(1)
	}
	w.lines, w.blank, w.soft, w.hard = 0, false, false, 0
	w.table.content()
	return start
}

// bars writes the ends of the cells that are due.
func (w *writer) bars() bool {
	if last, _ := utf8.DecodeLastRune(w.out); w.table.label(last) {
		w.spaces(1) // the name of a field: no bar, that others find it
		w.mark()
		return true
	}
	n := w.table.take(len(w.out))
	for range n {
		w.out = append(w.out, bar)
	}
	if n > 0 {
		w.mark()
	}
	return n > 0
}

// maxIndent is the depth up to which lists are indented: with more, a page of
// nested lists would read as the square of its size.
const maxIndent = 8

func (w *writer) mark() {
	if w.marker != "" {
		w.spaces(2 * min(w.indent, maxIndent))
		w.out = append(w.out, w.marker...)
		w.marker = ""
	}
}

func (w *writer) spaces(n int) {
	for range n {
		w.out = append(w.out, ' ')
	}
}

// text writes text. It calls each with where a run of words begins and ends.
func (w *writer) text(b []byte, pre bool, each func(start, end int)) {
	for len(b) > 0 {
		n := wordLen(b)
		if n > 0 {
			start := w.begin()
			w.out = append(w.out, b[:n]...)
			each(start, len(w.out))
			b = b[n:]
			continue
		}
		r, size := utf8.DecodeRune(b)
		switch {
		case r == '\n' && pre:
			w.br()
		case r == '\t' && pre:
			w.hard += 4
		case r == ' ' && pre:
			w.hard++
		case r == ' ', r == '\t', r == '\n', r == '\r', r == '\f':
			w.soft = true
		case isHardSpace(r):
			w.space()
		case isJoiner(r) && w.within(b[size:]):
			w.out = append(w.out, b[:size]...)
			each(len(w.out)-size, len(w.out))
		}
		b = b[size:]
	}
}

// within tells whether a joiner has a word on both of its sides: there it makes
// letters or a picture, elsewhere it is padding.
func (w *writer) within(rest []byte) bool {
	if w.lines > 0 || w.soft || w.hard > 0 || len(w.out) == 0 || w.out[len(w.out)-1] < utf8.RuneSelf {
		return false
	}
	last, _ := utf8.DecodeLastRune(w.out)
	next, _ := utf8.DecodeRune(rest)
	return !isJoiner(last) && next >= utf8.RuneSelf && wordLen(rest) > 0 && !unicode.IsSpace(next)
}

// wordLen is the length of the run at the start of b that is written as it is.
func wordLen(b []byte) int {
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c <= ' ', c == 0x7f:
			return i
		case c < utf8.RuneSelf:
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if isSpecial(r) {
			return i
		}
		i += size
	}
	return len(b)
}

// isSpecial tells what is not written as it is.
func isSpecial(r rune) bool {
	return r < 0xa0 || isHardSpace(r) || isJoiner(r) || isPadding(r)
}

// isHardSpace tells the spaces that a page shows each by each, and the
// characters that are none but look so.
func isHardSpace(r rune) bool {
	switch r {
	case 0xa0, 0x202f, 0x205f, 0x2028, 0x2029, 0x2800, 0x3164, 0x115f, 0x1160, 0xffa0:
		return true
	}
	return 0x2000 <= r && r <= 0x200a
}

// isJoiner tells the characters of no width that mean something within a word.
func isJoiner(r rune) bool { return 0x200c <= r && r <= 0x200f }

// isPadding tells the characters of no width that mean nothing to a reader.
func isPadding(r rune) bool {
	switch r {
	case 0xad, 0x34f, 0x61c, 0x180e, 0x200b, 0xfeff:
		return true
	}
	return 0x2060 <= r && r <= 0x2064
}

// finish gives the text and moves the spans with it: a bar becomes up to three
// octets, and spans count octets.
func (w *writer) finish(lists ...[]Span) string {
	end := len(bytes.TrimRight(w.out, " \n\x00"))
	bars := bytes.Count(w.out[:end], []byte{bar})
	switch {
	case end == 0:
		return ""
	case bars == 0: // nothing moves, as in most mail
		return string(append(w.out[:end], '\n'))
	}
	out := make([]byte, 0, end+1+2*bars)
	at := make([]int, len(lists)) // the next border of each list: two for a span
	for i := 0; i <= end; i++ {
		for k, spans := range lists {
			for at[k] < 2*len(spans) && *border(spans, at[k]) <= i {
				*border(spans, at[k]) = len(out)
				at[k]++
			}
		}
		if i == end {
			break
		}
		out = appendBar(out, w.out[i])
	}
	return string(append(out, '\n'))
}

func border(spans []Span, n int) *int {
	if n%2 == 0 {
		return &spans[n/2].Start
	}
	return &spans[n/2].End
}

// appendBar writes columns as people draw them.
func appendBar(out []byte, c byte) []byte {
	switch {
	case c != bar:
		return append(out, c)
	case bytes.HasSuffix(out, []byte("| ")):
		return append(out, "| "...)
	case len(out) == 0 || out[len(out)-1] == '\n':
		return append(out, "| "...)
	}
	return append(out, " | "...)
}
