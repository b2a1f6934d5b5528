package charset

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
)

// BenchmarkRead: what 4 KiB cost, by label.
func BenchmarkRead(b *testing.B) {
	polish := strings.Repeat("Dzień dobry, proszę o pomoc, nie mogę się zalogować do systemu.\r\n", 64)[:4<<10]
	single, _ := charmap.ISO8859_2.NewEncoder().Bytes([]byte(strings.ToValidUTF8(polish, "")))
	ascii := []byte(strings.Repeat("Good morning, I cannot log in any more, please help me with it.\r\n", 64)[:4<<10])
	for _, bm := range []struct {
		name, label string
		text        []byte
	}{
		{"ascii", "us-ascii", ascii}, {"utf-8", "utf-8", []byte(polish)}, {"iso-8859-2", "iso-8859-2", single},
		{"iso-8859-1 wrong", "iso-8859-1", single}, {"unlabelled", "", single},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Read(bm.text, bm.label)
			}
		})
	}
}
