// Package tnef reads the winmail.dat that Outlook and Exchange put in a mail in
// place of its text and attachments (MS-OXTNEF), and the RTF that stands for the
// text in it (MS-OXRTFCP, MS-OXRTFEX). It is not for writing, and it knows no
// recipients, dates or forms: the mail around it has them.
package tnef

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/page"
)

// Message is what a winmail.dat holds. Texts are valid UTF-8 without NUL and
// their lines end with \n.
type Message struct {
	Subject     string // on one line; "" if it has none
	Text, HTML  string // the same text in two forms, or one of them; both "" if there is none
	RTF         []byte // the text as RTF, decompressed
	Attachments []File
	Limit       string // what is not here or may be wrong, and why; "" for nothing
}

// File is one attachment.
type File struct {
	Name        string // as written: not fit for a path
	ContentType string // "" if not stated; "application/ms-tnef" for a message, whose Data Read takes
	ContentID   string // without angle brackets
	Data        []byte // shares the memory of what was read
}

// Errors of Read. What was read until then is returned with them.
var (
	ErrFormat    = errors.New("no TNEF")        // the signature is missing
	ErrTruncated = errors.New("TNEF cut short") // a length points behind the end
)

// Limits of what one file may make us keep.
const (
	maxFiles   = 1000    // as many as a mail may have parts (mail-traps C)
	maxSource  = 4 << 20 // octets of a text in one form that are looked at
	maxSubject = 1000    // octets
	maxName    = 4 << 10 // octets
)

// Attributes that are read, with their type (MS-OXTNEF 2.1.3.2).
const (
	attOEMCodepage   = 0x00069007
	attSubject       = 0x00018004
	attBody          = 0x0002800c
	attMessageProps  = 0x00069003
	attRenderData    = 0x00069002 // begins an attachment
	attTitle         = 0x00018010
	attTransportName = 0x00069001
	attData          = 0x0006800f
	attAttachment    = 0x00069005 // properties of the attachment
)

const (
	signature       = 0x223e9f78
	levelMessage    = 1
	levelAttachment = 2
)

// Read reads a whole winmail.dat. It never keeps more than a small multiple of b.
func Read(b []byte) (Message, error) {
	r := reader{}
	err := r.attributes(b)
	return r.message(), err
}

// reader collects values as they are written; what they say depends on a code
// page that may come later.
type reader struct {
	codepage uint32 // of strings that are not Unicode; 0: not stated
	internet uint32 // of the page in HTML
	subject  value
	text     value
	html     value
	rtf      []byte
	files    []file
	full     bool // there are more of them than are kept
	notes    []string
}

// file is an attachment as it is read.
type file struct {
	names       [nameKinds]value
	contentType value
	contentID   value
	data        []byte
	message     bool // data is a TNEF of its own
}

// The names of an attachment, best first.
const (
	longName = iota
	shortName
	displayName // the subject, of a message
	transportName
	title // often "Untitled Attachment"
	nameKinds
)

// attributes walks over the file: attributes one behind the other, each with a
// level, an id with a type in it, a length, and a sum behind its data.
func (r *reader) attributes(b []byte) error {
	const head, tail = 1 + 4 + 4, 2
	if len(b) < 4 || binary.LittleEndian.Uint32(b) != signature {
		return ErrFormat
	}
	b = b[min(len(b), 4+2):] // the key is of use to nobody
	for len(b) >= head {
		level, id := b[0], binary.LittleEndian.Uint32(b[1:])
		size := uint64(binary.LittleEndian.Uint32(b[5:]))
		if level != levelMessage && level != levelAttachment {
			r.note("what stands behind its last part is no TNEF")
			return nil
		}
		b = b[head:]
		cut := size > uint64(len(b))
		data := b[:min(size, uint64(len(b)))]
		r.attribute(level, id, data)
		if cut {
			return ErrTruncated
		}
		b = b[size:]
		if len(b) >= tail {
			r.checksum(data, binary.LittleEndian.Uint16(b))
		}
		b = b[min(len(b), tail):]
	}
	if level := bytes.Trim(b, "\x00\r\n"); len(level) > 0 && level[0] <= levelAttachment {
		return ErrTruncated
	}
	return nil
}

// checksum notes a wrong sum, once: some writers have all of them wrong.
func (r *reader) checksum(data []byte, want uint16) {
	var sum uint16
	for _, c := range data {
		sum += uint16(c)
	}
	if sum != want {
		r.note("a checksum in it is wrong")
	}
}

// note keeps once what the reader of the case should know.
func (r *reader) note(s string) {
	for _, n := range r.notes {
		if n == s {
			return
		}
	}
	r.notes = append(r.notes, s)
}

// attribute takes what is said of the message.
func (r *reader) attribute(level byte, id uint32, data []byte) {
	if level == levelAttachment {
		r.attachmentAttribute(id, data)
		return
	}
	switch id {
	case attOEMCodepage:
		if len(data) >= 4 {
			r.codepage = binary.LittleEndian.Uint32(data)
		}
	case attSubject:
		r.subject.set(typeString8, data)
	case attBody:
		r.text.set(typeString8, data)
	case attMessageProps:
		r.properties(data, r.messageProperty)
	}
}

// attachmentAttribute takes what is said of the attachment that was begun last;
// some writers begin none.
func (r *reader) attachmentAttribute(id uint32, data []byte) {
	if id == attRenderData || len(r.files) == 0 {
		if len(r.files) == maxFiles {
			r.note("it has more than 1,000 attachments")
			r.full = true
		} else {
			r.files = append(r.files, file{})
		}
	}
	if r.full {
		return
	}
	f := &r.files[len(r.files)-1]
	switch id {
	case attTitle:
		f.names[title].set(typeString8, data)
	case attTransportName:
		f.names[transportName].set(typeString8, data)
	case attData:
		if len(f.data) == 0 {
			f.data, f.message = data, false
		}
	case attAttachment:
		r.properties(data, f.property)
	}
}

// message turns what was collected into text.
func (r *reader) message() Message {
	m := Message{Subject: charset.OneLine(r.string(r.subject), maxSubject)}
	m.Text = charset.Lines(r.string(r.shorten(r.text)))
	m.HTML = charset.Lines(r.page(r.shorten(r.html)))
	m.RTF = r.decompress()
	r.fromRTF(&m)
	for _, f := range r.files {
		m.Attachments = append(m.Attachments, r.file(f))
	}
	m.Limit = strings.Join(r.notes, "; ")
	return m
}

// fromRTF fills in what the RTF says and nothing else does.
func (r *reader) fromRTF(m *Message) {
	if len(m.RTF) == 0 || m.HTML != "" {
		return
	}
	text, kind := readRTF(m.RTF, r.codepage)
	blank := strings.TrimSpace(m.Text) == ""
	switch {
	case kind == fromHTML:
		m.HTML = charset.Lines(text)
	case blank:
		m.Text = text
	}
}

// shorten bounds a text.
func (r *reader) shorten(v value) value {
	if len(v.octets) > maxSource {
		v.octets = v.octets[:maxSource]
		r.note("its text is cut at 4 MiB")
	}
	return v
}

// decompress gives the text in RTF.
func (r *reader) decompress() []byte {
	if len(r.rtf) == 0 {
		return nil
	}
	out, cut, err := decompressRTF(r.rtf, maxSource)
	if cut {
		r.note("its text is cut at 4 MiB")
	}
	if err != nil {
		r.note("its text in RTF is damaged")
	}
	return out
}

// string decodes text in the code page of the message.
func (r *reader) string(v value) string {
	s := ""
	switch v.typ {
	case typeUnicode:
		s = charset.Decode(v.octets[:len(v.octets)&^1], "utf-16le")
	default:
		s = charset.Decode(trimNUL(v.octets), label(r.codepage))
	}
	return strings.TrimRight(s, "\x00")
}

// page decodes the HTML, which in the binary form says itself what it is in.
func (r *reader) page(v value) string {
	if v.typ == typeUnicode {
		return r.string(v)
	}
	cp := r.internet
	if cp == 0 && v.typ == typeString8 {
		cp = r.codepage
	}
	text, _ := page.Decode(trimNUL(v.octets), label(cp))
	return text
}

// file names an attachment by the best name that it has.
func (r *reader) file(f file) File {
	out := File{Data: f.data}
	for _, n := range f.names {
		if out.Name = r.line(n); out.Name != "" {
			break
		}
	}
	out.ContentType = strings.ToLower(r.line(f.contentType))
	out.ContentID = strings.Trim(r.line(f.contentID), "<> ")
	if f.message {
		out.ContentType = "application/ms-tnef"
	}
	return out
}

// line decodes a name.
func (r *reader) line(v value) string {
	v.octets = v.octets[:min(len(v.octets), maxName)]
	return charset.OneLine(r.string(v), maxName)
}

// trimNUL cuts the zeros that end a string in C.
func trimNUL(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return b
}
