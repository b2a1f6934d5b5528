package cases

import (
	"net/netip"
	"strings"

	"casegate/mailer"
)

// tooManyGuesses is the answer to every reply address, right or wrong, of a peer
// that has tried too many wrong ones: it says nothing of the address (T35).
const tooManyGuesses = "Too many unknown addresses, try later"

// looksLikeToken tells an address of the form that we make of tokens.
func looksLikeToken(a mailer.Address) bool {
	local := a.Key().Local
	for _, made := range tokenAddresses {
		if strings.HasPrefix(local, made.part) {
			return true
		}
	}
	return false
}

// guessing is the budget of unknown reply addresses of the peer that a recipient
// comes from (T18, T45): an address, of IPv6 its /64, with the domain of the
// reverse-path, as many domains share the servers of one provider. A front hop
// brings everybody's mail, so there it is the reverse-path alone.
func (d *Desk) guessing(env *mailer.Envelope) budget {
	limit, remote := d.Limits.withDefaults().GuessesHour, env.Remote.Unmap()
	if env.FrontHop {
		return perHour(limit, "guesses", "guess behind a front hop", env.ReversePath.Key().String())
	}
	network := remote.String()
	if remote.Is6() {
		network = netip.PrefixFrom(remote, 64).Masked().String()
	}
	return perHour(limit, "guesses", "guess", env.ReversePath.Domain, network)
}

// mayGuess tells a recipient that counts: one of the form of our tokens, from a
// peer that can be told from others. Without a connection there is none.
func mayGuess(env *mailer.Envelope, rcpt mailer.Address) bool {
	return looksLikeToken(rcpt) && (env.FrontHop || env.Remote.IsValid())
}

// throttled answers a recipient of a peer that guesses, before anybody looks
// whether there is one.
func (d *Desk) throttled(env *mailer.Envelope, rcpt mailer.Address) (mailer.Outcome, bool) {
	if !mayGuess(env, rcpt) {
		return mailer.Outcome{}, false
	}
	if _, spent := d.rates.spent(d.guessing(env), d.now()); !spent {
		return mailer.Outcome{}, false
	}
	d.throttledCount.Add(1)
	return mailer.Outcome{Recipient: rcpt, Verdict: mailer.Deferred, Reason: mailer.TooMany, Text: tooManyGuesses}, true
}

// guessed counts an address that was refused. The alarm is raised when there are
// as many as may be, once: what comes then is not counted, but put off.
func (d *Desk) guessed(env *mailer.Envelope, rcpt mailer.Address) {
	if !mayGuess(env, rcpt) {
		return
	}
	b, now := d.guessing(env), d.now()
	d.rates.count(b, now)
	if _, spent := d.rates.spent(b, now); spent {
		d.log().Warn("guessing at reply addresses", "remote", env.Remote, "reverse_path", env.ReversePath.Loggable(), "unknown", b.limit)
	}
}

// Throttled counts the recipients that were put off because their peer had tried
// too many unknown reply addresses, since the start.
func (d *Desk) Throttled() int64 { return d.throttledCount.Load() }
