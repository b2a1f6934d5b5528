package parse

import (
	"strings"

	"casegate/ingest/parse/header"
	"casegate/mailer"
)

// kindOf tells what sort of mail this is by its header (RFC 3834, mail-traps
// E). The null reverse-path is not in the header: ingest.Reader adds it.
func kindOf(h header.Header, subject string) mailer.Kind {
	if typ, _ := header.MediaType(h.Get("Content-Type")); typ == "multipart/report" {
		return mailer.KindBounce
	}
	for _, f := range h.Fields {
		if isAutomatic(f) {
			return mailer.KindAuto
		}
	}
	if isVacation(subject) {
		return mailer.KindAuto
	}
	return mailer.KindPerson
}

// isAutomatic tells whether a field marks mail that no person wrote, or that
// was not written to us.
func isAutomatic(f header.Field) bool {
	name := strings.ToLower(f.Name)
	switch name {
	case "auto-submitted": // RFC 3834 5: "no" is the only value that means a person
		v := keyword(f.Value())
		return v != "no" && v != ""
	case "precedence": // not any Precedence: "first-class" and private words exist
		v := keyword(f.Value())
		return v == "bulk" || v == "junk" || v == "list"
	case "x-auto-response-suppress": // MS-OXCMAIL 2.2.3.2.14
		v := keyword(f.Value())
		return v != "none" && v != ""
	case "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply":
		v := keyword(f.Value())
		return v != "no" && v != "false"
	}
	// Not List-*: people write through groups, and a group may be the intake.
	return false
}

// keyword is the first word of a value in lower case, its comments and
// parameters stripped (RFC 3834 5: "auto-replied; owner-email=…").
func keyword(s string) string {
	for strings.HasPrefix(s, "(") {
		_, after, found := strings.Cut(s, ")")
		if !found {
			return ""
		}
		s = strings.TrimLeft(after, " \t")
	}
	if i := strings.IndexAny(s, " \t;,("); i >= 0 {
		s = s[:i]
	}
	return strings.ToLower(s)
}

// vacationSubjects begin the subjects that mailers give to absence notes, in
// the languages we serve and their neighbours. A colon must follow, because
// people do write to a help desk about automatic replies.
var vacationSubjects = []string{
	"out of office", "automatic reply", "auto reply", "auto-reply", "autoreply", "auto response",
	"vacation reply", "away from office",
	"odpowiedź automatyczna", "automatyczna odpowiedź", "autoodpowiedź", "poza biurem",
	"自動回覆", "自動回復", "自动答复", "自动回复",
	"autosvar", "automatiskt svar", "frånvarande", "automatisk svar",
	"risposta automatica", "fuori sede", "fuori ufficio",
	"balasan otomatis", "jawaban otomatis",
	"automatische antwort", "abwesenheitsnotiz", "réponse automatique", "respuesta automática",
}

func isVacation(subject string) bool {
	before, _, found := strings.Cut(subject, ":")
	if !found {
		before, _, found = strings.Cut(subject, "：") // full-width, as Chinese mailers write it
	}
	if !found {
		return false
	}
	before = strings.ToLower(strings.TrimSpace(before))
	for _, v := range vacationSubjects {
		if before == v {
			return true
		}
	}
	return false
}
