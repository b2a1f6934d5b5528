package reply

import "strings"

// prefixes are what mailers put before a subject, in lower case where ASCII;
// true for a mail that is passed on.
var prefixes = prefixTable(
	"re|aw|antw|antwort|sv|odp|odpowiedź|r|rif|ris|bls|balas|回覆|回复|答复|答覆|回信|返信|res|resp|rép|réf|vs|ref|ynt|yanıt|vá|válasz|απ|σχετ|отв|ответ|відп|회신|답장|trả lời|tl|atb|hal|на|ad|blz",
	"fw|fwd|wg|vb|pd|i|inoltro|trs|terusan|tr|轉寄|轉發|转发|轉送|転送|doorst|fs|rv|reenv|enc|encam|vl|ilt|i̇lt|iletildi|továbbítás|tovább|πρθ|пересл|пер|fwd by|전달|chuyển tiếp|videres|vs fwd|vidarebef|przekaz|trf",
)

func prefixTable(replies, forwards string) map[string]bool {
	m := map[string]bool{}
	for p := range strings.SplitSeq(replies, "|") {
		m[p] = false
	}
	for p := range strings.SplitSeq(forwards, "|") {
		m[p] = true
	}
	return m
}

// initials are the prefixes of mails passed on that people begin a subject with,
// too ("VB: macro error"), and how the mailers that write them name the sender.
var initials = map[string]string{
	"vb": "från avsändare", "pd": "od nadawca", "i": "da mittente", "tr": "de expéditeur kimden gönderen",
}

// senderNames gives the words for From that make a subject's first prefix one of a
// mail passed on; "" where the prefix says so alone, or is none.
func senderNames(subject string) string {
	rest, _, ok := cutPrefix(trim(subject))
	if _, _, more := cutPrefix(rest); !ok || more {
		return ""
	}
	name := strings.TrimRight(trim(subject[:strings.IndexAny(subject, ":：")]), " 0123456789[](){}^*")
	return initials[strings.ToLower(name)]
}

// maxPrefixes bounds how many prefixes are taken off, and maxPrefix is the
// longest, in octets, with its counter.
const (
	maxPrefixes = 50
	maxPrefix   = 32
)

// BaseSubject takes the prefixes of answers and of mails passed on off a subject:
// "Re: SV: [2]" and the like in the languages of mailers. forward tells whether
// the first one, which the last mailer put there, is of a mail passed on. A single
// letter counts only in upper case with a blank behind its colon ("I: " in Italian).
func BaseSubject(s string) (base string, forward bool) {
	base = trim(s)
	for n := range maxPrefixes {
		rest, fw, ok := cutPrefix(base)
		if !ok {
			break
		}
		base = rest
		if n == 0 {
			forward = fw
		}
	}
	return base, forward
}

// cutPrefix takes one prefix off.
func cutPrefix(s string) (rest string, forward, ok bool) {
	head := s[:min(len(s), maxPrefix)]
	colon, width := strings.IndexByte(head, ':'), 1
	if wide := strings.Index(head, "："); wide >= 0 && (colon < 0 || wide < colon) {
		colon, width = wide, len("：")
	}
	if colon <= 0 {
		return s, false, false
	}
	name := cutCounter(trim(s[:colon]))
	rest = s[colon+width:]
	if len(name) == 1 && (name[0] < 'A' || name[0] > 'Z' || rest == "" || blank(rest) == 0) {
		return s, false, false
	}
	var buf [maxPrefix]byte
	low, _ := asciiLower(buf[:], name)
	if forward, ok = prefixes[string(low)]; !ok {
		forward, ok = prefixes[strings.ToLower(name)]
	}
	if !ok {
		return s, false, false
	}
	return trim(rest), forward, true
}

// cutCounter takes "[2]", "(2)", "*2" or "^2" off the end of a prefix.
func cutCounter(s string) string {
	bare := strings.TrimRight(s, "])")
	figures := strings.TrimRight(bare, "0123456789")
	if len(figures) == len(bare) || figures == "" || strings.IndexByte("[(^*", figures[len(figures)-1]) < 0 {
		return s
	}
	return trim(figures[:len(figures)-1])
}
