package page

import (
	"net/url"
	"regexp"
	"strings"

	"casegate/ingest/parse/charset"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Sanitize makes a page safe to be shown among other pages (T68–T70, F11): no
// script, style sheet, form or embedded content, every element closed, nothing
// fetched when it is shown. Pictures are those that came with the mail; others
// give way to what they say of themselves. What the page hides is left out, as
// in Text. Sanitising twice changes nothing.
//
// The page is made tidy first, which drops most of what is forbidden; the policy
// then decides on every element and attribute again.
func Sanitize(page string) string {
	return policy.Sanitize(tidy(charset.Clean(page)))
}

// policy is never changed after it was made, and is safe for concurrent use.
var policy = newPolicy()

// The values that attributes may have. Addresses are checked by their scheme as well.
var (
	numbers = regexp.MustCompile(`^[0-9]{1,4}%?$`)
	colours = regexp.MustCompile(`^#?[a-zA-Z0-9]{1,24}$`)
	words   = regexp.MustCompile(`^[a-zA-Z0-9 ,-]{1,200}$`)
	aligns  = regexp.MustCompile(`^(?i:left|right|center|justify|top|middle|bottom|baseline|char)$`)
	follows = regexp.MustCompile(`^(?i:https?|mailto):`)
	styles  = regexp.MustCompile(stylePattern())
	carried = regexp.MustCompile(`^(?i:cid:|data:image/)`)
)

// newPolicy allows what a mail needs to look like itself. Patterns hold every
// value that is not an address to letters, numbers and colours.
func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	for a := range shownElements {
		p.AllowElements(a.String())
		if a != atom.Img {
			p.AllowNoAttrs().OnElements(a.String())
		}
	}
	p.AllowURLSchemes("http", "https", "mailto", "cid")
	p.AllowURLSchemeWithCustomPolicy("data", func(u *url.URL) bool { return isPicture(u.Opaque) })
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)

	p.AllowAttrs("href").Matching(follows).OnElements("a")
	p.AllowAttrs("src").Matching(carried).OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("width", "height").Matching(numbers).OnElements("img", "table", "td", "th", "col", "hr")
	p.AllowAttrs("align", "valign").Matching(aligns).Globally()
	p.AllowAttrs("bgcolor").Matching(colours).OnElements("table", "tr", "td", "th", "tbody", "thead", "tfoot")
	p.AllowAttrs("border", "cellpadding", "cellspacing").Matching(numbers).OnElements("table")
	p.AllowAttrs("colspan", "rowspan").Matching(numbers).OnElements("td", "th")
	p.AllowAttrs("color").Matching(colours).OnElements("font")
	p.AllowAttrs("face", "size").Matching(words).OnElements("font")
	p.AllowAttrs("start", "value").Matching(numbers).OnElements("ol", "li")
	p.AllowAttrs("type").Matching(words).OnElements("ol", "ul", "li", "blockquote")
	p.AllowAttrs("dir", "lang").Matching(words).Globally()
	p.AllowAttrs("style").Matching(styles).Globally()
	return p
}

// shownElements are the elements that may be shown.
var shownElements = map[atom.Atom]bool{
	atom.A: true, atom.Abbr: true, atom.Address: true, atom.Article: true, atom.Aside: true, atom.B: true,
	atom.Bdi: true, atom.Bdo: true, atom.Big: true, atom.Blockquote: true, atom.Br: true, atom.Caption: true,
	atom.Center: true, atom.Cite: true, atom.Code: true, atom.Col: true, atom.Colgroup: true, atom.Dd: true,
	atom.Del: true, atom.Div: true, atom.Dl: true, atom.Dt: true, atom.Em: true, atom.Figcaption: true,
	atom.Figure: true, atom.Font: true, atom.Footer: true, atom.H1: true, atom.H2: true, atom.H3: true,
	atom.H4: true, atom.H5: true, atom.H6: true, atom.Header: true, atom.Hr: true, atom.I: true, atom.Img: true,
	atom.Ins: true, atom.Kbd: true, atom.Li: true, atom.Main: true, atom.Mark: true, atom.Nav: true, atom.Ol: true,
	atom.P: true, atom.Pre: true, atom.Q: true, atom.S: true, atom.Samp: true, atom.Section: true,
	atom.Small: true, atom.Span: true, atom.Strike: true, atom.Strong: true, atom.Sub: true, atom.Sup: true,
	atom.Table: true, atom.Tbody: true, atom.Td: true, atom.Tfoot: true, atom.Th: true, atom.Thead: true,
	atom.Time: true, atom.Tr: true, atom.Tt: true, atom.U: true, atom.Ul: true, atom.Var: true, atom.Wbr: true,
}

// isPicture tells the data of a picture (RFC 2397) that holds no script: SVG does.
func isPicture(opaque string) bool {
	kind, data, found := strings.Cut(opaque, ";base64,")
	switch strings.ToLower(kind) {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
	default:
		return false
	}
	for i := range len(data) {
		switch c := data[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '+', c == '/', c == '=':
		default:
			return false
		}
	}
	return found && data != ""
}

// tidier writes a page anew: only elements that may be shown, each closed where
// a parser would close it.
type tidier struct {
	out     strings.Builder
	outline outline
	look    look
	sheet   sheet
	element element
	written int // elements
}

// maxWritten is how many elements of a page keep their markup. It is what bounds
// the time of the policy, which is slow and looks at each; mail has a few
// thousand. The words of all others are kept.
const maxWritten = 20_000

// tidy writes the page anew.
func tidy(page string) string {
	t := &tidier{sheet: sheet{}}
	t.outline.strict = true
	t.outline.end = t.leave
	t.out.Grow(len(page))
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			t.outline.popTo(0)
			return t.out.String()
		case html.TextToken:
			t.text(z)
		case html.StartTagToken:
			t.start(t.element.readAll(z))
		case html.SelfClosingTagToken:
			if attributes := t.element.readAll(z); !t.outline.closesItself(t.element.tag) {
				t.start(attributes)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if a := atom.Lookup(name); a == atom.Br {
				if t.look.shown() {
					t.tag(a, nil)
				}
			} else if !isVoid(a) {
				t.outline.close(tagOf(name))
			}
		}
	}
}

// text writes text, escaped, unless it is hidden.
func (t *tidier) text(z *html.Tokenizer) {
	n := len(t.outline.frames)
	switch {
	case t.look.shown():
		t.out.WriteString(html.EscapeString(string(z.Text())))
	case n > 0 && t.outline.frames[n-1].tag.atom() == atom.Style && t.outline.frames[n-1].lines == 0:
		t.sheet.read(z.Text())
	}
}

// start handles the start of an element: t.element is what the page asks for,
// the attributes are what it may get.
func (t *tidier) start(attributes []attribute) {
	e := &t.element
	a := e.tag.atom()
	t.outline.imply(a)
	if !isVoid(a) && !t.outline.room(e.tag, t.look) {
		return
	}
	outside := t.look
	st := t.sheet.of(e)
	inside := st.apply(outside, a)
	inside.hide = inside.hide || e.attributesHide()
	as := shownAs(a)
	shown := (as != 0 || a == atom.Input) && !inside.hide && t.written < maxWritten
	if isVoid(a) {
		if shown && inside.shown() {
			t.void(a, attributes)
		}
		return
	}
	if a == atom.Html || a == atom.Body {
		t.look = inside
		return
	}
	f := frame{tag: e.tag, block: isBlock(a), shown: shown, changed: inside != outside, look: outside}
	switch {
	case shown:
		t.tag(as, attributes)
	case f.block && inside.shown():
		t.out.WriteString(" ") // too many elements: words of two of them must not stick together
	}
	if e.isForPaper() {
		f.lines = 1
	}
	t.look = inside
	t.outline.push(f)
}

// shownAs gives the element to show in the place of another; 0 for none. Parts
// of forms and the like keep their place, that their words keep apart.
func shownAs(a atom.Atom) atom.Atom {
	switch a {
	case atom.Details, atom.Dialog, atom.Fieldset, atom.Form, atom.Hgroup, atom.Legend, atom.Optgroup, atom.Option, atom.Summary:
		return atom.Div
	case atom.Menu, atom.Dir:
		return atom.Ul
	case atom.Listing, atom.Plaintext, atom.Textarea, atom.Xmp:
		return atom.Pre
	}
	if shownElements[a] {
		return a
	}
	return 0
}

// leave writes the end of an element.
func (t *tidier) leave(f frame) {
	if f.shown {
		t.out.WriteString("</" + shownAs(f.tag.atom()).String() + ">")
	}
	if f.changed {
		t.look = f.look
	}
}

// void writes an element without content; a picture from elsewhere as its text.
func (t *tidier) void(a atom.Atom, attributes []attribute) {
	if a == atom.Input {
		if isFilledIn([]byte(find(attributes, "type"))) {
			t.out.WriteString(html.EscapeString(find(attributes, "value")))
		}
		return
	}
	if a == atom.Img && cleanAttribute(a, "src", find(attributes, "src")) == "" {
		if alt := find(attributes, "alt"); len(alt) <= maxAlt && says([]byte(alt)) {
			t.out.WriteString(html.EscapeString("[" + alt + "]"))
		}
		return
	}
	t.tag(a, attributes)
}

// tag writes the start of an element with the attributes it keeps.
func (t *tidier) tag(a atom.Atom, attributes []attribute) {
	t.written++
	t.out.WriteString("<" + a.String())
	for _, at := range attributes {
		if v := cleanAttribute(a, at.key, at.value); v != "" {
			t.out.WriteString(" " + at.key + `="` + html.EscapeString(v) + `"`)
		}
	}
	t.out.WriteString(">")
}
