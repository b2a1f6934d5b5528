package page

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// reader goes through a page token by token. It builds no tree: a mail of 4 KiB
// would cost several times as much, and a hostile one memory without need.
type reader struct {
	writer
	quotes
	outline outline
	look    look
	sheet   sheet
	link    link
	lists   []list
	element element // the start tag at hand
	each    func(start, end int)
	preLine bool // a line end right here begins a pre and is not shown
}

// list is a list that is open.
type list struct {
	ordered bool
	next    int
}

func newReader() *reader {
	r := &reader{sheet: sheet{}}
	r.outline.end = r.leave
	r.each = r.note
	r.outline.frames = make([]frame, 0, 32)
	return r
}

// read goes through the whole page; what is open at its end ends there.
func (r *reader) read(page string) {
	r.out = make([]byte, 0, len(page)/4)
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			r.outline.popTo(0)
			return
		case html.TextToken:
			r.text(z)
		case html.StartTagToken:
			r.element.read(z)
			r.start(&r.element)
		case html.SelfClosingTagToken:
			if r.element.read(z); !r.outline.closesItself(r.element.tag) {
				r.start(&r.element)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			r.stop(tagOf(name))
		}
	}
}

// page gives what was read.
func (r *reader) page() Page {
	text := r.finish(r.quoted, r.signed)
	return Page{Text: text, Quotes: r.quoted, Signatures: r.signed}
}

// text handles text between tags.
func (r *reader) text(z *html.Tokenizer) {
	if !r.look.shown() {
		if n := len(r.outline.frames); n > 0 && r.outline.frames[n-1].tag.atom() == atom.Style && r.outline.frames[n-1].lines == 0 {
			r.sheet.read(z.Text())
		}
		return
	}
	b := z.Text()
	if r.look.pre {
		b = r.preText(b)
	} else if len(trim(b)) > 0 {
		r.preLine = false
	}
	switch {
	case r.look.bullet:
		r.bullet(b)
	default:
		r.words(b)
	}
}

// preText gives text in which white space counts with plain line ends.
func (r *reader) preText(b []byte) []byte {
	if bytes.IndexByte(b, '\r') >= 0 {
		b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
		b = bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
	}
	if r.preLine && len(b) > 0 && b[0] == '\n' {
		b = b[1:]
	}
	r.preLine = false
	return b
}

// words writes text and notes what it is quoted from.
func (r *reader) words(b []byte) {
	if len(trim(b)) > 0 {
		r.quotes.meet(&r.look, trim(b))
	}
	r.writer.text(b, r.look.pre, r.each)
}

// note is called with every run of words that was written.
func (r *reader) note(start, end int) { r.quotes.note(r.look, start, end) }

// bullet writes the mark that Word puts before an item of a list. The letters of
// its picture fonts are no text.
func (r *reader) bullet(b []byte) {
	s := strings.Trim(string(b), " \t\r\n\f\u00a0")
	switch s {
	case "":
		return
	case "·", "o", "§", "ü", "Ø", "v", "q", "\uf0b7", "\uf0a7", "•":
		s = "-"
	}
	r.words([]byte(s))
	r.soft = true
}

// start handles the start of an element.
func (r *reader) start(e *element) {
	a := e.tag.atom()
	r.outline.imply(a)
	if (a == atom.Td || a == atom.Th) && r.outline.find(tag(atom.Tr), tables) < 0 {
		r.start(&element{tag: tag(atom.Tr)})
	}
	if isVoid(a) {
		st := r.sheet.of(e)
		if inside := st.apply(r.look, a); inside.shown() && !e.hidden {
			r.void(e)
		}
		return
	}
	if !r.outline.room(e.tag, r.look) {
		return
	}
	outside := r.look
	st := r.sheet.of(e)
	r.look = st.apply(outside, a)
	r.look.pre = r.look.pre || isPre(a)
	if e.attributesHide() {
		r.look.hide = true
	}
	// What is hidden opens nothing: neither a list nor a quote, and its end ends none.
	f := frame{tag: e.tag, block: isBlock(a), shown: r.look.shown(), look: outside}
	switch {
	case f.shown:
		f.lines = int8(r.blockLines(e, a))
		if st.breaks() && !isTablePart(a) {
			f.lines = max(f.lines, 1) // buttons and lines of addresses are often spans shown as blocks
		}
		r.line(int(f.lines))
		f.releases = r.quotes.open(&r.look, e)
		r.open(e)
	case e.isForPaper():
		f.lines = 1 // hidden elements write no lines: here it says not to read
	}
	f.changed = r.look != outside
	if a == atom.Html || a == atom.Body {
		return // their ends are not the end of what they ask
	}
	r.outline.push(f)
}

// isForPaper tells a sheet that is not for every screen.
func (e *element) isForPaper() bool {
	return e.tag.atom() == atom.Style && len(e.media) > 0 && !equal(trim(e.media), "all") && !equal(trim(e.media), "screen")
}

// isPre tells the elements in which white space counts.
func isPre(a atom.Atom) bool {
	return a == atom.Pre || a == atom.Listing || a == atom.Xmp || a == atom.Plaintext || a == atom.Textarea
}

// blockLines knows the paragraphs that have no space between them.
func (r *reader) blockLines(e *element, a atom.Atom) int {
	switch a {
	case atom.P:
		if isTight(e) {
			return 1
		}
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
		if len(r.lists) == 0 {
			return 2
		}
	case atom.Table:
		if len(r.table.rows) > 0 {
			return 1
		}
	}
	return blockLines(a)
}

// isTight tells paragraphs without a margin, as Outlook writes every line.
func isTight(e *element) bool {
	if bytes.HasPrefix(e.class, []byte("Mso")) || bytes.HasPrefix(e.class, []byte("x_Mso")) {
		return true
	}
	_, margin, found := bytes.Cut(e.style, []byte("margin"))
	_, value, colon := bytes.Cut(margin, []byte(":"))
	if !found || !colon || bytes.HasPrefix(margin, []byte("-left")) || bytes.HasPrefix(margin, []byte("-right")) {
		return false
	}
	value, _, _ = bytes.Cut(value, []byte(";"))
	first, _, _ := bytes.Cut(trim(value), []byte(" "))
	return isZero(first)
}

// open does what the start of a visible element does to the text.
func (r *reader) open(e *element) {
	switch e.tag.atom() {
	case atom.A:
		r.link.open(e.href, len(r.out))
	case atom.Pre, atom.Listing:
		r.preLine = true
	case atom.Ul, atom.Menu, atom.Dir:
		r.lists = append(r.lists, list{})
	case atom.Ol:
		r.lists = append(r.lists, list{ordered: true, next: number(e.start, 1)})
	case atom.Li:
		r.item(e)
	case atom.Table:
		r.table.tables = append(r.table.tables, len(e.border) > 0 && !isZero(e.border))
	case atom.Tr:
		r.table.open()
	case atom.Td, atom.Th:
		r.table.cell(e.tag.atom() == atom.Th)
	case atom.Q:
		r.words([]byte(`"`))
	}
}

// item begins an item of a list.
func (r *reader) item(e *element) {
	r.marker, r.indent = "- ", 0
	if len(r.lists) == 0 {
		return
	}
	l := &r.lists[len(r.lists)-1]
	if l.ordered {
		n := number(e.value, l.next)
		l.next = n + 1
		r.marker = strconv.Itoa(n) + ". "
	}
	r.indent = len(r.lists) - 1
}

// number reads a small number of an attribute. Large ones would let a few octets
// of markup write long lines.
func number(b []byte, otherwise int) int {
	n, err := strconv.Atoi(string(trim(b)))
	if err != nil || n < -9999 || n > 999999 {
		return otherwise
	}
	return n
}

// stop handles an end tag.
func (r *reader) stop(t tag) {
	a := t.atom()
	switch {
	case a == atom.Br: // </br> is one, HTML 13.2.6.4.7
		if r.look.shown() {
			r.br()
		}
	case a == atom.Html, a == atom.Body, isVoid(a):
	default:
		r.outline.close(t)
	}
}

// leave does what the end of an element does. The look is restored last: the
// address of a link and closing quotation marks look as their element does.
func (r *reader) leave(f frame) {
	if f.shown {
		r.closeShown(f)
	}
	if f.changed {
		r.look = f.look
	}
	if f.releases != 0 {
		r.quotes.release(f.releases)
	}
}

// closeShown does what the end of a visible element does to the text.
func (r *reader) closeShown(f frame) {
	switch f.tag.atom() {
	case atom.A:
		r.closeLink()
	case atom.Ul, atom.Ol, atom.Menu, atom.Dir:
		r.lists = r.lists[:max(0, len(r.lists)-1)]
	case atom.Li:
		r.marker = ""
	case atom.Table:
		r.table.tables = r.table.tables[:max(0, len(r.table.tables)-1)]
	case atom.Tr:
		r.table.close(r.out)
	case atom.Td, atom.Th:
		r.soft = true // words between cells belong to none, and must not stick to one
	case atom.Q:
		r.words([]byte(`"`))
	}
	r.line(int(f.lines))
}

// void handles the elements without content. A line across the page draws
// nothing, since text that looks like one would be taken for a signature's.
func (r *reader) void(e *element) {
	switch e.tag.atom() {
	case atom.Br:
		r.br()
	case atom.Hr:
		r.line(1)
		r.quotes.rule(r.look, e)
	case atom.Img, atom.Image:
		r.image(e)
	case atom.Input:
		if isFilledIn(e.typ) {
			r.words(e.value)
		}
	}
}
