package parse

import (
	"slices"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/enriched"
	"casegate/ingest/parse/flowed"
	"casegate/ingest/parse/header"
	"casegate/ingest/parse/kind"
	"casegate/ingest/parse/page"
	"casegate/ingest/parse/reply"
	"casegate/ingest/parse/transfer"
	"casegate/mailer"
)

// maxText is the longest text of a message, and the longest text part that is
// looked at, in octets.
const maxText = 1 << 20

// maxPart is as much of a part as is looked at to tell what kind of mail it is.
const maxPart = 256 << 10

// body walks the parts of one mail.
type body struct {
	m         *mailer.Message
	src       *Source
	leaf      int  // leaves so far, for names
	depth     int  // of mails within S/MIME
	cut       bool // whether text was left out
	parts     []kind.Part
	html      []string // the pages that are shown, as they came
	spare     text     // what to show where the mail has no text of its own
	spareHTML []string
	passed    bool // spare is what a mail says that is only passed on
	report    bool // the mails in it are returned ones, not passed on
}

// text is some of what a mail says: with what markup says of it, or, where it is
// plain, with the page beside it that says the same.
type text struct {
	page.Page
	twin *page.Page
}

func (t text) blank() bool { return strings.TrimSpace(t.Text) == "" }

// readBody fills what the parts say, and gives them for telling the kind of mail.
func readBody(h header.Header, src *Source, m *mailer.Message) *body {
	b := &body{m: m, src: src}
	root, why := (*part)(nil), h.Over
	if why == "" {
		root, why = split(h, src)
	}
	if why != "" {
		keepWhole(src, why, m)
		return b
	}
	b.report = root.typ == "multipart/report"
	t := b.text(root)
	own := !t.blank()
	if !own {
		t = b.spare
		b.html = append(b.html, b.spareHTML...)
	}
	m.Text = t.Text
	if len(m.Text) > maxText {
		m.Text = cutText(m.Text)
		b.cut = true
	}
	if b.cut {
		m.Limits = append(m.Limits, "Only the first 1 MiB of the text of this mail is shown; the mail was kept whole.")
	}
	size := 0
	for _, markup := range b.html {
		size += len(markup)
	}
	if size > maxPage {
		b.limit("Only the first 512 KiB of the HTML of this mail are shown as a page; its text is not cut there.")
	}
	if !own && b.passed {
		m.Reply = mailer.Reply{Elided: m.Text, Confidence: 1, Reason: "only a mail that is passed on"}
	} else {
		m.Reply = splitReply(m.Text, t)
	}
	return b
}

// splitReply takes the text of a mail apart. A page says more surely than plain
// text where a quote begins: where both begin with the same words, the plain text
// is divided where the page is.
func splitReply(whole string, t text) mailer.Reply {
	r := reply.Split(whole, within(t.Quotes, len(whole)), within(t.Signatures, len(whole)))
	if t.twin == nil || len(t.twin.Quotes) == 0 {
		return r
	}
	marked := reply.Split(t.twin.Text, t.twin.Quotes, t.twin.Signatures)
	if marked.Confidence <= r.Confidence {
		return r
	}
	return align(whole, r, marked)
}

// within leaves out the spans that are not in the first n octets.
func within(spans []page.Span, n int) []page.Span {
	return slices.DeleteFunc(slices.Clone(spans), func(s page.Span) bool { return s.End > n })
}

// keepWhole lets one attachment stand for a mail whose parts are not read.
func keepWhole(src *Source, why string, m *mailer.Message) {
	m.Text, m.Attachments = "", nil
	m.Limits = append(m.Limits, why+"; its content is not shown, and it was kept whole as message.eml.")
	a := newDigest()
	src.copy(a, 0, src.size)
	m.Attachments = []mailer.Attachment{{
		Name: "message.eml", ContentType: "message/rfc822", Size: a.size, SHA256: a.sum(),
	}}
}

// text gives the text of a part and notes the attachments in it.
func (b *body) text(p *part) text {
	if field := p.twice(); field != "" {
		b.mark("a part has two " + field + " fields: it is read by the first")
	}
	switch {
	case p.isLeaf():
		return b.leafText(p)
	case p.typ == "multipart/alternative":
		return b.alternative(p)
	}
	b.markProtection(p)
	var texts []text
	for _, c := range p.parts {
		if t := b.text(c); !t.blank() {
			texts = append(texts, t)
		}
	}
	return joinTexts(texts)
}

// alternative chooses plain text where it says anything, else the richest
// alternative, which is the last one (RFC 2046 5.1.4). Several plain texts are
// not each other's alternatives: none is left out.
func (b *body) alternative(p *part) text {
	var all []text
	var plain, rich text
	for _, c := range p.parts {
		t := b.text(c)
		switch {
		case t.blank():
		case !c.hasPlain():
			rich = t
		case c.isLeaf():
			all = append(all, t)
		case plain.blank():
			plain = t
		}
	}
	if len(all) > 0 {
		plain = joinTexts(all)
	}
	if plain.blank() {
		return rich
	}
	if plain.twin == nil && !rich.blank() {
		plain.twin = &rich.Page
	}
	return plain
}

// leafText is the text of one part, or nothing for an attachment, which it notes.
func (b *body) leafText(p *part) text {
	b.leaf++
	switch {
	case p.isText():
		return b.decoded(p)
	case b.spare.blank() && p.contentType() == "text/plain" && p.disposition() != "attachment":
		// A text with a name is shown where there is no other.
		b.spare, b.passed = b.decoded(p), false
		b.attach(p)
		return text{}
	}
	return b.other(p)
}

// decoded gives what a text part says.
func (b *body) decoded(p *part) text {
	raw, cut := b.src.bytes(p.start, p.end, maxEncoded)
	raw = decodeText(p.encoding(), raw)
	if len(raw) > maxText {
		raw, cut = raw[:maxText], true
	}
	b.cut = b.cut || cut
	typ := p.contentType()
	if typ == "text/html" {
		markup, repair := page.Decode(raw, p.params["charset"])
		b.repaired(repair)
		b.html = append(b.html, markup)
		t := text{Page: page.Read(markup)}
		b.parts = append(b.parts, kind.Part{Type: typ, Text: t.Text[:min(len(t.Text), maxPart)]})
		return t
	}
	plain, repair := charset.Read(b.unpack(raw), p.params["charset"])
	b.repaired(repair)
	plain = charset.Lines(plain)
	switch {
	case typ != "text/plain":
		plain = enriched.Text(plain)
	case strings.EqualFold(p.params["format"], "flowed"):
		plain = flowed.Unfold(plain, strings.EqualFold(p.params["delsp"], "yes"))
	}
	b.parts = append(b.parts, kind.Part{Type: typ, Text: plain[:min(len(plain), maxPart)]})
	b.markInline(plain)
	return text{Page: page.Page{Text: plain}}
}

// content decodes the beginning of a part.
func (b *body) content(p *part, most int) (content []byte, cut bool) {
	raw, cut := b.src.bytes(p.start, p.end, most)
	return transfer.Decode(p.encoding(), raw), cut
}

// repaired notes once that a text was read in another charset than it names.
func (b *body) repaired(repair string) {
	if repair != "" && len(b.m.CharsetRepairs) < 10 && !slices.Contains(b.m.CharsetRepairs, repair) {
		b.m.CharsetRepairs = append(b.m.CharsetRepairs, repair)
	}
}

// mark notes once what the reader of the case must know of a mail.
func (b *body) mark(s string) {
	if len(b.m.Marks) < 20 && !slices.Contains(b.m.Marks, s) {
		b.m.Marks = append(b.m.Marks, s)
	}
}

// joinTexts puts an empty line between the texts of several parts.
func joinTexts(texts []text) text {
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
		all.Quotes = append(all.Quotes, moved(within(t.Quotes, len(t.Text)), at)...)
		all.Signatures = append(all.Signatures, moved(within(t.Signatures, len(t.Text)), at)...)
		if all.twin == nil {
			all.twin = t.twin
		}
	}
	all.Text = out.String()
	return all
}

func moved(spans []page.Span, by int) []page.Span {
	for i := range spans {
		spans[i].Start += by
		spans[i].End += by
	}
	return spans
}

// cutText cuts at a character within maxText.
func cutText(s string) string { return strings.ToValidUTF8(s[:maxText], "") }
