package page

import "golang.org/x/net/html/atom"

// maxDepth is how many open elements are remembered. It bounds the search for
// the start of an element at its end, so that all ends together cost linear time.
const maxDepth = 256

// frame is an element that is open.
type frame struct {
	tag      tag
	block    bool  // ends of inline elements stop here
	shown    bool  // it is seen: its end has an effect on the text
	changed  bool  // it changed the look
	lines    int8  // line ends due at its end
	releases int32 // the quote whose container goes on without it
	look     look  // the look outside of it
}

// outline is the stack of open elements. It closes elements as a parser of HTML
// would, without a tree: what is never closed ends with what it stands in.
type outline struct {
	frames []frame
	count  [slots]int  // how many are open, so that most searches need none
	strict bool        // what began inside of an element ends with it
	over   map[tag]int // elements within a hidden one that found no room, by kind; empty ones are deleted
	end    func(frame) // called with every element that ends, innermost first
}

// room makes room for an element, if need be by closing the innermost one. Where
// that is within a hidden one it refuses: what is not opened stays hidden.
func (o *outline) room(t tag, l look) bool {
	switch {
	case len(o.frames) < maxDepth:
	case l.shown():
		o.pop()
	default:
		if o.over == nil {
			o.over = map[tag]int{}
		}
		o.over[t]++
		return false
	}
	return true
}

// push opens an element for which there is room.
func (o *outline) push(f frame) {
	o.count[slot(f.tag)]++
	o.frames = append(o.frames, f)
}

func (o *outline) pop() {
	f := o.frames[len(o.frames)-1]
	o.frames = o.frames[:len(o.frames)-1]
	o.count[slot(f.tag)]--
	o.end(f)
}

// popTo closes the element at i and all in it.
func (o *outline) popTo(i int) {
	for len(o.frames) > i {
		o.pop()
	}
}

// wall is what the end of an element does not reach over.
type wall int

const (
	tables wall = iota
	scopes
	blocks
	lists
	definitions
)

func (f *frame) is(w wall) bool {
	a := f.tag.atom()
	switch w {
	case tables:
		return a == atom.Table
	case blocks:
		return f.block
	case lists:
		return a == atom.Ul || a == atom.Ol || a == atom.Menu || a == atom.Dir || isScope(a)
	case definitions:
		return a == atom.Dl || isScope(a)
	}
	return isScope(a)
}

// find searches the innermost open element of a kind, but not beyond a wall; -1
// for none.
func (o *outline) find(t tag, w wall) int {
	if o.count[slot(t)] == 0 {
		return -1
	}
	for i := len(o.frames) - 1; i >= 0; i-- {
		switch f := &o.frames[i]; {
		case f.tag == t:
			return i
		case f.is(w):
			return -1
		}
	}
	return -1
}

// closesItself tells the tags with a slash that browsers take at their word: SVG
// is XML, HTML is not. In MathML the slash is not believed: an HTML element
// leaves MathML, stays open there, and may hide what follows.
func (o *outline) closesItself(t tag) bool {
	return t == tag(atom.Svg) || t == tag(atom.Math) || o.find(tag(atom.Svg), tables) >= 0
}

// imply closes what the start of an element ends without saying so
// (HTML 13.1.2.4, optional tags).
func (o *outline) imply(a atom.Atom) {
	if len(o.over) > 0 {
		return // within elements that found no room: those below are not meant
	}
	switch a {
	case atom.Li:
		o.closeOpen(lists, atom.Li)
	case atom.Dd, atom.Dt:
		o.closeOpen(definitions, atom.Dd, atom.Dt)
	case atom.Td, atom.Th:
		o.closeOpen(tables, atom.Td, atom.Th)
	case atom.Tr:
		o.closeOpen(tables, atom.Tr)
	case atom.Tbody, atom.Thead, atom.Tfoot:
		o.closeOpen(tables, atom.Tbody, atom.Thead, atom.Tfoot)
	case atom.Option, atom.Optgroup:
		o.closeOpen(blocks, atom.Option)
	case atom.A:
		o.closeOpen(blocks, atom.A)
	}
	if isBlock(a) && !isTablePart(a) {
		o.closeOpen(scopes, atom.P)
	}
}

// closeOpen closes what is open of some kinds.
func (o *outline) closeOpen(w wall, kinds ...atom.Atom) {
	for _, a := range kinds {
		if i := o.find(tag(a), w); i >= 0 {
			o.popTo(i)
		}
	}
}

// close handles an end tag; what was never open is ignored.
func (o *outline) close(t tag) {
	if len(o.over) > 0 {
		if o.over[t]--; o.over[t] <= 0 {
			delete(o.over, t)
		}
		return
	}
	a := t.atom()
	i := o.find(t, wallOf(a))
	switch {
	case i < 0:
	case !isFormatting(a) || !o.blockAbove(i):
		o.popTo(i)
	case !o.strict && !o.frames[i].changed:
		o.remove(i)
	case o.strict && !o.changedIn(i):
		o.popTo(i)
	}
	// Else it goes on to the end of its parent: nothing hidden is let out.
}

// changedIn tells whether the element at i or one in it changed the look.
func (o *outline) changedIn(i int) bool {
	for k := i; k < len(o.frames); k++ {
		if o.frames[k].changed {
			return true
		}
	}
	return false
}

// wallOf tells what the end of an element does not reach over.
func wallOf(a atom.Atom) wall {
	switch {
	case isTablePart(a), a == atom.Table:
		return tables
	case isBlock(a), isFormatting(a):
		return scopes
	}
	return blocks
}

// blockAbove tells misnested markup, which browsers mend (adoption agency): it
// tells whether a block is open inside the element at i.
func (o *outline) blockAbove(i int) bool {
	for k := i + 1; k < len(o.frames); k++ {
		if o.frames[k].block {
			return true
		}
	}
	return false
}

// remove ends an element while what began inside of it goes on.
func (o *outline) remove(i int) {
	f := o.frames[i]
	o.count[slot(f.tag)]--
	o.frames = append(o.frames[:i], o.frames[i+1:]...)
	o.end(f)
}

// slot is where elements of a kind are counted, maybe with others.
//
// A small array is enough: a collision costs a search that finds nothing.
func slot(t tag) int { return int((t ^ t>>8 ^ t>>16) & (slots - 1)) }

const slots = 64
