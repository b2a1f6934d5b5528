package main

import (
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// fileAnswer is what explain --json says of a file. Programs may rely on it: all
// keys are always there, a list is never null, and a time is RFC 3339 or "".
type fileAnswer struct {
	File     string              `json:"file"`
	Message  *messageAnswer      `json:"message"`  // null: the file could not be read
	Auth     *authAnswer         `json:"auth"`     // null: the mail could not be read as one that comes in
	Records  []*cases.MailRecord `json:"records"`  // one for each reseller
	Decision string              `json:"decision"` // why there are no records, although nothing went wrong
	Error    string              `json:"error"`
}

// messageAnswer is a mailer.Message for programs.
type messageAnswer struct {
	Subject         string             `json:"subject"`
	From            []mailboxAnswer    `json:"from"`
	To              []mailboxAnswer    `json:"to"`
	Cc              []mailboxAnswer    `json:"cc"`
	ReplyTo         []mailboxAnswer    `json:"reply_to"`
	MessageID       string             `json:"message_id"`
	InReplyTo       []string           `json:"in_reply_to"`
	References      []string           `json:"references"`
	Date            string             `json:"date"`
	Text            string             `json:"text"`
	Reply           string             `json:"reply"`
	Elided          string             `json:"elided"`
	Signature       string             `json:"signature"`
	ReplyConfidence float64            `json:"reply_confidence"`
	ReplyReason     string             `json:"reply_reason"`
	HTML            string             `json:"html"` // made safe to be shown
	Kind            mailer.Kind        `json:"kind"`
	KindReason      string             `json:"kind_reason"`
	Automatic       bool               `json:"automatic"`
	Returns         string             `json:"returns"`
	Feedback        string             `json:"feedback"`
	Forwarded       *forwardedAnswer   `json:"forwarded"` // null: none
	Upstream        []string           `json:"upstream"`
	CharsetRepairs  []string           `json:"charset_repairs"`
	Marks           []string           `json:"marks"`
	Attachments     []attachmentAnswer `json:"attachments"`
	Bounces         []bounceAnswer     `json:"bounces"`
	Original        string             `json:"original"` // Message-ID of the mail that a report is about
	ThreadKeys      []threadKey        `json:"thread_keys"`
	Limits          []string           `json:"limits"`
	Failure         string             `json:"failure"`
}

type mailboxAnswer struct {
	Name  string         `json:"name"`
	Email mailer.Address `json:"email"` // "": it could not be read
}

type forwardedAnswer struct {
	From    mailboxAnswer `json:"from"`
	Date    string        `json:"date"` // as written
	Subject string        `json:"subject"`
}

type attachmentAnswer struct {
	Name        string `json:"name"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	ContentID   string `json:"content_id"`
	Inline      bool   `json:"inline"`
}

type bounceAnswer struct {
	Recipient  string `json:"recipient"`
	Action     string `json:"action"`
	Status     string `json:"status"`
	Diagnostic string `json:"diagnostic"`
}

// threadKey is something by which a mail may be found to belong to a case.
type threadKey struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

func newMessageAnswer(m *mailer.Message, html string) *messageAnswer {
	a := &messageAnswer{
		Subject: m.Subject, From: mailboxAnswers(m.From), To: mailboxAnswers(m.To), Cc: mailboxAnswers(m.Cc), ReplyTo: mailboxAnswers(m.ReplyTo),
		MessageID: m.MessageID, InReplyTo: list(m.InReplyTo), References: list(m.References), Date: instant(m.Date),
		Text: m.Text, Reply: m.Reply.Text, Elided: m.Reply.Elided, Signature: m.Reply.Signature,
		ReplyConfidence: m.Reply.Confidence, ReplyReason: m.Reply.Reason, HTML: html,
		Kind: m.Kind, KindReason: m.KindReason, Original: m.Original, Automatic: m.Automatic, Returns: instant(m.Returns), Feedback: m.Feedback,
		Upstream: list(m.Upstream), CharsetRepairs: list(m.CharsetRepairs), Marks: list(m.Marks),
		Attachments: []attachmentAnswer{}, Bounces: []bounceAnswer{}, ThreadKeys: threadKeys(m), Limits: list(m.Limits), Failure: m.Failure,
	}
	if f := m.Forwarded; f != nil {
		a.Forwarded = &forwardedAnswer{From: mailboxAnswer(f.From), Date: f.Date, Subject: f.Subject}
	}
	for _, file := range m.Attachments {
		a.Attachments = append(a.Attachments, attachmentAnswer(file))
	}
	for _, b := range m.Bounces {
		a.Bounces = append(a.Bounces, bounceAnswer(b))
	}
	return a
}

func mailboxAnswers(boxes []mailer.Mailbox) []mailboxAnswer {
	all := make([]mailboxAnswer, 0, len(boxes))
	for _, box := range boxes {
		all = append(all, mailboxAnswer(box))
	}
	return all
}

// list is the same list, and never null in JSON.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// instant writes a time for programs.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// threadKeys are the keys of a mail, the strongest first, each value once. What
// they are worth is decided in casegate/cases.
func threadKeys(m *mailer.Message) []threadKey {
	all, known := []threadKey{}, map[string]bool{}
	for _, k := range []struct {
		kind   string
		values []string
	}{
		{"google-token", m.Tokens},
		{"in-reply-to", m.InReplyTo},
		{"references", m.References},
		{"upstream", m.Upstream},
	} {
		for _, v := range k.values {
			if !known[v] {
				known[v] = true
				all = append(all, threadKey{k.kind, v})
			}
		}
	}
	return all
}
