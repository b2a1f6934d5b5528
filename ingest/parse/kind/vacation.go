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

// isVacation tells an absence note by its subject. One that asks something, or
// comes from a mail program in which people write, wants another sign: people
// do write "Automatic reply: how do I switch it on?".
func (s *signals) isVacation() bool {
	colon := strings.IndexByte(s.subject, ':')
	if wide := strings.Index(s.subject, "："); wide >= 0 && (colon < 0 || wide < colon) {
		colon = wide // full-width, as Chinese mailers write it
	}
	if colon <= 0 || colon > maxVacationSubject {
		return false
	}
	sure, known := vacationSubjects[strings.Trim(s.subject[:colon], " \t[]\u00a0")]
	if !known {
		return false
	}
	return s.isAuto() || s.reply || sure && !s.client && !strings.HasSuffix(s.subject, "?") && !strings.HasSuffix(s.subject, "？")
}

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
	case s.isVacation():
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
