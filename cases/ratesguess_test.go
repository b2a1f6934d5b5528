package cases_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"casegate/cases"
	"casegate/mailer"
)

// peer is an envelope that comes from an address and a domain.
func peer(remote, from string) *mailer.Envelope {
	env := &mailer.Envelope{Remote: netip.MustParseAddr(remote)}
	if from != "" {
		env.ReversePath = mailer.MustAddress(from)
	}
	return env
}

func guess(i int) mailer.Address {
	part := []string{"case-", "h-", "c-", "r-", "CASE-"}[i%5]
	return mailer.MustAddress(part + strings.Repeat("a", 40) + fmt.Sprintf("%08d", i) + "@gate.example")
}

// TestGuessing: 10,000 guesses of an authentic customer find nothing, are told
// nothing, and are put off after 20; so is a right address of that peer, or the
// answer would tell that it is right (T18, T35, T45).
func TestGuessing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	right := mailer.MustAddress(o.replyTo(o.file("Printer"), 1))
	before, env := o.state(), peer("192.0.2.1", "it@omega.example")
	for i := range 10_000 {
		got := o.Check(t.Context(), env, guess(i))
		want := mailer.Outcome{Recipient: guess(i), Verdict: mailer.Refused, Reason: mailer.NoSuchAddress, Text: "No such address here"}
		if i >= 20 {
			want = mailer.Outcome{Recipient: guess(i), Verdict: mailer.Deferred, Reason: mailer.TooMany, Text: "Too many unknown addresses, try later"}
		}
		if got != want {
			t.Fatalf("guess %d was answered %+v, want %+v", i+1, got, want)
		}
	}
	for _, test := range []struct {
		name string
		env  *mailer.Envelope
		rcpt mailer.Address
		want mailer.Verdict
	}{
		{"the right address, of the peer", env, right, mailer.Deferred},
		{"the same, mapped into IPv6", peer("::ffff:192.0.2.1", "x@omega.example"), right, mailer.Deferred},
		{"control: another domain behind the same address", peer("192.0.2.1", "it@acme.example"), right, mailer.Accepted},
		{"control: another address of the same domain", peer("192.0.2.2", "it@omega.example"), right, mailer.Accepted},
		{"control: the intake", env, mailer.MustAddress(intake), mailer.Accepted},
		{"any other unknown address", env, mailer.MustAddress("sales@north.example"), mailer.Refused},
	} {
		if got := o.Check(t.Context(), test.env, test.rcpt); got.Verdict != test.want {
			t.Errorf("%s: answered %q, want %q", test.name, got.Verdict, test.want)
		}
	}
	if after := o.state(); after != before {
		t.Errorf("guessing changed the cases to\n%s", after)
	}
	if n := o.Throttled(); n != 9_982 {
		t.Errorf("%d recipients were put off, want 9,980 guesses and 2 right ones", n)
	}
	if n := strings.Count(log.String(), "guessing at reply addresses"); n != 1 {
		t.Errorf("%d alarms, want one", n)
	}
	o.clock = o.clock.Add(time.Hour)
	if got := o.Check(t.Context(), env, right); got.Verdict != mailer.Accepted {
		t.Errorf("after an hour the right address is answered %q, want accepted", got.Verdict)
	}
}

// TestGuessingPeers: who counts as the same peer.
func TestGuessingPeers(t *testing.T) {
	t.Parallel()
	front := func(remote, from string) *mailer.Envelope {
		env := peer(remote, from)
		env.FrontHop = true
		return env
	}
	for _, test := range []struct {
		name   string
		guess  *mailer.Envelope
		other  *mailer.Envelope
		braked bool
	}{
		{"an IPv6 network of a customer", peer("2001:db8:1:2::1", evil), peer("2001:db8:1:2:ffff::9", evil), true},
		{"its neighbour", peer("2001:db8:1:2::1", evil), peer("2001:db8:1:3::1", evil), false},
		{"bounces of one server", peer("192.0.2.1", ""), peer("192.0.2.1", ""), true},
		{"bounces and a domain", peer("192.0.2.1", ""), peer("192.0.2.1", evil), false},
		{"a front hop brings everybody's mail", front("192.0.2.1", evil), front("192.0.2.1", "ann@evil.example"), false},
		{"the same sender by another front hop", front("192.0.2.1", evil), front("192.0.2.7", evil), true},
		{"a front hop and a client", front("192.0.2.1", evil), peer("192.0.2.1", evil), false},
		{"no connection, so no peer", &mailer.Envelope{}, &mailer.Envelope{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			o.Limits.GuessesHour = 2
			right := mailer.MustAddress(o.replyTo(o.file("Printer"), 1))
			for i := range 3 {
				o.Check(t.Context(), test.guess, guess(i))
			}
			if got := o.Check(t.Context(), test.other, right); (got.Verdict == mailer.Deferred) != test.braked {
				t.Errorf("answered %q, want it put off: %v", got.Verdict, test.braked)
			}
		})
	}
}

// TestNumbersTellNothing: a number in the subject that leads nowhere, to a case of
// somebody else or to another tenant's is answered in the same words (T18, T35).
func TestNumbersTellNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, from string
		level      mailer.Level
	}{
		{"a stranger", evil, mailer.Verified},
		{"a customer of the other reseller", "it@omega.example", mailer.Verified},
		{"another contact, unverified", "it@gamma.example", mailer.Unverified},
		{"another contact", "it@gamma.example", mailer.Verified},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			first := ""
			for _, subject := range []string{"Help", "[NORTH-999] Help", "[NORTH-1] Help", "[SOUTH-1] Help"} {
				o := attacked(t)
				got := o.send(letter{from: test.from, level: test.level, to: []string{intake}, subject: subject})
				told := o.toldNow()
				answer := fmt.Sprint(got, told)
				if first == "" {
					first = answer
				}
				if answer != first {
					t.Errorf("%q is answered %s, want as without a number: %s", subject, answer, first)
				}
				if _, events := o.history("NORTH-1"); len(events) != 1 {
					t.Errorf("%q got into NORTH-1, which is not the sender's", subject)
				}
			}
		})
	}
	o := attacked(t)
	o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{intake}, subject: "[NORTH-1] Help"})
	o.wantEvents("NORTH-1", cases.EventFiled, cases.EventMessage) // control
}
