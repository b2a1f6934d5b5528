package cases_test

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// TestDecideOnce: the same reply again, and a second one, do nothing more
// (design 2.3).
func TestDecideOnce(t *testing.T) {
	c := newReleasingOffice(t)
	number := c.file("Printer")
	held := c.hold(c.strange(number, 1, "hello"))
	at := c.decideAt(held.ID)
	release, discard := answer("desk@agents.example", at, "release"), answer("desk@agents.example", at, "discard")
	for _, l := range []letter{release, release, discard} {
		c.want(mailer.Accepted, c.send(l))
		c.clock = c.clock.Add(time.Minute)
	}
	c.wantEvents(number, cases.EventFiled, cases.EventMessage)
	if list := c.wantMails(cases.MailNoted, 2); !strings.Contains(strings.Join(list[0].Trace.Effects, ";"), "decided already") {
		t.Errorf("the second reply did %q, want only that it is decided already", list[0].Trace.Effects)
	}
	if raw, err := c.Raw(t.Context(), held.ID); err != nil {
		t.Errorf("the released mail has lost its bytes: %v", err)
	} else {
		raw.Close()
	}
}

// TestDecideRace: of all who decide at the same moment one does.
func TestDecideRace(t *testing.T) {
	c := newReleasingOffice(t)
	number := c.file("Printer")
	entries := 1
	for round := range 5 {
		held := c.hold(c.strange(number, 1, fmt.Sprint("hello ", round)))
		raw := c.kept[held.Sum]
		var all sync.WaitGroup
		for i, word := range []string{"release", "discard", "release", "discard"} {
			m := c.mail(answer("desk@agents.example", c.decideAt(held.ID), fmt.Sprint(word, "\n", round, i)))
			all.Go(func() { c.Accept(t.Context(), m) })
		}
		all.Go(func() { c.Release(t.Context(), held.ID, raw, "") })
		all.Go(func() { c.Discard(t.Context(), held.ID) })
		all.Wait()
		r, err := c.Mail(t.Context(), held.ID)
		if err == nil && r.Status == cases.MailFiled {
			entries++
		}
		if _, events := c.history(number); err != nil || len(events) != entries || r.Status != cases.MailFiled && r.Status != cases.MailDiscarded {
			t.Fatalf("after six decisions the mail is %q (%v) and the case has %d entries, want %d", r.Status, err, len(events), entries)
		}
	}
	c.wantMails(cases.MailNoted, 20) // each reply is answered
}

// TestDecideTwiceRun: a store may run what decides more than once, and it comes to
// the same (design 5).
func TestDecideTwiceRun(t *testing.T) {
	c := newReleasingOffice(t)
	c.Store = twice{c.Store}
	number := c.file("Printer")
	c.share(number, "guest@partner.example", false)
	c.deliver()
	for _, word := range []string{"release", "what?", "discard", "block"} {
		held := c.hold(c.strange(number, 1, word))
		c.want(mailer.Accepted, c.send(answer("desk@agents.example", c.decideAt(held.ID), word)))
	}
	asked := c.hold(unsure("Screen"))
	c.want(mailer.Accepted, c.send(letter{from: "it@acme.example", to: []string{c.confirmAt(asked.ID)}, subject: "Re", reply: mailer.Reply{Text: "yes"}}))
	c.wantEvents(number, cases.EventFiled, cases.EventShared, cases.EventMessage)
	c.wantEvents("NORTH-2", cases.EventFiled)
	c.wantMails(cases.MailDiscarded, 2)
	c.wantMails(cases.MailHeld, 1)
	if list, err := c.Blocks(t.Context(), "north"); err != nil || len(list) != 1 {
		t.Errorf("the block list is %+v (%v), want eve", list, err)
	}
	var told []string
	for _, d := range c.deliver() {
		told = append(told, fmt.Sprint(cmp.Or(d.Kind, "notice"), " ", d.Recipient))
	}
	slices.Sort(told)
	want := []string{
		"confirm it@acme.example", "held desk@agents.example", "held desk@agents.example", "held desk@agents.example", "held desk@agents.example",
		"held desk@agents.example", "held desk@agents.example",
		"held it@acme.example", "held it@acme.example", "held it@acme.example", "held it@acme.example",
		"notice desk@agents.example", "notice desk@agents.example", "notice guest@partner.example", "notice it@acme.example", "notice it@acme.example",
	}
	if !slices.Equal(told, want) {
		t.Errorf("told:\n%s\nwant:\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

// TestLoggedForFrontHop: a mail that is refused and yet taken has a line in the log,
// and each tenant's names the id that the client was told.
func TestLoggedForFrontHop(t *testing.T) {
	o := newOffice(t)
	var log strings.Builder
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	l := letter{from: "eve@evil.example", level: mailer.Verified, subject: "x", to: []string{"support@north.example", "support@south.example"}}
	o.send(l)
	if log.Len() > 0 {
		t.Errorf("a direct client's refused mail is logged as %q: that is for the door", log.String())
	}
	l.frontHop = true
	m := o.mail(l)
	if _, err := o.Accept(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || strings.Count(log.String(), "verdict=refused") != 2 || strings.Count(log.String(), "recorded=true") != 2 ||
		!strings.Contains(lines[0], " id="+string(m.ID)) || !strings.Contains(lines[1], " answered_as="+string(m.ID)) {
		t.Errorf("logged as\n%s\nwant a line for each tenant, refused and recorded, with the id %s that was told", log.String(), m.ID)
	}
}
