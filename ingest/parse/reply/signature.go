package reply

import "strings"

// Bounds of a signature. What is larger is text with a line of dashes in it.
const (
	maxSignature      = 40 // lines below "-- "
	maxSignatureSize  = 4000
	maxPlainSignature = 15 // lines below "--" without the blank
	maxPlainSize      = 1000
	maxFooter         = 8 // lines of a mailing list's footer
	maxDevice         = 100
)

// signature gives the line of [first, end) at which a signature begins, end if
// there is none. It stands at the end of what somebody wrote: the mailer's own
// line ("Sent from my phone"), a list's footer, and what is below "-- ".
func (t *table) signature(first, end int) int {
	at := t.devices(first, t.footer(first, end))
	if cut := t.dashes(first, at, end); cut < at {
		at = t.devices(first, cut)
	}
	for at > first && t.lines[at-1].signature {
		at--
	}
	return t.devices(first, at)
}

// devices steps up over the lines that mailers add.
func (t *table) devices(first, at int) int {
	for n := 0; n < 3 && at > first; n++ {
		l := t.lines[at-1]
		if !isDevice(t.text[l.body:l.end]) {
			break
		}
		at--
	}
	return at
}

// dashes finds "-- " (RFC 3676 4.3), or "--" if it stands in the text only once.
func (t *table) dashes(first, at, end int) int {
	found := at
	for i := at - 1; i >= first && i >= end-maxSignature; i-- {
		l := t.lines[i]
		if l.end-l.body != 2 || t.text[l.body:l.end] != "--" || l.depth > 0 {
			continue
		}
		size := int(t.lines[end-1].end - l.end)
		if strings.HasPrefix(t.text[l.end:], " ") && !strings.HasPrefix(t.text[l.end:], "  ") || strings.HasPrefix(t.text[l.end:], "\u00a0") {
			if size <= maxSignatureSize {
				found = i
			}
			continue
		}
		if found != at {
			if t.isPlainDashes(found) {
				return at // a text in parts, divided by dashes
			}
			continue
		}
		if end-i <= maxPlainSignature && size <= maxPlainSize {
			found = i
		}
	}
	return found
}

func (t *table) isPlainDashes(i int) bool { return !strings.HasPrefix(t.text[t.lines[i].end:], " ") }

// footer finds what a mailing list adds: a rule, and below it the list's name or
// how to leave it.
func (t *table) footer(first, end int) int {
	for i := end - 1; i >= first && i >= end-maxFooter; i-- {
		s := t.body(i)
		if len(s) < 2 || s[0] != '_' && s[0] != '-' || s == "--" || !isRule(s) {
			continue
		}
		for j := i + 1; j < end && j <= i+3; j++ {
			if l := t.body(j); len(l) <= 200 && (strings.Contains(l, "mailing list") || strings.Contains(l, "unsubscribe") || strings.Contains(l, "/listinfo/")) {
				return i
			}
		}
		return end
	}
	return end
}

// What begins and ends the lines that mailers add to name themselves, in lower
// case where ASCII.
var (
	// What nobody begins a short last line with.
	devicePrefixes = phrasesList("sent from |gesendet von |von meinem |envoyé de |envoyé depuis |Envoyé de |envoyé à partir |wysłane z |wysłano z |skickat från |" +
		"inviato da |inviato dal |inviato dall'|dikirim dari |從我的|发自我的|enviado desde |enviado do |enviado a partir |verstuurd vanaf |verzonden vanaf |" +
		"sendt fra |odesláno z |odesláno ze |odoslané z |отправлено с |Отправлено с |отправлено из |Отправлено из |надіслано з |Надіслано з |trimis de pe |" +
		"gửi từ |được gửi từ |Được gửi từ |στάλθηκε από |Στάλθηκε από |εστάλη από |Εστάλη από |get outlook for |virus-free|this email has been checked for viruses |this e-mail was checked for viruses |ta wiadomość została sprawdzona |denna e-post har kontrollerats ")
	// What counts only where a product is named.
	weakPrefixes = phrasesList("sent via |sent with |sent using |sent by |get |gesendet mit |gesendet vom |diese nachricht wurde |envoyé avec |envoyé par |obtenir |télécharger |Télécharger |" +
		"provenance |holen sie sich |outlook für |laden sie |wysłane przez |pobierz |uzyskaj |skickades från |skickat med |hämta |skaffa |inviato con |inviata da |ottieni |scarica |" +
		"dikirim dengan |dikirim melalui |dapatkan |unduh |從|傳送自|寄自|取得|下載|发自|发送自|获取|下载|enviado de |enviado com |enviado mediante |enviado pelo |obtener |obtén |obter |baixe |descarga |" +
		"verzonden met |verstuurd via |verstuurd met |outlook voor |download |sendt med |hent |få |lähetetty |hanki |získejte |stáhněte |prevzemite |trimis din |küldve |enviat des |poslano |mail for |courrier pour ")
	deviceSuffixes = []string{
		"gesendet", "傳送", "寄出", "から送信", "에서 보냄", "gönderildi", "傳送的", "küldve", "发送", "發送", "傳出", "送信されました", "保存", "から送信されたメール",
	}
	// products are words without which a line with commas or a full stop is a sentence.
	products = []string{
		"iphone", "ipad", "android", "outlook", "samsung", "galaxy", "blackberry", "verizon", "t-mobile", "at&t", "yahoo", "proton", "windows", "nokia", "huawei",
		"xiaomi", "sony", "htc", "smartphone", "mobile device", "gmail", "thunderbird", "ipod", "macbook", "apple watch", "avast", "avg", "norton", "mail.ru", "yandex", "mail for", "courrier pour", "手機", "手机", "郵件", "邮箱",
	}
)

// isDevice tells the line that a phone or a program adds under a mail. A
// sentence that only begins so ("Sent from my desk, where it is quiet.") is
// what somebody wrote.
func isDevice(s string) bool {
	if len(s) > 300 || len(s) < 6 {
		return false
	}
	if at := strings.IndexAny(s, "<(["); at > 0 && strings.Contains(s[at:], "://") {
		s = trim(s[:at]) // "Get Outlook for iOS<https://…>"
	}
	s = strings.Trim(s, "*_ ")
	var buf [maxDevice]byte
	low, ok := asciiLower(buf[:], s)
	if !ok || s == "" || strings.ContainsAny(s, "?!;\"{") || strings.Contains(s, "。") || strings.Contains(s, "，") {
		return false
	}
	if !startsWithAny(low, devicePrefixes) {
		return (startsWithAny(low, weakPrefixes) || endsWithAny(low, deviceSuffixes)) && len(low) <= 60 && namesProduct(string(low))
	}
	if strings.ContainsAny(s, ",.:") {
		return namesProduct(string(low))
	}
	return strings.Count(s, " ") <= 7
}

func phrasesList(list string) []string { return strings.Split(list, "|") }

func startsWithAny(s []byte, prefixes []string) bool {
	for _, p := range prefixes {
		if p[0] == s[0] && len(s) > len(p) && string(s[:len(p)]) == p {
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

func namesProduct(low string) bool {
	for _, p := range products {
		if strings.Contains(low, p) {
			return true
		}
	}
	return false
}
