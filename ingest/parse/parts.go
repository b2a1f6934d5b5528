package parse

import (
	"bytes"
	"slices"
	"strings"

	"casegate/ingest/parse/header"
	"casegate/ingest/parse/transfer"
)

// Limits of a MIME structure (mail-traps C, T56, T57).
const (
	maxParts      = 1000
	maxPartFields = 10_000
	maxDepth      = 20 // multiparts and messages within each other, with or without an end
)

// part is one entity of a mail (RFC 2045 2.4): a multipart with the parts in it,
// a message with the one in it, or a leaf. Nothing in it is decoded.
type part struct {
	header     header.Header
	typ        string // media type as written, in lower case; "" if there is none
	params     map[string]string
	parts      []*part
	start, end int  // its content in the mail: below the header, without the line end that belongs to the delimiter
	digest     bool // a part of multipart/digest
	related    bool // a part of multipart/related
}

// structure is what split finds.
type structure struct {
	root  *part
	why   string // the limit that it is beyond, in words for the reader of a case, or ""
	loose bool   // text stands outside of all parts
}

// split takes a mail apart in one pass, whatever is in it: every line that may
// be a delimiter is compared once with the at most 20 boundaries around it. A
// multipart without its last delimiter ends where the one around it goes on, and
// one that goes on behind its last delimiter, as gateways and quoted mails make
// it, goes on.
func split(h header.Header, src *Source) structure {
	s := splitter{src: src, pos: h.Body}
	s.root = &part{header: h}
	s.enter(s.root, h.Body)
	for len(s.open) > 0 && s.why == "" && s.nextHyphens() {
		end := s.pos - s.eol // the line end before a delimiter is part of it
		s.delimiter(end, s.line()[len("--"):])
	}
	if n := len(s.open); n == 0 || len(s.open[n-1].parts) > 0 || s.leaf != nil {
		s.endLeaf(src.size) // of a multipart without parts the content is the text
	}
	s.leave(0, src.size)
	return s.structure
}

// splitter is the state of splitting one mail. Between its steps pos is at the
// beginning of a line.
type splitter struct {
	structure
	src    *Source
	pos    int
	eol    int        // octets of the line end before pos
	open   []level    // around pos, the outermost first
	begins [256]uint8 // how many of their boundaries begin with an octet
	leaf   *part      // at pos; nil in a preamble or epilogue (RFC 2046 5.1.1), which are not shown
	from   int        // where that begins
	count  int        // parts
	fields int        // in their headers
}

// level is a multipart that has not ended yet, or a message in it, which has no
// boundary and ends with what is around it.
type level struct {
	*part
	boundary string
	over     bool // its last delimiter came; end is where
}

// nextHyphens moves to the next line that begins with two hyphens.
func (s *splitter) nextHyphens() bool {
	if bytes.HasPrefix(s.src.view(s.pos, 2), []byte("--")) {
		return true
	}
	for s.pos < s.src.size {
		v := s.src.view(s.pos, len("\r\n--"))
		if i := bytes.Index(v, []byte("\n--")); i >= 0 {
			s.eol = 1
			if i > 0 && v[i-1] == '\r' {
				s.eol = 2
			}
			s.pos += i + 1
			return true
		}
		if len(v) < len("\r\n--") || s.pos+len(v) >= s.src.size {
			break
		}
		s.pos += len(v) - len("\r\n-")
	}
	return false
}

// longLine is as much of a line as is looked at: more than the longest boundary.
const longLine = 1 << 10

// line takes the next line and gives its beginning, or all of it with its end.
func (s *splitter) line() []byte {
	v := s.src.view(s.pos, longLine)
	nl := bytes.IndexByte(v, '\n')
	if nl >= 0 {
		s.pos += nl + 1
		s.eol = eolLength(v[:nl+1])
		return v[:nl+1]
	}
	begin := bytes.Clone(v[:min(len(v), longLine)])
	for nl < 0 && len(v) > 0 {
		s.pos += max(1, len(v)-1) // keeps a CR with its LF
		v = s.src.view(s.pos, 2)
		nl = bytes.IndexByte(v, '\n')
	}
	s.pos += nl + 1
	s.eol = eolLength(v[:nl+1])
	return begin
}

// eolLength is the length of the line end that a line has.
func eolLength(line []byte) int {
	if bytes.HasSuffix(line, []byte("\r\n")) {
		return 2
	}
	return 1
}

// enter begins a part whose content starts at an offset.
func (s *splitter) enter(p *part, start int) {
	p.start, p.end = start, start
	p.typ, p.params = header.MediaType(p.header.Get("Content-Type"))
	s.leaf = nil
	boundary := header.Boundary(p.typ, p.params)
	if boundary == "" && strings.HasPrefix(p.typ, "multipart/") {
		boundary = s.guessBoundary(start)
	}
	if boundary != "" {
		s.push(p, boundary)
		return
	}
	if !p.holdsMessage() {
		s.leaf = p
		return
	}
	s.push(p, "")
	if s.why == "" {
		s.pos = start
		s.part(p)
	}
}

// maxGuess is how far into a multipart that names no boundary one is looked for.
const maxGuess = 4 << 10

// guessBoundary looks for the first line that can be nothing but a delimiter: one
// with a field of a part below it.
func (s *splitter) guessBoundary(start int) string {
	v := s.src.view(start, maxGuess)
	for line := range bytes.Lines(v[:min(len(v), maxGuess)]) {
		start += len(line)
		word, ok := bytes.CutPrefix(bytes.TrimRight(line, " \t\r\n"), []byte("--"))
		if !ok || len(word) == 0 || len(word) > longLine/2 {
			continue
		}
		if below := s.src.view(start, len("Content-")); len(below) >= 8 && bytes.EqualFold(below[:8], []byte("Content-")) {
			return string(word)
		}
	}
	return ""
}

func (s *splitter) push(p *part, boundary string) {
	s.open = append(s.open, level{part: p, boundary: boundary})
	if boundary != "" {
		s.begins[boundary[0]]++
	}
	s.from = p.start
	if len(s.open) > maxDepth {
		s.why = "This mail is nested more than 20 levels deep"
	}
}

// holdsMessage tells a part whose content is a mail (RFC 2046 5.2.1). No transfer
// encoding is allowed there; one that has it all the same stays shut.
func (p *part) holdsMessage() bool {
	switch p.contentType() {
	case "message/rfc822", "message/global":
	default:
		return false
	}
	return p.encoding() != "base64" && p.encoding() != "quoted-printable"
}

// encoding is the content transfer encoding in lower case.
func (p *part) encoding() string {
	return transfer.Encoding(p.header.Get("Content-Transfer-Encoding"))
}

// endLeaf ends the leaf that is being read, if any, or what is outside of parts.
func (s *splitter) endLeaf(end int) {
	if s.leaf != nil {
		s.leaf.end = max(s.leaf.start, end)
		s.leaf = nil
		return
	}
	s.loose = s.loose || len(s.open) > 0 && !s.isFiller(s.from, end)
}

// maxFiller is more than any mailer writes before the first part for readers
// that know no MIME.
const maxFiller = 1000

// isFiller tells whether nothing is lost with what stands outside of parts.
func (s *splitter) isFiller(start, end int) bool {
	b, cut := s.src.bytes(start, max(start, end), maxFiller)
	b = bytes.TrimSpace(b)
	return len(b) == 0 || !cut && bytes.Contains(bytes.ToUpper(b), []byte("MIME"))
}

// leave ends what is open from a level inwards.
func (s *splitter) leave(from, end int) {
	for _, l := range s.open[from:] {
		if !l.over {
			l.end = max(l.start, end)
		}
		if l.boundary != "" {
			s.begins[l.boundary[0]]--
		}
	}
	s.open = s.open[:from]
}

// delimiter handles a line that began with "--", above which the content ended:
// it ends the innermost part whose boundary it names, and all within (RFC 2046
// 5.1.1 and 5.1.2).
func (s *splitter) delimiter(end int, rest []byte) {
	i, last := s.match(rest)
	if i < 0 {
		return
	}
	s.endLeaf(end)
	s.leave(i+1, end)
	s.from = s.pos
	l := &s.open[i]
	l.over = last
	if last {
		l.end = max(l.start, end)
		return
	}
	s.part(l.part)
}

// match gives the level that a delimiter belongs to, and whether it is its last
// one; -1 for a line that is no delimiter. rest is the line behind its two
// hyphens. White space may follow, and text behind that (RFC 2046 5.1.1), but a
// longer word is another boundary.
func (s *splitter) match(rest []byte) (i int, last bool) {
	if len(rest) == 0 || s.begins[rest[0]] == 0 {
		return -1, false // most lines with two hyphens end here
	}
	for i, l := range slices.Backward(s.open) {
		after, ok := bytes.CutPrefix(rest, []byte(l.boundary))
		if !ok || l.boundary == "" {
			continue
		}
		after, last := bytes.CutPrefix(after, []byte("--"))
		if len(after) == 0 || header.IsSpace(after[0]) {
			return i, last
		}
	}
	return -1, false
}

// part begins a part of p at pos.
func (s *splitter) part(p *part) {
	if s.count++; s.count > maxParts {
		s.why = "This mail has more than 1,000 parts"
		return
	}
	start := s.pos
	h := s.src.headerAt(start, s.endOfHeader()-start)
	if h.Over != "" {
		s.why = "The header of a part of this mail is too long"
		return
	}
	if s.fields += len(h.Fields); s.fields > maxPartFields {
		s.why = "The parts of this mail have more than 10,000 header fields"
		return
	}
	child := &part{header: h, digest: p.typ == "multipart/digest", related: p.typ == "multipart/related"}
	if !slices.ContainsFunc(h.Fields, func(f header.Field) bool { return header.IsKnown(f.Name) }) &&
		header.EmptyLine(s.src.view(start, 2)) == 0 {
		child.header = header.Header{} // no header but a text that begins at once
	}
	s.pos, s.eol = start+child.header.Body, 0
	p.parts = append(p.parts, child)
	s.enter(child, s.pos)
}

// endOfHeader is where the header at pos ends at the latest: below an empty
// line, or at a delimiter, or else a part without any header would swallow the
// next one. pos moves there.
func (s *splitter) endOfHeader() int {
	for start := s.pos; s.pos < s.src.size && s.pos-start <= header.MaxOctets; {
		before := s.pos
		line := s.line()
		if s.pos == before {
			break // the mail cannot be read on
		}
		if rest, ok := bytes.CutPrefix(line, []byte("--")); ok {
			if i, _ := s.match(rest); i >= 0 {
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
