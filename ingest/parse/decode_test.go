package parse

import (
	"bytes"
	"strings"
	"testing"
)

func TestDecodeWords(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain", "plain"},
		{"=?utf-8?q?za=C5=BC=C3=B3=C5=82=C4=87?=", "zażółć"},
		{"=?UTF-8?B?5L2g5aW9?=", "你好"},
		{"=?big5?B?p0GmbqFB?=", "你好，"},
		{"=?gb2312?B?xOO6ww==?=", "你好"},
		{"=?iso-2022-jp?B?GyRCRnxLXDhsGyhC?=", "日本語"},
		{"=?utf-8*pl?q?a?=", "a"},
		{"Re: =?utf-8?q?a?= and =?utf-8?q?b?=", "Re: a and b"},
		{"=?utf-8?q?a?=  =?utf-8?q?b?=", "ab"},
		{"=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "aé"},
		{"=?utf-8?B?5L2g5Q==?= =?utf-8?B?pb0=?=", "你好"}, // a character cut in two
		{"=?utf-8?q?a b?=", "a b"},
		{"=?utf-8?q?a=3Fb=3D?=", "a?b="},
		{"=?utf-8?q?a=?=", "a="},
		{"=?utf-8?q?no end", "=?utf-8?q?no end"},
		{"=?utf-8?x?a?=", "=?utf-8?x?a?="},
		{"=?=?=?", "=?=?=?"},
		{"=?x-unknown?q?=E9?=", "é"},
		{"raw zażółć", "raw zażółć"},
		{"raw \xe9", "raw é"},
	}
	for _, tt := range tests {
		if got := decodeWords(tt.in, ""); got != tt.want {
			t.Errorf("%q is decoded as %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestOneLine(t *testing.T) {
	tests := []struct {
		in   string
		max  int
		want string
	}{
		{"  a \t b\r\n c ", 99, "a b c"},
		{"a\x00b\x1bc", 99, "abc"},
		{"abc\u202efdp.exe\u2066", 99, "abcfdp.exe"},
		{"👩\u200d💻", 99, "👩\u200d💻"},
		{"żżżż", 5, "żż"},
		{"", 5, ""},
	}
	for _, tt := range tests {
		if got := oneLine(tt.in, tt.max); got != tt.want {
			t.Errorf("%q on one line is %q, want %q", tt.in, got, tt.want)
		}
	}
}

// TestDecodeCharset: T62 and the wrong labels of libraries.md section 1.
func TestDecodeCharset(t *testing.T) {
	tests := []struct{ in, label, want string }{
		{"zażółć", "us-ascii", "zażółć"},
		{"zażółć", "iso-8859-1", "zażółć"},
		{"zażółć", "", "zażółć"},
		{"caf\xe9", "us-ascii", "café"},
		{"caf\xe9", "utf-8", "café"},
		{"\x93hi\x94", "iso-8859-1", "“hi”"},
		{"za\xbf\xf3\xb3\xe6", "iso-8859-2", "zażółć"},
		{"\x9cledzik \xbf\xb9", "iso-8859-2", "śledzik żą"},
		{"\x9cledzik \xbf\xb9", "Windows-1250", "śledzik żą"},
		{"\xc4\xe3\xba\xc3", "gb2312", "你好"},
		{"\x95\x32\x82\x36", "gbk", "𠀀"}, // only in GB18030
		{"\xa7A\xa6n", "big5", "你好"},
		{"\x93\xfa\x96{", "cp932", "日本"},
		{"\xc7\xd1", "ks_c_5601-1987", "한"},
		{"\xf0\xd2\xc9", "KOI8-R", "При"},
		{"\x1b$BF|K\\\x1b(B", "iso-2022-jp", "日本"},
		{"Fr+APY-sche +- x", "utf-7", "Frösche + x"},
		{"a+!b", "utf-7", "a+!b"},
		{"a\x00b\x00", "utf-16le", "ab"},
		{"\xff\xfea\x00b\x00", "", "ab"},
		{"\xef\xbb\xbfab", "utf-8", "ab"},
		{"a\x00b", "utf-8", "ab"},
		{"zażółć\xc5", "utf-8", "zażółć\ufffd"},
		{"caf\xe9", "no-such-charset", "café"},
		{"caf\xe9", `"iso-8859-1 (Latin)`, "café"},
		{"\x82", "cp850", "é"},
	}
	for _, tt := range tests {
		if got := decodeCharset([]byte(tt.in), tt.label); got != tt.want {
			t.Errorf("%q labelled %q is %q, want %q", tt.in, tt.label, got, tt.want)
		}
	}
}

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
		var out bytes.Buffer
		decodeTransfer(&out, tt.encoding, []byte(tt.in))
		if out.String() != tt.want {
			t.Errorf("%.40q in %s is %.40q, want %.40q", tt.in, tt.encoding, out.String(), tt.want)
		}
	}
}

func TestMediaType(t *testing.T) {
	tests := []struct{ in, typ, name, value string }{
		{"text/plain", "text/plain", "charset", ""},
		{"Text/Plain; Charset=UTF-8", "text/plain", "charset", "UTF-8"},
		{`text/plain; charset="utf-8"; x=y`, "text/plain", "charset", "utf-8"},
		{"text/plain; charset=utf-8 format=flowed", "text/plain", "format", "flowed"},
		{"text/plain charset=utf-8", "text/plain", "charset", "utf-8"},
		{"text/plain; charset = utf-8", "text/plain", "charset", "utf-8"},
		{"text/plain;charset=a;charset=b", "text/plain", "charset", "a"},
		{`application/pdf; name="a \"b\".pdf"`, "application/pdf", "name", `a "b".pdf`},
		{`application/pdf; name="C:\temp\a.pdf"`, "application/pdf", "name", `C:\temp\a.pdf`},
		{"application/pdf; name=my file.pdf; x=y", "application/pdf", "name", "my file.pdf"},
		{`application/pdf; name="no end`, "application/pdf", "name", "no end"},
		{"application/pdf; name==?utf-8?q?=C5=BC.pdf?=", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name*=utf-8'pl'%C5%BC.pdf", "application/pdf", "name", "ż.pdf"},
		{"application/pdf; name*0=a; name*1=b.pdf", "application/pdf", "name", "ab.pdf"},
		{"application/pdf; name*1=b.pdf; name*0*=utf-8''%C5%BC", "application/pdf", "name", "żb.pdf"},
		{"application/pdf; name*=utf-8''%zz", "application/pdf", "name", "%zz"},
		{"", "", "name", ""},
		{";=;=", "", "", ""},
	}
	for _, tt := range tests {
		typ, params := mediaType(tt.in)
		if got := param(params, tt.name, ""); typ != tt.typ || got != tt.value {
			t.Errorf("%q is %q with %s=%q, want %q with %q", tt.in, typ, tt.name, got, tt.typ, tt.value)
		}
	}
}

func TestMessageIDs(t *testing.T) {
	tests := []struct{ in, want string }{
		{"<a@b>", "a@b"},
		{"<a@b> <c@d>\t<a@b>", "a@b c@d"},
		{"<a@b><c@d>", "a@b c@d"},
		{"Your message of Monday <a@b>", "a@b"},
		{"<a\r\n b@c>", "ab@c"},
		{"a@b, (c@d)", "a@b c@d"},
		{"<> < > <@>", ""},
		{"<a@b", "a@b"},
		{"<<a@b>>", "a@b"},
		{"<a\x00@b> <" + strings.Repeat("x", 600) + ">", ""},
		{"no id here", ""},
		{"", ""},
	}
	for _, tt := range tests {
		if got := strings.Join(messageIDs(tt.in), " "); got != tt.want {
			t.Errorf("%.60q holds the ids %q, want %q", tt.in, got, tt.want)
		}
	}
	// T65: of 1,000 ids the anchor and the newest stay.
	var b strings.Builder
	for i := range 1000 {
		b.WriteString("<" + strings.Repeat("a", i%7+1) + string(rune('A'+i%26)) + strings.Repeat("b", i/26) + "@x>")
	}
	ids, all := messageIDs(b.String()), strings.Split(strings.Trim(b.String(), "<>"), "><")
	if len(ids) != maxIDs || ids[0] != all[0] || ids[len(ids)-1] != all[len(all)-1] {
		t.Errorf("%d ids are kept, from %q to %q; want %d with the first and the last", len(ids), ids[0], ids[len(ids)-1], maxIDs)
	}
}
