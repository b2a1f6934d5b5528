// Package verify finds out who wrote a mail, and how far that may be believed
// (design 4): by SPF, DKIM, DMARC and ARC, by the network it comes from, or by
// who signed in. It reads the raw header, the raw body and the envelope; it is
// not for showing names, and decides nothing about what a sender may do.
//
// The sender is the one mailbox of the one From field. Every doubt about who
// that is, and every method that fails, takes belief away; none gives it.
package verify

import (
	"context"
	"io"
	"net/netip"
	"slices"
	"time"

	"casegate/ingest/parse/header"
	"casegate/mailer"
	"casegate/mailer/dns"
)

// Verifier tells who wrote a mail. The zero value trusts no network and asks no
// DNS, so that nobody is verified. It is safe for concurrent use; its fields are
// set before.
type Verifier struct {
	// Trusted are networks whose From is believed as it is, because they let
	// only their own people send (design 2.5, trusted_networks).
	Trusted []netip.Prefix
	// DNS is asked for what domains publish; nil: nothing is published.
	DNS *dns.Resolver
	// Sealers are the domains whose ARC seals are believed. Those below them are
	// not: a large provider has names there that others can take over.
	Sealers []string
	// Authserv are the names under which our own front hops write
	// Authentication-Results (RFC 8601 2.5). A mail from one brings SPF's result,
	// which cannot be had any more, in the topmost such field.
	Authserv []string
	// Groups are addresses of Google Groups that rewrite From, and whose rewrite
	// may be undone (design 4).
	Groups []mailer.Address
	// MayWriteAs tells whether who signed in may write as an address; nil: nobody may.
	MayWriteAs func(user string, a mailer.Address) bool
	// Now gives the time at which signatures must be valid; nil: time.Now.
	Now func() time.Time
	// Patience is how long one mail may wait for DNS in all; 0: 3 seconds.
	Patience time.Duration
}

const (
	defaultPatience = 3 * time.Second
	// maxQuestions is what one mail may ask DNS: ten signatures, the seals of a
	// chain, SPF's ten mechanisms with the hosts of their MX, and DMARC's walks.
	maxQuestions = 200
)

// Verify sets Identity and Auth of a mail, whose header is h and whose body
// follows. Its only errors are those of reading the body.
func (v *Verifier) Verify(ctx context.Context, m *mailer.Mail, h header.Header, body io.Reader) error {
	from, doubt := sender(h)
	m.Identity = mailer.Identity{Address: from.Email, Name: from.Name}
	env := &m.Envelope
	prefix, trusted := v.trusts(env)
	switch {
	case env.User != "":
		m.Identity = v.signedIn(env.User, m.Identity)
	case trusted:
		// What DNS would say changes nothing, and it may be away.
		m.Identity.Level, m.Identity.Why = mailer.Verified, "from the trusted network "+prefix.String()
	default:
		if err := v.authenticate(ctx, m, h, body); err != nil {
			return err
		}
	}
	if doubt != "" {
		m.Identity = mailer.Identity{Level: mailer.Unverified, Why: doubt + ": no sender to verify"}
	}
	m.Auth.Fill()
	return nil
}

// signedIn judges a mail of somebody who proved at the door who they are.
func (v *Verifier) signedIn(user string, id mailer.Identity) mailer.Identity {
	if v.MayWriteAs != nil && v.MayWriteAs(user, id.Address) {
		id.Level, id.Why = mailer.Verified, "signed in as "+user
		return id
	}
	id.Level, id.Reject = mailer.Failed, true
	id.Why = "signed in as " + user + ", who may not write as this sender"
	return id
}

// trusts finds the trusted network that a mail comes from. An IPv4 client on an
// IPv6 socket counts as the IPv4 client it is. What a front hop passes on comes
// from anywhere.
func (v *Verifier) trusts(env *mailer.Envelope) (netip.Prefix, bool) {
	if env.FrontHop {
		return netip.Prefix{}, false
	}
	remote := env.Remote.Unmap().WithZone("")
	i := slices.IndexFunc(v.Trusted, func(p netip.Prefix) bool { return p.Contains(remote) })
	if i < 0 {
		return netip.Prefix{}, false
	}
	return v.Trusted[i], true
}

func (v *Verifier) now() time.Time {
	if v.Now != nil {
		return v.Now()
	}
	return time.Now()
}
