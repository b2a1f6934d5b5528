package cases_test

import (
	"testing"

	"casegate/cases"
	"casegate/mailer"
)

// TestInVain: whoever decides in vain is told why; whoever may not decide is told
// nothing that helps.
func TestInVain(t *testing.T) {
	const desk = "desk@agents.example"
	anna := letter{from: "anna@corp.example", level: mailer.Verified, to: []string{"support@north.example"}, subject: "For whom?"}
	tests := []struct {
		name  string
		held  func(c *clerk) letter
		words []string // one answer each
		want  cases.Vain
	}{
		{"a misspelt word", nil, []string{"relase"}, cases.VainWord},
		{"no customer", func(*clerk) letter { return anna }, []string{"release"}, cases.VainCustomer},
		{"a customer of nobody", func(*clerk) letter { return anna }, []string{"release nobody.example"}, cases.VainUnknownCustomer},
		{"somebody known", func(*clerk) letter { return anna }, []string{"block"}, cases.VainKnownSender},
		{"decided already", nil, []string{"discard", "release"}, cases.VainDecided},
		{"control: it works", nil, []string{"release"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newReleasingOffice(t)
			l := c.strange(c.file("Printer"), 1, "hello")
			if test.held != nil {
				l = test.held(c)
			}
			held := c.hold(l)
			c.deliver()
			for _, word := range test.words {
				c.want(mailer.Accepted, c.send(answer(desk, c.decideAt(held.ID), word)))
			}
			var told []mailer.Delivery
			for _, d := range c.deliver() {
				if d.Note != "" {
					told = append(told, d)
				}
			}
			switch {
			case test.want == "" && len(told) > 0:
				t.Errorf("%s is told %q, and it was not in vain", told[0].Recipient, told[0].Note)
			case test.want != "" && (len(told) != 1 || told[0].Note != string(test.want) || told[0].Recipient != mailer.MustAddress(desk)):
				t.Errorf("told were %+v, want %s, once, of %q", told, desk, test.want)
			}
		})
	}
}

// TestSignedInAsAnother: whoever signed in is told what is wrong, and not that a
// domain asks for something.
func TestSignedInAsAnother(t *testing.T) {
	c := newReleasingOffice(t)
	m := c.mail(letter{from: "it@acme.example", level: mailer.Failed, reject: true, to: []string{"support@north.example"}, subject: "Printer"})
	m.Envelope.User = "anna"
	outcomes, err := c.Accept(t.Context(), m)
	if err != nil || len(outcomes) != 1 || outcomes[0].Verdict != mailer.Refused || outcomes[0].Reason != mailer.NotAllowed {
		t.Errorf("answered %+v, %v; want it refused as not allowed, which is no matter of DMARC", outcomes, err)
	}
}
