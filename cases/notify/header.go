package notify

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"casegate/cases"
	"casegate/mailer"
	"casegate/templates"
)

// maxReferences bounds the foreign Message-IDs in References.
const maxReferences = 20

// header writes the fields that say who writes to whom about what. The content's
// own fields come after them.
func (s *scene) header(t tokens, zone *time.Location) *header {
	h := &header{}
	h.field("From", mailbox(s.from(), s.reseller.Intake)...)
	h.field("To", mailbox(s.to(), s.delivery.Recipient)...)
	h.field("Reply-To", "<"+t.reply.String()+">")
	h.field("Subject", append(words("["+s.c.Number+"]"), words(s.title())...)...)
	h.field("Date", s.delivery.Created.In(zone).Format(time.RFC1123Z))
	h.field("Message-ID", "<"+t.messageID+">")
	parent, references := s.thread(t.anchor)
	h.field("In-Reply-To", "<"+parent+">")
	h.field("References", references...)
	h.automatic("auto-generated")
	if t.leave != "" { // RFC 8058: one click leaves the case
		h.field("List-Unsubscribe", "<"+t.leave+">")
		h.field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	return h
}

// automatic says that no person wrote the mail (RFC 3834 5), also in the way that
// Exchange goes by: nobody's absence note answers us.
func (h *header) automatic(how string) {
	h.field("Auto-Submitted", how)
	h.field("X-Auto-Response-Suppress", "All")
}

// from is the display name: the author with the reseller's, "Anna Nowak (North
// Support)". It names an author only if there is just one, and only one whom we
// know to have written it.
func (s *scene) from() string {
	if s.notice == templates.Filed {
		return s.reseller.Name
	}
	events := s.shown
	if s.notice != templates.Message {
		events = []*cases.Event{s.told}
	}
	author := ""
	for _, e := range events {
		name := s.name(&e.Actor)
		if isUnverified(e) || name == "" || strings.Contains(name, "@") || author != "" && name != author {
			return s.reseller.Name
		}
		author = name
	}
	return shorten(author, maxName) + " (" + s.reseller.Name + ")"
}

// to is the reader's name beside the address.
func (s *scene) to() string {
	if s.person != nil {
		return shorten(s.person.Name, maxName)
	}
	return shorten(s.reader.Name, maxName)
}

// thread gives the Message-ID that the notice answers and the references: the
// case's anchor first, so that everything of the case hangs together, then the
// mail that filed it and those the notice tells of, so that it stands below them
// in the mail program of whoever wrote or received one.
func (s *scene) thread(anchor string) (parent string, references []string) {
	parent = anchor
	var foreign []string
	add := func(e *cases.Event) {
		if e == nil || e.Message == nil || !isMessageID(e.Message.MessageID) {
			return
		}
		parent = e.Message.MessageID
		if id := "<" + parent + ">"; !slices.Contains(foreign, id) {
			foreign = append(foreign, id)
		}
	}
	add(s.filing)
	for i := range s.events {
		if e := &s.events[i]; e == s.told || slices.Contains(s.shown, e) {
			add(e)
		}
	}
	if extra := len(foreign) - maxReferences; extra > 0 {
		// The filing stays: it is the root in its author's mail program.
		foreign = slices.Delete(foreign, 1, 1+extra)
	}
	return parent, append([]string{"<" + anchor + ">"}, foreign...)
}

// isMessageID tells whether a foreign Message-ID can be repeated in a header: one
// word of printable ASCII that fits a line (RFC 5322 3.6.4, read with leniency).
func isMessageID(id string) bool {
	if id == "" || len(id) > 250 {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' }) < 0
}

// header is the fields of a mail as they go out, each with CRLF.
type header struct {
	b bytes.Buffer
}

// foldAt is the length that lines are kept to where a blank allows it (RFC 5322
// 2.1.1).
const foldAt = 76

// field writes a field, folded between words. This is the one place where
// anything enters a header: a control character in a word, which those who make
// the words have no way to leave there, becomes a blank and can end no line
// (T78).
func (h *header) field(name string, words ...string) {
	h.b.WriteString(name)
	h.b.WriteByte(':')
	column := len(name) + 1
	for i, word := range words {
		word = strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, word)
		if i > 0 && column+1+len(word) > foldAt {
			h.b.WriteString("\r\n")
			column = 0
		}
		h.b.WriteByte(' ')
		h.b.WriteString(word)
		column += 1 + len(word)
	}
	h.b.WriteString("\r\n")
}

func (h *header) bytes() []byte { return h.b.Bytes() }

// mailbox gives the words of a mailbox (RFC 5322 3.4).
func mailbox(name string, a mailer.Address) []string {
	return append(displayName(name), "<"+a.String()+">")
}
