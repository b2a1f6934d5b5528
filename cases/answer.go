package cases

import (
	"fmt"

	"casegate/mailer"
)

// What strangers are told: the same whatever the reason behind it.
const (
	noSuchAddress = "No such address here"
	mayNot        = "The sender may not do this here"
)

// ask puts a request to the policy table, and then what scanners found, which
// can only take away. Of a released mail somebody who may has said that its
// sender is who it says, and that it may pass where it was held; its own sender's
// word is good for the former only.
func (t *tenantDecision) ask(q request) rule {
	enters := q.action == actFile || q.action == actAppend
	released := enters && t.released()
	q.standing, q.kind = t.standing(q), kindOf(&t.mail.Message)
	switch {
	case released:
		q.standing = standVerified
	case enters && t.override != nil && q.standing == standUnverified:
		q.standing = standConfirmed
	}
	row := t.decideBy(q)
	if released {
		if row.effect == hold {
			row.effect = allow
			t.trace.Add("release", "", string(allow), "this mail was released")
		}
		return row
	}
	if content := t.content(); content != "" && (row.effect == allow || row.effect == hold) {
		q.action = content
		if found := t.decideBy(q); found.effect != pass {
			return found
		}
	}
	return row
}

// released tells that somebody who may has said that the mail may pass, whatever
// it is held for; its sender's own word is less.
func (t *tenantDecision) released() bool { return t.override != nil && !t.override.confirmed }

// decideBy gives the row that decides a request, and notes it.
func (t *tenantDecision) decideBy(q request) rule {
	row := q.rule()
	t.trace.Add("policy", fmt.Sprintf("%s, %s, %s, %s", q.action, q.relation, q.standing, q.kind), string(row.effect), row.why)
	return row
}

// outcome turns every effect but allow into an answer, keeping what is held or
// noted; ok is false for allow.
func (t *tenantDecision) outcome(row rule) (o mailer.Outcome, ok bool) {
	switch row.effect {
	case allow:
		return mailer.Outcome{}, false
	case hold:
		if row.ask {
			t.askSender()
		}
		return t.hold(row.hold, row.why), true
	case deferIt:
		return mailer.Outcome{Verdict: mailer.Deferred, Reason: row.reason, Text: "The sender cannot be checked just now, try again later"}, true
	}
	text := mayNot
	switch {
	case row.reason == mailer.NotAuthenticated:
		text = "The sender's domain asks to reject mail that fails DMARC"
	case row.standing == standSomeoneElse:
		text = "Whoever is signed in may not write as the sender in From"
	}
	return mailer.Outcome{Verdict: mailer.Refused, Reason: row.reason, Text: text}, true
}

// unknownAddress is the answer for an address that is, or has to look like, none of ours.
func unknownAddress() mailer.Outcome {
	return mailer.Outcome{Verdict: mailer.Refused, Reason: mailer.NoSuchAddress, Text: noSuchAddress}
}

// askSender has the sender asked to confirm that the mail is theirs.
func (t *tenantDecision) askSender() { t.part.askSender = true }

// hold keeps the mail until somebody decides.
func (t *tenantDecision) hold(reason HoldReason, why string) mailer.Outcome {
	t.part.record.Hold, t.part.record.Reason = reason, why
	t.trace.Effect("held: %s", why)
	return mailer.Outcome{Verdict: mailer.Held, Reason: mailer.NeedsDecision}
}

// unreadable keeps a mail that somebody may send but that we could not read.
func (t *tenantDecision) unreadable() (mailer.Outcome, error) {
	t.part.record.Hold, t.part.record.Reason = HoldUnreadable, t.mail.Message.Failure
	t.trace.Effect("kept as failed: %s", t.mail.Message.Failure)
	return mailer.Outcome{Verdict: mailer.Held, Reason: mailer.Unreadable}, nil
}

// note keeps the mail with no further effect.
func (t *tenantDecision) note(why string) mailer.Outcome {
	t.trace.Effect("noted: %s", why)
	return mailer.Outcome{Verdict: mailer.Accepted, Reason: mailer.Noted}
}

// same answers for a mail whose entry is in the history already.
func (t *tenantDecision) same(number string) (mailer.Outcome, error) {
	t.trace.Add("match", number, "the same entry", "one mail reaching a case by several addresses is one history entry")
	return mailer.Outcome{Verdict: mailer.Accepted}, nil
}
