// Package dkim verifies DKIM signatures (RFC 6376, as amended by RFC 8301, 8463
// and 8616) over bytes, a function that finds keys and a given time. It has no
// network, no clock and no store, and it does not sign. What ARC (RFC 8617)
// shares with DKIM is done here as well; see package arc for its chains.
//
// Where we are stricter than the RFCs, a signature that verifies has the status
// "policy" and counts for nothing: one with l= (T10), one in a mail with a second
// From or another field that should be there once and is signed once (T4, F8), one
// by a key in test mode, and one from the future.
package dkim

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"
)

// Lookup gives the TXT records at a name, each as one string; none: nil and no
// error; an error: it cannot be known just now. The name is in lower-case ASCII
// without a final dot.
type Lookup func(ctx context.Context, name string) ([]string, error)

// Field is one header field. Raw is name, colon and value with folding and its
// CRLF, as it came; Name is the name in it, in any case.
type Field struct {
	Name string
	Raw  []byte
}

// Mail is what signatures are about: the header fields in order from the top,
// and the hashes of the body.
type Mail struct {
	Fields []Field
	Body   Body
}

// Status is the outcome for one signature, a word of RFC 8601 2.7.1.
type Status string

const (
	None      Status = "none"      // no signature; never of a Result
	Pass      Status = "pass"      // it verifies, and we accept it
	Fail      Status = "fail"      // it does not verify, or has expired
	Policy    Status = "policy"    // it may verify, but counts for nothing here
	TempError Status = "temperror" // its key cannot be had just now
	PermError Status = "permerror" // it is malformed, or has no key that fits
)

// Result is what became of one signature. Domain, Selector and what follows
// Reason are "" or zero where the signature was too broken to tell. No field
// holds a control character.
type Result struct {
	Domain, Selector string // d= and s=, lower-case ASCII (A-labels), proper names
	Status           Status
	Reason           string   // one line for people; "" for a plain pass
	Signed           []string // h=, lower case, in order
	AUID             string   // i= without white space, as written; "@" + d= where there is none
	Algorithm        string   // a=: "rsa-sha256", "ed25519-sha256"
	KeyBits          int      // of the key that verified it
	B                string   // the first 8 characters of b=, for header.b (RFC 6008)
}

// MaxSignatures is how many signatures of a mail are looked at, from the top: each
// may cost a query and a public-key operation, and everybody can write as many as
// they like. Honest mail has one to three.
const MaxSignatures = 5

// clockSkew is how far in the future t= may lie.
const clockSkew = 24 * time.Hour

// Verify checks the signatures of a mail: one result for each DKIM-Signature, in
// order from the top; nil where there is none. Those beyond MaxSignatures have
// no result. Lookup is called at most once for each signature, and only where the
// hash of the body fits.
func Verify(ctx context.Context, m *Mail, lookup Lookup, now time.Time) []Result {
	v := NewVerifier(m, lookup, now)
	var results []Result
	for n, at := range v.Named("dkim-signature") {
		if n == MaxSignatures {
			break
		}
		r := v.check(ctx, at, dkimSignature)
		if r.Status == Pass {
			if name := Doubled(m.Fields, r.Signed); name != "" {
				r.Status, r.Reason = Policy, "the mail has a second "+name+" field, which is not signed"
			}
		}
		results = append(results, r)
	}
	return results
}

// single are the fields that a mail has once at most (RFC 5322 3.6, RFC 2045) and
// that a reader takes from the top, where signatures count from the bottom.
var single = [...]string{
	"from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id",
	"in-reply-to", "references", "content-type", "content-transfer-encoding",
}

// Doubled names a field that a mail has more often than a signature over the given
// names covers, though it should be there once (RFC 6376 8.15): anybody who has
// the mail can have put it there, and it is what people see. From may never be
// there twice. "" where there is none.
func Doubled(fields []Field, signed []string) string {
	for _, name := range single {
		there, covered := 0, 0
		for _, f := range fields {
			if fieldName(f.Name) == name {
				there++
			}
		}
		for _, s := range signed {
			if s == name {
				covered++
			}
		}
		if there > 1 && (name == "from" || covered > 0 && there > covered) {
			return name
		}
	}
	return ""
}

// Verifier checks the signatures of one mail. Its methods are for package arc;
// Verify does all that DKIM needs.
type Verifier struct {
	mail   *Mail
	lookup Lookup
	now    time.Time
	named  map[string][]int // positions in mail.Fields by lower-case name, from the top
}

// NewVerifier gets a mail ready to be verified.
func NewVerifier(m *Mail, lookup Lookup, now time.Time) *Verifier {
	v := &Verifier{mail: m, lookup: lookup, now: now, named: make(map[string][]int)}
	for i, f := range m.Fields {
		name := fieldName(f.Name)
		v.named[name] = append(v.named[name], i)
	}
	return v
}

// Named gives the positions of the fields with a lower-case name, from the top.
func (v *Verifier) Named(name string) []int { return v.named[name] }

// Field gives the field at a position.
func (v *Verifier) Field(at int) Field { return v.mail.Fields[at] }

// MessageSignature checks an ARC-Message-Signature, which is a DKIM-Signature
// but for three points (RFC 8617 4.1.2): i= is the instance, which the caller
// has read; there is no v=; and ARC-Seal is not signed. From need not be either.
func (v *Verifier) MessageSignature(ctx context.Context, at int) Result {
	return v.check(ctx, at, arcMessageSignature)
}

// check reads and verifies the signature over the mail in the field at a position.
func (v *Verifier) check(ctx context.Context, at int, form form) Result {
	s, err := parse(v.mail.Fields[at], form)
	r := s.result()
	if err == nil {
		err = s.checkTime(v.now)
	}
	if err == nil && s.limited {
		err = &problem{Policy, "l= leaves a part of the body unsigned"}
	}
	// Before the key is asked for: no answer could save it.
	if err == nil && !s.bodyFits(v.mail.Body) {
		err = &problem{Fail, "the body was changed: bh= differs"}
	}
	if err == nil {
		r.KeyBits, err = v.checkKeys(ctx, s, v.digest(s, at))
	}
	return r.with(err)
}

// Seal checks an ARC-Seal, which signs the fields of its own and all lower sets
// (RFC 8617 5.1.1): their positions in the order of signing, the seal's the last.
func (v *Verifier) Seal(ctx context.Context, fields []int) Result {
	last := len(fields) - 1
	s, err := parse(v.mail.Fields[fields[last]], arcSeal)
	r := s.result()
	if err == nil {
		err = s.checkTime(v.now)
	}
	if err == nil {
		h := newFieldHash(s.header)
		for _, at := range fields[:last] {
			h.add(v.mail.Fields[at].Raw)
		}
		r.KeyBits, err = v.checkKeys(ctx, s, h.finish(s))
	}
	return r.with(err)
}

// digest is the hash over the fields named in h= and the signature itself, RFC
// 6376 3.7. Each name takes the next field from the bottom; one that has none
// left stands for the empty string (5.4.2). The signature itself is never one of
// the fields that its own h= names (3.5).
func (v *Verifier) digest(s *signature, at int) [sha256.Size]byte {
	h := newFieldHash(s.header)
	left := make(map[string][]int)
	for _, name := range s.signed {
		positions, seen := left[name]
		if !seen {
			positions = v.named[name]
		}
		n := len(positions)
		if n > 0 && positions[n-1] == at {
			n--
		}
		if n > 0 {
			n--
			h.add(v.mail.Fields[positions[n]].Raw)
		}
		left[name] = positions[:n]
	}
	return h.finish(s)
}

// problem is why a signature does not pass.
type problem struct {
	status Status
	reason string
}

func (p *problem) Error() string { return p.reason }

// malformed is the problem of a signature or key record that breaks the rules.
func malformed(reason string) error { return &problem{PermError, reason} }

// with completes a result with the outcome of the check.
func (r Result) with(err error) Result {
	var p *problem
	switch {
	case err == nil:
		r.Status = Pass
	case errors.As(err, &p):
		r.Status, r.Reason = p.status, p.reason
	default:
		r.Status, r.Reason = PermError, err.Error()
	}
	return r
}
