package mailer

import (
	"time"

	"casegate/mailer/blob"
)

// Mail is one mail with all that was found out about it on the way in, ready
// to be decided. Doors make it; nothing in it is changed afterwards.
type Mail struct {
	ID       ID
	Received time.Time
	Door     string // which door it came by: "mx", "submission", "lmtp", "imap", "file"
	Envelope Envelope
	Identity Identity
	Auth     Auth
	Scans    []Scan
	Message  Message

	// Raw is the mail as it is kept: our own trace headers, then the bytes as
	// they came, from the octet Own on. Sum is the SHA-256 of the latter alone,
	// so that a retry of the same mail is recognised.
	Raw blob.Body
	Own int
	Sum [32]byte
}

// Verdict is what became of a mail for one recipient.
type Verdict string

const (
	Accepted Verdict = "accepted"
	Held     Verdict = "held"     // kept until somebody decides; a success for the client
	Refused  Verdict = "refused"  // 5xx in the dialogue
	Deferred Verdict = "deferred" // 4xx: nothing was kept, the client tries again
	// Discarded: it was held, and who may decide threw it away. A retry is
	// answered as if it were accepted, so that it does not come back.
	Discarded Verdict = "discarded"
)

// Reason says why a mail was held, refused or deferred, in a word that each
// door turns into its own protocol's code.
type Reason string

const (
	NoSuchAddress    Reason = "no-such-address"
	NotAllowed       Reason = "not-allowed"       // this sender may not do this
	NotAuthenticated Reason = "not-authenticated" // DMARC says to reject
	NoGrant          Reason = "no-grant"          // R20: the customer has not granted access
	Malformed        Reason = "malformed"
	TooLarge         Reason = "too-large"
	TooManyHops      Reason = "too-many-hops" // RFC 5321 6.3
	TryLater         Reason = "try-later"
	TooMany          Reason = "too-many" // of something, from this peer: later again
	Full             Reason = "full"     // no room to store it
	NeedsDecision    Reason = "needs-decision"
	Unreadable       Reason = "unreadable"
	Noted            Reason = "noted" // accepted and kept, with no further effect
)

// Outcome is the answer for one recipient. Text is one line fit for strangers.
type Outcome struct {
	Recipient Address `json:"recipient"`
	Verdict   Verdict `json:"verdict"`
	Reason    Reason  `json:"reason,omitempty"`
	Text      string  `json:"text,omitempty"`
}

// Refusal is what a door turned away by itself, without asking anybody.
type Refusal struct {
	Envelope  Envelope
	Recipient Address // zero: the mail as a whole
	Reason    Reason
	Text      string // for the operator
}
