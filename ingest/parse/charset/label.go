package charset

import (
	"strconv"
	"strings"
	"sync"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// family says how far a label can be trusted, and how its octets look.
type family int

const (
	vague    family = iota // what mailers write when they do not know: us-ascii, iso-8859-1
	single                 // one octet per character, and hardly ever written by mistake
	double                 // the charsets of East Asia
	utf8Only               // utf-8
	wide                   // utf-16 and utf-32, full of NUL
	escaped                // ISO 2022: seven bits and escape sequences
	seven                  // utf-7 and hz: seven bits that look like other text
)

// charset is one that text can be read in.
type charset struct {
	name     string
	encoding encoding.Encoding // nil for those that package charset reads itself
	family   family
}

// named lists the charsets whose labels are not left to the WHATWG and IANA
// indexes, each with the labels seen in mail, written as key makes them.
// gb2312 and the like are subsets of what senders write under these names.
func named() map[string]*charset {
	m := map[string]*charset{}
	add := func(f family, name string, e encoding.Encoding, labels string) {
		c := &charset{name, e, f}
		for _, l := range strings.Fields(labels) {
			m[l] = c
		}
	}
	add(utf8Only, "utf-8", nil, "utf8 unicode11utf8 unicode20utf8 utf8mb4 utf8n cp65001 65001")
	add(vague, "", charmap.Windows1252, "unknown unknown8bit xunknown 8bit binary default none null charset ansi undefined unspecified")
	add(vague, "us-ascii", charmap.Windows1252, "usascii ascii usasci ansix341968 iso646us 646 us 7bit plain")
	add(vague, "iso-8859-1", charmap.Windows1252, "iso88591 88591 isolatin1 latin1 latin l1 iso8859 cp819 ibm819 csisolatin1")
	add(vague, "windows-1252", charmap.Windows1252, "windows1252 cp1252 win1252 1252 cswindows1252")
	add(double, "gb18030", simplifiedchinese.GB18030, "gb18030 gb180302000 gb180302022")
	add(double, "gb2312", simplifiedchinese.GB18030, "gb2312 gb231280 gb23121980 csgb2312 euccn chinese isoir58 csiso58gb231280 eucgb2312cn gb")
	add(double, "gbk", simplifiedchinese.GB18030, "gbk cp936 936 ms936 windows936 gb13000")
	add(double, "big5", traditionalchinese.Big5, "big5 cp950 950 ms950 windows950 big5hkscs big5hk big5eten big5tw csbig5 cnbig5 chinesebig5")
	add(double, "shift_jis", japanese.ShiftJIS, "shiftjis sjis cp932 932 ms932 mskanji windows31j windows932 csshiftjis shiftjisx0213 sjiswin")
	add(double, "euc-jp", japanese.EUCJP, "eucjp eucjpms ujis cp51932 cp20932 japaneseeuc cseucpkdfmtjapanese extendedunixcodepackedformatforjapanese")
	add(double, "euc-kr", korean.EUCKR, "euckr ksc56011987 ksc56011989 ksc5601 ksx1001 cp949 949 ms949 uhc windows949 korean isoir149 cseuckr 5601 cp51949")
	add(escaped, "iso-2022-jp", nil, "iso2022jp iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms csiso2022jp cp50220 cp50221 cp50222 jis junet")
	add(escaped, "iso-2022-kr", nil, "iso2022kr csiso2022kr cp50225")
	add(escaped, "iso-2022-cn", nil, "iso2022cn iso2022cnext")
	add(seven, "utf-7", nil, "utf7 unicode11utf7 unicode20utf7 csunicode11utf7 utf7imap cp65000 65000")
	add(seven, "hz-gb-2312", simplifiedchinese.HZGB2312, "hzgb2312 hz hzgb cp52936")
	add(wide, "utf-16", nil, "utf16 unicode ucs2 iso10646ucs2 csunicode unicodefffe")
	add(wide, "utf-16be", unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "utf16be ucs2be")
	add(wide, "utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "utf16le ucs2le")
	add(wide, "utf-32", nil, "utf32 ucs4 iso10646ucs4 csucs4")
	add(wide, "utf-32be", utf32.UTF32(utf32.BigEndian, utf32.UseBOM), "utf32be ucs4be")
	add(wide, "utf-32le", utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), "utf32le ucs4le")
	addSingle(add)
	return m
}

// addSingle lists the charsets of one octet that the indexes lack, or know by
// too few labels.
func addSingle(add func(family, string, encoding.Encoding, string)) {
	windows := []encoding.Encoding{charmap.Windows1250, charmap.Windows1251, nil, charmap.Windows1253, charmap.Windows1254,
		charmap.Windows1255, charmap.Windows1256, charmap.Windows1257, charmap.Windows1258}
	for i, e := range windows {
		if n := strconv.Itoa(1250 + i); e != nil {
			add(single, "windows-"+n, e, "windows"+n+" cp"+n+" win"+n+" "+n+" mswin"+n+" microsoftcp"+n)
		}
	}
	iso := []encoding.Encoding{2: charmap.ISO8859_2, charmap.ISO8859_3, charmap.ISO8859_4, charmap.ISO8859_5, charmap.ISO8859_6,
		charmap.ISO8859_7, charmap.ISO8859_8, charmap.Windows1254, charmap.ISO8859_10, charmap.Windows874, nil,
		charmap.ISO8859_13, charmap.ISO8859_14, charmap.ISO8859_15, charmap.ISO8859_16}
	for i, e := range iso {
		if n := strconv.Itoa(i); e != nil {
			add(single, "iso-8859-"+n, e, "iso8859"+n+" 8859"+n+" iso8859"+n+"i iso8859"+n+"e")
		}
	}
	dos := map[string]encoding.Encoding{"437": charmap.CodePage437, "737": cp737, "775": cp775, "850": charmap.CodePage850,
		"852": charmap.CodePage852, "855": charmap.CodePage855, "857": cp857, "858": charmap.CodePage858,
		"860": charmap.CodePage860, "861": cp861, "862": charmap.CodePage862, "863": charmap.CodePage863,
		"865": charmap.CodePage865, "866": charmap.CodePage866}
	for n, e := range dos {
		add(single, "cp"+n, e, "cp"+n+" ibm"+n+" "+n+" dos"+n+" cp00"+n+" pc"+n)
	}
	add(single, "iso-8859-2", charmap.ISO8859_2, "latin2 isolatin2 l2")
	add(single, "iso-8859-15", charmap.ISO8859_15, "latin9 latin0 isolatin9")
	add(single, "koi8-r", charmap.KOI8R, "koi8r koi8 koi cskoi8r cp878 20866 cp20866")
	add(single, "koi8-u", charmap.KOI8U, "koi8u koi8ru cp21866 21866")
	add(single, "windows-874", charmap.Windows874, "windows874 cp874 874 tis620 tis62025331 tis6202533 thai")
	add(single, "macintosh", charmap.Macintosh, "macintosh mac macroman csmacintosh applemacroman 10000 cp10000")
	add(single, "x-mac-cyrillic", charmap.MacintoshCyrillic, "maccyrillic macukrainian macukraine cp10007 10007")
	add(single, "x-mac-ce", macCentralEurope, "macce maccentralroman maccentraleurroman maccentraleurope maclatin2 cp10029 10029")
	add(single, "x-mac-greek", macGreek, "macgreek cp10006 10006")
	add(single, "x-mac-turkish", macTurkish, "macturkish cp10081 10081")
}

// find gives the charset behind a label; an unnamed one if the label says
// nothing that is known.
func find(label string) *charset {
	label = normalise(label)
	if c, ok := known()[key(label)]; ok {
		return c
	}
	enc, err := htmlindex.Get(label)
	if err != nil || enc == encoding.Replacement || enc == unicode.UTF8 {
		enc, err = ianaindex.MIME.Encoding(label)
	}
	if err != nil || enc == nil || enc == unicode.UTF8 || enc == encoding.Replacement {
		return known()["unknown"]
	}
	return &charset{label, enc, single}
}

var known = sync.OnceValue(named)

// Known tells whether a label names a charset.
func Known(label string) bool { return label != "" && find(label).name != "" }

// maxLabel is longer than any label.
const maxLabel = 60

// normalise cuts what stands in a charset parameter to the label, whatever is
// around it: "charset=", quotes, "=3D" of an undecoded mail, comments.
func normalise(s string) string {
	if len(s) > maxLabel {
		s = s[:maxLabel]
	}
	s = strings.Trim(strings.ToLower(s), " \t\r\n\"'`;,=<>")
	for {
		rest := strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(s, "charset"), "3d"), " \t=:\"'")
		if rest == s || rest == "" {
			break
		}
		s = rest
	}
	if i := strings.IndexAny(s, " (\t;,\"'"); i > 0 {
		s = s[:i] // "us-ascii (Plain text)"
	}
	return s
}

// key is a label without what is written in several ways: hyphens,
// underscores, "x-".
func key(label string) string {
	for strings.HasPrefix(label, "x-") {
		label = label[2:]
	}
	plain := true
	for i := 0; i < len(label); i++ {
		plain = plain && isAlnum(label[i])
	}
	if plain {
		return label
	}
	out := make([]byte, 0, len(label))
	for i := 0; i < len(label); i++ {
		if isAlnum(label[i]) {
			out = append(out, label[i])
		}
	}
	return string(out)
}

func isAlnum(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
