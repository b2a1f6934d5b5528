package parse

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/ingest/parse/transfer"
	"casegate/ingest/parse/uuencode"
	"casegate/mailer"
)

// maxFileName is what file systems and mail-traps C allow, in octets.
const maxFileName = 255

// attach notes a part as an attachment.
func (b *body) attach(p *part) {
	d := newDigest()
	if isUU(p.encoding()) {
		b.attachUU(p, d)
	} else {
		decoder := transfer.NewDecoder(d, p.encoding())
		b.src.copy(decoder, p.start, p.end)
		decoder.Close()
	}
	a := mailer.Attachment{Name: p.fileName(), ContentType: p.contentType()}
	if ids := header.MessageIDs(p.header.Get("Content-ID")); len(ids) > 0 {
		a.ContentID = ids[0]
	}
	a.Inline = a.ContentID != "" && (p.related || p.disposition() == "inline") && strings.HasPrefix(a.ContentType, "image/")
	b.add(a, d)
}

// attachData notes a file that was packed in a part.
func (b *body) attachData(name, typ, id string, data []byte) {
	d := newDigest()
	d.Write(data)
	name = safeName(name)
	typ, _ = header.MediaType(typ)
	if !strings.Contains(typ, "/") {
		typ = typeOf(name)
	}
	b.add(mailer.Attachment{Name: name, ContentType: typ, ContentID: charset.OneLine(id, header.MaxID)}, d)
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
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "x-uuencode", "x-uue", "uuencode", "uue":
		return true
	}
	return false
}

// attachUU decodes a uuencoded part; what is not, or is too large, stays as it is.
func (b *body) attachUU(p *part, d *digest) {
	raw, cut := b.src.bytes(p.start, p.end, maxOpened)
	if cut {
		b.limit("A uuencoded part of this mail is too large to be decoded; it was kept as it is.")
		b.src.copy(d, p.start, p.end)
		return
	}
	if _, files := uuencode.Split(raw); len(files) > 0 {
		raw = files[0].Data
	} else if data := uuencode.Decode(raw); len(data) > 0 {
		raw = data
	}
	d.Write(raw)
}

// fileName is a part's name, made safe; "" if it has none. Content-Disposition
// goes before Content-Type (RFC 2183 2.3), and one decoder serves every reader
// (T60).
func (p *part) fileName() string {
	if v := p.header.Get("Content-Disposition"); v != "" {
		_, params := header.MediaType(v)
		if name := safeName(header.Param(params, "filename", "")); name != "" {
			return name
		}
	}
	if name := safeName(header.Param(p.params, "name", "")); name != "" {
		return name
	}
	return safeName(header.Param(p.params, "file", "")) // what some programs write in its place
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

// typeOf guesses the type of a file that has none from its extension.
func typeOf(name string) string {
	found, ext := "application/octet-stream", strings.ToLower(filepath.Ext(name))
	for typ, e := range extensions {
		// Several types share an extension: always the same one is taken.
		if e == ext && (found == "application/octet-stream" || typ < found) {
			found = typ
		}
	}
	return found
}

// digest counts and hashes what is written to it.
type digest struct {
	hash hash.Hash
	size int64
}

func newDigest() *digest { return &digest{hash: sha256.New()} }

func (d *digest) Write(p []byte) (int, error) {
	d.size += int64(len(p))
	return d.hash.Write(p)
}

func (d *digest) sum() string { return hex.EncodeToString(d.hash.Sum(nil)) }
