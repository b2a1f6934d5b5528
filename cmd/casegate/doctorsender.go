package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"casegate/ingest/verify/dmarc"
	"casegate/ingest/verify/spf"
	"casegate/mailer/dns"
)

// checkSPF looks at the domains in our return paths and in From. The addresses
// that send are the relay's; where that is on this machine, the hostname's.
func (d *doctor) checkSPF(ctx context.Context) (all []diagnosis) {
	from := d.conf.target.Host
	if d.relayIsHere() {
		from = d.conf.Hostname
	}
	var senders []netip.Addr
	if a, err := netip.ParseAddr(from); err == nil {
		senders = []netip.Addr{a}
	} else if from != "" {
		senders, _ = d.addresses(ctx, from) // without any, only the record is checked
	}
	for _, domain := range append([]string{d.conf.Hostname}, d.mailDomains()...) {
		all = append(all, d.spf(ctx, domain, senders))
	}
	return all
}

// strangers are addresses that nobody can send from (RFC 1112 4, RFC 6666): a
// record that lets them pass lets everybody.
func strangers() []netip.Addr {
	return []netip.Addr{netip.MustParseAddr("240.0.0.1"), netip.MustParseAddr("100::1")}
}

// spf looks for what makes a record void before asking whether it lets us pass: a
// client that no mechanism matches has the whole record evaluated.
func (d *doctor) spf(ctx context.Context, domain string, senders []netip.Addr) diagnosis {
	g := of("SPF", domain)
	texts, err := d.dns.TXT(ctx, domain)
	if errors.Is(err, dns.ErrTemporary) {
		return g.unknown(err)
	}
	var records []string
	for _, text := range texts {
		if version, _, _ := strings.Cut(text, " "); strings.EqualFold(version, "v=spf1") { // RFC 7208 4.5
			records = append(records, text)
		}
	}
	switch len(records) {
	case 0:
		return g.is(warning, "no record: other servers cannot tell our mail from forged mail", spfAdvice(domain, senders))
	case 1:
	default:
		return g.is(failure, fmt.Sprintf("%d records, so that none counts (RFC 7208 4.5)", len(records)), "Join them into one.")
	}
	for _, a := range strangers() {
		switch r := d.evaluate(ctx, domain, a); r.Status {
		case spf.TempError:
			return g.unknown(errors.New(r.Reason))
		case spf.PermError:
			return g.is(failure, fmt.Sprintf("cannot be evaluated, so that it does not count: %s: %s", r.Reason, records[0]),
				"Correct the record. If it asks DNS too often, leave out includes, a and mx that you do not need; name networks with ip4 and ip6.")
		case spf.Pass:
			return g.is(failure, "lets everybody send in its name: "+records[0], "End the record with -all or ~all, and name only networks of yours.")
		}
	}
	return d.spfOf(ctx, g, senders, records[0])
}

// spfOf evaluates a record that is sound for those who send in our name.
func (d *doctor) spfOf(ctx context.Context, g diagnosis, senders []netip.Addr, record string) diagnosis {
	for _, a := range senders {
		r := d.evaluate(ctx, g.Subject, a)
		if r.Status == spf.TempError {
			return g.unknown(errors.New(r.Reason))
		}
		if r.Status != spf.Pass {
			return g.is(warning, fmt.Sprintf("gives %s for %s, where our mail is sent from: %s", r.Status, a, record),
				"Add that address, or the include that your relay's operator names. If the relay sends from other addresses, look whether those pass.")
		}
	}
	if len(senders) == 0 {
		return g.is(warning, "the record is sound, but the addresses that send are not known: "+record, "See what is said of relay and hostname.")
	}
	return g.ok("passes for " + words(senders) + ": " + record)
}

// spfAdvice is a record to begin with. It ends in ~all: who else sends in the name
// of a domain that has users of its own, we cannot know.
func spfAdvice(domain string, senders []netip.Addr) string {
	record := "v=spf1"
	for _, a := range senders {
		record += map[bool]string{true: " ip4:", false: " ip6:"}[a.Is4()] + a.String()
	}
	if len(senders) == 0 {
		record += " include:NAME"
	}
	advice := fmt.Sprintf("Publish, with all else that sends in its name: %s. TXT %q", domain, record+" ~all")
	if len(senders) == 0 {
		advice += ", where NAME is what your relay's operator says"
	}
	return advice
}

// evaluate is what a server would find to which a client with that address brings
// mail from the domain (RFC 7208 4).
func (d *doctor) evaluate(ctx context.Context, domain string, client netip.Addr) spf.Result {
	return spf.Check(ctx, spf.Query{Client: client, Helo: domain, Sender: "postmaster@" + domain}, d.dns)
}

// checkDKIM has nothing to look up as long as nothing is signed here.
func (d *doctor) checkDKIM(context.Context) []diagnosis {
	return []diagnosis{of("DKIM", "notices").is(warning, "casegate does not sign its notices",
		"Have your relay sign for the resellers' domains; doctor --send ADDRESS sends a mail in which you can see whether it does.")}
}

// checkDMARC leaves the hostname out: nobody is in From with it but the doctor.
func (d *doctor) checkDMARC(ctx context.Context) (all []diagnosis) {
	for _, domain := range d.mailDomains() {
		all = append(all, d.dmarc(ctx, domain))
	}
	return all
}

// dmarc reads what a domain asks others to do with mail forged in its name.
func (d *doctor) dmarc(ctx context.Context, domain string) diagnosis {
	g := of("DMARC", domain)
	name := "_dmarc." + domain
	texts, err := d.dns.TXT(ctx, name)
	if errors.Is(err, dns.ErrTemporary) {
		return g.unknown(err)
	}
	const form = "The form is: v=DMARC1; p=quarantine; rua=mailto:…"
	var found []dmarc.Record
	for _, text := range texts {
		record, err := dmarc.ParseRecord(text)
		switch {
		case err == nil:
			found = append(found, record)
		case !errors.Is(err, dmarc.ErrNotRecord):
			return g.is(failure, fmt.Sprintf("%v: %s", err, text), "Correct the record. "+form)
		case strings.Contains(strings.ToLower(text), "dmarc1"):
			return g.is(failure, "does not begin with v=DMARC1, so that it does not count: "+text, "Correct the record. "+form)
		}
	}
	switch len(found) {
	case 0:
		return d.parentDMARC(ctx, g)
	case 1:
		return judged(g, name, found[0].P, found[0])
	}
	return g.is(failure, fmt.Sprintf("%d records, so that none counts", len(found)), "Leave one.")
}

// parentDMARC finds the policy of a domain above, by the tree walk (RFC 9989 4.10).
func (d *doctor) parentDMARC(ctx context.Context, g diagnosis) diagnosis {
	lookup := func(ctx context.Context, name string) ([]string, error) {
		texts, err := d.dns.TXT(ctx, name)
		if errors.Is(err, dns.ErrNoName) {
			err = fmt.Errorf("%w: %s", dmarc.ErrNoName, name)
		}
		return texts, err
	}
	r := dmarc.Evaluate(ctx, dmarc.Query{From: g.Subject}, lookup)
	switch r.Status {
	case dmarc.TempError:
		return g.unknown(errors.New(r.Reason))
	case dmarc.Fail: // of course, nothing passed; so there is a record
		return judged(g, "_dmarc."+r.Domain, r.Published, r.Record)
	}
	return g.is(warning, "no record: mail forged in its name is only unverified, here and elsewhere",
		fmt.Sprintf("Publish: _dmarc.%s. TXT %q; once the reports show that all your own mail passes, say p=quarantine.",
			g.Subject, "v=DMARC1; p=none; rua=mailto:postmaster@"+g.Subject))
}

// judged is about a record that counts. p=none is how a domain begins, and not
// where it should stay.
func judged(g diagnosis, at string, policy dmarc.Policy, record dmarc.Record) diagnosis {
	found := fmt.Sprintf("p=%s at %s", policy, at)
	switch {
	case policy == dmarc.PolicyNone:
		return g.is(warning, found+": nobody is asked to turn forged mail away", "Say p=quarantine or p=reject once the reports show that all your own mail passes.")
	case record.Testing:
		return g.is(warning, found+", but only for a test (t=y)", "Take t=y out once the reports show that all your own mail passes.")
	}
	return g.ok(found)
}
