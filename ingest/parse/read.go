package parse

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/ingest/parse/header"
	"casegate/ingest/parse/kind"
	"casegate/ingest/parse/page"
	"casegate/ingest/parse/reply"
	"casegate/mailer"
)

// Limits of what is shown of a header, in octets.
const (
	maxSubject = 4 << 10
	maxDate    = 200
)

// maxPage is how much of the HTML of a mail is made safe to be shown, in octets,
// which costs several times what reading its text does.
const maxPage = 512 << 10

// Read reads a mail that is in memory; see Source.Message.
func Read(raw []byte) mailer.Message { return Bytes(raw).Message() }

// Message reads a mail, trace fields included, with CRLF or LF line ends. It
// always gives a message: what it could not read is named in Limits, and if
// reading broke down altogether, in Failure, beside what was found before. Its
// time grows with the size of the mail and no faster. Where the octets could not
// be had, Err says so and the message is not to be used.
func (s *Source) Message() mailer.Message {
	var m mailer.Message
	attempt(&m, func() {
		h := s.Header()
		if s.cr {
			m.Marks = append(m.Marks, "its lines end with CR alone, which no mail on the way does")
		}
		_, params := header.MediaType(h.Get("Content-Type"))
		if len(h.Fields) == 0 && s.size > 0 {
			note(&m.Limits, "This has no header: it does not look like a mail.")
		}
		readFacts(h, params["charset"], &m)
		b := newBody(s, &m)
		b.read(h)
		s.pages = b.pages
		if b.label != params["charset"] {
			readFacts(h, b.label, &m) // raw 8-bit text in a header is in the charset of the text
		}
		classify(h, b, &m)
		switch m.Kind {
		case mailer.KindBounce, mailer.KindDeliveryReport, mailer.KindComplaint:
			m.Forwarded = nil // it returns a mail
		default:
			passOn(&m)
		}
		m.Upstream, m.Tokens = reply.Upstream(m.Subject, m.Text)
		if bytes.HasPrefix(s.view(0, 5), []byte("From ")) && nextInMbox.MatchString(m.Text) {
			note(&m.Limits, "This looks like a mailbox of several mails: they are read as if they were one.")
		}
	})
	return m
}

// nextInMbox is the line that begins a mail in a mailbox file (RFC 4155).
var nextInMbox = regexp.MustCompile(`\n\nFrom \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} `)

// passOn notes the head of a mail that is passed on within the text. What such a
// mail quotes is what it was sent for.
func passOn(m *mailer.Message) {
	if m.Forwarded != nil {
		return // as an attachment
	}
	m.Forwarded = reply.Forward(m.Text, m.Subject)
	if _, forward := reply.BaseSubject(m.Subject); forward && m.Forwarded != nil {
		m.Reply = reply.Whole(m.Text)
	}
}

// HTML gives the pages of the mail that Message has the text of, made safe to be
// shown; "" where it has none. Pictures that came with it are named by cid:. It
// is to be called after Message.
func (s *Source) HTML() string {
	var m mailer.Message
	var safe strings.Builder
	attempt(&m, func() {
		for _, markup := range s.pages {
			safe.WriteString(page.Sanitize(markup))
		}
	})
	if m.Failure != "" {
		return "<p>This page could not be made safe, and is not shown.</p>"
	}
	return safe.String()
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

// readFacts fills what the header says; label is the charset of raw 8-bit text in
// it, which names none.
func readFacts(h header.Header, label string, m *mailer.Message) {
	m.Received = 0
	for _, f := range h.Fields {
		if f.Is("Received") {
			m.Received++
		}
	}
	subject := h.Get("Subject")
	const long = "The subject of this mail is too long to be shown in full."
	if len(subject) > charset.MaxWords && !slices.Contains(m.Limits, long) {
		m.Limits = append(m.Limits, long)
	}
	m.Subject = shownSubject(subject, label)
	m.MessageID = header.MessageID(h)
	m.InReplyTo = header.MessageIDs(strings.Join(h.All("In-Reply-To"), " "))
	m.References = header.MessageIDs(strings.Join(h.All("References"), " "))
	m.Date = header.Date(h.Get("Date"))
	m.From = header.Mailboxes(h, "From", label)
	m.To = header.Mailboxes(h, "To", label)
	m.Cc = header.Mailboxes(h, "Cc", label)
	m.ReplyTo = header.Mailboxes(h, "Reply-To", label)
}

// shownSubject decodes a Subject, up to a limit, onto one line.
func shownSubject(s, label string) string {
	return charset.OneLine(charset.DecodeWords(s[:min(len(s), charset.MaxWords)], label), maxSubject)
}

// classify tells what sort of mail it is.
func classify(h header.Header, b *body, m *mailer.Message) {
	typ, params := header.MediaType(h.Get("Content-Type"))
	r := kind.Of(kind.Mail{Header: h, From: m.From, Subject: m.Subject, Text: m.Text, Parts: b.parts, Type: typ, Params: params})
	m.Kind, m.KindReason, m.Automatic, m.Returns = r.Kind, r.Why, r.Automatic, r.Returns
	m.Bounces, m.Original, m.Feedback = r.Bounces, r.Original, r.Feedback
}
