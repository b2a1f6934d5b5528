package main

import (
	"strings"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/authres"
)

// resultsField is what we found out about a mail, as the field for it (RFC
// 8601), to stand above the mail. It is made from the record: a field in the mail
// itself that bears our name was written by somebody else, stays in the bytes as
// they came and is never read.
func resultsField(r *cases.MailRecord, hostname string) string {
	results := authres.Results{ID: hostname}
	if r.Envelope.User != "" {
		results.Methods = append(results.Methods, method("auth", "pass", "", "smtp", "auth", r.Envelope.User))
	}
	results.Methods = append(results.Methods, authMethods(&r.Auth, r.Identity.Address.Domain)...)
	// The level has no method of its own in the registry; "x-" is for what is
	// between two who know each other.
	results.Methods = append(results.Methods,
		method("x-casegate", levelWord.Replace(r.Identity.Level.String()), r.Identity.Why, "header", "from", r.Identity.Address.String()))
	return results.Field("Authentication-Results")
}

// levelWord makes a level's name one word of RFC 8601: "verified-arc".
var levelWord = strings.NewReplacer(" ", "-", "(", "-", ")", "")

// authMethods puts the results of a mail into the words of RFC 8601 2.7; methods
// that were not tried are left out.
func authMethods(a *mailer.Auth, from string) (all []authres.Method) {
	if a.SPF.Result != "" {
		property := "mailfrom"
		if a.SPF.Helo {
			property = "helo"
		}
		all = append(all, method("spf", a.SPF.Result, a.SPF.Reason, "smtp", property, a.SPF.Domain))
	}
	for _, s := range a.DKIM {
		m := method("dkim", s.Result, s.Reason, "header", "d", s.Domain)
		m.Props = append(m.Props, authres.Prop{Type: "header", Property: "s", Value: s.Selector})
		all = append(all, m)
	}
	if a.DMARC.Result != "" {
		m := method("dmarc", a.DMARC.Result, a.DMARC.Reason, "header", "from", from)
		if a.DMARC.Policy != "" {
			m.Props = append(m.Props, authres.Prop{Type: "policy", Property: "dmarc", Value: a.DMARC.Policy})
		}
		all = append(all, m)
	}
	if a.ARC.CV != "" {
		all = append(all, method("arc", a.ARC.CV, a.ARC.Reason, "", "", ""))
	}
	return all
}

// method is one result with one property, if that has a value.
func method(name, result, reason, ptype, property, value string) authres.Method {
	m := authres.Method{Name: name, Result: result, Reason: reason}
	if value != "" {
		m.Props = []authres.Prop{{Type: ptype, Property: property, Value: value}}
	}
	return m
}
