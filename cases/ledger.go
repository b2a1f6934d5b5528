package cases

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"casegate/mailer"
)

// record is the mail's record at this tenant: the one it has from before, or a
// new one.
func (t *tenantDecision) record(tenant ResellerID, recipients []recipient) (*MailRecord, error) {
	if t.override != nil {
		if r := t.override.record; r.Reseller != tenant {
			return nil, errorf(Conflict, "mail %s came for reseller %q, and its address is another's by now: it can only be discarded", r.ID, r.Reseller)
		}
		t.part.stored = true
		return t.override.record, nil
	}
	m, r := t.mail, t.newRecord(tenant)
	t.part.ledger = ledgerKey(tenant, m)
	before, err := t.tx.Recall(t.part.ledger)
	if errors.Is(err, ErrNotFound) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	old, err := t.tx.Mail(before)
	if err != nil {
		return nil, fmt.Errorf("mail %s of the ledger: %w", before, err)
	}
	proven := m.Identity.IsVerified() && !old.Identity.IsVerified()
	if old.Status == MailDiscarded && proven {
		r.Trace.Add("ledger", "", "taken before as "+string(old.ID)+", and discarded", "T17: its sender is verified this time")
		return r, nil
	}
	if old.Status == MailDiscarded && slices.ContainsFunc(recipients, func(rcpt recipient) bool { return !old.answered(rcpt.address) }) {
		// Its bytes are gone: a recipient that is new to it needs them again,
		// while what was discarded stays so.
		r.Envelope.Recipients, r.Outcomes = old.Envelope.Recipients, old.Outcomes
		r.Trace.Add("ledger", "", "taken before as "+string(old.ID)+", and discarded", "design 2.3")
		return r, nil
	}
	t.part.stored = true
	if old.waits() && proven {
		// A forger may have sent it first: what was held by his word is decided anew.
		t.proven = true
		envelope := m.Envelope
		envelope.Recipients = old.Envelope.Recipients
		old.Door, old.Envelope, old.Identity, old.Auth, old.Scans = m.Door, envelope, m.Identity, m.Auth, m.Scans
		old.Trace.Add("ledger", "", "taken before, and held", "T17: its sender is verified this time")
		return old, nil
	}
	old.Trace.Add("ledger", "", "taken before", "design 2.3: tenant, reverse-path and bytes are the same")
	return old, nil
}

func (t *tenantDecision) newRecord(tenant ResellerID) *MailRecord {
	m := t.mail
	r := &MailRecord{
		ID: t.newID(), Reseller: tenant, Received: m.Received, Door: m.Door, Envelope: m.Envelope,
		Identity: m.Identity, Auth: m.Auth, Scans: m.Scans,
		Subject: m.Message.Subject, MessageID: m.Message.MessageID, Size: m.Raw.Size, Sum: m.Sum, Blob: m.Raw.Ref,
	}
	r.Envelope.Recipients = nil // those of this tenant are added as they are decided
	return r
}

// answered tells that a recipient of the mail has had an answer that stands.
func (r *MailRecord) answered(a mailer.Address) bool {
	return slices.ContainsFunc(r.Outcomes, func(o mailer.Outcome) bool {
		return o.Recipient.Is(a) && o.Verdict != mailer.Refused
	})
}

// before gives the answer that a recipient of this mail had already. What was
// held is decided again when somebody releases it, or its true sender sends it.
func (t *tenantDecision) before(a mailer.Address) (mailer.Outcome, bool) {
	for _, o := range t.part.record.Outcomes {
		if !o.Recipient.Is(a) || o.Verdict == mailer.Refused || o.Verdict == mailer.Held && (t.override != nil || t.proven) {
			continue
		}
		if o.Verdict == mailer.Discarded {
			o.Verdict = mailer.Accepted
		}
		return mailer.Outcome{Recipient: a, Verdict: o.Verdict, Reason: o.Reason}, true
	}
	return mailer.Outcome{}, false
}

// ledgerKey is the digest that recognises a mail taken before: by tenant,
// reverse-path and the bytes as they came. The recipients, which design 2.3 has
// in the key, are in the record that it leads to: one key for a mail, and a mail
// whose recipients come in several transactions is still one mail.
func ledgerKey(tenant ResellerID, m *mailer.Mail) LedgerKey {
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00", tenant, m.Envelope.ReversePath)
	h.Write(m.Sum[:])
	return LedgerKey(h.Sum(nil)[:len(LedgerKey{})])
}
