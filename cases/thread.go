package cases

import (
	"errors"
	"strings"

	"casegate/mailer"
)

// match is a case that a mail seems to belong to, and by what.
type match struct {
	id  CaseID
	how string
}

// hints looks for the case that a mail without a usable reply token belongs to,
// the first that is found: our own Message-ID, a foreign Message-ID this tenant
// has seen, the case number in the subject (design 3, "Matching"). A hint grants
// nothing.
func (d *decider) hints(r *Reseller) (match, bool, error) {
	ids := append(append([]string(nil), d.mail.Message.InReplyTo...), d.mail.Message.References...)
	for _, id := range ids {
		if n, ok := d.ownMessageID(r, id); ok {
			return match{CaseID{r.ID, n}, "our own Message-ID"}, true, nil
		}
	}
	for _, id := range ids {
		found, err := d.tx.Thread(r.ID, id)
		if err == nil {
			return match{found, "a Message-ID of this case's history"}, true, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return match{}, false, err
		}
	}
	if number := numberIn(d.mail.Message.Subject, r.Prefix); number != "" {
		c, err := d.tx.CaseByNumber(r.ID, number)
		if err == nil {
			return match{c.ID, "the case number in the subject"}, true, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return match{}, false, err
		}
	}
	return match{}, false, nil
}

// ownMessageID recognises a Message-ID that we made for this tenant: a letter, a
// dot, a token, at our host name. Without a right MAC it is nothing (T19).
func (d *decider) ownMessageID(r *Reseller, id string) (uint32, bool) {
	local, domain, ok := strings.Cut(id, "@")
	if !ok || !strings.EqualFold(domain, d.hostname) {
		return 0, false
	}
	_, token, ok := strings.Cut(local, ".")
	if !ok {
		return 0, false
	}
	t, err := d.keys.Open(token, mailer.PurposeMessageID, d.now)
	if err != nil || t.Tenant != mailer.TenantTag(string(r.ID)) {
		return 0, false
	}
	return t.Case, true
}
