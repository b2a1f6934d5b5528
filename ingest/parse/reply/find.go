package reply

import (
	"strings"

	"casegate/ingest/parse/page"
)

// region is a part of a text that is quoted from an earlier mail, with the line
// or head above it.
type region struct {
	first, end int  // lines; end is not in it
	attributed bool // a line, a head or markup says that it is a whole mail
	tail       bool // nothing marks its end: it goes on to the end of the text
	marker     bool // our own marker is in it
	markup     bool // the page's markup tells it, not marks before each line
	broken     bool // a line without a mark was taken for a part of one with a mark
	confidence float64
	why        string
}

func (r region) part() part { return part{r.first, r.end} }

// finder goes through a text once and finds its quotes.
type finder struct {
	*table
	regions []region
	floor   int  // the line behind the last region
	noHead  int  // before this line no head begins
	forward bool // what follows is a mail that is passed on
	marked  bool // the lines below an attribution were looked at for other marks
	request int  // the line in which the end of the text asks for something; -1: none, 0: not yet looked for
}

// confidences of the rules, for quotes whose end is marked and for those that
// go on to the end of the text.
const (
	byMarker   = 1
	byMarkup   = 0.95
	byLine     = 0.95 // attribution above marked lines, or words between dashes
	byHead     = 0.9
	byTail     = 0.85 // attribution with an address, below it nothing is marked
	byMarks    = 0.8
	byNameHead = 0.7 // head without an address
	byLook     = 0.6
)

func (f *finder) find() {
	for i := 0; i < len(f.lines) && !f.forward && len(f.regions) <= maxRegions; {
		i = f.step(i)
	}
}

// step looks at line i and gives the next one to look at.
func (f *finder) step(i int) int {
	l := f.lines[i]
	switch {
	case l.span >= 0:
		return f.markup(i)
	case l.depth > 0:
		return f.marks(i)
	case l.signature:
		return i + 1
	}
	s := f.body(i)
	if isMarker(s) {
		return f.add(region{first: i, end: len(f.lines), tail: true, attributed: true})
	}
	switch c := s[0]; {
	case c == '-' || c == '_' || c == '=' || c == '*' || c == '~' || c == '+' || c == 0xe2 || s[len(s)-1] == ':' && len(s) <= maxSeparator:
		if next := f.separator(i, s); next > i || f.forward {
			return next
		}
	}
	if a, ok := f.attribution(i, f.floor); ok {
		if r, ok := f.below(a); ok {
			return f.add(r)
		}
	}
	if i < f.noHead {
		return i + 1
	}
	h, ok := f.head(i)
	if ok {
		if r, ok := f.belowHead(h); ok {
			return f.add(r)
		}
	}
	f.noHead = h.end // what is no head from its first field on is none from the second
	return i + 1
}

// marks judges lines with quote marks; line i is the first of them.
func (f *finder) marks(i int) int {
	if separatorOf(f.body(i)) == separatorForward {
		f.forward = true // some mailers mark what they pass on
		return i
	}
	end := f.quoted(i)
	if !f.isFresh(i, end) {
		return end
	}
	return f.add(region{first: i, end: end, attributed: f.startsMail(i, end), broken: f.isBroken(i, end), confidence: byMarks, why: "quote marks"})
}

// add notes a region, joined with the one before if nothing stands between them.
func (f *finder) add(r region) int {
	for i := r.first; i < r.end && i < r.first+15 && !r.marker; i++ {
		r.marker = isMarker(f.body(i))
	}
	if r.marker {
		r.confidence, r.why, r.attributed = byMarker, "our marker", true
	}
	f.floor = r.end
	if n := len(f.regions); n > 0 && f.regions[n-1].end == r.first {
		last := &f.regions[n-1]
		last.end, last.tail, last.marker = r.end, r.tail, last.marker || r.marker
		last.markup, last.broken = last.markup && r.markup, last.broken || r.broken
		if r.marker {
			last.confidence, last.why, last.attributed = r.confidence, r.why, true
		}
		return r.end
	}
	f.regions = append(f.regions, r)
	return r.end
}

// quoted gives the end of the lines with quote marks that begin at line i, those
// included that a mailer broke off a quoted line.
func (f *finder) quoted(i int) int {
	for i < len(f.lines) {
		if f.lines[i].depth == 0 {
			if ok, _ := f.brokenOff(i); !ok {
				break
			}
		}
		i++
	}
	return i
}

// isFresh tells whether lines with quote marks can be what a mailer quotes: it
// writes one mark before each line. What has more of them throughout is the prompt
// of a program or a dialogue, shown by the sender.
func (f *finder) isFresh(i, end int) bool {
	for ; i < end; i++ {
		if f.lines[i].depth == 1 {
			return true
		}
	}
	return false
}

// fewLines is how many marked lines at the end of a text are not yet a quote.
const fewLines = 3

// isShown tells whether the last quote is what the sender shows: there is no word
// on whose mail it is, and it is so little ("> Settings > Users") or is announced.
func (f *finder) isShown(r region) bool {
	return !r.attributed && !r.markup && r.end == len(f.lines) && r.first > 0 && (r.end-r.first < fewLines || shows(f.body(r.first-1)))
}

// startsMail tells whether quoted lines begin with the line or head of a whole
// mail, or with our marker.
func (f *finder) startsMail(i, end int) bool {
	for j := i; j < end && j < i+3; j++ {
		if !f.isMarked(j) {
			return false
		}
		_, line := f.attribution(j, i)
		_, head := f.head(j)
		if line || head || isMarker(f.body(j)) {
			return true
		}
	}
	return false
}

// maxBroken is the longest piece that is broken off a quoted line, in octets.
const maxBroken = 100

// brokenOff tells whether line i, without a mark, is the end of the quoted line
// above it. Unless it is sure it may as well be somebody's short answer.
func (t *table) brokenOff(i int) (ok, sure bool) {
	if i+1 >= len(t.lines) || t.lines[i].gap || t.lines[i+1].gap || t.lines[i+1].depth == 0 || t.lines[i-1].depth == 0 {
		return false, false
	}
	before, s := t.raw(i-1), t.body(i)
	if len(s) > maxBroken || len(before) > maxAttribution {
		return false, false
	}
	word, rest, _ := strings.Cut(s, " ")
	if closing := strings.IndexByte(word, ')'); closing > 0 {
		switch {
		case s[0] == '(' && strings.Contains(word, "://") && word[closing:] == ")" && rest == ">":
			return true, true // a link that was moved out of the quote
		case s[0] != '(' && word[closing-1] != ':' && strings.LastIndexByte(before, '(') > strings.LastIndexByte(before, ')'):
			return true, true // the rest of a link
		}
	}
	return s[0] >= 'a' && s[0] <= 'z' && len(before)+1+len(word) > 74 && !strings.ContainsAny(before[len(before)-1:], ".?!:;"), false
}

// isBroken tells whether a line without a mark, that may be an answer, is among
// the quoted ones from i to end.
func (t *table) isBroken(i, end int) bool {
	for ; i < end; i++ {
		if t.lines[i].depth == 0 {
			if _, sure := t.brokenOff(i); !sure {
				return true
			}
		}
	}
	return false
}

// readMarks reads other quote marks than ">" below an attribution that ends
// before line i; ok is false where there are none. It is done once in a text.
func (f *finder) readMarks(i int) (ok bool) {
	mark := otherMark(f.body(i))
	if mark == "" || f.marked {
		return false
	}
	f.marked = true
	for ; i < len(f.lines); i++ {
		if l := &f.lines[i]; l.depth == 0 && l.span < 0 && strings.HasPrefix(f.body(i), mark) {
			l.depth = 1
			l.body += int32(len(mark) + space(f.body(i)[len(mark):]))
		}
	}
	return true
}

// otherMark gives the mark that a line begins with as some mailers write them:
// "| ", "AB> ", or wide; "" if none.
func otherMark(s string) string {
	for _, m := range []string{"|", "＞", "»"} {
		if strings.HasPrefix(s, m) {
			return m
		}
	}
	n := 0
	for n < len(s) && n < 4 && (s[n] >= 'A' && s[n] <= 'Z' || s[n] >= 'a' && s[n] <= 'z') {
		n++
	}
	if n > 0 && strings.HasPrefix(s[n:], "> ") {
		return s[:n+1]
	}
	return ""
}

// below gives the region of an attribution and what stands below it.
func (f *finder) below(a attribution) (region, bool) {
	r := region{first: a.first, attributed: true, why: "on … wrote"}
	switch {
	case a.end == len(f.lines):
		r.end, r.confidence = a.end, byTail
		return r, !a.loose
	case f.lines[a.end].span >= 0:
		r.end, r.confidence, r.markup = f.spanEnd(a.end), byLine, true
		return r, true
	case f.lines[a.end].depth > 0:
		r.end, r.confidence = f.quoted(a.end), byLine
		r.broken = f.isBroken(a.end, r.end)
		return r, true
	}
	if f.readMarks(a.end) {
		r.end, r.confidence = f.quoted(a.end), byLine
		return r, true
	}
	r.end, r.tail = len(f.lines), true
	switch {
	case f.isMarkerNear(a.end):
		r.marker = true
	case f.introduced(a.first), a.prose, a.bare && f.asksLast(a.end):
		return r, false
	case a.address || a.framed:
		r.confidence = byTail
	case a.comma && f.lines[a.first].gap:
		r.confidence = byLook
	default:
		return r, false
	}
	return r, true
}

// isMarkerNear tells whether our marker is among the first lines from i on.
func (f *finder) isMarkerNear(i int) bool {
	for j := i; j < len(f.lines) && j < i+3; j++ {
		if isMarker(f.body(j)) {
			return true
		}
	}
	return false
}

// introduced tells whether the line above i announces what follows.
func (f *finder) introduced(i int) bool { return i > f.floor && introduces(f.body(i-1)) }

// belowHead gives the region of a head, with the rules and words between dashes
// above it and what stands below it.
func (f *finder) belowHead(h head) (region, bool) {
	r := region{first: h.first, attributed: true, why: "head of a mail", confidence: byHead}
	for r.first > f.floor && r.first > h.first-3 && !f.isMarked(r.first-1) && separatorOf(f.body(r.first-1)) != separatorNone {
		r.first--
	}
	if !h.address && r.first == h.first {
		r.confidence = byNameHead
	}
	if !f.lines[h.first].gap && f.isRaw(h.first-1, -1) || h.end < len(f.lines) && !f.lines[h.end].gap && f.isRaw(h.end, 1) {
		return r, false // somebody shows a header
	}
	if h.end < len(f.lines) && f.isMarked(h.end) && f.lines[h.first].span < 0 {
		r.end, r.markup = f.markedEnd(h.end), f.lines[h.end].span >= 0
		return r, true
	}
	r.end, r.tail = len(f.lines), true
	shown := f.introduced(r.first) || h.bare && f.asksLast(h.end)
	return r, r.first < h.first || !shown || f.isMarkerNear(h.end)
}

// asksLast tells whether the last lines of the text, up to a gap and below line i,
// ask for something. Below a line or head without a name, which mailers rarely
// write, it may be the sender who does.
func (f *finder) asksLast(i int) bool {
	if f.request == 0 {
		f.request = -1
		for j := len(f.lines) - 1; j > 0 && j >= len(f.lines)-maxRaw && f.request < 0; j-- {
			if asks(f.body(j)) {
				f.request = j
			}
			if f.lines[j].gap {
				break
			}
		}
	}
	return f.request >= i
}

// isRaw tells whether line i, or one of those that follow it without a gap, step
// by step, belongs to a header that no mailer shows.
func (f *finder) isRaw(i, step int) bool {
	for n := 0; n < maxRaw && i >= f.floor && i < len(f.lines); n++ {
		s := f.body(i)
		if field, _ := label(s); field&fieldRaw != 0 || strings.HasPrefix(s, "X-") && strings.Contains(s, ":") {
			return true
		}
		if gap := i; step > 0 && gap+1 < len(f.lines) && f.lines[gap+1].gap || step < 0 && f.lines[gap].gap {
			return false
		}
		i += step
	}
	return false
}

// maxRaw is how many lines around a head are looked at for other fields.
const maxRaw = 20

// markedEnd gives the end of what is quoted from line i on.
func (f *finder) markedEnd(i int) int {
	if f.lines[i].span >= 0 {
		return f.spanEnd(i)
	}
	return f.quoted(i)
}

// separator looks at a line that may divide the text.
func (f *finder) separator(i int, s string) int {
	switch separatorOf(s) {
	case separatorForward:
		f.forward = true
	case separatorOriginal:
		end := i + 1
		if end < len(f.lines) {
			if f.isRaw(end, 1) {
				break // a bounce shows what it could not deliver
			}
			if h, ok := f.head(end); ok {
				end = h.end
			} else if f.introduced(i) && !f.isMarked(end) {
				break // so does somebody who asks about a mail
			}
		}
		r := region{first: i, end: len(f.lines), tail: true, attributed: true, confidence: byLine, why: "original message"}
		if end < len(f.lines) && f.isMarked(end) {
			r.end, r.tail = f.markedEnd(end), false
		}
		return f.add(r)
	}
	return i
}

// spanEnd gives the end of the span that line i is in.
func (f *finder) spanEnd(i int) int {
	span := f.lines[i].span
	for i < len(f.lines) && f.lines[i].span == span {
		i++
	}
	return i
}

// markup judges a quote that the page's markup tells; line i is the first of it.
func (f *finder) markup(i int) int {
	why, end := f.spans[f.lines[i].span].Why, f.spanEnd(i)
	switch {
	case strings.Contains(why, "forward"):
		f.forward = true
		return i
	case f.startsMail(i, end):
	case why == page.Blockquote:
		// An indented part may be anything; as the last thing in a mail, and not
		// announced, it is a quote.
		if end < len(f.lines) || i == 0 || shows(f.body(i-1)) || asks(f.body(i-1)) {
			return end
		}
		return f.add(region{first: i, end: end, markup: true, confidence: byLook, why: why})
	case strings.HasPrefix(why, "gmail_quote") && !f.opensAsMail(i, end):
		return end // the mailer's button for quoting: its answers name whom they quote
	}
	return f.add(region{first: i, end: end, attributed: true, markup: true, confidence: byMarkup, why: why})
}

// opensAsMail tells whether the lines from i to end begin with what may say, in
// any language, whose mail follows.
func (f *finder) opensAsMail(i, end int) bool {
	for j := i; j < end && j < i+3; j++ {
		s := f.body(j)
		if strings.Contains(s, "@") || strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：") {
			return true
		}
	}
	return false
}
