package cases

import (
	"testing"

	"casegate/mailer"
)

// FuzzNormalPattern: a pattern has one form, and blocks what it says.
func FuzzNormalPattern(f *testing.F) {
	for _, s := range []string{"eve@evil.example", "@Evil.example", ".evil.example", `"a b"@c.example`, "", "@", "..x", "@bücher.example", `"@x"@y.example`, "\u00a0a@b.c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := normalPattern(s)
		if err != nil {
			return
		}
		if again, err := normalPattern(p); err != nil || again != p {
			t.Errorf("%q is kept as %q, and that as %q, %v: want one form", s, p, again, err)
		}
		b := Block{Pattern: p}
		if a, err := mailer.ParseAddress(p); err == nil && p[0] != '@' && !b.matches(a) {
			t.Errorf("%q does not block %s", p, a)
		}
		if b.matches(mailer.Address{}) {
			t.Errorf("%q blocks the null reverse-path", p)
		}
	})
}
