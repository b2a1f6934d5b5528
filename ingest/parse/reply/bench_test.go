package reply

import (
	"fmt"
	"strings"
	"testing"
)

// typical is an answer as people write them, about 2 KiB with the quote.
var typical = "Hello,\n\n" +
	strings.Repeat("we have looked at the settings again and the users in the second site still\ncannot open their calendars. It began on Monday after the change at 10:30.\n\n", 4) +
	"What we tried: restarting the browser, another network.\n\nBest regards\nAnna Lind\n\nSent from my iPhone\n\n" +
	"On Mon, Nov 2, 2026 at 10:00 AM North Support <case+abc@north.example>\nwrote:\n\n> ##- Reply above this line -##\n>\n" +
	strings.Repeat("> Please tell us which of the users are concerned and what they see then.\n> Do they share a network?\n>\n", 8)

func BenchmarkSplit(b *testing.B) {
	b.SetBytes(int64(len(typical)))
	b.ReportAllocs()
	for b.Loop() {
		Split(typical, nil, nil)
	}
}

func BenchmarkForward(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Forward(typical, "Re: Calendars")
	}
}

func BenchmarkUpstream(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Upstream("Re: Calendars", typical)
	}
}

// hostile are texts that cost naive rules more than their length (T66).
func hostile(n int) map[string]string {
	fill := func(s string) string { return strings.Repeat(s, n/len(s)) }
	var initials strings.Builder // each line another mark
	for i := 0; initials.Len() < n; i++ {
		fmt.Fprintf(&initials, "On 2 Nov 2026, a@b.example wrote:\n%c%c%c> a\n", 'A'+i%26, 'A'+i/26%26, 'A'+i/676%26)
	}
	return map[string]string{
		"initials":           initials.String(),
		"requests":           fill("On 2 Nov 2026, a@b.example wrote:\nplease\n"),
		"announcements":      fill("reply "),
		"lead-ins":           fill("error:\n> a\n"),
		"quote marks":        fill(">"),
		"quoted lines":       fill(">\n"),
		"attributions":       fill("On 2 Nov 2026, at 10:00, Anna <a@b.example> wrote:\n"),
		"half attributions":  fill("On 2 Nov 2026, at 10:00, Anna <a@b.example\n"),
		"colons":             fill("On 2 Nov 2026 at 10:00:\n"),
		"heads":              fill("From: a\n"),
		"subjects":           fill("Subject: a\n"),
		"labels":             fill("From: 1\nTo:\n\n"),
		"one line":           fill("a"),
		"one line of blanks": fill(" "),
		"blanks and letters": fill("                                a"),
		"line ends":          fill("\n"),
		"answers":            fill("> a\nb\n"),
		"rules":              fill("________________________\n"),
		"dashes":             fill("--\n"),
		"signatures":         fill("-- \n"),
		"one rule":           fill("-"),
		"devices":            fill("Sent from my iPhone\n"),
		"open brackets":      fill("<\n> wrote:\n"),
		"links":              fill("> (a\n(http://b) >\n"),
		"tokens":             fill("thread::"),
		"refs":               fill("ref:_"),
		"on":                 fill("On "),
		"wide blanks":        fill("\u00a0"),
		"markers":            fill("##- Reply above this line -##\n"),
	}
}

func BenchmarkSplitHostile(b *testing.B) {
	for name := range hostile(100) {
		for _, n := range []int{64 << 10, 256 << 10, 1 << 20} {
			text := hostile(n)[name]
			b.Run(fmt.Sprintf("%s/%dKiB", name, n>>10), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				for b.Loop() {
					Split(text, nil, nil)
				}
			})
		}
	}
}
