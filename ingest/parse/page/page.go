// Package page reads the HTML of mails: as text that people read, and made safe
// to be shown. It fetches nothing.
package page

import (
	"bytes"
	"strings"

	"casegate/ingest/parse/charset"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	htmlcharset "golang.org/x/net/html/charset"
)

// Decode converts a page to UTF-8. Where the mail names no charset, the
// page's own meta element counts (mailers that save a page as it is).
func Decode(b []byte, label string) string {
	if label == "" {
		_, label, _ = htmlcharset.DetermineEncoding(b[:min(len(b), 1024)], "")
	}
	return charset.Decode(b, label)
}

// Text reduces a page to the text a person would read in it. It works on
// tokens, not on a tree, because that is linear on every input. A link's
// address follows its text; layout is lost but for lines.
func Text(page string) string {
	t := textWriter{}
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return t.String()
		case html.TextToken:
			if t.skip == 0 {
				t.text(charset.Clean(string(z.Text())))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, attributes := z.TagName()
			a := atom.Lookup(name)
			t.open(a)
			if a == atom.A && attributes {
				t.follow(href(z))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			t.close(atom.Lookup(name))
		}
	}
}

// maxLink is the longest address of a link that is shown, in octets.
const maxLink = 1000

// href gives the address of a link that a person could follow; "" for none.
func href(z *html.Tokenizer) string {
	for {
		key, value, more := z.TagAttr()
		if string(key) == "href" && len(value) <= maxLink {
			link := strings.TrimSpace(charset.Clean(string(value)))
			if s, _, ok := strings.Cut(strings.ToLower(link), ":"); ok && (s == "http" || s == "https") && !strings.ContainsAny(link, " \r\n\t<>") {
				return link
			}
		}
		if !more {
			return ""
		}
	}
}

// textWriter collects text with white space as HTML shows it.
type textWriter struct {
	out   bytes.Buffer
	link  string    // the address of the link that is open
	begin int       // where its text begins
	skip  atom.Atom // the element whose content is left out; 0: none
	pre   int
	space bool // a blank is due before the next word
	lines int  // line ends are due before the next word
}

// open handles the start of an element.
func (t *textWriter) open(a atom.Atom) {
	switch t.skip {
	case 0:
	case atom.Head:
		if isHead(a) {
			return
		}
		t.skip = 0 // a page whose head has no end is still a page
	default:
		return
	}
	switch a {
	case atom.Script, atom.Style, atom.Head, atom.Title:
		t.skip = a
	case atom.Br:
		t.lines++
	case atom.Li:
		t.line(1)
		t.word("-")
		t.space = true
	case atom.Td, atom.Th:
		t.space = true
	case atom.Pre:
		t.line(1)
		t.pre++
	default:
		t.block(a)
	}
}

// isHead tells the elements that belong in a head.
func isHead(a atom.Atom) bool {
	switch a {
	case atom.Meta, atom.Link, atom.Title, atom.Style, atom.Script, atom.Base:
		return true
	}
	return false
}

// close handles the end of an element.
func (t *textWriter) close(a atom.Atom) {
	switch {
	case t.skip == a && a != 0:
		t.skip = 0
	case t.skip != 0:
	case a == atom.A:
		t.follow("")
	case a == atom.Pre:
		t.pre = max(0, t.pre-1)
		t.line(1)
	default:
		t.block(a)
	}
}

// follow ends the link that is open and begins another, "" for none. The address
// is written unless the text says it already.
func (t *textWriter) follow(link string) {
	if _, bare, _ := strings.Cut(t.link, "://"); t.link != "" && t.skip == 0 && t.out.Len() > t.begin &&
		!bytes.Contains(t.out.Bytes()[t.begin:], []byte(strings.TrimSuffix(bare, "/"))) {
		t.lines = 0
		t.space = true
		t.word("<" + t.link + ">")
	}
	t.link, t.begin = link, t.out.Len()
}

// block puts an element on lines of its own.
func (t *textWriter) block(a atom.Atom) {
	switch a {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Table:
		t.line(2)
	case atom.Div, atom.Tr, atom.Li, atom.Blockquote, atom.Section, atom.Article, atom.Hr,
		atom.Dt, atom.Dd, atom.Header, atom.Footer, atom.Form, atom.Center:
		t.line(1)
	}
}

// line asks for at least n line ends before the next word.
func (t *textWriter) line(n int) { t.lines = max(t.lines, n) }

func (t *textWriter) text(s string) {
	if t.pre > 0 {
		t.word(charset.Lines(s))
		return
	}
	for len(s) > 0 {
		n := strings.IndexAny(s, " \t\r\n\f")
		if n == 0 {
			t.space = true
			s = s[1:]
			continue
		}
		if n < 0 {
			n = len(s)
		}
		t.word(strings.ReplaceAll(s[:n], "\u00a0", " "))
		s = s[n:]
	}
}

// word writes text with the white space that is due before it.
func (t *textWriter) word(s string) {
	switch {
	case t.out.Len() == 0:
	case t.lines > 0:
		for range min(t.lines, 3) {
			t.out.WriteByte('\n')
		}
	case t.space:
		t.out.WriteByte(' ')
	}
	t.lines, t.space = 0, false
	t.out.WriteString(s)
}

func (t *textWriter) String() string {
	s := strings.TrimRight(t.out.String(), " \n")
	if s != "" {
		s += "\n"
	}
	return s
}
