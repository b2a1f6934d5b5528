// Package spf tells whether a domain authorises a client to send mail in its
// name (RFC 7208). It asks DNS through a [Resolver] and is nothing but
// check_host(): it sends no reply, writes no header and decides nothing about
// the mail. Explanations (exp=) are text of strangers: their syntax counts, but
// they are neither fetched nor shown.
//
// It is an evaluator of our own because a strict parser before a lenient one
// would not do. blitiri.com.ar/go/spf finds an error only where evaluation
// reaches it (4.6 wants all of them found first), which a parser in front could
// mend. But it also knows no "/" in a domain-spec (7.1), never expands %{p}
// (7.3) and asks for AAAA where "exists" wants A (5.7): what comes after parsing
// is most of the work. In tests it serves as a second opinion.
//
// Where the RFC can be read in more than one way:
//   - A name that DNS cannot have (4.8 leaves it open): nothing is there.
//   - Void lookups (4.6.4) are counted by term, as the text says, not by query: a
//     term is void if it found nothing at all. An "mx" with three hosts that have
//     IPv4 alone is no error for a client with IPv6.
//   - More than ten MX are an error before the first of them is asked for, so
//     that the result does not depend on their order.
//   - Unknown modifiers may hold c, r and t macros: only their syntax is checked.
package spf

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"unicode"

	"casegate/mailer/dns"
)

// Status is the result of a check, spelled as in Authentication-Results
// (RFC 8601 2.7.2).
type Status string

// Results (RFC 7208 2.6).
const (
	None      Status = "none"      // no domain to check, or it publishes no record
	Neutral   Status = "neutral"   // the domain says neither yes nor no
	Pass      Status = "pass"      // the client is authorised
	Fail      Status = "fail"      // it is not
	SoftFail  Status = "softfail"  // it probably is not
	TempError Status = "temperror" // DNS could not be asked just now
	PermError Status = "permerror" // what is published cannot be evaluated
)

// Query is what SMTP told about the client.
type Query struct {
	Client netip.Addr // an IPv4-mapped address counts as IPv4 (5)
	Helo   string     // as the client gave it
	Sender string     // the reverse-path, local@domain without quotes; "" is null
}

// Result is the outcome of one check.
type Result struct {
	Status Status
	Domain string // that was checked, as given: the sender's, or that of HELO
	Helo   bool   // Domain is that of HELO, since the reverse-path is null (2.4)
	// Unsure: a lookup for "ptr" or %{p} failed just now. The RFC passes over it
	// (5.5, 7.3), but with its answer Status could be another one.
	Unsure bool
	Reason string // one line for the operator, with text of the domain's owner
}

// Resolver is what is asked of DNS, as *[dns.Resolver] does it. An error that
// does not wrap [dns.ErrNoName] means that the answer is not known.
type Resolver interface {
	TXT(ctx context.Context, name string) ([]string, error)
	MX(ctx context.Context, domain string) ([]dns.MX, error)
	A(ctx context.Context, name string) ([]netip.Addr, error)
	AAAA(ctx context.Context, name string) ([]netip.Addr, error)
	PTR(ctx context.Context, addr netip.Addr) ([]string, error)
}

// Check is check_host() for the domain of the reverse-path or, where that is
// null, for that of HELO (2.3, 2.4). Whatever DNS says, it asks at most 122
// questions; how long they may take is for ctx to say.
func Check(ctx context.Context, q Query, resolver Resolver) Result {
	local, domain, _ := cutLast(q.Sender, '@')
	res := Result{Domain: domain}
	if q.Sender == "" {
		res.Domain, res.Helo = q.Helo, true
	}
	if !q.Client.IsValid() {
		res.Status, res.Reason = None, "the client has no network address"
		return res
	}
	if local == "" {
		local = "postmaster" // 4.3
	}
	c := &check{
		dns:    resolver,
		client: q.Client.Unmap().WithZone(""),
		helo:   q.Helo[max(0, len(q.Helo)-maxName):], // the rest fits into no name, but costs time
		local:  local,
		origin: strings.TrimSuffix(res.Domain, "."),
	}
	v, err := c.host(ctx, res.Domain)
	if err != nil {
		v = verdict{PermError, err.Error()}
		if errors.Is(err, errTemporary) {
			v.status = TempError
		}
	}
	res.Status, res.Unsure, res.Reason = v.status, c.unsure, oneLine(v.reason)
	return res
}

// cutLast cuts at the last separator; without one, all of s comes after it.
func cutLast(s string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}

// oneLine makes text safe to show: a record can be 64 KiB long.
func oneLine(s string) string {
	const most = 400
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, s)
}
