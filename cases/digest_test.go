package cases_test

import (
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/cases/store/bolt"
	"casegate/mailer"
)

// TestDigest: whatever the daemon calls and when, everybody who answers for a
// reseller hears of what is held once a day, from eight o'clock in its zone.
func TestDigest(t *testing.T) {
	c := newReleasingOffice(t) // Friday 12:00 UTC: 13:00 in Warsaw, 20:00 in Taipei
	c.hold(letter{from: "it@acme.example", to: []string{"support@north.example"}, subject: "x", kind: mailer.KindAuto})
	c.send(letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "filed"})
	c.deliver()
	got := map[string]string{}
	for range 3 * 24 * 4 { // every quarter of an hour for three days
		n, err := c.Digest(t.Context(), c.clock)
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			got[c.clock.Format("Mon 15:04")] = c.told(mailer.DigestKind)
		}
		c.clock = c.clock.Add(15 * time.Minute)
	}
	want := map[string]string{"Sat 07:00": "desk@agents.example", "Sun 07:00": "desk@agents.example", "Mon 07:00": "desk@agents.example"}
	if len(got) != len(want) {
		t.Errorf("digests went %v, want %v (08:00 in Warsaw)", got, want)
	}
	for at, to := range want {
		if got[at] != to {
			t.Errorf("on %s the digest went to %q, want %q", at, got[at], to)
		}
	}
	if problems, err := c.Store.(*bolt.Store).Verify(t.Context(), nil); err != nil || len(problems) > 0 {
		t.Errorf("after all that the store has %q (%v), want nothing that does not fit", problems, err)
	}
}

// TestDigestReaders: every agent; the administrators where there is no agent; no
// one of another reseller; nobody about the operator's mail, or about nothing.
func TestDigestReaders(t *testing.T) {
	held := letter{from: "it@acme.example", to: []string{"support@north.example"}, subject: "x"}
	tests := []struct {
		name   string
		letter letter
		change func(*cases.Directory)
		want   string
	}{
		{"the agent", held, func(*cases.Directory) {}, "desk@agents.example"},
		{"two agents", held, func(d *cases.Directory) { d.People[1].Accounts[0].Roles = []string{cases.RoleSupportAgent} }, "bo@corp.example desk@agents.example"},
		{"no agent: the administrator", held, func(d *cases.Directory) { d.People[3].Accounts[0].Roles = nil }, "anna@corp.example"},
		{"an agent who reads no mail", held, func(d *cases.Directory) { d.People[3].Linked = nil }, ""},
		{"the operator's mail", letter{from: "eve@evil.example", to: []string{"postmaster@north.example"}, subject: "x"}, func(*cases.Directory) {}, ""},
		{"nothing held", letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "x"}, func(*cases.Directory) {}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newReleasingOffice(t)
			dir := casestest.Directory()
			test.change(dir)
			if err := dir.Index(); err != nil {
				t.Fatal(err)
			}
			if _, err := c.ApplyDirectory(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
			c.send(test.letter)
			c.deliver()
			c.clock = c.clock.Add(24 * time.Hour)
			n, err := c.Digest(t.Context(), c.clock)
			if got := c.told(mailer.DigestKind); got != test.want || err != nil || n != len(strings.Fields(test.want)) {
				t.Errorf("%d digests went to %q (%v), want %q", n, got, err, test.want)
			}
		})
	}
}

// TestHeldOnHiddenCase: what came to a case that the reseller may not see by now,
// or that has no grant, is told to none of its people and decided by none (R20,
// R30, R80); the operator still has it.
func TestHeldOnHiddenCase(t *testing.T) {
	for name, change := range map[string]func(*cases.Customer){
		"the control": func(*cases.Customer) {},
		"moved":       func(c *cases.Customer) { c.Managed[0].Until = casestest.Now.Add(time.Hour) },
		"no grant":    func(c *cases.Customer) { c.Denied = true },
	} {
		t.Run(name, func(t *testing.T) {
			c := newReleasingOffice(t)
			held := c.hold(c.strange(c.file("Printer"), 1, "hello"))
			c.deliver()
			dir := casestest.Directory()
			change(&dir.Customers[0])
			if err := dir.Index(); err != nil {
				t.Fatal(err)
			}
			if _, err := c.ApplyDirectory(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
			c.clock = c.clock.Add(24 * time.Hour)
			if n, err := c.Digest(t.Context(), c.clock); (n == 1) != (name == "the control") || err != nil {
				t.Errorf("%d digests (%v)", n, err)
			}
			want, status := mailer.Refused, cases.MailHeld
			if name == "the control" {
				want, status = mailer.Accepted, cases.MailDiscarded
			}
			if list, err := c.Waiting(t.Context(), 0); err != nil || len(list) != 1 || (len(list[0].Held.MayRelease) == 1) != (name != "the control") {
				t.Errorf("the operator sees %+v (%v), want the mail and who may decide", list, err)
			}
			c.want(want, c.send(answer("desk@agents.example", c.decideAt(held.ID), "discard")))
			if r, _ := c.Mail(t.Context(), held.ID); r.Status != status {
				t.Errorf("after the agent's word it is %q, want %q", r.Status, status)
			}
			if status == cases.MailHeld {
				if _, err := c.Discard(t.Context(), held.ID); err != nil {
					t.Errorf("the operator discards it: %v", err)
				}
			}
		})
	}
}

// TestHeldAge: what waits is counted, failed mail too, and nothing else.
func TestHeldAge(t *testing.T) {
	c := newReleasingOffice(t)
	if n, oldest, err := c.HeldAge(t.Context()); n != 0 || !oldest.IsZero() || err != nil {
		t.Errorf("of nothing: %d since %s (%v)", n, oldest, err)
	}
	first := c.clock
	one := c.hold(letter{from: "it@acme.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "x", failure: "the parser gave up"})
	c.clock = c.clock.Add(time.Hour)
	c.hold(unsure("Printer"))
	c.send(letter{from: "eve@evil.example", to: []string{"support@north.example"}, subject: "refused"})
	if n, oldest, err := c.HeldAge(t.Context()); n != 2 || !oldest.Equal(first) || err != nil {
		t.Errorf("%d since %s (%v), want 2 since %s", n, oldest, err, first)
	}
	if _, err := c.Discard(t.Context(), one.ID); err != nil {
		t.Fatal(err)
	}
	if n, oldest, err := c.HeldAge(t.Context()); n != 1 || !oldest.Equal(c.clock) || err != nil {
		t.Errorf("%d since %s (%v), want 1 since now", n, oldest, err)
	}
}
