package page

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func seeds(f *testing.F) {
	f.Add(outlookPage(2000))
	f.Add(`<div class=gmail_quote><div class=gmail_attr>Bo wrote:</div><blockquote class=gmail_quote style="border-left:1px solid">one</blockquote>two</div><div class=gmail_signature>x</div>`)
	f.Add(`a<hr>From: b@x.example<br>Subject: c<blockquote>d<table border=1><tr><td>e<td>f</table>`)
	f.Add("<ol start=2><li>a<ul><li>b</ol><pre>\n c\r\n</pre>&nbsp;&zwnj;&#0;\x00<q>d</q><style>.x{display:none}</style><p class=x>e")
	f.Add(`<table><tr><td>a<td><table><tr><td>b<td>c</table><th>d</table><a href="https://x.example">e<a href=//y>f`)
	f.Add(`<img alt="a b" src="data:image/png;base64,AA=="><p style="color:rgb(1,2,3);font:0 a">b<b hidden><div>c</b>d`)
}

// FuzzRead holds reading to what others build on.
func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, in string) {
		p := Read(in)
		if !utf8.ValidString(p.Text) || strings.Contains(p.Text, "\x00") {
			t.Fatalf("the text %q is no valid UTF-8 without NUL", p.Text)
		}
		checkSpans(t, p.Text, p.Quotes)
		checkSpans(t, p.Text, p.Signatures)
		if again := Read(in); again.Text != p.Text {
			t.Fatalf("the same page reads %q and %q", p.Text, again.Text)
		}
	})
}

// checkSpans wants spans in order, apart, not empty, and not within a character.
func checkSpans(t *testing.T, text string, spans []Span) {
	t.Helper()
	last := 0
	for _, s := range spans {
		if s.Start < last || s.End <= s.Start || s.End > len(text) || s.Why == "" {
			t.Fatalf("the spans %v of %q overlap, are empty or lie outside", spans, text)
		}
		if !utf8.RuneStart(text[s.Start]) || s.End < len(text) && !utf8.RuneStart(text[s.End]) {
			t.Fatalf("the span %v of %q cuts a character", s, text)
		}
		if strings.TrimSpace(text[s.Start:s.End]) == "" && !strings.ContainsAny(text[s.Start:s.End], "\u0085\u1680\u3000") {
			t.Fatalf("the span %v of %q has no words", s, text)
		}
		last = s.End
	}
}

// FuzzHidden builds a page around a word that is hidden, out of what the
// fuzzer chooses, and expects never to read it (F9).
func FuzzHidden(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5}, uint8(0))
	f.Add([]byte{9, 9, 3, 12, 1}, uint8(3))
	before := []string{"<div>", "<p>", "<table><tr><td>", "<ul><li>", "<b>", "<span>", "<blockquote>", "a", "<br>", "</div>",
		"</p>", "</b>", "</span>", "</table>", "<a href=https://x.example>", "</a>", "<pre>", "<h1>"}
	hide := []string{"hidden", "style=display:none", "style='font-size:0'", "style='visibility:hidden'", "style='opacity:0;color:red'",
		"style='max-height:0;overflow:hidden'", "class=h", "style='text-indent:-9999px'"}
	inside := []string{"<p>", "<b>", "<i>", "<div>b</div>", "<span>", "</span>", "</b>", "</i>", "<br>", "<ul><li>", "<img alt='close it'>", "b"}
	f.Fuzz(func(t *testing.T, choice []byte, how uint8) {
		var b strings.Builder
		b.WriteString("<style>.h{display:none}</style>")
		for i, c := range choice {
			if i%2 == 0 {
				b.WriteString(before[int(c)%len(before)])
			}
		}
		b.WriteString("<div " + hide[int(how)%len(hide)] + ">")
		for i, c := range choice {
			if i%2 == 1 {
				b.WriteString(inside[int(c)%len(inside)])
			}
		}
		b.WriteString("close</div>")
		if got := textOf(b.String()); strings.Contains(got, "close") {
			t.Fatalf("%q reads %q", b.String(), got)
		}
		if got := Sanitize(b.String()); strings.Contains(got, "close") {
			t.Fatalf("%q is shown as %q", b.String(), got)
		}
	})
}

// FuzzSanitize holds what is shown to be harmless, and final.
func FuzzSanitize(f *testing.F) {
	seeds(f)
	for _, attack := range attacks {
		f.Add(attack)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := Sanitize(in)
		if !utf8.ValidString(got) {
			t.Fatalf("%q is shown as %q, which is no UTF-8", in, got)
		}
		if bad := forbidden(got); bad != "" {
			t.Fatalf("%q is shown as %q, which holds %s", in, got, bad)
		}
		if again := Sanitize(got); again != got {
			t.Fatalf("%q is shown as %q, and sanitised again as %q", in, got, again)
		}
	})
}
