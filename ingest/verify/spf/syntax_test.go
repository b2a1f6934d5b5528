package spf_test

import (
	"strings"
	"testing"

	"casegate/ingest/verify/spf"
)

// TestTermSyntax puts one term behind a mechanism that matches: only the syntax
// of the whole record, checked before (RFC 7208 4.6), can make an error of it.
func TestTermSyntax(t *testing.T) {
	good := []string{
		"all", "-ALL", "~all", "?all", "+all",
		"a", "A", "a:x.test", "a:x.test.", "a:x.TEST/24", "a/0", "a/32", "a//0", "a//128", "a/24//64", "a:x.test/24//64",
		"a:%{d}", "a:%{d}/24", "a:%{d}//64", "a:%{d2}.x.test", "a:x.test1/24", "a:foo:bar/baz.test", "a:1/2.test//64",
		"a:x.a-b", "a:x.1-2", "a:x.xn--zckzah", "a:x.1a", "a:.test", "a:x..test", "a:!$&'()*;<>@[]^`{|}~.test",
		"a:" + strings.Repeat("x", 64) + ".test", "a:%{D}", "a:%{d10r.-+,/_=}", "a:%{L2R-}.x.test", "a:x%%", "a:x%_", "a:x%-", "a:%%%_%-.test",
		"a:%{h999999999999999999999999}", "a:%{d007}",
		"mx", "MX:x.test", "mx/24//64", "mx:x.test/8", "mx:x.test//8", "-mx:%{o}",
		"ptr", "ptr:x.test", "ptr:%{h}", "?PTR",
		"ip4:192.0.2.0/24", "ip4:0.0.0.0/0", "ip4:255.255.255.255/32", "IP4:192.0.2.9", "-ip4:192.0.2.9",
		"ip6:::", "ip6:::/0", "ip6:2001:db8::/32", "ip6:::1.1.1.1/128", "ip6:1:2:3:4:5:6:7:8", "ip6:::FFFF:192.0.2.1",
		"include:x.test", "INCLUDE:%{d}", "exists:x.test", "exists:%{ir}.%{l1r+-}.%{v}.x.test", "-exists:%{p}.x.test",
		"redirect=x.test", "REDIRECT=%{d}", "exp=x.test", "exp=%{d}", "Exp=x.%{h}",
		"m=", "m=x", "moo.cow-far_out=man:dog/cat", "default=pass", "v=spf1", "a=x", "all=x", "x1-_.=%{c}%{r}%{t}%%", "redirect2=",
		"exp-=x", "m=a=b", "m=:/", "m=%{S}",
	}
	bad := []string{
		"al", "all.", "all:", "all:x.test", "all/8", "all/", "--all", "+-all", "!all", "all,", "-", "+", ":", "/24", "=", "=x",
		"a:", "a:/24", "a/", "a/33", "a/-1", "a/+8", "a/024", "a/24/64", "a//", "a//129", "a//064", "a/24//", "a///64", "a/24///64",
		"a/x", "a:x", "a:x1/24", "a:x.", "a:museum", "a:192.0.2.1", "a:x.123", "a:x.-com", "a:x.com-", "a:x.c_m", "a:x.test:80", "a:x.test..",
		"a:x.test/33", "a:x.test/24/64", "a:x.test/", "a:x.test/24x", "a:%{d}.", "a:%{d}x", "a:%{d}1/8", "a.x.test", "a x", "ax",
		"a:\xc3\xa4.test", "a:x.t\xc3\xa4st", "a:x.test\x00", "a:x.test\t", "a:\x7f.test", "\ta", "a\t", "\u00a0a", "a\r", "a\n",
		"a:%", "a:%.test", "a:%{", "a:%{d", "a:%{}", "a:%{x}", "a:%{dd}", "a:%{d0}", "a:%{d00}", "a:%{d-1}", "a:%{dr2}", "a:%{drr}", "a:%{d:}", "a:%{d }",
		"a:%d.test", "a:%(d).test", "a:%{c}", "a:%{r}.x.test", "a:%{T}", "a:%{\xe4}",
		"mx:", "mx/33", "mx//129", "mx:x", "mx:x.test/24/64",
		"ptr:", "ptr/0", "ptr:x.test/24", "ptr:x", "ptr//64",
		"ip4", "ip4:", "ip4/24", "ip4:192.0.2", "ip4:192.0.2.1.1", "ip4:192.0.2.256", "ip4:192.0.2.01", "ip4:192.0.2.1:25", "ip4:192.0.2.1/",
		"ip4:192.0.2.1/33", "ip4:192.0.2.1/032", "ip4:192.0.2.1//32", "ip4:192.0.2.1/24/64", "ip4:::1", "ip4:::ffff:192.0.2.1", "ip4:x.test", "ip4:%{i}",
		"ip6", "ip6:", "ip6::", "ip6:192.0.2.1", "ip6::cafe::babe", "ip6:::1/129", "ip6:::1//64", "ip6:::1/064", "ip6:fe80::1%1", "ip6:1:2:3:4:5:6:7:8:9", "ip6:::g",
		"include", "include:", "include:x", "include:x.test/24", "include/24", "exists", "exists:", "exists:x.test/24", "exists/24", "exists:x",
		"redirect=", "redirect=x", "redirect=x.test/24", "redirect=-all", "redirect:x.test", "-redirect=x.test", "redirect=%{c}", "redirect=%",
		"exp=", "exp=x", "exp=-all", "exp:x.test", "exp=%{r}.x.test", "exp=%{ir", "exp",
		"1up=x", "-m=x", "m/n=x", "m:n=x", "_m=x", "m=%", "m=%a", "m=%{y}", "m=\x80", "m\xc3\xb6=x", "foo", "foo:x.test", "unknown",
	}
	for want, terms := range map[spf.Status][]string{spf.Pass: good, spf.PermError: bad} {
		for _, term := range terms {
			is(t, "term "+term, newWorld(record("ip4:192.0.2.1 "+term)).check(t, client4), want)
		}
	}
}

// Errors anywhere in a record count, and so do modifiers given twice (4.6, 6).
func TestRecordSyntax(t *testing.T) {
	tests := []struct {
		terms string
		want  spf.Status
	}{
		{"", spf.Neutral},
		{"   ", spf.Neutral},
		{"   +all   ", spf.Pass},
		{"moo +all", spf.PermError},
		{"+all moo", spf.PermError},
		{"+all redirect=x.test", spf.Pass},
		{"redirect=x.test +all", spf.Pass},
		{"redirect=x.test +all redirect=x.test", spf.PermError},
		{"+all redirect=x.test REDIRECT=y.test", spf.PermError},
		{"exp=x.test +all exp=x.test", spf.PermError},
		{"exp=x.test +all Exp=y.test", spf.PermError},
		{"exp=x.test +all redirect=x.test", spf.Pass},
		{"m=1 m=1 m=2 +all", spf.Pass},
		{"exp=missing.test -all", spf.Fail},
		{"+all\t-all", spf.PermError},
		{"+all\n", spf.PermError},
		{"all -all", spf.Pass},
		{strings.Repeat("?ip4:192.0.2.9 ", 4000) + "+all", spf.Pass},
		{strings.Repeat("+all ", 4000) + "x", spf.PermError},
	}
	for _, tt := range tests {
		w := newWorld(record(tt.terms))
		is(t, "record "+tt.terms[:min(len(tt.terms), 60)], w.check(t, client4), tt.want)
		if len(w.asked) != 1 {
			t.Errorf("record %.60s: DNS was asked %q, want nothing but the record", tt.terms, w.asked)
		}
	}
}

// TestChoice: which of a domain's texts is its record (4.5).
func TestChoice(t *testing.T) {
	tests := []struct {
		texts []string
		want  spf.Status
	}{
		{nil, spf.None},
		{[]string{""}, spf.None},
		{[]string{"v=spf1"}, spf.Neutral},
		{[]string{"V=SPF1 -ALL"}, spf.Fail},
		{[]string{"v=spf1 "}, spf.Neutral},
		{[]string{"v=spf10 -all"}, spf.None},
		{[]string{"v=spf1-all"}, spf.None},
		{[]string{"v=spf1\t-all"}, spf.None},
		{[]string{" v=spf1 -all"}, spf.None},
		{[]string{`"v=spf1 -all"`}, spf.None},
		{[]string{"v=spf2.0/pra -all"}, spf.None},
		{[]string{"v=\u017fpf1 -all"}, spf.None},
		{[]string{"\xff\x00", "v=spf1 -all", "v=spf10 +all", "v=spf"}, spf.Fail},
		{[]string{"v=spf1 -all", "v=spf1 -all"}, spf.PermError},
		{[]string{"v=spf1", "V=spf1 +all"}, spf.PermError},
		{[]string{"v=spf1 moo", "v=spf1 +all"}, spf.PermError},
	}
	for _, tt := range tests {
		w := newWorld("e.test A 192.0.2.1", "e.test SPF v=spf1 +all") // type 99 is nothing any more (3.1)
		w.records["e.test TXT"] = tt.texts
		is(t, strings.Join(tt.texts, " | "), w.check(t, client4), tt.want)
	}
}
