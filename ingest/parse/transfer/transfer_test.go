package transfer

import (
	"bytes"
	"encoding/base64"
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
		{"quoted-printable", strings.Repeat("=", 40_000), strings.Repeat("=", 40_000-1)},
		{"quoted-printable", strings.Repeat("=A", 40_000), strings.Repeat("=A", 40_000)},
		{"quoted-printable; x=y", "=41", "A"},
		{"\"base64\" (as written)", "SGk=", "Hi"},
		{"7bit", "a=20b", "a=20b"},
		{"x-unknown", "a=20b", "a=20b"},
	}
	for _, tt := range tests {
		if got := string(Decode(tt.encoding, []byte(tt.in))); got != tt.want {
			t.Errorf("%.40q in %s is %.40q, want %.40q", tt.in, tt.encoding, got, tt.want)
		}
	}
}

// FuzzDecode: it makes no difference in what pieces the octets come, and what
// somebody encoded comes out as it was.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"SGVs\r\nbG8=", "a=C5=BC=\r\nb  \r\nc=3D", "=", "SGk=SGk=", " \t \n=\n=4", "QUJD\nQUJ\nDQUJD\n!!!!\n"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, raw []byte, piece int) {
		for _, encoding := range []string{"base64", "quoted-printable", "7bit"} {
			var out bytes.Buffer
			d := NewDecoder(&out, encoding)
			for rest := raw; len(rest) > 0; {
				n := min(len(rest), max(1, piece))
				d.Write(rest[:n])
				rest = rest[n:]
			}
			d.Close()
			if whole := Decode(encoding, raw); !bytes.Equal(out.Bytes(), whole) {
				t.Errorf("%s in pieces of %d is %q, at once %q", encoding, piece, out.Bytes(), whole)
			}
		}
		if again := Decode("base64", []byte(base64.StdEncoding.EncodeToString(raw))); !bytes.Equal(again, raw) {
			t.Errorf("%q comes back as %q", raw, again)
		}
	})
}
