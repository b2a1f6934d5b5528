package kind

import (
	"strings"

	"casegate/mailer"
)

// complete gives every record the diagnostic and status that it lacks, from
// the words of the notice.
func (n *notice) complete(bounces []mailer.Bounce) {
	if !slicesLack(bounces) {
		return
	}
	c := n.blocks(bounces)
	lines := [...]paragraph{c.common, parse(n.text[:min(len(n.text), wordsHead)]), parse(n.subject)}
	for i := range bounces {
		b := &bounces[i]
		if b.Action != failed && b.Action != delayed {
			continue // nothing went wrong
		}
		said := parse(b.Diagnostic)
		if b.Diagnostic == "" {
			if said = pick(c.blocks[i]); said.statusFor("") == "" && c.common.text != "" && (c.common.owner < 0 || c.named[i]) {
				said = c.common // what is said once for all, or above the list
			}
			b.Diagnostic = oneLine(said.text)
		}
		if isVague(b.Status) {
			if p := pick(c.blocks[i]); p.status != "" && p.status[0] == b.Status[0] {
				b.Status = p.status // the text has more to say
			}
		}
		// A status that is stated stays, vague as it may be: words are a guess.
		if b.Status != "" {
			continue
		}
		b.Status = said.statusFor(b.Action)
		for _, p := range lines {
			if b.Status == "" {
				b.Status = p.statusFor(b.Action) // words of the text before those of the subject
			}
		}
	}
}

// rename gives the only recipient the name that the sender knows, where the
// report tells of the pipe or file behind it.
func (n *notice) rename(bounces []mailer.Bounce) {
	if len(bounces) != 1 || isPlain(bounces[0].Recipient) {
		return
	}
	for _, who := range [...][]string{n.failed, n.returnedTo()} {
		if len(who) != 1 {
			continue
		}
		if a := address(who[0]); isPlain(a) {
			bounces[0].Recipient = a
			return
		}
	}
}

func slicesLack(bounces []mailer.Bounce) bool {
	for _, b := range bounces {
		if b.Diagnostic == "" || b.Status == "" || isVague(b.Status) {
			return true
		}
	}
	return false
}

// paragraph is lines without an empty one between them, and what they say.
// The lines stay apart, since codes stand at their beginning.
type paragraph struct {
	text   string
	code   string // of an SMTP reply
	status string // as it is written
	worded string // what the words mean
	owner  int    // of whom it speaks; -1 for nobody in particular
}

// parse reads what a paragraph says. A status of another class than the reply
// counts only where the server put it.
func parse(text string) paragraph {
	p := paragraph{text: text, code: replyCode(text), worded: wordedStatus(lowerHead(text, maxBlock))}
	if p.code != "" {
		p.status = findStatus(text, p.code[:1])
	}
	if p.status == "" {
		p.status = leadingStatus(text)
	}
	if p.status == "" && p.code == "" {
		p.status = findStatus(text, errorClasses)
	}
	return p
}

// weight is how much it says: the reply of a server with its status, either
// of them, words that mean one, or anything.
func (p paragraph) weight() int {
	switch {
	case p.code != "" && p.status != "":
		return 5
	case p.code != "":
		return 4
	case p.status != "":
		return 3
	case p.worded != "":
		return 2
	}
	return 1
}

// Limits of what is kept of the text for one recipient, and of the search.
const (
	maxBlock      = 2 << 10
	maxParagraphs = 6 // of one recipient
)

// blocks is the paragraphs that speak of each recipient: from where it is
// named to where another is. The first paragraph with a code is common to all,
// else the first that says something of nobody in particular.
func (n *notice) blocks(bounces []mailer.Bounce) collector {
	index := make(map[string]int, len(bounces))
	for i, b := range bounces {
		if key := strings.ToLower(b.Recipient); index[key] == 0 {
			index[key] = i + 1
		}
	}
	c := collector{blocks: make([][]paragraph, len(bounces)), named: make([]bool, len(bounces)), owner: -1}
	for line := range strings.Lines(n.text) {
		line = strings.TrimSpace(line)
		if line == "" {
			c.end()
			continue
		}
		if strings.IndexByte(line, '@') >= 0 {
			if a, rest := leading(line); a != "" && index[strings.ToLower(a)] > 0 {
				c.own(index[strings.ToLower(a)] - 1)
				line = strings.TrimLeft(rest, ": \t>.")
			} else {
				for _, a := range addresses(line) {
					if i := index[strings.ToLower(a)]; i > 0 {
						c.own(i - 1)
						break
					}
				}
			}
		}
		if name, _, found := strings.Cut(line, ":"); !found || !reportFields[strings.ToLower(name)] {
			c.add(line)
		}
	}
	c.end()
	return c
}

// reportFields are lines of a report that stands in the text itself; the
// diagnostic in it is read as such.
var reportFields = map[string]bool{
	"reporting-mta": true, "received-from-mta": true, "arrival-date": true, "final-recipient": true,
	"original-recipient": true, "action": true, "status": true,
	"remote-mta": true, "last-attempt-date": true, "will-retry-until": true, "content-type": true,
	"content-description": true, "content-transfer-encoding": true,
	"x-postfix-queue-id": true, "x-postfix-sender": true, "x-actual-recipient": true,
}

// collector gathers lines into paragraphs of their owners.
type collector struct {
	blocks [][]paragraph
	named  []bool // who is named in the text at all
	owner  int    // -1 for nobody
	lines  []string
	size   int
	common paragraph
	coded  bool // common has a code, and not only words
}

// own makes what follows belong to another recipient.
func (c *collector) own(i int) {
	c.named[i] = true
	if i != c.owner {
		c.end()
		c.owner = i
	}
}

func (c *collector) add(line string) {
	if c.size < maxBlock && line != "" {
		line = line[:min(len(line), maxBlock)]
		c.lines = append(c.lines, line)
		c.size += len(line) + 1
	}
}

// end closes the paragraph.
func (c *collector) end() {
	if len(c.lines) == 0 {
		return
	}
	p := parse(strings.Join(c.lines, "\n"))
	p.owner = c.owner
	c.lines, c.size = c.lines[:0], 0
	if c.owner >= 0 && len(c.blocks[c.owner]) < maxParagraphs {
		c.blocks[c.owner] = append(c.blocks[c.owner], p)
	}
	switch {
	case !c.coded && (p.code != "" || p.status != ""):
		c.common, c.coded = p, true
	case c.common.text == "" && c.owner < 0 && p.worded != "":
		c.common = p
	}
}

// pick takes the paragraph that says most.
func pick(block []paragraph) paragraph {
	var best paragraph
	most := 0
	for _, p := range block {
		if w := p.weight(); w > most {
			best, most = p, w
		}
	}
	return best
}

// statusOf is the status that a diagnostic gives.
func statusOf(text, action string) string { return parse(text).statusFor(action) }

// statusFor is the status that a paragraph gives (RFC 3463): as it is written,
// else by what it says, else by the reply code alone. "" if it says nothing.
func (p paragraph) statusFor(action string) string {
	class := ""
	switch {
	case p.code != "":
		class = p.code[:1]
	case action == delayed:
		class = "4"
	}
	switch {
	case p.status != "":
		return p.status
	case p.worded != "" && class != "":
		return class + p.worded[1:]
	case p.worded != "":
		return p.worded
	case p.code != "":
		return class + ".0.0"
	}
	return ""
}

// Classes of RFC 3463 3.1.
const (
	errorClasses = "45"
	allClasses   = "245"
)

// findStatus finds an enhanced status code as RFC 3463 2 writes it, where codes
// stand: not a part of a version or of an IP address. One that says something is
// preferred to "5.0.0".
func findStatus(s, classes string) string {
	vague := ""
	for i := 0; i+4 < len(s); i++ {
		if s[i+1] != '.' || strings.IndexByte(classes, s[i]) < 0 || !isCodePlace(s, i) {
			continue
		}
		n := statusLength(s[i:])
		if n == 0 {
			continue
		}
		found := s[i : i+n]
		if !isVague(found) {
			return found
		}
		if vague == "" {
			vague = found
		}
		i += n - 1
	}
	return vague
}

// leadingStatus is the code at the start of a text, or right behind its first
// reply code: where it is that of the server, and no version of a program.
func leadingStatus(s string) string {
	rest := s
	if i := replyIndex(s); i >= 0 {
		if status := statusAt(s[i+len("550"):]); status != "" {
			return status
		}
		rest = s[:i]
	}
	return statusAt(rest)
}

func statusAt(s string) string {
	s = strings.TrimLeft(s[:min(len(s), 32)], " \t-#:;'\"([<")
	if len(s) < len("5.0.0") || strings.IndexByte(errorClasses, s[0]) < 0 || s[1] != '.' {
		return ""
	}
	return s[:statusLength(s)]
}

// isCodePlace tells whether a code may stand at i: at the start of a line,
// behind a reply code, a mark, or a word for it. Behind any other word it is the
// version of something.
func isCodePlace(s string, i int) bool {
	j := i
	for j > 0 && (s[j-1] == ' ' || s[j-1] == '\t') {
		j--
	}
	switch {
	case j == 0, s[j-1] == '\n':
		return true
	case j == i:
		return !isWordByte(s[i-1]) && s[i-1] != '/' && !(s[i-1] == '-' && i > 1 && isLetter(s[i-2]))
	}
	end := j
	for j > 0 && end-j < 16 && isWordByte(s[j-1]) {
		j--
	}
	word := s[j:end]
	if len(word) == 3 && isDigit(word[0]) || word == "" || !isLetter(word[0]) && !isDigit(word[0]) {
		return true
	}
	return codeWords[strings.ToLower(word)]
}

// codeWords stand before a code.
var codeWords = map[string]bool{
	"error": true, "status": true, "code": true, "reason": true, "dsn": true, "smtp": true, "esmtp": true, "said": true,
	"reply": true, "response": true, "returned": true, "with": true, "failure": true, "was": true, "is": true,
	"fehler": true, "fehlercode": true, "kod": true, "codice": true, "errore": true, "erreur": true, "fel": true,
}

// isVague tells a status that names a class only.
func isVague(status string) bool { return strings.HasSuffix(status, ".0.0") }

// statusLength measures the code at the start of s; 0 if it is none.
func statusLength(s string) int {
	i := 2
	for range 2 {
		start := i
		for i < len(s) && i-start < 3 && isDigit(s[i]) {
			i++
		}
		if i == start {
			return 0
		}
		if start == 2 {
			if i == len(s) || s[i] != '.' || s[start] > '7' || i-start > 1 {
				return 0 // RFC 3463 knows the subjects 0 to 7
			}
			i++
		}
	}
	if i < len(s) && (isWordByte(s[i]) && s[i] != '_' || s[i] == '.' && i+1 < len(s) && isDigit(s[i+1])) {
		return 0
	}
	return i
}

// replyCode finds an SMTP reply code of an error (RFC 5321 4.2): three digits on
// their own, where servers quote them.
func replyCode(s string) string {
	if i := replyIndex(s); i >= 0 {
		return s[i : i+len("550")]
	}
	return ""
}

// replyIndex is where that code stands; -1 without one.
func replyIndex(s string) int {
	for i := 0; i+2 < len(s); i++ {
		c := s[i]
		if c != '4' && c != '5' || s[i+1] > '5' && s[i+1] != '7' || !isDigit(s[i+1]) || !isDigit(s[i+2]) {
			continue
		}
		if i > 0 && (isWordByte(s[i-1]) || s[i-1] == '-' || s[i-1] == '/' || s[i-1] == '@' || s[i-1] == '$' || s[i-1] == '+') {
			continue
		}
		if i+3 < len(s) && strings.IndexByte(" -:;,)]'\"#\t", s[i+3]) < 0 {
			continue
		}
		if i+3 < len(s) && isUnit(s[i+3:]) {
			continue
		}
		return i
	}
	return -1
}

// isUnit tells a count from a code: "500 KB", "450 seconds".
func isUnit(rest string) bool {
	rest = lowerHead(strings.TrimLeft(rest, " \t"), 12)
	return beginsWith(rest, []string{"kb", "mb", "bytes", "second", "minute", "hour", "day", "message", "recipients", "kilobyte", "times"}) != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isWordByte tells what a code must not touch.
func isWordByte(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '_'
}
