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
	words   []string // outside angle brackets, as written, quotes included
	glued   []bool   // whether a word follows the one before without white space or comment
	angle   string   // between the first angle brackets
	angles  int
	after   bool // words behind the angle brackets
	comment string
	space   bool // white space or comment since the last word
	doubt   string
}

func (it *item) suspect(why string) {
	if it.doubt == "" {
		it.doubt = why
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
		text, whole := l.commentText()
		it.comment, it.space = text, true
		if !whole {
			it.suspect("a comment without end")
		}
		if strings.ContainsAny(text, "@<>") {
			it.suspect("a comment that hides an address")
		}
	case '"':
		quoted, whole := l.quoted()
		it.word(quoted)
		if !whole {
			it.suspect("a quoted string without end")
		}
	case '<':
		inner, whole := l.angleText()
		if it.angles == 0 {
			it.angle = inner
		}
		it.angles++
		if !whole {
			it.suspect("an angle bracket without end")
		}
	default:
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

// commentText reads a comment, which may hold others (RFC 5322 3.2.2).
func (l *list) commentText() (text string, whole bool) {
	depth := 0
	for i := 0; i < len(l.rest); i++ {
		switch l.rest[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				text, l.rest = l.rest[1:i], l.rest[i+1:]
				return text, true
			}
		}
	}
	text, l.rest = l.rest[1:], ""
	return text, false
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

// finish judges an entry and adds it to the list.
func (l *list) finish(it item) {
	if len(it.words) == 0 && it.angles == 0 && it.doubt == "" && it.comment == "" {
		return // nothing between two commas (RFC 5322 4.4)
	}
	if l.group {
		it.suspect("a group")
	}
	e := Entry{}
	spec, name := it.angle, it.joined(false)
	if it.angles == 0 {
		// The name of the oldest form is in a comment: anna@north.example (Anna).
		spec, name = it.joined(true), it.comment
	}
	if it.angles > 1 || it.after {
		it.suspect("text behind the address")
	}
	var err error
	if e.Email, err = addrSpec(spec, &it); err != nil {
		it.suspect(err.Error())
	}
	e.Name = l.displayName(name)
	if it.angles > 0 {
		it.judgeName(e)
	}
	e.Doubt = it.doubt
	l.entries = append(l.entries, e)
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
			b.WriteByte(' ')
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

// judgeName doubts an address whose name is another address (F6), and one with
// an "@" in an unquoted name unless it repeats the address, as sloppy but
// honest mailers do.
func (it *item) judgeName(e Entry) {
	for _, w := range it.words {
		if w[0] != '"' && strings.ContainsAny(w, "@<>\\[])") && !sameAddress(w, e.Email) {
			it.suspect("an unquoted name that looks like an address")
		}
	}
	bare := strings.Trim(e.Name, " '\"<>()[]")
	if a, ok := parseSpec(bare); ok && !a.Is(e.Email) {
		it.suspect("a name that is another address")
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

// Mailboxes is an address list for showing: what could not be read is left out.
func Mailboxes(h Header, field, label string) []mailer.Mailbox {
	var all []mailer.Mailbox
	for _, value := range h.All(field) {
		for _, e := range Addresses(value, label) {
			if !e.Email.IsZero() && len(all) < MaxAddresses {
				all = append(all, e.Mailbox)
			}
		}
	}
	return all
}
