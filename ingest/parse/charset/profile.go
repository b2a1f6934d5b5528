package charset

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// language is what is known of one: how often its letters beyond ASCII are,
// in parts of any size, and the charsets it is written in.
type language struct{ letters, charsets string }

const (
	central  = "windows1250 iso88592"
	cyrillic = "windows1251 koi8u iso88595 cp866 maccyrillic"
)

// languages are those of our mail and their neighbours.
var languages = []language{
	{"é50 à13 è9 ê5 ç3 â2 ô1.5 î1 ù1 û1 É1 œ.5 ï.4 ë.3 À.5", "windows1252"},
	{"ü38 ä32 ö17 ß13", "windows1252"},
	{"ó25 í22 á17 é13 ñ10 ú5 ¿2 ¡2 ü.5 º.5 ª.5", "windows1252"},
	{"ã20 ç15 á12 é11 í10 ê9 ó8 õ5 â3 à3 ú3 ô1.5 º.5 ª.5", "windows1252"},
	{"à25 è25 ò15 ì14 ù13 é8 È1", "windows1252"},
	{"à20 é15 ó15 è12 í12 ç8 ò8 ú5 ï2 ü1 ·1", "windows1252"},
	{"ä38 ö28 å27 é2", "windows1252"},
	{"å30 ø30 æ28 é2 ö1 ä1", "windows1252"},
	{"ð20 á15 í15 þ12 ó8 ö8 æ7 é5 ú5 ý3 ø3", "windows1252"},
	{"é40 ë40 ï15 è5 ö2 ü2", "windows1252"},
	{"ë70 ç30", "windows1252"},
	{"ä40 õ25 ü25 ö8 š1 ž1", "windows1252"},
	// Several languages of the West in one mail.
	{"é18 ä10 ü9 ö9 á7 í6 ó6 à6 è6 å4 ç4 ß4 ñ3 ã3 ø3 æ3 ê2 ú3 ò2 ì2 ù2 ð2 ô1.5 â2 þ1 ý1 ë1.5 ï1 õ.5 î1 û.5", "windows1252"},
	{"ł26 ę16 ą14 ó12 ż12 ś10 ć6 ń3 ź1", central},
	{"í23 á15 ě11 é9 ř8 ý7 ž7 č7 š6 ů5 ú1 ň.6 ť.3 ď.2 ó.3", central},
	{"á20 í12 ú12 ý12 é10 č10 ž9 š8 ľ4 ť4 ň2 ô2 ď1.5 ó1 ä1 ĺ.2 ŕ.2", central},
	{"á30 é30 ö10 ó10 ő9 ü5 í5 ú3 ű2", central},
	{"ă36 î20 ş14 ţ14 â9", central},
	{"č32 š28 ž22 ć13 đ5", central},
	{"ı30 ü13 ş11 ğ8 ç8 ö6 İ2 â.3 î.1", "windows1254"},
	{"ā30 ī15 ē12 š10 ū6 ņ6 ļ5 ž4 ķ4 č3 ģ3", "windows1257"},
	{"ė20 š18 ų18 ž13 ū9 į8 ą8 č6 ę3", "windows1257"},
	{"о11 е8.5 а8 и7.4 н6.7 т6.3 с5.5 р4.7 в4.5 л4.4 к3.5 м3.2 д3 п2.8 у2.6 я2 ы1.9 ь1.7 г1.7 з1.65 б1.6 ч1.4 й1.2 х1 ж.9 ш.7 ю.6 ц.5 щ.36 э.3 ф.27 ъ.04 ё.1", cyrillic},
	{"о9 а7 н6.5 и6 і5.7 в5.5 т5 р4.7 е4.5 с4 к3.9 л3.6 у3.3 д3 м3 п2.7 з2.3 я2.2 ь2 б1.8 г1.6 ч1.4 й1.3 х1.2 ц.8 ї.8 ж.7 ю.7 ш.6 є.6 щ.4 ф.3 ґ.05", cyrillic},
	{"а13 е9 о9 и9 т8 н7.5 р5 с5 в4.5 л3.5 д3.5 к3 п3 м2.5 з2.3 ъ2 я1.9 г1.7 б1.5 у1.5 ч1.5 ж.7 ц.7 щ.6 х.6 ш.5 й.5 ф.3 ю.1 ь.1", cyrillic},
	{"α12 ο10 ι9 ε8 τ8 ν7.5 σ6 η5 υ5 ρ4.5 π4.5 κ4.3 ς4 μ3.5 λ3 ί3 ά2.5 έ2.2 ό2.2 ω2 γ1.9 δ1.8 ή1.7 θ1.2 χ1.2 ύ1 ώ1 φ1 β.8 ξ.5 ζ.4 ψ.15", "windows1253 cp737"},
	{"י11 ו10 ה9.5 ל7.5 א6.5 מ5.5 ר5.5 ת5 ב5 ש5 נ3.5 ע3.2 ם3 כ3 ד2.7 ח2.4 ק2.2 פ2 ן1.5 ס1.5 ט1.3 ג1.3 צ1.3 ז1.2 ך.8 ף.3 ץ.2", "windows1255"},
	{"ا14 ل12 ي7.5 م6.5 ن6.3 و6 ر5.5 ت5 ب4 ه4 د4 ع3.8 س3 ف3 ة3 ك2.5 ق2.5 أ2.5 ح2 ج1.6 ش1.2 إ1 ص1 ى1 ط1 خ.9 ض.7 ذ.7 ث.6 ز.6 غ.4 ء.4 ئ.4 ظ.2 ؤ.2 آ.2", "windows1256 iso88596"},
	{"า7 น6.5 ร6 อ5.5 ก5 เ5 ่4.5 ง4 ั4 ม3.7 ว3.5 ย3.5 ้3.5 ล3 ส3 ท3 ต3 ห3 ี3 ิ3 ค3 ด2.5 ป2.2 แ2 จ2 ไ2 พ2 บ2 ะ1.5 ช1.5 ุ1.5 ู1.3 ข1.3 โ1.2 ใ1.2 ผ1 ื1 ์1 ำ1 ็1 ถ.8 ซ.7 ึ.7 ณ.5 ธ.5 ศ.5 ญ.5 ภ.5 ษ.4 ฟ.3 ฉ.2", "windows874"},
}

// Shares of what is no letter of a language.
const (
	shareForeign   = 3e-4 // letters of other languages
	sharePunctuate = 0.03 // quotes and dashes, which every language has
	shareSymbol    = 1e-3
	shareNone      = 1e-7 // octets that are no character, and accents that nobody types alone
	shareCapital   = 0.15 // of a letter, relative to the small one
)

// Penalties, as logarithms, for letters where no language has them.
var (
	penaltyRun    = math.Log(0.08) // two letters beyond ASCII, in Latin script
	penaltyMixed  = math.Log(0.02) // another script within an ASCII word
	penaltyCase   = math.Log(0.02) // a capital behind a small letter
	bonusCapitals = math.Log(4)    // a word in capitals goes on in capitals
	penaltyInner  = math.Log(0.1)  // a sign, such as "³", within a word
	penaltyRare   = math.Log(0.05) // a charset that few write in
	priorFar      = math.Log(0.15) // a script that few of our people write

	// A letter alone between blanks or digits: a word in French and Italian, and
	// now and then in other scripts, where it may also be a sign, such as "£".
	penaltyAloneWest  = math.Log(0.3)
	penaltyAloneOther = math.Log(0.05)
	penaltyAloneEast  = math.Log(0.005)
)

type class uint8

const (
	other class = iota
	small
	capital
)

// profile is a language in a charset.
type profile struct {
	charset *charset
	latin   bool
	prior   float64      // how much less the charset is in use than the first one of the language
	alone   float64      // penalty for a letter alone
	log     [128]float64 // how likely each octet beyond ASCII is
	class   [128]class
	sign    [128]bool // what no letters are on both sides of
}

var profiles = sync.OnceValue(func() []*profile {
	var all []*profile
	for _, l := range languages {
		shares := l.shares()
		for i, name := range strings.Fields(l.charsets) {
			p := newProfile(known()[name], shares)
			if !p.latin {
				p.prior = float64(i) * penaltyRare
			}
			switch name {
			case "windows1253", "windows1255", "windows1256", "windows874":
				p.prior += priorFar
			}
			all = append(all, p)
		}
	}
	return all
})

// shares reads the letters of a language, so that they sum up to 1.
func (l language) shares() map[rune]float64 {
	m := map[rune]float64{}
	sum := 0.0
	for f := range strings.FieldsSeq(l.letters) {
		r, n := utf8.DecodeRuneInString(f)
		m[r], _ = strconv.ParseFloat(f[n:], 64)
		sum += m[r]
	}
	for r := range m {
		m[r] /= sum
	}
	return m
}

func newProfile(c *charset, shares map[rune]float64) *profile {
	p := &profile{charset: c, latin: true}
	for r := range shares {
		p.latin = p.latin && unicode.In(r, unicode.Latin, unicode.Common)
	}
	switch {
	case c.name == "windows-1252":
		p.alone = penaltyAloneWest
	case p.latin:
		p.alone = penaltyAloneEast
	default:
		p.alone = penaltyAloneOther
	}
	for i := range p.log {
		r, _ := utf8.DecodeRuneInString(convert([]byte{byte(0x80 + i)}, c.encoding))
		share := shareOf(r, shares)
		switch {
		case r == 'µ': // a unit, not Greek
		case unicode.IsUpper(r):
			p.class[i] = capital
			share = max(share, shareCapital*shareOf(unicode.ToLower(r), shares))
		case unicode.IsLetter(r), unicode.Is(unicode.Mn, r):
			p.class[i] = small
		}
		p.log[i], p.sign[i] = math.Log(share), share == shareSymbol || strings.ContainsRune("“”„«»©®™§°…µ", r)
	}
	return p
}

func shareOf(r rune, shares map[rune]float64) float64 {
	switch {
	case shares[r] > 0:
		return shares[r]
	case r == utf8.RuneError, unicode.IsControl(r), strings.ContainsRune("˛ˇ˘˙˝", r):
		return shareNone
	case strings.ContainsRune("“”‘’„‚–—…•«»\u00a0€§°´®©™·µ", r):
		return sharePunctuate
	case unicode.IsLetter(r):
		return shareForeign
	}
	return shareSymbol
}

// score is how likely a text is in this language, as a logarithm.
func (p *profile) score(s []byte) float64 {
	sum := p.prior
	var before class
	high, ascii := false, false // whether the letter before is beyond ASCII, or of it
	for i, c := range s {
		if c < utf8.RuneSelf {
			before, high = classOf(c), false
			ascii = before != other
			continue
		}
		now := p.class[c-0x80]
		sum += p.log[c-0x80]
		switch {
		case now == other:
			if p.sign[c-0x80] && before != other && i+1 < len(s) && p.isLetter(s[i+1]) {
				sum += penaltyInner
			}
		case before == other && !(i+1 < len(s) && p.isLetter(s[i+1])):
			sum += p.alone
		case p.latin && high:
			sum += penaltyRun
		case !p.latin && ascii:
			sum += penaltyMixed
		}
		if now == capital {
			switch before {
			case small:
				sum += penaltyCase
			case capital:
				sum += bonusCapitals
			}
		}
		before, high, ascii = now, now != other, false
	}
	return sum
}

// isLetter tells a letter in the charset of the profile.
func (p *profile) isLetter(c byte) bool {
	if c < utf8.RuneSelf {
		return IsLetter(c)
	}
	return p.class[c-0x80] != other
}

func classOf(c byte) class {
	switch {
	case c >= 'a' && c <= 'z':
		return small
	case c >= 'A' && c <= 'Z':
		return capital
	}
	return other
}
