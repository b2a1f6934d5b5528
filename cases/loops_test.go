package cases_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/cases/store/bolt"
	"casegate/mailer"
)

// write is a mail of the requester of NORTH-1 with a text of its own.
func (o *office) write(i int) letter {
	return letter{from: "it@acme.example", to: []string{o.replyTo("NORTH-1", 1)}, subject: "more", text: words(i)}
}

// words is a text that differs from all others in more than its digits.
func words(i int) string {
	return strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprint(i))
}

// waiting lists the notices that wait, "to:first-last@minutes from now".
func (o *office) waiting() string {
	o.t.Helper()
	list, err := o.Deliveries(o.t.Context(), mailer.Waiting, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	var all []string
	for _, d := range list {
		all = append(all, fmt.Sprintf("%s:%d-%d@%d", d.Recipient.Local, d.First, d.Last, int(d.Due.Sub(o.clock).Minutes())))
	}
	return strings.Join(all, " ")
}

// toldNow lists to whom notices go at once, in order, and marks them sent.
func (o *office) toldNow() string {
	o.t.Helper()
	list, err := o.Deliveries(o.t.Context(), mailer.Waiting, 0)
	if err != nil {
		o.t.Fatal(err)
	}
	var to []string
	for _, d := range list {
		if d.Attempts == 0 {
			continue // put off
		}
		to = append(to, d.Recipient.String())
		if err := o.Finish(o.t.Context(), *d, nil); err != nil {
			o.t.Fatal(err)
		}
	}
	slices.Sort(to)
	return strings.Join(to, " ")
}

// quiet is an office with one case and nothing to be sent, which writes its log
// to a buffer.
func quiet(t *testing.T) (*office, *bytes.Buffer) {
	o, log := newOffice(t), &bytes.Buffer{}
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	o.file("Printer")
	o.deliver()
	return o, log
}

// TestHonestConversation: nine mails in an hour, of each of which everybody is
// told: the positive control of every brake.
func TestHonestConversation(t *testing.T) {
	t.Parallel()
	o, _ := quiet(t)
	for i := range 9 {
		from, told, token := "it@acme.example", "desk@agents.example", uint16(1)
		if i%2 == 1 {
			from, told, token = told, from, 2
		}
		o.say(mailer.Accepted, letter{from: from, to: []string{o.replyTo("NORTH-1", token)}, text: words(i)})
		if got := o.toldNow(); got != told {
			t.Errorf("of mail %d %q is told, want %q", i+1, got, told)
		}
		o.clock = o.clock.Add(6 * time.Minute)
	}
	if o.Braked() != 0 {
		t.Errorf("%d alarms, want none", o.Braked())
	}
}

// TestBrakes: each budget, up to which everybody is told of everything, and beyond
// which all is stored and nobody is told, with one alarm.
func TestBrakes(t *testing.T) {
	t.Parallel()
	acme := func(o *office, i int) letter { return o.write(i) }
	filed := func(from string) func(*office, int) letter {
		return func(o *office, i int) letter {
			return letter{from: from, to: []string{intake}, subject: words(i), text: words(i)}
		}
	}
	for _, test := range []struct {
		name   string
		limits cases.Limits
		letter func(o *office, i int) letter
		every  time.Duration // between two mails
		good   int           // mails after that which filed the case, of which the agent is told
	}{
		{"a sender in a case, an hour", cases.Limits{}, acme, time.Minute, 10 - 1},
		{"a sender in a case, a day", cases.Limits{SenderCaseHour: 99}, acme, time.Minute, 30 - 1},
		{"spread out over the day", cases.Limits{}, acme, 10 * time.Minute, 30 - 1},
		{"a case", cases.Limits{CaseHour: 4}, acme, time.Minute, 4 - 1},
		{"a sender", cases.Limits{SenderHour: 4}, acme, time.Minute, 4 - 1},
		{"a sender who files", cases.Limits{SenderHour: 4}, filed("it@acme.example"), time.Minute, 4 - 1},
		{"a sender who files, by default", cases.Limits{}, filed("it@acme.example"), time.Second, 100 - 1},
		{"a domain", cases.Limits{DomainHour: 4}, acme, time.Minute, 4 - 1},
		{"the same text", cases.Limits{}, func(o *office, i int) letter {
			l := o.write(0)
			l.subject, l.text = words(i), fmt.Sprintf("I am  away.\nYour number is %d", i)
			return l
		}, time.Minute, 3},
		{"the same above what it quotes", cases.Limits{}, func(o *office, i int) letter {
			l := o.write(0)
			l.text, l.reply = "Thank you\n> "+words(i), mailer.Reply{Text: "Thank you", Elided: "> " + words(i)}
			return l
		}, time.Minute, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o, log := quiet(t)
			o.Limits = test.limits
			for i := range test.good + 3 {
				m := o.mail(test.letter(o, i))
				m.Identity.Level = mailer.Verified
				if got, err := o.Accept(t.Context(), m); err != nil || got[0].Verdict != mailer.Accepted {
					t.Fatalf("mail %d: %v, %v; want it stored", i+1, got, err)
				}
				told := strings.Contains(o.toldNow(), "desk@agents.example")
				if told != (i < test.good) {
					t.Errorf("of mail %d the agent is told now: %v, want of the first %d", i+1, told, test.good)
				}
				r, err := o.Mail(t.Context(), m.ID)
				if err != nil || strings.Contains(fmt.Sprint(r.Trace.Effects), "nobody is told now") != !told {
					t.Errorf("mail %d: told is %v, and the trace says %q (%v)", i+1, told, r.Trace.Effects, err)
				}
				o.clock = o.clock.Add(test.every)
			}
			alarms := int64(strings.Count(log.String(), "mail loop?"))
			if alarms == 0 || alarms != o.Braked() {
				t.Errorf("%d alarms in the log and %d counted, want the same", alarms, o.Braked())
			}
		})
	}
}

// TestMonitoringIsNoLoop: a system that files many cases has the agents told of
// each, and raises no alarm, up to the sender's limit.
func TestMonitoringIsNoLoop(t *testing.T) {
	t.Parallel()
	o := monitored(t)
	for i := range 101 {
		o.say(mailer.Accepted, letter{from: "alerts@acme.example", to: []string{intake}, kind: mailer.KindMonitoring, subject: words(i), text: "DOWN"})
		want := "desk@agents.example"
		if i == 100 {
			want = ""
		}
		if got := o.toldNow(); got != want || o.Braked() > 0 && i < 100 {
			t.Fatalf("of case %d %q is told, with %d alarms; want %q and none up to 100", i+1, got, o.Braked(), want)
		}
	}
	if o.Braked() != 1 {
		t.Errorf("%d alarms after 101 cases, want one", o.Braked())
	}
}

// TestCatchUp: while a brake is on, each reader has one notice waiting, which
// grows; it goes when the window ends, or with whatever may go before.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	o, _ := quiet(t)
	o.Limits.SenderCaseHour = 2
	if _, _, err := o.Share(t.Context(), "NORTH-1", mailer.MustAddress("guest@partner.example"), false); err != nil {
		t.Fatal(err)
	}
	o.deliver()
	o.say(mailer.Accepted, o.write(0)) // entry 3
	o.deliver()
	for i := range 5 {
		o.say(mailer.Accepted, o.write(i+1))
		if told := o.recipients(); told != "" {
			t.Errorf("%q is told of mail %d, want nobody", told, i)
		}
	}
	if got := o.waiting(); got != "desk:4-8@60 guest:4-8@60" {
		t.Errorf("waiting: %s; want one notice for each reader, of entries 4 to 8, in an hour", got)
	}
	if c, _ := o.history("NORTH-1"); len(c.Untold) != 2 {
		t.Errorf("the case remembers %v, want two notices", c.Untold)
	}
	if problems, err := o.Store.(*bolt.Store).Verify(t.Context(), nil); err != nil || len(problems) > 0 {
		t.Errorf("verify reports %q (%v), want a sound store", problems, err)
	}

	// The agent answers: the guest hears of all, the agent still waits.
	o.say(mailer.Accepted, letter{from: "desk@agents.example", to: []string{o.replyTo("NORTH-1", 2)}, text: "Stop it."})
	told := map[string]string{}
	for _, d := range o.deliver() {
		told[d.Recipient.Local] = fmt.Sprintf("%d-%d", d.First, d.Last)
	}
	if got := fmt.Sprint(told); got != "map[guest:4-9 it:9-9]" {
		t.Errorf("told %s, want the guest of 4 to 9 and the requester of 9", got)
	}
	if got := o.waiting(); got != "desk:4-8@60" {
		t.Errorf("waiting: %s; want that of the agent", got)
	}

	o.clock = o.clock.Add(time.Hour)
	if got := o.recipients(); got != "desk@agents.example" {
		t.Errorf("at the end of the window %q is told, want the agent", got)
	}
	o.say(mailer.Accepted, o.write(9)) // the brake is off
	if got := o.recipients(); got != "desk@agents.example guest@partner.example" {
		t.Errorf("after it %q is told, want both", got)
	}
	if c, _ := o.history("NORTH-1"); len(c.Untold) != 0 {
		t.Errorf("the case remembers %v, want nothing", c.Untold)
	}
}

// TestCatchUpTried: a notice that is being sent does not change any more: what
// comes now is for the next.
func TestCatchUpTried(t *testing.T) {
	t.Parallel()
	o, _ := quiet(t)
	o.Limits.SenderCaseDay = 1
	o.say(mailer.Accepted, o.write(0))
	o.clock = o.clock.Add(24 * time.Hour)
	going, err := o.Lease(t.Context(), 9)
	if err != nil || len(going) != 1 || going[0].Last != 2 {
		t.Fatalf("leased %+v (%v), want the notice of entry 2", going, err)
	}
	o.say(mailer.Accepted, o.write(1)) // a new day: told at once
	o.say(mailer.Accepted, o.write(2))
	again, err := o.Delivery(t.Context(), going[0].ID)
	if err != nil || again.Last != 2 || again.State != mailer.Waiting {
		t.Errorf("the notice is %+v (%v), want as it was leased", again, err)
	}
	if got := o.waiting(); !strings.Contains(got, "desk:4-4@1440") {
		t.Errorf("waiting: %s; want one of entry 4 in a day", got)
	}
}

// twice is a store that runs every update twice, the first time in vain.
type twice struct{ cases.Store }

func (s twice) Update(ctx context.Context, f func(cases.Tx) error) error {
	again := errors.New("run it again")
	err := s.Store.Update(ctx, func(tx cases.Tx) error { return errors.Join(f(tx), again) })
	if !errors.Is(err, again) {
		return err
	}
	return s.Store.Update(ctx, f)
}

// TestBrakeCountsCommits: an update that runs twice counts once, and explaining
// does not count.
func TestBrakeCountsCommits(t *testing.T) {
	t.Parallel()
	o, _ := quiet(t)
	o.Store = twice{o.Store}
	for i := range 9 {
		m := o.mail(o.write(i))
		if _, err := o.Explain(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		o.say(mailer.Accepted, o.write(i))
		if got := o.toldNow(); got != "desk@agents.example" {
			t.Errorf("of mail %d %q is told, want the agent", i+1, got)
		}
	}
	o.say(mailer.Accepted, o.write(9))
	if got := o.toldNow(); got != "" {
		t.Errorf("of the 11th mail of the hour %q is told, want nobody", got)
	}
}
