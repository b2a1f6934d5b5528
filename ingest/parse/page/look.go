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
	important ask = 4 // added: what is not important does not undo it
)

// property is one way to hide text.
type property int

const (
	display property = iota
	visibility
	fontSize
	color
	opacity
	height
	width
	overflow
	away // out of the screen, or cut to nothing
	outlook
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

// hidesAny tells whether anything is asked that can hide text.
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
		s.hides(height) || s.hides(width) && s.hides(overflow) {
		l.hide = true
	}
	return l
}

// readStyle reads declarations: as many as there are, each once.
func readStyle(b []byte) (s style) {
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

// declare reads one declaration. Comments within a value and a mark of
// importance are the tricks of those who hide.
func (s *style) declare(name, value []byte) {
	p := propertyOf(name)
	if p < 0 {
		return
	}
	if bytes.Contains(value, []byte("/*")) {
		value = dropComments(value)
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
	var buf [16]byte
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
	case "max-height", "height":
		return height
	case "max-width", "width":
		return width
	case "overflow":
		return overflow
	case "left", "top", "text-indent", "clip", "clip-path", "transform":
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

// asks says whether a value hides.
func asks(p property, name, value []byte) ask {
	if len(value) == 0 || len(value) > 200 {
		return unsaid
	}
	var buf [200]byte
	v := bytesLower(buf[:0], value)
	hides := false
	switch p {
	case display:
		hides = string(v) == "none"
	case visibility:
		hides = string(v) == "hidden" || string(v) == "collapse"
	case overflow:
		hides = string(v) == "hidden" || string(v) == "clip"
	case outlook:
		hides = string(v) == "all"
	case fontSize:
		return asksSize(name, v)
	case color:
		hides = string(v) == "transparent"
	case opacity, width:
		hides = isZero(v)
	case height:
		// A cell of height 0 grows with its content; the greatest height does not.
		if len(name) < len("max-height") {
			return unsaid
		}
		hides = isZero(v)
	case away:
		return asksAway(name, v)
	case space:
		hides = bytes.HasPrefix(v, []byte("pre")) || bytes.HasPrefix(v, []byte("break-spaces"))
	case bullet:
		if string(v) != "ignore" {
			return unsaid
		}
		hides = true
	}
	if hides {
		return hiding
	}
	return showing
}

// asksSize takes letters of at most one pixel for hidden. Relative sizes of
// nothing are nothing.
func asksSize(name, v []byte) ask {
	if len(name) == len("font") {
		// The short form names the size somewhere; 0 is the one that hides.
		for _, f := range bytes.Fields(v) {
			if size, _, _ := bytes.Cut(f, []byte("/")); isZero(size) {
				return hiding
			}
		}
		return unsaid
	}
	switch {
	case isZero(v), string(v) == "1px", string(v) == "1pt":
		return hiding
	case bytes.HasSuffix(v, []byte("%")), bytes.HasSuffix(v, []byte("em")) && !bytes.HasSuffix(v, []byte("rem")),
		string(v) == "inherit", string(v) == "smaller", string(v) == "larger":
		return unsaid
	}
	return showing
}

// asksAway knows the tricks that put text where no reader looks.
func asksAway(name, v []byte) ask {
	hides := false
	switch name[0] | 0x20 {
	case 'l', 't':
		hides = v[0] == '-' && leadingDigits(v[1:]) >= 4 || bytes.HasPrefix(v, []byte("scale(0")) && !bytes.Contains(v, []byte("."))
	case 'c':
		hides = bytes.HasPrefix(v, []byte("rect(0")) || bytes.HasPrefix(v, []byte("rect(1px")) ||
			bytes.HasPrefix(v, []byte("inset(50%")) || bytes.HasPrefix(v, []byte("inset(100%"))
	}
	if hides {
		return hiding
	}
	return unsaid
}

// leadingDigits counts the digits at the start of v.
func leadingDigits(v []byte) int {
	n := 0
	for n < len(v) && '0' <= v[n] && v[n] <= '9' {
		n++
	}
	return n
}

// isZero tells 0, 0px, 0.0em, 0%.
func isZero(v []byte) bool {
	n := 0
	for n < len(v) && (v[n] == '0' || v[n] == '.') {
		n++
	}
	return n > 0 && (n == len(v) || v[n] < '0' || v[n] > '9') && bytes.IndexByte(v[:n], '0') >= 0
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

// bytesLower appends b to buf in lower case, ASCII only.
func bytesLower(buf, b []byte) []byte {
	for _, c := range b {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		buf = append(buf, c)
	}
	return buf
}

// dropComments takes the comments out of a value.
func dropComments(b []byte) []byte {
	var out []byte
	for {
		before, rest, found := bytes.Cut(b, []byte("/*"))
		out = append(out, before...)
		if !found {
			return trim(out)
		}
		_, b, _ = bytes.Cut(rest, []byte("*/"))
	}
}
