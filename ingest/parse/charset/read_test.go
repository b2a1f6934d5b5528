package charset

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// samples are sentences that people write to a help desk, and the charsets
// that mailers wrote them in.
var samples = []struct {
	text      string
	encodings []encoding.Encoding
}{
	{"Dzień dobry, proszę o pomoc, nie mogę się zalogować, żółty pasek świeci się ciągle.", []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2}},
	{"Dobrý den, prosím o pomoc s účtem, heslo nefunguje a schránka je příliš plná. Děkuji, že to vyřešíte.", []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2}},
	{"Jó napot, kérem segítsenek, a fiókom nem működik és az üzenetek sem érkeznek meg időben, köszönöm.", []encoding.Encoding{charmap.Windows1250, charmap.ISO8859_2}},
	{"Bonjour, je n'arrive plus à accéder à ma boîte, le mot de passe a été changé hier après-midi.", []encoding.Encoding{charmap.Windows1252}},
	{"Guten Tag, ich kann die Anhänge nicht mehr öffnen. Mit freundlichen Grüßen, Jürgen", []encoding.Encoding{charmap.Windows1252}},
	{"Buongiorno, perché la casella non è più accessibile? Così non va, la password c'è già.", []encoding.Encoding{charmap.Windows1252}},
	{"Hej, jag kan inte längre öppna kalendern på datorn, kan ni hjälpa mig att återställa den?", []encoding.Encoding{charmap.Windows1252}},
	{"Hej, jeg kan ikke åbne vedhæftede filer; kan I hjælpe mig, før det bliver for sent?", []encoding.Encoding{charmap.Windows1252}},
	{"Buenos días, ¿pueden ayudarme con la contraseña? No llegó ningún código al teléfono.", []encoding.Encoding{charmap.Windows1252}},
	{"Bom dia, não consigo acessar a conta e a senha não é aceita. Obrigado pela atenção.", []encoding.Encoding{charmap.Windows1252}},
	{"Merhaba, şifremi değiştiremiyorum, yardımcı olur musunuz? Teşekkürler, iyi çalışmalar.", []encoding.Encoding{charmap.Windows1254}},
	{"Здравствуйте, не могу войти в почту, помогите, пожалуйста. Пароль не подходит.", []encoding.Encoding{charmap.Windows1251, charmap.KOI8R, charmap.CodePage866}},
	{"Καλημέρα σας, δεν μπορώ να συνδεθώ στον λογαριασμό μου, παρακαλώ βοηθήστε με.", []encoding.Encoding{charmap.Windows1253}},
	{"שלום, אני לא מצליח להיכנס לחשבון שלי, אפשר לקבל עזרה בבקשה", []encoding.Encoding{charmap.Windows1255}},
	{"السلام عليكم، لا أستطيع الدخول إلى حسابي، أرجو المساعدة في أقرب وقت", []encoding.Encoding{charmap.Windows1256}},
	{"สวัสดีครับ ผมไม่สามารถเข้าสู่ระบบได้ กรุณาช่วยเหลือด้วย", []encoding.Encoding{charmap.Windows874}},
	{"您好，我无法登录我的邮箱，请帮助我们看一下是什么问题，谢谢。", []encoding.Encoding{simplifiedchinese.GB18030}},
	{"您好，我無法登入我的信箱，請幫忙看一下是什麼問題，謝謝。", []encoding.Encoding{traditionalchinese.Big5}},
	{"お世話になっております。メールが受信できませんので、確認をお願いします。", []encoding.Encoding{japanese.EUCJP, japanese.ShiftJIS, japanese.ISO2022JP}},
	{"안녕하세요. 메일을 받을 수 없습니다. 확인 부탁드립니다. 감사합니다.", []encoding.Encoding{korean.EUCKR}},
}

// TestGuess: text under the labels of those who do not know is read by its
// letters, and the reader of the case is told (mail-traps C).
func TestGuess(t *testing.T) {
	for _, s := range samples {
		for _, e := range s.encodings {
			b, err := e.NewEncoder().Bytes([]byte(s.text))
			if err != nil {
				t.Fatalf("%q in %v: %v", s.text, e, err)
			}
			for _, label := range []string{"", "us-ascii", "iso-8859-1", "x-unknown", "utf-8"} {
				got, repair := Read(b, label)
				if got != s.text {
					t.Errorf("%v labelled %q: read as %q (%s), want %q", e, label, got, repair, s.text)
				}
				if label == "" && repair == "" {
					t.Errorf("%v without a label: no repair is told", e)
				}
			}
		}
		for _, label := range []string{"iso-8859-1", "us-ascii", "koi8-r", "big5", "windows-1250", "iso-2022-jp", "utf-16", "shift_jis"} {
			if got, repair := Read([]byte(s.text), label); got != s.text || repair != "text labelled "+label+" read as utf-8" {
				t.Errorf("utf-8 labelled %q: read as %q (%q), want %q", label, got, repair, s.text)
			}
		}
	}
}

// TestRepair: what is told of a label, and what is nobody's business.
func TestRepair(t *testing.T) {
	tests := []struct{ in, label, text, repair string }{
		{"plain", "utf-8", "plain", ""},
		{"plain", "koi8-r", "plain", ""},
		{"plain", "no-such", "plain", ""},
		{"caf\xe9", "iso-8859-1", "café", ""},
		{"caf\xe9", "latin1", "café", ""},
		{"\x93hi\x94", "iso-8859-1", "“hi”", "text labelled iso-8859-1 read as windows-1252"},
		{"café", "iso-8859-1", "café", "text labelled iso-8859-1 read as utf-8"},
		{"café", "", "café", "text without a label read as utf-8"},
		{"caf\xe9", "us-ascii", "café", "text labelled us-ascii read as windows-1252"},
		{"caf\xe9", "utf-8", "café", "text labelled utf-8 read as windows-1252"},
		{"caf\xe9", "no\x00su\u202ech", "café", "text labelled nosuch read as windows-1252"},
		{"na\xefve", "x-mac-roman", "naÔve", ""},
		{"\x9cledzik \xbf\xb9", "iso-8859-2", "śledzik żą", "text labelled iso-8859-2 read as windows-1250"},
		{"si\xea \xb9 \xbf", "iso-8859-2", "się š ż", ""}, // could be, so it is believed,
		{"za\xbf\xf3\xb3\xe6", "us-ascii", "zażółć", "text labelled us-ascii read as windows-1250"},
		{"A\r\n\xa0\r\nB\r\n\xa0\r\n", "iso-8859-1", "A\r\n\u00a0\r\nB\r\n\u00a0\r\n", ""},
		{"10 m\xb3, 20 m\xb3, 30 m\xb3", "iso-8859-1", "10 m³, 20 m³, 30 m³", ""},
		{"\xa3100 \xa3200 \xa3300 \xb15", "iso-8859-1", "£100 £200 £300 ±5", ""},
		{"\xa9 2026 \xb5m \xb0C", "iso-8859-1", "© 2026 µm °C", ""},
		{"l'\xe9t\xe9, o\xf9 \xe7a?", "iso-8859-1", "l'été, où ça?", ""},
		{"Stra\xdfe", "iso-8859-1", "Straße", ""},
		{"\xcf\xf0\xe8\xe2\xe5\xf2", "", "Привет", "text without a label read as windows-1251"},
		{"J\xf3zef Ma\xb3ysz", "", "Józef Małysz", "text without a label read as windows-1250"},
		{"\x1b$BF|K\\\x1b(B", "", "日本", "text without a label read as iso-2022-jp"},
		{"\xc3\xb3\xc1\xfd", "euc-kr", "처집", ""},
		{"\xff\xfea\x00\x05\x01", "unicode", "aą", ""},
		{"a\x00\x05\x01b\x00 \x00\r\x00\n\x00", "", "aąb \r\n", "text without a label read as utf-16le"},
	}
	for _, tt := range tests {
		if text, repair := Read([]byte(tt.in), tt.label); text != tt.text || repair != tt.repair {
			t.Errorf("%q labelled %q is %q, repair %q; want %q, %q", tt.in, tt.label, text, repair, tt.text, tt.repair)
		}
	}
}

// TestLabels: the ways a label is written, and broken.
func TestLabels(t *testing.T) {
	for want, labels := range map[string]string{
		"utf-8":        `UTF8|utf_8|"utf-8"|'utf-8'|charset=utf-8|charset="utf-8"|charset=charset=utf-8|=3Dutf-8|3D"utf-8"|utf-8"|utf-8;|utf-8 (foo)|utf-8, us-ascii|unicode-1-1-utf-8`,
		"iso-8859-1":   `ISO8859-1|iso_8859-1|latin1|8859-1|"iso-8859-1 "|ISO-8859-1 (Latin)|iso-8859_1`,
		"gb2312":       "GB_2312-80|x-gb2312|euc-cn",
		"euc-kr":       "ks_c_5601-1987|KSC5601|cp949|x-windows-949|ks_c_5601",
		"shift_jis":    "sjis|x-sjis|windows-31j|cp932|MS_Kanji|Shift-JIS",
		"big5":         "big5-hkscs|cn-big5|x-x-big5|cp950",
		"windows-1250": "cp1250|win-1250|1250|x-cp1250",
		"utf-7":        "unicode-1-1-utf-7|x-unicode-1-1-utf-7|utf7",
		"iso-8859-8":   "iso-8859-8-i|ISO-8859-8-E",
		"x-mac-ce":     "x-mac-ce|mac-centraleurope",
		"":             "|x-unknown|unknown-8bit|none|blah|\xff\xfe",
	} {
		for label := range strings.SplitSeq(labels, "|") {
			if got := find(label).name; got != want {
				t.Errorf("the label %q means %q, want %q", label, got, want)
			}
		}
	}
}

// TestCharsets: charsets that are read here.
func TestCharsets(t *testing.T) {
	tests := []struct{ in, label, want string }{
		{"\x1b$)C\x0eGQ1[\x0f ok", "iso-2022-kr", "한글 ok"},
		{"~{VP9z~} ok", "hz-gb-2312", "中国 ok"},
		{"\x1b$B$\"$$\nx\x1b(B", "iso-2022-jp", "あい\nx"}, // RFC 1468: a line ends in ASCII
		{"\x1b(I1\x1b(B", "iso-2022-jp", "ｱ"},
		{"\x1b$)A\x0eVP\x0f", "iso-2022-cn", "中"},
		{"a+AOk", "utf-7", "aé"},
		{"2+2-1", "utf-7", "2+2-1"},
		{"+AAA-x", "utf-7", "+AAA-x"},
		{"+ZeVnLIqe-", "unicode-1-1-utf-7", "日本語"},
		{"\x00a\x01\x05", "utf-16", "aą"},
		{"a\x00\x00\x00\x05\x01\x00\x00", "utf-32", "aą"},
		{"\x00\x00\x00a", "utf-32be", "a"},
		{"\x87", "x-mac-ce", "á"},
		{"\x98", "cp737", "α"},
		{"\x9c", "cp852", "ť"},
		{"\xc0\xaf\xe0\x80\xaf", "utf-8", "À¯à\u20ac¯"}, // T62: overlong forms are no characters
	}
	for _, tt := range tests {
		if got := Decode([]byte(tt.in), tt.label); got != tt.want {
			t.Errorf("%q in %s is %q, want %q", tt.in, tt.label, got, tt.want)
		}
	}
}

// TestGuessBounded: what a guess costs does not grow with the text.
func TestGuessBounded(t *testing.T) {
	if n := len(sample([]byte(strings.Repeat("za\xbf\xf3\xb3\xe6 ", 1<<20)))); n > 8*sampleSize {
		t.Errorf("a guess is made from %d octets, want at most %d", n, 8*sampleSize)
	}
}

// FuzzRead: whatever the octets and the label, the text can be stored, valid
// UTF-8 stays as it is under an ordinary label, and ASCII is never changed by
// a charset that has it.
func FuzzRead(f *testing.F) {
	for _, s := range samples {
		for _, e := range s.encodings {
			b, _ := e.NewEncoder().Bytes([]byte(s.text))
			f.Add(b, "")
		}
	}
	for _, label := range []string{"utf-7", "utf-16", "utf-32", "iso-2022-kr", "hz", "gbk", "x-mac-ce", "koi8-r", "=3Dutf-8"} {
		f.Add([]byte("a+AOk-\x1b$)C\x0eGQ1[\x0f~{VP~}\xe9\x00"), label)
	}
	f.Fuzz(func(t *testing.T, b []byte, label string) {
		text, repair := Read(b, label)
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Errorf("%q labelled %q gives %q", b, label, text)
		}
		if len(text) > 6*len(b)+4 { // two U+FFFD for an octet of broken ISO 2022
			t.Errorf("%d octets labelled %q give %d", len(b), label, len(text))
		}
		if strings.ContainsRune(text, utf8.RuneError) && !strings.Contains(string(b), "\ufffd") && repair == "" {
			t.Errorf("%q labelled %q gives %q, and nobody is told that letters are lost", b, label, text)
		}
		if !utf8.ValidString(repair) || len(repair) > 120 || strings.ContainsAny(repair, "\r\n\x00") {
			t.Errorf("the repair %q is not fit to be shown", repair)
		}
		if find(label).family == vague && IsASCII(b) && !strings.ContainsAny(string(b), "\x00\x1b") && text != string(b) {
			t.Errorf("ASCII %q labelled %q gives %q", b, label, text)
		}
	})
}
