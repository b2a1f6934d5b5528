package transfer

import (
	"strings"
	"testing"
)

func TestDecodeTransfer(t *testing.T) {
	long := strings.Repeat("=C3=A9", 5000) // no line end: decoded in several chunks
	tests := []struct{ encoding, in, want string }{
		{"base64", "SGVs\r\nbG8=", "Hello"},
		{"BASE64 ", "SGVsbG8", "Hello"},
		{"base64", "SGVs!!bG8=\r\n", "Hello"},
		{"base64", "SGk=SGk=", "HiHi"},
		{"base64", "A", ""},
		{"base64", "", ""},
		{"base64", strings.Repeat("QUJD", 20_000), strings.Repeat("ABC", 20_000)},
		{"quoted-printable", "a=C5=BC=\r\nb  \r\nc=3D", "ażb\r\nc="},
		{"quoted-printable", "a=\nb=zz=", "ab=zz"},
		{"quoted-printable", "a=c5=bc = b", "aż = b"},
		{"quoted-printable", long, strings.Repeat("é", 5000)},
		{"7bit", "a=20b", "a=20b"},
		{"x-unknown", "a=20b", "a=20b"},
	}
	for _, tt := range tests {
		if got := string(Decode(tt.encoding, []byte(tt.in))); got != tt.want {
			t.Errorf("%.40q in %s is %.40q, want %.40q", tt.in, tt.encoding, got, tt.want)
		}
	}
}
