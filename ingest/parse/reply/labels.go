package reply

import "strings"

// field is what a line of a mail's head shown in a text says.
type field uint8

const (
	fieldFrom field = 1 << iota
	fieldDate
	fieldTo
	fieldSubject
	fieldCc
	fieldOther // known to belong there
	fieldRaw   // of a header that no mailer shows above an answer
	fieldSent  // a date by a word that is said of mails only
)

// labels are the names of fields as mailers write them above a quoted or
// forwarded mail. ASCII letters are in lower case, others stand as written.
var labels = labelTable(map[field]string{
	fieldFrom: "from|von|de|da|od|från|fra|van|dari|寄件者|寄件人|发件人|發件人|發件者|差出人|送信者|보낸 사람|보낸사람|от|От|від|Від|feladó|expéditeur|" +
		"remitente|remetente|mittente|nadawca|avsändare|afsender|avsender|afzender|lähettäjä|odosielateľ|odesílatel|odesilatel|pengirim|kimden|gönderen|" +
		"expeditor|de la|από|Από|От кого|от кого|từ|Từ|người gửi|מאת|من|desde|absender",
	fieldDate: "date|datum|data|datę|dato|fecha|tanggal|日期|時間|时间|日時|日付|날짜|дата|Дата|dátum|päivämäärä|päiväys|pvm|tarih|ημερομηνία|Ημερομηνία|ngày|Ngày|" +
		"תאריך|wann",
	fieldDate | fieldSent: "sent|gesendet|wysłano|skickades|已傳送|送出時間|发件日期|已发送|wysłane|skickat|skickad|sendt|inviato|inviata|enviado|enviada|enviado el|enviado em|enviada em|envoyé|Envoyé|" +
		"envoyé le|Envoyé le|date d'envoi|verzonden|verstuurd|dikirim|terkirim|寄件日期|傳送日期|發送時間|發件時間|发送时间|发送日期|寄件時間|送信日時|보낸 날짜|보낸 시간|отправлено|" +
		"Отправлено|надіслано|Надіслано|küldve|elküldve|lähetetty|odesláno|odoslané|dátum odoslania|gönderildi|gönderme tarihi|trimis|στάλθηκε|" +
		"Στάλθηκε|đã gửi|Đã gửi|נשלח|message du|sent on",
	fieldTo: "to|an|à|À|a|do|till|til|aan|para|kepada|untuk|ke|收件者|收件人|宛先|받는 사람|받는사람|кому|Кому|címzett|destinataire|pour|destinatario|destinatário|adresat|mottagare|modtager|mottaker|" +
		"vastaanottaja|komu|pro|pre|kime|alıcı|către|προς|Προς|đến|Đến|người nhận|אל|إلى|empfänger",
	fieldSubject: "subject|betreff|objet|asunto|assunto|oggetto|temat|ämne|Ämne|emne|onderwerp|subjek|perihal|judul|主旨|主题|主題|件名|標題|标题|제목|тема|Тема|tárgy|aihe|předmět|Předmět|predmet|" +
		"konu|subiect|θέμα|Θέμα|chủ đề|Chủ đề|tiêu đề|sujet|betr|נושא|الموضوع",
	fieldCc: "cc|kopie|copie|copie à|Copie à|copia|kopia|dw|do wiadomości|kopio|副本|抄送|참조|копия|Копия|копія|másolat|tembusan|cópia|kopi|kopie (cc)|bcc|udw|密件副本|ccn|cci",
	fieldOther: "reply-to|importance|priority|attachments|anlagen|pièces jointes|załączniki|allegati|bilagor|bijlagen|lampiran|附件|wichtigkeit|" +
		"priorität|ważność|prioritet|vikt|priorità|priorité|importance haute|odpowiedz do|antwort an|svara till|rispondi a|répondre à|organization|resent-from|resent-date|resent-to|sender|on behalf of|newsgroups|vedhæftede filer",
	fieldRaw: "message-id|received|return-path|mime-version|content-type|content-transfer-encoding|dkim-signature|delivered-to|authentication-results|" +
		"in-reply-to|references|x-mailer|x-received|arc-seal|arc-message-signature|received-spf|list-id|list-unsubscribe|user-agent|x-originating-ip",
})

func labelTable(names map[field]string) map[string]field {
	m := map[string]field{}
	for f, list := range names {
		for name := range strings.SplitSeq(list, "|") {
			m[name] |= f
		}
	}
	return m
}

// maxLabel is the longest label with what stands around it, in octets.
const maxLabel = 40

// label reads a line of the form "Label: value", the label perhaps in asterisks
// as mailers write bold text. field is 0 for any other line.
func label(s string) (f field, value string) {
	colon, width := 0, 1
	for colon = 0; colon < len(s) && colon < maxLabel; colon++ {
		if s[colon] == ':' {
			break
		}
		if s[colon] == 0xef && strings.HasPrefix(s[colon:], "：") {
			width = len("：")
			break
		}
	}
	if colon == len(s) || colon == maxLabel || colon == 0 {
		return 0, ""
	}
	name, value := s[:colon], s[colon+width:]
	if c := name[0]; c == '*' || c == '_' || c == '[' {
		name = strings.TrimLeft(name, "*_[ ")
	}
	name = trim(strings.TrimRight(name, "*_ ]"))
	name = trim(strings.TrimRight(name, "*_"))
	var buf [maxLabel]byte
	low, ok := asciiLower(buf[:], name)
	if !ok || len(low) == 0 {
		return 0, ""
	}
	return labels[string(low)], trim(strings.TrimLeft(value, "*_ \t"))
}
