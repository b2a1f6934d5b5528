package spf

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"casegate/mailer/dns"
)

// Limits of RFC 7208 4.6.4, and of names in text (RFC 1035 2.3.4).
const (
	maxTerms = 10 // that ask DNS, in one check with all it includes
	maxVoid  = 2  // of those, that find nothing
	maxHosts = 10 // of one mx, and of the client's PTR
	maxName  = 253
	maxLabel = 63
)

// errTemporary is wrapped by the errors that make a temperror; all others make
// a permerror.
var errTemporary = errors.New("no answer from DNS")

// check is one run of check_host() with all that it includes. An error of any
// method ends the whole run.
type check struct {
	dns           Resolver
	client        netip.Addr
	helo          string
	local, origin string // of the sender

	terms, void int
	names       *clientNames // nil until they are needed
	unsure      bool
}

// verdict is the result of a record, or None where a domain has none. That, other
// than an error, means something else to the record that refers to the domain.
type verdict struct {
	status Status
	reason string
}

// host is check_host() of RFC 7208 4.
func (c *check) host(ctx context.Context, domain string) (verdict, error) {
	domain = strings.TrimSuffix(domain, ".")
	if !wellFormed(domain) {
		return verdict{None, "not a domain name of several labels"}, nil // 4.3
	}
	texts, err := found(c.dns.TXT(ctx, domain))
	if err != nil {
		return verdict{}, err
	}
	record, err := choose(texts)
	redirect := ""
	if err == nil && record != "" {
		redirect, err = inspect(record)
	}
	switch {
	case err != nil:
		return verdict{}, fmt.Errorf("%s: %w", domain, err)
	case record == "":
		return verdict{None, domain + " publishes no SPF record"}, nil
	}
	return c.evaluate(ctx, domain, record, redirect)
}

// wellFormed is what 4.3 asks of a domain before it is looked up. Its last label
// must be one of a top-level domain, which keeps address literals out.
func wellFormed(domain string) bool {
	if len(domain) > maxName {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
	}
	_, top, several := cutLast(domain, '.')
	return several && isToplabel(top)
}

// evaluate goes through the mechanisms of a record without syntax errors (4.6).
func (c *check) evaluate(ctx context.Context, domain, record, redirect string) (verdict, error) {
	for term := range terms(record) {
		if _, _, ok := cutModifier(term); ok {
			continue // redirect comes last wherever it stands (6.1); exp explains only
		}
		d, err := parseDirective(term)
		if err != nil {
			return verdict{}, err
		}
		matched, err := c.matches(ctx, d, domain)
		if err != nil {
			return verdict{}, err
		}
		if matched {
			return verdict{d.result, fmt.Sprintf("the client matches %q of %s", term, domain)}, nil
		}
	}
	if redirect == "" {
		return verdict{Neutral, "nothing in the record of " + domain + " matches the client"}, nil // 4.7
	}
	// Only a redirect that is followed counts as a term (4.6.4).
	if err := c.count(); err != nil {
		return verdict{}, err
	}
	return c.policy(ctx, redirect, domain)
}

// policy is check_host() for another domain that a record names, which must have
// a record itself: whoever refers to nothing has made a mistake (5.2, 6.1).
func (c *check) policy(ctx context.Context, spec, domain string) (verdict, error) {
	v, err := c.host(ctx, c.target(ctx, spec, domain))
	if err == nil && v.status == None {
		err = fmt.Errorf("%s refers to %q: %s", domain, spec, v.reason)
	}
	return v, err
}

// matches tells whether a mechanism matches the client (5).
func (c *check) matches(ctx context.Context, d directive, domain string) (bool, error) {
	switch d.name {
	case "all":
		return true, nil
	case "ip4", "ip6":
		return d.network.Contains(c.client), nil
	}
	// It counts before its macros are expanded: %{p} asks DNS, too.
	if err := c.count(); err != nil {
		return false, err
	}
	if d.name == "include" {
		v, err := c.policy(ctx, d.spec, domain)
		return v.status == Pass, err
	}
	target := domain
	if d.spec != "" {
		target = c.target(ctx, d.spec, domain)
	}
	if !isASCII(target) {
		return false, nil // a local part in UTF-8 never matches (RFC 8616 4)
	}
	switch d.name {
	case "a":
		return c.matchA(ctx, d, target)
	case "mx":
		return c.matchMX(ctx, d, target)
	case "exists":
		addrs, err := found(c.dns.A(ctx, target))
		return len(addrs) > 0, c.countVoid(len(addrs), err)
	default:
		return c.matchPTR(ctx, target)
	}
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > '~' }) < 0
}

// matchA is the "a" mechanism (5.3). There is no limit for the addresses of a
// name: they cost no further question.
func (c *check) matchA(ctx context.Context, d directive, target string) (bool, error) {
	addrs, err := c.addresses(ctx, target)
	return d.contains(addrs, c.client), c.countVoid(len(addrs), err)
}

// matchMX is the "mx" mechanism (5.4). Unlike for sending mail, a domain without
// MX is not its own.
func (c *check) matchMX(ctx context.Context, d directive, target string) (bool, error) {
	hosts, err := found(c.dns.MX(ctx, target))
	if err != nil {
		return false, err
	}
	if len(hosts) > maxHosts {
		return false, fmt.Errorf("%q has more than %d MX", target, maxHosts)
	}
	sum := 0
	for _, host := range hosts {
		addrs, err := c.addresses(ctx, host.Host)
		if err != nil {
			return false, err
		}
		if d.contains(addrs, c.client) {
			return true, nil
		}
		sum += len(addrs)
	}
	return false, c.countVoid(sum, nil)
}

// contains tells whether the client is in the network of one of the addresses,
// never across the two kinds: not even 0.0.0.0/0 holds an IPv6 client.
func (d directive) contains(addrs []netip.Addr, client netip.Addr) bool {
	return slices.ContainsFunc(addrs, func(addr netip.Addr) bool {
		bits := d.bits6
		if addr.Is4() {
			bits = d.bits4
		}
		return netip.PrefixFrom(addr, bits).Contains(client)
	})
}

// addresses asks for those of the client's kind alone (5).
func (c *check) addresses(ctx context.Context, host string) ([]netip.Addr, error) {
	if c.client.Is4() {
		return found(c.dns.A(ctx, host))
	}
	return found(c.dns.AAAA(ctx, host))
}

// found is the answer to a lookup: a name that does not exist has no records (5).
func found[T any](list []T, err error) ([]T, error) {
	switch {
	case err == nil:
		return list, nil
	case errors.Is(err, dns.ErrNoName):
		return nil, nil
	}
	return nil, fmt.Errorf("%w: %w", errTemporary, err)
}

// count counts a term that asks DNS, before it does.
func (c *check) count() error {
	if c.terms++; c.terms > maxTerms {
		return fmt.Errorf("more than %d terms that ask DNS", maxTerms)
	}
	return nil
}

// countVoid counts a term whose lookups gave n records, unless they failed.
func (c *check) countVoid(n int, err error) error {
	if err != nil || n > 0 {
		return err
	}
	if c.void++; c.void > maxVoid {
		return fmt.Errorf("more than %d terms that find nothing in DNS", maxVoid)
	}
	return nil
}
