package mailer

import "time"

// Message is what a mail says, read from its MIME structure.
type Message struct {
	Subject     string    // decoded, on one line
	From        []Mailbox // as written; the sender to believe is Mail.Identity
	To, Cc      []Mailbox
	ReplyTo     []Mailbox // for show only
	MessageID   string    // without angle brackets; "" if there is none that can be used
	InReplyTo   []string  // Message-IDs without angle brackets
	References  []string
	Date        time.Time // zero if missing or unreadable: for show only
	Text        string    // the whole text; valid UTF-8 without NUL, lines end with \n
	Reply       Reply     // Text taken apart
	Attachments []Attachment
	Received    int // number of Received fields: the hops so far

	Kind       Kind
	KindReason string // the rule it was told by, such as "Auto-Submitted" (for people)
	// Automatic tells that nothing may answer this mail: no person sent it, or
	// it was not sent to us (RFC 3834 2, mail-traps E). A list passes on what
	// people write, so that a mail of KindList need not be.
	Automatic bool
	Returns   time.Time // when the sender of an auto-reply will be back; zero if it does not say
	Bounces   []Bounce  // KindBounce, KindDeliveryReport and KindComplaint: what is said of each recipient
	Original  string    // the same: Message-ID of the mail that is reported on, without angle brackets; "" if not said
	Feedback  string    // KindComplaint: its type, such as "abuse" (RFC 5965 7.3)

	Forwarded *Forwarded // the mail that this one passes on, if any
	Upstream  []string   // numbers of Google's own cases that it names, such as "75151719"
	Tokens    []string   // thread tokens of Google's case system, such as "thread::a1B2c3D4_xy"

	// Marks says for the reader of the case what could not be checked or how
	// the mail was protected, such as "signed (S/MIME), not checked".
	Marks []string
	// CharsetRepairs says where text was read in another charset than the mail
	// names, such as "text labelled iso-8859-1 read as utf-8".
	CharsetRepairs []string
	// Limits names what could not be read as MIME and is therefore kept
	// only as raw bytes: shown to the reader of the case.
	Limits []string
	// Failure is set when reading broke down; the mail is kept as failed.
	Failure string
}

// Kind tells what sort of mail a message is (mail-traps E).
type Kind string

const (
	KindPerson         Kind = "person"          // somebody wrote it
	KindAutoReply      Kind = "auto-reply"      // an absence note or another answer that nobody wrote (RFC 3834)
	KindBounce         Kind = "bounce"          // it was not delivered, or is late (RFC 3464, and what old mailers write)
	KindDeliveryReport Kind = "delivery-report" // it was delivered, or read (RFC 3464 action other than failed and delayed, RFC 8098)
	KindComplaint      Kind = "complaint"       // somebody called it spam (RFC 5965)
	KindChallenge      Kind = "challenge"       // asks the sender to prove to be a person
	KindList           Kind = "list"            // came through a mailing list, or in bulk
	KindMonitoring     Kind = "monitoring"      // an alert of a monitoring system
	KindCalendarReply  Kind = "calendar-reply"  // accepts or declines an invitation (RFC 5546 3.2.3)
	KindAuto           Kind = "automatic"       // no person sent it, and it is none of the above
)

// Reply is the text of a message taken apart. Nothing is lost by it: where it
// is not sure, Reply is the whole text, and the message keeps the whole anyway.
type Reply struct {
	Text      string // what was written anew; with the answers between quotes, the quotes they answer too
	Elided    string // what was quoted below or above it
	Signature string // the signature and what the mailer added, such as "Sent from my phone"

	// Confidence is how sure it is that Text holds every word that the sender
	// wrote and little else: 1 for our own marker, 0 for a guess not taken.
	Confidence float64
	Reason     string // the rule it was told by, such as "our marker" or "on … wrote"
}

// Bounce is what a report says of one recipient (RFC 3464 2.3).
type Bounce struct {
	Recipient  string `json:"recipient"`            // as the report has it: not always an address
	Action     string `json:"action"`               // "failed", "delayed", "delivered", "relayed", "expanded"
	Status     string `json:"status,omitempty"`     // RFC 3463, such as "5.1.1"; "" if the report gives none
	Diagnostic string `json:"diagnostic,omitempty"` // on one line, such as "550 5.1.1 no such user"
}

// Forwarded is the head of a mail that another passes on: shown, and never
// believed to be who is writing.
type Forwarded struct {
	From    Mailbox `json:"from"`
	Date    string  `json:"date,omitempty"` // as written
	Subject string  `json:"subject,omitempty"`
}

// Attachment describes one part of the message that is not its text. The bytes
// stay in the raw mail.
type Attachment struct {
	Name        string `json:"name"` // made safe: no path, control or bidi characters, at most 255 octets
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`   // octets, decoded
	SHA256      string `json:"sha256"` // of the decoded bytes, hexadecimal
	ContentID   string `json:"content_id,omitempty"`
	Inline      bool   `json:"inline,omitempty"` // shown within the text, as a picture in a page
}
