package arc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"casegate/mailer/arc"
	"casegate/mailer/dkim"
	"casegate/mailer/dkim/dkimtest"
)

// chain seals the letter n times, by the list and the relay in turn.
func chain(t testing.TB, n int) string {
	raw := letter
	for i := range n {
		raw = seal(t, raw, sealing{domain: []string{"list.test", "relay.test"}[i%2]})
	}
	return raw
}

// TestPass: what the sets of a chain that passes tell.
func TestPass(t *testing.T) {
	r := arc.Validate(t.Context(), dkimtest.Mail(chain(t, 3)), dkimtest.Lookup(zone()), noon)
	if r.CV != arc.Pass || r.Reason != "" || len(r.Sets) != 3 {
		t.Fatalf("the chain is %+v, want a pass of three sets", r)
	}
	for i, domain := range []string{"list.test", "relay.test", "list.test"} {
		s := r.Sets[i]
		if s.Instance != i+1 || s.Domain != domain || s.Selector != "s" || s.AuthResults != domain+"; dmarc=pass header.from=good.test" {
			t.Errorf("set %d is %+v, want one of %s", i+1, s, domain)
		}
		if want := []string{"none", "pass", "pass"}[i]; s.CV != want {
			t.Errorf("cv= of set %d is %q, want %q", i+1, s.CV, want)
		}
		if s.AMS != []dkim.Status{"", "", dkim.Pass}[i] {
			t.Errorf("the message signature of set %d is %q, want only the newest looked at", i+1, s.AMS)
		}
	}
	if s := r.Sets[2]; s.AMSDomain != "list.test" || fmt.Sprint(s.AMSSigned) != "[from subject]" {
		t.Errorf("the newest message signature is of %q and signs %v, want list.test, from and subject", s.AMSDomain, s.AMSSigned)
	}
	if r := arc.Validate(t.Context(), dkimtest.Mail(letter), nil, noon); r.CV != arc.None || r.Sets != nil {
		t.Errorf("a mail without a chain has %+v, want none", r)
	}
}

// TestLength: 50 sets at most (RFC 8617 4.2.1, T96).
func TestLength(t *testing.T) {
	for n, want := range map[int]arc.Status{50: arc.Pass, 51: arc.Fail} {
		if r := arc.Validate(t.Context(), dkimtest.Mail(chain(t, n)), dkimtest.Lookup(zone()), noon); r.CV != want {
			t.Errorf("a chain of %d sets is %s (%s), want %s", n, r.CV, r.Reason, want)
		}
	}
}

// TestSealed: what only the sealer can do wrong; each chain is signed as it
// stands. The first are the controls.
func TestSealed(t *testing.T) {
	tests := []struct {
		name   string
		first  sealing
		second *sealing // nil: there is one set
		want   arc.Status
		why    string // in the reason
	}{
		{"one set", sealing{}, nil, arc.Pass, ""},
		{"two sets", sealing{}, &sealing{domain: "relay.test"}, arc.Pass, ""},
		{"comments around the instance", sealing{results: "list.test (our (own) view); spf=pass"}, nil, arc.Pass, ""},
		{"unknown tags", sealing{ams: " zz=1;", as: " zz=1;"}, nil, arc.Pass, ""},
		{"v= is ignored (4.1.2)", sealing{ams: " v=9;", as: " v=9;"}, nil, arc.Pass, ""},
		{"From not signed", sealing{h: "subject"}, nil, arc.Pass, ""},
		{"times", sealing{ams: " t=12345; x=99999999999;", as: " t=12345;"}, nil, arc.Pass, ""},

		{"the first says pass", sealing{cv: "Pass"}, nil, arc.Fail, "set 1 must be none"},
		{"the second says none", sealing{}, &sealing{cv: "none"}, arc.Fail, "set 2 must be pass"},
		{"the second says fail", sealing{}, &sealing{cv: "fail"}, arc.Fail, "sealer of set 2"},
		{"the first says fail", sealing{cv: "fail"}, &sealing{}, arc.Fail, "set 1 must be none"},
		{"ARC-Seal is signed (4.1.2)", sealing{}, &sealing{h: "from:ARC-Seal"}, arc.Fail, "ARC-Message-Signature of set 2: h= names ARC-Seal"},
		{"a seal with h= (4.1.3)", sealing{as: " h=from;"}, nil, arc.Fail, "ARC-Seal of set 1: a seal has no h="},
		{"l= (T10)", sealing{ams: " l=12;"}, nil, arc.Fail, "l="},
		{"expired", sealing{ams: " x=12345;"}, nil, arc.Fail, "expired"},
		{"from the future", sealing{as: " t=99999999999;"}, nil, arc.Fail, "future"},
		{"a tag twice", sealing{as: " s=s;"}, nil, arc.Fail, "tag list"},
		{"no key", sealing{domain: "none.test"}, nil, arc.Fail, "no key"},
		{"no key of the older seal", sealing{domain: "none.test"}, &sealing{}, arc.Fail, "ARC-Seal of set 1: no key"},
		{"no domain", sealing{domain: "x(.test"}, nil, arc.Fail, "d="},
		{"a key that cannot be had", sealing{domain: "tmp.test"}, nil, arc.TempError, "ARC-Message-Signature of set 1"},
		{"an older key that cannot be had", sealing{domain: "tmp.test"}, &sealing{}, arc.TempError, "ARC-Seal of set 1"},
	}
	z := zone()
	z["s._domainkey.tmp.test"] = "TEMPERROR"
	for _, tt := range tests {
		raw := seal(t, letter, tt.first)
		if tt.second != nil {
			raw = seal(t, raw, *tt.second)
		}
		r := arc.Validate(t.Context(), dkimtest.Mail(raw), dkimtest.Lookup(z), noon)
		if r.CV != tt.want || !strings.Contains(r.Reason, tt.why) {
			t.Errorf("%s: the chain is %+v, want %s, for %q", tt.name, r, tt.want, tt.why)
		}
	}
}

// TestBroken: what others do to a chain of two sets (T96). All but the controls
// break it.
func TestBroken(t *testing.T) {
	whole := chain(t, 2)
	swap := func(old, new string) string { return strings.Replace(whole, old, new, 1) }
	line := func(prefix string) string {
		start := strings.Index(whole, prefix)
		return whole[start : start+strings.Index(whole[start:], "\r\n")+2]
	}
	tests := []struct {
		name, raw string
		want      arc.Status
	}{
		{"nothing", whole, arc.Pass},
		{"a field on top", "X-Spam: no\r\n" + whole, arc.Pass},
		{"sets changed about", line("ARC-Seal: i=1") + swap(line("ARC-Seal: i=1"), ""), arc.Pass},
		{"fields folded", swap("; cv=pass", ";\r\n\tcv=pass"), arc.Pass},
		{"names in lower case", swap("ARC-Seal: i=2", "arc-seal : i=2"), arc.Pass},

		{"results changed", swap("dmarc=pass", "dmarc=fail"), arc.Fail},
		{"older results changed", strings.Replace(whole, "i=1; list.test; dmarc=pass", "i=1; list.test; dmarc=fail", 1), arc.Fail},
		{"subject changed", swap("Printer", "Copier"), arc.Fail},
		{"body changed", swap("smokes", "burns"), arc.Fail},
		{"newest set cut off", swap(line("ARC-Seal: i=2")+line("ARC-Message-Signature: i=2")+line("ARC-Authentication-Results: i=2"), ""), arc.Pass},
		{"oldest set cut off", swap(line("ARC-Seal: i=1")+line("ARC-Message-Signature: i=1")+line("ARC-Authentication-Results: i=1"), ""), arc.Fail},
		{"a seal missing", swap(line("ARC-Seal: i=2"), ""), arc.Fail},
		{"a message signature missing", swap(line("ARC-Message-Signature: i=1"), ""), arc.Fail},
		{"results missing", swap(line("ARC-Authentication-Results: i=2"), ""), arc.Fail},
		{"only results", line("ARC-Authentication-Results: i=2") + letter, arc.Fail},
		{"a seal twice", line("ARC-Seal: i=2") + whole, arc.Fail},
		{"a set twice", line("ARC-Seal: i=2") + line("ARC-Message-Signature: i=2") + line("ARC-Authentication-Results: i=2") + whole, arc.Fail},
		{"one kind in place of another", swap(line("ARC-Seal: i=1"), line("ARC-Seal: i=2")), arc.Fail},
		{"instance 0", swap("ARC-Seal: i=1", "ARC-Seal: i=0"), arc.Fail},
		{"instance 3 of 2", swap("ARC-Seal: i=2", "ARC-Seal: i=3"), arc.Fail},
		{"huge instance", swap("ARC-Seal: i=2", "ARC-Seal: i="+strings.Repeat("9", 400)), arc.Fail},
		{"no instance", swap("ARC-Message-Signature: i=2;", "ARC-Message-Signature:"), arc.Fail},
		{"no semicolon in the results", swap("i=2; relay", "i=2 relay"), arc.Fail},
		{"a comment that does not end", swap("i=2; relay", "i=2 (; relay"), arc.Fail},
		{"no instance in the results", swap("Results: i=2;", "Results:"), arc.Fail},
		{"upper case in the results", swap("Results: i=2;", "Results: I=2;"), arc.Fail},
	}
	for _, tt := range tests {
		r := arc.Validate(t.Context(), dkimtest.Mail(tt.raw), dkimtest.Lookup(zone()), noon)
		if r.CV != tt.want {
			t.Errorf("%s: the chain is %+v, want %s", tt.name, r, tt.want)
		}
		if (r.Reason == "") != (r.CV == arc.Pass) {
			t.Errorf("%s: the reason is %q of %s, want one unless it passes", tt.name, r.Reason, r.CV)
		}
	}
}

// TestForged: sets that somebody else than the sealer signed (T96).
func TestForged(t *testing.T) {
	raw := seal(t, letter, sealing{})
	raw = strings.ReplaceAll(raw, "d=list.test", "d=relay.test") // signed by the list's key
	if r := arc.Validate(t.Context(), dkimtest.Mail(raw), dkimtest.Lookup(zone()), noon); r.CV != arc.Fail {
		t.Errorf("a set in the name of relay.test is %+v, want fail", r)
	}
}

// TestLookups: a broken structure costs no query, and no more follow a failure.
func TestLookups(t *testing.T) {
	whole := chain(t, 4)
	for name, tt := range map[string]struct {
		raw  string
		want int
	}{
		"a good chain":     {whole, 5},
		"a field too many": {"ARC-Seal: i=5\r\n" + whole, 0},
		"a wrong cv":       {strings.Replace(whole, "cv=pass", "cv=none", 1), 0},
		"another body":     {whole + "More.\r\n", 0},
		"another subject":  {strings.Replace(whole, "Printer", "Copier", 1), 1},
		"another seal":     {strings.Replace(whole, "ARC-Seal: i=4;", "ARC-Seal: i=4; zz=1;", 1), 2},
	} {
		asked := 0
		arc.Validate(t.Context(), dkimtest.Mail(tt.raw), func(ctx context.Context, name string) ([]string, error) {
			asked++
			return dkimtest.Lookup(zone())(ctx, name)
		}, noon)
		if asked != tt.want {
			t.Errorf("%s cost %d look-ups, want %d", name, asked, tt.want)
		}
	}
}

// FuzzValidate: no input passes unless its newest set is one that the list made
// of this mail; whatever the sets say, they are numbered from 1.
func FuzzValidate(f *testing.F) {
	whole := seal(f, letter, sealing{})
	for _, seed := range []string{whole, chain(f, 2), strings.Replace(whole, "i=1;", "(a(b\\)) c) i = 1 ;", 1), letter, "ARC-Seal: i=1\r\n\r\n", ""} {
		f.Add(seed)
	}
	// The list's key signed the one set and nothing else; the relay's is unknown.
	key := map[string]string{"s._domainkey.list.test": zone()["s._domainkey.list.test"]}
	want := dkimtest.Mail(whole)
	f.Fuzz(func(t *testing.T, raw string) {
		m := dkimtest.Mail(raw)
		r := arc.Validate(t.Context(), m, dkimtest.Lookup(key), noon)
		for i, s := range r.Sets {
			if s.Instance != i+1 || len(r.Sets) > arc.MaxSets {
				t.Errorf("set %d of %d has the instance %d", i+1, len(r.Sets), s.Instance)
			}
		}
		if (r.CV == arc.None) != (len(r.Sets) == 0 && r.Reason == "") {
			t.Errorf("%+v: there is a chain or there is none", r)
		}
		if r.CV != arc.Pass {
			return
		}
		results := strings.Join(strings.Fields(r.Sets[0].AuthResults), " ")
		if len(r.Sets) != 1 || m.Body.Relaxed != want.Body.Relaxed || results != "list.test; dmarc=pass header.from=good.test" {
			t.Errorf("%+v, but the list never sealed %q", r, raw)
		}
		for _, name := range []string{"From", "Subject"} {
			if got, sealed := named(m, name), named(want, name); len(got) != 1 || got[0] != sealed[0] {
				t.Errorf("the chain passes with %q, but the list sealed %q", got, sealed)
			}
		}
	})
}
