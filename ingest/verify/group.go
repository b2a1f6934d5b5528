package verify

import (
	"slices"
	"strings"

	"casegate/ingest/parse/header"
	"casegate/mailer"
	"casegate/mailer/dkim"
)

// A Google Group that has rewritten From to "'Jane' via Support <support@acme.example>"
// names the author in two other fields.
const (
	originalFrom   = "X-Original-From"   // the mailbox that was in From; not signed
	originalSender = "X-Original-Sender" // its address alone; signed
)

// group undoes the rewrite of a configured group, if the group's own aligned
// signature covers the author's address and a trusted chain says that DMARC
// passed for the author where the group took the mail (design 4). ok is false
// where there is nothing to undo.
func (v *Verifier) group(e *evidence, id mailer.Identity, h header.Header) (mailer.Identity, bool) {
	if id.Level != mailer.Verified || !slices.ContainsFunc(v.Groups, id.Address.Is) || !e.covers(id.Address.Domain, originalSender) {
		return id, false
	}
	author, ok := sole(h, originalFrom)
	sender, signed := sole(h, originalSender)
	if !ok || !signed || !author.Email.Is(sender.Email) {
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

// sole reads the one mailbox of a field that is there once.
func sole(h header.Header, name string) (mailer.Mailbox, bool) {
	values := h.All(name)
	if len(values) != 1 {
		return mailer.Mailbox{}, false
	}
	m, doubt := mailbox(values[0])
	return m, doubt == ""
}

// covers tells that a signature that passed, of a domain or one of the same
// organisation, has signed a field.
func (e *evidence) covers(domain, field string) bool {
	return slices.ContainsFunc(e.signatures, func(s dkim.Result) bool {
		return s.Status == dkim.Pass && (s.Domain == domain || s.Domain == e.dmarc.DKIMAligned || s.Domain == e.aligned) &&
			slices.Contains(s.Signed, strings.ToLower(field))
	})
}
