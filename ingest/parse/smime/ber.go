package smime

// Tags with their class and form (X.690 8.1.2). Of strings both forms occur.
const (
	tagEnd          = 0x00
	tagInteger      = 0x02
	tagOctets       = 0x04
	tagOID          = 0x06
	tagSequence     = 0x30
	tagSet          = 0x31
	tagExplicit0    = 0xa0
	formConstructed = 0x20
)

// maxDepth is how deep strings may be in pieces of pieces, and other elements in
// each other where they are stepped over.
const maxDepth = 16

// element is an element of BER, or what is left of one.
type element struct {
	tag     byte
	content []byte // up to its end, or to the end of all where that is not stated
	open    bool   // the end is not stated (X.690 8.1.3.6)
	cut     bool   // it lies behind the end of all
}

// head reads the tag and the length that e's content begins with.
func (e element) head() (first, rest element, err error) {
	b := e.content
	if len(b) < 2 {
		return element{}, e, ErrTruncated
	}
	first.tag = b[0]
	if first.tag&0x1f == 0x1f {
		return element{}, e, ErrFormat // tags above 30 have no place in CMS
	}
	length, n := uint64(b[1]), 2
	switch {
	case length == 0x80:
		if first.tag&formConstructed == 0 {
			return element{}, e, ErrFormat
		}
		first.open, first.content = true, b[n:]
		return first, element{open: true}, nil
	case length > 0x80:
		octets := int(length & 0x7f)
		if len(b) < n+octets {
			return element{}, e, ErrTruncated
		}
		length = 0
		for _, c := range b[n : n+octets] {
			if length >= 1<<48 { // before it overflows: no mail is that long
				return element{}, e, ErrFormat
			}
			length = length<<8 | uint64(c)
		}
		n += octets
	}
	b = b[n:]
	if length > uint64(len(b)) {
		first.cut, length = true, uint64(len(b))
	}
	first.content = b[:length]
	e.content = b[length:]
	return first, e, nil
}

// next reads an element that is in one piece, and gives what is behind it.
func (e element) next() (first, rest element, err error) {
	first, rest, err = e.head()
	switch {
	case err != nil:
		return element{}, e, err
	case first.cut:
		return element{}, e, ErrTruncated
	case first.open || first.tag&formConstructed != 0:
		return element{}, e, ErrFormat
	}
	return first, rest, nil
}

// enter goes into the element that e begins with. Where it is cut short there is
// still its beginning.
func enter(e element, tag byte) (element, error) {
	first, _, err := e.head()
	if err != nil {
		return element{}, err
	}
	if first.tag != tag {
		return element{}, ErrFormat
	}
	return first, nil
}

// ended tells whether nothing is left of e.
func (e element) ended() bool {
	b := e.content
	if e.open {
		return len(b) >= 2 && b[0] == tagEnd && b[1] == 0
	}
	return len(b) == 0 && !e.cut
}

// pass steps over the element that e begins with, whatever is in it.
func (e element) pass(tag byte) (element, error) {
	first, rest, err := e.head()
	switch {
	case err != nil:
		return e, err
	case first.tag != tag:
		return e, ErrFormat
	case first.cut:
		return e, ErrTruncated
	case !first.open:
		return rest, nil
	}
	return first.passOpen(e)
}

// passOpen walks over the content of an element whose end is not stated, and
// gives what is behind its end as the rest of outer.
func (e element) passOpen(outer element) (element, error) {
	for depth := 1; depth > 0; {
		first, rest, err := e.head()
		switch {
		case err != nil:
			return e, err
		case first.tag == tagEnd && !first.open:
			depth--
			e.content = rest.content
		case first.open:
			if depth++; depth > maxDepth {
				return e, ErrDepth
			}
			e.content = first.content
		case first.cut:
			return e, ErrTruncated
		default:
			e.content = rest.content
		}
	}
	outer.content = e.content
	return outer, nil
}

// octets reads the OCTET STRING that e begins with, in one piece or in many.
func (e element) octets() ([]byte, error) {
	first, _, err := e.head()
	switch {
	case err != nil:
		return nil, err
	case first.tag == tagOctets && first.cut:
		return first.content, ErrTruncated
	case first.tag == tagOctets:
		return first.content, nil
	case first.tag != tagOctets|formConstructed:
		return nil, ErrFormat
	}
	// The pieces are together no longer than what they are in.
	out := make([]byte, 0, len(first.content))
	_, err = first.join(&out, 1)
	return out, err
}

// join appends the pieces of a string and gives what is behind its end, if that
// is not stated.
func (e element) join(out *[]byte, depth int) (rest []byte, err error) {
	if depth > maxDepth {
		return nil, ErrDepth
	}
	for !e.ended() {
		piece, behind, err := e.head()
		if err != nil {
			return nil, err
		}
		switch piece.tag {
		case tagOctets:
			*out = append(*out, piece.content...)
		case tagOctets | formConstructed:
			inner, err := piece.join(out, depth+1)
			if err != nil {
				return nil, err
			}
			if piece.open {
				behind.content = inner
			}
		default:
			return nil, ErrFormat
		}
		if piece.cut {
			return nil, ErrTruncated
		}
		e.content = behind.content
	}
	if !e.open {
		return nil, nil
	}
	return e.content[2:], nil // behind the mark of the end
}
