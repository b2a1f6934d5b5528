package parse

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/enriched"
	"casegate/ingest/parse/flowed"
	"casegate/ingest/parse/header"
	"casegate/ingest/parse/kind"
	"casegate/ingest/parse/page"
	"casegate/ingest/parse/transfer"
	"casegate/mailer"
)

// Limits of what is read of one mail, in octets.
const (
	maxText  = 1 << 20   // of text, all parts together
	maxPart  = 256 << 10 // of a part, to tell what kind of mail it is
	maxTold  = 2 << 20   // the same, of all parts
	maxNotes = 50        // marks, and limits
)

// body walks the parts of one mail.
type body struct {
	m      *mailer.Message
	src    *Source
	label  string // the charset of raw 8-bit text that names none
	room   int    // octets of text that may still be read
	leaf   int    // leaves so far, for names
	depth  int    // of mails within this one
	report bool   // the mails in it are returned ones, not passed on

	parts   []kind.Part // what tells the kind of mail
	told    int         // octets of text in them
	spare   text        // what to show where the mail has no text of its own
	outlook []text      // what winmail.dat files say
	pages   []string

	sink  io.Writer // where the octets of one attachment go; nil: nowhere
	want  int       // which
	found *digest   // that one
}

func newBody(src *Source, m *mailer.Message) *body { return &body{m: m, src: src, room: maxText} }

// read fills what the parts say, and keeps what tells the kind of mail.
func (b *body) read(h header.Header) {
	var s structure
	if s.why = h.Over; s.why == "" {
		s = split(h, b.src)
	}
	if s.why != "" {
		b.keepWhole(s.why)
		return
	}
	if s.loose {
		b.limit("There is text before the first or behind the last part of this mail; it is not shown, and the mail was kept whole.")
	}
	b.report, b.label = s.root.typ == "multipart/report", s.root.textCharset()
	t := b.addOutlook(b.text(s.root))
	if t.blank() {
		t = b.spare
	}
	if len(t.Text) > maxText {
		b.limit(cutNote)
		t = t.cut(maxText)
	}
	b.m.Text, b.m.Reply = t.Text, t.reply()
	b.show(t.html)
}

// show keeps the pages that are shown, up to a limit.
func (b *body) show(pages []string) {
	room := maxPage
	for _, markup := range pages {
		if len(markup) > room {
			markup = strings.ToValidUTF8(markup[:room], "")
			b.limit("Only the first 512 KiB of the HTML of this mail are shown as a page; its text is not cut there.")
		}
		if room -= len(markup); markup != "" {
			b.pages = append(b.pages, markup)
		}
	}
}

// keepWhole lets one attachment stand for a mail whose parts are not read.
func (b *body) keepWhole(why string) {
	b.limit(why + "; its content is not shown, and it was kept whole as message.eml.")
	d := b.digest()
	b.src.copy(d, 0, b.src.size)
	b.add(mailer.Attachment{Name: "message.eml", ContentType: "message/rfc822"}, d)
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
		texts = append(texts, b.text(c))
	}
	return joinTexts(texts)
}

// alternative chooses plain text where it says anything, else the richest
// alternative, which is the last one (RFC 2046 5.1.4). Several plain texts are
// not each other's alternatives: none is left out.
func (b *body) alternative(p *part) text {
	var plain []text
	var rich text
	for _, c := range p.parts {
		switch t := b.text(c); {
		case t.blank():
		case c.hasPage() && !rich.blank() && !says(t.Text, rich.Text):
			rich = joinTexts([]text{rich, t}) // pages that are not each other's alternatives
		case c.hasPage():
			rich = t
		default:
			plain = append(plain, t)
		}
	}
	chosen := joinTexts(plain)
	switch {
	case chosen.blank():
		return rich
	case rich.blank():
		return chosen
	case len(chosen.Text) < len(rich.Text)/4 && !says(rich.Text, chosen.Text):
		// Most often it says where the other text is.
		b.mark("its plain text says something else than its page, and is not shown: " + charset.OneLine(chosen.Text, 200))
		return rich
	}
	chosen.twin, chosen.html = &rich.Page, rich.html
	return chosen
}

// leafText is the text of one part, or nothing for an attachment, which it notes.
func (b *body) leafText(p *part) text {
	b.leaf++
	switch {
	case isUU(p.encoding()) && !p.isText():
		return b.uuencoded(p)
	case p.isText():
		if b.room > 0 {
			return b.decoded(p)
		}
		b.limit(cutNote)
	case p.mayBeText() && b.spare.blank() && b.room > 0:
		// A text with a name, or of another type, is shown where there is no other.
		b.spare = b.decoded(p)
	default:
		return b.other(p)
	}
	b.attach(p)
	return text{}
}

const cutNote = "Only the first 1 MiB of the text of this mail is shown; the mail was kept whole."

// decoded gives what a text part says.
func (b *body) decoded(p *part) text {
	raw, cut := b.src.bytes(p.start, p.end, 3*b.room+1<<16) // quoted-printable makes three octets of one
	raw, mixed := decodeText(p.encoding(), raw)
	if mixed {
		b.mark("a text is not all in base64, as it says: the rest is shown as it came")
	}
	if cut || len(raw) > b.room {
		raw = raw[:min(len(raw), b.room)]
		b.limit(cutNote)
	}
	b.room -= len(raw)
	typ, label := p.contentType(), p.params["charset"]
	var t text
	if typ == "text/html" {
		markup, repair := page.Decode(raw, label)
		b.repaired(repair)
		t = text{Page: page.Read(markup), html: []string{markup}}
	} else {
		t.Text = b.plain(p, b.unpack(raw))
	}
	b.tell(kind.Part{Type: typ, Text: t.Text})
	return t
}

// tell adds a part to what tells the kind of mail. Its text is cut where that
// would hold too much of a mail in memory.
func (b *body) tell(p kind.Part) {
	p.Text = p.Text[:min(len(p.Text), maxPart, maxTold-b.told)]
	b.told += len(p.Text)
	b.parts = append(b.parts, p)
}

// plain reads a text that is no page.
func (b *body) plain(p *part, raw []byte) string {
	s, repair := charset.Read(raw, p.params["charset"])
	b.repaired(repair)
	s = charset.Lines(s)
	switch typ := p.contentType(); {
	case typ == "text/enriched", typ == "text/richtext":
		s = enriched.Text(s)
	case strings.EqualFold(p.params["format"], "flowed"):
		s = flowed.Unfold(s, strings.EqualFold(p.params["delsp"], "yes"))
	}
	b.markInline(s)
	return s
}

// content decodes the beginning of a part.
func (b *body) content(p *part, most int) (content []byte, cut bool) {
	raw, cut := b.src.bytes(p.start, p.end, most)
	return transfer.Decode(p.encoding(), raw), cut
}

// repaired notes that a text was read in another charset than it names.
func (b *body) repaired(repair string) { note(&b.m.CharsetRepairs, repair) }

// mark notes what the reader of the case must know of a mail.
func (b *body) mark(s string) { note(&b.m.Marks, s) }

// limit notes what could not be shown, and why.
func (b *body) limit(s string) { note(&b.m.Limits, s) }

// note adds a sentence once, up to a limit.
func note(list *[]string, s string) {
	switch {
	case s == "" || len(*list) > maxNotes || slices.Contains(*list, s):
	case len(*list) == maxNotes:
		*list = append(*list, fmt.Sprintf("More than %d notes of this sort: the others are left out.", maxNotes))
	default:
		*list = append(*list, s)
	}
}
