package cases

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"casegate/mailer"
)

// ConfirmLife is how long the sender of a held mail may say that it is his.
const ConfirmLife = 7 * 24 * time.Hour

// confirmEvery is how often one address is asked at most, whoever writes in its
// name, to whichever reseller (T90).
const confirmEvery = 24 * time.Hour

// nobodyReads matches the local parts of addresses that no person reads
// (mail-traps E).
var nobodyReads = regexp.MustCompile(`^(mailer-daemon|postmaster|root|nobody|bounces?|(do[-_.]?)?no[-_.]?t?[-_.]?reply|no[-_.]?response|notifications?|alerts?|list-?serv|majordomo)([-+._].*)?$|-(request|bounces|owner)$`)

// askConfirmation asks the sender of a mail that has just been held whether it is
// his, where the policy says so (design 4). The question holds no byte of the
// mail, and goes only where it cannot be a nuisance.
func (t *tenantDecision) askConfirmation() error {
	r := t.part.record
	if !t.part.held || !t.part.askSender || t.inform == nil || t.override != nil || r.Status != MailHeld {
		return nil
	}
	if why := t.unasked(); why != "" {
		t.trace.Add("confirm", t.sender.String(), "not asked", why)
		return nil
	}
	key := stateKey("confirm", t.sender.Key().String())
	if asked, err := t.askedToday(key); asked || err != nil {
		t.trace.Add("confirm", t.sender.String(), "not asked", "asked already within a day (T90)")
		return err
	}
	r.Held.ConfirmUntil = t.now.Add(ConfirmLife)
	t.remember(key)
	t.send(&mailer.Delivery{Kind: mailer.ConfirmKind, Recipient: t.sender}, r)
	return nil
}

// askedToday tells that the sender was asked within a day, be it for another
// recipient of this very mail.
func (t *tenantDecision) askedToday(key LedgerKey) (bool, error) {
	if t.done[key] {
		return true, nil
	}
	last, err := t.tx.Recall(key)
	if err == nil {
		var asked *MailRecord
		if asked, err = t.tx.Mail(last); err == nil {
			return t.now.Before(asked.Received.Add(confirmEvery)), nil
		}
	}
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return false, err
}

// unasked says why a sender is not to be asked; "" if he may be.
func (t *tenantDecision) unasked() string {
	m := t.mail
	switch {
	case m.Message.Automatic || m.Envelope.ReversePath.IsZero():
		return "automatic mail is never answered (RFC 3834 2)"
	case m.Message.Kind != mailer.KindPerson:
		return "mail of a list is never answered"
	case m.Identity.Level != mailer.Unverified || m.Auth.SPF.Result == "fail" || m.Auth.DMARC.Result == "fail":
		return "it is likely to be forged: the one who is named has not written it"
	case nobodyReads.MatchString(t.sender.Key().Local):
		return "nobody reads mail there"
	case !t.readsMail(t.sender):
		return "an address of ours (T87)"
	case t.part.record.Held.Operator:
		return "it is mail to the operator too"
	}
	return ""
}

// yesWords are what begins an answer that confirms, in the languages in which it
// is asked for. "No!" must not, nor an absence note without any mark.
var yesWords = []string{"yes", "confirm", "tak", "potwierdzam"}

// confirm carries out the answer of a sender who was asked. The address it came
// to proves that the mailbox was read, so that no more is asked of who is writing
// than that he is the one, and that he says yes.
func (t *tenantDecision) confirm(token mailer.Token) (mailer.Outcome, error) {
	r, err := t.heldBy(token)
	if r == nil || err != nil {
		return unknownAddress(), err
	}
	if _, why := t.idle(r); why != "" {
		return t.note(why), nil
	}
	if r.Held.ConfirmUntil.IsZero() || r.Held.Operator || !t.now.Before(r.Held.ConfirmUntil) {
		return unknownAddress(), nil
	}
	relation := relStranger
	if t.sender.Is(r.Identity.Address) {
		relation = relOwner
	}
	switch row := t.ask(request{action: actConfirm, token: true, relation: relation}); {
	case row.effect == deferIt:
		o, _ := t.outcome(row)
		return o, nil
	case row.effect != allow:
		return t.note(row.why), nil
	}
	if word, _ := decisionWord(&t.mail.Message); !slices.Contains(yesWords, word) {
		return t.note(fmt.Sprintf("mail %s is not confirmed: the first word is none that says yes", r.ID)), nil
	}
	r.Held.ConfirmUntil = time.Time{} // once
	return t.releaseHeld(override{record: r, by: "its sender, confirmed by reply", confirmed: true}, Decider{})
}
