package cases

import (
	"errors"
	"slices"
	"strings"

	"casegate/mailer"
)

// traceEvidence notes what is known about the sender and the content, and why:
// who reads the decision sees what it rests on (design 2.6).
func (t *tenantDecision) traceEvidence() {
	m := t.mail
	t.trace.Add("identity", t.sender.String(), m.Identity.Level.String(), m.Identity.Why)
	method := func(name, input, result, reason string) {
		if result != "" { // tried
			t.trace.Add(name, input, result, reason)
		}
	}
	spf := m.Auth.SPF.Domain
	if m.Auth.SPF.Helo {
		spf += " (HELO)"
	}
	method("spf", spf, m.Auth.SPF.Result, m.Auth.SPF.Reason)
	for _, s := range m.Auth.DKIM {
		method("dkim", s.Domain+" "+s.Selector, s.Result, s.Reason)
	}
	dmarc := m.Auth.DMARC.Domain
	if p := m.Auth.DMARC.Policy; p != "" {
		dmarc += " p=" + p
	}
	method("dmarc", dmarc, m.Auth.DMARC.Result, m.Auth.DMARC.Reason)
	method("arc", strings.Join(m.Auth.ARC.Sealers, " "), m.Auth.ARC.CV, m.Auth.ARC.Reason)
	for _, s := range m.Scans {
		t.trace.Add("content", s.By, string(s.Verdict), s.Detail)
	}
	t.trace.Add("kind", string(m.Message.Kind), string(kindOf(&m.Message)), m.Message.KindReason)
}

// content is what the policy is asked about the worst that a scanner found; ""
// for nothing. For a scanner that is broken the door has answered already.
func (t *tenantDecision) content() action {
	worst := action("")
	for _, s := range t.mail.Scans {
		switch s.Verdict {
		case mailer.ScanHarmful:
			return actHarmful
		case mailer.ScanSuspicious:
			worst = actSuspicious
		}
	}
	return worst
}

// standing is the sender's for a request. A reply token was given to who may use
// it, so that a mail to it is to us, whatever To says.
func (t *tenantDecision) standing(q request) standing {
	s := standingOf(t.mail.Identity)
	if s == standReject && t.mail.Envelope.User != "" {
		return standSomeoneElse
	}
	if s == standVerified && !(q.action == actAppend && q.token) && t.replay() {
		return standReplay
	}
	// Who passes a mail on with a trusted seal can add to it: it may file and be
	// read, but commands only where it was written to us.
	if t.mail.Identity.Level == mailer.VerifiedARC && slices.Contains(commands, q.action) && !t.addressed() {
		return standReplay
	}
	return s
}

// isReplay tells a mail that may have been written to somebody else and sent on to
// us: a signature says who wrote it, and not to whom (T11, F8).
func (t *tenantDecision) isReplay() bool {
	if !t.bySignatureAlone() || t.addressed() {
		return false
	}
	t.trace.Add("addressed", "To, Cc", "not to us", "T11: a signature is all that vouches, and the mail names none of our addresses")
	return true
}

// bySignatureAlone tells that the sender is verified by DKIM, and that the mail
// did not come from the sender's own servers. What a trusted sealer vouches for
// may have come a long way.
func (t *tenantDecision) bySignatureAlone() bool {
	m := t.mail
	if m.Identity.Level != mailer.Verified || !slices.ContainsFunc(m.Auth.DKIM, func(s mailer.AuthDKIM) bool { return s.Result == "pass" }) {
		return false
	}
	spf, from := m.Auth.SPF.Domain, t.sender.Domain
	own := spf == from || strings.HasSuffix(spf, "."+from) || strings.HasSuffix(from, "."+spf)
	return m.Auth.SPF.Result != "pass" || m.Auth.SPF.Helo || spf == "" || !own
}

// sentAgain finds the case that has this mail in its history already. Whoever has
// a signed mail can send it again, with a reverse-path of his own and fields on
// top, so that the ledger does not know it (T11). Only what a person wrote is
// looked for: programs may say the same under the same Message-ID, and mean it.
func (t *tenantDecision) sentAgain() (*Case, error) {
	m := &t.mail.Message
	if m.MessageID == "" || kindOf(m) != kindPerson || t.override != nil || !t.bySignatureAlone() {
		return nil, nil
	}
	id, err := t.tx.Thread(t.reseller.ID, m.MessageID)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := t.load(id)
	if c == nil || err != nil {
		return nil, err
	}
	history, err := t.tx.History(id, 1, 0)
	for _, e := range history {
		if e.Message != nil && e.Message.MessageID == m.MessageID && e.Message.Text == m.Text &&
			e.Actor.Level >= mailer.VerifiedSPF && e.Actor.Address.Is(t.sender) && e.Mail != t.part.record.ID {
			t.trace.Add("replay", m.MessageID, c.Number, "T11: the same words of the same sender are there, and a signature is all that vouches")
			return c, nil
		}
	}
	return nil, err
}

// addressed tells that To or Cc names an address of this tenant. Of a mail that
// could not be read nobody knows.
func (t *tenantDecision) addressed() bool {
	if t.mail.Message.Failure != "" {
		return true
	}
	for _, box := range t.named() {
		if r := t.route(box.Email); r.kind != routeNone && r.tenant() == t.part.record.Reseller {
			return true
		}
	}
	return false
}

// maxNamed is how many addresses of To and Cc are looked at: a mail that names
// more is a mass mailing.
const maxNamed = 1000

// named lists the mailboxes in To and Cc.
func (t *tenantDecision) named() []mailer.Mailbox {
	all := slices.Concat(t.mail.Message.To, t.mail.Message.Cc)
	return all[:min(len(all), maxNamed)]
}
