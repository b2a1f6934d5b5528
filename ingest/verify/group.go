package verify

import (
	"slices"
	"strings"

	"casegate/ingest/parse/header"
	"casegate/mailer"
	"casegate/mailer/dkim"
)

// original names the author of a mail whose From a Google Group has rewritten to
// "'Jane' via Support <support@acme.example>".
const original = "X-Original-From"

// group undoes the rewrite of a configured group: for the address in the one
// X-Original-From, if the group's own aligned signature covers that field and a
// trusted chain says that DMARC passed for the author where the group took the
// mail (design 4). ok is false where there is nothing to undo.
func (v *Verifier) group(e *evidence, id mailer.Identity, h header.Header) (mailer.Identity, bool) {
	if id.Level != mailer.Verified || !slices.ContainsFunc(v.Groups, id.Address.Is) {
		return id, false
	}
	values := h.All(original)
	if len(values) != 1 || !e.covers(id.Address.Domain, original) {
		return id, false
	}
	author, doubt := mailbox(values[0])
	if doubt != "" {
		return id, false
	}
	sealer, ok := v.vouched(e, author.Email.Domain)
	if !ok {
		return id, false
	}
	via := id.Address
	id.Address, id.Name = author.Email, author.Name
	return at(id, mailer.VerifiedARC, "written through the group %s, and the ARC chain of %s says that DMARC passed there", via, sealer), true
}

// covers tells that a signature that passed, of a domain or one of the same
// organisation, has signed a field.
func (e *evidence) covers(domain, field string) bool {
	return slices.ContainsFunc(e.signatures, func(s dkim.Result) bool {
		return s.Status == dkim.Pass && (s.Domain == domain || s.Domain == e.dmarc.DKIMAligned || s.Domain == e.aligned) &&
			slices.Contains(s.Signed, strings.ToLower(field))
	})
}
