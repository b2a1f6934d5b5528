package templates

import (
	"slices"
	"strings"
	"time"
)

// held is a HeldMail with its texts cleaned.
type held struct {
	HeldMail
	v *view
}

// Checked says how far it is known who wrote the mail.
func (h held) Checked() (string, error) {
	level := h.Level
	if !slices.Contains(levels, level) {
		level = LevelUnverified
	}
	return h.v.T("level." + level)
}

// why gives the words for a reason.
func (h held) why() (string, error) {
	if h.Why == "" {
		return "", nil
	}
	return h.v.T("why." + known(whys, h.Why, WhyOther))
}

// known gives a code that there is text for.
func known(codes []string, code, otherwise string) string {
	if slices.Contains(codes, code) {
		return code
	}
	return otherwise
}

// maxCustomers is how many customers are named in a line: who has more knows them.
const maxCustomers = 30

// customers lists those of which one has to be named.
func (h held) customers() (string, error) {
	if more := len(h.Customers) - maxCustomers; more > 0 {
		rest, err := h.v.N("customers.more", more)
		return strings.Join(h.Customers[:maxCustomers], ", ") + " " + rest, err
	}
	return strings.Join(h.Customers, ", "), nil
}

// heldFact is a line of what is known of a held mail; its label is the text
// "label.<name>".
type heldFact struct {
	name  string
	value func(held) (string, error)
}

var heldFacts = []heldFact{
	{"subject", func(h held) (string, error) { return h.Subject, nil }},
	{"why", held.why},
	{"customers", held.customers},
	{"waits", func(h held) (string, error) { return h.v.age(h.Waits) }},
	{"number", func(h held) (string, error) { return h.Number, nil }},
	{"mail", func(h held) (string, error) { return h.ID, nil }},
	{"decide", func(h held) (string, error) { return h.Decide, nil }},
}

// Facts lists what is known of the mail; what is not known is left out.
func (h held) Facts() ([]labelled, error) {
	var shown []labelled
	for _, f := range heldFacts {
		label, err := h.v.T("label." + f.name)
		if err != nil {
			return nil, err
		}
		value, err := f.value(h)
		if err != nil {
			return nil, err
		}
		if value != "" {
			shown = append(shown, labelled{label, value})
		}
	}
	return shown, nil
}

// Heading, Lead and Next are the notice's own texts, but for one that tells the
// reader that an answer did nothing, and why.
func (v *view) Heading() (string, error) {
	if v.Vain != "" {
		return v.T("vain.heading")
	}
	return v.T(string(v.notice) + ".heading")
}

// Lead is the sentence under the heading.
func (v *view) Lead() (string, error) {
	if v.Vain != "" {
		return v.T("vain." + known(vains, v.Vain, VainOther))
	}
	return v.T(string(v.notice) + ".lead")
}

// Next says what the reader can do now: nothing is offered that would be refused.
func (v *view) Next() (string, error) {
	key := string(v.notice) + ".next"
	block := slices.ContainsFunc(v.Held, func(h held) bool { return h.Block })
	customer := slices.ContainsFunc(v.Held, func(h held) bool { return len(h.Customers) > 0 })
	switch {
	case v.Vain == VainDecided:
		key = vainNext
	case v.notice == HeldReply && !block:
		key = heldReplyNext
	case v.notice == HeldIntake && !block:
		key = heldIntakeNext
	case v.notice == Digest && !slices.ContainsFunc(v.Held, func(h held) bool { return h.Decide != "" }):
		key = digestNext
	}
	next, err := v.T(key)
	if err == nil && v.notice == HeldIntake && customer {
		var more string
		more, err = v.T(heldIntakeCustomer)
		next += " " + more
	}
	return next, err
}

// What Next says instead, or adds.
const (
	heldReplyNext      = "held-reply.next.release-discard"
	heldIntakeNext     = "held-intake.next.release-discard"
	heldIntakeCustomer = "held-intake.next.customer"
	digestNext         = "digest.next.nobody"
	vainNext           = "vain.decided.next"
)

// age writes a time that somebody has waited, in hours below two days.
func (v *view) age(d time.Duration) (string, error) {
	switch hours := int(d.Hours()); {
	case d <= 0:
		return "", nil
	case hours < 48:
		return v.N("age.hours", max(hours, 1))
	default:
		return v.N("age.days", hours/24)
	}
}
