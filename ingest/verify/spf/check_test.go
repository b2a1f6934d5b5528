package spf_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"casegate/ingest/verify/spf"
	"casegate/mailer/dns"
	"casegate/mailer/dns/dnstest"
)

// TestDomain: what is checked, and what is no domain to check (RFC 7208 2.3, 2.4, 4.3).
func TestDomain(t *testing.T) {
	long := strings.Repeat("a", 63)
	lines := []string{"e.test TXT v=spf1 -all", "mx.mail.test TXT v=spf1 +all", "1.2.3.4 TXT v=spf1 +all", "[192.0.2.1] TXT v=spf1 +all",
		long + ".test TXT v=spf1 +all", long + "a.test TXT v=spf1 +all", "a_b.e.test TXT v=spf1 +all", "test TXT v=spf1 +all"}
	tests := []struct {
		helo, sender, domain string
		want                 spf.Status
		asked                bool
	}{
		{"mx.mail.test", "ann@e.test", "e.test", spf.Fail, true},
		{"mx.mail.test", "ann@E.Test.", "E.Test.", spf.Fail, true},
		{"mx.mail.test", "@e.test", "e.test", spf.Fail, true},
		{"mx.mail.test", "x@mx.mail.test@e.test", "e.test", spf.Fail, true},
		{"mx.mail.test", "", "mx.mail.test", spf.Pass, true},
		{"mx.mail.test.", "", "mx.mail.test.", spf.Pass, true},
		{"mx.mail.test", "ann@" + long + ".test", long + ".test", spf.Pass, true},
		{"mx.mail.test", "ann@a_b.e.test", "a_b.e.test", spf.Pass, true},
		{"mx.mail.test", "ann@missing.test", "missing.test", spf.None, true},
		{"mx.mail.test", "ann@" + long + "a.test", long + "a.test", spf.None, false},
		{"mx.mail.test", "ann@test", "test", spf.None, false},
		{"mx.mail.test", "ann@test.", "test.", spf.None, false},
		{"mx.mail.test", "ann@", "", spf.None, false},
		{"mx.mail.test", "ann@e..test", "e..test", spf.None, false},
		{"mx.mail.test", "ann@.e.test", ".e.test", spf.None, false},
		{"mx.mail.test", "ann@e.test..", "e.test..", spf.None, false},
		{"mx.mail.test", "ann@[192.0.2.1]", "[192.0.2.1]", spf.None, false},
		{"mx.mail.test", "ann@e.test\x00", "e.test\x00", spf.None, false},
		{"mx.mail.test", "ann@" + strings.Repeat("a.", 125) + "test", strings.Repeat("a.", 125) + "test", spf.None, false},
		{"1.2.3.4", "", "1.2.3.4", spf.None, false},
		{"[192.0.2.1]", "", "[192.0.2.1]", spf.None, false},
		{"localhost", "", "localhost", spf.None, false},
		{"JUMPIN' JUPITER", "", "JUMPIN' JUPITER", spf.None, false},
		{"", "", "", spf.None, false},
	}
	for _, tt := range tests {
		w := newWorld(lines...)
		got := spf.Check(t.Context(), spf.Query{Client: netip.MustParseAddr(client4), Helo: tt.helo, Sender: tt.sender}, w)
		is(t, "sender "+tt.sender+" helo "+tt.helo, got, tt.want)
		if got.Domain != tt.domain || got.Helo != (tt.sender == "") {
			t.Errorf("sender %q, helo %q: checked %q (helo %v), want %q", tt.sender, tt.helo, got.Domain, got.Helo, tt.domain)
		}
		if asked := len(w.asked) > 0; asked != tt.asked {
			t.Errorf("sender %q, helo %q: DNS was asked %q, want asked %v", tt.sender, tt.helo, w.asked, tt.asked)
		}
	}
	is(t, "no client", newWorld(lines...).check(t, ""), spf.None)
}

// TestMechanisms: what matches whom (5).
func TestMechanisms(t *testing.T) {
	lines := []string{"e.test A 192.0.2.9", "e.test AAAA 2001:db8::9", "e.test MX mx4.e.test", "e.test MX mx6.e.test", "e.test MX .",
		"mx4.e.test A 192.0.2.1", "mx6.e.test AAAA " + client6, "only6.test AAAA 2001:db8::9", "nothing.test OTHER x",
		"near.test A 192.0.2.99", "near.test AAAA 2001:db8::99", "two.test A 203.0.113.1", "two.test A 192.0.2.1", "two.test AAAA " + client6,
		"mapped.test AAAA ::ffff:192.0.2.1", "none.test MX .", "bad.test FAIL", "badmx.test MX bad.test", "halfmx.test MX mx4.e.test", "halfmx.test MX bad.test"}
	tests := []struct {
		terms    string
		by4, by6 spf.Status
	}{
		{"-all", spf.Fail, spf.Fail},
		{"~all", spf.SoftFail, spf.SoftFail},
		{"?all", spf.Neutral, spf.Neutral},
		{"all", spf.Pass, spf.Pass},
		{"a:near.test -all", spf.Fail, spf.Fail},
		{"a:near.test/24 -all", spf.Pass, spf.Fail},
		{"a:near.test//120 -all", spf.Fail, spf.Fail},
		{"a:near.test//64 -all", spf.Fail, spf.Pass},
		{"a:near.test/24//64 -all", spf.Pass, spf.Pass},
		{"a:near.test/25//113 -all", spf.Pass, spf.Fail},
		{"a:near.test/0//0 -all", spf.Pass, spf.Pass},
		{"a/24//64 -all", spf.Pass, spf.Pass},
		{"a:two.test -all", spf.Pass, spf.Pass},
		{"a:only6.test/0//0 -all", spf.Fail, spf.Pass},
		{"a:mapped.test/0//0 -all", spf.Fail, spf.Pass},
		{"a:nothing.test/0//0 -all", spf.Fail, spf.Fail},
		{"a:missing.test/0//0 -all", spf.Fail, spf.Fail},
		{"a:e..test/0//0 -all", spf.Fail, spf.Fail},
		{"a:bad.test -all", spf.TempError, spf.TempError},
		{"-a:two.test +all", spf.Fail, spf.Fail},
		{"mx -all", spf.Pass, spf.Pass},
		{"mx/32//128 -all", spf.Pass, spf.Pass},
		{"mx:near.test/0//0 -all", spf.Fail, spf.Fail},
		{"mx:none.test/0//0 -all", spf.Fail, spf.Fail},
		{"mx:bad.test -all", spf.TempError, spf.TempError},
		{"mx:badmx.test -all", spf.TempError, spf.TempError},
		{"mx:halfmx.test -all", spf.Pass, spf.TempError},
		{"ip4:192.0.2.0/24 -all", spf.Pass, spf.Fail},
		{"ip4:192.0.2.255/24 -all", spf.Pass, spf.Fail},
		{"ip4:0.0.0.0/0 -all", spf.Pass, spf.Fail},
		{"ip6:2001:db8::/32 -all", spf.Fail, spf.Pass},
		{"ip6:::/0 -all", spf.Fail, spf.Pass},
		{"ip6:::ffff:192.0.2.1 -all", spf.Fail, spf.Fail},
		{"exists:near.test -all", spf.Pass, spf.Pass},
		{"exists:only6.test -all", spf.Fail, spf.Fail},
		{"exists:bad.test -all", spf.TempError, spf.TempError},
		{"ip4:192.0.2.1 a:bad.test -all", spf.Pass, spf.TempError},
		{"?ip4:192.0.2.1 +all", spf.Neutral, spf.Pass},
		{"m=x", spf.Neutral, spf.Neutral},
	}
	for _, tt := range tests {
		w := newWorld(append(lines, record(tt.terms))...)
		is(t, tt.terms+" for IPv4", w.check(t, client4), tt.by4)
		is(t, tt.terms+" for mapped IPv4", w.check(t, "::ffff:192.0.2.1"), tt.by4)
		if w.hasAsked("AAAA e.test") || w.hasAsked("AAAA near.test") {
			t.Errorf("%s: AAAA was asked for an IPv4 client", tt.terms)
		}
		is(t, tt.terms+" for IPv6", w.check(t, client6), tt.by6)
		is(t, tt.terms+" for IPv6 with a zone", w.check(t, client6+"%eth0"), tt.by6)
	}
}

// TestPTR: names prove nothing until they lead back (5.5), and what fails is
// passed over, but said.
func TestPTR(t *testing.T) {
	forward := []string{"mx.e.test A 192.0.2.1", "mx.e.test AAAA " + client6}
	tests := []struct {
		terms  string
		world  []string
		want   spf.Status
		unsure bool
	}{
		{"ptr", []string{"192.0.2.1 PTR mx.e.test"}, spf.Pass, false},
		{"ptr", []string{"192.0.2.1 PTR MX.E.Test."}, spf.Pass, false},
		{"ptr:E.TEST.", []string{"192.0.2.1 PTR mx.e.test"}, spf.Pass, false},
		{"ptr:mx.e.test", []string{"192.0.2.1 PTR mx.e.test"}, spf.Pass, false},
		{"ptr:x.e.test", []string{"192.0.2.1 PTR mx.e.test"}, spf.Fail, false},
		{"ptr", []string{"192.0.2.1 PTR the.test", "the.test A 192.0.2.1"}, spf.Fail, false},
		{"ptr", []string{"192.0.2.1 PTR y.e.test", "y.e.test A 192.0.2.2"}, spf.Fail, false},
		{"ptr", []string{"192.0.2.1 PTR y.e.test"}, spf.Fail, false},
		{"ptr", nil, spf.Fail, false},
		{"ptr", []string{"192.0.2.1 FAIL"}, spf.Fail, true},
		{"ptr", []string{"192.0.2.1 PTR y.e.test", "y.e.test FAIL"}, spf.Fail, true},
		{"ptr", []string{"192.0.2.1 PTR y.e.test", "y.e.test FAIL", "192.0.2.1 PTR mx.e.test"}, spf.Pass, true},
	}
	for _, tt := range tests {
		got := newWorld(append(append(forward, tt.world...), record(tt.terms+" -all"))...).check(t, client4)
		is(t, fmt.Sprint(tt.terms, tt.world), got, tt.want)
		if got.Unsure != tt.unsure {
			t.Errorf("%s %v: unsure is %v, want %v", tt.terms, tt.world, got.Unsure, tt.unsure)
		}
	}
	w := newWorld(append(forward, client6+" PTR mx.e.test", record("ptr:x.test ptr -all"))...)
	is(t, "ptr for IPv6", w.check(t, client6), spf.Pass)
	if strings.Count(strings.Join(w.asked, ","), "PTR ") != 1 {
		t.Errorf("DNS was asked %q, want PTR once", w.asked)
	}
}

// TestInclude has the table of 5.2, and 6.1's of redirect beside it.
func TestInclude(t *testing.T) {
	tests := []struct {
		other             []string
		include, redirect spf.Status
	}{
		{[]string{"o.test TXT v=spf1 +all"}, spf.Pass, spf.Pass},
		{[]string{"o.test TXT v=spf1 -all"}, spf.SoftFail, spf.Fail},
		{[]string{"o.test TXT v=spf1 ~all"}, spf.SoftFail, spf.SoftFail},
		{[]string{"o.test TXT v=spf1 ?all"}, spf.SoftFail, spf.Neutral},
		{[]string{"o.test TXT v=spf1"}, spf.SoftFail, spf.Neutral},
		{[]string{"o.test FAIL"}, spf.TempError, spf.TempError},
		{[]string{"o.test TXT v=spf1 +all moo"}, spf.PermError, spf.PermError},
		{[]string{"o.test TXT v=spf1 +all", "o.test TXT v=spf1"}, spf.PermError, spf.PermError},
		{[]string{"o.test TXT x"}, spf.PermError, spf.PermError},
		{nil, spf.PermError, spf.PermError},
		{[]string{"o.test TXT v=spf1 include:p.test -all", "p.test TXT v=spf1 ip4:192.0.2.1"}, spf.Pass, spf.Pass},
		{[]string{"o.test TXT v=spf1 redirect=p.test", "p.test TXT v=spf1 a -all", "p.test A 192.0.2.1"}, spf.Pass, spf.Pass},
		{[]string{"o.test TXT v=spf1 redirect=p.test"}, spf.PermError, spf.PermError},
		{[]string{"o.test TXT v=spf1 a -all", "o.test A 192.0.2.1", "e.test A 192.0.2.2"}, spf.Pass, spf.Pass},
	}
	for _, tt := range tests {
		rule := strings.Join(tt.other, " | ")
		is(t, "include of "+rule, newWorld(append(tt.other, record("include:o.test ~all"))...).check(t, client4), tt.include)
		is(t, "redirect to "+rule, newWorld(append(tt.other, record("redirect=o.test"))...).check(t, client4), tt.redirect)
		is(t, "redirect beside all to "+rule, newWorld(append(tt.other, record("redirect=o.test ?all"))...).check(t, client4), spf.Neutral)
	}
	for _, spec := range []string{"%{h1}", "%{l}", "x..%{d}", strings.Repeat("a", 64) + ".test"} {
		is(t, "include of a malformed domain", newWorld(record("include:"+spec+" +all")).check(t, client4), spf.PermError)
		is(t, "redirect to a malformed domain", newWorld(record("redirect="+spec)).check(t, client4), spf.PermError)
	}
}

// TestLimits: ten terms that ask, two that find nothing, ten MX, ten names (4.6.4).
func TestLimits(t *testing.T) {
	tests := []struct {
		rule  string
		terms string
		want  spf.Status
	}{
		{"ten terms", strings.Repeat("a ", 10) + "+all", spf.Pass},
		{"eleven terms", strings.Repeat("a ", 11) + "+all", spf.PermError},
		{"an eleventh term that is not reached", strings.Repeat("a ", 10) + "+all a", spf.Pass},
		{"ten terms and redirect", strings.Repeat("a ", 10) + "redirect=p.test", spf.PermError},
		{"nine terms and redirect", strings.Repeat("a ", 9) + "redirect=p.test", spf.Pass},
		{"ten terms and exp", strings.Repeat("a ", 10) + "exp=p.test +all", spf.Pass},
		{"terms that do not ask", strings.Repeat("ip4:192.0.2.7 ip6:::1 ", 50) + strings.Repeat("a ", 10) + "+all", spf.Pass},
		{"ten of all kinds", "a mx ptr exists:v4.test include:n.test a mx ptr include:n.test a +all", spf.Pass},
		{"eleven of all kinds", "a mx ptr exists:x.test include:n.test a mx ptr include:n.test a a +all", spf.PermError},
		{"ten with those of the included", "include:four.test include:four.test +all", spf.Pass},
		{"eleven with those of the included", "include:four.test include:four.test a +all", spf.PermError},
		{"a loop of include", "include:loop.test +all", spf.PermError},
		{"a loop of redirect", "redirect=loop2.test", spf.PermError},
		{"include of oneself", "include:%{d} +all", spf.PermError},

		{"two void", "a:v1.test a:v2.test +all", spf.Pass},
		{"three void a", "a:v1.test a:v2.test a:v3.test +all", spf.PermError},
		{"a third void that is not reached", "a:v1.test a:v2.test +all a:v3.test", spf.Pass},
		{"three void of the same name", "a:v1.test a:v1.test a:v1.test +all", spf.PermError},
		{"three void without the records", "a:n.test mx:n.test exists:n.test +all", spf.PermError},
		{"three void mx", "mx:v1.test mx:v2.test mx:v3.test +all", spf.PermError},
		{"three void exists", "exists:v1.test exists:v2.test exists:v3.test +all", spf.PermError},
		{"void of several kinds", "a:v1.test mx:v2.test exists:v3.test +all", spf.PermError},
		{"void in an included record", "a:v1.test include:void.test a:v2.test +all", spf.PermError},
		{"one mx, three hosts without addresses", "mx:voidmx.test +all", spf.Pass},
		{"three mx with hosts without addresses", "mx:voidmx.test mx:voidmx.test mx:voidmx.test +all", spf.PermError},
		{"a void exp", "a:v1.test a:v2.test exp=v3.test -all", spf.Fail},
		{"names too long for DNS", "a:e..test a:e..test a:e..test +all", spf.PermError},

		{"ten MX", "mx:ten.test -all", spf.Fail},
		{"ten MX, the last matches", "mx:tenth.test -all", spf.Pass},
		{"eleven MX", "mx:eleven.test -all", spf.PermError},
		{"eleven MX, the first matches", "mx:first.test -all", spf.PermError},
		{"fifty addresses", "a:fifty.test -all", spf.Pass},
	}
	lines := []string{"e.test A 192.0.2.9", "e.test MX e.test", "192.0.2.1 PTR e.test", "p.test TXT v=spf1 +all", "n.test TXT v=spf1 -all", "v4.test OTHER x",
		"four.test TXT v=spf1 a:e.test a:e.test a:e.test a:e.test", "loop.test TXT v=spf1 include:loop1.test", "loop1.test TXT v=spf1 include:loop.test",
		"loop2.test TXT v=spf1 redirect=loop2.test", "void.test TXT v=spf1 a:v4.test", "voidmx.test MX v1.test", "voidmx.test MX v2.test", "voidmx.test MX v3.test",
		"tenth.test MX p9.test", "first.test MX e1.test", "fifty.test A 192.0.2.1", "e1.test A 192.0.2.1"}
	for i := range 10 {
		lines = append(lines, fmt.Sprintf("h%d.test A 203.0.113.%d", i, i), fmt.Sprintf("ten.test MX h%d.test", i),
			fmt.Sprintf("eleven.test MX h%d.test", i), fmt.Sprintf("first.test MX h%d.test", i))
		if i > 0 {
			lines = append(lines, fmt.Sprintf("tenth.test MX h%d.test", i))
		}
	}
	for i := range 49 {
		lines = append(lines, fmt.Sprintf("fifty.test A 203.0.113.%d", i))
	}
	lines = append(lines, "eleven.test MX e1.test", "p9.test A 192.0.2.1")
	for _, tt := range tests {
		is(t, tt.rule, newWorld(append(lines, record(tt.terms))...).check(t, client4), tt.want)
	}
}

// RFC 7208 4.6.4: of more than ten names of the client the rest is ignored.
func TestPTRLimit(t *testing.T) {
	for n, want := range map[int]spf.Status{9: spf.Pass, 10: spf.Fail} {
		lines := []string{record("ptr -all"), "mx.e.test A 192.0.2.1"}
		for i := range n {
			lines = append(lines, fmt.Sprintf("192.0.2.1 PTR h%d.test", i))
		}
		w := newWorld(append(lines, "192.0.2.1 PTR mx.e.test")...)
		is(t, fmt.Sprintf("a name behind %d others", n), w.check(t, client4), want)
		if len(w.asked) != 12 {
			t.Errorf("DNS was asked %q, want the record, PTR and ten names", w.asked)
		}
	}
}

// TestHosts: an IPv6 client of a domain whose three MX have IPv4 alone is not its
// fault, so one term is void and not three.
func TestHosts(t *testing.T) {
	w := newWorld(record("mx ip6:2001:db8::/32 -all"), "e.test MX a.test", "e.test MX b.test", "e.test MX c.test",
		"a.test A 192.0.2.7", "b.test A 192.0.2.7", "c.test A 192.0.2.7")
	is(t, "MX without IPv6", w.check(t, client6), spf.Pass)
}

// TestResolver: the package and a real DNS server agree on what a text of several
// strings is, and an unanswering one is temperror, within the mail's budget.
func TestResolver(t *testing.T) {
	long := "v=spf1 " + strings.Repeat("ip4:203.0.113.77 ", 60) + "ip4:192.0.2.1 -all"
	server := dnstest.Start(t, dnstest.TXT("e.test", long)+dnstest.TXT("silent.test", long))
	server.Fail("silent.test", dnstest.Silent)
	r := &dns.Resolver{Servers: []string{server.Addr}}
	defer r.Close()
	q := spf.Query{Client: netip.MustParseAddr(client4), Helo: "mx.mail.test", Sender: "ann@e.test"}
	is(t, "a record of several strings", spf.Check(t.Context(), q, r), spf.Pass)
	ctx, cancel := dns.WithBudget(t.Context(), 100, 10*time.Millisecond)
	defer cancel()
	q.Sender = "ann@silent.test"
	is(t, "a silent server", spf.Check(ctx, q, r), spf.TempError)
	ctx, cancel = dns.WithBudget(t.Context(), 0, time.Minute)
	defer cancel()
	q.Sender = "ann@other.test"
	is(t, "a budget used up", spf.Check(ctx, q, r), spf.TempError)
}
