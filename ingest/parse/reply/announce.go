package reply

import "strings"

// announcements are how people say that they answer within the quote, or point
// at it, in lower case.
var announcements = newLexicon("mail below|email below|e-mail below|message below|mails below|emails below|messages below|thread below|below from|inline|in line|in-line|see below|see my answers|see my comments|see my replies|see my responses|in red|in blue|in green|in bold|in capitals|" +
	"poniżej|w tekście|na czerwono|na niebiesko|na zielono|nedan|nedanför|i rött|i blått|i texten|qui sotto|vedi sotto|di seguito|in rosso|nel testo|in blu|" +
	"di bawah|warna merah|warna biru|如下|下方|下記|紅字|红字|文中|藍字|赤字|siehe unten|weiter unten|in rot|im text|ci-dessous|en rouge|zie hieronder")

// What people call their answers, and where they say that those are: one of each
// close together tells the same. Latin words may go on ("respond" in "responded").
var (
	answers = newLexicon("answer|repl|respon|comment|remark|odpowied|odpowiada|komentarz|uwagi|dopis|svar|kommentar|rispost|rispond|jawab|tanggap|balas|komentar|" +
		"antwort|beantwort|anmerkung|répons|répond|remarque|respuest|respond|coment|respost|antwoord|opmerking|回覆|回复|答覆|答复|回答|回應|回应|註解|批注|意見|意见|說明|コメント|返信|답변")
	places = newLexicon("below|beneath|underneath|between|inline|in line|in-line|interleaved|embedded|marked|highlighted|under each|under your|under the question|after each|behind each|" +
		"in red|in blue|in green|in yellow|in purple|in bold|in colo|in caps|in capitals|in the text|within the|in your mail|in your e|" +
		"poniżej|niżej|pod pyt|pod każd|pod spodem|pod pań|pod wasz|pod twoi|pod posz|pod treści|pomiędzy|między|w tekście|w treści|w środku|na czerwono|na niebiesko|na zielono|kolorem|" +
		"nedan|under fråg|under varje|under era|under dina|under respektive|mellan|i rött|i blått|i grönt|i texten|i blå|med röd|med blå|sotto|di seguito|in rosso|in blu|in verde|nel testo|tra le|in grassetto|" +
		"bawah|warna|di antara|di sela|下面|下方|下記|如下|以下|之後|之后|後面|后面|紅色|红色|紅字|红字|藍色|蓝色|藍字|綠色|文中|內文|行間|赤字|青字|赤色|아래|" +
		"unten|unter den|unter die|unter der|unter ihr|unter jed|darunter|hinter|zwischen|im text|in rot|in grün|in blau|rot mark|rote|grüne|blaue|farbig|ci-dessous|ci-après|en rouge|en bleu|en vert|dans le texte|sous chaque|sous vos|sous les|" +
		"abajo|debajo|a continuación|en rojo|en azul|en verde|en el texto|abaixo|a seguir|em vermelho|em azul|no texto|hieronder|onder de|onder elke|onder uw|in rood|in het rood|in het blauw|tussen")
)

// maxNote is how much of an answer is searched for an announcement, at its
// beginning and its end each, maxGreeting the longest greeting, and nearby how far
// apart two words tell something together, in octets.
const (
	maxNote     = 400
	maxGreeting = 40
	nearby      = 60
)

// isGreeting tells whether the answer is nothing but a greeting: then what it
// greets for is below.
func (t *table) isGreeting(own part) bool {
	s := t.between(own.first, own.end)
	return own.end-own.first == 1 && len(s) <= maxGreeting && (strings.HasSuffix(s, ",") || strings.HasSuffix(s, "，"))
}

// leadsUp tells whether the answer ends in a colon: what stands below is shown to
// us then, such as the answer of somebody else.
func (t *table) leadsUp(own part) bool {
	s := strings.TrimSpace(t.between(own.first, own.end))
	return strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：")
}

// announced tells whether the answer says that more of it is in the quote.
func (t *table) announced(own part) bool {
	s := t.between(own.first, own.end)
	return announces(s[:min(len(s), maxNote)]) || len(s) > maxNote && announces(s[max(maxNote, len(s)-maxNote):])
}

func announces(s string) bool {
	var buf [maxNote]byte
	low, _ := asciiLower(buf[:], s)
	answer, place := -nearby, -nearby // where the last of each was
	for at, c := range low {
		if isLatin(c) && at > 0 && isLatin(low[at-1]) {
			continue // within a word
		}
		for _, a := range announcements[c] {
			if rest := low[at:]; startsWith(rest, a) && (len(rest) == len(a) || !isLatin(rest[len(a)])) {
				return true
			}
		}
		if startsWithAny(low[at:], answers[c]) {
			answer = at
		}
		if startsWithAny(low[at:], places[c]) {
			place = at
		}
		if max(answer, place)-min(answer, place) < nearby && min(answer, place) >= 0 {
			return true
		}
	}
	return false
}

// lexicon is a list of phrases by their first octets.
type lexicon [256][]string

func newLexicon(list string) *lexicon {
	var l lexicon
	for p := range strings.SplitSeq(list, "|") {
		l[p[0]] = append(l[p[0]], p)
	}
	return &l
}

func isLatin(c byte) bool { return c >= 'a' && c <= 'z' }

// Words of sentences that show what stands below them: leads point at it, and
// shown are what people quote without naming anybody.
var (
	leads = set("following follows below folgende folgenden folgendes folgender następujący następująca następujące następujących " +
		"följande seguente seguenti berikut suivant suivante suivants siguiente siguientes seguinte seguintes volgende")
	shown = set("error errors log logs limit limits output message messages says shows prints settings command these fehler fehlermeldung meldung ausgabe błąd komunikat " +
		"fel felet felmeddelande loggen errore messaggio kesalahan eror erreur erro fout foutmelding")
	// Short words at the end of a line say that its sentence goes on below.
	unfinished = set("this these for to of are is was für an von dla to na för till per di untuk ini pour para")
	// Some languages leave no space between words.
	joinedLeads = phrasesList("以下|如下|下列|下記")
	joinedShown = phrasesList("錯誤|错误|記錄|日誌|日志|訊息|エラー|ログ")
)

// introduces tells whether line s announces what stands below it ("The header of
// the mail that was lost:"): then that is part of what the sender writes.
func introduces(s string) bool {
	return strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：") || holdsWord(s, leads, joinedLeads)
}

// shows tells the same of a line above what nothing but marks or its place in the
// page sets off.
func shows(s string) bool {
	if introduces(s) || holdsWord(s, shown, joinedShown) {
		return true
	}
	return unfinished[strings.TrimRight(s[strings.LastIndexByte(s, ' ')+1:], ".")]
}

// holdsWord looks through the end of s.
func holdsWord(s string, words map[string]bool, joined []string) bool {
	s = s[max(0, len(s)-maxNote):]
	for w := range strings.FieldsSeq(s) {
		var buf [24]byte
		if low, ok := asciiLower(buf[:], strings.Trim(w, ".,;!()\"'")); ok && words[string(low)] {
			return true
		}
	}
	return hasAny(s, joined)
}
