package parse

import (
	"slices"
	"strings"

	"casegate/ingest/parse/page"
	"casegate/ingest/parse/reply"
	"casegate/mailer"
)

// text is some of what a mail says: with what markup says of it, or, where it is
// plain, with the page beside it that says the same.
type text struct {
	page.Page
	twin   *page.Page
	html   []string // the pages it was read from, or that are beside it, as they came
	passed bool     // what a mail says that is only passed on
}

func (t text) blank() bool { return strings.TrimSpace(t.Text) == "" }

// cut gives the first n octets of a text.
func (t text) cut(n int) text {
	t.Text = cutText(t.Text, n)
	t.Quotes, t.Signatures = moved(t.Quotes, 0, len(t.Text)), moved(t.Signatures, 0, len(t.Text))
	return t
}

// reply takes the text of a mail apart. A page says more surely than plain text
// where a quote begins: where both begin with the same words, the plain text is
// divided where the page is, unless one of them leaves a doubt.
func (t text) reply() mailer.Reply {
	if t.passed {
		return mailer.Reply{Elided: t.Text, Confidence: 1, Reason: "only a mail that is passed on"}
	}
	r := reply.Split(t.Text, t.Quotes, t.Signatures)
	if t.twin == nil || len(t.twin.Quotes) == 0 || r.Confidence < reply.Sure {
		return r
	}
	marked := reply.Split(t.twin.Text, t.twin.Quotes, t.twin.Signatures)
	if r.Elided != "" && marked.Confidence <= r.Confidence {
		return r
	}
	return align(t.Text, r, marked)
}

// joinTexts puts an empty line between several texts.
func joinTexts(texts []text) text {
	texts = slices.DeleteFunc(texts, text.blank)
	if len(texts) == 0 {
		return text{}
	}
	if len(texts) == 1 {
		return texts[0]
	}
	var all text
	var out strings.Builder
	for i, t := range texts {
		if i > 0 {
			out.WriteString("\n\n")
		}
		at := out.Len()
		if i < len(texts)-1 {
			t.Text = strings.TrimRight(t.Text, "\n")
		}
		out.WriteString(t.Text)
		all.Quotes = append(all.Quotes, moved(t.Quotes, at, len(t.Text))...)
		all.Signatures = append(all.Signatures, moved(t.Signatures, at, len(t.Text))...)
		all.html = append(all.html, t.html...)
	}
	all.Text = out.String()
	return all
}

// moved gives the spans that are in the first n octets, for a text that stands at
// an offset.
func moved(spans []page.Span, at, n int) []page.Span {
	var all []page.Span
	for _, s := range spans {
		if s.End = min(s.End, n); s.Start < s.End {
			s.Start, s.End = s.Start+at, s.End+at
			all = append(all, s)
		}
	}
	return all
}

// says tells whether most words of b are in a: programs that write a text twice
// write other bullets and links.
func says(a, b string) bool {
	words := map[string]bool{}
	for w := range strings.FieldsSeq(a) {
		words[w] = true
	}
	all, known := 0, 0
	for w := range strings.FieldsSeq(b) {
		all++
		if words[w] {
			known++
		}
	}
	return known*10 >= all*8
}
