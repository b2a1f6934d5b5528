// Package mailer is the vocabulary of mail that all of casegate shares, and the
// sending of it: addresses, envelopes, mails as they come in, who wrote them,
// tokens, deliveries and their queue. It knows nothing of cases or of the doors
// that mail comes in by.
package mailer
