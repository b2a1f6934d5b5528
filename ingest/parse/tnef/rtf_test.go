package tnef

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// The examples of MS-OXRTFCP 4.1 and 4.2.
var (
	example1 = fromHex("2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")
	example2 = fromHex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
)

func fromHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestDecompress(t *testing.T) {
	if len(prebuilt) != 207 {
		t.Errorf("the dictionary begins with %d octets, want 207 (MS-OXRTFCP 2.1.2.1)", len(prebuilt))
	}
	tests := []struct {
		name string
		in   []byte
		want string
		ok   bool
	}{
		{"the first example", example1, "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n", true},
		{"the second example", example2, "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}", true},
		{"not compressed", plainRTF(`{\rtf1 a}`), `{\rtf1 a}`, true},
		{"the end mark is missing", example2[:len(example2)-2], "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}", true},
		{"cut short", example2[:20], "{\\rtf1 ", false},
		{"cut in its head", example2[:15], "", false},
		{"another method", append(bytes.Repeat([]byte{0}, 16), 'x'), "", false},
	}
	for _, tt := range tests {
		got, cut, err := decompressRTF(tt.in, maxSource)
		if !strings.HasPrefix(string(got), tt.want) || tt.ok && string(got) != tt.want || cut || (err == nil) != tt.ok {
			t.Errorf("%s: %q, %v, %v; want %q", tt.name, got, cut, err, tt.want)
		}
	}
	if got, cut, err := decompressRTF(example1, 10); string(got) != `{\rtf1\ans` || !cut || err != nil {
		t.Errorf("with a limit of 10 octets it is %q, %v, %v; want ten and cut", got, cut, err)
	}
}

func TestReadRTF(t *testing.T) {
	const head = `{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss Arial;}{\f1\fnil\fcharset238 Arial CE;}{\f2\fcharset134 \'cb\'ce\'cc\'e5;}{\f3\fcharset128 MS Gothic;}}{\colortbl\red0;}`
	const page = `{\rtf1\ansi\ansicpg1252\fromhtml1 \deff0{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial;}}`
	tests := []struct {
		name, in, want string
		kind           rtfKind
	}{
		{"text", head + `\pard Hello,\par\b world\b0 !\tab x\line y}`, "Hello,\nworld!\tx\ny", fromRTF},
		{"groups that are no text", head + `{\info{\author Jan}}{\*\generator Riched20;}{\stylesheet{\s0 Normal;}}{\pict\wmetafile8 010203}a{\*\bkmkstart x}b}`, "ab", fromRTF},
		{"escapes", head + `\{a\\b\}\~c\_d\-e\'e9\endash\ldblquote q\rdblquote}`, "{a\\b}\u00a0c\u2011d\u00adeé–“q”", fromRTF},
		{"Unicode with what stands for it", head + `\u321?ukasz \uc2\u380 zz\u243\'f3\'f3t{\uc0\u322}y \u-10179?\'3f\u-8704??!}`, "Łukasz żótły 😀!", fromRTF},
		{"the code page of a font", head + `\f1\'b3\f0\'b3{\f1 \'b3}\'b3\plain\'b3}`, "ł³ł³³", fromRTF},
		{"characters of two octets", head + `\f2\'c4\'a3\f3\'83A}`, "模ア", fromRTF},
		{"links", head + `{\field{\*\fldinst HYPERLINK "http://x.example"}{\fldrslt here}}}`, "here", fromRTF},
		{"binary data", head + "a{\\pict\\bin4 }}}}}\\bin99999999999 \\bin-3 b", "ab", fromRTF},
		{"line ends of the source are none", head + "a\r\nb\\\r\nc}", "ab\nc", fromRTF},
		{"a page (MS-OXRTFEX 3.2)", page + "\r\n{\\*\\htmltag64 <p class=\\'22a\\'22>}\\htmlrtf {\\htmlrtf0 Dear {\\*\\htmltag84 &nbsp;}\\htmlrtf \\'a0\\htmlrtf0 {\\*\\htmltag84 <b>}\\htmlrtf\\b\\htmlrtf0 \\f1\\'e4\\'e0\\htmlrtf\\b0\\htmlrtf0{\\*\\htmltag92 </b>}\\par{\\*\\mhtmltag64 <a href=x>}\\htmlrtf }\\htmlrtf0{\\*\\htmltag72 </p>\\par}}",
			"<p class=\"a\">Dear &nbsp;<b>да</b>\n</p>\n", fromHTML},
		{"text in RTF", `{\rtf1\ansi\ansicpg1250\fromtext \deff0{\fonttbl{\f0 Courier;}}\f0\fs20 a\'b3\par\par > b\par}`, "ał\n\n> b\n", fromText},
		{"no end", head + `a\`, "a", fromRTF},
		{"half an octet", head + `a\'e`, "a", fromRTF},
		{"too many ends", `}}}a}}{b}`, "ab", fromRTF},
		{"a hyphen that is no sign", head + `\b-a}`, "-a", fromRTF},
	}
	for _, tt := range tests {
		got, kind := readRTF([]byte(tt.in), 0)
		if got != tt.want || kind != tt.kind {
			t.Errorf("%s is %q of kind %d, want %q of kind %d", tt.name, got, kind, tt.want, tt.kind)
		}
	}
	if got, _ := readRTF([]byte(`{\rtf1 a\'b3}`), 1250); got != "ał" {
		t.Errorf("RTF without a code page is %q, want it read in that of the message", got)
	}
	deep := strings.Repeat(`{\b `, 100_000) + "a" + strings.Repeat("}", 100_000) + "b"
	if got, _ := readRTF([]byte(deep), 0); got != "ab" {
		t.Errorf("100,000 groups in each other give %.20q, want ab", got)
	}
}

// TestFromRTF: what stands for the text where several forms do.
func TestFromRTF(t *testing.T) {
	const html = `{\rtf1\fromhtml1 {\*\htmltag64 <p>}rich{\*\htmltag72 </p>}}`
	const plain = `{\rtf1 rich}`
	body := variable(typeString8, propBody, []byte("plain\x00"))
	page := variable(typeString8, propHTML, []byte("<i>page</i>\x00"))
	tests := []struct {
		name       string
		props      [][]byte
		text, html string
	}{
		{"RTF alone", [][]byte{variable(typeBinary, propRTF, plainRTF(plain))}, "rich", ""},
		{"RTF and text", [][]byte{variable(typeBinary, propRTF, plainRTF(plain)), body}, "plain", ""},
		{"a page in RTF", [][]byte{variable(typeBinary, propRTF, plainRTF(html))}, "", "<p>rich</p>"},
		{"a page in RTF and text", [][]byte{variable(typeBinary, propRTF, plainRTF(html)), body}, "plain", "<p>rich</p>"},
		{"a page and one in RTF", [][]byte{variable(typeBinary, propRTF, plainRTF(html)), page}, "", "<i>page</i>"},
	}
	for _, tt := range tests {
		m, err := Read(winmail(attribute(levelMessage, attMessageProps, properties(tt.props...))))
		if err != nil || m.Text != tt.text || m.HTML != tt.html || len(m.RTF) == 0 {
			t.Errorf("%s: %q and %q with %v, want %q and %q", tt.name, m.Text, m.HTML, err, tt.text, tt.html)
		}
	}
}

// BenchmarkReadRTF shows that the time grows with the size and with nothing else.
func BenchmarkReadRTF(b *testing.B) {
	for _, piece := range []string{
		`\f1\'e9\f2\'e9`, `{`, `\u322?`, `{\*\htmltag64 <p>}\htmlrtf x\htmlrtf0 hello`, "plain text ", `\ansicpg1`, `\bin1000000000`, `\par`,
	} {
		for _, size := range []int{1 << 20, 4 << 20} {
			in := []byte(`{\rtf1{\fonttbl{\f1\fcharset134 a;}{\f2\fcharset238 b;}}` + strings.Repeat(piece, size/len(piece)))
			b.Run(fmt.Sprintf("%.8q/%d", piece, size), func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					readRTF(in, 0)
				}
			})
		}
	}
}

func FuzzReadRTF(f *testing.F) {
	f.Add([]byte(`{\rtf1\ansi\fromhtml1{\fonttbl{\f1\fcharset134 x;}}\f1\'c4\'a3{\*\htmltag64 <p>}\htmlrtf x\htmlrtf0 a\u-10179?\u-8704?}`))
	f.Add([]byte(`{\rtf1\fromtext\uc2\u380xx a\bin3 }}}\'zz\'`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, kind := readRTF(b, 0)
		if !utf8.ValidString(got) || strings.ContainsAny(got, "\x00\r") {
			t.Errorf("%q gives %q, which is not fit for the store", b, got)
		}
		if len(got) > 3*len(b) {
			t.Errorf("%q grew to %d octets", b, len(got))
		}
		// A group around the whole changes nothing, unless it is ended within.
		if bytes.IndexByte(b, '}') >= 0 || bytes.Count(b, []byte("{")) >= maxGroups {
			return
		}
		if again, k := readRTF(append([]byte("{"), b...), 0); again != got || k != kind {
			t.Errorf("%q in a group is %q of kind %d, want %q of kind %d", b, again, k, got, kind)
		}
	})
}
