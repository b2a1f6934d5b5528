// Package dmarc evaluates DMARC (RFC 9989): whether a domain that SPF or DKIM
// proved aligns with the domain in From, and what the owner of From's domain
// asks for where none does. It is pure over a lookup function; it checks no
// signature, sends no report, and decides nothing about the mail.
//
// Two places of the RFC can be read in more than one way. Several records at the
// author domain end the search, as they did under RFC 7489: a domain that says
// two things about itself is not overruled by its parent. And a record without a
// valid policy is p=none where it has a usable rua, else no DMARC at all
// (4.10.1), even where another tag of it could be applied.
package dmarc

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"casegate/mailer"
)

// Lookup gives the TXT records at a name, each as one string. No such records:
// nil, nil. A name that does not exist: an error that wraps ErrNoName. Any other
// error: it cannot be known just now.
type Lookup func(ctx context.Context, name string) ([]string, error)

// ErrNoName is what a Lookup's error wraps for a name that does not exist
// (NXDOMAIN, RFC 8020).
var ErrNoName = errors.New("no such name")

// maxWalks bounds for how many identifiers of one kind a tree walk is made. Those
// that are the author domain, or could not align, are not counted.
const maxWalks = 10

// Query is what is known of a mail before DMARC. Domains may be in upper case,
// end in a dot, or be U-labels.
type Query struct {
	From string   // domain of the one From address; "" where there is none
	SPF  string   // domain of the reverse-path, if SPF passed for it; "" none
	DKIM []string // d= of the signatures that passed
}

// Policy is what a domain owner asks for mail that fails (RFC 9989 4.7).
type Policy string

// Policies, from the mildest.
const (
	PolicyNone Policy = "none"
	Quarantine Policy = "quarantine"
	Reject     Policy = "reject"
)

// Status is the result of DMARC, spelled as in Authentication-Results
// (RFC 9989 9.2).
type Status string

const (
	// None: no record applies, or there is no author domain.
	None Status = "none"
	// Pass: SPF or DKIM proved a domain that aligns.
	Pass Status = "pass"
	// Fail: a record applies, and nothing that passed aligns.
	Fail Status = "fail"
	// TempError: a lookup failed for now whose answer could change the outcome.
	TempError Status = "temperror"
	// PermError: From's domain cannot be a name in the DNS.
	PermError Status = "permerror"
)

// Result is the outcome for one mail.
type Result struct {
	Status Status
	// Policy is what applies to this From if Status is Fail: p, sp or np, made one
	// step milder by t=y. "" where no record applies.
	Policy    Policy
	Published Policy // the same, before t=y
	Domain    string // where the record was found, without "_dmarc."
	OrgDomain string // of the author domain; "" where nothing depended on it
	// SPFAligned and DKIMAligned are the domains that align, "" none. With
	// TempError they are still set where the domain is the author domain itself,
	// which aligns whatever the record says.
	SPFAligned, DKIMAligned string
	// DKIMUnknown: the pass is by SPF, and a failed lookup hid whether DKIM aligns.
	DKIMUnknown bool
	Testing     bool // t=y
	Record      Record
	Reason      string // one line for the operator
}

// Evaluate finds the record for the author domain and compares identifiers. It
// asks at most eight names for each domain that matters (RFC 9989 4.10), no name
// twice, and none for a domain that could not align whatever the answer.
func Evaluate(ctx context.Context, q Query, lookup Lookup) Result {
	if q.From == "" {
		return Result{Status: None, Reason: "no author domain"}
	}
	author, ok := canonical(q.From)
	if !ok {
		return Result{Status: PermError, Reason: "From's domain cannot be a name in the DNS"}
	}
	e := &evaluation{ctx: ctx, lookup: lookup, author: author, seen: map[string]answer{}}
	res := e.discover()
	dkim, spf := domains(q.DKIM), domains([]string{q.SPF})
	if res.Status == TempError {
		res.DKIMAligned = identical(author, dkim)
		res.SPFAligned = identical(author, spf)
	}
	if res.Status != "" {
		return res
	}
	e.compare(&res, dkim, spf)
	res.OrgDomain = e.org
	return res
}

// evaluation is one run: what has been asked is remembered.
type evaluation struct {
	ctx    context.Context
	lookup Lookup
	author string
	org    string // of the author domain, once a walk has found it
	seen   map[string]answer
}

// discover finds the record that applies (RFC 9989 4.10.1). The Status is empty
// if there is one, else final.
func (e *evaluation) discover() Result {
	at := e.author
	found := e.ask(at)
	if found.err == nil && !found.several && found.record == nil {
		var err error
		if at, err = e.policyDomain(); err != nil {
			found.err = err
		} else if at != "" {
			found = e.seen[at]
		}
	}
	switch {
	case found.err != nil:
		return Result{Status: TempError, Reason: "the record cannot be known now: " + found.err.Error()}
	case found.several:
		return Result{Status: None, Reason: "several DMARC records at " + at}
	case found.record == nil:
		return Result{Status: None, OrgDomain: e.org, Reason: "no DMARC record for " + e.author}
	case found.unusable != nil:
		return Result{Status: None, Domain: at, Record: *found.record,
			Reason: fmt.Sprintf("the record at %s: %v", at, found.unusable)}
	}
	return Result{Domain: at, Record: *found.record, Testing: found.record.Testing}
}

// compare looks for aligned identifiers and settles the outcome. A DKIM domain
// that aligns makes the rest moot; SPF alone is worth less to the caller, so a
// failed lookup behind a DKIM domain is told.
func (e *evaluation) compare(res *Result, dkim, spf []string) {
	var dkimErr, spfErr error
	res.DKIMAligned, dkimErr = e.aligned(dkim, res.Record.DKIMStrict)
	res.SPFAligned, spfErr = e.aligned(spf, res.Record.SPFStrict)
	var policyErr error
	res.Published, policyErr = e.policy(res.Domain, res.Record)
	res.Policy = res.Published
	if res.Testing {
		res.Policy = milder(res.Published)
	}
	switch unknown := errors.Join(dkimErr, spfErr, policyErr); {
	case res.DKIMAligned != "":
		res.Status, res.Reason = Pass, "DKIM aligns: "+res.DKIMAligned
	case res.SPFAligned != "":
		res.Status, res.Reason = Pass, "SPF aligns: "+res.SPFAligned
		res.DKIMUnknown = dkimErr != nil
	case unknown != nil:
		res.Status = TempError
		res.Reason = "cannot be known now: " + strings.ReplaceAll(unknown.Error(), "\n", "; ")
	default:
		res.Status, res.Reason = Fail, "nothing that passed aligns with "+e.author
	}
}

// policy picks p, sp or np (RFC 9989 4.10.1). Whether the author domain exists
// is asked only where it makes a difference.
func (e *evaluation) policy(at string, r Record) (Policy, error) {
	if at == e.author {
		return r.P, nil
	}
	existing := r.P
	if r.SP != "" {
		existing = r.SP
	}
	if r.NP == "" || r.NP == existing {
		return existing, nil
	}
	switch _, err := e.lookup(e.ctx, e.author); {
	case err == nil:
		return existing, nil
	case errors.Is(err, ErrNoName):
		return r.NP, nil
	default:
		return existing, fmt.Errorf("whether %s exists: %w", e.author, err)
	}
}

// milder is the policy one step below, for t=y (RFC 9989 4.7).
func milder(p Policy) Policy {
	if p == Reject {
		return Quarantine
	}
	return PolicyNone
}

// domains brings identifiers into one spelling; what is no domain is left out.
func domains(names []string) []string {
	var out []string
	for _, n := range names {
		if d, ok := canonical(n); ok {
			out = append(out, d)
		}
	}
	return out
}

// canonical gives a domain in lower-case A-labels without the last dot. What
// our addresses could not hold as a domain is refused.
func canonical(domain string) (string, bool) {
	a, err := mailer.NewAddress("x", strings.TrimSuffix(domain, "."))
	return a.Domain, err == nil
}
