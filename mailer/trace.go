package mailer

import "fmt"

// Trace is the decision record of one mail (design 2.6): what was looked at, in
// order, what came of it by which rule, and what was done.
type Trace struct {
	Checks  []Check  `json:"checks"`
	Effects []string `json:"effects,omitempty"`
}

// Check is one step of a decision.
type Check struct {
	Name    string `json:"name"`            // what was asked: "recipient", "identity", "match"
	Input   string `json:"input,omitempty"` // what it was asked of
	Verdict string `json:"verdict"`         // what came out
	Rule    string `json:"rule,omitempty"`  // why: a rule of the design, a requirement (R13) or an RFC section
}

// Add notes a check.
func (t *Trace) Add(name, input, verdict, rule string) {
	t.Checks = append(t.Checks, Check{Name: name, Input: input, Verdict: verdict, Rule: rule})
}

// Effect notes something done because of the mail.
func (t *Trace) Effect(format string, args ...any) {
	t.Effects = append(t.Effects, fmt.Sprintf(format, args...))
}
