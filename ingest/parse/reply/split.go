// Package reply finds in the text of a mail what its sender wrote anew, what is
// quoted from earlier mails, and the signature. It also reads the head of a mail
// that is passed on, the subject without its prefixes, and the numbers that
// Google's own cases are known by.
//
// Nothing is lost: every line of a text is in Text, Elided or Signature of what
// Split gives, and where the rules are not sure, Text is the whole text. The rules
// look at each line once and within fixed bounds around it, so that the time grows
// with the length of the text and no faster (T66).
//
// The convention: a mail that is passed on belongs to what its sender says and
// stays in Text. A signature is cut only where a mailer or the sender marked it:
// below "-- ", by markup, or as the line in which a phone names itself; what asks
// for something below it is not of it. A name under a greeting stays. A quote that
// stands whole between two parts of an answer is taken out; quotes that are answered
// piece by piece stay, with the answers.
package reply

import (
	"slices"
	"strings"

	"casegate/ingest/parse/page"
	"casegate/mailer"
)

// Sure is the confidence from which on a division is taken. Below it Text is
// the whole text.
const Sure = 0.5

// Bounds on what is taken apart.
const (
	maxText    = 4 << 20 // octets
	maxRegions = 200     // quotes: those that follow stay as they are
)

// Split takes a text apart. quotes and signatures are what markup says of it,
// each in order and not overlapping: none for plain text.
func Split(text string, quotes, signatures []page.Span) mailer.Reply {
	if len(text) > maxText {
		return whole(text, 0, "too long to be taken apart")
	}
	t := newTable(text, quotes, signatures)
	f := finder{table: t}
	f.find()
	if n := len(f.regions); n > 0 && f.isShown(f.regions[n-1]) {
		f.regions = f.regions[:n-1]
	}
	r := t.divide(f.regions, f.forward)
	if r.Confidence < Sure {
		return whole(text, r.Confidence, r.Reason)
	}
	return r
}

// Whole is the reply of a mail that passes another one on though nothing but its
// subject says so: under the head of the other mail Split would see an answer.
func Whole(text string) mailer.Reply { return whole(text, 0.9, "passes on a mail") }

// whole is a text that is not divided.
func whole(text string, confidence float64, why string) mailer.Reply {
	return mailer.Reply{Text: trimLines(text), Confidence: confidence, Reason: why}
}

// trimLines takes off blank lines at the beginning, and white space at the end.
func trimLines(s string) string {
	for s != "" {
		n := spaceBefore(s)
		if n == 0 && s[len(s)-1] == '\n' {
			n = 1
		}
		if n == 0 {
			break
		}
		s = s[:len(s)-n]
	}
	for {
		end := strings.IndexByte(s, '\n')
		if end < 0 || space(s[:end]) != end {
			return s
		}
		s = s[end+1:]
	}
}

// part is a range of lines; end is not in it.
type part struct{ first, end int }

func (p part) empty() bool { return p.first >= p.end }

// divide puts the lines between the quotes together.
func (t *table) divide(regions []region, forward bool) mailer.Reply {
	own := t.gaps(regions)
	out := make([]part, 0, 3) // what is not in Text
	last := len(own) - 1
	for i := range own {
		if i != 0 && i != last || forward && i == last {
			continue
		}
		if s := t.signature(own[i]); !s.empty() {
			out = append(out, s)
			own[i].end = s.first
		}
	}
	signatures := slices.Clone(out)
	quoted, confidence, why := t.choose(regions, own)
	out = append(out, quoted)
	slices.SortFunc(out, func(a, b part) int { return a.first - b.first })
	kept := part{0, len(t.lines)}.without(out)
	if forward {
		why += ", passes on a mail"
	}
	if len(t.lines) == 0 {
		return mailer.Reply{Confidence: 0.9, Reason: "no text"}
	}
	if len(kept) == 0 {
		return whole(t.text, 0.3, "nothing but a quote or a signature")
	}
	return mailer.Reply{
		Text: t.join(kept), Elided: t.between(quoted.first, quoted.end), Signature: t.join(signatures), Confidence: confidence, Reason: why,
	}
}

// gaps gives what is before, between and after the regions: one more than those.
func (t *table) gaps(regions []region) []part {
	own := make([]part, 0, len(regions)+1)
	at := 0
	for _, r := range regions {
		own = append(own, part{at, r.first})
		at = r.end
	}
	return append(own, part{at, len(t.lines)})
}

// choose tells which part is left out, and how sure that is. own[i] stands before
// regions[i], and the last one behind them all.
func (t *table) choose(regions []region, own []part) (quoted part, confidence float64, why string) {
	n := len(regions)
	if n == 0 {
		return part{}, 0.9, "no quote"
	}
	last := regions[n-1]
	switch {
	case n == 1 && last.broken:
		return last.part(), 0.4, "lines without a mark among the quoted ones"
	case n == 1 && own[1].empty():
		if (last.tail || last.markup) && t.isGreeting(own[0]) || t.announced(own[0]) {
			return last.part(), 0.3, "says that the answers are in the quote"
		}
		if t.leadsUp(own[0]) {
			return last.part(), 0.3, "leads up to what is quoted"
		}
		return last.part(), last.confidence, last.why
	case n == 1 && own[0].empty():
		return last.part(), min(last.confidence, 0.9), last.why + ", answer below"
	case n == 1 && last.attributed:
		return last.part(), min(last.confidence, 0.9), last.why + ", answers around it"
	}
	// Quotes that are answered piece by piece: only what is quoted below the last
	// answer is not answered.
	confidence, why = 0.9, "answers between quotes"
	if own[n].empty() {
		quoted = last.part()
		confidence = min(confidence, last.confidence)
	}
	return quoted, confidence, why
}

// without gives the parts of p that are in none of the holes, which are in order.
func (p part) without(holes []part) []part {
	list := make([]part, 0, len(holes)+1)
	for _, h := range holes {
		list = append(list, part{p.first, min(h.first, p.end)})
		p.first = max(p.first, h.end)
	}
	return filled(append(list, p))
}

// filled leaves out empty parts.
func filled(parts []part) []part {
	kept := make([]part, 0, len(parts))
	for _, p := range parts {
		if !p.empty() {
			kept = append(kept, p)
		}
	}
	return kept
}

// join gives the text of parts, those that follow each other as they stand.
func (t *table) join(parts []part) string {
	parts = filled(parts)
	if len(parts) == 1 {
		return t.between(parts[0].first, parts[0].end)
	}
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(t.between(p.first, p.end))
	}
	return b.String()
}
