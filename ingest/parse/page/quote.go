package page

import (
	"bytes"

	"golang.org/x/net/html/atom"
)

// quotes finds what markup says of quotes and signatures. Every word is written
// with the look it has, and the look names the region that the word belongs to;
// words of one region that follow each other make a span.
type quotes struct {
	quoted, signed []Span
	regions        []region  // by number; 0 is none
	tail           int32     // the region that goes on to the end of the page; 0: none yet
	last, lastSign int32     // the regions of the last word
	end            int       // where the last word ends
	candidate      candidate // a line above what may be the head of an earlier mail
	appended       bool      // Outlook's mark stands right here: a line means a quote
}

// region is one quote or signature.
type region struct {
	why       string
	weak      bool // a quote only by the name of its element
	container bool // holds an attribution and a quote, and maybe an answer below
	inner     bool // that quote has begun
	forward   bool // passes a mail on
	begun     bool // it has words
	ended     bool // what follows in its element is no quote
}

// none tells whether words of region n count as the sender's own.
func (q *quotes) none(n int32) bool { return n == 0 || q.regions[n].ended }

// free tells whether a better quote may begin in region n.
func (q *quotes) free(n int32) bool { return q.none(n) || q.regions[n].weak }

func (q *quotes) add(r region) int32 {
	if len(q.regions) == 0 {
		q.regions = append(q.regions, region{})
	}
	q.regions = append(q.regions, r)
	return int32(len(q.regions) - 1)
}

// open looks at the start of an element, and enters what it marks. It gives the
// region that is over at the element's end, 0 for none.
func (q *quotes) open(l *look, e *element) (releases int32) {
	if q.tail != 0 || e.plain() {
		return 0
	}
	m := markOf(e)
	switch m.kind {
	case signature:
		if q.none(l.quote) && l.sign == 0 {
			l.sign = q.add(region{why: m.why})
		}
	case beginning:
		q.appended = true
	case heading:
		if q.free(l.quote) {
			q.candidate = candidate{why: m.why, on: true, drawn: true, pos: -1}
		}
	case rest:
		if q.free(l.quote) {
			q.tail = q.add(region{why: m.why})
		}
	case weak:
		if q.none(l.quote) {
			l.quote = q.add(region{why: m.why, weak: true})
			q.candidate = candidate{}
		}
	case whole, holder, cite:
		return q.enter(l, m)
	}
	return 0
}

// enter begins a quote that is sure, unless it is within one.
func (q *quotes) enter(l *look, m mark) int32 {
	if q.free(l.quote) {
		q.candidate = candidate{}
		l.quote = q.add(region{why: m.why, container: m.kind == holder, forward: m.forward})
		return 0
	}
	if r := &q.regions[l.quote]; m.kind == cite && r.container && !r.inner && !r.forward {
		r.inner = true
		return l.quote
	}
	return 0
}

// release ends a quote whose container goes on. Gmail puts answers below a quote
// into the container of the quote: they are the sender's own words.
func (q *quotes) release(n int32) { q.regions[n].ended = true }

// rule handles a line across the page. Alone it means nothing, as people draw
// lines too: the head of a mail must follow, or Outlook's mark go before.
func (q *quotes) rule(l look, e *element) {
	if q.tail != 0 || !q.free(l.quote) {
		return
	}
	m := markOf(e)
	switch {
	case m.kind == rest:
		q.tail = q.add(region{why: m.why})
	case q.appended:
		q.tail = q.add(region{why: "appendonsend"})
	case q.none(l.quote):
		q.candidate = candidate{why: "hr", on: true, pos: -1}
	}
}

// meet sees text before it is written.
func (q *quotes) meet(l *look, text []byte) {
	q.appended = false
	if !q.none(l.quote) {
		if r := &q.regions[l.quote]; !r.begun {
			r.begun = true
			if r.container && bytes.HasPrefix(text, []byte("-----")) && !bytes.Contains(text, []byte("Original")) {
				r.forward = true
				r.why = forwardOf(r.why)
			}
		}
	}
	if q.candidate.on && q.tail == 0 && q.candidate.meet(text) {
		q.accept()
	}
}

func forwardOf(why string) string {
	if why == "gmail_quote" {
		return "gmail forward"
	}
	return why + " forward"
}

// accept makes a quote of what stands below a line, from its first word.
func (q *quotes) accept() {
	c := q.candidate
	q.candidate = candidate{}
	q.tail = q.add(region{why: c.why})
	if c.pos < 0 {
		return
	}
	for n := len(q.signed); n > 0 && q.signed[n-1].End > c.pos; n-- {
		q.signed = q.signed[:n-1]
	}
	if n := len(q.quoted); n > 0 && q.quoted[n-1].End > c.pos {
		return // a part was a quote already: from here on
	}
	q.quoted = append(q.quoted, Span{Start: c.pos, End: q.end, Why: c.why})
	q.last = q.tail
}

// note sees words after they were written.
func (q *quotes) note(l look, start, end int) {
	if q.candidate.on && q.candidate.pos < 0 {
		q.candidate.pos = start
	}
	n := l.quote
	if q.none(n) {
		n = 0
	}
	if q.tail != 0 && q.free(n) {
		n = q.tail
	}
	sign := l.sign
	if n != 0 {
		sign = 0
		q.extend(n, start, end)
	}
	if sign != 0 {
		if sign != q.lastSign {
			q.signed = append(q.signed, Span{Start: start, Why: q.regions[sign].why})
		}
		q.signed[len(q.signed)-1].End = end
	}
	q.last, q.lastSign, q.end = n, sign, end
}

// extend adds words to the quote n. Weak ones stay apart, since they may be
// judged one by one. Sure quotes without a word between them, an
// attribution and what it is of, are one.
func (q *quotes) extend(n int32, start, end int) {
	if n != q.last && !q.merges(q.last, n) {
		q.quoted = append(q.quoted, Span{Start: start, Why: q.regions[n].why})
	}
	q.quoted[len(q.quoted)-1].End = end
}

func (q *quotes) merges(a, b int32) bool {
	if a == 0 {
		return false
	}
	x, y := q.regions[a], q.regions[b]
	return !x.weak && !y.weak && !x.forward && !y.forward
}

// plain tells the elements that cannot mark anything.
func (e *element) plain() bool {
	return e.class == nil && e.id == nil && e.style == nil && e.name == nil && e.marker == nil &&
		e.smartmail == nil && e.tag.atom() != atom.Blockquote
}
