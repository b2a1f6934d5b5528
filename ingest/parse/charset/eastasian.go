package charset

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// layout is a charset of East Asia as octets: where its characters in daily use
// are, and which of them every text is full of.
type layout struct {
	label  string
	name   string // of the charset
	common string // characters that every text is full of
	prior  float64
	kind   func(lead, trail byte) rank
}

// rank is how usual a character is.
type rank uint8

const (
	bad      rank = iota // none
	rare                 // of the second level, or beyond
	frequent             // of the first level: what children learn
	sign                 // punctuation and full-width ASCII
	kana
	common // of those in layout.common
)

// The likelihood of a character of each rank, as a logarithm.
var rankScore = [...]float64{bad: -25, rare: -14, frequent: -8.6, sign: -6, kana: -4.7, common: -6}

// What is taken off for a character that ASCII letters are glued to, as those of
// a word of the West are, and added for the shape of one whose second octet is
// ASCII, which the profiles know nothing of.
const (
	penaltyGlued = -3
	bonusASCII   = 1.5
)

// marginEast makes up for characters having two octets that agree: where all of
// a text are in daily use, less is asked for.
const marginEast = 3

// Of equal layouts the first wins.
var layouts = []layout{
	{"gb18030", "gb18030", "的一是不了在有我他这中大来上国人们到说你为子和那要就出会可以对生时地过自用多之家好后作里于心学么现当没动面起看定天分还进成请您谢电话信息件收发邮箱登录无法帮助问题名密码主日期附订单编号公司产品客户服务系统网络账合同付款票据价格数量货物运送退换更新设置打开下载安装错误提示关闭取消确认查询申通知回复抄部门经理老师先小女士王李张刘陈杨黄赵周吴北京海广东深圳明年月号星周早午晚今点分钟什怎样如何为能得很都也但因所以果或者与及被把从向给让由需想知道做应该已前内外长高新本次第三二十百千万元两个些每位测试文字版开始结束请求全部加工资料表格报告会议安排联系方式手机号码地址", 0, kindGB},
	{"big5", "big5", "的一是不了在有我他這中大來上國人們到說你為子和那要就出會可以對生時地過自用多之家好後作裡於心學麼現當沒動面起看定天分還進成請您謝電話信息件收發郵箱登入無法幫助問題名密碼主旨日期附訂單編號公司產品客戶服務系統網路帳合約付款票據價格數量貨物運送退換更新設定打開下載安裝錯誤提示關閉取消確認查詢申通知回覆抄部門經理老師先小女士王李張劉陳楊黃趙周吳林蔡許鄭台灣北高雄明年月號星早午晚今點分鐘什怎樣如何能得很都也但因所果或者與及被把從向給讓由需想知道做應該已前內外長新本次第三二十百千萬元兩個些每位測試文字版開始結束求全加工資料表格報告會議安排聯絡方式手機地址貴敬啟祝順頌感", 1, kindBig5},
	{"euckr", "euc-kr", "이다는에의가을하고지로기사도은한리를안녕세요니서나어아자시해정보게인전일부제수여대그스라었습있받낸람목날짜확탁드립메합감주문번호송금문의답변회원계약결취소변경완료신청관련첨파발내용오류장비밀입력화면접속연락처김박최조강윤임오늘내일월년원개중상공무영우성선생님께들만면지않것", -.5, kindKR},
	{"shiftjis", "shift_jis", "日本人一大年会社様件下申月時分電話番号注文確認送信受返連絡先名前株式会社御中世願致出来方何今使用者合問利手上場所中見田山東京部長書類登録定設変更完了お知内容料金払請求書商品発届明質回答", -.5, kindSJIS},
	{"eucjp", "euc-jp", "日本人一大年会社様件下申月時分電話番号注文確認送信受返連絡先名前株式会社御中世願致出来方何今使用者合問利手上場所中見田山東京部長書類登録定設変更完了お知内容料金払請求書商品発届明質回答", -1, kindJP},
}

func isEUC(c byte) bool { return c >= 0xa1 && c <= 0xfe }

func kindGB(lead, trail byte) rank {
	switch {
	case lead < 0x81 || lead == 0xff || trail < 0x40 || trail == 0x7f || trail == 0xff:
		return bad
	case !isEUC(trail):
		return rare // only in GBK
	case lead >= 0xb0 && lead <= 0xd7:
		return frequent
	case lead == 0xa1, lead == 0xa3:
		return sign
	}
	return rare
}

func kindBig5(lead, trail byte) rank {
	switch {
	case lead < 0x81 || lead == 0xff || trail < 0x40 || trail >= 0x7f && trail < 0xa1 || trail == 0xff:
		return bad
	case lead >= 0xa4 && lead <= 0xc6:
		return frequent
	case lead >= 0xa1 && lead <= 0xa3:
		return sign
	}
	return rare
}

func kindKR(lead, trail byte) rank {
	switch {
	case lead >= 0xb0 && lead <= 0xc8 && isEUC(trail):
		return frequent
	case lead == 0xa1 && isEUC(trail), lead == 0xa3 && isEUC(trail):
		return sign
	case lead >= 0x81 && lead != 0xff && (IsLetter(trail) || trail >= 0x81 && trail != 0xff):
		return rare
	}
	return bad
}

func kindJP(lead, trail byte) rank {
	switch {
	case !isEUC(trail) || !isEUC(lead) && lead != 0x8e && lead != 0x8f:
		return bad
	case lead == 0xa4, lead == 0xa5:
		return kana
	case lead >= 0xb0 && lead <= 0xcf:
		return frequent
	case lead == 0xa1, lead == 0xa3:
		return sign
	}
	return rare
}

func kindSJIS(lead, trail byte) rank {
	switch {
	case lead >= 0xa1 && lead <= 0xdf:
		return rare // a kana of one octet; see shape
	case lead < 0x81 || lead == 0xa0 || lead > 0xfc || trail < 0x40 || trail == 0x7f || trail > 0xfc:
		return bad
	case lead == 0x82 && trail >= 0x9f && trail <= 0xf1, lead == 0x83 && trail <= 0x96:
		return kana
	case lead == 0x81, lead == 0x82:
		return sign
	case lead >= 0x88 && lead <= 0x98:
		return frequent
	}
	return rare
}

// commonPairs are the octets of layout.common, by label.
var commonPairs = sync.OnceValue(func() map[string]map[uint16]bool {
	all := map[string]map[uint16]bool{}
	for _, l := range layouts {
		m := map[uint16]bool{}
		enc := known()[l.label].encoding.NewEncoder()
		for _, r := range l.common {
			if b, err := enc.Bytes([]byte(string(r))); err == nil && len(b) == 2 {
				m[uint16(b[0])<<8|uint16(b[1])] = true
			}
		}
		all[l.label] = m
	}
	return all
})

// shape is what text looks like in a layout.
type shape struct {
	chars int // beyond ASCII
	rank  [common + 1]int
	score float64
}

// daily tells text all of whose characters are in daily use, but for a name
// here and there and the cut end of a long text.
func (s shape) daily() bool {
	return s.rank[bad] <= s.chars/50 && s.rank[rare] <= s.chars/10
}

// real counts the characters that are more than punctuation.
func (s shape) real() int { return s.chars - s.rank[sign] - s.rank[bad] }

// shape looks at a text as one in this layout.
func (l layout) shape(b []byte) shape {
	s := shape{score: l.prior}
	pairs := commonPairs()[l.label]
	single := false // whether an ASCII letter stands before, not as half of a character
	for i := 0; i < len(b); i++ {
		if b[i] < utf8.RuneSelf {
			single = IsLetter(b[i])
			continue
		}
		s.chars++
		glued := single
		single = false
		if l.label == "shiftjis" && b[i] >= 0xa1 && b[i] <= 0xdf {
			s.add(rare)
			continue
		}
		if i+1 == len(b) {
			s.add(bad)
			break
		}
		if l.label == "gb18030" && isFour(b[i:]) {
			s.add(rare)
			i += 3
			continue
		}
		lead, trail := b[i], b[i+1]
		k := l.kind(lead, trail)
		switch {
		case pairs[uint16(lead)<<8|uint16(trail)]:
			k = common
		case k == bad:
			s.add(bad)
			continue
		case lead == 0x8f && l.label == "eucjp":
			i++ // three octets
		}
		s.add(k)
		if glued {
			s.score += penaltyGlued
		}
		if trail < utf8.RuneSelf {
			s.score += bonusASCII
		}
		i++
	}
	return s
}

// isFour tells a character of GB18030 that has four octets.
func isFour(b []byte) bool {
	return len(b) >= 4 && b[0] >= 0x81 && b[1] >= '0' && b[1] <= '9' && b[2] >= 0x81 && b[3] >= '0' && b[3] <= '9'
}

func (s *shape) add(k rank) {
	s.rank[k]++
	s.score += rankScore[k]
}

// minChars is the shortest text that is taken for one of East Asia without
// being said to be one.
const minChars = 2

// eastAsian finds the charset in which all of a text is characters in daily
// use of one language, and how likely that is; nil for every other text.
func eastAsian(b []byte) (found *charset, score float64) {
	for _, l := range layouts {
		s := l.shape(b)
		if !s.daily() || s.real() < minChars {
			continue
		}
		if found == nil || s.score > score {
			found, score = known()[l.label], s.score
		}
	}
	return found, score
}

// layoutOf finds the layout of a charset.
func layoutOf(c *charset) (layout, bool) {
	name := c.name
	if strings.HasPrefix(name, "gb") {
		name = "gb18030"
	}
	for _, l := range layouts {
		if l.name == name {
			return l, true
		}
	}
	return layout{}, false
}

// marginEastSaid is how much likelier another charset of East Asia must be than
// the one that the mail names.
const marginEastSaid = 4

// refineDouble believes a label of East Asia unless much of the text is no
// character in it, or none in daily use, while another charset reads it all.
func refineDouble(b []byte, said *charset) *charset {
	l, ok := layoutOf(said)
	if !ok {
		return said
	}
	text := sample(b)
	here := l.shape(text)
	if odd := here.rank[bad] + here.rank[rare]; odd*4 > here.chars {
		if c, score := eastAsian(text); c != nil && score > here.score+marginEastSaid && c.encoding != said.encoding {
			return c
		}
	}
	if here.rank[bad]*10 <= here.chars {
		return said
	}
	if c := guess(b, false); c.name != "windows-1252" || here.rank[bad]*2 > here.chars {
		return c
	}
	return said
}
