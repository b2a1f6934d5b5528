package verify

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"

	"casegate/ingest/parse/header"
	"casegate/mailer"
)

var trusting = &Verifier{Trusted: []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32"),
}}

func identify(fields string) mailer.Identity {
	return from(trusting, netip.MustParseAddr("127.0.0.1"), []byte(fields+"\r\n\r\nFrom: body@evil.test\r\n"))
}

// from is who wrote a mail that a client sends.
func from(v *Verifier, client netip.Addr, raw []byte) mailer.Identity {
	m := &mailer.Mail{Envelope: mailer.Envelope{Remote: client}}
	if err := v.Verify(context.Background(), m, header.Read(raw), bytes.NewReader(nil)); err != nil {
		panic(err) // the body is empty
	}
	return m.Identity
}

// TestNoIdentity: ways to make one program see ann@good.test where another sees
// x@evil.test (T4 to T8, F6). Even from a trusted network none has a sender.
func TestNoIdentity(t *testing.T) {
	tests := []struct{ name, header, why string }{
		{"no From", "Subject: x", "no From"},
		{"two From fields", "From: x@evil.test\r\nFrom: ann@good.test", "several From"},
		{"two From fields, the other way round", "From: ann@good.test\r\nFrom: x@evil.test", "several From"},
		{"two From fields, one folded", "From:\r\n ann@good.test\r\nFROM: x@evil.test", "several From"},
		{"name folded before its colon", "From\r\n : ann@good.test\r\nFrom: x@evil.test", "several From"},
		{"white space before the colon", "From : ann@good.test\r\nFrom: x@evil.test", "several From"},
		{"a From that is a continuation", "Subject: x\r\n From: ann@good.test\r\nFrom: x@evil.test", "continuation"},
		{"junk between two From fields", "From: ann@good.test\r\njunk\r\nFrom: x@evil.test", "several From"},
		{"NUL in the field name", "From\x00: ann@good.test\r\nFrom: x@evil.test", "field name"},
		{"8-bit space in the field name", "From\u00a0: ann@good.test\r\nFrom: x@evil.test", "field name"},
		{"two mailboxes", "From: ann@good.test, x@evil.test", "several mailboxes"},
		{"two mailboxes with a Sender", "Sender: ann@good.test\r\nFrom: <x@evil.test>, <ann@good.test>", "several mailboxes"},
		{"two mailboxes by semicolon", "From: ann@good.test; x@evil.test", "several mailboxes"},
		{"a second mailbox without address", "From: ann@good.test, Ann", "several mailboxes"},
		{"a group", "From: Friends: ann@good.test;", "a group"},
		{"an empty group", "From: undisclosed:;", "a group"},
		{"an address as group name", "From: ann@good.test: x@evil.test;", "a group"},
		{"an encoded word as address", "From: =?utf-8?q?ann=40good.test?=", "encoded word"},
		{"an encoded word as local part", "From: <=?utf-8?q?ann?=@good.test>", "encoded word"},
		{"an encoded word with a list in it", "From: =?utf-8?b?PGFubkBnb29kLnRlc3Q+LCA8Pg==?=, <x@evil.test>", "several mailboxes"},
		{"an encoded name that is an address", "From: =?utf-8?q?ann=40good.test?= <x@evil.test>", "another address"},
		{"a quoted name that is an address", `From: "ann@good.test" <x@evil.test>`, "another address"},
		{"a quoted name that is a mailbox", `From: "<ann@good.test>" <x@evil.test>`, "another address"},
		{"an unquoted name that is an address", "From: ann@good.test <x@evil.test>", "unquoted name"},
		{"two angle addresses", "From: <ann@good.test><x@evil.test>", "text behind"},
		{"an address behind the address", "From: <ann@good.test> x@evil.test", "text behind"},
		{"a comment that is an address", "From: x@evil.test (ann@good.test)", "comment that hides"},
		{"a comment behind the angle address", "From: <x@evil.test>(<ann@good.test>)", "comment that hides"},
		{"a comment within the address", "From: ann(x)@good.test", "white space or a comment"},
		{"a comment within the angle brackets", "From: <ann@good.test(.evil.test)>", "not an address"},
		{"a comment without end", "From: x@evil.test (ann", "without end"},
		{"a route", "From: <@good.test,@any.test:x@evil.test>", "source route"},
		{"a route without colon", "From: <@good.test x@evil.test>", "source route"},
		{"an escaped comma", `From: <ann@good.test>\, <x@evil.test>`, "several mailboxes"},
		{"a quoted local part that is an address", `From: "ann@good.test"@evil.test`, "quoted local part"},
		{"a quoted angle bracket", `From: <"ann@good.test> <x"@evil.test>`, "quoted local part"},
		{"a quoted string without end", `From: "ann <x@evil.test>`, "without end"},
		{"an angle bracket without end", "From: <ann@good.test", "without end"},
		{"white space around the @", "From: ann @good.test", "white space"},
		{"two @", "From: x@evil.test@good.test", "not an address"},
		{"NUL in the address", "From: ann@good.test\x00.evil.test", "control"},
		{"NUL in the name", "From: Ann\x00 <ann@good.test>", "control"},
		{"bare CR in the field", "From: ann@good.test\rFrom: x@evil.test", "control"},
		{"an address literal", "From: ann@[192.0.2.1]", "not an address"},
		{"a trailing dot", "From: ann@good.test.", "not an address"},
		{"no domain", "From: ann", "not an address"},
		{"the null address", "From: <>", "no address"},
		{"an empty field", "From:", "no address"},
		{"a name alone", "From: Ann", "not an address"},
		{"a field longer than a mailbox", "From: " + strings.Repeat("a", 5000) + " <ann@good.test>", "too long"},
		{"a header beyond the limits", "From: ann@good.test\r\n" + strings.Repeat("X-A: b\r\n", 1000) + "From: x@evil.test", "beyond the limits"},
	}
	for _, tt := range tests {
		id := identify(tt.header)
		if !id.Address.IsZero() || id.Level != mailer.Unverified || id.IsVerified() {
			t.Errorf("%s: %q gives %s %q, want no identity", tt.name, tt.header, id.Level, id.Address)
		}
		if !strings.Contains(id.Why, tt.why) {
			t.Errorf("%s: the operator is told %q, want something with %q", tt.name, id.Why, tt.why)
		}
	}
}

// TestIdentity: what honest mailers write, odd as it is, names its sender.
func TestIdentity(t *testing.T) {
	tests := []struct{ header, address, name string }{
		{"From: ann@good.test", "ann@good.test", ""},
		{"from:ann@good.test", "ann@good.test", ""},
		{"From: <ann@good.test>", "ann@good.test", ""},
		{"From: Ann Example <ANN@Good.Test>", "ANN@good.test", "Ann Example"},
		{"From: Ann Q. Example\r\n\t<ann@good.test>", "ann@good.test", "Ann Q. Example"},
		{`From: "Example, Ann" <ann@good.test>`, "ann@good.test", "Example, Ann"},
		{`From: "ann@good.test" <ann@good.test>`, "ann@good.test", "ann@good.test"},
		{"From: ann@good.test <ann@good.test>", "ann@good.test", "ann@good.test"},
		{"From: ann@good.test (Ann Example)", "ann@good.test", "Ann Example"},
		{"From: Ann (North) <ann@good.test>", "ann@good.test", "Ann"},
		{"From: =?utf-8?q?Anna_Wi=C5=9Bniewska?= <ann@good.test>", "ann@good.test", "Anna Wiśniewska"},
		{"From: =?utf-8?b?546L5bCP5piO?= <ann@good.test>", "ann@good.test", "王小明"},
		{`From: "'Ann' via Support" <support@good.test>`, "support@good.test", "'Ann' via Support"},
		{`From: "ann..b"@good.test`, `"ann..b"@good.test`, ""},
		{"From: ann%good.test@evil.test", "ann%good.test@evil.test", ""},
		{"From: Ann <ann@bücher.test>", "ann@xn--bcher-kva.test", "Ann"},
		{"Sender: x@evil.test\r\nReply-To: x@evil.test\r\nFrom: ann@good.test", "ann@good.test", ""},
		{"DKIM-Signature: v=1; h=Date:\r\n From:To:Subject; b=x\r\nFrom: ann@good.test", "ann@good.test", ""},
		{"From x@evil.test Mon Jan  1 00:00:00 2026\r\nFrom: ann@good.test", "ann@good.test", ""},
		{"Resent-From: x@evil.test\r\nX-From: x@evil.test\r\nFrom: ann@good.test", "ann@good.test", ""},
	}
	for _, tt := range tests {
		id := identify(tt.header)
		if id.Level != mailer.Verified || id.Address.String() != tt.address || id.Name != tt.name {
			t.Errorf("%q gives %s %q %q, want verified %q %q (%s)",
				tt.header, id.Level, id.Name, id.Address, tt.name, tt.address, id.Why)
		}
	}
}

// TestTrustedNetworks: From is believed from a listed network and no other.
func TestTrustedNetworks(t *testing.T) {
	raw := []byte("From: Ann <ann@good.test>\r\n\r\n")
	tests := []struct {
		remote string
		want   mailer.Level
	}{
		{"127.0.0.1", mailer.Verified},
		{"::ffff:127.0.0.1", mailer.Verified},
		{"2001:db8::1", mailer.Verified},
		{"2001:db8::1%eth0", mailer.Verified},
		{"192.0.2.1", mailer.Unverified},
		{"::1", mailer.Unverified},
		{"", mailer.Unverified},
	}
	for _, tt := range tests {
		client, _ := netip.ParseAddr(tt.remote)
		id := from(trusting, client, raw)
		if id.Level != tt.want || id.Address != mailer.MustAddress("ann@good.test") || id.Why == "" {
			t.Errorf("client %q: %s %q (%q), want %s with the address and a reason",
				tt.remote, id.Level, id.Address, id.Why, tt.want)
		}
		if got := from(new(Verifier), client, raw); got.IsVerified() {
			t.Errorf("client %q: verified by a Verifier that trusts nobody", tt.remote)
		}
	}
}

// FuzzIdentify: whatever the bytes, a sender is verified only if exactly one
// From field holds exactly one mailbox.
func FuzzIdentify(f *testing.F) {
	for _, s := range []string{
		"From: Ann <ann@good.test>\r\n\r\n", "From: a@b.c, d@e.f\n\n", "From\x00: a@b.c\nFrom: d@e.f\n\n",
		"From: g: a@b.c;\n\n", "From: <@a:b@c.d>\n\n", "From: \"a\\\"\" (b(c)) <d@e.f>\n\n", "x\n From: a@b.c\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		h := header.Read(raw)
		id := from(trusting, netip.MustParseAddr("127.0.0.1"), raw)
		switch {
		case id.Why == "":
			t.Error("no reason for the operator")
		case id.Level != mailer.Verified && id.Level != mailer.Unverified:
			t.Errorf("level %s", id.Level)
		case id.Level == mailer.Unverified:
			if !id.Address.IsZero() {
				t.Errorf("the network is trusted and there is a sender, %q, yet unverified", id.Address)
			}
			return
		}
		from := h.All("From")
		if id.Address.IsZero() || len(from) != 1 || len(header.Addresses(from[0], "")) != 1 {
			t.Errorf("verified %q by the From fields %q", id.Address, from)
		}
		// The address, as it is, must stand in the field: nothing is decoded or joined.
		if !strings.Contains(from[0], "@") || !strings.Contains(from[0], plain(id.Address.Local)) {
			t.Errorf("%q is not in %q", id.Address, from[0])
		}
		if again, err := mailer.ParseAddress(id.Address.String()); err != nil || again != id.Address {
			t.Errorf("%q does not read as itself: %v", id.Address, err)
		}
	})
}

// plain is a local part if it stands in a field without escapes.
func plain(local string) string {
	if strings.ContainsAny(local, `"\`) {
		return ""
	}
	return local
}
