package reply

import "strings"

// originals are what mailers write between dashes above a quoted mail, in lower
// case where ASCII.
var originals = phrases("original message|reply message|original mail|original email|original e-mail|original-nachricht|ursprüngliche nachricht|Ursprüngliche nachricht|" +
	"originalnachricht|antwort nachricht|ursprüngliche mail|wiadomość oryginalna|oryginalna wiadomość|wiadomość pierwotna|pierwotna wiadomość|treść oryginalnej wiadomości|" +
	"message d'origine|message original|message initial|mensaje original|mensagem original|messaggio originale|messaggio originario|" +
	"ursprungligt meddelande|originalmeddelande|ursprungsmeddelande|original meddelande|oprindelig meddelelse|oprindelig besked|original besked|opprinnelig melding|opprinnelig beskjed|" +
	"oorspronkelijk bericht|origineel bericht|alkuperäinen viesti|původní zpráva|pôvodná správa|eredeti üzenet|mesaj original|mesajul original|orijinal mesaj|özgün ileti|orijinal ileti|" +
	"pesan asli|pesan awal|surat asli|原始郵件|原始信件|原始邮件|原邮件|原郵件|原始訊息|原始消息|原文|元のメッセージ|オリジナルメッセージ|元のメール|원본 메시지|원본 메일|" +
	"исходное сообщение|Исходное сообщение|оригинальное сообщение|Оригинальное сообщение|вихідне повідомлення|αρχικό μήνυμα|Αρχικό μήνυμα|" +
	"thư gốc|tin nhắn gốc|missatge original|izvorna poruka|originalna poruka")

// forwards are what mailers write above a mail that they pass on, a French
// Thunderbird's slip of the pen included.
var forwards = phrases("forwarded message|begin forwarded message|forwarded mail|forwarded by|fwd|forwarded|start of forwarded message|weitergeleitete nachricht|" +
	"anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|weitergeleitete mail|message transféré|message transéré|début du message transféré|début du message réexpédié|" +
	"message réexpédié|wiadomość przekazana|przekazana wiadomość|przekazywana wiadomość|początek przekazanej wiadomości|początek przekazywanej wiadomości|treść przekazanej wiadomości|" +
	"vidarebefordrat meddelande|vidarebefordrat brev|vidarebefordrat mejl|vidare befordrat meddelande|börja på vidarebefordrat meddelande|vidarebefordrat mail|" +
	"messaggio inoltrato|inizio messaggio inoltrato|messaggio inoltrato da|pesan terusan|pesan diteruskan|pesan yang diteruskan|awal pesan terusan|mulai pesan yang diteruskan|diteruskan|" +
	"轉寄的郵件|轉寄郵件|轉寄的訊息|轉寄訊息|轉寄信件|轉寄的信件|開始轉寄郵件|以下為轉寄郵件|已轉寄郵件|已轉寄的訊息|轉發郵件|转发的邮件|转发邮件|已转发的消息|开始转发的邮件|转发邮件信息|" +
	"mensaje reenviado|inicio del mensaje reenviado|mensagem encaminhada|mensagem reencaminhada|início da mensagem encaminhada|início da mensagem reencaminhada|" +
	"doorgestuurd bericht|begin doorgestuurd bericht|videresendt meddelelse|videresendt besked|start på videresendt besked|videresendt melding|videresendt e-post|" +
	"edelleenlähetetty viesti|välitetty viesti|välitetty viesti alkaa|přeposlaná zpráva|začátek přeposlané zprávy|preposlaná správa|továbbított üzenet|" +
	"mesaj redirecționat|mesajul redirecționat|пересылаемое сообщение|Пересылаемое сообщение|пересланное сообщение|Пересланное сообщение|начало переадресованного сообщения|Начало переадресованного сообщения|" +
	"переслане повідомлення|Переслане повідомлення|yönlendirilen ileti|iletilen mesaj|başlangıç yönlendirilen ileti|転送メッセージ|転送されたメッセージ|転送メール|전달된 메시지|전달된 메일|προωθημένο μήνυμα|Προωθημένο μήνυμα|thư chuyển tiếp|thư đã chuyển tiếp")

func phrases(list string) map[string]bool {
	m := map[string]bool{}
	for p := range strings.SplitSeq(list, "|") {
		m[p] = true
	}
	return m
}

// separator is what a line says of the text below it.
type separator uint8

const (
	separatorNone     separator = iota
	separatorRule               // a line of dashes or the like
	separatorFramed             // words between dashes that are not known
	separatorOriginal           // a quoted mail begins
	separatorForward            // a mail that is passed on begins
)

// maxSeparator is the longest line that is taken for a separator, in octets.
const maxSeparator = 160

// separatorOf reads one line.
func separatorOf(s string) separator {
	if s == "" || len(s) > maxSeparator && !isRule(s) {
		return separatorNone
	}
	inner := trim(strings.Trim(s, "-_=*~+ \t"))
	inner = trim(strings.Trim(inner, "—–‐‑−─━═"))
	frame := len(s) - len(inner)
	if inner == "" {
		return separatorRule
	}
	var buf [maxSeparator]byte
	cut := strings.TrimRight(inner, ":： ")
	low, ok := asciiLower(buf[:], cut)
	if !ok {
		return separatorNone
	}
	for i := 0; i+3 <= len(low); i++ {
		if low[i] == 0xe2 && low[i+1] == 0x80 && low[i+2] == 0x99 { // ’
			low = append(append(low[:i:i], '\''), low[i+3:]...)
		}
	}
	switch {
	case frame >= 2 && originals[string(low)]:
		return separatorOriginal
	case forwards[string(low)] && (frame >= 2 || len(cut) < len(inner)) && len(low) > len("forwarded"):
		return separatorForward
	case frame >= 4 && forwards[string(low)]:
		return separatorForward
	case frame >= 4 && strings.HasPrefix(string(low), "forwarded by "): // Lotus Notes names who did
		return separatorForward
	case frame >= 6 && isFrame(s[0]) && isFrame(s[len(s)-1]):
		return separatorFramed
	}
	return separatorNone
}

func isFrame(c byte) bool { return c == '-' || c == '_' || c == '=' || c == '*' }

// isRule tells a line of nothing but dashes or the like, of any length.
func isRule(s string) bool { return strings.Trim(s, "-_=*~ ") == "" }
