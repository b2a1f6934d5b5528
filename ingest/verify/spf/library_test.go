package spf_test

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"casegate/mailer/dns"
)

// netResolver gives a Resolver the methods of [net.Resolver] that libraries for
// SPF ask for. Every error is a *net.DNSError itself, with IsNotFound for
// [dns.ErrNoName] and IsTemporary for [dns.ErrTemporary], and wraps that. A name that
// exists without such records gives an empty list and no error, as RFC 7208
// 4.6.4 counts it.
type netResolver struct {
	Resolver *dns.Resolver
	// Client is the address to be compared with those found. For an IPv4
	// client only A records are asked for (RFC 7208 5); for an IPv6 client AAAA
	// and A, since "exists" looks for A whoever the client is. The zero value
	// stands for both.
	Client netip.Addr
}

// LookupTXT is [dns.Resolver.TXT].
func (n netResolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	texts, err := n.Resolver.TXT(ctx, name)
	return texts, netError(name, err)
}

// LookupMX is [dns.Resolver.MX].
func (n netResolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	found, err := n.Resolver.MX(ctx, name)
	var list []*net.MX
	for _, mx := range found {
		list = append(list, &net.MX{Host: mx.Host, Pref: mx.Preference})
	}
	return list, netError(name, err)
}

// LookupIPAddr gives the addresses of a host that Client makes relevant. If one
// of the two questions fails there are none: half of the truth could read as
// "this client is not listed".
func (n netResolver) LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error) {
	found, err := n.Resolver.A(ctx, host)
	if err == nil && !n.Client.Unmap().Is4() {
		var v6 []netip.Addr
		v6, err = n.Resolver.AAAA(ctx, host)
		found = append(found, v6...)
	}
	if err != nil {
		return nil, netError(host, err)
	}
	var list []net.IPAddr
	for _, addr := range found {
		list = append(list, net.IPAddr{IP: addr.AsSlice()})
	}
	return list, nil
}

// LookupAddr is [dns.Resolver.PTR] for an address in text form.
func (n netResolver) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	ip, _ := netip.ParseAddr(addr) // PTR refuses the zero value
	names, err := n.Resolver.PTR(ctx, ip)
	return names, netError(addr, err)
}

// netError gives nil or a *net.DNSError: an error by type assertion, not errors.As,
// is what the library looks for.
func netError(name string, err error) error {
	if err == nil {
		return nil
	}
	return &net.DNSError{
		UnwrapErr:   err,
		Err:         err.Error(),
		Name:        name,
		IsNotFound:  errors.Is(err, dns.ErrNoName),
		IsTemporary: errors.Is(err, dns.ErrTemporary),
	}
}
