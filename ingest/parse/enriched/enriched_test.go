package enriched

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"commands are dropped", "<bold>Now</bold> is <italic>the</italic> time", "Now is the time"},
		{"one line end is a space, of more one is left out", "one\ntwo\r\n\r\nthree\n\n\nfour\n", "one two\nthree\n\nfour\n"},
		{"a doubled sign", "a << b and <<bold>", "a < b and <bold>"},
		{"parameters", "<color><param>red</param>stop</color> <fontfamily><param>a\n\nb</param>it</fontfamily>", "stop it"},
		{"a parameter without an end", "see <param> and more", "see  and more"},
		{"nofill", "a\nb\n<nofill>c\nd\n\ne</nofill>\nf\n", "a b c\nd\n\ne f\n"},
		{"a quotation", "<excerpt>old\n\nolder\n<excerpt>oldest</excerpt></excerpt>new", "> old\n> older\n> > oldest\nnew"},
		{"what is no command", "1 < 2, <https://acme.example/> <jan@acme.example> <> </>", "1 < 2, <https://acme.example/> <jan@acme.example> <> </>"},
		{"a sign at the end", "a <", "a <"},
		{"a command without an end", "a <bold", "a <bold"},
		{"richtext (RFC 1341 7.1.3)", "a <lt> b<nl>c<comment>not\nthis</comment><paragraph>d</paragraph>e", "a < b\nc\nd\ne"},
		{"in any case", "<BOLD>a</Bold><Param>x</PARAM>", "a"},
	}
	for _, tt := range tests {
		if got := Text(tt.in); got != tt.want {
			t.Errorf("%s: %q is %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("<bold>a</bold>\n\nb <<<param>c</param>")
	f.Add("<nofill>\n\n<excerpt>a\n</excerpt></nofill>")
	f.Add("<param><comment>a</param>")
	f.Add("<excerpt><excerpt>x\n\n\xff<")
	f.Fuzz(func(t *testing.T, s string) {
		got := Text(s)
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("%q became %q, which is no UTF-8", s, got)
		}
		if !strings.Contains(strings.ToLower(s), "<excerpt>") && len(got) > len(s) {
			t.Errorf("%q grew to %q", s, got)
		}
		if len(got) > (2*maxQuote+1)*len(s) {
			t.Errorf("%q grew %d times", s, len(got)/max(1, len(s)))
		}
		if !strings.Contains(s, "<") && strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(strings.ReplaceAll(s, "\r", "")), " ") {
			t.Errorf("%q without a command became %q, want the same words", s, got)
		}
	})
}
