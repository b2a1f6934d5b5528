package kind

import (
	"slices"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/mailer"
)

// notice is the text that a mail server wrote, and the mail it is about.
type notice struct {
	text     string // above the returned mail
	below    string // the rest, from where the returned mail seems to begin
	lower    string // the beginning of text, in lower case
	returned string // the mail that came back, or its header
	subject  string
	failed   []string        // recipients that the header names
	not      map[string]bool // addresses that cannot be the recipient: sender and receiver of the notice
	delay    bool
	list     bool // a list server wrote it
}

const (
	maxNotice = 256 << 10
	wordsHead = 8 << 10 // of a notice is looked at for wording

	maxSearched = 4000 // lines with an "@" that are searched for recipients
)

func newNotice(m *Mail, s *signals) *notice {
	n := &notice{subject: s.subject, failed: s.failed, list: s.listServer, not: map[string]bool{}}
	text := noticeText(m)
	n.text, n.below = cutReturned(text)
	if n.lower = lowerHead(n.text, wordsHead); n.saysNothing() {
		// The mail's head stands above what is said of it.
		more, rest := cutTrace(n.below)
		n.text, n.below = n.text+more, rest
		n.lower = lowerHead(n.text, wordsHead)
	}
	if n.returned = returnedPart(m); n.returned == "" {
		n.returned = n.below
	}
	for _, box := range m.From {
		n.not[strings.ToLower(box.Email.String())] = true
	}
	for _, field := range [...]string{"To", "Delivered-To", "X-Original-To"} {
		for _, box := range header.Mailboxes(m.Header, field, "") {
			n.not[strings.ToLower(box.Email.String())] = true
		}
	}
	n.delay = firstOf(n.subject, delaySubjects) != "" || firstOf(n.lower, delayWords) != ""
	return n
}

// noticeText is the plain text before the returned mail; the text made of a
// page where there is none.
func noticeText(m *Mail) string {
	var b strings.Builder
	for _, p := range m.Parts {
		if strings.HasPrefix(p.Type, "message/") && p.Type != "message/delivery-status" || strings.Contains(p.Type, "rfc822") {
			break
		}
		if p.Type == "text/plain" && b.Len() < maxNotice {
			b.WriteString(p.Text[:min(len(p.Text), maxNotice-b.Len())])
			b.WriteString("\n\n")
		}
	}
	if strings.TrimSpace(b.String()) == "" {
		return m.Text[:min(len(m.Text), maxNotice)]
	}
	return b.String()
}

// cutReturned splits a text where the mail that came back begins: behind a
// line that says so, or where trace fields stand (RFC 5321 4.4).
func cutReturned(text string) (above, below string) {
	pos := 0
	for line := range strings.Lines(text) {
		next := pos + len(line)
		trimmed := strings.TrimLeft(line, " \t")
		if isTrace(trimmed) {
			return text[:pos], text[pos:]
		}
		if len(trimmed) <= 120 && len(trimmed) >= len("header:") {
			if low := strings.ToLower(strings.TrimSpace(trimmed)); returnedPhrases.in(low) || slices.Contains(returnedLines, low) {
				return text[:pos], text[next:]
			}
		}
		pos = next
	}
	return text, ""
}

// saysNothing tells whether a notice gives neither recipient nor reason.
func (n *notice) saysNothing() bool {
	return strings.IndexByte(n.text, '@') < 0 && !hasReply(n.lower) && wordedStatus(n.lower) == ""
}

// cutTrace splits a text before the first trace field only.
func cutTrace(text string) (above, below string) {
	pos := 0
	for line := range strings.Lines(text) {
		if isTrace(strings.TrimLeft(line, " \t")) {
			return text[:pos], text[pos:]
		}
		pos += len(line)
	}
	return text, ""
}

// isTrace tells fields that stand at the head of a mail that has travelled.
func isTrace(line string) bool {
	for _, f := range [...]string{"Received:", "Return-Path:", "DKIM-Signature:", "X-Received:", "ARC-Seal:"} {
		if len(line) > len(f) && strings.EqualFold(line[:len(f)], f) {
			return true
		}
	}
	return false
}

// original is the Message-ID of the mail that came back.
func (n *notice) original(m *Mail) string {
	if text := returnedPart(m); text != "" {
		if id := header.MessageID(returnedHeader(text)); id != "" {
			return id
		}
	}
	for line := range strings.Lines(n.below) {
		line = strings.TrimSpace(line)
		if len(line) > 11 && strings.EqualFold(line[:11], "message-id:") {
			if ids := header.MessageIDs(line[11:]); len(ids) > 0 {
				return ids[0]
			}
		}
	}
	return ""
}

// returnedTo is whom the returned mail was for: of its fields the first that
// names anybody.
func (n *notice) returnedTo() []string {
	text := strings.TrimLeft(n.returned, " \t\r\n-=_")
	h := header.Read([]byte(text[:min(len(text), header.MaxOctets)]))
	for _, name := range [...]string{"X-HmXmrOriginalRecipient", "X-Envelope-To", "X-Failed-Recipients"} {
		if v := address(h.Get(name)); strings.Contains(v, "@") {
			return []string{v}
		}
	}
	for _, received := range h.All("Received") {
		_, after, found := strings.Cut(received, " for ")
		if !found {
			continue
		}
		if found := addresses(after[:min(len(after), maxRecipient)]); len(found) > 0 && !n.not[strings.ToLower(found[0])] {
			return found[:1]
		}
	}
	return mailboxes(h, "To")
}

func mailboxes(h header.Header, field string) []string {
	var all []string
	for _, box := range header.Mailboxes(h, field, "") {
		all = append(all, box.Email.String())
	}
	return all
}

// bounces reads what the notice says of each recipient.
func (n *notice) bounces() []mailer.Bounce {
	who := n.recipients()
	if len(who) == 0 {
		who = n.returnedTo()
		who = who[:min(len(who), maxRecipients)]
	}
	if len(who) == 0 {
		ranked := n.ranked(n.below) // what looked like the returned mail was a part of the notice
		who = firstFound(ranked[:inProse])
	}
	if len(who) == 0 {
		n.not = nil // people write to themselves, too
		who = n.recipients()
	}
	bounces := make([]mailer.Bounce, 0, len(who))
	for _, w := range who {
		if a := address(w); a != "" {
			bounces = append(bounces, mailer.Bounce{Recipient: a, Action: failed})
		}
	}
	if n.delay {
		for i := range bounces {
			bounces[i].Action = delayed
		}
	}
	n.complete(bounces)
	return bounces
}

// recipients finds whom the mail could not be delivered to: named by the
// header, else by the best kind of place in the text.
func (n *notice) recipients() []string {
	var who []string
	for _, f := range n.failed {
		if a := address(f); strings.Contains(a, "@") && len(who) < maxRecipients {
			who = append(who, a)
		}
	}
	if len(who) > 0 {
		return who
	}
	if n.list {
		// A list server refuses in words, and names its list.
		if _, after, found := strings.Cut(n.text, "<"); found {
			if a, _, found := strings.Cut(after[:min(len(after), maxRecipient)], ">"); found && isPlain(a) {
				return []string{a}
			}
		}
	}
	ranked := n.ranked(n.text)
	return firstFound(ranked[:])
}

func firstFound(ranked [][]string) []string {
	for _, who := range ranked {
		if len(who) > 0 {
			return who
		}
	}
	return nil
}

// Where a text names a recipient, the surest first.
const (
	atLineStart = iota // "<a@b>: 550 …", or alone on its line
	inCommand          // "RCPT TO:<a@b>", "550 <a@b>... no such user"
	behindLabel        // "Recipient: a@b"
	inProse            // anywhere else
	ranks
)

// ranked is the addresses of a text by where they stand.
func (n *notice) ranked(text string) [ranks][]string {
	var found [ranks][]string
	seen := [ranks]map[string]bool{}
	for i := range seen {
		seen[i] = map[string]bool{}
	}
	left := maxSearched
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.IndexByte(line, '@') < 0 {
			continue
		}
		if left--; left < 0 {
			break
		}
		rank, who := n.place(line)
		for _, w := range who {
			key := strings.ToLower(w)
			if seen[rank][key] || len(found[rank]) == maxRecipients {
				continue
			}
			seen[rank][key] = true
			found[rank] = append(found[rank], w)
		}
	}
	return found
}

var (
	otherPhrases    = newPhrases(notRecipients)
	returnedPhrases = newPhrases(returnedMarks)
)

// place tells where in a line its addresses stand.
func (n *notice) place(line string) (rank int, who []string) {
	if a, rest := leading(line); a != "" && (rest == "" || beginsDiagnostic(rest)) {
		return atLineStart, []string{a}
	}
	low := strings.ToLower(line[:min(len(line), 1<<10)])
	if isDigit(line[0]) && len(line) > 4 && replyCode(line[:4]) != "" { // "550 5.1.1 <a@b>... User unknown"
		return inCommand, n.usable(line, 1)
	}
	if i := strings.Index(low, "rcpt to"); i >= 0 && len(low) == len(line[:min(len(line), 1<<10)]) {
		return inCommand, n.usable(line[i:], 1)
	}
	if label, _, found := strings.Cut(low, ":"); found && len(label) < len(line) && recipientLabels[strings.Trim(label, " \t*-\"")] {
		return behindLabel, n.usable(line, 8)
	}
	if otherPhrases.in(low) {
		return inProse, nil
	}
	return inProse, n.usable(line, 8)
}

// usable is the addresses of a line that may be recipients.
func (n *notice) usable(line string, most int) []string {
	var who []string
	for _, a := range addresses(line) {
		if len(who) < most && !n.not[strings.ToLower(a)] && !isOffice(a) {
			who = append(who, a)
		}
	}
	return who
}

// isOffice tells addresses that notices name for help.
func isOffice(a string) bool {
	local, _, _ := strings.Cut(strings.ToLower(a), "@")
	switch local {
	case "postmaster", "mailer-daemon", "support", "abuse", "helpdesk", "help", "noreply", "no-reply", "admin", "webmaster", "hostmaster":
		return true
	}
	return false
}

// leading reads an address that a line begins with, and what follows it.
func leading(line string) (addr, rest string) {
	line = strings.TrimLeft(line, " \t*#\"'[(•-")
	if strings.HasPrefix(line, "<") {
		end := strings.IndexByte(line[:min(len(line), maxRecipient)], '>')
		if end < 0 || !strings.Contains(line[:end], "@") || strings.HasPrefix(line, "<<") {
			return "", ""
		}
		inner := strings.Trim(line[1:end], " '")
		if !strings.Contains(inner, `"@`) { // a quoted local part keeps its quotes
			inner = strings.Trim(inner, `"`)
		}
		return strings.TrimPrefix(inner, "mailto:"), strings.TrimSpace(line[end+1:])
	}
	line = strings.TrimPrefix(line, "mailto:")
	found := addresses(line[:min(len(line), maxRecipient)])
	if len(found) == 0 || !strings.HasPrefix(line, found[0]) {
		return "", ""
	}
	rest = strings.TrimLeft(line[len(found[0]):], " \t\"')]*")
	if strings.HasPrefix(rest, "<") { // a name that is an address, too
		if a, after := leading(rest); a != "" {
			return a, after
		}
	}
	return found[0], rest
}

// beginsDiagnostic tells whether what follows an address at the start of a
// line speaks of it: prose that happens to be broken there does not.
func beginsDiagnostic(rest string) bool {
	switch rest[0] {
	case ':', '(', '<', '[', ';', '\t', '-', '=':
		return true
	case '.':
		return rest == "." || strings.HasPrefix(rest, "...")
	case ',':
		return rest == ","
	}
	low := lowerHead(rest, 300)
	return findStatus(rest, errorClasses) != "" || replyCode(rest) != "" || wordedStatus(low) != "" || strings.HasPrefix(low, "on ") ||
		strings.HasPrefix(low, "error") || strings.HasPrefix(low, "invalid")
}

// addresses finds what looks like an address in a line, without brackets.
func addresses(line string) []string {
	var all []string
	from := 0
	for len(all) < 16 {
		at := strings.IndexByte(line[from:], '@')
		if at < 0 {
			return all
		}
		at += from
		start, end := at, at+1
		for start > from && at-start < 128 && isLocal(line[start-1]) {
			start--
		}
		for end < len(line) && end-at < 255 && isDomain(line[end]) {
			end++
		}
		local := strings.TrimLeft(line[start:at], "'=.&/")
		domain := strings.TrimRight(line[at+1:end], ".-'")
		if i := strings.LastIndexByte(local, '='); i >= 0 && i+1 < len(local) && strings.Contains(local[:i], "to") {
			local = local[i+1:] // "to=a@b" in a log line
		}
		if local != "" && domain != "" && !strings.Contains(local, "//") {
			all = append(all, charset.Clean(local+"@"+domain))
		}
		from = end
	}
	return all
}

func isLocal(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 || strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) >= 0
}

func isDomain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 || c == '.' || c == '-'
}

// oneLine is a diagnostic as it is kept.
func oneLine(s string) string {
	return charset.OneLine(charset.Clean(s[:min(len(s), 4*maxDiagnostic)]), maxDiagnostic)
}
