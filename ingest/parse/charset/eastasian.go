package charset

import (
	"strings"
	"unicode/utf8"
)

// script is what tells text in one charset of East Asia.
type script struct {
	label  string
	common string // characters that every text is full of
	kana   bool   // whether kana count as such
}

// scripts are tried in order; of equal ones the first wins.
var scripts = []script{
	{"euckr", "이다는에의가을하고지로기사도은한리를안녕세요니서나어아자시해정보게인전일부제수여대그스라었습있받낸람목날짜확탁드립메합감", false},
	{"gb18030", "的一是不了在有我他这中大来上国人们到说你为子和那要就出会可以对生时地过自用多之家好后作里于心学么现当没动面起看定天分还进成请您谢电话信息件收发邮箱登录无法帮助问题名密码主日期附", false},
	{"big5", "的一是不了在有我他這中大來上國人們到說你為子和那要就出會可以對生時地過自用多之家好後作裡於心學麼現當沒動面起看定天分還進成請您謝電話信息件收發郵箱登入無法幫助問題名密碼主旨日期附", false},
	{"eucjp", "日本人一大年会社様件下申", true},
	{"shiftjis", "日本人一大年会社様件下申", true},
}

// minPairs is the shortest text, in characters of two octets, that is taken
// for one of East Asia.
const minPairs = 3

// eastAsian finds the charset of a text that is full of the commonest
// characters of one language; nil for every other text.
func eastAsian(s []byte) *charset {
	if countHigh(s) < minPairs {
		return nil
	}
	var found *charset
	best := 0.12 // share of the commonest: one in eight, where real text has one in four
	for _, sc := range scripts {
		c := known()[sc.label]
		if share := sc.share(convert(s, c.encoding)); share > best {
			best, found = share, c
		}
	}
	return found
}

// share counts how many of the characters beyond ASCII are common ones. Text
// with what is no character is in another charset, but for its cut end.
func (sc script) share(text string) float64 {
	all, common, bad := 0, 0, 0
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			continue
		case r == utf8.RuneError:
			bad++
		case sc.kana && r >= 0x3041 && r <= 0x30fe, strings.ContainsRune(sc.common, r):
			common++
		case r >= 0xff61 && r <= 0xff9f, r >= 0xe000 && r <= 0xf8ff:
			bad++ // half-width kana are single octets, of which any text is made
		case r >= 0x3000 && r <= 0x3002, r >= 0xff00 && r <= 0xff5e:
			continue // punctuation tells nothing
		}
		all++
	}
	if all < minPairs || bad > 1+all/50 || bad*3 > all {
		return 0
	}
	return float64(common) / float64(all)
}
