package page

import (
	"bytes"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// element is a start tag: its name and those attributes that matter. The octets
// are the tokenizer's and last until its next token.
type element struct {
	tag                          tag
	class, id, style, name       []byte
	typ, cite, href, alt, border []byte
	value, start, width, height  []byte
	marker, smartmail, media     []byte
	hidden, open                 bool
}

// tag tells elements apart without keeping their names, of which the tokenizer
// takes the memory back. It is the atom of a known name, else a hash of the name.
type tag uint32

// unknown marks a hash, so that it is no atom.
const unknown = 1 << 31

// tagOf gives the tag of a name in lower case.
func tagOf(name []byte) tag {
	if a := atom.Lookup(name); a != 0 {
		return tag(a)
	}
	h := uint32(2166136261)
	for _, c := range name {
		h = (h ^ uint32(c)) * 16777619
	}
	return tag(h | unknown)
}

// atom is 0 for a name that HTML does not know.
func (t tag) atom() atom.Atom {
	if t&unknown != 0 {
		return 0
	}
	return atom.Atom(t)
}

// read reads the start tag at the tokenizer. Of an attribute that stands
// twice the first counts, as in browsers.
func (e *element) read(z *html.Tokenizer) {
	name, more := z.TagName()
	*e = element{tag: tagOf(name)}
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if p := e.field(key); p != nil && *p == nil {
			*p = value
			continue
		}
		switch string(key) {
		case "hidden":
			e.hidden = true
		case "open":
			e.open = true
		}
	}
}

// field is where the value of an attribute goes; nil for one that says nothing.
func (e *element) field(key []byte) *[]byte {
	switch string(key) {
	case "class":
		return &e.class
	case "id":
		return &e.id
	case "style":
		return &e.style
	case "name":
		return &e.name
	case "type":
		return &e.typ
	case "cite":
		return &e.cite
	case "href":
		return &e.href
	case "alt":
		return &e.alt
	case "border":
		return &e.border
	case "media":
		return &e.media
	}
	return e.rareField(key)
}

// rareField is for the attributes that few elements have.
func (e *element) rareField(key []byte) *[]byte {
	switch string(key) {
	case "value":
		return &e.value
	case "start":
		return &e.start
	case "width":
		return &e.width
	case "height":
		return &e.height
	case "data-marker":
		return &e.marker
	case "data-smartmail":
		return &e.smartmail
	}
	return nil
}

// classes calls f with each name in the class attribute until it says stop.
func (e *element) classes(f func(name []byte) (stop bool)) {
	for rest := e.class; len(rest) > 0; {
		n := bytes.IndexAny(rest, " \t\r\n\f")
		if n < 0 {
			n = len(rest)
		}
		if n > 0 && f(rest[:n]) {
			return
		}
		rest = rest[min(n+1, len(rest)):]
	}
}

// isVoid tells the elements that have no content and no end.
func isVoid(a atom.Atom) bool {
	switch a {
	case atom.Area, atom.Base, atom.Br, atom.Col, atom.Embed, atom.Hr, atom.Img, atom.Input,
		atom.Link, atom.Meta, atom.Param, atom.Source, atom.Track, atom.Wbr, atom.Basefont,
		atom.Bgsound, atom.Frame, atom.Keygen, atom.Image:
		return true
	}
	return false
}

// isDropped tells the elements whose content nobody reads in a mail.
func isDropped(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Title, atom.Iframe, atom.Noembed, atom.Noframes, atom.Noscript,
		atom.Template, atom.Object, atom.Applet, atom.Svg, atom.Video, atom.Audio, atom.Canvas,
		atom.Datalist, atom.Frameset:
		return true
	}
	return false
}

// isFormatting tells the elements whose end may stand inside another element
// that began after them (HTML 13.2.6.4.7, the adoption agency).
func isFormatting(a atom.Atom) bool {
	switch a {
	case atom.A, atom.B, atom.Big, atom.Code, atom.Em, atom.Font, atom.I, atom.Nobr, atom.S,
		atom.Small, atom.Strike, atom.Strong, atom.Tt, atom.U:
		return true
	}
	return false
}

// isBlock tells the elements that end an open paragraph and that the end of an
// inline element does not reach over.
func isBlock(a atom.Atom) bool {
	switch a {
	case atom.Address, atom.Article, atom.Aside, atom.Blockquote, atom.Center, atom.Dd, atom.Details,
		atom.Dialog, atom.Dir, atom.Div, atom.Dl, atom.Dt, atom.Fieldset, atom.Figcaption, atom.Figure,
		atom.Footer, atom.Form, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Header,
		atom.Hgroup, atom.Hr, atom.Legend, atom.Li, atom.Listing, atom.Main, atom.Menu, atom.Nav, atom.Ol,
		atom.Optgroup, atom.Option, atom.P, atom.Plaintext, atom.Pre, atom.Section, atom.Summary, atom.Table,
		atom.Textarea, atom.Ul, atom.Xmp:
		return true
	}
	return isTablePart(a)
}

// isTablePart tells the elements that only mean something in a table.
func isTablePart(a atom.Atom) bool {
	switch a {
	case atom.Caption, atom.Colgroup, atom.Tbody, atom.Td, atom.Tfoot, atom.Th, atom.Thead, atom.Tr:
		return true
	}
	return false
}

// isScope tells the elements that the end of another element does not reach over.
func isScope(a atom.Atom) bool {
	return a == atom.Table || a == atom.Td || a == atom.Th || a == atom.Caption || a == atom.Marquee
}

// blockLines is how many line ends stand before and after a block: 2 make an empty line.
func blockLines(a atom.Atom) int {
	switch a {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Dl, atom.Figure:
		return 2 // the margin that browsers give them
	case atom.Td, atom.Th, atom.Tbody, atom.Thead, atom.Tfoot, atom.Colgroup:
		return 0
	}
	if isBlock(a) {
		return 1
	}
	return 0
}
