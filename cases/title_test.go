package cases

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTitle(t *testing.T) {
	tests := []struct{ name, subject, want string }{
		{"plain", "Printer on fire", "Printer on fire"},
		{"English", "Re: Fwd: FW: Printer", "Printer"},
		{"Polish", "Odp: PD: Drukarka", "Drukarka"},
		{"Swedish", "SV: VB: Skrivare", "Skrivare"},
		{"Italian", "R: Rif: I: Stampante", "Stampante"},
		{"Indonesian", "Bls: Trs: Pencetak", "Pencetak"},
		{"Chinese, full-width colon", "回覆:轉寄: 印表機", "印表機"},
		{"Chinese, blank before", "回覆 : 印表機", "印表機"},
		{"counter", "Re[2]: Re(3): Printer", "Printer"},
		{"tag", "Re: [NORTH-1042] Printer", "Printer"},
		{"tag in the middle, then a prefix", "[NORTH-7] Re: [NORTH-7] Printer", "Printer"},
		{"a word that begins like a prefix", "Rewrite: the plan", "Rewrite: the plan"},
		{"a prefix inside", "About Re: printers", "About Re: printers"},
		{"another's brackets stay", "[URGENT] Printer", "[URGENT] Printer"},
		{"another system's number stays", "Re: [JIRA-7] [NORTH-1] [ISO-27001] audit", "[JIRA-7] [ISO-27001] audit"},
		{"nothing", "", "(no subject)"},
		{"only prefixes", "Re: Odp: [NORTH-1]", "(no subject)"},
		{"controls and folds", "a\r\n b\x00c\td\u2028e", "a b c d e"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Title(test.subject, "NORTH"); got != test.want {
				t.Errorf("Title(%q) = %q, want %q (R19)", test.subject, got, test.want)
			}
		})
	}
}

func TestTitleIsCut(t *testing.T) {
	for _, r := range []string{"x", "é", "印", "😀"} {
		got := Title(strings.Repeat(r, 500), "NORTH")
		if n := utf8.RuneCountInString(got); n != MaxTitle || !strings.HasSuffix(got, "…") {
			t.Errorf("a long title of %q has %d characters and ends in %q, want %d with an ellipsis (R19)", r, n, got[len(got)-3:], MaxTitle)
		}
	}
}

func FuzzTitle(f *testing.F) {
	f.Add("Re: Fwd: x")
	f.Add("回覆:回覆:[A-1]")
	f.Fuzz(func(t *testing.T, s string) {
		got := Title(s, "A")
		if got == "" || utf8.RuneCountInString(got) > MaxTitle || strings.ContainsAny(got, "\r\n\x00") {
			t.Errorf("Title(%q) = %q: want 1 to %d characters on one line", s, got, MaxTitle)
		}
		if again := Title(got, "A"); again != got && !strings.HasSuffix(got, "…") {
			t.Errorf("Title is not stable: %q, then %q", got, again)
		}
	})
}
