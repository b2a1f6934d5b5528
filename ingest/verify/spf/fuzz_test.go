package spf_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"casegate/ingest/verify/spf"
	"casegate/mailer/dns"
	"casegate/mailer/dns/dnstest"
)

// seeds are terms of records, good and bad.
var seeds = []string{
	"", "+all", "a mx ptr -all", "ip4:192.0.2.0/24 ip6:2001:db8::/32 ~all", "include:%{d} redirect=%{o}", "exists:%{ir}.%{v}.%{l1r+-}.%{d2}",
	"a:%{H}.x.test/24//64 mx:%{p}.x.test//0", "exp=%{d} m=%{c}%%%_%- all", "a:foo:bar/baz.test/8", "a:%{s99999999999r.-+,/_=}", "ip4:1.2.3.4/033",
	"a:x.test\x00", "redirect=x.test redirect=y.test", "  +all  -all ", "v=spf1 moo", "a:%{d", "a//", "a:\xff.test",
}

// FuzzRecord: the syntax of a record depends on no term but each, not on letter
// case, spaces or order, and a record never reaches DNS before it is good.
func FuzzRecord(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	syntax := func(t *testing.T, terms string) bool {
		w := newWorld(record("ip4:192.0.2.1 " + terms))
		res := w.check(t, client4)
		if len(w.asked) != 1 || res.Status != spf.Pass && res.Status != spf.PermError {
			t.Fatalf("%q: %s after %q, want pass or permerror after the record alone", terms, res.Status, w.asked)
		}
		is(t, "record "+terms, res, res.Status)
		return res.Status == spf.Pass
	}
	f.Fuzz(func(t *testing.T, terms string) {
		good := syntax(t, terms)
		each := true
		list := strings.Split(terms, " ")
		for _, term := range list[:min(len(list), 100)] {
			each = each && syntax(t, term)
		}
		lower := strings.ToLower(terms)
		once := strings.Count(lower, "redirect=") < 2 && strings.Count(lower, "exp=") < 2
		if len(list) <= 100 && (good && !each || each && !good && once) {
			t.Errorf("%q is good: %v, each of its terms: %v", terms, good, each)
		}
		slices.Reverse(list)
		if again := strings.Join(list, "   "); syntax(t, again) != good {
			t.Errorf("%q is good: %v, but not so %q", terms, good, again)
		}
		if good && !syntax(t, strings.ToUpper(terms)) {
			t.Errorf("%q is good, but not so in upper case", terms)
		}
		if syntax(t, terms+" moo") {
			t.Errorf("%q is good with an unknown mechanism behind it", terms)
		}
	})
}

// hostile is a DNS in which a stranger answers every question, each in another
// way, and some not at all.
type hostile struct {
	records []string
	seed    uint64
	asked   int
	long    string // name asked for that should have been cut (RFC 7208 7.3)
}

func (h *hostile) roll(name string) *rand.Rand {
	h.asked++
	if len(name) > 253 && strings.Contains(name, ".") {
		h.long = name
	}
	sum := h.seed
	for _, c := range []byte(name) {
		sum = sum*131 + uint64(c)
	}
	return rand.New(rand.NewPCG(sum, h.seed))
}

func (h *hostile) fault(r *rand.Rand) error {
	switch r.IntN(16) {
	case 0:
		return dns.ErrTemporary
	case 1, 2:
		return dns.ErrNoName
	}
	return nil
}

func (h *hostile) TXT(_ context.Context, name string) ([]string, error) {
	r := h.roll(name)
	return []string{"v=spf1 " + h.records[r.IntN(len(h.records))]}, h.fault(r)
}

func (h *hostile) MX(_ context.Context, name string) (list []dns.MX, err error) {
	r := h.roll(name)
	for i := range r.IntN(14) {
		list = append(list, dns.MX{Host: fmt.Sprintf("%d.%.200s", i, name)})
	}
	return list, h.fault(r)
}

func (h *hostile) A(_ context.Context, name string) ([]netip.Addr, error) {
	r := h.roll(name)
	return []netip.Addr{netip.AddrFrom4([4]byte{192, 0, byte(r.IntN(256)), 2})}[r.IntN(2):], h.fault(r)
}

func (h *hostile) AAAA(_ context.Context, name string) ([]netip.Addr, error) {
	r := h.roll(name)
	return []netip.Addr{netip.AddrFrom16([16]byte{byte(r.IntN(256))})}[r.IntN(2):], h.fault(r)
}

func (h *hostile) PTR(_ context.Context, addr netip.Addr) (list []string, err error) {
	r := h.roll(addr.String())
	for i := range r.IntN(90) {
		list = append(list, fmt.Sprintf("\x00h%d.e.test", i))
	}
	return list, h.fault(r)
}

// FuzzCheck: whatever DNS says, a check ends with one of the results, after a
// bounded number of questions, for names that have been cut to what DNS can hold.
func FuzzCheck(f *testing.F) {
	for i, s := range seeds {
		f.Add(s+"\n"+seeds[(i+3)%len(seeds)]+"\ninclude:%{d} a:%{p} mx redirect=x.%{d}", "ann", "mx.mail.test", uint64(i), i%2 == 0)
	}
	f.Add("mx mx mx mx mx mx mx mx mx mx -all", "a.b+c", "", uint64(7), true)
	f.Fuzz(func(t *testing.T, records, local, helo string, seed uint64, six bool) {
		h := &hostile{records: strings.Split(records, "\n"), seed: seed}
		q := spf.Query{Client: netip.MustParseAddr(client4), Helo: helo, Sender: local + "@e.test"}
		if six {
			q.Client = netip.MustParseAddr(client6)
		}
		if local == "" {
			q.Sender = ""
		}
		res := spf.Check(t.Context(), q, h)
		all := []spf.Status{spf.None, spf.Neutral, spf.Pass, spf.Fail, spf.SoftFail, spf.TempError, spf.PermError}
		if !slices.Contains(all, res.Status) {
			t.Errorf("status %q, want one of RFC 7208 2.6", res.Status)
		}
		is(t, records, res, res.Status)
		if h.asked > 122 {
			t.Errorf("%d questions, want 122 at most", h.asked)
		}
		if h.long != "" {
			t.Errorf("asked for %q of %d octets, want labels cut off", h.long, len(h.long))
		}
		again := spf.Check(t.Context(), q, &hostile{records: h.records, seed: seed})
		if again != res {
			t.Errorf("the same DNS gave %+v, then %+v", res, again)
		}
	})
}

// TestSecondOpinion compares with the library where both mean to do the same:
// no "/" in domains, no %{p}, no PTR, no errors of syntax, and no name with IPv4
// alone, whose missing AAAA the library does not count as void.
func TestSecondOpinion(t *testing.T) {
	server := dnstest.Start(t, `
a.test A 192.0.2.1
a.test AAAA 2001:db8::cb01
b.test A 203.0.113.9
b.test AAAA 2001:db9::9
m.test MX 10 a.test.
n.test MX 10 b.test.
ann.test A 127.0.0.2
1.2.0.192.in-addr.test A 127.0.0.2
p.test TXT "v=spf1 +all"
q.test TXT "v=spf1 ~ip4:192.0.2.1 ?ip6:2001:db8::/32 -all"
r.test TXT "v=spf1 redirect=q.test"
s.test TXT "v=spf1 mx:m.test mx:n.test include:r.test"
t.test TXT "v=spf1 include:s.test a:gone.test -a:b.test"
`)
	server.Fail("bad.test", dnstest.ServFail)
	r := &dns.Resolver{Servers: []string{server.Addr}}
	defer r.Close()
	terms := []string{"a", "a:a.test", "-a:b.test", "~a:a.test/24//64", "a:b.test/0//0", "mx:m.test", "?mx:n.test/8", "mx", "ip4:192.0.2.0/25", "-ip4:203.0.113.0/24",
		"ip6:2001:db8::/32", "ip6:::1", "exists:%{l}.test", "exists:%{ir}.%{v}.test", "exists:%{d1r}.test", "exists:gone.test", "a:gone.test", "include:p.test", "-include:q.test", "include:r.test",
		"include:s.test", "?include:t.test", "include:gone.test", "a:bad.test", "redirect=t.test", "redirect=gone.test", "m=x", "exp=gone.test", "-all", "~all", "ip4:192.0.2.0/25"}
	rng := rand.New(rand.NewPCG(7208, 12))
	seen := map[spf.Status]int{}
	for i := range 2000 {
		name, text := fmt.Sprintf("e%d.test", i), randomRecord(rng, terms)
		if err := server.Set(dnstest.TXT(name, text)); err != nil {
			t.Fatal(err)
		}
		q := spf.Query{Client: netip.MustParseAddr([]string{client4, client6}[i%2]), Helo: "a.test", Sender: "ann@" + name}
		got, want := spf.Check(t.Context(), q, r), second(t, q, r)
		if got.Status != want {
			t.Errorf("%q for %s: %s (%s), the library says %s", text, q.Client, got.Status, got.Reason, want)
		}
		seen[got.Status]++
	}
	if len(seen) < 6 {
		t.Errorf("results seen: %v; want a test that reaches more of them", seen)
	}
	t.Logf("2000 records, results %v", seen)
}

// randomRecord draws up to eight terms, of each modifier at most one.
func randomRecord(rng *rand.Rand, terms []string) string {
	text := "v=spf1"
	for range rng.IntN(9) {
		term := terms[rng.IntN(len(terms))]
		if name, _, ok := strings.Cut(term, "="); !ok || !strings.Contains(text, " "+name+"=") {
			text += " " + term
		}
	}
	return text
}

// BenchmarkCheck is a usual record whose answers are all in the cache.
func BenchmarkCheck(b *testing.B) {
	server := dnstest.Start(b, `
e.test TXT "v=spf1 include:one.test include:two.test mx -all"
one.test TXT "v=spf1 ip4:203.0.113.0/24 ip4:198.51.100.0/24 ip6:2001:db8:1::/48 ~all"
two.test TXT "v=spf1 ip4:192.0.3.0/24 a:h.two.test exists:%{ir}.x.test ~all"
h.two.test A 192.0.2.9
e.test MX 10 mx.e.test.
mx.e.test A 192.0.2.1
`)
	r := &dns.Resolver{Servers: []string{server.Addr}}
	defer r.Close()
	q := spf.Query{Client: netip.MustParseAddr(client4), Helo: "mx.e.test", Sender: "ann@e.test"}
	// An answer that is not there is kept for a second only, so a name is.
	if err := server.Set("1.2.0.192.x.test AAAA ::1\nx.test SOA . . 1 3600 600 86400 300"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if res := spf.Check(b.Context(), q, r); res.Status != spf.Pass {
			b.Fatal(res)
		}
	}
}

// sameRecord is a world in which every name has one record.
type sameRecord struct {
	*world
	text string
}

func (s sameRecord) TXT(context.Context, string) ([]string, error) { return []string{s.text}, nil }

// BenchmarkHostileRecord is a record of 64 KiB, of terms and macros, that
// includes itself as often as it may.
func BenchmarkHostileRecord(b *testing.B) {
	w := sameRecord{newWorld(), "v=spf1 " + strings.Repeat("m= ", 10000) + "include:" + strings.Repeat("%{H1}", 8500) + "%{d}"}
	q := spf.Query{Client: netip.MustParseAddr(client4), Helo: strings.Repeat("!.", 125), Sender: "ann@e.test"}
	b.ReportAllocs()
	for b.Loop() {
		if res := spf.Check(b.Context(), q, w); res.Status != spf.PermError {
			b.Fatal(res)
		}
	}
}
