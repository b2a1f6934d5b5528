package parse

import (
	"bytes"
	"slices"
	"strings"

	"casegate/ingest/parse/header"
)

// Limits of a MIME structure (mail-traps C, T56, T57).
const (
	maxParts = 1000
	maxDepth = 20 // multiparts within each other, with or without an end
)

// part is one entity of a mail (RFC 2045 2.4): a multipart with the parts in
// it, or a leaf. Nothing in it is decoded.
type part struct {
	header  header.Header
	typ     string // media type as written, in lower case; "" if there is none
	params  map[string]string
	parts   []*part
	content []byte // below the header, without the line end that belongs to the delimiter
	digest  bool   // a part of multipart/digest
}

// split takes a mail apart in one pass, whatever is in it: every line that may
// be a delimiter is compared once with the at most 20 boundaries around it. A multipart without its last delimiter ends where the one around it
// goes on. why is the limit that the structure is beyond, in words for the
// reader of a case, or "".
func split(h header.Header, raw []byte) (root *part, why string) {
	root = &part{header: h}
	s := splitter{raw: raw, pos: h.Body}
	s.enter(root, h.Body)
	for len(s.open) > 0 && s.why == "" && s.nextHyphens() {
		start := s.pos
		s.delimiter(start, s.line()[len("--"):])
	}
	s.leave(0, len(raw))
	s.endLeaf(len(raw))
	return root, s.why
}

// splitter is the state of splitting one mail.
type splitter struct {
	raw   []byte
	pos   int
	open  []multipart // around pos, the outermost first
	leaf  *part       // at pos; nil in a preamble or epilogue (RFC 2046 5.1.1), which are not shown
	start int         // where the content of leaf starts
	count int
	why   string
}

// multipart is one that has not ended yet.
type multipart struct {
	*part
	boundary string
	start    int
}

// nextHyphens moves to the next line that begins with two hyphens.
func (s *splitter) nextHyphens() bool {
	if bytes.HasPrefix(s.raw[s.pos:], []byte("--")) && (s.pos == 0 || s.raw[s.pos-1] == '\n') {
		return true
	}
	i := bytes.Index(s.raw[s.pos:], []byte("\n--"))
	s.pos += i + 1
	return i >= 0
}

// line takes the next line, with its end.
func (s *splitter) line() []byte {
	rest := s.raw[s.pos:]
	if nl := bytes.IndexByte(rest, '\n'); nl >= 0 {
		rest = rest[:nl+1]
	}
	s.pos += len(rest)
	return rest
}

// enter begins a part whose content starts at an offset.
func (s *splitter) enter(p *part, start int) {
	p.typ, p.params = header.MediaType(p.header.Get("Content-Type"))
	boundary := header.Boundary(p.typ, p.params)
	if boundary == "" {
		s.leaf, s.start = p, start
		return
	}
	s.leaf = nil
	s.open = append(s.open, multipart{p, boundary, start})
	if len(s.open) > maxDepth {
		s.why = "This mail is nested more than 20 levels deep"
	}
}

// endLeaf ends the leaf that is being read, if any.
func (s *splitter) endLeaf(end int) {
	if s.leaf != nil {
		s.leaf.content = s.raw[s.start:max(s.start, end)]
		s.leaf = nil
	}
}

// leave ends the multiparts from a level inwards.
func (s *splitter) leave(level, end int) {
	for _, m := range s.open[level:] {
		m.content = s.raw[m.start:max(m.start, end)]
	}
	s.open = s.open[:level]
}

// delimiter handles a line that began with "--" at start: it ends the innermost
// part whose boundary it names, and all within (RFC 2046 5.1.1 and 5.1.2).
func (s *splitter) delimiter(start int, rest []byte) {
	level, last := s.match(rest)
	if level < 0 {
		return
	}
	// The line end before a delimiter is part of the delimiter.
	end := start
	if end > 0 && s.raw[end-1] == '\n' {
		end--
		if end > 0 && s.raw[end-1] == '\r' {
			end--
		}
	}
	s.endLeaf(end)
	if last {
		s.leave(level, end)
		return
	}
	s.leave(level+1, end)
	s.part(s.open[level])
}

// match gives the level of the multipart that a delimiter belongs to, and
// whether it is its last one; -1 for a line that is no delimiter. rest is the
// line behind its two hyphens. White space may follow, and text behind that
// (RFC 2046 5.1.1), but a longer word is another boundary.
func (s *splitter) match(rest []byte) (level int, last bool) {
	for i, m := range slices.Backward(s.open) {
		after, ok := bytes.CutPrefix(rest, []byte(m.boundary))
		if !ok {
			continue
		}
		after, last := bytes.CutPrefix(after, []byte("--"))
		if len(after) == 0 || header.IsSpace(after[0]) {
			return i, last
		}
	}
	return -1, false
}

// part begins a part of m at pos.
func (s *splitter) part(m multipart) {
	if s.count++; s.count > maxParts {
		s.why = "This mail has more than 1,000 parts"
		return
	}
	start := s.pos
	h := header.Read(s.raw[start:s.endOfHeader()])
	if h.Over != "" {
		s.why = "The header of a part of this mail is too long"
		return
	}
	if !slices.ContainsFunc(h.Fields, func(f header.Field) bool { return header.IsKnown(f.Name) }) &&
		header.EmptyLine(s.raw[start:]) == 0 {
		h = header.Header{} // no header but a text that begins at once
	}
	s.pos = start + h.Body
	p := &part{header: h, digest: m.typ == "multipart/digest"}
	m.parts = append(m.parts, p)
	s.enter(p, s.pos)
}

// endOfHeader is where the header at pos ends at the latest: below an empty
// line, or at a delimiter, or else a part without any header would swallow the
// next one. pos moves there.
func (s *splitter) endOfHeader() int {
	for start := s.pos; s.pos < len(s.raw) && s.pos-start <= header.MaxOctets; {
		before := s.pos
		line := s.line()
		if rest, ok := bytes.CutPrefix(line, []byte("--")); ok {
			if level, _ := s.match(rest); level >= 0 {
				s.pos = before
				break
			}
		}
		if header.EmptyLine(line) > 0 {
			break
		}
	}
	return s.pos
}

// contentType is a part's type where it can be used. A part without one is
// text (RFC 2045 5.2), but a message within a digest (RFC 2046 5.1.5); so is a
// multipart in which no part was found, where reading on is better than
// nothing.
func (p *part) contentType() string {
	main, sub, _ := strings.Cut(p.typ, "/")
	switch {
	case p.typ == "" && p.digest:
		return "message/rfc822"
	case p.typ == "", p.typ == "text", main == "multipart" && len(p.parts) == 0:
		return "text/plain"
	case !isToken(main) || !isToken(sub) || len(p.typ) > 127:
		return "application/octet-stream"
	}
	return p.typ
}

// isToken: RFC 2045 5.1.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?=`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// isText tells the parts that are the message itself, not something sent along.
func (p *part) isText() bool {
	switch p.contentType() {
	case "text/plain", "text/html":
	default:
		return false
	}
	disposition, _ := header.MediaType(p.header.Get("Content-Disposition"))
	return disposition != "attachment" && p.fileName() == ""
}

// hasPlain tells whether there is plain text of the message in a part.
func (p *part) hasPlain() bool {
	if len(p.parts) == 0 {
		return p.isText() && p.contentType() == "text/plain"
	}
	return slices.ContainsFunc(p.parts, (*part).hasPlain)
}
