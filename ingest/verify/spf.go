package verify

import (
	"context"

	"casegate/ingest/verify/spf"
	"casegate/mailer"
)

// pass is the result of a method that passed (RFC 8601 2.7).
const pass = "pass"

// spf checks the client against the domain of the reverse-path or, where that is
// null, of HELO (RFC 7208 2.3, 2.4).
func (v *Verifier) spf(ctx context.Context, env *mailer.Envelope) mailer.AuthSPF {
	q := spf.Query{Client: env.Remote, Helo: env.Helo}
	if path := env.ReversePath; !path.IsZero() {
		// Without quotes: macros take the local part as it is (RFC 7208 7.3).
		q.Sender = path.Local + "@" + path.Domain
	}
	r := spf.Check(ctx, q, v.DNS)
	if r.Unsure && r.Status != spf.Pass {
		// A name that could not be had just now may be the one that passes.
		r.Status = spf.TempError
	}
	return mailer.AuthSPF{Result: string(r.Status), Domain: r.Domain, Helo: r.Helo, Reason: r.Reason}
}
