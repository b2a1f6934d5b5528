package cases_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/mailer"
)

func wantKind(t *testing.T, err error, want cases.ErrorKind) {
	t.Helper()
	var e *cases.Error
	if !errors.As(err, &e) || e.Kind != want {
		t.Errorf("error is %v, want one of kind %q", err, want)
	}
}

func TestRelease(t *testing.T) {
	o := newOffice(t)
	held := letter{from: "anna@corp.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "For whom?", text: "Which customer?"}
	m := o.mail(held)
	if _, err := o.Accept(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	r := o.wantMails(cases.MailHeld, 1)[0]
	if !strings.Contains(r.Reason, "customer") {
		t.Errorf("held because of %q, want a reason that speaks of the customer", r.Reason)
	}
	_, err := o.Release(t.Context(), r.ID, m, "")
	wantKind(t, err, cases.Conflict)
	_, err = o.Release(t.Context(), r.ID, m, "omega.example") // south's: as if it did not exist
	wantKind(t, err, cases.Conflict)
	o.wantMails(cases.MailHeld, 1)
	if _, err := o.Release(t.Context(), r.ID, m, "acme.example"); err != nil {
		t.Fatalf("release for acme.example: %v", err)
	}
	c, _ := o.history("NORTH-1")
	if c.Customer != "acme.example" || c.Participants[0].Person != "anna" {
		t.Errorf("released as %+v, want a case of acme.example filed by anna", c)
	}
	_, err = o.Release(t.Context(), r.ID, m, "acme.example")
	wantKind(t, err, cases.Conflict)
	o.wantMails(cases.MailHeld, 0)
	raw, err := o.Raw(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := io.ReadAll(raw); string(b) != string(m.Raw.Data) {
		t.Errorf("the raw mail changed on release")
	}
}

// TestReleaseAfterADomainMoved: what was held for one reseller is never filed with
// another, even where the address has become that one's (T28).
func TestReleaseAfterADomainMoved(t *testing.T) {
	o := newOffice(t)
	l := letter{from: "anna@corp.example", level: mailer.Verified, to: []string{"abuse@north-east.example"}, subject: "x"}
	o.want(mailer.Held, o.send(l))
	r := o.wantMails(cases.MailHeld, 1)[0]
	next := casestest.Directory()
	next.Resellers[0].Domains, next.Resellers[1].Domains = []string{"north.example"}, []string{"south.example", "north-east.example"}
	if err := next.Index(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.ApplyDirectory(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	_, err := o.Release(t.Context(), r.ID, o.mail(l), "")
	wantKind(t, err, cases.Conflict)
	if again, err := o.Mail(t.Context(), r.ID); err != nil || again.Status != cases.MailHeld || again.Reseller != "north" {
		t.Errorf("the mail is now %+v (%v), want held for north as before", again, err)
	}
}

func TestReleaseStranger(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	o.want(mailer.Held, o.send(letter{from: "eve@evil.example", to: []string{o.replyTo(number, 1)}, subject: "Me too"}))
	r := o.wantMails(cases.MailHeld, 1)[0]
	if _, err := o.Release(t.Context(), r.ID, o.mail(letter{from: "eve@evil.example", subject: "Me too"}), ""); err != nil {
		t.Fatal(err)
	}
	events := o.wantEvents(number, cases.EventFiled, cases.EventMessage)
	if a := events[1].Actor; a.Participant != 0 || a.Level != mailer.Unverified {
		t.Errorf("released as %+v, want nobody of the sharing list, marked unverified", a)
	}
	if strings.Contains(o.recipients(), "eve@") {
		t.Error("the stranger was told of the case (T20)")
	}
}

// TestReleaseAutomatic: an automatic mail that the operator lets through makes a
// case, and its sender still gets no answer (R78, T85).
func TestReleaseAutomatic(t *testing.T) {
	o := newOffice(t)
	l := letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "Disk full", kind: mailer.KindAuto}
	o.want(mailer.Held, o.send(l))
	if _, err := o.Release(t.Context(), o.wantMails(cases.MailHeld, 1)[0].ID, o.mail(l), ""); err != nil {
		t.Fatal(err)
	}
	if got := o.recipients(); got != "desk@agents.example" {
		t.Errorf("notices went to %q, want the agent alone", got)
	}
}

// mixed sends a mail of which one copy is filed and another held.
func (o *office) mixed() (*mailer.Mail, *cases.MailRecord) {
	o.t.Helper()
	m := o.mail(letter{from: "it@acme.example", level: mailer.Verified, subject: "Printer", text: "x",
		to: []string{"support@north.example", "postmaster@north.example"}})
	if _, err := o.Accept(o.t.Context(), m); err != nil {
		o.t.Fatal(err)
	}
	r := o.wantMails(cases.MailHeld, 1)[0]
	if len(r.Cases) != 1 {
		o.t.Errorf("the mail is in %v, want in one case", r.Cases)
	}
	return m, r
}

// TestMixedMail: what one recipient's held copy needs is not forgotten because
// another's was filed; releasing decides only what was held.
func TestMixedMail(t *testing.T) {
	o := newOffice(t)
	m, r := o.mixed()
	if _, err := o.Release(t.Context(), r.ID, m, ""); err != nil {
		t.Errorf("release of mail to the operator: %v", err)
	}
	o.wantMails(cases.MailHeld, 0)
	o.wantMails(cases.MailFiled, 1)
	o.wantEvents("NORTH-1", cases.EventFiled)
}

// TestDiscardKeepsWhatIsFiled: the bytes of a mail that is in a case are not the
// held copy's to take away.
func TestDiscardKeepsWhatIsFiled(t *testing.T) {
	o := newOffice(t)
	m, r := o.mixed()
	if _, err := o.Discard(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	raw, err := o.Raw(t.Context(), r.ID)
	if err != nil {
		t.Fatalf("the case has lost its mail: %v", err)
	}
	if b, _ := io.ReadAll(raw); string(b) != string(m.Raw.Data) {
		t.Error("the case's mail has changed")
	}
	o.wantMails(cases.MailFiled, 1)
	o.wantMails(cases.MailHeld, 0)
}

func TestDiscard(t *testing.T) {
	o := newOffice(t)
	l := letter{from: "it@acme.example", to: []string{"support@north.example"}, subject: "Spam?"}
	o.want(mailer.Held, o.send(l))
	r := o.wantMails(cases.MailHeld, 1)[0]
	if _, err := o.Discard(t.Context(), r.ID); err != nil {
		t.Fatal(err)
	}
	_, err := o.Raw(t.Context(), r.ID)
	wantKind(t, err, cases.NotFound)
	_, err = o.Discard(t.Context(), r.ID)
	wantKind(t, err, cases.Conflict)
	o.wantMails(cases.MailDiscarded, 1)
	// The sender's server tries once more: it is told yes, and nothing comes back.
	o.want(mailer.Accepted, o.send(l))
	o.wantMails(cases.MailHeld, 0)
	// A recipient that is new to the mail gets it, with its bytes.
	l.to = append(l.to, "postmaster@north.example")
	m := o.mail(l)
	if _, err := o.Accept(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	again := o.wantMails(cases.MailHeld, 1)[0]
	raw, err := o.Raw(t.Context(), again.ID)
	if err != nil {
		t.Fatalf("the new recipient's mail has no bytes: %v", err)
	}
	raw.Close()
	if list, _ := o.List(t.Context(), cases.Filter{}); len(list) != 0 || again.ID == r.ID {
		t.Errorf("%d cases were made, and the record is %s again: what was discarded stays so", len(list), again.ID)
	}
}

func TestFailedIsReplayable(t *testing.T) {
	o := newOffice(t)
	l := letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "Broken", failure: "the parser gave up"}
	o.want(mailer.Held, o.send(l))
	r := o.wantMails(cases.MailFailed, 1)[0]
	if _, err := o.Release(t.Context(), r.ID, o.mail(l), ""); err != nil {
		t.Fatal(err)
	}
	_, events := o.history("NORTH-1")
	if len(events[0].Message.Limits) != 1 || !strings.Contains(events[0].Message.Limits[0], "the parser gave up") {
		t.Errorf("the case says %q, want that the mail could not be read, and why", events[0].Message.Limits)
	}
}

func TestPrune(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	o.recipients()
	o.say(mailer.Refused, letter{from: "eve@evil.example", to: []string{"support@north.example"}})
	o.clock = o.clock.AddDate(0, 0, 31)
	if err := o.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	for state, what := range map[mailer.DeliveryState]string{mailer.Sent: "sent deliveries"} {
		if list, err := o.Deliveries(t.Context(), state, 0); err != nil || len(list) != 0 {
			t.Errorf("after 31 days %d %s are kept (%v)", len(list), what, err)
		}
	}
	o.wantMails(cases.MailRefused, 0)
	o.wantMails(cases.MailFiled, 1)
	o.wantEvents(number, cases.EventFiled)
}

func TestQueueLeases(t *testing.T) {
	o := newOffice(t)
	o.file("Printer")
	ctx := t.Context()
	first, err := o.Lease(ctx, 10)
	if err != nil || len(first) != 2 {
		t.Fatalf("leased %d (%v), want the two notices", len(first), err)
	}
	if first[0].Attempts != 1 || !first[0].Due.Equal(o.clock.Add(time.Minute)) {
		t.Errorf("the lease says attempt %d, due %s: want the attempt counted and the retry set before anything is dialled", first[0].Attempts, first[0].Due)
	}
	_, err = o.Drop(ctx, first[0].ID)
	wantKind(t, err, cases.Conflict) // it is being sent
	if err := o.Finish(ctx, first[0], errors.New("421 busy")); err != nil {
		t.Fatal(err)
	}
	if err := o.Finish(ctx, first[1], &mailer.PermanentError{Err: errors.New("550 no such user")}); err != nil {
		t.Fatal(err)
	}
	d, _ := o.Delivery(ctx, first[0].ID)
	if d.State != mailer.Waiting || d.LastError != "421 busy" {
		t.Errorf("after a temporary failure the delivery is %+v, want waiting with the error", d)
	}
	if d, _ := o.Delivery(ctx, first[1].ID); d.State != mailer.GivenUp {
		t.Errorf("after a permanent failure the delivery is %s, want failed", d.State)
	}
	o.clock = o.clock.Add(time.Minute)
	again, err := o.Lease(ctx, 10)
	if err != nil || len(again) != 1 || again[0].Attempts != 2 {
		t.Fatalf("a minute later %+v is leased (%v), want the one delivery's second attempt", again, err)
	}
	o.clock = o.clock.Add(mailer.MaxAge)
	if err := o.Finish(ctx, again[0], errors.New("421 busy")); err != nil {
		t.Fatal(err)
	}
	if d, _ := o.Delivery(ctx, again[0].ID); d.State != mailer.GivenUp {
		t.Errorf("after five days the delivery is %s, want failed", d.State)
	}
	if d, err := o.Retry(ctx, again[0].ID); err != nil || d.State != mailer.Waiting {
		t.Errorf("retrying a failed delivery gave %+v, %v", d, err)
	}
	if _, err := o.Drop(ctx, again[0].ID); err != nil {
		t.Errorf("dropping: %v", err)
	}
	_, err = o.Retry(ctx, again[0].ID)
	wantKind(t, err, cases.Conflict)
}

// TestDeadWorker: a delivery that was leased by a daemon that died, the first
// lease included, comes due again by its schedule, and not before.
func TestDeadWorker(t *testing.T) {
	o := newOffice(t)
	o.file("Printer")
	if leased, err := o.Lease(t.Context(), 1); err != nil || len(leased) != 1 {
		t.Fatalf("leased %d (%v), want 1 of the two notices", len(leased), err)
	}
	next := &cases.Desk{Store: o.Store, Blobs: o.Blobs, Keys: o.Keys, Hostname: o.Hostname, Now: o.Now}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if leased, err := next.Lease(ctx, 10); err == nil {
		t.Errorf("the next daemon leased %+v at once, want nothing before the retry time", leased)
	}
	o.clock = o.clock.Add(time.Minute)
	leased, err := next.Lease(t.Context(), 10)
	if err != nil || len(leased) != 2 || leased[0].Attempts != 2 {
		t.Errorf("a minute later the next daemon leased %+v (%v), want both notices' second attempt", leased, err)
	}
}

func TestShareAndLeave(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	o.recipients()
	ctx := t.Context()
	share := func(a string) (bool, error) {
		_, added, err := o.Share(ctx, strings.ToLower(number), mailer.MustAddress(a), false)
		return added, err
	}
	if added, err := share("guest@partner.example"); !added || err != nil {
		t.Fatalf("sharing with a guest: %v %v", added, err)
	}
	if got := o.recipients(); got != "guest@partner.example" {
		t.Errorf("sharing told %q, want the guest alone", got)
	}
	if added, err := share("GUEST@partner.example"); added || err != nil {
		t.Errorf("sharing twice: added %v, %v; want no change (R27)", added, err)
	}
	if added, err := share("anna@north.example"); !added || err != nil {
		t.Fatalf("sharing with a person's account: %v %v", added, err)
	}
	if got := o.recipients(); got != "anna@corp.example" {
		t.Errorf("sharing told %q, want Anna where she reads mail (R70, R71)", got)
	}
	if added, err := share("anna@corp.example"); added || err != nil {
		t.Errorf("sharing with Anna's other address: added %v, %v; she is there already (R70)", added, err)
	}
	for _, own := range []string{"support@north.example", "support@south.example", "x@gate.example", "nobody@north.example"} {
		_, err := share(own)
		wantKind(t, err, cases.Invalid) // T87
	}
	_, _, err := o.Share(ctx, "NORTH-99", mailer.MustAddress("a@b.example"), false)
	wantKind(t, err, cases.NotFound)

	leave := func(no uint16) error {
		_, err := o.Leave(ctx, o.Keys.Seal(mailer.Token{Purpose: mailer.PurposeLeave, Tenant: mailer.TenantTag("north"), Case: 1, Participant: no, Expires: o.clock.AddDate(1, 0, 0)}))
		return err
	}
	if err := leave(3); err != nil {
		t.Errorf("the guest leaves: %v", err)
	}
	if err := leave(3); err != nil {
		t.Errorf("leaving twice is no change, got %v", err)
	}
	if err := leave(4); err != nil {
		t.Errorf("Anna leaves: %v", err)
	}
	wantKind(t, leave(1), cases.Conflict) // R79: the last one
	wantKind(t, leave(9), cases.NotFound)
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{o.replyTo(number, 1)}, subject: "Re: x", text: "news"})
	if got := o.recipients(); got != "desk@agents.example" {
		t.Errorf("after they left, news went to %q (T23)", got)
	}
	o.want(mailer.Held, o.send(letter{from: "guest@partner.example", level: mailer.Verified, to: []string{o.replyTo(number, 3)}}))
}

func TestShareCap(t *testing.T) {
	o := newOffice(t)
	number := o.file("Printer")
	var err error
	for i := range cases.MaxShared + 1 {
		_, _, err = o.Share(t.Context(), number, mailer.MustAddress(string(rune('a'+i))+"@partner.example"), false)
		if i < cases.MaxShared && err != nil {
			t.Fatalf("share %d: %v", i, err)
		}
	}
	wantKind(t, err, cases.Conflict) // R27
}
