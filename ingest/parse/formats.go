package parse

import (
	"bytes"
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
	name := strings.ToLower(p.fileName(""))
	switch {
	case typ == "application/pkcs7-mime", typ == "application/x-pkcs7-mime", strings.HasSuffix(name, ".p7m"):
		return b.opaque(p)
	case typ == "application/ms-tnef", typ == "application/vnd.ms-tnef", name == "winmail.dat":
		b.tnef(p)
		return text{}
	case strings.HasPrefix(typ, "message/"), strings.HasPrefix(typ, "text/rfc822"):
		if b.passedOn(p, typ) {
			return text{}
		}
	case typ == "text/calendar", typ == "application/ics":
		b.event(p)
	default:
		b.tell(kind.Part{Type: typ})
	}
	b.attach(p)
	return text{}
}

// reports are the parts of a report that programs read (RFC 3464, 6533, 8098,
// 5965) and the head of the returned mail, each with a field that it must have to
// be one: what they say is among the bounces.
var reports = map[string]string{
	"message/delivery-status": "Final-Recipient", "message/global-delivery-status": "Final-Recipient",
	"message/disposition-notification": "Disposition", "message/global-disposition-notification": "Disposition",
	"message/feedback-report": "Feedback-Type", "text/rfc822-headers": "Message-ID", "message/global-headers": "Message-ID",
}

// isReport tells whether a part is one of those, and whole.
func isReport(typ string, raw []byte) bool {
	field := reports[typ]
	return field != "" && bytes.Contains(bytes.ToLower(raw), []byte(strings.ToLower(field)+":"))
}

// passedOn notes a mail that is in another, or what is left of one. It tells
// whether that is all there is to show of it.
func (b *body) passedOn(p *part, typ string) (all bool) {
	raw, cut := b.content(p, min(maxPart, maxTold-b.told))
	b.tell(kind.Part{Type: typ, Text: charset.Decode(raw, p.params["charset"]), Attached: p.disposition() == "attachment"})
	switch typ {
	case "message/partial":
		b.limit("This is a piece of a larger mail that was sent in several (message/partial): it is not put together.")
	case "message/external-body":
		b.limit("This mail refers to a file that is kept elsewhere (message/external-body): it was not fetched.")
	case "message/rfc822", "message/global":
		if b.report || b.m.Forwarded != nil || b.depth > 0 {
			return false
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
	return b.report && !cut && p.fileName("") == "" && isReport(typ, raw)
}

// embedded keeps what a mail within this one says, for one that only passes it
// on. What is sent along with that stays in the attachment.
func (b *body) embedded(p *part) {
	if len(p.parts) == 0 || !b.spare.blank() {
		return
	}
	inner := body{m: &mailer.Message{}, src: b.src, label: p.textCharset(), room: b.room, depth: b.depth + 1}
	t := inner.text(p.parts[0])
	if t.blank() {
		return
	}
	t.twin, t.passed = nil, true
	b.spare, b.room = t, inner.room
	for _, s := range inner.m.Limits {
		b.limit(s)
	}
	for _, s := range inner.m.Marks {
		b.mark(s)
	}
	for _, s := range inner.m.CharsetRepairs {
		b.repaired(s)
	}
}

// event keeps what a calendar part says for a mail that says nothing else.
func (b *body) event(p *part) {
	raw, _ := b.content(p, min(maxPart, maxTold-b.told))
	ics, _ := charset.Read(raw, p.params["charset"])
	b.tell(kind.Part{Type: "text/calendar", Text: ics, Attached: p.disposition() == "attachment"})
	if e, err := calendar.Read(ics); err == nil && b.spare.blank() {
		b.spare = text{Page: page.Page{Text: e.Text()}}
	}
}

// tnef opens what Outlook packs a message in. A file that cannot be read to its
// end stays an attachment beside what was found in it.
func (b *body) tnef(p *part) {
	b.tell(kind.Part{Type: "application/ms-tnef"})
	raw, cut := b.content(p, maxOpened)
	if cut {
		b.limit("The winmail.dat of this mail is too large to be opened; it was kept as an attachment.")
		b.attach(p)
		return
	}
	in, err := tnef.Read(raw)
	if err != nil {
		b.limit("The winmail.dat of this mail could not be read to its end; it was kept as an attachment.")
		b.attach(p)
	}
	b.packed(&in, 0)
	if len(in.Text) > b.room || len(in.HTML) > b.room {
		b.limit(cutNote)
		b.attach(p)
	}
	t := text{}
	switch {
	case strings.TrimSpace(in.Text) != "":
		t.Text = cutText(charset.Lines(in.Text), b.room)
	case in.HTML != "":
		markup := cutText(in.HTML, b.room)
		t = text{Page: page.Read(markup), html: []string{markup}}
	}
	b.room -= len(t.Text)
	b.outlook = append(b.outlook, t)
}

// packed notes the files in a winmail.dat, and those in the messages in it.
func (b *body) packed(in *tnef.Message, depth int) {
	if in.Limit != "" {
		b.limit("The winmail.dat of this mail: " + in.Limit + ".")
	}
	for _, f := range in.Attachments {
		b.attachData(mailer.Attachment{Name: f.Name, ContentType: f.ContentType, ContentID: f.ContentID}, f.Data)
		if f.ContentType == "application/ms-tnef" && depth < 3 {
			if inner, err := tnef.Read(f.Data); err == nil {
				b.packed(&inner, depth+1)
			}
		}
	}
}

// addOutlook adds what a winmail.dat says to the text of the mail, unless that
// says the same.
func (b *body) addOutlook(t text) text {
	packed := joinTexts(b.outlook)
	if packed.blank() || !t.blank() && says(t.Text, packed.Text) {
		return t
	}
	return joinTexts([]text{t, packed})
}

// opaque shows what an S/MIME signature is wrapped around (RFC 8551 3.5.2).
// Nothing is verified.
func (b *body) opaque(p *part) text {
	b.tell(kind.Part{Type: p.contentType()})
	raw, cut := b.content(p, maxOpened)
	if cut {
		b.limit("The S/MIME content of this mail is too large to be opened; it was kept as an attachment.")
		b.attach(p)
		return text{}
	}
	in, err := smime.Read(raw)
	switch {
	case in.Type == "signed" && len(in.Data) > 0 && b.depth < 3:
		b.mark("signed (S/MIME), not checked")
		t, ok := b.signed(in.Data)
		if ok && err == nil {
			return t
		}
		b.limit("The S/MIME signature of this mail could not be read to its end; it was kept as an attachment.")
		b.attach(p)
		return t
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

// signed reads the mail in an S/MIME signature as a part of this one.
func (b *body) signed(raw []byte) (text, bool) {
	src := Bytes(raw)
	s := split(src.Header(), src)
	if s.why != "" {
		b.limit(s.why + " within its S/MIME signature; its content is not shown, and it was kept as an attachment.")
		return text{}, false
	}
	outer := b.src
	b.src, b.depth = src, b.depth+1
	t := b.text(s.root)
	b.src, b.depth = outer, b.depth-1
	return t, true
}

// unpack takes the files out of a text that holds them uuencoded.
func (b *body) unpack(raw []byte) []byte {
	rest, files := uuencode.Split(raw)
	for _, f := range files {
		b.attachFile(f)
	}
	return rest
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

// cutText cuts at a character.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:max(0, n)], "")
}
