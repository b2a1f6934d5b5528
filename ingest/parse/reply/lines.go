package reply

import (
	"slices"
	"strings"

	"casegate/ingest/parse/page"
)

// line is one line that is not blank, in octets of the text.
type line struct {
	start, end int32 // without line end and the white space before it
	body       int32 // where it begins behind white space and quote marks
	span       int32 // the quote that markup tells it is in; -1: none
	depth      uint8 // quote marks before it
	gap        bool  // blank lines, or the beginning, before it
	signature  bool  // markup tells that it is a signature
}

// table is a text as lines. Blank lines are left out: no rule but gap asks for
// them, and a text of line ends alone then needs no room.
type table struct {
	text  string
	lines []line
	spans []page.Span
}

func (t *table) raw(i int) string  { return t.text[t.lines[i].start:t.lines[i].end] }
func (t *table) body(i int) string { return t.text[t.lines[i].body:t.lines[i].end] }

// between is the text of lines i up to, not including, j.
func (t *table) between(i, j int) string {
	if i >= j {
		return ""
	}
	return t.text[t.lines[i].start:t.lines[j-1].end]
}

// newTable reads the lines of a text in one pass. A line that markup divides
// becomes several.
func newTable(text string, quotes, signatures []page.Span) *table {
	t := &table{text: text, spans: quotes}
	t.lines = make([]line, 0, countLines(text)+2*(len(quotes)+len(signatures)))
	s := scanner{t: t, gap: true, cuts: edges(quotes, signatures), signatures: signatures}
	for at := 0; at < len(text); {
		end := strings.IndexByte(text[at:], '\n')
		if end < 0 {
			end = len(text) - at
		}
		s.line(at, at+end)
		at += end + 1
	}
	return t
}

// manyLines is where empty lines are worth counting.
const manyLines = 1 << 14

// countLines gives how many lines a text has at most, empty ones left out where
// there are many.
func countLines(text string) int {
	if n := strings.Count(text, "\n") + 1; n < manyLines {
		return n
	}
	n, last := 0, byte('\n')
	for i := range len(text) {
		c := text[i]
		if last == '\n' && c != '\n' {
			n++
		}
		last = c
	}
	return n
}

// edges gives the places where a span begins or ends, in order, each once.
func edges(lists ...[]page.Span) []int {
	var at []int
	for _, spans := range lists {
		for _, s := range spans {
			at = append(at, s.Start, s.End)
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// scanner fills a table.
type scanner struct {
	t          *table
	gap        bool
	cuts       []int // edges of spans not yet come to
	quote      int   // index of the first span that does not end before here
	signatures []page.Span
}

// line reads text[at:end], which holds no line end.
func (s *scanner) line(at, end int) {
	for len(s.cuts) > 0 && s.cuts[0] < end {
		if cut := s.cuts[0]; cut > at {
			s.part(at, cut)
			at = cut
		}
		s.cuts = s.cuts[1:]
	}
	if at < end {
		if cut := midway(s.t.text, at, end); cut > at {
			s.part(at, cut)
			at = cut
		}
	}
	if !s.part(at, end) {
		s.gap = true
	}
}

// part adds text[at:end] to the table unless it is blank.
func (s *scanner) part(at, end int) bool {
	text := s.t.text
	for end > at {
		n := spaceBefore(text[at:end])
		if n == 0 {
			break
		}
		end -= n
	}
	body := at + space(text[at:end])
	if body == end {
		return false
	}
	l := line{start: int32(at), end: int32(end), span: -1, gap: s.gap}
	s.gap = false
	if text[body] == '>' && s.isQuoted(text[body:end]) {
		for body < end && (text[body] == '>' || text[body] == ' ' || text[body] == '\t') {
			if text[body] == '>' && l.depth < 255 {
				l.depth++
			}
			body++
		}
	}
	l.body = int32(body)
	for s.quote < len(s.t.spans) && s.t.spans[s.quote].End <= at {
		s.quote++
	}
	if s.quote < len(s.t.spans) && s.t.spans[s.quote].Start <= at {
		l.span = int32(s.quote)
	}
	for len(s.signatures) > 0 && s.signatures[0].End <= at {
		s.signatures = s.signatures[1:]
	}
	l.signature = len(s.signatures) > 0 && s.signatures[0].Start <= at
	s.t.lines = append(s.t.lines, l)
	return true
}

// isQuoted tells whether a line that begins with ">" is a quoted one. It may be
// the end of an attribution that was wrapped inside its address, a comparison, or
// a "From" that a mailbox file did not hold plain.
func (s *scanner) isQuoted(body string) bool {
	rest := body[1:]
	if strings.HasPrefix(rest, "=") {
		return false
	}
	n := len(s.t.lines)
	if n == 0 {
		return true
	}
	before := s.t.raw(n - 1)
	if strings.HasPrefix(rest, "From ") {
		return s.t.lines[n-1].depth > 0
	}
	if len(rest) > 60 || !strings.HasSuffix(rest, ":") && !strings.HasSuffix(rest, "：") {
		return true
	}
	before = before[max(0, len(before)-maxAttribution):]
	return s.t.lines[n-1].depth > 0 ||
		!strings.HasPrefix(before, "mailto:") && strings.LastIndexByte(before, '<') <= strings.LastIndexByte(before, '>')
}

// space gives the length of the white space that s begins with.
func space(s string) int {
	i := 0
	for i < len(s) {
		n := blank(s[i:])
		if n == 0 {
			break
		}
		i += n
	}
	return i
}

// blank gives the length of the one white space character that s begins with.
func blank(s string) int {
	switch {
	case s[0] == ' ' || s[0] == '\t' || s[0] == '\r' || s[0] == '\v' || s[0] == '\f':
		return 1
	case s[0] < 0x80:
	case strings.HasPrefix(s, "\u00a0"):
		return 2
	case strings.HasPrefix(s, "\u3000"), strings.HasPrefix(s, "\u200b"), strings.HasPrefix(s, "\ufeff"),
		strings.HasPrefix(s, "\u200e"), strings.HasPrefix(s, "\u200f"), strings.HasPrefix(s, "\u202f"):
		return 3
	}
	return 0
}

// spaceBefore gives the length of the one white space character that s ends with.
func spaceBefore(s string) int {
	c := s[len(s)-1]
	if c < 0x80 {
		return blank(s[len(s)-1:])
	}
	for n := 2; n <= 3 && n <= len(s); n++ {
		if blank(s[len(s)-n:]) == n {
			return n
		}
	}
	return 0
}

// trim takes white space off both ends.
func trim(s string) string {
	s = s[space(s):]
	for s != "" {
		n := spaceBefore(s)
		if n == 0 {
			break
		}
		s = s[:len(s)-n]
	}
	return s
}

// asciiLower writes s in lower case, but for letters outside ASCII, without
// taking memory; ok is false where it does not fit.
func asciiLower(buf []byte, s string) (lower []byte, ok bool) {
	if len(s) > len(buf) {
		return nil, false
	}
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return buf[:len(s)], true
}
