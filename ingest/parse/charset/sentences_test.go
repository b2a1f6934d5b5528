package charset

import (
	"strings"
	"testing"
)

// sentences are what people write to a help desk, short ones too, and the
// labels of the charsets they are written in. floor is the share, in percent, of
// those of four letters or characters beyond ASCII that must be read right
// without a label.
var sentences = []struct {
	language, labels string
	floor            int
	text             string
}{
	{"en", "windows-1252", 100, `It’s still broken|The café is closed|“Done”, she said|£50 refund|Price: €20 – why?|naïve question…|Zoë can’t log in|My résumé won’t upload|© 2026 Northern Lamps|It costs ½ of that|25 °C in the server room|José’s account`},
	{"pl", "windows-1250 iso-8859-2", 95, `Dzień dobry, nie działa mi drukarka|Proszę o pomoc|Zgłoszenie błędu|Rząd, kąt, są|Spółka z o.o.|SPÓŁKA AKCYJNA|Różne pytania|RÓŻNE SPRAWY|Dziękuję bardzo|Łódź|Hasło wygasło wczoraj wieczorem|Żółty ekran i błąd|Czy mógłbym dostać fakturę?|Nie mogę się zalogować od środy|Książka zamówień jest pusta|Pozdrawiam, Małgorzata Wójcik|Święta|Część zamówienia zginęła|CZĘŚCI ZAMIENNE|Gdzie są moje pieniądze? Płaciłem kartą`},
	{"zh-TW", "big5", 95, `您好|謝謝|收到|訂單編號 A123|請問什麼時候出貨？|我的密碼忘記了|發票開錯了，請更正|無法登入系統|附件打不開|已收到，謝謝您|陳小姐您好|退貨申請|帳號被鎖住了，請協助處理|會議改到明天下午三點|請幫我取消訂單|Hi 王先生，報價單如附件|螢幕破裂|急件|耳機壞了`},
	{"sv", "windows-1252 iso-8859-1", 95, `Hej, jag får inte in på mitt konto|Återställ lösenordet|Tack så mycket|När öppnar ni?|Varför är skärmen svart?|Försändelsen är försenad|Hälsningar, Åsa Sjöberg|Går ej|Beställning från Malmö|Öl|Två fönster går inte att stänga|Fakturan är fel, ändra den|Går det att få en ny räkning på söndag?|Åtta försök på två dagar är för många, hör av er|Jag är bortrest från fredag, så får någon annan på avdelningen svara|Är någon där? Det är bråttom, vår växel är nere|SKÄRMEN ÄR FÖRSTÖRD PÅ NYTT|Kära ni, båda lådorna är tömda och låsta`},
	{"it", "windows-1252 iso-8859-1", 95, `Perché non funziona più?|Così non va|C’è un problema|La città è sbagliata|Può aiutarmi lunedì?|Già fatto|È urgente|Però la fattura è di martedì|Libertà e qualità|Verrà giovedì, sarà già pronto|Il caffè è là|Le novità di domani: società chiusa|Perché è già così? Può darsi che là ci sia un’altra novità|Lunedì verrò io, martedì verrà lei, perciò sarà tutto più facile|È già la metà di giugno e non c’è più disponibilità|La qualità è scesa: sarà colpa dell’umidità, però è così|PERCHÉ È COSÌ? LA CITTÀ È GIÀ AVVISATA|Né più né meno: papà andrà giù`},
	{"id", "windows-1252", 100, `Harga €20 – mahal sekali|Terima kasih…|“Selamat pagi”|Akun saya ‘terkunci’|Suhu 30 °C|© Toko Melati|Pesanan belum datang – tolong dicek|Café Kenanga|Ukuran 10 m²|Lampu ½ mati|Tidak bisa masuk…|José di Bali`},
	{"de", "windows-1252 iso-8859-1", 95, `Können Sie mir helfen?|Schöne Grüße aus Köln|Übrigens: die Tür klemmt|Straße gesperrt|Für Jürgen Müller|Ich möchte kündigen|Äußerst ärgerlich|Größe paßt nicht|Die Lösung wäre schön|Bestätigung fehlt|Prüfen Sie bitte die Anhänge|Ölwechsel fällig|Während der Überprüfung hörten wir ständig Geräusche|Für die Rückmeldung müssten Sie bitte bestätigen, dass es geläufig ist`},
	{"fr", "windows-1252 iso-8859-1", 95, `Où est passé mon colis ?|À bientôt|Ça marche, merci|coût sûr dû août château âge|Le problème a été réglé|Désolé pour le délai|MARCHÉ CONCLU|Réf. nº 12|Élève très gêné|Noël à la forêt|J’ai reçu la pièce abîmée|Hélène préfère être rappelée`},
	{"es", "windows-1252 iso-8859-1", 95, `¿Dónde está mi pedido?|El niño soñó|Mañana por la mañana|Atención al cliente|No funcionó ningún código|¡Qué lástima!|Año nuevo|Señor Núñez|Perdí la contraseña|Envío rápido a Málaga|Teléfono móvil dañado|Adiós y muchísimas gracias|La conexión falló después de la actualización, ¿qué más podría revisar?|Según el técnico, mañana también habrá un corte`},
	{"cs", "windows-1250 iso-8859-2", 75, `Dobrý den|Nefunguje mi přihlášení|Šárka|síť|ŽÁDOST|Děkuji za rychlou odpověď|Prosím o opravu účtu|Kdy přijde zboží?|Příloha se neotevře|Heslo vypršelo včera večer|Žluťoučký kůň|Zůstatek nesouhlasí, něco chybí|S přáním hezkého dne, Jiří`},
	{"sk", "windows-1250 iso-8859-2", 85, `veľmi|ľudia|Dobrý deň, nejde mi účet|Ďakujem za pomoc|Prosím vás o rýchlu odpoveď|Objednávka nebola doručená|Kedy príde tovar?|Zabudol som heslo, čo ďalej?|Účtovné oddelenie|S pozdravom, Ľubica|Chýba mi faktúra|Stôl je rozbitý|Môžete mi zavolať zajtra`},
	{"hu", "windows-1250 iso-8859-2", 80, `Köszönöm szépen|Nem működik a nyomtató|Elfelejtettem a jelszót|Üdvözlettel, Géza|Mikor érkezik a csomag?|Fűtés és hűtés|Kérem, hívjanak vissza időben|A számla hibás, őrzöm|Jó napot|Későn jött meg, törött üveggel|Tűzfal|Hétfőtől szünetel a szolgáltatás`},
	{"el", "windows-1253 iso-8859-7", 90, `Καλημέρα|Δεν λειτουργεί ο εκτυπωτής|Ευχαριστώ πολύ|Πού είναι η παραγγελία μου;|Ξέχασα τον κωδικό|Παρακαλώ βοηθήστε με|Το τιμολόγιο είναι λάθος|Γεια σας|Θέλω επιστροφή χρημάτων|Πότε θα έρθει το δέμα;|Με εκτίμηση, Νίκος|ΕΠΕΙΓΟΝ`},
	{"ru", "windows-1251 koi8-r", 95, `Добрый день|Не работает принтер|Спасибо|Где мой заказ?|Забыл пароль|Пришлите счёт, пожалуйста|Срочно|С уважением, Ольга|Не открывается вложение|Когда привезут товар?|Верните деньги|Привет|Ошибка при входе в систему`},
	{"tr", "windows-1254 iso-8859-9", 50, `Şifremi unuttum|Yazıcı çalışmıyor|Teşekkür ederim|Siparişim nerede kaldı?|Günaydın|Fatura yanlış kesilmiş|Lütfen yardım edin|İade istiyorum|Hesabım kilitlendi, açar mısınız?|Kargo ne zaman gelecek, öğrenebilir miyim?|Görüşmek üzere, Gülşen|Ağ bağlantısı sık sık kopuyor`},
	{"ja", "shift_jis euc-jp", 90, `お世話になります|ありがとうございます|注文番号|ログインできません|返品したいです|領収書をください|了解しました|田中様|プリンターが動きません|いつ届きますか？|パスワードを忘れました|添付ファイルが開きません|至急`},
	{"ko", "euc-kr", 90, `안녕하세요|감사합니다|주문번호|비밀번호를 잊어버렸어요|프린터가 안 됩니다|환불해 주세요|언제 도착하나요?|확인했습니다|첨부파일이 열리지 않아요|김민수 드림|긴급|로그인 오류|배송 문의`},
	{"zh-CN", "gbk gb2312", 90, `您好|收到|谢谢|订单编号 A123|请问什么时候发货？|我忘记密码了|发票开错了|无法登录系统|附件打不开|退货申请|账号被锁定，请处理|会议改到明天下午|耳机坏了|已付款，请查收`},
}

// TestRightLabels: who labels rightly is believed, however short the text is
// (mail-traps C), and nobody is told of a repair.
func TestRightLabels(t *testing.T) {
	for _, s := range sentences {
		for label := range strings.FieldsSeq(s.labels) {
			for text := range strings.SplitSeq(s.text, "|") {
				b, ok := encode(t, text, label)
				if !ok {
					continue
				}
				if got, repair := Read(b, label); got != text || repair != "" {
					t.Errorf("%s in %s, labelled rightly: read as %q (%q), want %q and no repair", s.language, label, got, repair, text)
				}
				word := "=?" + label + "?Q?" + quote(b) + "?="
				if got := DecodeWords(word, ""); got != text {
					t.Errorf("%s in %s: %s is decoded as %q, want %q", s.language, label, word, got, text)
				}
			}
		}
	}
}

// TestUnlabelled measures what is read right without a label.
func TestUnlabelled(t *testing.T) {
	for _, s := range sentences {
		for label := range strings.FieldsSeq(s.labels) {
			right, all, short, allShort := 0, 0, 0, 0
			for text := range strings.SplitSeq(s.text, "|") {
				b, ok := encode(t, text, label)
				if !ok {
					continue
				}
				got, _ := Read(b, "")
				letters := countHigh([]byte(text)) / 2
				if find(label).family == double {
					letters = countHigh([]byte(text)) / 3
				}
				if got != text {
					t.Logf("%s in %s: %q is read as %q", s.language, label, text, got)
				}
				if letters >= 4 {
					right, all = right+count(got == text), all+1
				} else {
					short, allShort = short+count(got == text), allShort+1
				}
			}
			t.Logf("%-6s %-13s %d of %d of four letters, %d of %d shorter", s.language, label, right, all, short, allShort)
			if right*100 < s.floor*all {
				t.Errorf("%s in %s without a label: %d of %d sentences of four letters are read right, want %d %%", s.language, label, right, all, s.floor)
			}
		}
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// encode writes text in a charset; false where it has no place for it.
func encode(t *testing.T, text, label string) ([]byte, bool) {
	t.Helper()
	enc := find(label).encoding
	if enc == nil {
		t.Fatalf("%q is no charset to write in", label)
	}
	b, err := enc.NewEncoder().Bytes([]byte(text))
	if label == "iso-8859-1" && hasC1(b) {
		return nil, false
	}
	return b, err == nil
}

// quote writes octets in the "Q" encoding.
func quote(b []byte) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for _, c := range b {
		out.WriteString("=" + digits[c>>4:c>>4+1] + digits[c&15:c&15+1])
	}
	return out.String()
}

// TestWesternPairs: two languages of the West in one mail are still Western.
func TestWesternPairs(t *testing.T) {
	var west [][]string
	for _, s := range sentences {
		if strings.Contains(s.labels, "iso-8859-1") && !strings.Contains(s.labels, "iso-8859-15") && strings.HasPrefix(s.labels, "windows-1252") {
			west = append(west, strings.Split(s.text, "|"))
		}
	}
	west = append(west, strings.Split("Það er bilað, þú verður að hjálpa mér|Góðan daginn, ég kemst ekki inn á aðganginn minn|Hvenær kemur sendingin frá Ísafirði?", "|"),
		strings.Split("Não consigo aceder à conta, peço ajuda já|A encomenda não chegou à estação|Três opções são más", "|"),
		strings.Split("Vær så god, jeg får ikke åpnet døren|Blåbærsyltetøy på brød|Hvornår får jeg børnenes støvler?", "|"))
	for i, a := range west {
		for _, b := range west[i+1:] {
			for k := range max(len(a), len(b)) {
				text := a[k%len(a)] + "\n" + b[k%len(b)] + "\n" + a[(k+1)%len(a)]
				octets, _ := find("windows-1252").encoding.NewEncoder().Bytes([]byte(text))
				for _, label := range []string{"iso-8859-1", "windows-1252", ""} {
					if got, repair := Read(octets, label); got != text {
						t.Errorf("two languages labelled %q: read as %q (%s), want %q", label, got, repair, text)
					}
				}
			}
		}
	}
}
