package verify

import (
	"context"

	"casegate/ingest/verify/spf"
	"casegate/mailer"
)

// pass is the result of a method that passed (RFC 8601 2.7).
const pass = "pass"

// spf checks the client against the domain of the reverse-path or, where that is
// null, of HELO (RFC 7208 2.3, 2.4). unsure: DNS could not say all, and with the
// rest it might have passed.
func (v *Verifier) spf(ctx context.Context, env *mailer.Envelope) (result mailer.AuthSPF, unsure bool) {
	q := spf.Query{Client: env.Remote, Helo: env.Helo}
	if path := env.ReversePath; !path.IsZero() {
		// Without quotes: macros take the local part as it is (RFC 7208 7.3).
		q.Sender = path.Local + "@" + path.Domain
	}
	r := spf.Check(ctx, q, v.DNS)
	unsure = r.Status == spf.TempError || r.Unsure && r.Status != spf.Pass
	return mailer.AuthSPF{Result: string(r.Status), Domain: r.Domain, Helo: r.Helo, Reason: r.Reason}, unsure
}
