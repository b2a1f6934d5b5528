// Package ingest holds what the doors that mail comes in by have in common: the
// handler they give each mail to, and the way from raw bytes to a mailer.Mail.
// It decides nothing about cases and sends nothing.
package ingest

import (
	"context"

	"casegate/mailer"
)

// Handler is what a door needs from those who decide. *cases.Desk is one.
type Handler interface {
	// Check decides a recipient at RCPT: Accepted, Refused or Deferred. env
	// holds what is known so far, the recipients accepted before included.
	Check(ctx context.Context, env *mailer.Envelope, rcpt mailer.Address) mailer.Outcome
	// Accept decides a mail and stores it; one outcome for each recipient of
	// the envelope, in order. When it returns without an error and no outcome
	// is Deferred, what it accepted is durable. Where an outcome is Deferred
	// nothing was kept; after an error the door must say "later", as it is not
	// known whether something was. A large mail's blob is the handler's from
	// here on: it removes what nothing refers to.
	Accept(ctx context.Context, m *mailer.Mail) ([]mailer.Outcome, error)
	// Refused tells of a mail or recipient that the door itself turned away.
	Refused(ctx context.Context, r mailer.Refusal)
}
