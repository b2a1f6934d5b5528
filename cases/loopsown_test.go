package cases_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/mailer"
)

// ourToken is an address of ours with a token of a purpose, for case 1 of north.
func (o *office) ourToken(part string, purpose mailer.Purpose) string {
	return part + o.Keys.Seal(mailer.Token{Purpose: purpose, Tenant: mailer.TenantTag("north"), Case: 1, Participant: 1,
		Expires: o.clock.AddDate(1, 0, 0)}) + "@" + casestest.Hostname
}

// TestOwnAddresses: what names an address of ours as its sender does nothing, and
// nobody is sent anything because of it, also where the directory lists the
// address (T87).
func TestOwnAddresses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		from func(o *office) string
		own  bool
	}{
		{"the intake", func(*office) string { return intake }, true},
		{"an intake with a customer", func(*office) string { return "support+acme.example@north.example" }, true},
		{"the other reseller's intake", func(*office) string { return "support@south.example" }, true},
		{"a reply address", func(o *office) string { return o.ourToken("case-", mailer.PurposeReply) }, true},
		{"a return path", func(o *office) string { return o.ourToken("r-", mailer.PurposeReturnPath) }, true},
		{"an address to decide by", func(o *office) string { return o.ourToken("h-", mailer.PurposeHeld) }, true},
		{"an address to confirm by", func(o *office) string { return o.ourToken("C-", mailer.PurposeConfirm) }, true},
		{"one that has expired", func(*office) string { return "case-aaaa@gate.example" }, true},
		{"control: somebody", func(*office) string { return "c-level@acme.example" }, false},
		{"control: the reseller's monitoring", func(*office) string { return "alerts@north.example" }, false},
	} {
		for _, to := range []string{"intake", "token"} {
			t.Run(test.name+" to the "+to, func(t *testing.T) {
				t.Parallel()
				o, _ := quiet(t)
				d, from := casestest.Directory(), test.from(o)
				if test.own {
					d.Customers[0].Contacts = append(d.Customers[0].Contacts, mailer.MustAddress(from))
				}
				d.Resellers[0].Monitoring = append(d.Resellers[0].Monitoring, mailer.MustAddress(from))
				if err := d.Index(); err == nil { // else the directory refuses it already
					o.apply(d)
				} else if !test.own {
					t.Fatal(err)
				}
				rcpt := map[string]string{"intake": intake, "token": o.replyTo("NORTH-1", 1)}[to]
				before := o.state()
				got := o.send(letter{from: from, level: mailer.Verified, to: []string{rcpt}, subject: "Hello"})
				out := o.deliver()
				if refused := got[0].Verdict == mailer.Refused; refused != test.own {
					t.Errorf("answered %+v, want it refused: %v", got[0], test.own)
				}
				if test.own && (len(out) > 0 || o.state() != before) {
					t.Errorf("%d mails went out and the cases are\n%s\nwant no effect", len(out), o.state())
				}
			})
		}
	}
}

// TestOwnMailComesBack: a notice of ours that somebody passes on to us is noted,
// and answers nothing, whatever address it comes to (mail-traps E).
func TestOwnMailComesBack(t *testing.T) {
	t.Parallel()
	o, _ := quiet(t)
	reply := o.replyTo("NORTH-1", 1)
	id := func(tenant string) string {
		return "n." + o.Keys.Seal(mailer.Token{Purpose: mailer.PurposeMessageID, Tenant: mailer.TenantTag(tenant), Case: 1, Delivery: 9,
			Expires: o.clock.AddDate(1, 0, 0)}) + "@" + casestest.Hostname
	}
	before := o.state()
	for _, test := range []struct {
		name, from, to, id string
		noted              bool
	}{
		{"to the intake", intake, intake, id("north"), true},
		{"passed on by the requester", "it@acme.example", intake, id("north"), true},
		{"to the reply address", intake, reply, id("north"), true},
		{"the other tenant's", "support@south.example", reply, id("south"), true},
		{"without its MAC", intake, intake, "n." + strings.Repeat("a", 61) + "@" + casestest.Hostname, false},
	} {
		got := o.send(letter{from: test.from, level: mailer.Verified, to: []string{test.to}, subject: "[NORTH-1] " + test.name, messageID: test.id})
		if noted := got[0].Reason == mailer.Noted; noted != test.noted {
			t.Errorf("%s: answered %+v, want it noted: %v", test.name, got[0], test.noted)
		}
		if out := o.deliver(); len(out) > 0 || o.state() != before {
			t.Errorf("%s: %d mails went out, and the cases are\n%s\nwant no effect", test.name, len(out), o.state())
		}
	}
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{reply}, refs: []string{id("north")}, messageID: "x@acme.example"}) // control
	o.wantEvents("NORTH-1", cases.EventFiled, cases.EventMessage)
}

// TestSharedWithOurselves: a case cannot be shared with an address of ours (T87).
func TestSharedWithOurselves(t *testing.T) {
	t.Parallel()
	o, _ := quiet(t)
	for _, a := range []string{intake, "support+acme.example@north.example", "support@south.example", o.ourToken("case-", mailer.PurposeReply),
		o.ourToken("h-", mailer.PurposeHeld), "postmaster@gate.example", "r-x@south.example"} {
		_, _, err := o.Share(t.Context(), "NORTH-1", mailer.MustAddress(a), false)
		wantKind(t, err, cases.Invalid)
	}
	if _, added, err := o.Share(t.Context(), "NORTH-1", mailer.MustAddress("guest@partner.example"), false); err != nil || !added {
		t.Errorf("sharing with a guest: %v", err)
	}
}

// TestNoReportsOnReports: whatever reports on other mail is kept where it belongs,
// and its sender gets nothing (T88, RFC 3834 2).
func TestNoReportsOnReports(t *testing.T) {
	t.Parallel()
	none := ""
	for _, kind := range []mailer.Kind{mailer.KindBounce, mailer.KindDeliveryReport, mailer.KindComplaint, mailer.KindAutoReply, mailer.KindChallenge} {
		for _, to := range []string{"intake", "token"} {
			o, _ := quiet(t)
			rcpt := map[string]string{"intake": intake, "token": o.replyTo("NORTH-1", 1)}[to]
			for i := range 20 {
				o.send(letter{from: "it@acme.example", level: mailer.Verified, to: []string{rcpt}, kind: kind, returnTo: &none, text: words(i), subject: "report"})
			}
			for _, d := range o.deliver() {
				if d.Recipient.Domain == "acme.example" || d.Kind == mailer.NoticeKind {
					t.Errorf("%s to the %s: a %q mail goes to %s", kind, to, d.Kind, d.Recipient)
				}
			}
		}
	}
	o, _ := quiet(t)
	o.want(mailer.Refused, o.send(letter{from: "it@acme.example", level: mailer.Verified, to: []string{intake}, received: 101}))
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{intake}, received: 100}) // control
}

// TestVictim: 1,000 mails in a victim's name to ten tenants that know it have one
// mail sent to it, once a day, whether they come one by one or to all at once
// (T90).
func TestVictim(t *testing.T) {
	t.Parallel()
	const victim = "victim@none.example"
	d := &cases.Directory{}
	var intakes []string
	for i := range 10 {
		id := fmt.Sprintf("r%d", i)
		intakes = append(intakes, "support@"+id+".example")
		d.Resellers = append(d.Resellers, cases.Reseller{ID: cases.ResellerID(id), Name: id, Domains: []string{id + ".example"},
			Intake: mailer.MustAddress(intakes[i]), Prefix: strings.ToUpper(string(rune('A'+i)) + "X")})
		d.Customers = append(d.Customers, cases.Customer{Domain: "c" + id + ".example", Contacts: []mailer.Address{mailer.MustAddress(victim)},
			Managed: []cases.Interval{{Reseller: cases.ResellerID(id)}}})
	}
	for _, test := range []struct {
		name string
		to   func(i int) []string
	}{
		{"one by one", func(i int) []string { return intakes[i%10 : i%10+1] }},
		{"to all at once", func(int) []string { return intakes }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.apply(d)
			n := 0
			for i := range 1000 / len(test.to(0)) {
				o.want(mailer.Held, o.send(letter{from: victim, to: test.to(i), subject: "Buy " + words(i), text: words(i)}))
				o.clock = o.clock.Add(time.Second)
			}
			for _, out := range o.deliver() {
				if n++; out.Kind != mailer.ConfirmKind || !out.Recipient.Is(mailer.MustAddress(victim)) {
					t.Errorf("a %q mail goes to %s", out.Kind, out.Recipient)
				}
			}
			if n != 1 {
				t.Errorf("%d mails went out, want 1", n)
			}
		})
	}
}
