package page

import (
	"bytes"

	"golang.org/x/net/html/atom"
)

// look is how text at some place of a page is shown. Zero: as usual.
type look struct {
	hide      bool  // nothing in here is shown, whatever it says itself
	invisible bool  // not shown, but a part of it may be
	tiny      bool  // likewise
	clear     bool  // likewise: transparent
	pre       bool  // white space counts
	bullet    bool  // the mark that Word puts before an item of a list
	quote     int32 // what it is quoted from; 0: nothing
	sign      int32 // the signature it belongs to; 0: none
}

// shown tells whether text with this look is seen.
func (l look) shown() bool { return !l.hide && !l.invisible && !l.tiny && !l.clear }

// ask is what a declaration asks of one property.
type ask uint8

const (
	unsaid ask = iota
	hiding
	showing
	breaking          // showing, on lines of its own
	important ask = 4 // added: what is not important does not undo it
)

// property is one way to hide text. They are kept apart since a declaration
// undoes an earlier one of its own property only.
type property int

const (
	display property = iota
	visibility
	fontSize
	color
	opacity
	height // the greatest
	away   // out of the screen, or cut to nothing
	outlook
	// Alone, those that follow hide nothing.
	flat // height
	width
	overflow
	space // white-space; hiding: it counts
	bullet
	properties
)

// style is what a style attribute or a rule of a sheet asks.
type style [properties]ask

// add lets a later declaration win over an earlier one (CSS 2.1 6.4.1).
func (s *style) add(p property, a ask) {
	if a != unsaid && (s[p]&important == 0 || a&important != 0) {
		s[p] = a
	}
}

// addAll adds what a later style asks.
func (s *style) addAll(o style) {
	for p, a := range o {
		s.add(property(p), a)
	}
}

// hides tells whether a property was asked to hide, importantly or not.
func (s *style) hides(p property) bool { return s[p]&^important == hiding }

// breaks tells whether an element of a line is shown as a block.
func (s *style) breaks() bool { return s[display]&^important == breaking }

// hidesAny tells whether anything is asked that alone can hide text.
func (s *style) hidesAny() bool {
	for p := display; p <= outlook; p++ {
		if s.hides(p) {
			return true
		}
	}
	return false
}

// apply gives the look inside an element. The mso-hide of a link is the button
// that everybody but Outlook shows, and Outlook has one of its own.
func (s *style) apply(l look, a atom.Atom) look {
	set := func(b *bool, p property) {
		if s[p] != unsaid {
			*b = s.hides(p)
		}
	}
	set(&l.invisible, visibility)
	set(&l.tiny, fontSize)
	set(&l.clear, color)
	set(&l.pre, space)
	set(&l.bullet, bullet)
	if s.hides(display) || s.hides(opacity) || s.hides(away) || s.hides(outlook) && a != atom.A ||
		s.hides(height) || s.hides(overflow) && (s.hides(width) || s.hides(flat)) && !isTablePart(a) {
		// Parts of tables grow with what is in them.
		l.hide = true
	}
	return l
}

// readStyle reads declarations: as many as there are, each once.
func readStyle(b []byte) (s style) {
	if bytes.IndexByte(b, '\\') >= 0 || bytes.Contains(b, []byte("/*")) {
		b = plainStyle(b)
	}
	for len(b) > 0 {
		n := bytes.IndexByte(b, ';')
		if n < 0 {
			n = len(b)
		}
		if colon := bytes.IndexByte(b[:n], ':'); colon > 0 {
			s.declare(trim(b[:colon]), trim(b[colon+1:n]))
		}
		b = b[min(n+1, len(b)):]
	}
	return s
}

// declare reads one declaration. Its mark of importance counts even here: it is
// how those who hide win over what shows.
func (s *style) declare(name, value []byte) {
	p := propertyOf(name)
	if p < 0 {
		return
	}
	mark := unsaid
	if i := bytes.LastIndexByte(value, '!'); i >= 0 && equal(trim(value[i+1:]), "important") {
		value, mark = trim(value[:i]), important
	}
	if a := asks(p, name, value); a != unsaid {
		s.add(p, a|mark)
	}
}

// propertyOf tells what a declaration is about; -1 for what hides nothing.
func propertyOf(name []byte) property {
	var buf [20]byte
	if len(name) > len(buf) {
		return -1
	}
	switch string(bytesLower(buf[:0], name)) {
	case "display":
		return display
	case "visibility":
		return visibility
	case "font-size", "font":
		return fontSize
	case "color":
		return color
	case "opacity":
		return opacity
	case "max-height":
		return height
	case "height":
		return flat
	case "max-width", "width":
		return width
	case "overflow":
		return overflow
	case "left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top",
		"clip", "clip-path", "transform", "filter", "zoom", "content-visibility":
		return away
	case "mso-hide":
		return outlook
	case "white-space":
		return space
	case "mso-list":
		return bullet
	}
	return -1
}

// attributesHide tells the elements that are hidden without any style.
func (e *element) attributesHide() bool {
	a := e.tag.atom()
	return e.hidden || isDropped(a) || a == atom.Dialog && !e.open
}

// trim cuts the white space of HTML. It is called for every text and declaration.
func trim(b []byte) []byte {
	for len(b) > 0 && isBlank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' }

// equal compares without case.
func equal(b []byte, s string) bool { return bytes.EqualFold(b, []byte(s)) }

// bytesLower appends b to buf in lower case. Other letters than ASCII are left
// alone, as in CSS.
func bytesLower(buf, b []byte) []byte {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		buf = append(buf, c)
	}
	return buf
}
