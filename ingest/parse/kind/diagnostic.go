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
	blocks, common := n.blocks(bounces)
	saidOfAll := map[string]string{} // by action: looked for once, however many recipients
	rest := func(action string) string {
		status, known := saidOfAll[action]
		for _, words := range [...]string{common, n.lower, n.subject} {
			if known || status != "" {
				break
			}
			status = statusOf(words, action)
		}
		saidOfAll[action] = status
		return status
	}
	for i := range bounces {
		b := &bounces[i]
		if b.Diagnostic == "" {
			b.Diagnostic = pick(blocks[i])
			if statusOf(b.Diagnostic, "") == "" && common != "" {
				b.Diagnostic = common // what is said once for all, or above the list
			}
			b.Diagnostic = oneLine(b.Diagnostic)
		}
		if isVague(b.Status) {
			if s := findStatus(pick(blocks[i])); s != "" && s[0] == b.Status[0] {
				b.Status = s
			} else if s := findStatus(common); s != "" && s[0] == b.Status[0] && len(bounces) == 1 {
				b.Status = s
			}
		}
		if b.Status != "" || b.Action != failed && b.Action != delayed {
			continue
		}
		if b.Status = statusOf(b.Diagnostic, b.Action); b.Status == "" {
			b.Status = rest(b.Action)
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

// paragraph is lines without an empty one between them.
type paragraph = string

// Limits of what is kept of the text for one recipient, and of the search.
const (
	maxBlock      = 2 << 10
	maxParagraphs = 6  // of one recipient
	maxTried      = 64 // that are searched for words common to all
)

// blocks is the paragraphs that speak of each recipient: from where it is
// named to where another is. The first paragraph with a code is common to all,
// else the first that says something of nobody in particular.
func (n *notice) blocks(bounces []mailer.Bounce) (blocks [][]paragraph, common string) {
	index := make(map[string]int, len(bounces))
	for i, b := range bounces {
		if key := strings.ToLower(b.Recipient); index[key] == 0 {
			index[key] = i + 1
		}
	}
	c := collector{blocks: make([][]paragraph, len(bounces)), owner: -1}
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
	return c.blocks, c.common
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
	owner  int // -1 for nobody
	lines  []string
	size   int
	common string
	coded  bool // common has a code, and not only words
	tried  int
}

// own makes what follows belong to another recipient.
func (c *collector) own(i int) {
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
	p := strings.Join(c.lines, " ")
	c.lines, c.size = c.lines[:0], 0
	if c.owner >= 0 && len(c.blocks[c.owner]) < maxParagraphs {
		c.blocks[c.owner] = append(c.blocks[c.owner], p)
	}
	switch {
	case !c.coded && (replyCode(p) != "" || findStatus(p) != ""):
		c.common, c.coded = p, true
	case c.common == "" && c.tried < maxTried && c.owner < 0:
		c.tried++
		if wordedStatus(lowerHead(p, maxBlock)) != "" {
			c.common = p
		}
	}
}

// pick takes the paragraph that says most: the reply of a server with its
// status, either of them, words that mean one, else the first.
func pick(block []paragraph) string {
	best, most := "", 0
	for _, p := range block {
		says := 1
		code, status := replyCode(p) != "", findStatus(p) != ""
		switch {
		case code && status:
			says = 5
		case code:
			says = 4
		case status:
			says = 3
		case wordedStatus(lowerHead(p, maxBlock)) != "":
			says = 2
		}
		if says > most {
			best, most = p, says
		}
	}
	return best
}

// statusOf is the status that a diagnostic gives (RFC 3463): as it is written,
// else by what it says, else by the reply code alone. "" if it says nothing.
func statusOf(text, action string) string {
	if s := findStatus(text); s != "" {
		return s
	}
	code := replyCode(text)
	class := ""
	switch {
	case code != "":
		class = code[:1]
	case action == delayed:
		class = "4"
	}
	if worded := wordedStatus(lowerHead(text, maxBlock)); worded != "" {
		if class != "" {
			return class + worded[1:]
		}
		return worded
	}
	if code != "" {
		return class + ".0.0"
	}
	return ""
}

// findStatus finds an enhanced status code as RFC 3463 2 writes it: not a part
// of a version or of an IP address. One that says something is preferred to
// "5.0.0".
func findStatus(s string) string {
	vague := ""
	for i := 0; i+4 < len(s); i++ {
		c := s[i]
		if c != '2' && c != '4' && c != '5' || s[i+1] != '.' || i > 0 && isWordByte(s[i-1]) {
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
		return s[i : i+3]
	}
	return ""
}

// isUnit tells a count from a code: "500 KB", "450 seconds".
func isUnit(rest string) bool {
	rest = lowerHead(strings.TrimLeft(rest, " \t"), 12)
	return beginsWith(rest, []string{"kb", "mb", "bytes", "second", "minute", "hour", "day", "message", "recipients", "kilobyte", "times"}) != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isWordByte tells what a code must not touch.
func isWordByte(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '.' || c == '_'
}
