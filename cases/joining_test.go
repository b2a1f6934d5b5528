package cases_test

import (
	"fmt"
	"strings"
	"testing"

	"casegate/cases"
	"casegate/mailer"
)

// TestCcGrantsNothing: who is in Cc of a mail is asked for, and neither joins nor
// hears of the case, whatever the mail is worth (T21, F3, T12).
func TestCcGrantsNothing(t *testing.T) {
	crowd := ""
	for i := range 15 {
		crowd += fmt.Sprintf("p%02d@crowd.example ", i)
	}
	for _, test := range []struct {
		name   string
		letter letter
		want   string // for whom is asked
	}{
		{"an outsider", letter{from: "it@acme.example", level: mailer.Verified, toCc: "x@evil.example"}, "x@evil.example"},
		{"everybody known", letter{from: "it@acme.example", level: mailer.Verified,
			toCc: "it@acme.example IT@acme.example desk@north.example desk@agents.example support@north.example nobody@north.example support@south.example postmaster@gate.example"}, ""},
		{"a colleague twice", letter{from: "it@acme.example", level: mailer.Verified, toCc: "anna@corp.example boss@acme.example Boss@acme.example"}, "anna@corp.example boss@acme.example"},
		{"a crowd", letter{from: "it@acme.example", level: mailer.Verified, toCc: crowd}, strings.Join(strings.Fields(crowd)[:10], " ")},
		{"unverified", letter{from: "it@acme.example", toCc: "x@evil.example"}, ""},
		{"by SPF alone", letter{from: "it@acme.example", level: mailer.VerifiedSPF, toCc: "x@evil.example"}, ""},
		{"automatic", letter{from: "it@acme.example", level: mailer.Verified, kind: mailer.KindAutoReply, toCc: "x@evil.example"}, ""},
		{"by a list", letter{from: "it@acme.example", level: mailer.Verified, kind: mailer.KindList, toCc: "x@evil.example"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := attacked(t)
			before, _ := o.history("NORTH-1")
			test.letter.to, test.letter.text = []string{o.replyTo("NORTH-1", 1)}, "More."
			o.want(mailer.Accepted, o.send(test.letter))
			c, events := o.history("NORTH-1")
			if fmt.Sprint(c.Participants) != fmt.Sprint(before.Participants) {
				t.Errorf("participants are %+v, want as before: being in Cc grants nothing", c.Participants)
			}
			if got := addresses(c.Requested); got != test.want {
				t.Errorf("the case is asked to be shared with %q, want %q", got, test.want)
			}
			last := events[len(events)-1]
			if test.want == "" && len(events) != 2 || test.want != "" && (last.Type != cases.EventShareRequested || addresses(last.Requested) != test.want || last.Mail != events[1].Mail || last.Group != events[1].Group) {
				t.Errorf("the history ends with %+v, want one group of the mail and the request for %q", last, test.want)
			}
			for _, d := range o.deliver() {
				if d.Recipient.String() != "desk@agents.example" {
					t.Errorf("%s was told of the case, want the agent alone", d.Recipient)
				}
			}
		})
	}
}

func addresses(list []mailer.Address) string {
	var all []string
	for _, a := range list {
		all = append(all, a.String())
	}
	return strings.Join(all, " ")
}

// TestShareIsAskedForOnce: a second mail with the same Cc asks for nobody again;
// whoever the case is then shared with follows it.
func TestShareIsAskedForOnce(t *testing.T) {
	o := newOffice(t)
	l := letter{from: "it@acme.example", to: []string{"support@north.example"}, toCc: "support@north.example boss@acme.example", subject: "Printer"}
	o.say(mailer.Accepted, l)
	o.wantEvents("NORTH-1", cases.EventFiled, cases.EventShareRequested)
	l.to, l.text = []string{o.replyTo("NORTH-1", 1)}, "More."
	o.say(mailer.Accepted, l)
	o.wantEvents("NORTH-1", cases.EventFiled, cases.EventShareRequested, cases.EventMessage)
	o.deliver()
	if _, added, err := o.Share(t.Context(), "NORTH-1", mailer.MustAddress("boss@acme.example"), false); err != nil || !added {
		t.Fatalf("sharing with who was asked for: %v, %v", added, err)
	}
	if got := o.recipients(); got != "boss@acme.example" {
		t.Errorf("sharing told %q, want who was asked for", got)
	}
}

// TestShareRequestsEnd: mail after mail with ever new people fills no case.
func TestShareRequestsEnd(t *testing.T) {
	o := attacked(t)
	to := o.replyTo("NORTH-1", 1)
	for i := range 8 {
		crowd := ""
		for k := range 10 {
			crowd += fmt.Sprintf("p%d-%d@crowd.example ", i, k)
		}
		o.say(mailer.Accepted, letter{from: "it@acme.example", to: []string{to}, text: fmt.Sprint(i), toCc: crowd})
	}
	if c, _ := o.history("NORTH-1"); len(c.Requested) != 50 {
		t.Errorf("the case is asked to be shared with %d addresses, want no more than 50", len(c.Requested))
	}
}

// TestReleasedMailAsksForNobody: who releases a stranger's mail vouches for it, and
// not for everybody it names.
func TestReleasedMailAsksForNobody(t *testing.T) {
	o := attacked(t)
	l := letter{from: evil, level: mailer.Verified, to: []string{o.replyTo("NORTH-1", 1)}, toCc: "x@evil.example"}
	o.want(mailer.Held, o.send(l))
	if _, err := o.Release(t.Context(), o.wantMails(cases.MailHeld, 1)[0].ID, o.mail(l), ""); err != nil {
		t.Fatal(err)
	}
	o.wantEvents("NORTH-1", cases.EventFiled, cases.EventMessage)
}
