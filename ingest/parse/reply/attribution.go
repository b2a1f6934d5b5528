package reply

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of an attribution: it is wrapped by mailers, never long.
const (
	maxAttribution = 500 // octets
	maxWrapped     = 4   // lines before the last
)

// verbs are the last words of attributions, in lower case where ASCII.
var verbs = set("wrote writes said says sent schrieb geschrieben écrit ecrit escribió escribio escreveu escrito napisał napisała " +
	"napisał(a) napisał/a napisał(-a) napisal pisze skrev skriver scritto menulis tulis schreef geschreven kirjoitti написал написала " +
	"написал(а) написа написав пишет пише писал(а) yazdı yazmış napsal napsala napsal(a) napísal napísal(a) napísala írta scris " +
	"έγραψε viết escrigué escriure napisao napisao/la napisala rašė kirjutas rakstīja skrifaði كتب כתב כתב/ה เขียน")

// joinedVerbs end an attribution in languages that leave no space before them.
var joinedVerbs = []string{
	"寫道", "写道", "撰寫", "提到", "写到", "さんは書きました", "さんが書きました", "のメッセージ", "wrote", "님이 작성", "님이 썼습니다", "작성", "เขียนว่า",
}

// inner are the verbs that stand before the name, so that no address need follow.
var inner = set("schrieb schreef skrev skrifaði написал пишет kirjoitti írta heeft")

// openers are the first words of attributions.
var openers = set("on am op le il el em dnia w den på pe dne dňa pada vào in am: vom la a la 在 於 于 у ngày date quoting zitat citando cytat citat citát " +
	"selon tarihinde på")

// quoting begins an attribution that names nobody's verb ("Quoting Anna <a@b>:").
var quoting = set("quoting zitat citando cytat citat citát citation citerar")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}

// attribution is the line "On … wrote:" above a quote.
type attribution struct {
	first, end int // lines; end is not in it
	address    bool
	comma      bool // the date is set off from the name, as programs do
	loose      bool // to be believed only above a quote that is marked
	framed     bool // between dashes
	opened     bool // its first word is one that they begin with
	began      bool // a date is at its beginning, whether it is one or not
	bare       bool // the address stands alone, without a name
	prose      bool // it may be a sentence: to be believed only above a quote that is marked
}

// spoken are verbs that people write such lines with rather than programs.
var spoken = set("says said sent")

// proseWords are words of sentences about people. No program writes them before
// the name in an attribution.
var proseWords = set("our my your his her their the this that user users customer customers client colleague admin he she they we called told said says reported asked " +
	"unser unsere mein meine Kollege Kollegin Kunde Kundin Nutzer kollege kollegin kunde kundin nutzer hat nasz nasza mój klient kolega koleżanka pracownik vår kund kollega kollegan användare användaren " +
	"nostro nostra mio cliente collega utente notre client collègue utilisateur usuario nuestro kami pelanggan pengguna onze klant collega gebruiker")

// isProse tells whether s ends in a verb that programs do not use there, or reads,
// up to an address in brackets, like a sentence.
func isProse(s string) bool {
	if _, ok := cutVerb(strings.TrimRight(s, ":： ")); !ok {
		return true
	}
	if open := strings.IndexByte(s, '<'); open >= 0 {
		s = s[:open]
	}
	for w := range strings.FieldsSeq(s) {
		w = strings.Trim(w, ",.:;")
		if proseWords[w] {
			return true
		}
	}
	return false
}

// attribution looks for one whose last line is i; no line before floor is in it.
func (t *table) attribution(i, floor int) (attribution, bool) {
	e, ok := ending(t.body(i))
	if !ok {
		return attribution{}, false
	}
	quoted := i+1 < len(t.lines) && t.isMarked(i+1)
	if !e.colon && !e.verb && !quoted {
		return attribution{}, false
	}
	for k := 0; k <= maxWrapped && i-k >= floor; k++ {
		if k > 0 && !t.continues(i-k) {
			break
		}
		s := t.text[t.lines[i-k].body:t.lines[i].end]
		if len(s) > maxAttribution {
			break
		}
		if a, ok := judge(s, e); ok {
			a.first, a.end = i-k, i+1
			a.prose, a.bare = isProse(s), a.address && !strings.ContainsAny(s, "<([\",")
			if !a.opened && a.first > floor && t.opensAbove(a.first-1, i, e) {
				a.first--
			}
			return a, !a.loose || quoted
		} else if a.began {
			break
		}
	}
	return t.named(i, floor, e, quoted)
}

// opensAbove tells whether an attribution that was found from the line below i on
// begins in line i: it was wrapped between the date and the time.
func (t *table) opensAbove(i, last int, e lineEnd) bool {
	if !t.continues(i) || t.lines[last].end-t.lines[i].body > maxAttribution {
		return false
	}
	a, ok := judge(t.text[t.lines[i].body:t.lines[last].end], e)
	return ok && a.opened && a.began
}

// continues tells whether line i can be the part of an attribution that was
// wrapped before line i+1. A blank line within an address is a mailer's.
func (t *table) continues(i int) bool {
	l, next := t.lines[i], t.lines[i+1]
	if l.depth > 0 || l.span != next.span || l.signature {
		return false
	}
	return !next.gap || t.text[next.body] == '<'
}

// isMarked tells whether line i is quoted by a mark or by markup.
func (t *table) isMarked(i int) bool { return t.lines[i].depth > 0 || t.lines[i].span >= 0 }

// named takes "Anna <a@b> wrote:" and "Anna wrote:" for an attribution, above a
// marked quote only.
func (t *table) named(i, floor int, e lineEnd, quoted bool) (attribution, bool) {
	if !quoted || !e.colon || !e.verb && !saysWhen(t.body(i)) {
		return attribution{}, false
	}
	first := i
	for first > floor && i-first < 2 && t.continues(first-1) && startsInside(t.body(first)) {
		first--
	}
	s := t.text[t.lines[first].body:t.lines[i].end]
	if len(s) > maxAttribution || !isNamed(s) {
		return attribution{}, false
	}
	return attribution{first: first, end: i + 1, loose: true}, true
}

// maxName is the longest name in an attribution, in octets.
const maxName = 60

// isNamed tells whether nothing but a name, an address or a date stands before the
// verb: a sentence may end in a verb and a colon too ("The log says:").
func isNamed(s string) bool {
	if saysWhen(s) {
		return !isProse(s)
	}
	name := trim(strings.TrimSuffix(strings.TrimSuffix(s, ":"), "："))
	at := strings.IndexAny(name, "<(")
	switch {
	case at >= 0 && strings.Contains(name[at:], "@"):
		name = name[:at]
	default:
		var ok bool
		if name, ok = cutVerb(name); !ok {
			return false
		}
	}
	for w := range strings.FieldsSeq(name) {
		c, _ := utf8.DecodeRuneInString(strings.TrimLeft(w, "\"'(*_"))
		if unicode.IsLower(c) && !particles[w] {
			return false
		}
	}
	return len(name) <= maxName && !proseWords[strings.ToLower(name)]
}

// particles are the words of names that begin with a small letter, and those that
// stand before the verb ("Anna ha scritto").
var particles = set("von van der den de di da del della la le dos du bin al av af ten ter zu zum ha hat a har ezt via from")

// cutVerb takes the verb off the end of s; ok is false where it is one that
// sentences end in too.
func cutVerb(s string) (name string, ok bool) {
	for _, v := range joinedVerbs {
		if name, ok = strings.CutSuffix(s, v); ok {
			return trim(name), v != "提到"
		}
	}
	at := strings.LastIndexAny(s, " \n\u00a0")
	return trim(s[:max(0, at)]), !spoken[s[at+1:]]
}

// saysWhen tells "Anna wrote on 2 November 2026:".
func saysWhen(s string) bool {
	if dated, _ := dates(s); !dated || len(s) > 160 {
		return false
	}
	n := 0
	for w := range strings.FieldsSeq(s) {
		if n++; n > 7 {
			break
		}
		if n > 1 && verbs[w] {
			return true
		}
	}
	return false
}

// startsInside tells whether a line cannot be the first of an attribution: it
// begins with an address, or is nothing but that or the verb.
func startsInside(s string) bool {
	if s == "" || s[0] == '<' || s[0] == '(' || s[0] == '>' {
		return true
	}
	return !strings.Contains(s, " ") && (strings.Contains(s, "@") || isVerb(strings.TrimRight(s, ":：")))
}

// lineEnd is how the last line of an attribution ends.
type lineEnd struct{ colon, verb, address, framed bool }

// ending tells whether a line ends as an attribution does.
func ending(s string) (lineEnd, bool) {
	var e lineEnd
	if s == "" {
		return e, false // nothing behind quote marks
	}
	switch c := s[len(s)-1]; {
	case c == ':':
		e.colon = true
		s = trim(s[:len(s)-1])
	case strings.HasSuffix(s, "："):
		e.colon = true
		s = trim(s[:len(s)-len("：")])
	case c == '-':
		cut := strings.TrimRight(s, "- ")
		e.framed = len(s)-len(cut) >= 3
		s = strings.TrimRight(cut, ": ")
	}
	if s == "" {
		return e, e.colon
	}
	switch s[len(s)-1] {
	case '>', ')', ']', '"':
		e.address = true
	}
	e.verb = endsInVerb(s)
	return e, e.colon || e.framed && e.verb || e.verb && strings.Contains(s, "@") || !e.framed && e.address && s[0] >= '0' && s[0] <= '9'
}

func isVerb(s string) bool { return verbs[s] || slices.Contains(joinedVerbs, s) }

// endsWord tells whether s ends in what stands between words.
func endsWord(s string) bool {
	switch s[len(s)-1] {
	case ' ', '>', '"', '\'', ',', ';':
		return true
	case 0xa0:
		return strings.HasSuffix(s, "\u00a0")
	}
	return false
}

func endsInVerb(s string) bool {
	var buf [32]byte // more than the longest
	at := len(s)
	for at > 0 && len(s)-at <= len(buf) && !endsWord(s[:at]) {
		at--
	}
	if low, ok := asciiLower(buf[:], s[at:]); ok && verbs[string(low)] {
		return true
	}
	if s[len(s)-1] < 0x80 {
		return false
	}
	for _, v := range joinedVerbs {
		if strings.HasSuffix(s, v) {
			return true
		}
	}
	return false
}

// judge tells whether s, which ends as e says, is an attribution from its first
// word on.
func judge(s string, e lineEnd) (attribution, bool) {
	at := strings.IndexByte(s, '@')
	a := attribution{address: at >= 0, framed: e.framed}
	bare := strings.TrimLeft(s, "-_*=— \t")
	a.framed = a.framed && len(s)-len(bare) >= 2
	first, rest := firstWord(bare)
	dated, near := dates(bare)
	a.comma = strings.Contains(bare, ",")
	a.opened, a.began = openers[first], dated && near
	switch {
	case a.framed && e.verb:
		return a, true
	case quoting[first] && a.address && e.colon:
		a.loose = true
		return a, true
	case e.colon && a.address && nameFirst(bare, e.verb):
		return a, true
	case !near && !a.opened:
		return a, false
	case e.verb && a.address && strings.Contains(bare, ":<"):
		return a, false // an SMTP command in a bounce
	case e.verb && dated && (e.colon || a.address || e.framed):
		return a, true
	case e.verb && a.address && e.colon && strings.ContainsAny(rest, "0123456789"):
		return a, true
	case !e.colon && e.address && a.address && dated && near:
		a.loose = true // "2026/11/2 Anna <a@b>" without a colon
		return a, true
	case e.colon && e.address && a.address && dated && !strings.ContainsAny(bare, "=[") && !strings.Contains(bare, ":<"):
		return a, true
	}
	return a, e.colon && dated && hasInner(rest)
}

// nameFirst tells the languages whose attributions begin with the name and the
// address ("Anna <a@b> 於 2026年11月2日 寫道："), and Polish phones, which say first that
// it is a mail.
func nameFirst(s string, verb bool) bool {
	s, said := strings.CutPrefix(s, "Wiadomość napisana przez ")
	open := strings.IndexByte(s, '<')
	if open < 0 || open > maxShown || strings.Count(s[:open], " ") > 6 || strings.ContainsAny(s[:open], ":!?;") {
		return false
	}
	end := strings.IndexByte(s[open:], '>')
	if end < 0 || !strings.Contains(s[open:open+end], "@") {
		return false
	}
	s = s[open+end+1:]
	if strings.HasPrefix(s, ":") {
		return false // "<a@b>: host mx said:" in a bounce
	}
	if dated, _ := dates(s); !dated {
		return false
	}
	if verb || said {
		return true
	}
	for w := range strings.FieldsSeq(s) {
		if verbs[w] {
			return true
		}
	}
	return false
}

func firstWord(s string) (word, rest string) {
	at := strings.IndexAny(s, " \t\n\u00a0")
	if at < 0 {
		at = len(s)
	}
	if at > 24 {
		// Chinese leaves no space behind the first word.
		at = 0
	}
	for _, w := range []string{"在", "於", "于"} {
		if strings.HasPrefix(s, w) {
			return w, s[len(w):]
		}
	}
	var buf [24]byte
	low, _ := asciiLower(buf[:], s[:at])
	return string(low), s[at:]
}

func hasInner(s string) bool {
	for w := range strings.FieldsSeq(s) {
		if inner[w] {
			return true
		}
	}
	return false
}

// midway finds where an attribution begins in the middle of the line
// text[at:end], because a mailer lost the line end before it; at if nowhere. Only
// above a line that is marked as quoted.
func midway(text string, at, end int) int {
	s := text[at:end]
	if len(s) < 20 || len(s) > 2*maxAttribution || s[len(s)-1] != ':' || end+1 >= len(text) || text[end+1] != '>' {
		return at
	}
	n := strings.LastIndex(s, "On ")
	if n <= 0 || s[n-1] != ' ' && s[n-1] != '-' {
		return at
	}
	if _, near := dates(s[n:]); !near || !endsInVerb(s[:len(s)-1]) {
		return at
	}
	for n > 0 && (s[n-1] == '-' || s[n-1] == ' ') {
		n--
	}
	return at + n
}
