package reply

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// What begins and ends the lines that mailers add to name themselves, in lower
// case where ASCII.
var (
	devicePrefixes = phrasesList("sent from |sent via |sent with |sent using |sent by |gesendet von |gesendet mit |gesendet vom |von meinem |diese nachricht wurde |diese e-mail wurde |" +
		"envoyé de |envoyé depuis |Envoyé de |envoyé à partir |envoyé avec |envoyé par |Envoyé avec |Envoyé depuis |provenance : |wysłane z |wysłane ze |wysłano z |wysłano ze |wysłane przez |" +
		"skickat från |skickades från |skickat med |inviato da |inviato dal |inviato dall'|inviato con |inviata da |dikirim dari |dikirim dengan |dikirim melalui |" +
		"enviado desde |enviado do |enviado da |enviado a partir |enviado de |enviado com |enviado con |enviado mediante |enviado pelo |enviat des |verstuurd vanaf |verzonden vanaf |" +
		"verzonden met |verstuurd via |verstuurd met |sendt fra |sendt med |odesláno z |odesláno ze |odoslané z |poslano |отправлено с |Отправлено с |отправлено из |Отправлено из |" +
		"надіслано з |Надіслано з |trimis de pe |trimis din |gửi từ |được gửi từ |Được gửi từ |στάλθηκε από |Στάλθηκε από |εστάλη από |Εστάλη από |lähetetty |küldve |virus-free|mail for |courrier pour |" +
		"發自|发自|傳送自|寄自|发送自|來自我的|来自我的")
	// Programs offer themselves ("Get Outlook for iOS"): they name a system, too.
	offers = phrasesList("get |obtenir |télécharger |Télécharger |holen sie sich |laden sie |outlook für |outlook voor |pobierz |uzyskaj |hämta |skaffa |ottieni |scarica |dapatkan |unduh |" +
		"取得|下載|获取|下载|obtener |obtén |obter |baixe |descarga |download |hent |få |hanki |získejte |stáhněte |prevzemite ")
	systems = phrasesList("ios|android|windows|mac|iphone|ipad|mobile")
	// Scanners write a sentence that nobody else does.
	scanned = phrasesList("this email has been checked for viruses |this e-mail was checked for viruses |ta wiadomość została sprawdzona |denna e-post har kontrollerats |diese e-mail wurde von avast ")
	// What stands at the end, behind the product.
	deviceSuffixes = phrasesList("gesendet|gönderildi|küldve")
	joinedSuffixes = phrasesList("傳送|寄出|传送|发送|發送|傳送的|发出|發出|から送信|から送信されました|から送信されたメール|から送信されています|에서 보냄")
	joinedPrefixes = phrasesList("從|从|由|自|以|透過|通过|使用|發自|发自|私の|나의|내 ")
	// products are what such a line must name; inflected languages go on behind them.
	products = phrasesList("iphon|ipad|ipod|ios|android|outlook|samsung|galaxy|blackberry|verizon|t-mobile|at&t|yahoo|proton|windows|nokia|huawei|xiaomi|redmi|sony|xperia|htc|wiko|oppo|oneplus|" +
		"motorola|moto|honor|realme|vivo|pixel|lg|lenovo|asus|zte|alcatel|fairphone|smartphone|phone|handy|telefon|cellulare|cellular|móvil|celular|ponsel|telefoon|téléphone|tablet|mobiltelefon|" +
		"mobile|gmail|thunderbird|macbook|mac|apple|avast|avg|norton|mail.ru|yandex|spark|airmail|k-9|k9|hotmail|icloud|aol|gmx|web.de|telekom|t-online|orange|vodafone|zoho|front|superhuman|tutanota|" +
		"fastmail|mailspring|bluemail|qq|網易|网易|手機|手机|電話|電腦|电脑|行動|智慧型|郵件|邮件|邮箱|三星|華為|华为|小米|삼성|갤럭시|휴대|телефона|смартфона|почты|Почты")
	// fillers are the other words that programs put there.
	fillers = set("a an the my mine your on for with via using from by at of and to in app application application's mail email e-mail secure device mobile wireless handheld messaging free antivirus software " +
		"please excuse any typos typo brevity sorry pardon forgive short spelling mistakes errors autocorrect " +
		"von vom mit der dem den die das meinem meiner mein für über aus gesendet verschickt wurde gerät kostenlos kostenlose " +
		"mon ma de du des depuis pour à partir mi mis desde para por con mediante dispositivo do da dal dall no na em meu minha com pelo correo e-mail " +
		"mojego mojej moim telefonu aplikację aplikacji aplikacja urządzenia urządzenie dla systemu programu poczty poczta mobilnej pomocą komórki smartfona smartfonu w z ze " +
		"min mitt från för till med och enhet mobil mobila telefonen il la lo un una mio mia tuo il per su telefono dispositivo cellulare posta " +
		"dari saya untuk perangkat aplikasi seluler email mijn mijne voor vanaf het een apparaat mobiele fra mit enhed pro můj mého mobilu aplikace telefonu môjho gönderildi " +
		"моего мобильного мобильной мобильных устройства приложения для почты из с от de pe meu telefonul pentru meg a az készülékemről telefonomról " +
		"ai của tôi το μου για")
)

// isDevice tells the line that a phone or a program adds under a mail: known words,
// a product, and nothing else but names of models. All others ("Sent from my desk,
// where it is quiet.") are what somebody wrote.
func isDevice(s string) bool {
	if len(s) > 3*maxDevice || len(s) < 6 {
		return false
	}
	linked := false
	if at := strings.IndexAny(s, "<(["); at > 0 && strings.Contains(s[at:], "://") {
		s, linked = trim(s[:at]), true // "Get Outlook for iOS<https://…>"
	}
	s = strings.TrimRight(strings.Trim(s, "*_ "), ".。")
	var buf [maxDevice]byte
	low, ok := asciiLower(buf[:], s)
	if !ok || s == "" || strings.ContainsAny(s, "?!;\"{") || strings.Contains(s, "，") || strings.Contains(s, "、") {
		return false
	}
	if endsWithAny(low, joinedSuffixes) && (startsWithAny(low, joinedPrefixes) || startsWithAny(low, products)) {
		return namesProduct(string(low))
	}
	if c, _ := utf8.DecodeRuneInString(s); unicode.IsLower(c) && !startsWithAny(low, products) {
		return false // a mailer begins its line; this one goes on with another
	}
	switch {
	case startsWithAny(low, scanned):
		return namesProduct(string(low))
	case startsWithAny(low, offers):
		return hasAny(string(low), systems) && isNaming(afterPrefix(s, low, offers), false)
	case startsWithAny(low, devicePrefixes):
		return isNaming(afterPrefix(s, low, devicePrefixes), linked)
	}
	return endsWithAny(low, deviceSuffixes) && isNaming(s, false)
}

// isNaming tells whether s holds a product, or something that is linked, and else
// nothing but fillers, figures, and names as they are written.
func isNaming(s string, named bool) bool {
	for w := range strings.FieldsSeq(s) {
		w = strings.Trim(w, ",.:'()*-–|")
		var buf [maxDevice]byte
		low, _ := asciiLower(buf[:], w)
		c, _ := utf8.DecodeRuneInString(w)
		switch {
		case w == "":
		case startsWithAny(low, products) || strings.HasPrefix(w, "www."):
			named = true
		case fillers[string(low)] || unicode.IsUpper(c) || strings.ContainsAny(w, "0123456789/"):
		case c > 0x2e80: // Chinese, Japanese and Korean leave no space
			named = named || namesProduct(w)
		default:
			return false
		}
	}
	return named
}

// afterPrefix gives s behind the first of the prefixes that it begins with.
func afterPrefix(s string, low []byte, prefixes []string) string {
	for _, p := range prefixes {
		if strings.HasPrefix(string(low), p) {
			return s[len(p):]
		}
	}
	return s
}

func namesProduct(low string) bool { return hasAny(low, products) }

func hasAny(s string, list []string) bool {
	for _, p := range list {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}

func phrasesList(list string) []string { return strings.Split(list, "|") }

func startsWith(s []byte, p string) bool { return len(s) >= len(p) && string(s[:len(p)]) == p }

func startsWithAny(s []byte, prefixes []string) bool {
	for _, p := range prefixes {
		if startsWith(s, p) {
			return true
		}
	}
	return false
}

func endsWithAny(s []byte, suffixes []string) bool {
	for _, p := range suffixes {
		if len(s) > len(p) && string(s[len(s)-len(p):]) == p {
			return true
		}
	}
	return false
}
