package transfer

import (
	"io"
	"strings"
	"testing"
)

// BenchmarkDecode: 1 MiB as mailers write it.
func BenchmarkDecode(b *testing.B) {
	for encoding, line := range map[string]string{
		"base64":           strings.Repeat("QUJD", 19) + "\r\n",
		"quoted-printable": strings.Repeat("abcdefghi=C5=BC ", 4) + "=\r\n",
	} {
		raw := []byte(strings.Repeat(line, (1<<20)/len(line)))
		b.Run(encoding, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				d := NewDecoder(io.Discard, encoding)
				d.Write(raw)
				d.Close()
			}
		})
	}
}
