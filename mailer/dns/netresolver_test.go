package dns

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"casegate/mailer/dns/dnstest"
)

// The library for SPF takes a *net.DNSError by type assertion, NXDOMAIN by
// IsNotFound, and "unknown" by Temporary; an empty list is a void lookup.
func TestNetResolver(t *testing.T) {
	r, server := start(t, world)
	server.Fail("sf.test", dnstest.ServFail)
	n := NetResolver{Resolver: r}
	ctx := t.Context()
	for _, c := range []struct {
		what string
		ask  func(name string) (int, error)
		name string
		want int
		kind error
	}{
		{"TXT", count(ctx, n.LookupTXT), "good.test", 2, nil},
		{"TXT", count(ctx, n.LookupTXT), "missing.test", 0, ErrNoName},
		{"TXT", count(ctx, n.LookupTXT), "below.test", 0, nil},
		{"TXT", count(ctx, n.LookupTXT), "sf.test", 0, ErrTemporary},
		{"TXT", count(ctx, n.LookupTXT), "a..test", 0, ErrNoName},
		{"MX", count(ctx, n.LookupMX), "good.test", 2, nil},
		{"MX", count(ctx, n.LookupMX), "missing.test", 0, ErrNoName},
		{"addresses", count(ctx, n.LookupIPAddr), "mx1.good.test", 3, nil},
		{"addresses", count(ctx, n.LookupIPAddr), "good.test", 0, nil},
		{"addresses of the null MX", count(ctx, n.LookupIPAddr), ".", 0, ErrNoName},
		{"addresses", count(ctx, n.LookupIPAddr), "sf.test", 0, ErrTemporary},
		{"names", count(ctx, n.LookupAddr), "192.0.2.1", 1, nil},
		{"names", count(ctx, n.LookupAddr), "192.0.2.99", 0, ErrNoName},
		{"names", count(ctx, n.LookupAddr), "not an address", 0, ErrNoName},
	} {
		got, err := c.ask(c.name)
		if got != c.want {
			t.Errorf("%s of %s: got %d, want %d", c.what, c.name, got, c.want)
		}
		if c.kind == nil {
			wantErr(t, c.what+" of "+c.name, err, nil)
			continue
		}
		dnsErr, ok := err.(*net.DNSError)
		if !ok {
			t.Errorf("%s of %s: error %v is a %T, want a *net.DNSError itself", c.what, c.name, err, err)
			continue
		}
		if dnsErr.IsNotFound != (c.kind == ErrNoName) || dnsErr.Temporary() != (c.kind == ErrTemporary) || !errors.Is(err, c.kind) {
			t.Errorf("%s of %s: %+v, want the flags of %v", c.what, c.name, dnsErr, c.kind)
		}
	}
}

func count[T any](ctx context.Context, lookup func(context.Context, string) ([]T, error)) func(string) (int, error) {
	return func(name string) (int, error) {
		list, err := lookup(ctx, name)
		return len(list), err
	}
}

// RFC 7208 5: which addresses are asked for depends on the client's.
func TestNetResolverFamily(t *testing.T) {
	for client, want := range map[string]struct{ found, asked int }{
		"192.0.2.9":        {2, 1},
		"::ffff:192.0.2.9": {2, 1},
		"2001:db8::9":      {3, 2},
	} {
		r, server := start(t, world)
		n := NetResolver{r, netip.MustParseAddr(client)}
		got, err := n.LookupIPAddr(t.Context(), "mx1.good.test")
		if err != nil || len(got) != want.found {
			t.Errorf("for client %s: addresses %v, %v, want %d", client, got, err, want.found)
		}
		if asked := server.Queries("mx1.good.test"); asked != want.asked {
			t.Errorf("for client %s: the server was asked %d times, want %d", client, asked, want.asked)
		}
	}
}
