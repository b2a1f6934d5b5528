package kind

import (
	"strings"

	"casegate/mailer"
)

// vacationSubjects begin the subjects that mailers give to absence notes and
// other automatic answers, in the languages we serve and their neighbours. A
// colon must follow, because people do write to a help desk about them.
var vacationSubjects = map[string]bool{
	"out of office": true, "out of office autoreply": true, "out of the office": true, "out-of-office": true,
	"out of office reply": true,
	"automatic reply":     true, "auto reply": true, "auto-reply": true, "autoreply": true, "auto response": true,
	"auto-response": true,
	"autoresponse":  true, "automatic response": true, "automated reply": true, "automated response": true,
	"automated answer": true,
	"vacation reply":   true, "vacation message": true, "away from office": true, "away from my mail": true,
	"odpowiedź automatyczna": true, "automatyczna odpowiedź": true, "autoodpowiedź": true, "poza biurem": true,
	"nieobecność w biurze": true,
	"自動回覆":                 true, "自動回復": true, "自動答覆": true, "自动答复": true, "自动回复": true, "不在辦公室": true,
	"自動応答": true, "自動返信": true, "자동 회신": true, "부재 중": true,
	"autosvar": true, "automatiskt svar": true, "frånvarande": true, "frånvaromeddelande": true, "ej på kontoret": true,
	"automatisk svar": true,
	"ikke til stede":  true, "automaattinen vastaus": true, "poissaoloilmoitus": true,
	"risposta automatica": true, "fuori sede": true, "fuori ufficio": true, "assenza dall'ufficio": true,
	"balasan otomatis": true, "jawaban otomatis": true, "jawapan automatik": true, "di luar kantor": true,
	"automatische antwort": true, "abwesenheitsnotiz": true, "abwesenheitsmeldung": true, "abwesenheitsnachricht": true,
	"réponse automatique": true, "absence du bureau": true, "message d'absence": true, "respuesta automática": true,
	"respuesta automatica": true,
	"fuera de la oficina":  true, "fuera de oficina": true, "resposta automática": true, "fora do escritório": true,
	"automatisch antwoord": true, "afwezigheidsbericht": true, "automatická odpověď": true, "automatická odpoveď": true,
	"automatikus válasz": true,
	"răspuns automat":    true, "otomatik yanıt": true, "автоматический ответ": true, "автоответ": true,
	"автоматична відповідь": true,
	"trả lời tự động":       true, "ตอบกลับอัตโนมัติ": true, "αυτόματη απάντηση": true, "automatski odgovor": true,
	"samodejni odgovor": true,

	// People begin subjects with these, too: false wants another sign.
	"auto": false, "vacation": false, "on vacation": false, "absent": false, "absence notice": false, "nieobecność": false,
	"外出": false, "休假通知": false,
	"不在通知": false, "fravær": false, "fraværende": false, "poissa": false, "poissa toimistosta": false, "abwesenheit": false,
	"abwesend": false,
	"afwezig":  false, "mimo kancelář": false, "ausência temporária": false, "нет на рабочем месте": false,
	"tidak di kantor": false, "autoresponder": false,
}

// maxVacationSubject is longer than every phrase above.
const maxVacationSubject = 60

// isVacation tells an absence note by its subject. Without a field that answers
// or automatic mail have, its text must say who is away, and nothing may speak
// for a person: people do write "Automatic reply: please switch it off".
func (s *signals) isVacation(m *Mail) bool {
	colon := strings.IndexByte(s.subject, ':')
	if wide := strings.Index(s.subject, "："); wide >= 0 && (colon < 0 || wide < colon) {
		colon = wide // full-width, as Chinese mailers write it
	}
	if colon <= 0 || colon > maxVacationSubject {
		return false
	}
	sure, known := vacationSubjects[strings.Trim(s.subject[:colon], " \t[]\u00a0")]
	switch {
	case !known:
		return false
	case s.isAuto(), s.reply:
		return true
	case !sure, s.client, strings.HasSuffix(s.subject, "?"), strings.HasSuffix(s.subject, "？"):
		return false
	}
	return awayPhrases.in(lowerHead(m.Text, 4<<10))
}

// awayWords are how people say in a note that they are away, or that a mail has
// come in: nobody says so of somebody else.
var awayWords = []string{
	"i am out of", "i'm out of", "i am away", "i'm away", "i am currently", "i'm currently", "i am on ", "i'm on ", "i will be out",
	"i will be away", "i will be on ", "i'll be out", "i'll be away", "i will be back", "i'll be back", "i will return", "i am not in",
	"i'm not in", "i am travel", "i'm travel", "i no longer work", "i have left", "i am out ", "i will not be", "will be out of",
	"currently out of", "our office is closed", "our offices are closed", "thank you for your e", "thank you for your mail",
	"thank you for your message", "thanks for your e", "thanks for your mail", "thanks for your message", "thank you for contacting",
	"has been received", "we have received your", "this is an auto",
	"nie ma mnie", "jestem na urlopie", "jestem poza", "przebywam", "będę nieobecn", "jestem nieobecn", "dziękuję za wiadomość",
	"dziękujemy za wiadomość", "dziękujemy za kontakt", "odpowiem po powrocie", "wiadomość została wygenerowana",
	"我目前", "目前不在", "我將於", "我将于", "本人", "休假中", "感謝您的來信", "感谢您的来信", "已收到您的", "我不在", "不在しており", "不在にして", "休暇", "出張中",
	"jag är på semester", "jag är inte på", "jag är ledig", "jag är bortrest", "jag är åter", "jag är tillbaka", "jag har semester",
	"tack för ditt m", "jag är för närvarande", "är frånvarande",
	"sono fuori", "sono in ferie", "sarò assente", "sono assente", "sarò fuori", "grazie per il messaggio", "grazie per la sua mail",
	"grazie per aver", "non sono in ufficio",
	"saya sedang", "saya tidak berada", "saya cuti", "saya akan cuti", "terima kasih atas e", "saya akan kembali",
	"ich bin nicht im", "ich bin im urlaub", "ich bin derzeit", "ich bin zurzeit", "ich bin zur zeit", "ich bin bis", "ich bin vom",
	"ich bin ab", "bin ich nicht im", "bin ich wieder", "vielen dank für ihre", "ich befinde mich", "ich habe urlaub", "im urlaub und",
	"je suis absent", "je suis en congé", "actuellement absent", "je serai de retour", "je suis actuellement", "merci de votre message",
	"merci pour votre message", "estoy fuera", "estaré fuera", "estoy de vacaciones", "gracias por su mensaje", "gracias por su correo",
	"estou fora", "estou de férias", "estarei", "obrigado pelo seu", "ik ben afwezig", "ik ben op vakantie", "ik ben niet",
	"bedankt voor uw", "jeg er på ferie", "jeg er ikke på", "jeg er bortreist", "olen lomalla", "olen poissa", "нахожусь в отпуске",
	"я в отпуске", "меня не будет", "jsem na dovolené", "nejsem v kanceláři", "szabadságon vagyok",
}

var awayPhrases = newPhrases(awayWords)

// vacationWords stand in absence notes. They tell apart kinds of mail that is
// known to be automatic, and are nothing on their own.
var vacationWords = []string{
	"out of the office", "out of office", "on vacation", "on holiday", "on annual leave", "on leave", "away from my e",
	"away from my mail",
	"away from the office", "will be back", "will return", "limited access to", "auto-reply", "automatic reply",
	"automated reply",
	"auto reply", "vacation message",
	"poza biurem", "na urlopie", "nieobecn", "odpowiedź automatyczna", "automatyczna odpowiedź", "wracam",
	"不在辦公室", "休假", "外出", "自動回覆", "自动回复", "不在", "自動返信",
	"inte på kontoret", "semester", "frånvarande", "autosvar", "automatiskt svar", "tillbaka",
	"fuori ufficio", "in ferie", "fuori sede", "risposta automatica", "assente",
	"di luar kantor", "sedang cuti", "balasan otomatis", "tidak berada di",
	"nicht im büro", "im urlaub", "abwesend", "nicht im hause", "automatische antwort", "absent", "en congé", "de vacaciones",
	"fuera de la oficina", "de férias", "op vakantie", "afwezig", "в отпуске", "на отпуске", "dovolen",
}

// autoReply is an answer nobody wrote. Words in the text are asked only of
// mail whose header says already that it is automatic.
func autoReply(m *Mail, s *signals) (Result, bool) {
	why := ""
	switch {
	case s.isVacation(m):
		why = "subject of an automatic reply"
	case s.autoSubmit == "auto-replied", strings.HasPrefix(s.autoSubmit, "auto-replied-"), s.autoSubmit == "auto-response":
		why = "Auto-Submitted: " + s.autoSubmit
	case s.autoReply != "":
		why = s.autoReply + " field"
	case s.list == "" && s.isAuto() && firstOf(lowerHead(m.Text, 4<<10), vacationWords) != "":
		why = "automatic, with the words of an absence note"
	default:
		return Result{}, false
	}
	return Result{Kind: mailer.KindAutoReply, Automatic: true, Returns: returns(m), Why: why}, true
}
