package main

import (
	"strings"
	"testing"

	"casegate/cases"
	"casegate/mailer"
	"casegate/mailer/authres"
)

// TestResultsField: what is known of a mail, in the words of RFC 8601; texts of
// strangers neither end the field nor begin another (T9, T46).
func TestResultsField(t *testing.T) {
	from := address(t, "it@acme.example")
	verified := mailer.Identity{Level: mailer.Verified, Address: from, Why: "DMARC pass"}
	for _, c := range []struct {
		name   string
		record cases.MailRecord
		want   string
	}{
		{"nothing was tried", cases.MailRecord{Identity: mailer.Identity{Address: from, Level: mailer.Verified, Why: "from the trusted network 10.0.0.0/8"}},
			`gate.example; x-casegate=verified reason="from the trusted network 10.0.0.0/8" header.from=it@acme.example`},
		{"all", cases.MailRecord{Identity: verified, Auth: mailer.Auth{
			SPF:   mailer.AuthSPF{Result: "pass", Domain: "acme.example"},
			DKIM:  []mailer.AuthDKIM{{Domain: "acme.example", Selector: "s1", Result: "pass"}, {Domain: "list.example", Selector: "x", Result: "fail", Reason: "body hash"}},
			DMARC: mailer.AuthDMARC{Result: "pass", Policy: "reject", Domain: "acme.example"}, ARC: mailer.AuthARC{CV: "none"}}},
			`gate.example; spf=pass smtp.mailfrom=acme.example; dkim=pass header.d=acme.example header.s=s1; dkim=fail reason="body hash" header.d=list.example header.s=x; ` +
				`dmarc=pass header.from=acme.example policy.dmarc=reject; arc=none; x-casegate=verified reason="DMARC pass" header.from=it@acme.example`},
		{"HELO", cases.MailRecord{Identity: mailer.Identity{Why: "no sender"}, Auth: mailer.Auth{SPF: mailer.AuthSPF{Result: "none", Domain: "mx.acme.example", Helo: true}}},
			`gate.example; spf=none smtp.helo=mx.acme.example; x-casegate=unverified reason="no sender"`},
		{"ARC", cases.MailRecord{Identity: mailer.Identity{Level: mailer.VerifiedARC, Address: from, Why: "a chain"}, Auth: mailer.Auth{ARC: mailer.AuthARC{CV: "pass"}}},
			`gate.example; arc=pass; x-casegate=verified-arc reason="a chain" header.from=it@acme.example`},
		{"signed in", cases.MailRecord{Identity: verified, Envelope: mailer.Envelope{User: "anna"}},
			`gate.example; auth=pass smtp.auth=anna; x-casegate=verified reason="DMARC pass" header.from=it@acme.example`},
		{"hostile", cases.MailRecord{Identity: mailer.Identity{Why: "x\"; dmarc=pass\r\nFrom: a@b.example"}, Auth: mailer.Auth{DKIM: []mailer.AuthDKIM{{Domain: "a.example; spf=pass", Result: "fail"}}}},
			`gate.example; dkim=fail header.d="a.example; spf=pass" header.s=""; x-casegate=unverified reason="x\"; dmarc=pass??From: a@b.example"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			field := resultsField(&c.record, "gate.example")
			name, value, _ := strings.Cut(field, ":")
			if name != "Authentication-Results" || !strings.HasSuffix(field, "\r\n") {
				t.Fatalf("it is no field: %q", field)
			}
			for line := range strings.Lines(value) {
				if !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
					t.Errorf("the line %q begins another field", line)
				}
			}
			got, err := authres.Parse(value)
			if err != nil {
				t.Fatalf("%q cannot be read: %v", field, err)
			}
			if got.String() != c.want {
				t.Errorf("it says\n%s\nwant\n%s", got.String(), c.want)
			}
		})
	}
}
