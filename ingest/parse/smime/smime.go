// Package smime takes the content out of S/MIME messages of one piece
// (application/pkcs7-mime, RFC 8551 3.5.2) and tells the other kinds. It is not
// for checking: there is no cryptography in it, and what it gives was signed by
// whoever the signature says or by nobody.
package smime

import "errors"

// Content is what a message of one piece holds.
type Content struct {
	Type string // "signed", "encrypted", "compressed" or "unknown"
	// Data is what was signed, a MIME entity with its header; nil where the
	// signature stands alone or the type is another. It may share the memory
	// of what was read.
	Data []byte
}

// Errors of Read. What was read until then is returned with them.
var (
	ErrFormat    = errors.New("no CMS content")    // not what RFC 5652 3 describes
	ErrTruncated = errors.New("CMS cut short")     // it ends within an element
	ErrDepth     = errors.New("CMS nested deeply") // more than any mailer writes
)

// Read reads a ContentInfo (RFC 5652 3) in BER: with lengths that are not stated
// and strings in pieces, as programs write that do not know the end when they
// begin.
func Read(der []byte) (Content, error) {
	outer, err := enter(element{content: der, open: true}, tagSequence)
	if err != nil {
		return Content{Type: "unknown"}, err
	}
	oid, rest, err := outer.next()
	if err != nil {
		return Content{Type: "unknown"}, err
	}
	c := Content{Type: contentType(oid)}
	switch {
	case c.Type == "unknown":
		return c, ErrFormat
	case c.Type != "signed":
		return c, nil
	}
	explicit, err := enter(rest, tagExplicit0)
	if err != nil {
		return c, err
	}
	c.Data, err = signedContent(explicit)
	return c, err
}

// The identifiers of the kinds of content, as octets (RFC 5652, 3274, 5083).
const (
	oidSigned             = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
	oidEnveloped          = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"
	oidSignedAndEnveloped = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x04"
	oidEncrypted          = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06"
	oidCompressed         = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09"
	oidAuthEnveloped      = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"
)

func contentType(e element) string {
	if e.tag != tagOID {
		return "unknown"
	}
	switch string(e.content) {
	case oidSigned:
		return "signed"
	case oidEnveloped, oidSignedAndEnveloped, oidEncrypted, oidAuthEnveloped:
		return "encrypted"
	case oidCompressed:
		return "compressed"
	}
	return "unknown"
}

// signedContent walks to the content of a SignedData (RFC 5652 5.1): behind the
// version and the digest algorithms, behind its own type.
func signedContent(e element) ([]byte, error) {
	e, err := enter(e, tagSequence)
	if err != nil {
		return nil, err
	}
	version, e, err := e.next()
	if err != nil {
		return nil, err
	}
	if version.tag != tagInteger {
		return nil, ErrFormat
	}
	if e, err = e.pass(tagSet); err != nil {
		return nil, err
	}
	if e, err = enter(e, tagSequence); err != nil {
		return nil, err
	}
	typ, e, err := e.next()
	if err != nil {
		return nil, err
	}
	if typ.tag != tagOID {
		return nil, ErrFormat
	}
	if e.ended() {
		return nil, nil // RFC 8551 3.5.3: the content is beside the signature, or there is none
	}
	if e, err = enter(e, tagExplicit0); err != nil {
		return nil, err
	}
	return e.octets()
}
