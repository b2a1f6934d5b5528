package verify

import (
	"strings"

	"casegate/ingest/parse/header"
	"casegate/mailer"
)

// maxFrom is the longest From field that may name a sender, in octets: one
// mailbox with a long name takes some hundreds.
const maxFrom = 4 << 10

// sender reads the one mailbox of the one From field (T4 to T8, F6), or says
// what is in the way. It takes the raw field: encoded words are decoded only in
// the name, when the address is settled.
func sender(h header.Header) (mailer.Mailbox, string) {
	var from []header.Field
	for _, f := range h.Fields {
		switch {
		case f.Is("From"):
			from = append(from, f)
		case isDisguised(f.Name):
			return mailer.Mailbox{}, "a field name that other programs may read as From"
		}
		if hidesFrom(f) {
			return mailer.Mailbox{}, "a continuation line that other programs may read as From"
		}
	}
	switch {
	case h.Over != "":
		return mailer.Mailbox{}, "the header is beyond the limits, a From may be in the rest"
	case len(from) == 0:
		return mailer.Mailbox{}, "no From field"
	case len(from) > 1:
		return mailer.Mailbox{}, "several From fields"
	}
	return mailbox(from[0].Value())
}

// mailbox reads the value of From.
func mailbox(value string) (mailer.Mailbox, string) {
	if len(value) > maxFrom {
		return mailer.Mailbox{}, "From is too long"
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return mailer.Mailbox{}, "a control character in From"
	}
	entries := header.Addresses(value, "")
	switch {
	case len(entries) == 0:
		return mailer.Mailbox{}, "no address in From"
	case len(entries) > 1:
		return mailer.Mailbox{}, "several mailboxes in From"
	case entries[0].Doubt != "":
		return mailer.Mailbox{}, "From holds " + entries[0].Doubt
	case entries[0].Email.IsZero():
		return mailer.Mailbox{}, "no address in From"
	}
	return entries[0].Mailbox, ""
}

// isDisguised tells a name that is From but for octets that no field name has:
// some programs drop them and see a From (T8).
func isDisguised(name string) bool {
	odd := false
	letters := strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f {
			odd = true
			return -1
		}
		return r
	}, name)
	return odd && strings.EqualFold(letters, "From")
}

// hidesFrom tells a field with a continuation line that looks like a From field
// with an address: programs that do not unfold, or trim lines first, see one
// there (espoofer a9 to a11). A list of field names, as in DKIM's h=, does not.
func hidesFrom(f header.Field) bool {
	lines := strings.Split(string(f.Raw), "\n")
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ":")
		if found && strings.EqualFold(strings.TrimSpace(name), "From") && strings.Contains(value, "@") {
			return true
		}
	}
	return false
}
