package mailer

import (
	"context"
	"errors"
	"io"
	"time"
)

// DeliveryState is where a delivery stands.
type DeliveryState string

const (
	Waiting   DeliveryState = "waiting"   // due now or later
	Sent      DeliveryState = "sent"      // the next hop took it
	GivenUp   DeliveryState = "failed"    // given up: refused for good, or too old
	Withdrawn DeliveryState = "withdrawn" // nothing to say, or no longer to this person
	Dropped   DeliveryState = "dropped"   // by the operator
)

// DeliveryKind is what a delivery says.
type DeliveryKind string

const (
	NoticeKind  DeliveryKind = ""        // what happened in a case
	HeldKind    DeliveryKind = "held"    // asks somebody to decide on a held mail
	ConfirmKind DeliveryKind = "confirm" // asks the sender of a held mail whether it is theirs
	DigestKind  DeliveryKind = "digest"  // what is held of a reseller's mail
)

// Delivery is one mail to one address that is to be sent. A notice is rendered
// only when it is sent: the delivery says to whom (Participant of Case in
// Tenant) and about which range of history, so that a later Due time and a
// longer range make one notice of several changes. One about held mail says
// which Mail, and to which Person where the recipient is one.
type Delivery struct {
	ID          ID            `json:"id"`
	Kind        DeliveryKind  `json:"kind,omitempty"`
	Recipient   Address       `json:"recipient"`
	Mail        ID            `json:"mail,omitempty"`
	Person      string        `json:"person,omitempty"`
	Note        string        `json:"note,omitempty"` // why an answer to one did nothing, in a word; "": it is no answer
	Tenant      string        `json:"tenant"`
	Case        uint32        `json:"case"`
	Participant uint16        `json:"participant"`
	First       int           `json:"first"` // range of history, both included
	Last        int           `json:"last"`
	State       DeliveryState `json:"state"`
	Created     time.Time     `json:"created"`
	Due         time.Time     `json:"due"` // the next attempt
	Attempts    int           `json:"attempts"`
	LastError   string        `json:"last_error,omitempty"`
	Finished    time.Time     `json:"finished,omitzero"`
}

// Outgoing is a mail on its way out: Header is prepended to Body. Its bytes are
// the same at every attempt.
type Outgoing struct {
	ID          ID
	ReversePath Address // zero: the null reverse-path
	Recipient   Address
	Header      []byte // CRLF lines, without the empty line that ends a header
	Body        io.ReadCloser
	UTF8        bool // needs SMTPUTF8
}

// Queue hands out deliveries that are due. Lease waits until there is one, or
// ctx is done, and gives up to n; it has counted the attempt and set the next
// due time durably before it returns, so that a worker that dies costs one
// attempt and no delivery. Finish records the result: nil, an error for which
// IsPermanent is true, ErrWithdrawn, or another one (the delivery stays due).
type Queue interface {
	Lease(ctx context.Context, n int) ([]Delivery, error)
	Finish(ctx context.Context, d Delivery, result error) error
}

// Content makes the mail for a delivery. ErrWithdrawn means that there is
// nothing to send any more.
type Content interface {
	Open(ctx context.Context, d Delivery) (*Outgoing, error)
}

// Transport carries a mail to its next hop. A PermanentError is final, every
// other error worth a retry.
type Transport interface {
	Send(ctx context.Context, m *Outgoing) error
}

// ErrWithdrawn: the notice has lost its reason or its reader since it was queued.
var ErrWithdrawn = errors.New("withdrawn: nothing to send any more")

// PermanentError wraps a failure that no retry will mend, such as a 5xx reply.
type PermanentError struct{ Err error }

// Error implements error.
func (e *PermanentError) Error() string { return e.Err.Error() }

// Unwrap gives the failure itself.
func (e *PermanentError) Unwrap() error { return e.Err }

// IsPermanent tells whether err is, or wraps, a PermanentError.
func IsPermanent(err error) bool {
	var p *PermanentError
	return errors.As(err, &p)
}
