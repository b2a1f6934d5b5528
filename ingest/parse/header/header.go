// Package header reads the header of a mail from its raw bytes: its fields, and
// the addresses, message ids, media types and parameters in them (RFC 5322, 2045,
// 2231). It repairs what real mail needs and believes nothing: who wrote a mail is
// for ingest/verify to say.
package header

import (
	"bytes"
	"strings"
)

// Limits of a header (T58, mail-traps C).
const (
	MaxOctets = 256 << 10 // octets
	MaxFields = 1000
)

// Field is one header field as it came.
type Field struct {
	Name string // without the white space that obsolete syntax allows before the colon
	Raw  []byte // name, colon and value with folding and line ends; part of the raw mail, not to be changed
}

// Value is the field's body, unfolded (RFC 5322 2.2.3) and trimmed of white
// space. Every other octet is as it came: NUL, bare CR and 8-bit included.
func (f Field) Value() string {
	colon := bytes.IndexByte(f.Raw, ':')
	if colon < 0 {
		return ""
	}
	return unfold(f.Raw[colon+1:])
}

// Is compares the name with a field name in ASCII, ignoring case.
func (f Field) Is(name string) bool {
	return len(f.Name) == len(name) && strings.EqualFold(f.Name, name)
}

// Header is the header of a mail, read from its raw bytes with the repairs that
// real mail needs and without decoding anything. What must be believed is
// decided from it, never from what a MIME library made of it.
type Header struct {
	Fields []Field // in order
	Body   int     // where the body starts in the raw mail

	// Over says which limit the header is beyond, in words for the reader of
	// a case; "" if all of it was read. Fields then holds the beginning.
	Over string
}

// Get is the value of the first field with this name; "" without one.
func (h Header) Get(name string) string {
	for _, f := range h.Fields {
		if f.Is(name) {
			return f.Value()
		}
	}
	return ""
}

// All is the values of all fields with this name, in order.
func (h Header) All(name string) []string {
	var values []string
	for _, f := range h.Fields {
		if f.Is(name) {
			values = append(values, f.Value())
		}
	}
	return values
}

// Has tells whether a field is there, be it empty.
func (h Header) Has(name string) bool {
	for _, f := range h.Fields {
		if f.Is(name) {
			return true
		}
	}
	return false
}

// Read reads the header at the start of a mail, with CRLF or LF line
// ends. It skips an mbox "From " line and other junk lines that have fields
// below them, and takes the first line that is neither field nor continuation
// for the body where no field follows: a header without its empty line.
func Read(raw []byte) Header {
	var h Header
	lastField, sought := -1, false // start of the last well-known field; sought once, at the first junk line
	for pos := leadingLines(raw); ; {
		if pos >= len(raw) {
			h.Body = len(raw)
			return h
		}
		if n := EmptyLine(raw[pos:]); n > 0 {
			h.Body = pos + n
			return h
		}
		end := logicalLine(raw, pos)
		if end > MaxOctets {
			return h.over(raw, pos, "is longer than 256 KiB")
		}
		line := raw[pos:end]
		if name, ok := fieldName(line); ok {
			if len(h.Fields) == MaxFields {
				return h.over(raw, pos, "has more than 1,000 fields")
			}
			h.Fields = append(h.Fields, Field{Name: name, Raw: line})
		} else {
			if !sought {
				lastField, sought = findLastKnown(raw, pos), true
			}
			if lastField < pos {
				h.Body = pos
				return h
			}
		}
		pos = end
	}
}

// maxLeading is how many empty lines may stand above a header.
const maxLeading = 10

// leadingLines is the length of the empty lines above the first field, as mail
// saved by hand has them; 0 where no well-known field follows. Mail that came
// by SMTP has our own field on top.
func leadingLines(raw []byte) int {
	pos := 0
	for range maxLeading {
		n := EmptyLine(raw[pos:])
		if n == 0 {
			break
		}
		pos += n
	}
	if pos == 0 {
		return 0
	}
	if name, ok := fieldName(raw[pos:logicalLine(raw, pos)]); !ok || !IsKnown(name) {
		return 0
	}
	return pos
}

// over ends a header that is beyond a limit; its body starts below the next
// empty line, so that sizes stay about right.
func (h Header) over(raw []byte, pos int, why string) Header {
	h.Over = "The header of this mail " + why
	h.Body = len(raw)
	for pos < len(raw) {
		nl := bytes.IndexByte(raw[pos:], '\n')
		if nl < 0 {
			break
		}
		pos += nl + 1
		if n := EmptyLine(raw[pos:]); n > 0 {
			h.Body = pos + n
			break
		}
	}
	return h
}

// EmptyLine is the length of the empty line b starts with; 0 if it does not.
func EmptyLine(b []byte) int {
	switch {
	case len(b) > 0 && b[0] == '\n':
		return 1
	case len(b) > 1 && b[0] == '\r' && b[1] == '\n':
		return 2
	}
	return 0
}

// logicalLine is the end of the line at pos with its continuations (RFC 5322
// 2.2.3). It stops looking once beyond the limit of a header.
func logicalLine(raw []byte, pos int) int {
	for pos <= MaxOctets {
		nl := bytes.IndexByte(raw[pos:], '\n')
		if nl < 0 {
			return len(raw)
		}
		pos += nl + 1
		if pos >= len(raw) || raw[pos] != ' ' && raw[pos] != '\t' {
			return pos
		}
	}
	return pos
}

// fieldName reads the name of a field. 8-bit and control octets in it are kept
// rather than dropping the field, so that verify can see a "From" in disguise;
// white space inside it makes the line junk ("From bob Mon Jan 1 12:00").
func fieldName(line []byte) (string, bool) {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 {
		return "", false
	}
	// Folding between name and colon is obsolete but legal syntax (RFC 5322 4.5.3).
	name := bytes.Trim(line[:colon], " \t\r\n")
	if len(name) == 0 || bytes.ContainsAny(name, " \t\r\n") {
		return "", false
	}
	return string(name), true
}

// findLastKnown gives the start of the last field below pos, in the same block
// of lines, whose name no sentence of a text is likely to begin with; -1
// without one.
func findLastKnown(raw []byte, pos int) int {
	last := -1
	for pos < len(raw) && pos <= MaxOctets && EmptyLine(raw[pos:]) == 0 {
		end := logicalLine(raw, pos)
		if name, ok := fieldName(raw[pos:end]); ok && IsKnown(name) {
			last = pos
		}
		pos = end
	}
	return last
}

// knownFields and knownPrefixes tell a header from a text with colons in it.
var (
	knownFields = map[string]bool{
		"from": true, "to": true, "cc": true, "bcc": true, "subject": true, "date": true,
		"sender": true, "reply-to": true, "message-id": true, "in-reply-to": true,
		"references": true, "return-path": true, "received": true, "mime-version": true,
		"dkim-signature": true, "authentication-results": true, "auto-submitted": true,
		"precedence": true, "delivered-to": true, "importance": true, "priority": true,
	}
	knownPrefixes = []string{"content-", "x-", "list-", "arc-", "resent-", "received-"}
)

// IsKnown tells a field name that no sentence of a text is likely to begin with.
func IsKnown(name string) bool {
	lower := strings.ToLower(name)
	if knownFields[lower] {
		return true
	}
	for _, p := range knownPrefixes {
		if strings.HasPrefix(lower, p) {
			return true
		}
	}
	return false
}

// unfold takes the line ends out of a folded value and trims it.
func unfold(b []byte) string {
	b = bytes.Trim(b, " \t\r\n")
	if bytes.IndexByte(b, '\n') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i, c := range b {
		if c == '\n' || c == '\r' && i+1 < len(b) && b[i+1] == '\n' {
			continue
		}
		out = append(out, c)
	}
	return string(out)
}
