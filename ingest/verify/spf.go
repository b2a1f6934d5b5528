package verify

import (
	"context"
	"net"

	"blitiri.com.ar/go/spf"

	"casegate/mailer"
	"casegate/mailer/dns"
)

// pass is the result of a method that passed (RFC 8601 2.7).
const pass = "pass"

// spf checks the client against the domain of the reverse-path or, where that is
// null, of HELO (RFC 7208 2.3, 2.4).
func (v *Verifier) spf(ctx context.Context, env *mailer.Envelope) mailer.AuthSPF {
	r := mailer.AuthSPF{Result: "none", Domain: env.ReversePath.Domain}
	if !env.Remote.IsValid() {
		r.Reason = "not received from a network address"
		return r
	}
	path := ""
	if env.ReversePath.IsZero() {
		r.Helo, r.Domain = true, env.Helo
	} else {
		// Without quotes: macros take the local part as it is (RFC 7208 7.3).
		path = env.ReversePath.Local + "@" + env.ReversePath.Domain
	}
	client := env.Remote.Unmap().WithZone("")
	result, err := spf.CheckHostWithSender(net.IP(client.AsSlice()), env.Helo, path,
		spf.WithContext(ctx), spf.WithResolver(dns.NetResolver{Resolver: v.DNS, Client: client}))
	r.Result = string(result)
	if err != nil {
		r.Reason = err.Error()
	}
	return r
}
