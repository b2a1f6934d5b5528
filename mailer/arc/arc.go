// Package arc validates Authenticated Received Chains (RFC 8617): what each
// handler of a mail saw of its authentication, sealed. It is over bytes, a
// function that finds keys and a given time, as is package dkim whose checks it
// uses. Whether a sealer is to be believed is not decided here: anybody can seal
// a chain that passes.
package arc

import (
	"context"
	"fmt"
	"time"

	"casegate/mailer/dkim"
)

// Status is the chain validation status, RFC 8617 4.4.
type Status string

const (
	None      Status = "none"      // no chain
	Pass      Status = "pass"      // every seal and the newest message signature verify
	Fail      Status = "fail"      // it is broken, or a sealer said that it was
	TempError Status = "temperror" // a key cannot be had just now; not of RFC 8617
)

// MaxSets is the length of the longest chain, RFC 8617 4.2.1.
const MaxSets = 50

// Result is what became of a chain. Sets has all of them, 1 to N, also where
// the chain fails, but for one whose sets cannot be told apart: then it is nil.
type Result struct {
	CV     Status
	Reason string // one line for people; "" for none and pass
	Sets   []Set
}

// Set is the ARC set of one handler. But for a chain that passes nothing in it
// is more than a claim.
type Set struct {
	Instance    int      // 1 is the oldest
	Domain      string   // d= of the ARC-Seal, lower-case ASCII; "" where it is none
	Selector    string   // s= of it; "" while it was not looked at
	AMSDomain   string   // of the ARC-Message-Signature, likewise: the newest's only
	AMSSigned   []string // the fields it signs, in lower case: the newest's only
	AuthResults string   // value of ARC-Authentication-Results behind its i=, folded as it came
	CV          string   // cv= of the ARC-Seal, as written

	// AMS is what became of the ARC-Message-Signature. Of older sets it is not
	// looked at, and "": handlers may well have changed what it signed.
	AMS dkim.Status
}

// Validate validates the chain of a mail as RFC 8617 5.2 says. Lookup is called
// once for each seal and once for the newest message signature, at most; it is
// not called where the structure is broken, and no more after the first failure.
func Validate(ctx context.Context, m *dkim.Mail, lookup dkim.Lookup, now time.Time) Result {
	v := dkim.NewVerifier(m, lookup, now)
	links, err := collect(v)
	if err != nil {
		return Result{CV: Fail, Reason: err.Error()}
	}
	if len(links) == 0 {
		return Result{CV: None}
	}
	r := Result{CV: Pass}
	for _, l := range links {
		r.Sets = append(r.Sets, l.set)
	}
	if err := checkClaims(r.Sets); err != nil {
		r.CV, r.Reason = Fail, err.Error()
		return r
	}
	r.checkSignatures(ctx, v, links)
	return r
}

// checkClaims checks what the seals say of the chain below them, RFC 8617 5.2
// steps 2 and 3. One that found it broken ends it.
func checkClaims(sets []Set) error {
	if newest := sets[len(sets)-1]; newest.CV == "fail" {
		return fmt.Errorf("the sealer of set %d found the chain broken", newest.Instance)
	}
	for _, s := range sets {
		want := "pass"
		if s.Instance == 1 {
			want = "none"
		}
		if s.CV != want {
			return fmt.Errorf("cv= of set %d must be %s", s.Instance, want)
		}
	}
	return nil
}

// checkSignatures verifies the newest message signature and then the seals from
// the newest to the oldest, RFC 8617 5.2 steps 4 and 6.
func (r *Result) checkSignatures(ctx context.Context, v *dkim.Verifier, links []link) {
	last := len(links) - 1
	ams := v.MessageSignature(ctx, links[last].at[message])
	newest := &r.Sets[last]
	newest.AMS, newest.AMSDomain, newest.AMSSigned = ams.Status, ams.Domain, ams.Signed
	if !r.take(message, newest.Instance, ams) {
		return
	}
	// Each seal signs all that is below it, so what is to be hashed grows with the
	// square of the sets: 50 of them, in a header as large as the door lets in, are
	// some ten megabytes.
	var sealed []int
	for _, l := range links {
		sealed = append(sealed, l.at[:]...)
	}
	for i := last; i >= 0; i-- {
		sig := v.Seal(ctx, sealed[:(i+1)*kinds])
		r.Sets[i].Domain, r.Sets[i].Selector = sig.Domain, sig.Selector
		if !r.take(seal, i+1, sig) {
			return
		}
	}
}

// take notes the outcome of one signature and tells whether the chain still holds.
func (r *Result) take(kind, instance int, sig dkim.Result) bool {
	switch sig.Status {
	case dkim.Pass:
		return true
	case dkim.TempError:
		r.CV = TempError
	default:
		r.CV = Fail
	}
	r.Reason = fmt.Sprintf("%s of set %d: %s", names[kind], instance, sig.Reason)
	return false
}
