package cases

import (
	"encoding/hex"
	"time"

	"casegate/mailer"
	"casegate/mailer/blob"
)

// MailStatus is what became of a mail that was kept.
type MailStatus string

const (
	MailFiled     MailStatus = "filed"     // it is in the history of Cases
	MailHeld      MailStatus = "held"      // somebody must decide
	MailFailed    MailStatus = "failed"    // we could not read it
	MailNoted     MailStatus = "noted"     // a bounce or the like: recorded, with no further effect
	MailRefused   MailStatus = "refused"   // refused in the dialogue: the decision is kept, the bytes only if a front hop brought it
	MailDiscarded MailStatus = "discarded" // thrown away by who may decide; the bytes are gone
)

// MailRecord is what is kept of one mail for one tenant: the envelope as far as
// it concerns the tenant, where the raw bytes are, and the decision with its
// reasons. One mail to two tenants is two records that know nothing of each
// other.
type MailRecord struct {
	ID        mailer.ID        `json:"id"`
	Reseller  ResellerID       `json:"reseller"` // "": the operator's own (postmaster@hostname)
	Received  time.Time        `json:"received"`
	Door      string           `json:"door"`
	Envelope  mailer.Envelope  `json:"envelope"`
	Identity  mailer.Identity  `json:"identity"`
	Auth      mailer.Auth      `json:"auth,omitzero"`
	Scans     []mailer.Scan    `json:"scans,omitempty"`
	Subject   string           `json:"subject"`
	MessageID string           `json:"message_id,omitempty"`
	Size      int64            `json:"size"` // octets of the raw mail as kept
	Sum       Sum              `json:"sum"`
	Blob      blob.Ref         `json:"blob,omitempty"` // "": the raw mail is in the store (Tx.Raw)
	Status    MailStatus       `json:"status"`
	Reason    string           `json:"reason,omitempty"` // held, failed: why, for the operator
	Hold      HoldReason       `json:"hold,omitempty"`   // held, failed: why, in a word
	Held      *Held            `json:"held,omitempty"`   // held, failed: the same for programs; nil otherwise
	Cases     []CaseID         `json:"cases,omitempty"`
	Outcomes  []mailer.Outcome `json:"outcomes"`
	Trace     mailer.Trace     `json:"trace"`
}

// HoldReason says why a mail is held in a word, which every language has text for
// but HoldOperator: that is for nobody else.
type HoldReason string

const (
	HoldForged      HoldReason = "forged"     // the check of its sender failed
	HoldUnverified  HoldReason = "unverified" // the sender is known, and nothing proves that it is the sender
	HoldAutomatic   HoldReason = "automatic"  // automatic mail, and not from a monitoring sender
	HoldReplay      HoldReason = "sent-on"    // it was not written to us
	HoldOtherSender HoldReason = "other-sender"
	HoldContent     HoldReason = "content"
	HoldCustomer    HoldReason = "customer" // it does not say for which one it is
	HoldUnreadable  HoldReason = "unreadable"
	HoldOperator    HoldReason = "operator" // mail to the operator's own address
)

// Held is what is known of a mail on which somebody has yet to decide. It has no
// end of its own.
type Held struct {
	Since time.Time `json:"since"`
	// Case is whose reply address it came to, and Participant whom that was
	// issued to; both zero for mail to the intake, and for several cases.
	Case        CaseID `json:"case,omitzero"`
	Participant uint16 `json:"participant,omitempty"`
	// Operator: it is, or is also, mail to the operator, who alone decides then.
	Operator bool `json:"operator,omitempty"`
	// ConfirmUntil is until when the sender, who was asked, may say that it is
	// his; zero if he was not.
	ConfirmUntil time.Time `json:"confirm_until,omitzero"`

	// The rest is found out when a Desk is asked, and not stored.
	Why        string   `json:"why,omitempty"`
	Number     string   `json:"number,omitempty"`      // of Case, for people
	MayRelease []string `json:"may_release,omitempty"` // addresses, and "operator"
}

// heldFor notes for which of our addresses the mail is held.
func (r *MailRecord) heldFor(to route, now time.Time) {
	var id CaseID
	if to.kind == routeReply {
		id = CaseID{to.reseller.ID, to.token.Case}
	}
	switch h := r.Held; {
	case h == nil:
		r.Held = &Held{Since: now, Case: id, Participant: to.token.Participant}
	case h.Case != id:
		// Nobody on one of the cases may let it into the other.
		h.Case, h.Participant = CaseID{}, 0
	case h.Participant != to.token.Participant:
		h.Participant = 0
	}
	r.Held.Operator = r.Held.Operator || to.kind == routeOperator
}

// set notes the answer for a recipient, in place of an earlier one.
func (r *MailRecord) set(o mailer.Outcome) {
	for i, old := range r.Outcomes {
		if old.Recipient.Is(o.Recipient) {
			r.Outcomes[i] = o
			return
		}
	}
	r.Outcomes = append(r.Outcomes, o)
	r.Envelope.Recipients = append(r.Envelope.Recipients, o.Recipient)
}

// settle sets the status that the outcomes come to: what somebody must still
// look at outweighs what is done.
func (r *MailRecord) settle() {
	weight := func(o mailer.Outcome) int {
		switch {
		case o.Verdict == mailer.Held && o.Reason == mailer.Unreadable:
			return 5
		case o.Verdict == mailer.Held:
			return 4
		case o.Verdict == mailer.Accepted && o.Reason == "":
			return 3
		case o.Verdict == mailer.Accepted:
			return 2
		case o.Verdict == mailer.Discarded:
			return 1
		}
		return 0
	}
	most := 0
	for _, o := range r.Outcomes {
		most = max(most, weight(o))
	}
	r.Status = [...]MailStatus{MailRefused, MailDiscarded, MailNoted, MailFiled, MailHeld, MailFailed}[most]
	if !r.waits() {
		r.Reason, r.Hold, r.Held = "", "", nil
	}
}

// waits tells that somebody has yet to decide on the mail.
func (r *MailRecord) waits() bool { return r.Status == MailHeld || r.Status == MailFailed }

// WaitsFor names the reseller whose people may decide on the mail; "" where it
// does not wait, or for the operator.
func (r *MailRecord) WaitsFor() ResellerID {
	if !r.waits() || r.Held == nil || r.Held.Operator {
		return ""
	}
	return r.Reseller
}

// settled tells that nobody has to look at the mail any more.
func (r *MailRecord) settled() bool { return r.Status == MailFiled || r.Status == MailNoted }

// discard gives up what is still held.
func (r *MailRecord) discard() {
	for i := range r.Outcomes {
		if r.Outcomes[i].Verdict == mailer.Held {
			r.Outcomes[i].Verdict, r.Outcomes[i].Reason = mailer.Discarded, ""
		}
	}
	r.settle()
}

// Sum is a SHA-256, hexadecimal in JSON.
type Sum [32]byte

// MarshalText writes the sum in hexadecimal.
func (s Sum) MarshalText() ([]byte, error) {
	return hex.AppendEncode(nil, s[:]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *Sum) UnmarshalText(b []byte) error {
	if len(b) != 2*len(s) {
		return hex.ErrLength
	}
	_, err := hex.Decode(s[:], b)
	return err
}
