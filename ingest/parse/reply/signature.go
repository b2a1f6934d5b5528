package reply

import "strings"

// Bounds of a signature. What is larger is text with a line of dashes in it.
const (
	maxSignature      = 40 // lines below "-- "
	maxSignatureSize  = 4000
	maxPlainSignature = 6  // lines below "--" without the blank
	maxPlainLine      = 80 // octets of each
	maxFooter         = 8  // lines of a mailing list's footer
	maxDevice         = 100
)

// signature gives the lines of own that are a signature. It stands at the end of
// what somebody wrote: the mailer's own line ("Sent from my phone"), a list's
// footer, and what is below "-- ". What was written below it is no part of it.
func (t *table) signature(own part) part {
	first, end := own.first, own.end
	at := t.devices(first, t.footer(first, end))
	if cut := t.dashes(first, at, end); cut < at {
		at = t.devices(first, cut)
	}
	marked := at
	for at > first && t.lines[at-1].signature {
		at--
	}
	if at < marked {
		end = t.writtenBelow(at, end, isSentence)
	} else {
		end = t.writtenBelow(at, end, asks)
	}
	return part{t.devices(first, at), end}
}

// writtenBelow gives the first line from at to end that somebody wrote into or
// below a signature, end if there is none.
func (t *table) writtenBelow(at, end int, written func(string) bool) int {
	for i := at; i < end; i++ {
		if s := t.body(i); written(s) && !isDevice(s) {
			return i
		}
	}
	return end
}

// Words of what firms and mailers put below each mail, and of requests.
var (
	notices  = phrasesList("http|www.|print|environment|notify|delete|confidential|intended|recipient|unsubscribe|subscri|virus|feedback|survey|papier|umwelt|vertraulich|drukow|poufn|utskrift|stampa|cetak|列印|機密|紙")
	requests = set("please pls bitte proszę prosimy snälla vänligen kindly tolong mohon merci gentilmente alstublieft")
)

// asks tells whether a line is a question, a request or a postscript that somebody
// wrote for this one mail.
func asks(s string) bool {
	if len(s) > maxNote {
		return false
	}
	var buf [maxNote]byte
	b, _ := asciiLower(buf[:], s)
	low := string(b)
	for _, n := range notices {
		if strings.Contains(low, n) {
			return false
		}
	}
	if strings.HasSuffix(s, "?") || strings.HasSuffix(s, "？") || strings.HasPrefix(s, "PS:") || strings.HasPrefix(s, "PS ") || strings.HasPrefix(s, "P.S.") || strings.HasPrefix(s, "請") || strings.HasPrefix(s, "麻煩") {
		return true
	}
	for w := range strings.FieldsSeq(low) {
		if requests[strings.Trim(w, ",.:!")] {
			return true
		}
	}
	return false
}

// isSentence tells whether a line is what people write: it asks, or has words and a
// full stop.
func isSentence(s string) bool {
	if asks(s) {
		return true
	}
	bare := strings.TrimRight(s, ".!。！")
	if len(bare) == len(s) || len(s) > 2*maxDevice || strings.ContainsAny(s, "@|/") || strings.Contains(s, "www.") {
		return false
	}
	last := bare[strings.LastIndexByte(bare, ' ')+1:]
	return strings.Count(s, " ") >= 3 && !strings.Contains(last, ".") && !companies[last] || strings.ContainsAny(s, "。")
}

// companies are the abbreviations that names of firms end in.
var companies = set("Inc Ltd Co Corp LLC Pty Bhd Tbk Sp Sdn Jr GmbH AB")

// devices steps up over the lines that mailers add.
func (t *table) devices(first, at int) int {
	for n := 0; n < 3 && at > first; n++ {
		l := t.lines[at-1]
		if !isDevice(t.text[l.body:l.end]) {
			break
		}
		at--
	}
	return at
}

// dashes finds "-- " (RFC 3676 4.3), or "--" if it stands in the text only once.
func (t *table) dashes(first, at, end int) int {
	found := at
	for i := at - 1; i >= first && i >= end-maxSignature; i-- {
		l := t.lines[i]
		if l.end-l.body != 2 || t.text[l.body:l.end] != "--" || l.depth > 0 {
			continue
		}
		if !t.isPlainDashes(i) {
			if int(t.lines[end-1].end-l.end) <= maxSignatureSize {
				found = i
			}
			continue
		}
		if found != at {
			if t.isPlainDashes(found) {
				return at // a text in parts, divided by dashes
			}
			continue
		}
		if t.isCard(i+1, at) {
			found = i
		}
	}
	return found
}

// isPlainDashes tells whether the blank behind "--" is missing in line i.
func (t *table) isPlainDashes(i int) bool {
	s := t.text[t.lines[i].end:]
	return (!strings.HasPrefix(s, " ") || strings.HasPrefix(s, "  ")) && !strings.HasPrefix(s, "\u00a0")
}

// isCard tells whether the lines from i to end are a few short ones, as names and
// numbers are, and nothing that is said or part of a program.
func (t *table) isCard(i, end int) bool {
	if end-i > maxPlainSignature {
		return false
	}
	for ; i < end; i++ {
		if s := t.body(i); len(s) > maxPlainLine || isSentence(s) || strings.ContainsAny(s[max(0, len(s)-1):], ";{}") {
			return false
		}
	}
	return true
}

// footer finds what a mailing list adds: a rule, and below it the list's name or
// how to leave it.
func (t *table) footer(first, end int) int {
	for i := end - 1; i >= first && i >= end-maxFooter; i-- {
		s := t.body(i)
		if strings.HasSuffix(s, "?") {
			return end
		}
		if len(s) < 2 || s[0] != '_' && s[0] != '-' || s == "--" || !isRule(s) {
			continue
		}
		for j := i + 1; j < end && j <= i+3; j++ {
			if isOfList(t.body(j)) {
				return i
			}
		}
		return end
	}
	return end
}

// isOfList tells whether a line names a mailing list, or where to leave it.
func isOfList(s string) bool {
	var buf [2 * maxDevice]byte
	b, ok := asciiLower(buf[:], s)
	low := string(b)
	return ok && (hasAny(low, lists) || strings.Contains(low, "nsubscribe") && strings.Contains(low, "://"))
}

// lists are words of the footers of mailing lists.
var lists = phrasesList("mailing list|mailing-list|mailinglist|liste de diffusion|lista dyskusyjna|lista di distribuzione|lista de correo|/listinfo/|unsubscribe@")
