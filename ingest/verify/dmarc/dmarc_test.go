package dmarc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// errServer is a failure that may pass.
var errServer = errors.New("server failure")

// zone is a small DNS: records by domain, under "_dmarc." of it. The value
// "FAIL" is a server failure, "" a name without TXT records, "|" stands between
// two records. Every other name does not exist.
type zone map[string]string

func (z zone) lookup(asked *[]string) Lookup {
	return func(_ context.Context, name string) ([]string, error) {
		*asked = append(*asked, name)
		domain, isRecord := strings.CutPrefix(name, "_dmarc.")
		if !isRecord {
			domain = "@" + name // the name itself
		}
		switch txt, ok := z[domain]; {
		case !ok:
			return nil, fmt.Errorf("%s: %w", name, ErrNoName)
		case txt == "FAIL":
			return nil, errServer
		case txt == "":
			return nil, nil
		default:
			return strings.Split(txt, "|"), nil
		}
	}
}

const (
	reject = "v=DMARC1; p=reject"
	deep   = "a.b.c.d.e.f.g.h.i.j.mail.example.com"
)

// verdict is the part of a Result that the tables compare.
func verdict(r Result) string {
	s := string(r.Status)
	if r.Policy != "" {
		s += " " + string(r.Policy) + " @" + r.Domain
	}
	if r.DKIMAligned != "" {
		s += " dkim=" + r.DKIMAligned
	}
	if r.SPFAligned != "" {
		s += " spf=" + r.SPFAligned
	}
	return s
}

type evaluateCase struct {
	name string
	zone zone
	from string
	dkim string // separated by spaces
	spf  string
	want string
}

func runCases(t *testing.T, cases []evaluateCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var asked []string
			q := Query{From: c.from, SPF: c.spf, DKIM: strings.Fields(c.dkim)}
			res := Evaluate(t.Context(), q, c.zone.lookup(&asked))
			if got := verdict(res); got != c.want {
				t.Errorf("mail from %s (dkim %q, spf %q) gives\n  %s\nshould give\n  %s\n%+v", c.from, c.dkim, c.spf, got, c.want, res)
			}
			if res.Reason == "" {
				t.Error("a result should tell the operator why")
			}
			slices.Sort(asked)
			if len(slices.Compact(asked)) != len(asked) {
				t.Errorf("a name was asked twice: %q", asked)
			}
		})
	}
}

// TestPolicy: which record and which of its policies apply (RFC 9989 4.10.1).
func TestPolicy(t *testing.T) {
	runCases(t, []evaluateCase{
		{"own record", zone{"a.example": reject}, "a.example", "", "", "fail reject @a.example"},
		{"p for a subdomain", zone{"a.example": reject}, "x.a.example", "", "", "fail reject @a.example"},
		{"sp for a subdomain", zone{"a.example": reject + "; sp=quarantine"}, "x.a.example", "", "", "fail quarantine @a.example"},
		{"sp is not for the domain itself", zone{"a.example": reject + "; sp=none"}, "a.example", "", "", "fail reject @a.example"},
		{"sp of a subdomain's own record is ignored", zone{"x.a.example": reject + "; sp=none", "a.example": "v=DMARC1; p=none"}, "x.a.example", "", "", "fail reject @x.a.example"},
		{"np, name does not exist", zone{"a.example": "v=DMARC1; p=none; np=reject"}, "no.a.example", "", "", "fail reject @a.example"},
		{"np beats sp", zone{"a.example": "v=DMARC1; p=none; sp=quarantine; np=reject"}, "no.a.example", "", "", "fail reject @a.example"},
		{"np, name exists", zone{"a.example": "v=DMARC1; p=none; np=reject", "@is.a.example": ""}, "is.a.example", "", "", "fail none @a.example"},
		{"np, name exists, sp", zone{"a.example": "v=DMARC1; p=none; sp=quarantine; np=reject", "@is.a.example": "v=spf1"}, "is.a.example", "", "", "fail quarantine @a.example"},
		{"no np: sp also where the name does not exist", zone{"a.example": "v=DMARC1; p=none; sp=reject"}, "no.a.example", "", "", "fail reject @a.example"},
		{"np unknown", zone{"a.example": "v=DMARC1; p=none; np=reject", "@is.a.example": "FAIL"}, "is.a.example", "", "", "temperror none @a.example"},
		{"np unknown, but it would be the same", zone{"a.example": reject + "; np=reject", "@is.a.example": "FAIL"}, "is.a.example", "", "", "fail reject @a.example"},
		{"np unknown, but the mail passes", zone{"a.example": "v=DMARC1; p=none; np=reject", "@is.a.example": "FAIL"}, "is.a.example", "a.example", "", "pass none @a.example dkim=a.example"},
		{"t=y: reject becomes quarantine", zone{"a.example": reject + "; t=y"}, "a.example", "", "", "fail quarantine @a.example"},
		{"t=y: quarantine becomes none", zone{"a.example": "v=DMARC1; p=quarantine; t=Y"}, "a.example", "", "", "fail none @a.example"},
		{"t=y: none stays", zone{"a.example": "v=DMARC1; p=none; t=y"}, "a.example", "", "", "fail none @a.example"},
		{"t=n", zone{"a.example": reject + "; t=n"}, "a.example", "", "", "fail reject @a.example"},
		{"t=y and sp", zone{"a.example": "v=DMARC1; p=none; sp=reject; t=y"}, "x.a.example", "", "", "fail quarantine @a.example"},
		{"pct changes nothing", zone{"a.example": reject + "; pct=0"}, "a.example", "", "", "fail reject @a.example"},
		{"the highest record is the organization's", zone{"b.a.example": "v=DMARC1; p=none", "a.example": reject}, "x.b.a.example", "", "", "fail reject @a.example"},
		{"psd=n ends the walk", zone{"b.a.example": "v=DMARC1; p=quarantine; psd=n", "a.example": reject}, "x.b.a.example", "", "", "fail quarantine @b.a.example"},
		{"psd=n, no sp of a parent", zone{"b.a.example": "v=DMARC1; p=quarantine; psd=N; sp=none"}, "x.b.a.example", "", "", "fail none @b.a.example"},
		{"psd=y: the domain right below has the record", zone{"bank.example": reject + "; psd=y", "giant.bank.example": "v=DMARC1; p=quarantine"}, "x.giant.bank.example", "", "", "fail quarantine @giant.bank.example"},
		{"psd=y applies where the organization has none", zone{"bank.example": reject + "; psd=y; sp=quarantine"}, "giant.bank.example", "", "", "fail quarantine @bank.example"},
		{"psd=y: np for a domain that is not registered", zone{"bank.example": "v=DMARC1; p=none; psd=y; np=reject"}, "gaint.bank.example", "", "", "fail reject @bank.example"},
		{"psd=y: a record in between is not used", zone{"bank.example": reject + "; psd=y", "x.giant.bank.example": "v=DMARC1; p=none"}, "y.x.giant.bank.example", "", "", "fail reject @bank.example"},
		{"psd=y: the suffix as author", zone{"bank.example": reject + "; psd=y; sp=none"}, "bank.example", "", "", "fail reject @bank.example"},
		{"psd=u is the default", zone{"b.a.example": "v=DMARC1; p=none; psd=u", "a.example": reject}, "x.b.a.example", "", "", "fail reject @a.example"},
		{"a top-level domain's record", zone{"example": reject + "; psd=y"}, "a.example", "", "", "fail reject @example"},
		{"a top-level domain without psd", zone{"example": reject}, "a.example", "", "", "fail reject @example"},
		{"deep name: the parent is not asked", zone{"b.c.d.e.f.g.h.i.j.mail.example.com": "v=DMARC1; p=none; psd=n", "example.com": reject}, deep, "", "", "fail reject @example.com"},
		{"deep name: its own record", zone{deep: "v=DMARC1; p=quarantine", "example.com": reject}, deep, "", "", "fail quarantine @" + deep},
		{"deep name: the seventh label", zone{"g.h.i.j.mail.example.com": reject + "; psd=n"}, deep, "", "", "fail reject @g.h.i.j.mail.example.com"},
	})
}

// TestNoRecord: what is no DMARC record, or ends the search for one.
func TestNoRecord(t *testing.T) {
	runCases(t, []evaluateCase{
		{"nothing", zone{}, "a.example", "a.example", "a.example", "none"},
		{"no author domain", zone{}, "", "a.example", "", "none"},
		{"a name without records", zone{"a.example": ""}, "a.example", "", "", "none"},
		{"other texts, the walk goes on", zone{"x.a.example": "v=spf1 -all|hello", "a.example": reject}, "x.a.example", "", "", "fail reject @a.example"},
		{"a record beside other texts", zone{"a.example": "hello|" + reject + "|v=DMARC2; p=none"}, "a.example", "", "", "fail reject @a.example"},
		{"several", zone{"a.example": reject + "|" + reject}, "a.example", "a.example", "", "none"},
		{"several at the author domain end the search", zone{"x.a.example": reject + "|v=DMARC1; p=none", "a.example": reject}, "x.a.example", "", "", "none"},
		{"several above are passed over", zone{"b.a.example": reject + "|" + reject, "a.example": reject}, "x.b.a.example", "", "", "fail reject @a.example"},
		{"no policy, no rua", zone{"a.example": "v=DMARC1"}, "a.example", "a.example", "", "none"},
		{"no policy at the author domain is not made up for above", zone{"x.a.example": "v=DMARC1; aspf=s", "a.example": reject}, "x.a.example", "", "", "none"},
		{"no policy, rua", zone{"a.example": "v=DMARC1; rua=mailto:d@a.example"}, "a.example", "", "", "fail none @a.example"},
		{"invalid policy, rua", zone{"a.example": "v=DMARC1; p=block; sp=reject; rua=mailto:d@a.example"}, "x.a.example", "", "", "fail none @a.example"},
		{"invalid policy, useless rua", zone{"a.example": "v=DMARC1; p=block; rua=d@a.example"}, "a.example", "", "", "none"},
		{"invalid sp, rua", zone{"a.example": reject + "; sp=quarantin; rua=mailto:d@a.example"}, "a.example", "", "", "fail none @a.example"},
		{"invalid np, no rua", zone{"a.example": reject + "; np=?"}, "a.example", "", "", "none"},
		{"From is an address literal", zone{}, "[192.0.2.1]", "", "", "permerror"},
		{"From is no name", zone{}, "a..example", "", "", "permerror"},
		{"a name that would ask for another", zone{}, "a.example\x00.evil.example", "", "", "permerror"},
		{"a parenthesis (T9)", zone{"good.test(.evil.test": reject}, "good.test(.evil.test", "", "", "permerror"},
	})
}

// TestAlignment: RFC 9989 4.4 and 4.10.2.
func TestAlignment(t *testing.T) {
	strict := zone{"a.example": reject + "; adkim=s; aspf=s"}
	relaxed := zone{"a.example": reject}
	runCases(t, []evaluateCase{
		{"same domain", relaxed, "a.example", "a.example", "a.example", "pass reject @a.example dkim=a.example spf=a.example"},
		{"relaxed, below", relaxed, "a.example", "x.y.a.example", "bounce.a.example", "pass reject @a.example dkim=x.y.a.example spf=bounce.a.example"},
		{"relaxed, above", relaxed, "x.y.a.example", "a.example", "", "pass reject @a.example dkim=a.example"},
		{"relaxed, siblings", relaxed, "x.a.example", "y.a.example", "", "pass reject @a.example dkim=y.a.example"},
		{"strict, siblings", strict, "x.a.example", "y.a.example", "z.a.example", "fail reject @a.example"},
		{"strict, above", strict, "x.a.example", "a.example", "a.example", "fail reject @a.example"},
		{"strict, same", strict, "x.a.example", "x.a.example", "x.a.example", "pass reject @a.example dkim=x.a.example spf=x.a.example"},
		{"strict DKIM only", zone{"a.example": reject + "; adkim=S"}, "a.example", "x.a.example", "x.a.example", "pass reject @a.example spf=x.a.example"},
		{"strict SPF only", zone{"a.example": reject + "; aspf=S"}, "a.example", "x.a.example", "x.a.example", "pass reject @a.example dkim=x.a.example"},
		{"the strictness is the applied record's", zone{"x.a.example": reject + "; adkim=s", "a.example": reject}, "x.a.example", "a.example", "", "fail reject @x.a.example"},
		{"another domain", relaxed, "a.example", "b.example", "b.example", "fail reject @a.example"},
		{"one of several", relaxed, "a.example", "evil.test b.example x.a.example", "", "pass reject @a.example dkim=x.a.example"},
		{"a name that only ends the same", relaxed, "a.example", "evila.example", "", "fail reject @a.example"},
		{"a name that only begins the same", relaxed, "a.example", "a.example.evil.test", "", "fail reject @a.example"},
		{"an empty identifier", relaxed, "a.example", "", "", "fail reject @a.example"},
		{"a subdomain that is its own organization", zone{"a.example": reject, "x.a.example": reject + "; psd=n"}, "a.example", "x.a.example", "", "fail reject @a.example"},
		{"the author's subdomain is its own organization", zone{"a.example": reject, "x.a.example": reject + "; psd=n"}, "x.a.example", "a.example", "y.x.a.example", "pass reject @x.a.example spf=y.x.a.example"},
		{"two customers of a suffix (RFC 9989 B.4.3)", zone{"bank.example": reject + "; psd=y", "giant.bank.example": reject}, "giant.bank.example", "mail.mega.bank.example", "", "fail reject @giant.bank.example"},
		{"one customer of a suffix (RFC 9989 B.4.3)", zone{"bank.example": reject + "; psd=y", "giant.bank.example": reject}, "giant.bank.example", "", "mail.giant.bank.example", "pass reject @giant.bank.example spf=mail.giant.bank.example"},
		{"a customer does not speak for the suffix", zone{"bank.example": reject + "; psd=y"}, "bank.example", "mega.bank.example", "", "fail reject @bank.example"},
		{"the suffix does not speak for a customer", zone{"bank.example": reject + "; psd=y"}, "mega.bank.example", "bank.example", "", "fail reject @bank.example"},
		{"a signer's record without policy still counts", zone{"a.example": reject, "x.a.example": "v=DMARC1; psd=n"}, "a.example", "x.a.example", "", "fail reject @a.example"},
		{"case and last dot", relaxed, "A.Example.", "X.a.EXAMPLE.", "a.example.", "pass reject @a.example dkim=x.a.example spf=a.example"},
		{"U-labels", zone{"xn--bcher-kva.example": reject}, "bücher.example", "mail.BÜCHER.example", "", "pass reject @xn--bcher-kva.example dkim=mail.xn--bcher-kva.example"},
		{"a homograph is another domain", zone{"a.example": reject}, "a.example", "а.example", "", "fail reject @a.example"}, // Cyrillic
		{"deep author (RFC 9989 B.4.2)", zone{"example.com": reject, "signing.example.com": reject}, deep, "signing.example.com", "example.com", "pass reject @example.com dkim=signing.example.com spf=example.com"},
	})
}

// TestFailures: a failed lookup counts only where its answer could change the
// outcome (design 4).
func TestFailures(t *testing.T) {
	above := zone{"x.a.example": reject, "a.example": "FAIL"}
	runCases(t, []evaluateCase{
		{"the record", zone{"a.example": "FAIL"}, "a.example", "", "", "temperror"},
		{"the record; the signer is the author domain", zone{"a.example": "FAIL"}, "a.example", "a.example", "a.example", "temperror dkim=a.example spf=a.example"},
		{"the record; a signer that may align", zone{"a.example": "FAIL"}, "a.example", "x.a.example", "", "temperror"},
		{"above, no own record", zone{"a.example": "FAIL"}, "x.a.example", "", "", "temperror"},
		{"above, own record, nothing passed", above, "x.a.example", "", "", "fail reject @x.a.example"},
		{"above, own record, same domain", above, "x.a.example", "x.a.example", "", "pass reject @x.a.example dkim=x.a.example"},
		{"above, own record, stranger", above, "x.a.example", "evil.test", "evil.test", "fail reject @x.a.example"},
		{"above, own record, sibling", above, "x.a.example", "y.a.example", "", "temperror reject @x.a.example"},
		{"above, strict, sibling", zone{"x.a.example": reject + "; adkim=s", "a.example": "FAIL"}, "x.a.example", "y.a.example", "", "fail reject @x.a.example"},
		{"above psd=n, not needed", zone{"a.example": reject + "; psd=n", "example": "FAIL"}, "x.a.example", "y.a.example", "", "pass reject @a.example dkim=y.a.example"},
		{"the signer's own name", zone{"a.example": reject, "x.a.example": "FAIL"}, "a.example", "x.a.example", "", "temperror reject @a.example"},
		{"the signer's own name, another signer aligns", zone{"a.example": reject, "x.a.example": "FAIL"}, "a.example", "x.a.example y.a.example", "", "pass reject @a.example dkim=y.a.example"},
	})
	var asked []string
	z := zone{"a.example": reject, "x.a.example": "FAIL"}
	res := Evaluate(t.Context(), Query{From: "a.example", DKIM: []string{"x.a.example"}, SPF: "a.example"}, z.lookup(&asked))
	if res.Status != Pass || !res.DKIMUnknown {
		t.Errorf("SPF passes while DKIM cannot be known: should be a pass that says so, is %+v", res)
	}
}

// TestQuestions: who is asked, in order (RFC 9989 4.10).
func TestQuestions(t *testing.T) {
	tests := []struct {
		name string
		zone zone
		q    Query
		want string
	}{
		{"no walk without need", zone{"x.a.example": reject}, Query{From: "x.a.example", DKIM: []string{"x.a.example"}}, "x.a.example"},
		{"none for strangers", zone{"a.example": reject}, Query{From: "a.example", DKIM: []string{"evil.test", "mail.evil.test"}, SPF: "evil.test"}, "a.example"},
		{"not below another branch", zone{"x.a.example": reject, "a.example": reject}, Query{From: "x.a.example", DKIM: []string{"y.b.example"}}, "x.a.example a.example example"},
		{"eight at most", zone{}, Query{From: deep, DKIM: []string{"z." + deep}}, deep + " g.h.i.j.mail.example.com h.i.j.mail.example.com i.j.mail.example.com j.mail.example.com mail.example.com example.com com"},
		{"eight labels", zone{}, Query{From: "a.b.c.d.e.f.g.h"}, "a.b.c.d.e.f.g.h b.c.d.e.f.g.h c.d.e.f.g.h d.e.f.g.h e.f.g.h f.g.h g.h h"},
		{"psd=y stops", zone{"b.example": reject + "; psd=y"}, Query{From: "x.a.b.example"}, "x.a.b.example a.b.example b.example"},
	}
	for _, tt := range tests {
		var asked []string
		Evaluate(t.Context(), tt.q, tt.zone.lookup(&asked))
		want := strings.Fields(tt.want)
		for i := range want {
			want[i] = "_dmarc." + want[i]
		}
		if !slices.Equal(asked, want) {
			t.Errorf("%s: asked\n  %q\nshould ask\n  %q", tt.name, asked, want)
		}
	}
}

// TestManySigners: signing domains cannot make a mail expensive.
func TestManySigners(t *testing.T) {
	q := Query{From: "a.example"}
	for i := range 1000 {
		q.DKIM = append(q.DKIM, fmt.Sprintf("s%d.b.c.d.e.a.example", i))
	}
	var asked []string
	z := zone{"a.example": reject, "b.c.d.e.a.example": reject + "; psd=n"}
	if res := Evaluate(t.Context(), q, z.lookup(&asked)); res.Status != Fail || len(asked) > 2*8+maxWalks {
		t.Errorf("1000 signers that do not align: %s after %d lookups, should be fail after few", res.Status, len(asked))
	}
	q.DKIM = append(q.DKIM, "a.example")
	if res := Evaluate(t.Context(), q, z.lookup(&asked)); res.Status != Pass {
		t.Errorf("the author domain's own signature behind 1000 others: %+v, should pass", res)
	}
}

// TestAligned: where no record applies, the public suffix list tells (design 4).
func TestAligned(t *testing.T) {
	tests := []struct{ from, id, want string }{
		{"a.example", "a.example", "a.example"},
		{"A.example.", "x.a.EXAMPLE", "x.a.example"},
		{"x.a.co.uk", "y.a.co.uk", "y.a.co.uk"},
		{"a.co.uk", "evil.co.uk", ""},
		{"co.uk", "evil.co.uk", ""},
		{"evil.co.uk", "co.uk", ""},
		{"co.uk", "co.uk", "co.uk"},
		{"victim.github.io", "evil.github.io", ""},
		{"victim.github.io", "github.io", ""},
		{"a.example", "b.example", ""},
		{"a.example", "evila.example", ""},
		{"localhost", "localhost", "localhost"},
		{"com", "evil.com", ""},
		{"a.example", "", ""},
		{"", "", ""},
		{"good.test", "good.test(.evil.test", ""},
		{"bücher.example", "mail.xn--bcher-kva.example", "mail.xn--bcher-kva.example"},
	}
	for _, tt := range tests {
		if got := Aligned(tt.from, tt.id); got != tt.want {
			t.Errorf("Aligned(%q, %q) = %q, should be %q", tt.from, tt.id, got, tt.want)
		}
	}
}
