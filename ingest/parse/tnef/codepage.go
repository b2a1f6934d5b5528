package tnef

import (
	"strconv"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// codepages are the charsets of Windows code pages whose name does not follow
// from the number.
var codepages = map[uint32]string{
	874: "windows-874", 932: "shift_jis", 936: "gb18030", 949: "euc-kr", 950: "big5",
	1200: "utf-16le", 1201: "utf-16be", 1361: "euc-kr", 10000: "macintosh", 10007: "x-mac-cyrillic",
	20127: "us-ascii", 20866: "koi8-r", 21866: "koi8-u", 20932: "euc-jp",
	50220: "iso-2022-jp", 50221: "iso-2022-jp", 50222: "iso-2022-jp", 50225: "euc-kr",
	51932: "euc-jp", 51936: "gb18030", 51949: "euc-kr", 52936: "hz-gb-2312", 54936: "gb18030",
	38598: "iso-8859-8", 65000: "utf-7", 65001: "utf-8",
}

// label names the charset of a code page; "" if it is not stated.
func label(codepage uint32) string {
	switch {
	case codepage == 0:
		return ""
	case codepage > 28590 && codepage < 28606:
		return "iso-8859-" + strconv.Itoa(int(codepage-28590))
	case codepages[codepage] != "":
		return codepages[codepage]
	}
	return "cp" + strconv.Itoa(int(codepage))
}

// encodingOf gives the encoding of a code page, Windows's Latin one where there
// is none.
func encodingOf(codepage uint32) encoding.Encoding {
	name := label(codepage)
	if enc, err := htmlindex.Get(name); err == nil {
		return enc
	}
	if enc, err := ianaindex.MIME.Encoding(name); err == nil && enc != nil {
		return enc
	}
	return charmap.Windows1252
}

// fontCodepages are the code pages behind the \fcharset of a font (RTF 1.9.1);
// 1, the default, is none of them.
var fontCodepages = map[int]uint32{
	0: 1252, 2: 1252, 77: 10000, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950,
	161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 186: 1257, 204: 1251,
	222: 874, 238: 1250, 254: 437, 255: 850,
}
