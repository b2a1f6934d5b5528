package kind

import (
	"strings"
	"unicode/utf8"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/mailer"
)

// Limits of a report.
const (
	maxRecipients = 1000
	maxRecipient  = 512     // octets: X.400 addresses are long
	maxDiagnostic = 1 << 10 // octets
)

// Actions of RFC 3464 2.3.3.
const (
	failed    = "failed"
	delayed   = "delayed"
	delivered = "delivered"
)

// report is a delivery status notification (RFC 3464).
func report(m *Mail, s *signals) (Result, bool) {
	var bounces []mailer.Bounce
	found := false
	for _, p := range m.Parts {
		if p.Type == "message/delivery-status" || p.Type == "message/global-delivery-status" {
			found = true
			bounces = appendBounces(bounces, recipients(p.Text))
		}
	}
	// People forward such reports as their programs see fit.
	if !found || m.Type != "multipart/report" && s.sender.daemon < 2 && !s.isAuto() && s.machine == "" {
		return Result{}, false
	}
	return newNotice(m, s).result(m, bounces, "delivery status notification"), true
}

func appendBounces(to, from []mailer.Bounce) []mailer.Bounce {
	return append(to, from[:min(len(from), maxRecipients-len(to))]...)
}

// result is what a report says of its recipients. What it leaves out is looked
// for in the words above it.
func (n *notice) result(m *Mail, bounces []mailer.Bounce, why string) Result {
	if len(bounces) == 0 {
		bounces = n.bounces()
	} else {
		n.complete(bounces)
	}
	n.rename(bounces)
	r := Result{Kind: mailer.KindBounce, Automatic: true, Bounces: bounces, Original: n.original(m), Why: why}
	if len(bounces) > 0 {
		r.Kind = mailer.KindDeliveryReport
	}
	for _, b := range bounces {
		if b.Action == failed || b.Action == delayed {
			r.Kind = mailer.KindBounce
		}
	}
	return r
}

// statusFields are what a report says of one recipient (RFC 3464 2.3).
type statusFields struct {
	final, original, actual    string
	action, status, diagnostic string
}

func (f *statusFields) recipient() string {
	all := [...]string{f.final, f.original, f.actual}
	for _, r := range all {
		if isPlain(address(r)) {
			return r
		}
	}
	for _, r := range all {
		if r != "" {
			return r
		}
	}
	return ""
}

// isPlain tells an address from what else mailers deliver to: a pipe, a file,
// a local user, a source route.
func isPlain(a string) bool {
	return strings.IndexByte(a, '@') > 0 && a[0] != '|' && a[0] != '/' && !strings.Contains(a, " ")
}

// recipients reads the fields of a report, and steps over all others. The empty
// lines between recipients are not relied on: they are missing, or too many.
func recipients(text string) []mailer.Bounce {
	var all []mailer.Bounce
	var cur statusFields
	flush := func() {
		if b, ok := cur.bounce(); ok && len(all) < maxRecipients {
			all = append(all, b)
		}
		cur = statusFields{}
	}
	for field := range unfolded(text) {
		if field == "" {
			// A group that says what became of its recipient is over.
			if cur.recipient() != "" && cur.action != "" && cur.status != "" {
				flush()
			}
			continue
		}
		name, value, found := strings.Cut(field, ":")
		if !found || len(name) > 40 {
			continue
		}
		to := cur.field(strings.ToLower(strings.TrimSpace(name)))
		if to == nil {
			continue
		}
		if *to != "" && to != &cur.diagnostic || to == &cur.final && cur.recipient() != "" && cur.action != "" {
			flush()
			to = cur.field(strings.ToLower(strings.TrimSpace(name)))
		}
		if *to == "" {
			*to = strings.TrimSpace(value)
		}
	}
	flush()
	return all
}

// field is where the value of a field belongs; nil for those that say nothing
// of a recipient's fate.
func (f *statusFields) field(name string) *string {
	switch name {
	case "final-recipient":
		return &f.final
	case "original-recipient":
		return &f.original
	case "x-actual-recipient":
		return &f.actual
	case "action":
		return &f.action
	case "status":
		return &f.status
	case "diagnostic-code":
		return &f.diagnostic
	}
	return nil
}

// bounce makes the record of one recipient. Fields without a recipient are
// those of a group that was torn apart, or of the mail itself.
func (f *statusFields) bounce() (mailer.Bounce, bool) {
	b := mailer.Bounce{Recipient: address(f.recipient())}
	if b.Recipient == "" {
		return b, false
	}
	typ, text, found := strings.Cut(f.diagnostic, ";")
	if !found || !strings.EqualFold(strings.TrimSpace(typ), "smtp") {
		text = f.diagnostic // other types say something: "X-Unix; 75"
	}
	b.Diagnostic = charset.OneLine(charset.Clean(text), maxDiagnostic)
	b.Status = findStatus(f.status, allClasses)
	b.Action = action(f.action, b.Status)
	b.Status = refined(b)
	return b, true
}

// refined is the status that the server gave which refused: it knows better than
// the one that reports, which often sums up: "5.0.0", or "4.4.7" when it gave up.
// An exact status gives way only to one that stands where servers write it, and
// that is of the class of their reply.
func refined(b mailer.Bounce) string {
	if b.Action != failed && b.Action != delayed {
		return b.Status
	}
	said := parse(b.Diagnostic)
	if b.Status == "" || isVague(b.Status) && said.status != "" {
		return said.status
	}
	leading := leadingStatus(b.Diagnostic)
	if leading == "" || isVague(leading) || said.code != "" && said.code[0] != leading[0] {
		return b.Status
	}
	return leading
}

// action is the first word of the field, where it is one we know. The status
// tells otherwise (RFC 3463 2).
func action(value, status string) string {
	word := keyword(value)
	switch word {
	case failed, delayed, delivered, "relayed", "expanded":
		return word
	case "fail", "failure", "error", "bounced", "undeliverable", "failed_permanently":
		return failed
	case "delay", "deferred", "warning":
		return delayed
	}
	switch {
	case strings.HasPrefix(status, "2"):
		return delivered
	case strings.HasPrefix(status, "4") && word == "":
		return delayed
	}
	return failed
}

// address takes what a recipient field says (RFC 3464 2.3.1: "rfc822;" address)
// as the plainest form there is; it need not be an address.
func address(value string) string {
	typ, rest, found := strings.Cut(value, ";")
	if found && !strings.Contains(typ, "@") {
		value = rest
		if strings.EqualFold(strings.TrimSpace(typ), "utf-8") {
			value = unhexUTF8(value)
		}
	}
	value = strings.TrimSpace(value)
	if i := strings.IndexByte(value, '<'); i >= 0 {
		if j := strings.IndexByte(value[i:], '>'); j > 1 {
			value = value[i+1 : i+j]
		}
	}
	if i := strings.LastIndexByte(value, '('); i > 0 && strings.HasSuffix(value, ")") && strings.Contains(value[:i], "@") {
		value = value[:i] // a comment
	}
	return charset.OneLine(charset.Clean(strings.Trim(value, " \t<>'")), maxRecipient)
}

// unhexUTF8 reads the \x{…} that stand for characters in RFC 6533 3.
func unhexUTF8(s string) string {
	if !strings.Contains(s, `\x{`) {
		return s
	}
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, `\x{`)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		digits, _, closed := strings.Cut(after[:min(len(after), 8)], "}")
		r, ok := hexRune(digits)
		if !closed || !ok {
			b.WriteString(`\x{`)
			s = after
			continue
		}
		b.WriteRune(r)
		s = after[len(digits)+1:]
	}
}

func hexRune(digits string) (rune, bool) {
	var r rune
	for i := range len(digits) {
		c := digits[i] | 0x20
		switch {
		case c >= '0' && c <= '9' && digits[i] < 'A':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		default:
			return 0, false
		}
	}
	return r, digits != "" && utf8.ValidRune(r)
}

// unfolded gives the logical lines of a text, and "" for each empty one.
func unfolded(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		var held []string
		flush := func() bool {
			if len(held) == 0 {
				return true
			}
			line := strings.Join(held, " ")
			held = held[:0]
			return yield(line)
		}
		for line := range strings.Lines(text) {
			trimmed := strings.TrimSpace(line)
			if trimmed != "" && len(held) > 0 && (line[0] == ' ' || line[0] == '\t') {
				held = append(held, trimmed)
				continue
			}
			if !flush() {
				return
			}
			if trimmed == "" {
				if !yield("") {
					return
				}
				continue
			}
			held = append(held, trimmed)
		}
		flush()
	}
}

// receipt is a message disposition notification (RFC 8098): the recipient's
// mail program tells that the mail was shown, or deleted unread.
func receipt(m *Mail, s *signals) (Result, bool) {
	for _, p := range m.Parts {
		if p.Type != "message/disposition-notification" && p.Type != "message/global-disposition-notification" {
			continue
		}
		if m.Type != "multipart/report" && !s.isAuto() {
			continue
		}
		return disposition(m, s, p.Text), true
	}
	return Result{}, false
}

func disposition(m *Mail, s *signals, text string) Result {
	r := Result{Kind: mailer.KindDeliveryReport, Automatic: true, Why: "disposition notification"}
	var who statusFields
	said := ""
	for field := range unfolded(text) {
		name, value, _ := strings.Cut(field, ":")
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "final-recipient", "original-recipient":
			if to := who.field(name); *to == "" {
				*to = strings.TrimSpace(value)
			}
		case "disposition":
			said = strings.ToLower(charset.OneLine(charset.Clean(value), 100))
		case "original-message-id":
			if ids := header.MessageIDs(value); len(ids) > 0 {
				r.Original = ids[0]
			}
		}
	}
	if r.Original == "" {
		r.Original = newNotice(m, s).original(m)
	}
	b := mailer.Bounce{Recipient: address(who.recipient()), Action: delivered, Diagnostic: said}
	// A mail filter that refuses answers like this too (RFC 5429 2.1.2).
	if strings.Contains(said, "deleted") && firstOf(s.subject+lowerHead(m.Text, 2<<10), []string{"reject", "refused"}) != "" {
		r.Kind, b.Action, b.Status, b.Diagnostic = mailer.KindBounce, failed, "5.7.1", oneLine(m.Text)
		if s := wordedStatus(lowerHead(m.Text, 2<<10)); s != "" {
			b.Status = s // "quota exceeded"
		}
	}
	if b.Recipient != "" {
		r.Bounces = []mailer.Bounce{b}
	}
	return r
}
