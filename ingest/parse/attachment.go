package parse

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/ingest/parse/page"
	"casegate/ingest/parse/transfer"
	"casegate/ingest/parse/uuencode"
	"casegate/mailer"
)

// maxFileName is what file systems and mail-traps C allow, in octets.
const maxFileName = 255

// attach notes a part as an attachment.
func (b *body) attach(p *part) {
	d := b.digest()
	decoder := transfer.NewDecoder(d, p.encoding())
	b.src.copy(decoder, p.start, p.end)
	decoder.Close()
	b.add(b.described(p), d)
}

// described is an attachment as the header of its part describes it.
func (b *body) described(p *part) mailer.Attachment {
	a := mailer.Attachment{Name: p.fileName(b.label), ContentType: p.contentType()}
	if ids := header.MessageIDs(p.header.Get("Content-ID")); len(ids) > 0 {
		a.ContentID = ids[0]
	}
	a.Inline = a.ContentID != "" && (p.related || p.disposition() == "inline") && strings.HasPrefix(a.ContentType, "image/")
	return a
}

// attachData notes a file that was packed in a part.
func (b *body) attachData(a mailer.Attachment, data []byte) {
	d := b.digest()
	d.Write(data)
	a.Name = safeName(a.Name)
	if a.ContentType, _ = header.MediaType(a.ContentType); !strings.Contains(a.ContentType, "/") {
		a.ContentType = typeOf(a.Name)
	}
	a.ContentID = charset.OneLine(a.ContentID, header.MaxID)
	b.add(a, d)
}

// add completes an attachment. One without a name is named after its place.
func (b *body) add(a mailer.Attachment, d *digest) {
	if len(b.m.Attachments) == maxParts {
		b.limit("This mail has more than 1,000 attachments; only the first are listed, and it was kept whole.")
		return
	}
	if a.Name == "" {
		a.Name = fmt.Sprintf("part-%d%s", max(1, b.leaf), extension(a.ContentType))
	}
	a.Size, a.SHA256 = d.size, d.sum()
	b.m.Attachments = append(b.m.Attachments, a)
}

// isUU tells the transfer encodings that were never registered and are still met.
func isUU(encoding string) bool {
	switch encoding {
	case "x-uuencode", "x-uue", "uuencode", "uue":
		return true
	}
	return false
}

// uuencoded opens a part in one of those, and gives the text that stands around
// the files.
func (b *body) uuencoded(p *part) text {
	raw, cut := b.src.bytes(p.start, p.end, maxOpened)
	if cut {
		b.limit("A uuencoded part of this mail is too large to be decoded; it was kept as it is.")
		b.attach(p)
		return text{}
	}
	rest, files := uuencode.Split(raw)
	if len(files) == 0 {
		b.limit("A uuencoded part of this mail has no end; it was kept as it is.")
		b.attach(p)
		return text{}
	}
	for i, f := range files {
		if a := b.described(p); i == 0 && a.Name != "" {
			b.attachData(a, f.Data)
			continue
		}
		b.attachFile(f)
	}
	return text{Page: page.Page{Text: charset.Lines(charset.Decode(rest, p.params["charset"]))}}
}

// attachFile notes a file that was found in a text.
func (b *body) attachFile(f uuencode.File) {
	name := charset.Decode([]byte(f.Name), b.label)
	b.attachData(mailer.Attachment{Name: name}, f.Data)
	if f.Note != "" {
		b.limit(fmt.Sprintf("The file %s in the text of this mail: %s.", safeName(name), f.Note))
	}
}

// fileName is a part's name, made safe; "" if it has none. Content-Disposition
// goes before Content-Type (RFC 2183 2.3), and one decoder serves every reader
// (T60). label is the charset of raw 8-bit text.
func (p *part) fileName(label string) string {
	if v := p.header.Get("Content-Disposition"); v != "" {
		_, params := header.MediaType(v)
		if name := safeName(header.Param(params, "filename", label)); name != "" {
			return name
		}
	}
	if name := safeName(header.Param(p.params, "name", label)); name != "" {
		return name
	}
	return safeName(header.Param(p.params, "file", label)) // what some programs write in its place
}

// safeName makes a name that is no path, hides nothing and starts with no dot
// (T74). What is too long loses its middle, so that the extension stays.
func safeName(s string) string {
	if i := strings.LastIndexAny(s, `/\`); i >= 0 {
		s = s[i+1:]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`<>:"|?*`, r):
			return '_'
		case r >= '\u200b' && r <= '\u200d', r == '\u2060', r == '\u00ad':
			return -1 // invisible in a name
		}
		return r
	}, s)
	s = strings.Trim(charset.OneLine(s, 8*maxFileName), " .")
	if len(s) <= maxFileName {
		return s
	}
	ext := ""
	if i := strings.LastIndexByte(s, '.'); i >= 0 && len(s)-i <= 16 {
		ext = s[i:]
	}
	n := maxFileName - len(ext)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + ext
}

// extensions for parts without a name, so that people can open them.
var extensions = map[string]string{
	"text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv",
	"text/vcard": ".vcf", "text/x-vcard": ".vcf", "text/rfc822-headers": ".txt",
	"message/rfc822": ".eml", "message/global": ".eml",
	"message/delivery-status": ".txt", "message/global-delivery-status": ".txt",
	"message/disposition-notification": ".txt", "message/feedback-report": ".txt",
	"image/png": ".png", "image/jpeg": ".jpg", "image/jpg": ".jpg", "image/gif": ".gif",
	"image/webp": ".webp", "image/svg+xml": ".svg", "image/tiff": ".tif", "image/bmp": ".bmp",
	"application/pdf": ".pdf", "application/zip": ".zip", "application/json": ".json",
	"application/xml": ".xml", "text/xml": ".xml", "application/rtf": ".rtf", "text/rtf": ".rtf",
	"application/ics": ".ics", "application/msword": ".doc", "application/ms-tnef": ".dat",
	"application/pgp-signature": ".asc", "application/pgp-encrypted": ".asc", "application/pgp-keys": ".asc",
	"application/pkcs7-signature": ".p7s", "application/x-pkcs7-signature": ".p7s",
	"application/pkcs7-mime": ".p7m", "application/x-pkcs7-mime": ".p7m",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   ".docx",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         ".xlsx",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
}

func extension(typ string) string {
	if ext, ok := extensions[typ]; ok {
		return ext
	}
	if strings.HasPrefix(typ, "text/") {
		return ".txt"
	}
	return ".bin"
}

// types are what files are by their extension, for those that came without a type.
var types = map[string]string{
	".txt": "text/plain", ".log": "text/plain", ".html": "text/html", ".ics": "text/calendar", ".csv": "text/csv",
	".eml": "message/rfc822", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
	".webp": "image/webp", ".bmp": "image/bmp", ".pdf": "application/pdf", ".zip": "application/zip",
	".json": "application/json", ".xml": "application/xml", ".rtf": "application/rtf", ".doc": "application/msword",
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}

func typeOf(name string) string {
	if typ, ok := types[strings.ToLower(filepath.Ext(name))]; ok {
		return typ
	}
	return "application/octet-stream"
}

// digest counts and hashes what is written to it, and passes it on to who asked
// for this attachment.
type digest struct {
	hash  hash.Hash
	size  int64
	sink  io.Writer // nil: nobody did
	error error     // of sink
}

// digest is for the next attachment that is noted.
func (b *body) digest() *digest {
	d := &digest{hash: sha256.New()}
	if b.sink != nil && b.found == nil && b.want == len(b.m.Attachments) && b.want < maxParts {
		b.found, d.sink = d, b.sink
	}
	return d
}

// Write implements io.Writer; it has no errors.
func (d *digest) Write(p []byte) (int, error) {
	d.size += int64(len(p))
	if d.sink != nil && d.error == nil {
		_, d.error = d.sink.Write(p)
	}
	return d.hash.Write(p)
}

func (d *digest) sum() string { return hex.EncodeToString(d.hash.Sum(nil)) }

// ErrNoAttachment: a mail has no attachment of that number.
var ErrNoAttachment = errors.New("no such attachment")

// Attachment writes the decoded octets of an attachment to w, by its place in
// Message's list, from 0. It reads the mail once more; its errors are those of
// reading it, of w, and ErrNoAttachment.
func (s *Source) Attachment(n int, w io.Writer) error {
	var m mailer.Message
	var found *digest
	attempt(&m, func() {
		b := newBody(s, &m)
		b.sink, b.want = w, n
		b.read(s.Header())
		found = b.found
	})
	switch {
	case s.err != nil:
		return s.err
	case m.Failure != "":
		return errors.New(m.Failure)
	case found == nil:
		return ErrNoAttachment
	}
	return found.error
}
