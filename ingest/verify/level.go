package verify

import (
	"fmt"
	"slices"
	"strings"

	"casegate/ingest/verify/dmarc"
	"casegate/mailer"
	"casegate/mailer/arc"
	"casegate/mailer/authres"
	"casegate/mailer/dkim"
)

// level says how far the sender is known (the table of design 4). It begins with
// what proves the sender, goes on with what is not known yet, and ends with what
// is held against it: a failure that DNS could still turn into a pass is none.
func (v *Verifier) level(e *evidence, id mailer.Identity) mailer.Identity {
	switch {
	case e.dmarc.Status == dmarc.Pass && e.dmarc.DKIMAligned != "":
		return at(id, mailer.Verified, "DMARC pass: a DKIM signature of %s", e.dmarc.DKIMAligned)
	case e.dmarc.Status == dmarc.TempError && e.dmarc.DKIMAligned != "":
		return at(id, mailer.Verified, "a DKIM signature of %s itself, whatever its DMARC record says", e.dmarc.DKIMAligned)
	case e.dmarc.Status == dmarc.None && e.aligned != "":
		return at(id, mailer.Verified, "a DKIM signature of %s; no DMARC record", e.aligned)
	}
	if sealer, ok := v.vouched(e, id.Address.Domain); ok {
		return at(id, mailer.VerifiedARC, "the ARC chain of %s says that DMARC passed there", sealer)
	}
	if e.dmarc.Status == dmarc.Pass {
		id = at(id, mailer.VerifiedSPF, "DMARC pass by SPF alone, for %s", e.dmarc.SPFAligned)
		if e.dmarc.DKIMUnknown {
			id.Why += "; whether DKIM passes as well cannot be known just now"
		}
		return id
	}
	if what := v.unknown(e, id.Address.Domain); what != "" {
		return at(id, mailer.UnknownYet, "%s", what)
	}
	return refuted(e, id)
}

// refuted is the level of a sender for whom nothing speaks.
func refuted(e *evidence, id mailer.Identity) mailer.Identity {
	if e.dmarc.Status != dmarc.Fail {
		why := "the domain publishes no DMARC record, and nothing that passed is its own"
		if e.dmarc.Status != dmarc.None {
			why = "DMARC " + string(e.dmarc.Status) + ": " + e.dmarc.Reason
		}
		return at(id, mailer.Unverified, "%s", why)
	}
	why := "DMARC fail under p=" + string(e.dmarc.Policy) + " of " + e.dmarc.Domain
	if e.front.silent {
		why += "; the front hop does not say what SPF gave"
	}
	switch e.dmarc.Policy {
	case dmarc.Reject:
		id.Reject = true
		return at(id, mailer.Failed, "%s", why)
	case dmarc.Quarantine:
		return at(id, mailer.Failed, "%s", why)
	}
	return at(id, mailer.Unverified, "%s", why)
}

func at(id mailer.Identity, level mailer.Level, format string, args ...any) mailer.Identity {
	id.Level, id.Why = level, fmt.Sprintf(format, args...)
	return id
}

// unknown names the first temporary failure that could change the outcome, which
// one about a domain that is no kin of From's could not; "" for none.
func (v *Verifier) unknown(e *evidence, from string) string {
	const later = ": DNS gives no answer just now"
	if e.dmarc.Status == dmarc.TempError {
		return "DMARC" + later
	}
	if e.spfUnsure && e.dmarc.Status == dmarc.Fail && dmarc.Aligned(from, e.spf.Domain) != "" {
		return "SPF of " + e.spf.Domain + later
	}
	for _, s := range e.signatures {
		if s.Status == dkim.TempError && dmarc.Aligned(from, s.Domain) != "" {
			return "DKIM key of " + s.Domain + later
		}
	}
	if e.chain.CV == arc.TempError && e.dmarc.Status == dmarc.Fail {
		newest := e.chain.Sets[len(e.chain.Sets)-1]
		if sealer, ok := v.vouches(e, from); ok && slices.Contains(v.Sealers, newest.AMSDomain) {
			return "ARC chain of " + sealer + later
		}
	}
	return ""
}

// vouched finds a hop that saw DMARC pass for the domain of From, in a chain
// that is whole and whose hops from there on are all trusted: each of them could
// have changed the mail (RFC 8617 7.2, T96).
func (v *Verifier) vouched(e *evidence, from string) (sealer string, ok bool) {
	if e.chain.CV != arc.Pass {
		return "", false
	}
	return v.vouches(e, from)
}

// vouches tells what a chain would be worth if it passed.
func (v *Verifier) vouches(e *evidence, from string) (sealer string, ok bool) {
	n := len(e.chain.Sets)
	if n == 0 || !slices.Contains(e.chain.Sets[n-1].AMSSigned, "from") || e.doubled != "" {
		return "", false
	}
	for _, set := range slices.Backward(e.chain.Sets) {
		if !slices.Contains(v.Sealers, set.Domain) {
			return "", false
		}
		if results, err := authres.Parse(set.AuthResults); err == nil && saysPass(results, from) {
			return set.Domain, true
		}
	}
	return "", false
}

// saysPass tells that results name DMARC as passed for a domain, and in no other
// place as anything else for it.
func saysPass(r authres.Results, from string) bool {
	said := false
	for _, m := range r.Methods {
		domain, _ := m.Prop("header", "from")
		if !strings.EqualFold(m.Name, "dmarc") || domainOf(domain) != from {
			continue
		}
		if !strings.EqualFold(m.Result, pass) {
			return false
		}
		said = true
	}
	return said
}
