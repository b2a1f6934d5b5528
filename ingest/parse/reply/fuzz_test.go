package reply

import (
	"strings"
	"testing"
	"unicode/utf8"

	"casegate/ingest/parse/page"
)

// FuzzSplit: whatever comes in, nothing is lost or doubled (mail-traps D), the
// parts keep their order, and a guess is not taken below Sure.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{
		"Yes.\n\nOn 2 Nov 2026, at 10:00, Anna <a@b.example> wrote:\n> One?\n", "> One?\nyes\n> Two?\nno\n", "Yes.\n-- \nAnna\n", "a\n--\nb\n--\nc\n",
		"Yes.\n\nFrom: Anna <a@b.example>\nSent: 2 Nov 2026 10:00\nTo: x\nSubject: y\n\nOne?\n", "Yes. On Wed, Apr 4, 2026, a@b.example wrote:\n> One?",
		"-----Original Message-----\n", "Yes\n##- Reply above this line -##\nOne\n", "FYI\n---------- Forwarded message ----------\nFrom: a@b.example\nDate: 2 Nov 2026\n",
		"於 2026/11/2 上午 10:00, Anna 寫道:\n> 一\n", "Sent from my iPhone", ">", "> \u00a0\n\u3000", "<\nmailto:a@b.example\n> wrote:\n",
		"Le 2 nov. 2026 à 10:00, Anna <a@b.example> a écrit :\n", "___\nusers mailing list\n", ":\n：\n-:-\n", "---- Anna wrote ----\n", "0-->", "a\n--\n>\n",
		"Answers below.\n\nOn 2 Nov 2026, a@b.example wrote:\n| One?\nyes\n| Two?\n", "Yes\n-- \nAnna\nPS: please call\n", "Yes\n____\na mailing list\n?\n", "The log says:\n> a\n> b\n", "從我的手機傳送。\n",
	} {
		f.Add(s, uint16(0), uint16(0), uint16(0), uint8(0))
		f.Add(s, uint16(5), uint16(20), uint16(25), uint8(1))
	}
	f.Fuzz(func(t *testing.T, text string, a, b, c uint16, kind uint8) {
		text = strings.ToValidUTF8(text, "")
		quotes, signatures := spans(text, a, b, c, kind)
		r := Split(text, quotes, signatures)
		if why := lost(text, r); why != "" {
			t.Fatalf("%q: %s (%+v)", text, why, r)
		}
		if r.Confidence < 0 || r.Confidence > 1 || r.Reason == "" {
			t.Errorf("%q: confidence %v for %q; want one from 0 to 1, and a reason", text, r.Confidence, r.Reason)
		}
		if r.Confidence < Sure && (r.Elided != "" || r.Signature != "") {
			t.Errorf("%q: left something out at confidence %v", text, r.Confidence)
		}
		if trim(trimLines(text)) != "" && trim(trimLines(r.Text)) == "" {
			t.Errorf("%q: the reply is empty, want the whole text where nothing is left", text)
		}
		for _, part := range []string{r.Text, r.Elided, r.Signature} {
			if !utf8.ValidString(part) {
				t.Errorf("%q: %q is not UTF-8", text, part)
			}
			if !inOrder(text, part) {
				t.Errorf("%q: %q is not in the order of the text", text, part)
			}
		}
		Upstream(text, text)
		if w := Forward(text, "Fwd: x"); w != nil && len(w.Date)+len(w.Subject)+len(w.From.Name) > 3*maxShown {
			t.Errorf("%q: kept %d octets of a forwarded head, want it bounded", text, len(w.Date)+len(w.Subject)+len(w.From.Name))
		}
	})
}

// TestHostile: texts made to be costly lose nothing either, and what is too long
// to be taken apart stays whole (T66).
func TestHostile(t *testing.T) {
	for name, text := range hostile(32 << 10) {
		if why := lost(text, Split(text, nil, nil)); why != "" {
			t.Errorf("%s: %s", name, why)
		}
		Forward(text, "Fwd: x")
		Upstream(text, text)
	}
	long := strings.Repeat("> a\n", maxText)
	if r := Split(long, nil, nil); r.Text != strings.TrimSuffix(long, "\n") || r.Confidence >= Sure {
		t.Errorf("%d octets were taken apart, want them whole", len(long))
	}
}

// spans makes up what markup could say of a text.
func spans(text string, a, b, c uint16, kind uint8) (quotes, signatures []page.Span) {
	whys := []string{"gmail_quote", page.Blockquote, "gmail forward", "divRplyFwdMsg"}
	if len(text) == 0 || a == 0 && b == 0 && c == 0 {
		return nil, nil
	}
	at := []int{int(a) % len(text), int(b) % len(text), int(c) % len(text)}
	for i, n := range at {
		for n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
		at[i] = n
	}
	if at[0] < at[1] {
		quotes = append(quotes, page.Span{Start: at[0], End: at[1], Why: whys[kind%4]})
	}
	if at[1] < at[2] {
		quotes = append(quotes, page.Span{Start: at[1], End: at[2], Why: whys[kind/4%4]})
	}
	if at[0] < at[2] && kind&128 != 0 {
		signatures = []page.Span{{Start: at[0], End: at[2], Why: "gmail_signature"}}
	}
	return quotes, signatures
}

// inOrder tells whether the characters of part, white space aside, come in text
// in that order.
func inOrder(text, part string) bool {
	for _, want := range part {
		if isSpace(want) {
			continue
		}
		at := strings.IndexRune(text, want)
		if at < 0 {
			return false
		}
		text = text[at+utf8.RuneLen(want):]
	}
	return true
}
