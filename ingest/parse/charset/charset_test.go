package charset

import "testing"

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
