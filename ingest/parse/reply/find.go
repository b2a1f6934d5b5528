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
	confidence float64
	why        string
}

func (r region) part() part { return part{r.first, r.end} }

// finder goes through a text once and finds its quotes.
type finder struct {
	*table
	regions []region
	floor   int    // the line behind the last region
	noHead  int    // before this line no head begins
	weak    region // the last quote that only its indentation in the page tells
	forward bool   // what follows is a mail that is passed on
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
	return f.add(region{first: i, end: end, attributed: f.startsMail(i, end), confidence: byMarks, why: "quote marks"})
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
	for i < len(f.lines) && (f.lines[i].depth > 0 || f.brokenOff(i)) {
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

// isPath tells whether the last quote is so little, without a word on whose mail
// it is, that the sender may have written it ("> Settings > Users").
func (f *finder) isPath(r region) bool {
	return !r.attributed && f.lines[r.first].span < 0 && r.end == len(f.lines) && r.first > 0 && r.end-r.first < fewLines
}

// startsMail tells whether lines with quote marks begin with the line or head of a
// whole mail.
func (f *finder) startsMail(i, end int) bool {
	for j := i; j < end && j < i+3; j++ {
		if f.lines[j].depth == 0 {
			return false
		}
		_, line := f.attribution(j, i)
		_, head := f.head(j)
		if line || head {
			return true
		}
	}
	return false
}

// maxBroken is the longest piece that is broken off a quoted line, in octets.
const maxBroken = 100

// brokenOff tells whether line i, without a mark, is the end of the quoted line
// above it. It must not be somebody's short answer.
func (t *table) brokenOff(i int) bool {
	if i+1 >= len(t.lines) || t.lines[i].gap || t.lines[i+1].gap || t.lines[i+1].depth == 0 || t.lines[i-1].depth == 0 {
		return false
	}
	before, s := t.raw(i-1), t.body(i)
	if len(s) > maxBroken || len(before) > maxAttribution {
		return false
	}
	closing := strings.IndexByte(s, ')')
	switch {
	case closing > 0 && s[0] == '(' && strings.Contains(s, "://") && trim(s[closing+1:]) == ">":
		return true // a link that was moved out of the quote
	case closing >= 0 && strings.LastIndexByte(before, '(') > strings.LastIndexByte(before, ')'):
		return !strings.Contains(s[:closing], "(")
	}
	word, _, _ := strings.Cut(s, " ")
	return s[0] >= 'a' && s[0] <= 'z' && len(before)+1+len(word) > 74 && !strings.ContainsAny(before[len(before)-1:], ".?!:;")
}

// below gives the region of an attribution and what stands below it.
func (f *finder) below(a attribution) (region, bool) {
	r := region{first: a.first, attributed: true, why: "on … wrote"}
	switch {
	case a.end == len(f.lines):
		r.end, r.confidence = a.end, byTail
		return r, !a.loose
	case f.lines[a.end].span >= 0:
		r.end, r.confidence = f.spanEnd(a.end), byLine
		return r, true
	case f.lines[a.end].depth > 0:
		r.end, r.confidence = f.quoted(a.end), byLine
		return r, true
	}
	r.end, r.tail = len(f.lines), true
	switch {
	case f.isMarkerNear(a.end):
		r.marker = true
	case f.introduced(a.first):
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

// introduced tells whether the line above i announces what follows ("The header
// of the mail that was lost:"): then it is part of what the sender writes.
func (f *finder) introduced(i int) bool {
	if i <= f.floor {
		return false
	}
	s := f.body(i - 1)
	return strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：")
}

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
		r.end = f.markedEnd(h.end)
		return r, true
	}
	r.end, r.tail = len(f.lines), true
	return r, r.first < h.first || !f.introduced(r.first) || f.isMarkerNear(h.end)
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
	weak := why == page.Blockquote
	switch {
	case strings.Contains(why, "forward"):
		f.forward = true
		return i
	case f.opensAsMail(i, end):
	case weak:
		// An indented part may be anything; as the last thing in a mail it is a quote.
		f.weak = region{first: i, end: end, confidence: byLook, why: why}
		return end
	case strings.HasPrefix(why, "gmail_quote"):
		return end // the mailer's button for quoting: its answers name whom they quote
	}
	r := region{first: i, end: end, attributed: true, confidence: byMarkup, why: why}
	if weak {
		r.confidence = byTail
	}
	return f.add(r)
}

// opensAsMail tells whether the lines from i to end begin with a line or head
// that says whose mail follows.
func (f *finder) opensAsMail(i, end int) bool {
	for j := i; j < end && j < i+3; j++ {
		s := f.body(j)
		if strings.Contains(s, "@") || strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：") || isMarker(s) {
			return true
		}
		if _, ok := f.head(j); ok {
			return true
		}
	}
	return false
}

// announcements are how people say that they answer within the quote, or point
// at it, in lower case.
var announcements = []string{
	"inline", "in line", "in-line", "see below", "answers below", "comments below", "replies below", "responses below", "answered below", "in red", "in blue", "in green", "in bold",
	"poniżej", "w tekście", "na czerwono", "na niebiesko", "nedan", "i rött", "i texten", "qui sotto", "di seguito", "in rosso", "nel testo", "in blu",
	"di bawah", "warna merah", "warna biru", "如下", "下方", "紅字", "红字", "文中", "藍字", "siehe unten", "weiter unten", "in rot", "im text",
}

// maxNote is how much of an answer is searched for an announcement, and
// maxGreeting the longest greeting, in octets.
const (
	maxNote     = 400
	maxGreeting = 40
)

// announced tells whether the answer says that more of it is in the quote. A
// greeting alone says that it is below.
func (t *table) announced(own part) bool {
	s := t.between(own.first, own.end)
	if own.end-own.first == 1 && len(s) <= maxGreeting && (strings.HasSuffix(s, ",") || strings.HasSuffix(s, "，")) {
		return true
	}
	s = s[:min(len(s), maxNote)]
	var buf [maxNote]byte
	low, _ := asciiLower(buf[:], s)
	for _, a := range announcements {
		if at := strings.Index(string(low), a); at >= 0 && isWordEnd(low, at+len(a)) && (at == 0 || low[at-1] < 'a' || low[at-1] > 'z') {
			return true
		}
	}
	return false
}

func isWordEnd(s []byte, at int) bool { return at >= len(s) || s[at] < 'a' || s[at] > 'z' }
