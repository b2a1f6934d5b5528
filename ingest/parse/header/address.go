package header

import (
	"errors"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/mailer"
)

// MaxAddresses bounds an address list (T54).
const MaxAddresses = 1000

// maxName is the longest display name kept, in octets.
const maxName = 256

// Entry is one entry of an address list. One that could not be read has the
// zero Email.
type Entry struct {
	mailer.Mailbox
	// Comment stands beside the name or within the address: "Anna (North)".
	Comment string
	// Doubt says why the entry must not name a sender, though it may be shown;
	// "" for a plain mailbox.
	Doubt string
}

// Addresses reads the unfolded value of From, To or Cc (RFC 5322 3.4) in one
// pass. The structure is read first and encoded words in names are decoded
// last, so that no name turns into an address (T7). What the grammar does not
// plainly allow leaves a Doubt. 8-bit names are read in the given charset, or
// as UTF-8 where they are that.
func Addresses(value, label string) []Entry {
	l := list{rest: value, label: label}
	for l.rest != "" {
		if len(l.entries) == MaxAddresses {
			l.entries = append(l.entries, Entry{Doubt: "more than 1,000 addresses"})
			break
		}
		l.entry()
	}
	return l.entries
}

// list is the state of reading one address list.
type list struct {
	rest    string
	label   string
	group   bool // inside "name: … ;"
	entries []Entry
}

// item is what one entry is made of, before it is judged.
type item struct {
	words    []string // outside angle brackets, as written, quotes included
	glued    []bool   // whether a word follows the one before without white space or comment
	angle    string   // between the first angle brackets
	angles   int
	after    bool     // words behind the angle brackets
	comments []string // before and within the angle brackets
	late     []string // those behind them
	broken   bool     // white space or a comment within the angle brackets
	space    bool     // white space or comment since the last word
	doubt    string
}

func (it *item) suspect(why string) {
	if it.doubt == "" {
		it.doubt = why
	}
}

// comment notes a comment, which may be a name, and may be made to look like
// an address.
func (it *item) comment(text string, whole bool) {
	if !whole {
		it.suspect("a comment without end")
	}
	if strings.ContainsAny(text, "@<>") {
		it.suspect("a comment that hides an address")
	}
	if it.angles > 0 {
		it.late = append(it.late, text)
	} else {
		it.comments = append(it.comments, text)
	}
}

func (it *item) word(w string) {
	if it.angles > 0 {
		it.after = true
		return
	}
	it.words = append(it.words, w)
	it.glued = append(it.glued, !it.space)
	it.space = false
}

// entry reads up to the next comma or semicolon outside quotes, comments and
// angle brackets.
func (l *list) entry() {
	var it item
	for l.rest != "" {
		c := l.rest[0]
		switch c {
		case ',', ';':
			l.rest = l.rest[1:]
			l.finish(it)
			if c == ';' {
				l.group = false
			}
			return
		case ':':
			l.rest = l.rest[1:]
			// A group's name is not an address, whatever it looks like.
			it = item{doubt: "a group"}
			l.group = true
		default:
			l.token(&it, c)
		}
	}
	l.finish(it)
}

// token takes one token that does not end the entry.
func (l *list) token(it *item, c byte) {
	switch c {
	case ' ', '\t', '\r', '\n':
		l.rest = l.rest[1:]
		it.space = true
	case '(':
		text, rest, whole := commentText(l.rest)
		l.rest, it.space = rest, true
		it.comment(text, whole)
	case '"':
		quoted, whole := l.quoted()
		it.word(quoted)
		if !whole {
			it.suspect("a quoted string without end")
		}
	case '<':
		inner, whole := l.angleText()
		if it.angles == 0 {
			it.angle = it.bare(inner)
		}
		it.angles++
		if !whole {
			it.suspect("an angle bracket without end")
		}
	default:
		if n := wordEnd(l.rest); n > 0 {
			it.word(l.rest[:n])
			l.rest = l.rest[n:]
			return
		}
		// A colon ends a word only outside domain literals, which are no
		// identity anyway, so that they need no rule of their own.
		n := strings.IndexAny(l.rest[1:], ",;:<\"( \t\r\n") + 1
		if n == 0 {
			n = len(l.rest)
		}
		it.word(l.rest[:n])
		l.rest = l.rest[n:]
	}
}

// commentText reads the comment that s begins with, which may hold others (RFC
// 5322 3.2.2).
func commentText(s string) (text, rest string, whole bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[1:i], s[i+1:], true
			}
		}
	}
	return s[1:], "", false
}

// quoted reads a quoted string and gives it with its quotes.
func (l *list) quoted() (s string, whole bool) {
	end, whole := quotedEnd(l.rest)
	s, l.rest = l.rest[:end], l.rest[end:]
	return s, whole
}

func quotedEnd(s string) (end int, whole bool) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1, true
		}
	}
	return len(s), false
}

// angleText reads <…>, in which a quoted local part may hold a ">".
func (l *list) angleText() (s string, whole bool) {
	for i := 1; i < len(l.rest); i++ {
		switch l.rest[i] {
		case '"':
			n, _ := quotedEnd(l.rest[i:])
			i += n - 1
		case '>':
			s, l.rest = l.rest[1:i], l.rest[i+1:]
			return s, true
		}
	}
	s, l.rest = l.rest[1:], ""
	return s, false
}

// bare takes comments and white space out of what stands between angle brackets
// (RFC 5322 4.4, obsolete), quotes respected. It leaves a doubt: other programs
// read other addresses there.
func (it *item) bare(s string) string {
	s = strings.Trim(s, " \t")
	if !strings.ContainsAny(s, " \t(") {
		return s
	}
	var b strings.Builder
	for s != "" {
		n := strings.IndexAny(s, " \t(\"")
		if n < 0 {
			n = len(s)
		}
		b.WriteString(s[:n])
		switch s = s[n:]; {
		case s == "":
		case s[0] == '"':
			end, _ := quotedEnd(s)
			b.WriteString(s[:end])
			s = s[end:]
		case s[0] == '(':
			text, rest, whole := commentText(s)
			it.comment(text, whole)
			s, it.broken = rest, true
		default:
			s, it.broken = s[1:], true
		}
	}
	return b.String()
}

// finish judges an entry and adds it to the list.
func (l *list) finish(it item) {
	if len(it.words) == 0 && it.angles == 0 && it.doubt == "" && len(it.comments) == 0 {
		return // nothing between two commas (RFC 5322 4.4)
	}
	if l.group {
		it.suspect("a group")
	}
	if it.angles > 1 || it.after {
		it.suspect("text behind the address")
	}
	e := Entry{}
	spec, name := it.angle, it.joined(false)
	if it.angles == 0 {
		spec, name = it.unbracketed()
	}
	var err error
	e.Email, err = addrSpec(spec, &it)
	switch {
	case err != nil:
		it.suspect(err.Error())
	case it.broken:
		it.suspect("what is not an address but for white space or a comment inside it")
	}
	l.name(&e, &it, name)
	it.judgeName(e, l)
	e.Doubt = it.doubt
	l.entries = append(l.entries, e)
}

// name sets the name of an entry. Without one the comments are it, as in the
// oldest form, anna@north.example (Anna), and where there is no address either,
// all words are.
func (l *list) name(e *Entry, it *item, name string) {
	comments := strings.Join(it.comments, " ")
	switch {
	case e.Email.IsZero() && it.angles == 0:
		name, comments = it.joined(false), ""
	case name == "":
		name, comments = strings.Join(append(it.comments, it.late...), " "), ""
	}
	e.Name, e.Comment = l.displayName(name), l.displayName(comments)
}

// unbracketed finds the address of an entry without angle brackets. What is
// before it, but for white space, was meant to be its name.
func (it *item) unbracketed() (spec, name string) {
	spec = it.joined(true)
	if i := strings.LastIndexByte(spec, ' '); i >= 0 {
		if _, ok := parseSpec(spec[i+1:]); ok {
			return spec[i+1:], spec[:i]
		}
	}
	return spec, ""
}

// joined puts the words outside the angle brackets together as they were
// written. Those of an address must not have anything between them.
func (it *item) joined(address bool) string {
	var b strings.Builder
	for i, w := range it.words {
		if i > 0 && !it.glued[i] {
			if address {
				it.suspect("white space or a comment inside the address")
			}
			last := it.words[i-1]
			if joint := ".@"; !address || strings.IndexByte(joint, w[0]) < 0 && strings.IndexByte(joint, last[len(last)-1]) < 0 {
				b.WriteByte(' ')
			}
		}
		b.WriteString(w)
	}
	return b.String()
}

var (
	errNoAddress  = errors.New("no address")
	errNotAddress = errors.New("not an address")
	errRoute      = errors.New("a source route")
)

// maxSpec keeps what cannot be an address from the international domain name
// code, whose time grows with the square of the length. It leaves room for a
// domain in Unicode.
const maxSpec = 1000

func parseSpec(s string) (mailer.Address, bool) {
	if len(s) > maxSpec {
		return mailer.Address{}, false
	}
	a, err := mailer.ParseAddress(s)
	return a, err == nil
}

// addrSpec reads what is between the angle brackets, or stands alone, and
// notes what is legal there but has been used to deceive (T7, T50, T51).
func addrSpec(s string, it *item) (mailer.Address, error) {
	s = strings.Trim(s, " \t")
	if s == "" {
		return mailer.Address{}, errNoAddress
	}
	if s[0] == '@' {
		it.suspect(errRoute.Error())
		_, after, found := strings.Cut(s, ":") // RFC 5322 4.4: the route is not part of the address
		if !found {
			return mailer.Address{}, errRoute
		}
		s = after
	}
	if strings.Contains(s, "=?") {
		it.suspect("an encoded word in the address")
	}
	if strings.Contains(s, `\`) {
		it.suspect("an escaped character in the address")
	}
	a, ok := parseSpec(s)
	if !ok {
		return mailer.Address{}, errNotAddress
	}
	if strings.ContainsAny(a.Local, " \t@<>()[],;:\\\"") {
		it.suspect("a quoted local part that looks like something else")
	}
	return a, nil
}

// judgeName doubts an address whose name, or a comment, is another address (F6),
// and one with an "@" in an unquoted name unless it repeats the address, as
// sloppy but honest mailers do.
func (it *item) judgeName(e Entry, l *list) {
	if it.angles > 0 {
		for _, w := range it.words {
			odd := "@<>\\[])"
			if wordEnd(w) == len(w) {
				odd = "@<>" // "=?utf-8?q?Anna_(North)?="
			}
			if w[0] != '"' && strings.ContainsAny(w, odd) && !sameAddress(w, e.Email) {
				it.suspect("an unquoted name that looks like an address")
			}
		}
	}
	names := []string{e.Name}
	for _, c := range append(it.comments, it.late...) {
		names = append(names, l.displayName(c))
	}
	for _, name := range names {
		if a, ok := parseSpec(strings.Trim(name, " '\"<>()[]")); ok && !a.Is(e.Email) {
			it.suspect("a name that is another address")
		}
	}
}

func sameAddress(s string, a mailer.Address) bool {
	b, ok := parseSpec(s)
	return ok && b.Is(a)
}

// displayName is the name as it is shown. Encoded words are decoded within
// quotes too, where they have no meaning but are often written.
func (l *list) displayName(s string) string {
	if s == "" {
		return ""
	}
	if len(s) > charset.MaxWords {
		s = s[:charset.MaxWords]
	}
	return charset.OneLine(charset.DecodeWords(unquoteWords(s), l.label), maxName)
}

// unquoteWords takes the quotes and escapes off quoted strings.
func unquoteWords(s string) string {
	if strings.IndexByte(s, '"') < 0 && strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			continue
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
