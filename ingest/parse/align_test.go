package parse

import (
	"strings"
	"testing"

	"casegate/mailer"
)

// TestReplyOfAlternatives: the page says where the quote begins, and no word that
// only the plain text has goes with it.
func TestReplyOfAlternatives(t *testing.T) {
	const quoted = `<div class="gmail_quote"><div class="gmail_attr">Anna &lt;anna@north.example&gt; irgendwann<br></div><blockquote class="gmail_quote">Old text here, quite old</blockquote></div>`
	const old = "Anna <anna@north.example> irgendwann\nOld text here, quite old\n"
	tests := []struct{ name, plain, page, want string }{
		{"the same words", "Hello there\n\n" + old, "<p>Hello there</p>" + quoted, "Hello there"},
		{"a line for the plain text alone", "Hello there\n\nPlease cancel order 5\n\n" + old, "<p>Hello there</p>" + quoted, "Hello there\n\nPlease cancel order 5\n\n" + old},
		{"answers between quotes in the plain text", "Hello there\n\n> Shall we cancel?\nNO, never\n", `<p>Hello there</p><div class="gmail_quote"><div class="gmail_attr">Anna &lt;anna@north.example&gt;<br></div><blockquote class="gmail_quote">Shall we cancel?</blockquote><div>NO, never</div></div>`, "Hello there\n\n> Shall we cancel?\nNO, never"},
		{"words below the quote for the plain text alone", "Hello there\n\n" + old + "\nNO, never\n", "<p>Hello there</p>" + quoted, "Hello there\n\n" + old + "\nNO, never"},
		{"a face below", "Thanks!\n\n:-)\n\n" + old, "<p>Thanks!</p>" + quoted, "Thanks!\n\n:-)"},
		{"nothing but a face", "👍\n\n" + old, "<p>👍</p>" + quoted, "👍\n\n" + old},
	}
	for _, tt := range tests {
		m := Read(crlf(mime("alternative", "b", "Content-Type: text/plain; charset=utf-8\n\n"+tt.plain, "Content-Type: text/html; charset=utf-8\n\n"+tt.page)))
		if strings.TrimSpace(m.Reply.Text) != strings.TrimSpace(tt.want) {
			t.Errorf("%s: the reply is %q (%s), want %q", tt.name, m.Reply.Text, m.Reply.Reason, tt.want)
		}
	}
}

// FuzzAlign: whatever the two texts are, no word is lost, and the reply of a text
// that has words has some.
func FuzzAlign(f *testing.F) {
	f.Add("Hello\n\n:-)\n> old", "Hello", "", "old")
	f.Add("a b\n-- \nc\nd", "a b", "c", "d")
	f.Fuzz(func(t *testing.T, whole, text, signature, elided string) {
		whole = strings.ToValidUTF8(whole, "")
		plain := mailer.Reply{Text: whole}
		r := align(whole, plain, mailer.Reply{Text: text, Signature: signature, Elided: elided, Confidence: 1})
		if got, want := words(r.Text+"\n"+r.Signature+"\n"+r.Elided), words(whole); got != want {
			t.Errorf("%q is divided into %+v", whole, r)
		}
		if words(r.Text) == "" && words(whole) != "" {
			t.Errorf("of %q the reply is empty", whole)
		}
	})
}

func words(s string) string {
	return strings.Map(func(r rune) rune {
		if isWord(r) {
			return r
		}
		return -1
	}, s)
}
