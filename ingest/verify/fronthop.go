package verify

import (
	"slices"
	"strings"

	"casegate/ingest/parse/header"
	"casegate/mailer"
	"casegate/mailer/authres"
)

// frontHop is what an MTA in front of us says of a mail.
type frontHop struct {
	silent bool // nothing at all
	spf    mailer.AuthSPF
	dkim   []string // domains of signatures that passed before it touched the mail
}

// readFrontHop takes SPF's result, and signatures that the hop itself may have
// broken since, from the topmost Authentication-Results: the hop writes above
// what it received. A field further down, or of another name, was there before
// it and is anybody's (RFC 8601 5, T9).
func (v *Verifier) readFrontHop(h header.Header) frontHop {
	hop := frontHop{silent: true, spf: mailer.AuthSPF{Result: "none", Reason: "came by a front hop that does not say"}}
	all := h.All("Authentication-Results")
	if len(all) == 0 {
		return hop
	}
	results, err := authres.Parse(all[0])
	if err != nil || !slices.ContainsFunc(v.Authserv, func(id string) bool { return strings.EqualFold(id, results.ID) }) {
		return hop
	}
	hop.silent = false
	if spf, ok := saidOfSPF(results); ok {
		hop.spf = spf
	}
	for _, m := range results.Methods {
		signer, ok := m.Prop("header", "d")
		if !ok { // Google names the signer so
			signer, _ = m.Prop("header", "i")
		}
		if domain := domainOf(signer); m.Name == "dkim" && m.Result == pass && domain != "" {
			hop.dkim = append(hop.dkim, domain)
		}
	}
	return hop
}

// saidOfSPF takes the result for the reverse-path, or else the one for HELO: some
// write both. A hop that says two things of one of them has said nothing.
func saidOfSPF(results authres.Results) (said mailer.AuthSPF, ok bool) {
	for _, property := range []string{"mailfrom", "helo"} {
		for _, m := range results.Methods {
			value, _ := m.Prop("smtp", property)
			r := mailer.AuthSPF{Result: m.Result, Domain: domainOf(value), Helo: property == "helo", Reason: "says the front hop " + results.ID}
			if m.Name != "spf" || r.Domain == "" {
				continue
			}
			if ok && r != said {
				return said, false
			}
			said, ok = r, true
		}
		if ok {
			return said, true
		}
	}
	return said, false
}

// domainOf takes the domain of an address, or one that stands alone; "" where it
// is none.
func domainOf(s string) string {
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[i+1:]
	}
	a, err := mailer.NewAddress("x", s)
	if err != nil {
		return ""
	}
	return a.Domain
}
