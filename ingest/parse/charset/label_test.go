package charset

import (
	"strings"
	"testing"
)

// read is a case of what is read under a label.
type read struct{ in, label, text, repair string }

func checkReads(t *testing.T, tests []read) {
	t.Helper()
	for _, tt := range tests {
		if text, repair := Read([]byte(tt.in), tt.label); text != tt.text || repair != tt.repair {
			t.Errorf("%q labelled %q is %q, repair %q; want %q, %q", tt.in, tt.label, text, repair, tt.text, tt.repair)
		}
	}
}

// TestBelieved: a label that names one charset is true unless the octets say
// otherwise: UTF-8, or no characters (mail-traps C).
func TestBelieved(t *testing.T) {
	checkReads(t, []read{
		{"\xa9\xe1rka", "iso-8859-2", "Šárka", ""},
		{"\xa9\xe1rka s\xed\xbb \xae\xc1DOST", "iso-8859-2", "Šárka síť ŽÁDOST", ""},
		{"ve\xbemi \xbeudia", "windows-1250", "veľmi ľudia", ""},
		{"Rz\xb9d\nK\xb9t\nS\xb9", "windows-1250", "Rząd\nKąt\nSą", ""},
		{"SP\xd3\xa3KA Z O.O.", "windows-1250", "SPÓŁKA Z O.O.", ""}, // valid UTF-8 by accident
		{"R\xd3\xafNE", "iso-8859-2", "RÓŻNE", ""},
		{"CZ\xca\x8cCI", "windows-1250", "CZĘŚCI", ""},
		{"MARCH\xc9\xa0: 5", "iso-8859-1", "MARCHÉ\u00a0: 5", ""},
		{"SPÓŁKA", "windows-1250", "SPÓŁKA", "text labelled windows-1250 read as utf-8"},
		{"Wind\u043ews", "", "Wind\u043ews", "text without a label read as utf-8"},
		{"5 ʌ 6", "iso-8859-1", "5 ʌ 6", "text labelled iso-8859-1 read as utf-8"},
		{"\x84tak\x94", "iso-8859-2", "„tak”", "text labelled iso-8859-2 read as windows-1250"},
		{"\x93\xe1\x94", "iso-8859-7", "“α”", "text labelled iso-8859-7 read as windows-1253"},
		{"a\xd2b\xff\xd2", "windows-1253", "aÒbÿÒ", "text labelled windows-1253 read as windows-1252"},
	})
}

// TestWesternLabels: signs and a few letters do not make a Western label wrong.
func TestWesternLabels(t *testing.T) {
	for _, label := range []string{"iso-8859-1", "windows-1252", ""} {
		for in, want := range map[string]string{
			strings.Repeat("\xaf", 12):                   strings.Repeat("¯", 12),
			strings.Repeat("\xa4", 6):                    "¤¤¤¤¤¤",
			"\xa3\xa3\xa3\xa3 save \xa3\xa3\xa3":         "££££ save £££",
			"a\xd7b\xd7c\xd7d\xd7e":                      "a×b×c×d×e",
			"text\xb9 text\xb2 text\xb3":                 "text¹ text² text³",
			"\xb0\xba\xa4\xf8,\xb8\xb8,\xf8\xa4\xba\xb0": "°º¤ø,¸¸,ø¤º°",
			"\xa0":                 "\u00a0",
			"\xa0\xa0\xa0\xa0":     "\u00a0\u00a0\u00a0\u00a0",
			"\x95 one\r\n\x95 two": "• one\r\n• two",
			"n\xba 5":              "nº 5",
			"\xff":                 "ÿ",
			"Dobr\xfd den":         "Dobrý den",
			"co\xfbt s\xfbr d\xfb ao\xfbt ch\xe2teau \xe2ge": "coût sûr dû août château âge",
		} {
			if got, repair := Read([]byte(in), label); got != want || label != "" && repair != "" && !hasC1([]byte(in)) {
				t.Errorf("%q labelled %q is %q (%s), want %q", in, label, got, repair, want)
			}
		}
	}
	checkReads(t, []read{{"c\x9cur", "", "cœur", "text without a label read as windows-1252"}})
}

// TestEastAsianLabels: mail of East Asia under the label of a neighbour, and
// UTF-8 under any of them.
func TestEastAsianLabels(t *testing.T) {
	write := func(text, label string) string {
		b, _ := encode(t, text, label)
		return string(b)
	}
	checkReads(t, []read{
		{write("请问订单什么时候可以发货", "gbk"), "big5", "请问订单什么时候可以发货", "text labelled big5 read as gb18030"},
		{write("請問訂單什麼時候可以出貨", "big5"), "gb2312", "請問訂單什麼時候可以出貨", "text labelled gb2312 read as big5"},
		{write("您好，謝謝", "big5"), "gbk", "您好，謝謝", "text labelled gbk read as big5"},
		{write("メールが届きません", "shift_jis"), "euc-jp", "メールが届きません", "text labelled euc-jp read as shift_jis"},
		{write("メールが届きません", "euc-jp"), "shift_jis", "メールが届きません", "text labelled shift_jis read as euc-jp"},
		{write("訂單", "gbk"), "gbk", "訂單", ""},
		{write("鑫淼", "gb2312"), "gb2312", "鑫淼", ""},
		{write("蘄春縣", "big5"), "big5", "蘄春縣", ""},
		{write("谢谢", "gbk"), "gb2312", "谢谢", ""}, // valid UTF-8 by accident
		{"20 \u00b0 C", "gb2312", "20 ° C", "text labelled gb2312 read as utf-8"},
		{"20 °C, § 5", "big5", "20 °C, § 5", "text labelled big5 read as utf-8"},
		{"£ 5", "euc-kr", "£ 5", "text labelled euc-kr read as utf-8"},
		{"Привет", "gb2312", "Привет", "text labelled gb2312 read as utf-8"},
		{"ż", "shift_jis", "ż", "text labelled shift_jis read as utf-8"},
	})
}

// TestReplaced: what could not be read is told (mail-traps C).
func TestReplaced(t *testing.T) {
	checkReads(t, []read{
		{"Caf\xe9 żółć", "utf-8", "Café żółć", "text labelled utf-8 read as utf-8 and windows-1252"},
		{"\x93caf\xe9\x94 żółć", "utf-8", "“café” żółć", "text labelled utf-8 read as utf-8 and windows-1252"},
		{"\x93żółć\x94", "utf-8", "“żółć”", "text labelled utf-8 read as utf-8 and windows-1252"},
		{"zażółć\xc5", "utf-8", "zażółć\ufffd", "text labelled utf-8 read as utf-8, not all of it"},
		{"你好\xe4\xbd x", "utf-8", "你好\ufffd x", "text labelled utf-8 read as utf-8, not all of it"},
		{"zażółć\x81", "utf-8", "zażółć\ufffd", "text labelled utf-8 read as utf-8, not all of it"},
		{"żółć \ufffd", "utf-8", "żółć \ufffd", ""},
		{"a\xaa \xe1\xe2\xe3\xe4\xe5", "windows-1253", "a\ufffd αβγδε", "text labelled windows-1253 read as windows-1253, not all of it"},
	})
}
