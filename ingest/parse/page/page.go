// Package page reads the HTML of mails: as text that people read, with what its
// markup says of quotes and signatures, and made safe to be shown. It fetches
// nothing, and it takes time and memory linear in the size of the page.
package page

import (
	"casegate/ingest/parse/charset"

	htmlcharset "golang.org/x/net/html/charset"
)

// Span is a part of a page's text: octets of Page.Text from Start up to, not
// including, End. Why names the markup that told it, for example "gmail_quote".
type Span struct {
	Start, End int
	Why        string
}

// Page is what a person reads in a page.
//
// Why of a quote ends in " forward" where the sender passes a mail on, and is
// Blockquote where nothing but the element's name speaks for a quote.
type Page struct {
	Text       string // valid UTF-8 without NUL
	Quotes     []Span // parts that markup says come from an earlier mail, in order, not overlapping
	Signatures []Span // parts that markup says are a signature, likewise
}

// Blockquote is the Why of a quote that may as well be a citation of a book.
const Blockquote = "blockquote"

// Read reads a page. What the page hides from its reader is not in Text (F9).
func Read(html string) Page {
	r := newReader()
	r.read(charset.Clean(html))
	return r.page()
}

// Decode converts a page to UTF-8 and says what had to be repaired, "" for
// nothing. Where the mail names no charset, the page's own meta element counts
// (mailers that save a page as it is).
func Decode(b []byte, label string) (text, repair string) {
	if label == "" {
		_, label, _ = htmlcharset.DetermineEncoding(b[:min(len(b), 1024)], "")
	}
	return charset.Read(b, label)
}
