package cases_test

import (
	"testing"

	"casegate/cases"
	"casegate/cases/casestest"
	"casegate/mailer"
)

// monitored is an office in which alerts@acme.example alerts about acme.example,
// and noc@north-tools.example about every customer of north.
func monitored(t *testing.T) *office {
	o := newOffice(t)
	d := casestest.Directory()
	d.Resellers[0].Monitoring = []mailer.Address{mailer.MustAddress("noc@north-tools.example")}
	d.Customers[0].Monitoring = []mailer.Address{mailer.MustAddress("Alerts@acme.example")}
	o.apply(d)
	return o
}

// TestMonitoring: a configured sender files by automatic mail (R78), for its
// customer only, and not by what is an answer to other mail.
func TestMonitoring(t *testing.T) {
	for _, test := range []struct {
		name   string
		letter letter
		want   mailer.Verdict
		filed  string
	}{
		{"an alert", letter{from: "alerts@acme.example", level: mailer.Verified, kind: mailer.KindMonitoring}, mailer.Accepted, "acme.example"},
		{"an alert by SPF alone", letter{from: "alerts@acme.example", level: mailer.VerifiedSPF, kind: mailer.KindAuto}, mailer.Accepted, "acme.example"},
		{"an alert that looks like a person's", letter{from: "alerts@acme.example", level: mailer.Verified}, mailer.Accepted, "acme.example"},
		{"its absence note", letter{from: "alerts@acme.example", level: mailer.Verified, kind: mailer.KindAutoReply}, mailer.Held, ""},
		{"its bounce", letter{from: "alerts@acme.example", level: mailer.Verified, kind: mailer.KindBounce}, mailer.Held, ""},
		{"unverified", letter{from: "alerts@acme.example", kind: mailer.KindAuto}, mailer.Held, ""},
		{"forged", letter{from: "alerts@acme.example", level: mailer.Failed, reject: true, kind: mailer.KindAuto}, mailer.Refused, ""},
		{"for another customer", letter{from: "alerts@acme.example", level: mailer.Verified, kind: mailer.KindAuto, to: []string{"support+gamma.example@north.example"}}, mailer.Refused, ""},
		{"to another reseller", letter{from: "alerts@acme.example", level: mailer.Verified, kind: mailer.KindAuto, to: []string{"support@south.example"}}, mailer.Refused, ""},
		{"the reseller's own, of a customer", letter{from: "noc@north-tools.example", level: mailer.Verified, kind: mailer.KindAuto, to: []string{"support+gamma.example@north.example"}}, mailer.Accepted, "gamma.example"},
		{"the reseller's own, of nobody", letter{from: "noc@north-tools.example", level: mailer.Verified, kind: mailer.KindAuto}, mailer.Held, ""},
		{"a contact's automatic mail", letter{from: "it@acme.example", level: mailer.Verified, kind: mailer.KindMonitoring}, mailer.Held, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := monitored(t)
			if test.letter.to == nil {
				test.letter.to = []string{"support@north.example"}
			}
			o.want(test.want, o.send(test.letter))
			list, err := o.List(t.Context(), cases.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			filed := ""
			for _, c := range list {
				filed += c.Customer
			}
			if filed != test.filed {
				t.Errorf("filed for %q, want %q", filed, test.filed)
			}
			for _, d := range o.deliver() {
				if d.Recipient.Is(mailer.MustAddress(test.letter.from)) {
					t.Errorf("a %q mail goes to the monitoring sender: nobody reads there (T85)", d.Kind)
				}
			}
		})
	}
}

// TestMonitoringFollowsUp: "resolved" belongs to the case of the alert; the agents'
// answers never go to the system that sent it.
func TestMonitoringFollowsUp(t *testing.T) {
	o := monitored(t)
	alert := letter{from: "alerts@acme.example", to: []string{"support@north.example"}, kind: mailer.KindMonitoring, subject: "DOWN", messageID: "1@acme.example"}
	o.say(mailer.Accepted, alert)
	o.say(mailer.Accepted, letter{from: "alerts@acme.example", to: []string{"support@north.example"}, kind: mailer.KindMonitoring, subject: "UP", refs: []string{"1@acme.example"}})
	o.wantEvents("NORTH-1", cases.EventFiled, cases.EventAuto)
	c, _ := o.history("NORTH-1")
	if len(c.Participants) != 1 || c.Participants[0].Role != cases.RoleAgent {
		t.Errorf("participants are %+v, want the agent alone", c.Participants)
	}
	o.say(mailer.Accepted, letter{from: "desk@agents.example", to: []string{o.replyTo("NORTH-1", 1)}, text: "On it."})
	if got := o.recipients(); got != "desk@agents.example" {
		t.Errorf("notices went to %q, want of the alert to the agent, and no others", got)
	}
	// Another customer's system does not get into the case by its Message-ID.
	o.say(mailer.Refused, letter{from: evil, to: []string{"support@north.example"}, kind: mailer.KindMonitoring, refs: []string{"1@acme.example"}})
}
