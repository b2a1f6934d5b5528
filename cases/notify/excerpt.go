package notify

import (
	"unicode/utf8"

	"casegate/cases"
	"casegate/mailer"
	"casegate/templates"
)

// Limits of what a notice shows; the rest stays with the case.
const (
	maxText        = 256 << 10 // octets of all messages together
	maxMessages    = 50
	maxAttachments = 20 // of one message
	maxLimits      = 10
	maxName        = 60 // characters
)

// messages are the shown events as they stand in the notice, and how many more
// there is no room for.
func (s *scene) messages() (entries []templates.Entry, more int) {
	room := maxText
	for i, e := range s.shown {
		if room == 0 || i == maxMessages {
			return entries, len(s.shown) - i
		}
		entry := s.entry(e, room)
		room -= len(entry.Text)
		if entry.Cut {
			room = 0
		}
		entries = append(entries, entry)
	}
	return entries, 0
}

// entry is one message, with at most room octets of its text.
func (s *scene) entry(e *cases.Event, room int) templates.Entry {
	text := e.Message.Shown()
	entry := templates.Entry{
		Author: s.author(&e.Actor), Unverified: isUnverified(e), Time: e.Time,
		Text: cut(text, room),
	}
	for _, why := range e.Message.Limits[:min(len(e.Message.Limits), maxLimits)] {
		entry.Limits = append(entry.Limits, shorten(why, 4*maxName))
	}
	entry.Cut, entry.Elided = len(entry.Text) < len(text), e.Message.Reply != ""
	entry.Attachments, entry.MoreAttachments = attachments(e.Message.Attachments)
	return entry
}

func attachments(all []mailer.Attachment) (shown []templates.Attachment, more int) {
	for _, a := range all[:min(len(all), maxAttachments)] {
		shown = append(shown, templates.Attachment{Name: shorten(a.Name, 2*maxName), Size: a.Size})
	}
	return shown, len(all) - len(shown)
}

// cut gives at most n octets of a text, ending at a whole character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// shorten gives at most n characters of a name.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
