package cases_test

import (
	"io"
	"slices"
	"strings"
	"testing"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer"
	"casegate/mailer/blob"
)

// TestEvidence: the record of a mail says everything that its decision rests on,
// in order, and keeps it for programs (design 2.6).
func TestEvidence(t *testing.T) {
	o := attacked(t)
	l := letter{from: "it@acme.example", level: mailer.Verified, to: []string{o.replyTo("NORTH-1", 1)}, scan: mailer.ScanHarmful, auth: mailer.Auth{
		SPF:   mailer.AuthSPF{Result: "pass", Domain: "mx.acme.example", Helo: true, Reason: "matched ip4"},
		DKIM:  []mailer.AuthDKIM{{Domain: "acme.example", Selector: "s1", Result: "pass"}, {Domain: "list.example", Selector: "s2", Result: "fail", Reason: "body hash"}},
		DMARC: mailer.AuthDMARC{Result: "pass", Policy: "reject", Domain: "acme.example"},
		ARC:   mailer.AuthARC{CV: "pass", Sealers: []string{"a.example", "b.example"}},
	}}
	m := o.mail(l)
	dry, err := o.Explain(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Accept(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	r, err := o.Mail(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range r.Trace.Checks {
		got = append(got, strings.Join([]string{c.Name, c.Input, c.Verdict, c.Rule}, "|"))
	}
	want := []string{
		"identity|it@acme.example|verified|the test says so",
		"spf|mx.acme.example (HELO)|pass|matched ip4",
		"dkim|acme.example s1|pass|", "dkim|list.example s2|fail|body hash",
		"dmarc|acme.example p=reject|pass|", "arc|a.example b.example|pass|",
		"content|clamav|harmful|Eicar-Signature", "kind|person|person|",
		"recipient|reply||design 3", "match|NORTH-1|reply token|design 3: the token wins",
		"token's person|it@acme.example|on the sharing list|",
		"policy|append, the token's person, verified, person|allow|token, and its person (design 4)",
		"policy|harmful content, the token's person, verified, person|hold|a scanner calls the content harmful",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the checks are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if r.Auth.DMARC.Policy != "reject" || len(r.Auth.DKIM) != 2 || len(r.Scans) != 1 {
		t.Errorf("the record keeps %+v and %+v, want all of it", r.Auth, r.Scans)
	}
	if len(dry) != 1 || dry[0].Auth.ARC.CV != "pass" || len(dry[0].Trace.Checks) != len(want) {
		t.Errorf("explain says %+v, want what accept did", dry)
	}
	// Nothing was tried: nothing is claimed.
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{o.replyTo("NORTH-1", 1)}, text: "plain"})
	plain := o.wantMailsAny()[0]
	if slices.ContainsFunc(plain.Trace.Checks, func(c mailer.Check) bool { return c.Name == "spf" || c.Name == "dmarc" || c.Name == "arc" }) {
		t.Errorf("of a mail that nothing was tried with the trace is %+v", plain.Trace.Checks)
	}
}

// TestFrontHopRefusals: what a front hop brings and would be refused is there to be
// looked at, small or large, until its decision is forgotten (design 2.5); of what
// a direct client brings only the decision is.
func TestFrontHopRefusals(t *testing.T) {
	o := newOffice(t)
	forged := letter{from: "it@acme.example", level: mailer.Failed, reject: true, to: []string{"support@north.example"}, subject: "forged"}
	verify := func(when string) {
		t.Helper()
		problems, err := o.Store.(*bolt.Store).Verify(t.Context(), o.Blobs.(*blob.Local).All())
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: verify finds %q (%v), want nothing", when, problems, err)
		}
	}
	direct, small := o.mail(forged), o.mail(forged)
	directLarge, large := o.large(forged), o.large(forged)
	small.Envelope.FrontHop, large.Envelope.FrontHop = true, true
	for _, m := range []*mailer.Mail{direct, small, directLarge, large} {
		got, err := o.Accept(t.Context(), m)
		if err != nil || got[0].Verdict != mailer.Refused || got[0].Reason != mailer.NotAuthenticated {
			t.Fatalf("answered %+v, %v; want refused as not authenticated, whoever brings it", got, err)
		}
		raw, err := o.Raw(t.Context(), m.ID)
		if !m.Envelope.FrontHop {
			wantKind(t, err, cases.NotFound)
			continue
		}
		if err != nil {
			t.Errorf("the bytes from the front hop: %v", err)
			continue
		}
		b, _ := io.ReadAll(raw)
		raw.Close()
		if int64(len(b)) != m.Raw.Size {
			t.Errorf("%d octets of %d are kept", len(b), m.Raw.Size)
		}
	}
	o.wantMails(cases.MailRefused, 4)
	o.wantBlobs("refused, one from a front hop", 1)
	verify("refused")
	o.clock = o.clock.AddDate(0, 0, 29)
	if err := o.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.wantMails(cases.MailRefused, 4)
	o.clock = o.clock.AddDate(0, 0, 2)
	if err := o.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.wantMails(cases.MailRefused, 0)
	o.wantBlobs("after 31 days", 0)
	verify("pruned")
	if _, err := o.Raw(t.Context(), small.ID); err == nil {
		t.Error("the bytes of a refused mail outlive its record")
	}
	// The same mail comes again: it is decided anew, and not taken for a repetition.
	again := o.mail(forged)
	again.Envelope.FrontHop = true
	again.Identity.Level = mailer.Verified
	if got, err := o.Accept(t.Context(), again); err != nil || got[0].Verdict != mailer.Accepted {
		t.Errorf("the same mail, verified by now, is answered %+v (%v), want accepted", got, err)
	}
}
