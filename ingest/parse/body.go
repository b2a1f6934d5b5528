package parse

import (
	"slices"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/ingest/parse/page"
	"casegate/mailer"
)

// maxText is the longest text of a message, and the longest text part that is
// looked at, in octets.
const maxText = 1 << 20

// readBody fills Text, Attachments and Limits.
func readBody(h header.Header, raw []byte, m *mailer.Message) {
	root, why := (*part)(nil), h.Over
	if why == "" {
		root, why = split(h, raw)
	}
	if why != "" {
		keepWhole(raw, why, m)
		return
	}
	b := body{m: m}
	m.Text = b.text(root, true)
	if len(m.Text) > maxText {
		m.Text = cutText(m.Text)
		b.cut = true
	}
	if b.cut {
		m.Limits = append(m.Limits, "Only the first 1 MiB of the text of this mail is shown; the mail was kept whole.")
	}
}

// keepWhole lets one attachment stand for a mail whose parts are not read.
func keepWhole(raw []byte, why string, m *mailer.Message) {
	m.Text, m.Attachments = "", nil
	m.Limits = append(m.Limits, why+"; its content is not shown, and it was kept whole as message.eml.")
	a := newDigest()
	a.Write(raw)
	m.Attachments = []mailer.Attachment{{
		Name: "message.eml", ContentType: "message/rfc822", Size: a.size, SHA256: a.sum(),
	}}
}

// body walks the parts of one mail.
type body struct {
	m    *mailer.Message
	leaf int  // leaves so far, for names
	cut  bool // whether text was left out
}

// text gives the text of a part and notes the attachments in it. Where the
// text is not wanted, because another alternative was chosen, it is left out.
func (b *body) text(p *part, wanted bool) string {
	switch {
	case len(p.parts) == 0:
		return b.leafText(p, wanted)
	case p.typ == "multipart/alternative" && wanted:
		return b.alternative(p)
	}
	var texts []string
	for _, c := range p.parts {
		if t := b.text(c, wanted); strings.TrimSpace(t) != "" {
			texts = append(texts, t)
		}
	}
	return joinTexts(texts)
}

// alternative chooses plain text where it says anything, else the richest
// alternative, which is the last one (RFC 2046 5.1.4).
func (b *body) alternative(p *part) string {
	var plain, rich []*part
	for _, c := range p.parts {
		if c.hasPlain() {
			plain = append(plain, c)
		} else {
			rich = append(rich, c)
		}
	}
	slices.Reverse(rich)
	chosen := ""
	for _, c := range append(plain, rich...) {
		t := b.text(c, chosen == "")
		if chosen == "" && strings.TrimSpace(t) != "" {
			chosen = t
		}
	}
	return chosen
}

// leafText is the text of one part, or "" for an attachment, which it notes.
func (b *body) leafText(p *part, wanted bool) string {
	b.leaf++
	switch {
	case !p.isText():
		b.attach(p)
		return ""
	case !wanted:
		return ""
	}
	text, cut := decodeText(p.header.Get("Content-Transfer-Encoding"), p.content)
	b.cut = b.cut || cut
	if p.typ == "text/html" {
		return page.Text(page.Decode(text, p.params["charset"]))
	}
	return charset.Lines(charset.Decode(text, p.params["charset"]))
}

// joinTexts puts an empty line between the texts of several parts.
func joinTexts(texts []string) string {
	for i := range texts[:max(0, len(texts)-1)] {
		texts[i] = strings.TrimRight(texts[i], "\n")
	}
	return strings.Join(texts, "\n\n")
}

// cutText cuts at a character within maxText.
func cutText(s string) string { return strings.ToValidUTF8(s[:maxText], "") }
