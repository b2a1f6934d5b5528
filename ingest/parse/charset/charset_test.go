package charset

import "testing"

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
		if got := DecodeWords(tt.in, ""); got != tt.want {
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
		if got := OneLine(tt.in, tt.max); got != tt.want {
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
		if got := Decode([]byte(tt.in), tt.label); got != tt.want {
			t.Errorf("%q labelled %q is %q, want %q", tt.in, tt.label, got, tt.want)
		}
	}
}
