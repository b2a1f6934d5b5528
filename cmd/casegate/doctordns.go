package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"casegate/mailer/dns"
)

// addresses gives all addresses of a name. Half of the truth is an error, and a
// name without any is dns.ErrNoName too.
func (d *doctor) addresses(ctx context.Context, name string) ([]netip.Addr, error) {
	v4, err := d.dns.A(ctx, name)
	v6, err6 := d.dns.AAAA(ctx, name)
	if err = errors.Join(err, err6); err != nil {
		return nil, err
	}
	if all := append(v4, v6...); len(all) > 0 {
		return all, nil
	}
	return nil, fmt.Errorf("%w: %s has no address", dns.ErrNoName, name)
}

// checkHostname: replies and bounces come to the hostname, whatever the resellers'
// domains are.
func (d *doctor) checkHostname(ctx context.Context) []diagnosis {
	g := of("hostname", d.conf.Hostname)
	found, err := d.addresses(ctx, d.conf.Hostname)
	switch {
	case errors.Is(err, dns.ErrTemporary):
		return []diagnosis{g.unknown(err)}
	case err != nil:
		return []diagnosis{g.is(failure, "has no address in the DNS", "Publish an A record, and AAAA if you have IPv6, that leads to this machine.")}
	}
	for _, a := range found {
		switch {
		case a.IsLoopback(), a.IsUnspecified():
			return []diagnosis{g.is(failure, fmt.Sprintf("leads to %s, which is every machine itself", a), "Publish the public address of this machine.")}
		case a.IsPrivate(), a.IsLinkLocalUnicast():
			return []diagnosis{g.is(warning, fmt.Sprintf("leads to %s, which cannot be reached from outside", a),
				"Publish the public address, unless all mail comes through a server of yours.")}
		}
	}
	return []diagnosis{g.ok("leads to " + words(found))}
}

// checkPTR looks for a name that leads back: many servers take no mail from an
// address without one. It matters less where a relay elsewhere sends for us.
func (d *doctor) checkPTR(ctx context.Context) (all []diagnosis) {
	ours, err := d.addresses(ctx, d.conf.Hostname)
	if err != nil {
		return nil // said of the hostname
	}
	bad := warning
	if d.relayIsHere() {
		bad = failure
	}
	for _, a := range ours {
		all = append(all, d.ptr(ctx, a, bad))
	}
	return all
}

// ptr is a name for an address only if the name has that address too: whoever
// holds the address can claim any name (RFC 8601 2.7.3).
func (d *doctor) ptr(ctx context.Context, a netip.Addr, bad grade) diagnosis {
	g := of("PTR", a.String())
	names, err := d.dns.PTR(ctx, a)
	if errors.Is(err, dns.ErrTemporary) {
		return g.unknown(err)
	}
	advice := fmt.Sprintf("Have whoever gave you the address publish PTR %s.", d.conf.Hostname)
	if len(names) == 0 {
		return g.is(bad, "has no name", advice)
	}
	for _, name := range names {
		back, err := d.addresses(ctx, name)
		if errors.Is(err, dns.ErrTemporary) {
			return g.unknown(err)
		}
		if slices.Contains(back, a) {
			return g.ok("is " + name + ", which leads back")
		}
	}
	return g.is(bad, "claims to be "+words(names)+", which does not lead back", advice)
}

// relayIsHere tells whether a mail server on this machine sends for us, so that
// others see this machine's address.
func (d *doctor) relayIsHere() bool {
	a, err := netip.ParseAddr(d.conf.target.Host)
	return d.conf.target.Host == "localhost" || err == nil && a.IsLoopback()
}

// checkMX looks at each domain whose mail must come here: the hostname's because
// of reply addresses, the resellers' because of their intake.
func (d *doctor) checkMX(ctx context.Context) (all []diagnosis) {
	ours, _ := d.addresses(ctx, d.conf.Hostname) // an error is said of the hostname
	for _, domain := range append([]string{d.conf.Hostname}, d.mailDomains()...) {
		all = append(all, d.mx(ctx, domain, ours))
	}
	return all
}

// mx tells where the mail of a domain goes (RFC 5321 5.1).
func (d *doctor) mx(ctx context.Context, domain string, ours []netip.Addr) diagnosis {
	g := of("MX", domain)
	publish := fmt.Sprintf("Publish: %s. MX 10 %s.", domain, d.conf.Hostname)
	list, err := d.dns.MX(ctx, domain)
	switch {
	case errors.Is(err, dns.ErrNoName):
		return g.is(failure, "there is no such domain", publish)
	case err != nil:
		return g.unknown(err)
	case len(list) == 1 && list[0].Host == ".": // RFC 7505
		return g.is(failure, "says that it takes no mail (null MX)", publish)
	case len(list) == 0:
		return d.withoutMX(ctx, g, ours, publish)
	}
	var here, elsewhere, dead []string
	for _, mx := range list {
		addrs, err := d.addresses(ctx, mx.Host)
		switch {
		case errors.Is(err, dns.ErrTemporary):
			return g.unknown(err)
		case err != nil:
			dead = append(dead, mx.Host)
		case shares(addrs, ours), d.inFront(addrs):
			here = append(here, mx.Host)
		default:
			elsewhere = append(elsewhere, mx.Host)
		}
	}
	switch {
	case len(here)+len(elsewhere) == 0:
		return g.is(failure, words(dead)+" has no address", publish)
	case len(elsewhere) > 0:
		return g.is(warning, fmt.Sprintf("split delivery: mail goes to %s, and here only if that passes it on", words(elsewhere)),
			"Have it pass on the mail that is for casegate. To have all mail here instead: "+publish)
	case len(dead) > 0:
		return g.is(warning, words(dead)+" has no address; "+words(here)+" leads here", "Remove the MX record that leads nowhere.")
	}
	return g.ok(words(here) + " leads here")
}

// withoutMX: then the domain's own addresses count (RFC 5321 5.1).
func (d *doctor) withoutMX(ctx context.Context, g diagnosis, ours []netip.Addr, publish string) diagnosis {
	addrs, err := d.addresses(ctx, g.Subject)
	switch {
	case errors.Is(err, dns.ErrTemporary):
		return g.unknown(err)
	case err != nil:
		return g.is(failure, "has neither MX record nor address: no mail reaches it", publish)
	case shares(addrs, ours):
		return g.is(warning, "has no MX record, but its address leads here", publish)
	}
	return g.is(failure, "has no MX record, and its address "+words(addrs)+" is not ours", publish)
}

// inFront tells whether all addresses are of servers that pass mail on to us.
func (d *doctor) inFront(addrs []netip.Addr) bool {
	return !slices.ContainsFunc(addrs, func(a netip.Addr) bool {
		return !slices.ContainsFunc(d.conf.fronts, func(p netip.Prefix) bool { return p.Contains(a) })
	})
}

// shares tells whether two hosts have an address in common, whatever their names:
// an MX record may call us by another one.
func shares(a, b []netip.Addr) bool {
	return slices.ContainsFunc(a, func(one netip.Addr) bool { return slices.Contains(b, one) })
}

// words lists things for people.
func words[T any](list []T) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ", ")
}
