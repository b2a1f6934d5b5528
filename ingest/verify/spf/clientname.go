package spf

import (
	"context"
	"slices"
	"strings"
)

// clientNames are the names of the client, as PTR gives them.
type clientNames struct {
	claimed   int   // PTR records
	err       error // of the lookup of PTR
	validated []string
}

// matchPTR is the "ptr" mechanism (RFC 7208 5.5). Failed lookups are passed over,
// since a domain cannot help what is published about a stranger's address.
func (c *check) matchPTR(ctx context.Context, target string) (bool, error) {
	names := c.lookUpNames(ctx)
	if names.err != nil {
		return false, nil
	}
	matched := slices.ContainsFunc(names.validated, func(name string) bool { return isBelow(name, target) })
	return matched, c.countVoid(names.claimed, nil)
}

// clientName is %{p}, which a domain can use to name the client: of the validated names the domain itself, else one below
// it, else any (7.3).
func (c *check) clientName(ctx context.Context, domain string) string {
	names := c.lookUpNames(ctx).validated
	if len(names) == 0 {
		return "unknown"
	}
	if i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(name, domain) }); i >= 0 {
		return names[i]
	}
	if i := slices.IndexFunc(names, func(name string) bool { return isBelow(name, domain) }); i >= 0 {
		return names[i]
	}
	return names[0]
}

// lookUpNames asks for the client's names and validates them, once in a check:
// whoever holds the address writes PTR, so a name counts only if its own
// addresses have the client among them.
func (c *check) lookUpNames(ctx context.Context) *clientNames {
	if c.names != nil {
		return c.names
	}
	c.names = &clientNames{}
	claimed, err := found(c.dns.PTR(ctx, c.client))
	c.names.claimed, c.names.err = len(claimed), err
	c.unsure = c.unsure || err != nil
	for _, name := range claimed[:min(len(claimed), maxHosts)] {
		addrs, err := c.addresses(ctx, name)
		c.unsure = c.unsure || err != nil
		if slices.Contains(addrs, c.client) {
			c.names.validated = append(c.names.validated, strings.TrimSuffix(name, "."))
		}
	}
	return c.names
}

// isBelow tells whether a name is a domain or below it.
func isBelow(name, domain string) bool {
	above := len(name) - len(domain)
	if above < 0 || !strings.EqualFold(name[above:], domain) {
		return false
	}
	return above == 0 || domain != "" && name[above-1] == '.'
}
