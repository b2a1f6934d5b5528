package header

import (
	"slices"
	"strings"

	"casegate/ingest/parse/charset"
	"casegate/mailer"
)

// Mailboxes is an address list for showing: what could not be read is left out.
func Mailboxes(h Header, field, label string) []mailer.Mailbox {
	return slices.DeleteFunc(Shown(h, field, label), func(m mailer.Mailbox) bool { return m.Email.IsZero() })
}

// Shown is an address list as people see it: those whose address could not be
// read are there by name, with the zero Email. Of several From or Reply-To
// fields, of which RFC 5322 3.6 allows one, the first that names somebody
// counts; verify believes none of them.
func Shown(h Header, field, label string) []mailer.Mailbox {
	one := strings.EqualFold(field, "From")
	var all []mailer.Mailbox
	for _, value := range h.All(field) {
		for _, e := range Addresses(value, label) {
			if e.Email.IsZero() && e.Name == "" || len(all) == MaxAddresses {
				continue
			}
			if e.Comment != "" {
				e.Name = charset.OneLine(e.Name+" ("+e.Comment+")", maxName)
			}
			all = append(all, e.Mailbox)
		}
		if one && len(all) > 0 {
			break
		}
	}
	return all
}
