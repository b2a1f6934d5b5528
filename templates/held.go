package templates

import (
	"slices"
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

// why gives the words for a reason; one that we have none for stands as it is.
func (h held) why() (string, error) {
	if !slices.Contains(whys, h.Why) {
		return h.Why, nil
	}
	return h.v.T("why." + h.Why)
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
