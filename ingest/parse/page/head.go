package page

import "bytes"

// candidate is a line across the page that may stand above the head of an
// earlier mail, as it was copied into a reply: From, Sent, To, Subject.
type candidate struct {
	on   bool
	why  string
	pos  int // where the text below the line begins; -1: not yet
	seen int // runs of text since the line

	drawn bool // the line is one that only mail programs draw

	from, topic, address bool // what was seen
	others               int
}

// maxSeen is how many runs of text a head may be made of: each name in bold and
// each linked address is one, and a letter that names a subject much further
// below the line is no head.
const maxSeen = 40

// meet looks at the next run of text; true when what was seen is a head: it
// names a sender, and a subject or both another field and an address. Travellers
// write "From", "To" and "Date" too.
func (c *candidate) meet(text []byte) bool {
	c.seen++
	switch fieldOf(text) {
	case fieldFrom:
		c.from = true
	case fieldSubject:
		c.topic = true
	case fieldOther:
		c.others++
	default:
		if c.seen == 1 {
			c.on = false // a head begins right below the line
		}
	}
	c.address = c.address || bytes.IndexByte(text, '@') >= 0
	if c.seen > maxSeen {
		c.on = false
	}
	return c.on && c.from && (c.topic || c.others > 0 && c.address || c.others > 1 && c.drawn)
}

type field int

const (
	noField field = iota
	fieldFrom
	fieldSubject
	fieldOther
)

// fieldOf tells which field of a head a text begins with.
func fieldOf(text []byte) field {
	n := bytes.IndexByte(text, ':')
	if wide := bytes.Index(text[:min(len(text), maxLabel)], []byte("：")); wide >= 0 && (n < 0 || wide < n) {
		n = wide
	}
	if n < 0 {
		n = len(text)
	}
	if n > maxLabel {
		return noField
	}
	return labels[string(bytes.ToLower(bytes.Trim(text[:n], " \t\r\n*\u00a0")))]
}

// maxLabel is the longest label, in octets.
const maxLabel = 32

// labels are the names of the fields as clients write them, in lower case. Some
// of them are common words ("de", "a", "to"); that is why meet wants several.
var labels = map[string]field{
	"from": fieldFrom, "von": fieldFrom, "de": fieldFrom, "da": fieldFrom, "od": fieldFrom,
	"nadawca": fieldFrom, "från": fieldFrom, "fra": fieldFrom, "van": fieldFrom, "lähettäjä": fieldFrom,
	"寄件者": fieldFrom, "寄件人": fieldFrom, "发件人": fieldFrom, "發件人": fieldFrom, "差出人": fieldFrom,
	"送信者": fieldFrom, "보낸 사람": fieldFrom, "보낸사람": fieldFrom, "dari": fieldFrom, "от": fieldFrom,
	"від": fieldFrom, "kimden": fieldFrom, "gönderen": fieldFrom, "feladó": fieldFrom, "de la": fieldFrom,
	"odosielateľ": fieldFrom, "odesílatel": fieldFrom, "mittente": fieldFrom, "expéditeur": fieldFrom,
	"remitente": fieldFrom, "remetente": fieldFrom, "từ": fieldFrom, "จาก": fieldFrom, "από": fieldFrom,
	"afsender": fieldFrom, "avsändare": fieldFrom, "absender": fieldFrom, "pengirim": fieldFrom,

	"subject": fieldSubject, "betreff": fieldSubject, "temat": fieldSubject, "oggetto": fieldSubject,
	"ämne": fieldSubject, "emne": fieldSubject, "onderwerp": fieldSubject, "objet": fieldSubject,
	"asunto": fieldSubject, "assunto": fieldSubject, "aihe": fieldSubject, "主旨": fieldSubject,
	"主题": fieldSubject, "主題": fieldSubject, "件名": fieldSubject, "제목": fieldSubject,
	"subjek": fieldSubject, "perihal": fieldSubject, "тема": fieldSubject, "konu": fieldSubject,
	"tárgy": fieldSubject, "předmět": fieldSubject, "predmet": fieldSubject, "subiect": fieldSubject,
	"chủ đề": fieldSubject, "θέμα": fieldSubject, "sujet": fieldSubject, "dotyczy": fieldSubject,

	"date": fieldOther, "sent": fieldOther, "to": fieldOther, "cc": fieldOther, "gesendet": fieldOther,
	"an": fieldOther, "datum": fieldOther, "wysłano": fieldOther, "data": fieldOther, "do": fieldOther,
	"inviato": fieldOther, "a": fieldOther, "skickat": fieldOther, "till": fieldOther, "sendt": fieldOther,
	"til": fieldOther, "verzonden": fieldOther, "aan": fieldOther, "envoyé": fieldOther, "à": fieldOther,
	"enviado": fieldOther, "enviado el": fieldOther, "para": fieldOther, "lähetetty": fieldOther,
	"寄件日期": fieldOther, "收件者": fieldOther, "日期": fieldOther, "发送时间": fieldOther, "收件人": fieldOther,
	"日時": fieldOther, "送信日時": fieldOther, "宛先": fieldOther, "보낸 날짜": fieldOther, "받는 사람": fieldOther,
	"dikirim": fieldOther, "kepada": fieldOther, "tanggal": fieldOther, "дата": fieldOther,
	"отправлено": fieldOther, "кому": fieldOther, "gönderildi": fieldOther, "kime": fieldOther,
	"küldve": fieldOther, "címzett": fieldOther, "odesláno": fieldOther, "komu": fieldOther,
	"odoslané": fieldOther, "trimis": fieldOther, "dato": fieldOther, "päiväys": fieldOther,
}
