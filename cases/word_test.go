package cases

import (
	"strings"
	"testing"

	"casegate/mailer"
)

// FuzzDecisionWord: the word stands at the beginning of the first line that has
// one, and nothing but the reply's own text is looked at (F9).
func FuzzDecisionWord(f *testing.F) {
	for _, seed := range []string{"release", "\n Release.\nx", "> release", "release acme.example", "*block*", "\u00a0discard", "release <a.b>", "", "\r\n\t", "ſ.release"} {
		f.Add(seed, "discard")
	}
	f.Fuzz(func(t *testing.T, text, rest string) {
		m := &mailer.Message{Reply: mailer.Reply{Text: text, Elided: rest, Signature: rest}, Text: rest, Subject: rest}
		word, customer := decisionWord(m)
		top, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		if strings.ContainsAny(word+customer, " \t\n\r") || word != "" && !strings.Contains(strings.ToLower(top), word) {
			t.Errorf("%q gives the word %q and the customer %q", text, word, customer)
		}
		if customer != "" && (word != wordRelease || !strings.Contains(strings.ToLower(top), customer)) {
			t.Errorf("%q gives the customer %q after %q", text, customer, word)
		}
		if first, _ := decisionWord(&mailer.Message{Reply: mailer.Reply{Text: word}}); first != word {
			t.Errorf("%q is read as %q, and that as %q", text, word, first)
		}
	})
}
