package spf_test

import (
	"net/netip"
	"strings"
	"testing"

	"casegate/ingest/verify/spf"
)

// TestMacros: which name a domain-spec makes, as "exists" asks for it. The first
// rows are those of RFC 7208 7.4.
func TestMacros(t *testing.T) {
	const rfc = "strong-bad@email.example.com"
	tests := []struct{ sender, client, spec, want string }{
		{rfc, "192.0.2.3", "%{s}.x.test", "strong-bad@email.example.com.x.test"},
		{rfc, "192.0.2.3", "%{o}", "email.example.com"},
		{rfc, "192.0.2.3", "%{d}", "email.example.com"},
		{rfc, "192.0.2.3", "%{d4}", "email.example.com"},
		{rfc, "192.0.2.3", "%{d3}", "email.example.com"},
		{rfc, "192.0.2.3", "%{d2}", "example.com"},
		{rfc, "192.0.2.3", "%{d1}", "com"},
		{rfc, "192.0.2.3", "%{dr}", "com.example.email"},
		{rfc, "192.0.2.3", "%{d2r}", "example.email"},
		{rfc, "192.0.2.3", "%{l}", "strong-bad"},
		{rfc, "192.0.2.3", "%{l-}", "strong.bad"},
		{rfc, "192.0.2.3", "%{lr}", "strong-bad"},
		{rfc, "192.0.2.3", "%{lr-}", "bad.strong"},
		{rfc, "192.0.2.3", "%{l1r-}", "strong"},
		{rfc, "192.0.2.3", "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
		{rfc, "192.0.2.3", "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
		{rfc, "192.0.2.3", "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
		{rfc, "192.0.2.3", "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
		{rfc, "192.0.2.3", "%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
		{rfc, client6, "%{ir}.%{v}._spf.%{d2}", "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com"},

		{rfc, "::ffff:192.0.2.3", "%{i}.%{v}.x.test", "192.0.2.3.in-addr.x.test"},
		{rfc, "192.0.2.3", "%{i2}.x.test", "2.3.x.test"},
		{rfc, "192.0.2.3", "%{d99999999999999999999}", "email.example.com"},
		{rfc, "192.0.2.3", "%{d02}", "example.com"},
		{rfc, "192.0.2.3", "%{D2R}", "example.email"},
		{rfc, "192.0.2.3", "%{h}", "mx.mail.test"},
		{rfc, "192.0.2.3", "%{h1r}.x.test.", "mx.x.test"},
		{rfc, "192.0.2.3", "a%%b%_c%-d.x.test", "a%b c%20d.x.test"},
		{rfc, "192.0.2.3", "%{S}.x.test", "strong-bad%40email.example.com.x.test"},
		{"a+b-c=d_e,f/g@e.test", client4, "%{l+-=_,/}.x.test", "a.b.c.d.e.f.g.x.test"},
		{"a+b-c=d_e,f/g@e.test", client4, "%{l3+-=_,/}.x.test", "e.f.g.x.test"},
		{"a+b-c@e.test", client4, "%{l2r+-}.x.test", "b.a.x.test"},
		{"a.b-c@e.test", client4, "%{l1-}.x.test", "c.x.test"},
		{"a.b-c@e.test", client4, "%{lr-}.x.test", "c.a.b.x.test"},
		{"a.b-c@e.test", client4, "%{l2r}.x.test", "b-c.a.x.test"},
		{"a..b@e.test", client4, "%{l2}.x.test", ".b.x.test"},
		{"~jack&jill=up-a_b3.c@e.test", client4, "%{L}.x.test", "~jack%26jill%3Dup-a_b3.c.x.test"},
		{"a b\"%{d}@e.test", client4, "%{l}.x.test", "a b\"%{d}.x.test"},
		{"a b\"%{d}@e.test", client4, "%{L}.x.test", "a%20b%22%25%7Bd%7D.x.test"},
		{"x@y@e.test", client4, "%{l}.%{o}", "x@y.e.test"},
		{"@e.test", client4, "%{l}.%{o}", "postmaster.e.test"},
		{"ann@e.test.", client4, "%{o}.%{d}.x.test", "e.test.e.test.x.test"},
		{"", client4, "%{s}.%{h}.%{d}", "postmaster@mx.mail.test.mx.mail.test.mx.mail.test"},
		{rfc, "192.0.2.3", "%{p}.x.test", "unknown.x.test"},
	}
	for _, tt := range tests {
		w := newWorld()
		for _, domain := range []string{"email.example.com", "e.test", "mx.mail.test"} {
			w.names[domain] = true
			w.records[domain+" TXT"] = []string{"v=spf1 exists:" + tt.spec + " -all"}
		}
		q := spf.Query{Client: netip.MustParseAddr(tt.client), Helo: "mx.mail.test", Sender: tt.sender}
		is(t, tt.spec, spf.Check(t.Context(), q, w), spf.Fail)
		if got := w.asked[len(w.asked)-1]; got != "A "+tt.want {
			t.Errorf("%s of %s: the check asked for %q, want %q", tt.spec, tt.sender, got, "A "+tt.want)
		}
	}
}

// TestMacroPlaces: every mechanism that takes a domain-spec expands it, and an
// included record sees its own domain but the sender's of the whole check.
func TestMacroPlaces(t *testing.T) {
	rest := []string{"x.e.test TXT v=spf1 exists:%{d}.%{o}.y.test -all", "x.e.test.e.test.y.test A 127.0.0.2",
		"a.e.test A 192.0.2.1", "m.e.test MX a.e.test", "192.0.2.1 PTR a.e.test"}
	for _, term := range []string{"a:a.%{d}", "a:a.%{d}/32//128", "mx:m.%{d}", "ptr:%{d}", "exists:a.%{d}", "include:x.%{d}", "redirect=x.%{d}"} {
		is(t, term, newWorld(append(rest, record(term))...).check(t, client4), spf.Pass)
	}
}

// TestLongName: what is too long loses labels from the left (7.3).
func TestLongName(t *testing.T) {
	label := strings.Repeat("a", 50) + "."
	tests := []struct{ spec, want string }{
		{strings.Repeat(label, 4) + strings.Repeat("b", 42) + ".x.test", strings.Repeat(label, 4) + strings.Repeat("b", 42) + ".x.test"}, // 253
		{"z." + strings.Repeat(label, 4) + strings.Repeat("b", 42) + ".x.test", strings.Repeat(label, 4) + strings.Repeat("b", 42) + ".x.test"},
		{strings.Repeat(label, 4) + strings.Repeat("b", 43) + ".x.test", strings.Repeat(label, 3) + strings.Repeat("b", 43) + ".x.test"},
		{strings.Repeat(label, 4) + strings.Repeat("b", 42) + ".x.test.", strings.Repeat(label, 4) + strings.Repeat("b", 42) + ".x.test"},
		{strings.Repeat(label, 100) + "%{d}", strings.Repeat(label, 4) + "e.test"},
		{strings.Repeat("%{d}.", 9000) + "x.test", strings.Repeat("e.test.", 35) + "x.test"},
	}
	for _, tt := range tests {
		w := newWorld(record("exists:" + tt.spec))
		is(t, tt.spec[:40], w.check(t, client4), spf.Neutral)
		if got := w.asked[len(w.asked)-1]; got != "A "+tt.want {
			t.Errorf("%.60s of %d octets: the check asked for %q, want %q", tt.spec, len(tt.spec), got, "A "+tt.want)
		}
	}
}

// TestClientName: %{p} prefers the domain, then a name below it, and takes only
// names whose addresses have the client among them (7.3).
func TestClientName(t *testing.T) {
	tests := []struct {
		what, want string
		world      []string
	}{
		{"no PTR", "unknown", nil},
		{"a PTR that fails", "unknown", []string{"192.0.2.1 FAIL"}},
		{"a name without addresses", "unknown", []string{"192.0.2.1 PTR mx.e.test"}},
		{"a name of somebody else", "unknown", []string{"192.0.2.1 PTR mx.e.test", "mx.e.test A 192.0.2.2"}},
		{"a name that fails", "unknown", []string{"192.0.2.1 PTR mx.e.test", "mx.e.test FAIL"}},
		{"any name", "mx.mail.test", []string{"192.0.2.1 PTR mx.mail.test", "mx.mail.test A 192.0.2.1"}},
		{"a name below", "mx.e.test", []string{"192.0.2.1 PTR mx.mail.test", "mx.mail.test A 192.0.2.1",
			"192.0.2.1 PTR mx.e.test", "mx.e.test A 192.0.2.1"}},
		{"the domain", "E.test", []string{"192.0.2.1 PTR mx.e.test", "mx.e.test A 192.0.2.1",
			"192.0.2.1 PTR E.test", "e.test A 192.0.2.1"}},
		{"not one that only ends alike", "mx.mail.test", []string{"192.0.2.1 PTR mx.mail.test", "mx.mail.test A 192.0.2.1",
			"192.0.2.1 PTR the.test", "the.test A 192.0.2.1"}},
	}
	for _, tt := range tests {
		w := newWorld(append(tt.world, record("exists:%{p}.x.test exists:%{P}.y.test -all"))...)
		got := w.check(t, client4)
		is(t, tt.what, got, spf.Fail)
		if !w.hasAsked("A " + tt.want + ".x.test") {
			t.Errorf("%s: the check asked %q, want %s.x.test among them", tt.what, w.asked, tt.want)
		}
		if fails := strings.Contains(tt.what, "fails"); got.Unsure != fails {
			t.Errorf("%s: unsure is %v, want %v", tt.what, got.Unsure, fails)
		}
	}
}

// RFC 8616 4: a local part in UTF-8 matches no name, and DNS is not asked for it.
func TestLocalPartUTF8(t *testing.T) {
	w := newWorld("e.test TXT v=spf1 exists:%{l}.x.test a:%{s} -all", "\u00e4.x.test A 127.0.0.2")
	q := spf.Query{Client: netip.MustParseAddr(client4), Helo: "mx.mail.test", Sender: "\u00e4@e.test"}
	is(t, "a local part in UTF-8", spf.Check(t.Context(), q, w), spf.Fail)
	if len(w.asked) != 1 {
		t.Errorf("DNS was asked %q, want nothing but the record", w.asked)
	}
}
