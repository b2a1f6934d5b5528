package parse

import (
	"fmt"
	"net/mail"
	"strings"
	"time"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/mailer"
)

// Limits of what is shown of a header, in octets.
const (
	maxSubject = 4 << 10
	maxDate    = 200
)

const day = 24 * 60 * 60 // seconds

// Read reads a mail, trace fields included, with CRLF or LF line ends. It
// always gives a message: what it could not read is named in Limits, and if
// reading broke down altogether, in Failure, beside what was found before. Its
// time and memory grow with the size of the mail and no faster; the caller
// bounds the size.
func Read(raw []byte) mailer.Message {
	var m mailer.Message
	attempt(&m, func() {
		h := header.Read(raw)
		readFacts(h, &m)
		readBody(h, raw, &m)
	})
	return m
}

// attempt turns a panic in reading into a failure of this one mail (T63,
// design 2.4): its cause would come back with every retry.
func attempt(m *mailer.Message, read func()) {
	defer func() {
		if cause := recover(); cause != nil {
			m.Failure = charset.OneLine("reading the mail broke down: "+fmt.Sprint(cause), 200)
		}
	}()
	read()
}

// readFacts fills what the header says.
func readFacts(h header.Header, m *mailer.Message) {
	_, params := header.MediaType(h.Get("Content-Type"))
	label := params["charset"] // of raw 8-bit text in the header, which names none
	for _, f := range h.Fields {
		if f.Is("Received") {
			m.Received++
		}
	}
	subject := h.Get("Subject")
	if len(subject) > charset.MaxWords {
		subject = subject[:charset.MaxWords]
		m.Limits = append(m.Limits, "The subject of this mail is too long to be shown in full.")
	}
	m.Subject = charset.OneLine(charset.DecodeWords(subject, label), maxSubject)
	m.Kind = kindOf(h, m.Subject)
	m.Automatic = m.Kind != mailer.KindPerson
	m.MessageID = header.MessageID(h)
	m.InReplyTo = header.MessageIDs(strings.Join(h.All("In-Reply-To"), " "))
	m.References = header.MessageIDs(strings.Join(h.All("References"), " "))
	m.Date = date(h.Get("Date"))
	m.From = header.Mailboxes(h, "From", label)
	m.To = header.Mailboxes(h, "To", label)
	m.Cc = header.Mailboxes(h, "Cc", label)
	m.ReplyTo = header.Mailboxes(h, "Reply-To", label)
}

// date reads a Date field (RFC 5322 3.3); zero where it is unreadable or no
// year that anybody lives in, which JSON and databases could not hold (T65).
func date(s string) time.Time {
	if len(s) > maxDate {
		return time.Time{}
	}
	t, err := mail.ParseDate(s)
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}
	}
	if _, offset := t.Zone(); offset <= -day || offset >= day {
		t = t.UTC()
	}
	return t
}
