package charset

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestDecodeWords: RFC 2047 as it is written, and as it is broken.
func TestDecodeWords(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain", "plain"},
		{"", ""},
		{"=?utf-8?q?za=C5=BC=C3=B3=C5=82=C4=87?=", "zażółć"},
		{"=?UTF-8?B?5L2g5aW9?=", "你好"},
		{"=?big5?B?p0GmbqFB?=", "你好，"},
		{"=?gb2312?B?xOO6ww==?=", "你好"},
		{"=?iso-2022-jp?B?GyRCRnxLXDhsGyhC?=", "日本語"},
		{"=?iso-2022-jp?B?GyRCRnw=?= =?ISO-2022-JP?B?S1w4bBsoQg==?=", "日本語"}, // the state goes on in the next word
		{"=?utf-8*pl?q?a?=", "a"},
		{"Re: =?utf-8?q?a?= and =?utf-8?q?b?=", "Re: a and b"},
		{"=?utf-8?q?a?=  =?utf-8?q?b?=", "ab"},
		{"=?utf-8?q?a?=\r\n\t=?utf-8?q?b?=", "ab"},
		{"=?utf-8?q?a?= =?iso-8859-1?q?=E9?=", "aé"},
		{"=?utf-8?B?5L2g5Q==?= =?utf-8?B?pb0=?=", "你好"}, // a character cut in two
		{"=?utf-8?B?5L2g5?= =?utf-8?B?aW9?=", "你好"},     // base64 cut in two
		{"=?utf-8?B?5L0?= =?utf-8?B?oOWlvQ==?=", "你好"},  // without its padding
		{"=?utf-8?q?=C5?= =?utf-8?B?vA==?=", "ż"},       // in two encodings
		{"=?utf-8?B?5L2g 5aW9?=", "你好"},                 // broken over lines
		{"=?utf-8?B?5L2g5aW9=?=", "你好"},                 // padding too many
		{"=?utf-8?B?8J-Yhg==?=", "😆"},                   // RFC 4648 5
		{"=?utf-8?q?a b?=", "a b"},
		{"=?utf-8?q?a=3Fb=3D?=", "a?b="},
		{"=?utf-8?q?who?=20is it?=", "who20is it?="},
		{"=?utf-8?q?why?=C5=BC?=", "why?ż"}, // the "?" is as it was typed
		{"=?utf-8?q?a=?=", "a="},
		{"=?utf-8?q?za=C5= =BC?=", "zaż"},
		{"=?utf-8?q?raw ż?=", "raw ż"},
		{"=?iso-8859-1?q?ż?=", "ż"}, // the label is wrong
		{"=?us-ascii?q?za=BF=F3=B3=E6?=", "zażółć"},
		{"a=?utf-8?q?b?=c=?utf-8?q?d?=", "abcd"}, // glued
		{"(=?utf-8?q?b?=)", "(b)"},
		{"\"=?utf-8?q?b?=\"", "\"b\""},
		{"=?utf-8?q?no end", "no end"},
		{"=?utf-8?b?5L2g5aW9?", "你好"},
		{"=?utf-8?b?5L2g5aW9", "你好"},
		{"=?utf-8?q?no=20end =?utf-8?q?=C5=BC?=", "no end ż"},
		{"=?utf-8?q?=?utf-8?b?5L2g5aW9?=?= x", "你好 x"},
		{"=?utf-8?q?=3D=3Futf-8=3Fb=3F5L2g5aW9=3F=3D?=", "你好"}, // encoded twice
		{"=?utf-8?q?=3D=3Fx=3Fq=3F=3D3D=3D3Fx=3D3Fq=3D3Fa=3D3F=3D3D=3F=3D?=", "=?x?q?a?="},
		{"=? utf-8 ?q?a?=", "a"},
		{"=??q?=C5=BC?=", "ż"},
		{"=?utf-8?q??=", ""},
		{"=?utf-8?x?a?=", "=?utf-8?x?a?="},
		{"=?=?=?", "=?=?=?"},
		{"=?a b?q?c?=", "=?a b?q?c?="},
		{"=?x-unknown?q?=E9?=", "é"},
		{"raw zażółć", "raw zażółć"},
		{"raw \xe9", "raw é"},
		{"\x1b$BF|K\\\x1b(B", "日本"},
		{"=?utf-8?q?" + strings.Repeat("a", 500) + "?=", strings.Repeat("a", 500)},
	}
	for _, tt := range tests {
		if got := DecodeWords(tt.in, ""); got != tt.want {
			t.Errorf("%q is decoded as %q, want %q", tt.in, got, tt.want)
		}
	}
	// T7: what the body's charset makes of ASCII is no matter of the header.
	if got := DecodeWords("ann+AEA-good", "utf-7"); got != "ann+AEA-good" {
		t.Errorf("a header was read as UTF-7: %q", got)
	}
}

// hostileWords are repeated by an attacker; the benchmark has the figures.
var hostileWords = []string{
	"=?utf-8?q?x", "=?utf-8?b?eA", "=?utf-8?q?x?=41", "=?", "=?utf-8?q?=?=", "=?a?q?=E9 =?b?q?=E8", "=3D=3Fx=3Fq=3F", "?=41",
}

// TestDecodeWordsHostile: T59. It must end, which what is quadratic would not.
func TestDecodeWordsHostile(t *testing.T) {
	for _, s := range hostileWords {
		in := "=?utf-8?q?" + strings.Repeat(s, 50_000)
		if got := DecodeWords(in, ""); len(got) > 4*len(in) {
			t.Errorf("50,000 times %q give %d octets of %d", s, len(got), len(in))
		}
	}
}

func BenchmarkDecodeWords(b *testing.B) {
	for _, s := range hostileWords {
		b.Run(s, func(b *testing.B) {
			in := "=?utf-8?q?" + strings.Repeat(s, 200_000)
			for b.Loop() {
				DecodeWords(in, "")
			}
		})
	}
}

// FuzzDecodeWords: the result can be stored, is no longer than what could be
// in it, and text without a word is what its charset makes of it.
func FuzzDecodeWords(f *testing.F) {
	for _, s := range []string{
		"=?utf-8?q?a=C5?= =?utf-8?b?vA==?= x", "=?utf-8?q?=?utf-8?b?5L2g?=?=", "=?iso-2022-jp?B?GyRCRnw=?= =?x?q?=3D=3Fy=3Fq=3Fz=3F=3D?=",
		"=?utf-8?q?no end =?gbk?b?xOM", "=?utf-8?q?a?=41?=",
	} {
		f.Add(s, "utf-7")
		f.Add(s, "iso-8859-1")
	}
	f.Fuzz(func(t *testing.T, s, label string) {
		got := DecodeWords(s, label)
		if !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
			t.Errorf("%q gives %q", s, got)
		}
		if len(got) > 4*len(s)+4 {
			t.Errorf("%d octets give %d", len(s), len(got))
		}
		if IsASCII([]byte(s)) && !strings.Contains(s, "=?") && !strings.ContainsAny(s, "\x00\x1b\x0e") && got != s {
			t.Errorf("%q without a word gives %q", s, got)
		}
	})
}
