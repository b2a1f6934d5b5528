package parse

import (
	"fmt"
	"strings"

	"casegate/ingest/parse/calendar"
	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/ingest/parse/kind"
	"casegate/ingest/parse/page"
	"casegate/ingest/parse/smime"
	"casegate/ingest/parse/tnef"
	"casegate/ingest/parse/uuencode"
	"casegate/mailer"
)

// maxOpened is the largest part that is opened in memory because other parts are
// packed in it, in octets before decoding.
const maxOpened = 8 << 20

// other handles what is no text: it notes attachments, and opens what other
// parts are packed in.
func (b *body) other(p *part) text {
	typ := p.contentType()
	name := strings.ToLower(p.fileName())
	switch {
	case typ == "application/pkcs7-mime", typ == "application/x-pkcs7-mime":
		return b.opaque(p)
	case typ == "application/ms-tnef", typ == "application/vnd.ms-tnef", name == "winmail.dat":
		return b.tnef(p)
	case strings.HasPrefix(typ, "message/"), strings.HasPrefix(typ, "text/rfc822"):
		b.passedOn(p, typ)
		if typ != "message/rfc822" && b.report {
			return text{}
		}
	case typ == "text/calendar", typ == "application/ics":
		b.event(p)
	default:
		b.parts = append(b.parts, kind.Part{Type: typ})
	}
	b.attach(p)
	return text{}
}

// passedOn notes a mail that is in another, or what is left of one.
func (b *body) passedOn(p *part, typ string) {
	raw, _ := b.content(p, maxPart)
	b.parts = append(b.parts, kind.Part{Type: typ, Text: charset.Decode(raw, p.params["charset"])})
	switch typ {
	case "message/partial":
		b.limit("This is a piece of a larger mail that was sent in several (message/partial): it is not put together.")
	case "message/external-body":
		b.limit("This mail refers to a file that is kept elsewhere (message/external-body): it was not fetched.")
	case "message/rfc822", "message/global":
		if b.report || b.m.Forwarded != nil || b.depth > 0 {
			return
		}
		b.embedded(p)
		h := header.Read(raw)
		b.m.Forwarded = &mailer.Forwarded{
			Date:    charset.OneLine(h.Get("Date"), maxDate),
			Subject: shownSubject(h.Get("Subject"), ""),
		}
		if from := header.Mailboxes(h, "From", ""); len(from) > 0 {
			b.m.Forwarded.From = from[0]
		}
	}
}

// embedded keeps what a mail within this one says, for one that only passes it
// on. What is sent along with that stays in the attachment.
func (b *body) embedded(p *part) {
	if len(p.parts) == 0 || !b.spare.blank() {
		return
	}
	inner := body{m: &mailer.Message{}, src: b.src, depth: b.depth + 1}
	if t := inner.text(p.parts[0]); !t.blank() {
		t.twin = nil
		b.spare, b.spareHTML, b.passed = t, inner.html, true
	}
}

// event keeps what a calendar part says for a mail that says nothing else.
func (b *body) event(p *part) {
	raw, _ := b.content(p, maxPart)
	ics, _ := charset.Read(raw, p.params["charset"])
	b.parts = append(b.parts, kind.Part{Type: "text/calendar", Text: ics})
	if e, err := calendar.Read(ics); err == nil && b.spare.blank() {
		b.spare, b.passed = text{Page: page.Page{Text: e.Text()}}, false
	}
}

// tnef opens what Outlook packs a message in. A file that cannot be read to its
// end stays an attachment beside what was found in it.
func (b *body) tnef(p *part) text {
	b.parts = append(b.parts, kind.Part{Type: "application/ms-tnef"})
	if p.end-p.start > maxOpened {
		b.limit("The winmail.dat of this mail is too large to be opened; it was kept as an attachment.")
		b.attach(p)
		return text{}
	}
	raw, _ := b.content(p, maxOpened)
	if !b.readTNEF(raw, 0) {
		b.attach(p)
	}
	return text{}
}

// readTNEF notes what is in a winmail.dat, and reads the messages in it.
func (b *body) readTNEF(raw []byte, depth int) (whole bool) {
	in, err := tnef.Read(raw)
	if err != nil {
		b.limit("The winmail.dat of this mail could not be read to its end; it was kept as an attachment.")
	}
	if in.Limit != "" {
		b.limit("The winmail.dat of this mail: " + in.Limit + ".")
	}
	for _, f := range in.Attachments {
		if f.ContentType == "application/ms-tnef" && depth < 3 && b.readTNEF(f.Data, depth+1) {
			continue
		}
		b.attachData(f.Name, f.ContentType, f.ContentID, f.Data)
	}
	switch {
	case !b.spare.blank():
	case strings.TrimSpace(in.Text) != "":
		b.spare = text{Page: page.Page{Text: charset.Lines(in.Text)}}
	case in.HTML != "":
		b.spare, b.spareHTML = text{Page: page.Read(in.HTML)}, []string{in.HTML}
	}
	return err == nil
}

// opaque shows what an S/MIME signature is wrapped around (RFC 8551 3.5.2).
// Nothing is verified.
func (b *body) opaque(p *part) text {
	b.parts = append(b.parts, kind.Part{Type: p.contentType()})
	if p.end-p.start > maxOpened {
		b.limit("The S/MIME content of this mail is too large to be opened; it was kept as an attachment.")
		b.attach(p)
		return text{}
	}
	raw, _ := b.content(p, maxOpened)
	in, err := smime.Read(raw)
	switch {
	case in.Type == "signed" && len(in.Data) > 0 && b.depth < 3:
		b.mark("signed (S/MIME), not checked")
		if t, ok := b.within(in.Data); ok && err == nil {
			return t
		}
		b.limit("The S/MIME signature of this mail could not be read to its end; it was kept as an attachment.")
	case err != nil:
		b.limit("The S/MIME content of this mail could not be read; it was kept as an attachment.")
	case in.Type == "encrypted":
		b.limit("This mail is encrypted (S/MIME): its content cannot be shown.")
	case in.Type == "compressed":
		b.limit("This mail is compressed (S/MIME): its content is not unpacked; it was kept as an attachment.")
	}
	b.attach(p)
	return text{}
}

// within reads the mail in an S/MIME signature as a part of this one.
func (b *body) within(raw []byte) (text, bool) {
	src := Bytes(raw)
	root, why := split(src.Header(), src)
	if why != "" {
		b.limit(why + " within its S/MIME signature; its content is not shown, and it was kept as an attachment.")
		return text{}, false
	}
	outer := b.src
	b.src, b.depth = src, b.depth+1
	t := b.text(root)
	b.src, b.depth = outer, b.depth-1
	return t, true
}

// unpack takes the files out of a text that holds them uuencoded.
func (b *body) unpack(raw []byte) []byte {
	rest, files := uuencode.Split(raw)
	for _, f := range files {
		b.attachData(charset.Decode([]byte(f.Name), ""), "", "", f.Data)
		if f.Note != "" {
			b.limit(fmt.Sprintf("The file %s in the text of this mail: %s.", charset.OneLine(charset.Decode([]byte(f.Name), ""), maxFileName), f.Note))
		}
	}
	return rest
}

// limit notes once what could not be shown, and why.
func (b *body) limit(s string) {
	for _, l := range b.m.Limits {
		if l == s {
			return
		}
	}
	b.m.Limits = append(b.m.Limits, s)
}

// markProtection says how a multipart was signed or encrypted (RFC 1847).
func (b *body) markProtection(p *part) {
	how := "S/MIME"
	if strings.Contains(strings.ToLower(p.params["protocol"]), "pgp") {
		how = "PGP"
	}
	switch p.typ {
	case "multipart/signed":
		b.mark(fmt.Sprintf("signed (%s), not checked", how))
	case "multipart/encrypted":
		b.limit(fmt.Sprintf("This mail is encrypted (%s): its content cannot be shown.", how))
	}
}

// markInline says the same of PGP within a text (RFC 9580 6.2 and 7).
func (b *body) markInline(s string) {
	switch {
	case !strings.Contains(s, "-----BEGIN PGP "):
	case strings.Contains(s, "-----BEGIN PGP SIGNED MESSAGE-----"):
		b.mark("signed (PGP), not checked")
	case strings.Contains(s, "-----BEGIN PGP MESSAGE-----"):
		b.limit("This mail is encrypted (PGP): its content cannot be shown.")
	}
}
