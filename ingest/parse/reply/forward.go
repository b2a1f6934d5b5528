package reply

import (
	"slices"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/mailer"
)

// Bounds of what is kept of a forwarded mail's head, in octets.
const (
	maxShown = 256
	maxValue = 2000
)

// Forward gives the head of the mail that this one passes on; nil if it passes
// none on. A head as Outlook writes it stands above what is answered too: only
// the subject's prefix tells the two apart, and of a prefix that people write
// themselves, whether the head is in its language.
func Forward(text, subject string) *mailer.Forwarded {
	if len(text) > maxText {
		return nil
	}
	_, passedOn := BaseSubject(subject)
	names := senderNames(subject)
	t := newTable(text, nil, nil)
	announced, noHead := false, 0
	for i := range t.lines {
		s := t.body(i)
		if s == "" {
			continue
		}
		switch c := s[0]; {
		case c == '-' || c == '_' || c == '=' || c == '*' || c == '~' || c >= 0x80 || s[len(s)-1] == ':':
			switch separatorOf(s) {
			case separatorForward:
				// One within a quote came with the mail that is answered.
				if t.lines[i].depth == 0 || i == 0 || t.lines[i-1].depth == 0 {
					announced = true
					continue
				}
			case separatorOriginal:
				if !passedOn {
					return nil // what is passed on below was quoted, not sent
				}
			}
		}
		if !announced && t.lines[i].depth > 0 {
			continue
		}
		if i >= noHead {
			h, ok := t.head(i)
			if ok || announced && h.fields&fieldFrom != 0 {
				if !announced && (!passedOn || names != "" && !t.namesSender(h, names)) {
					return nil
				}
				return t.forwarded(h)
			}
			noHead = h.end
		}
		if !announced && !passedOn {
			if _, ok := t.attribution(i, 0); ok {
				return nil
			}
		}
	}
	return nil
}

// namesSender tells whether the line of a head that names the sender does it with
// one of names.
func (t *table) namesSender(h head, names string) bool {
	for i := h.first; i < h.end; i++ {
		if f, _ := label(t.body(i)); f&fieldFrom == 0 {
			continue
		}
		name, _, _ := strings.Cut(strings.ReplaceAll(t.body(i), "：", ":"), ":")
		if slices.Contains(strings.Fields(names), strings.ToLower(strings.Trim(name, "*_[] \t\u00a0"))) {
			return true
		}
	}
	return false
}

// forwarded reads the fields of a head.
func (t *table) forwarded(h head) *mailer.Forwarded {
	var w mailer.Forwarded
	var values [3]strings.Builder // From, Date, Subject
	var current *strings.Builder
	seen := field(0)
	for i := h.first; i < h.end; i++ {
		f, value := label(t.body(i))
		if f == 0 {
			value = t.body(i) // goes on
		} else {
			current = nil
			for n, one := range []field{fieldFrom, fieldDate, fieldSubject} {
				if f&one != 0 && seen&one == 0 {
					current = &values[n]
					seen |= one
					break
				}
			}
		}
		if current != nil && current.Len()+len(value) < maxValue {
			current.WriteByte(' ')
			current.WriteString(value)
		}
	}
	w.From = mailbox(trim(values[0].String()))
	w.Date = charset.OneLine(trim(values[1].String()), maxShown)
	w.Subject = charset.OneLine(trim(values[2].String()), maxShown)
	return &w
}

// mailbox reads a name and an address as mailers show them: "Anna <a@b>",
// "Anna [mailto:a@b]", "a@b" or a name alone.
func mailbox(s string) mailer.Mailbox {
	const around = " <>[]()\"',;:*"
	name := s
	var m mailer.Mailbox
	if at := strings.IndexByte(s, '@'); at >= 0 {
		first := strings.LastIndexAny(s[:at], around) + 1
		end := strings.IndexAny(s[at:], around)
		if end < 0 {
			end = len(s) - at
		}
		if a, err := mailer.ParseAddress(s[first : at+end]); err == nil {
			m.Email = a
			name = strings.TrimSuffix(s[:first], "mailto:")
		}
	}
	if cut := strings.IndexAny(name, "<["); cut >= 0 {
		name = name[:cut]
	}
	m.Name = charset.OneLine(trim(strings.Trim(trim(name), "\"'*<>[]() ")), maxShown)
	return m
}
