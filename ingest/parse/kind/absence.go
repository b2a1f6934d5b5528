package kind

import "strings"

// What a sentence says of its writer, as lists in absentPhrases: a denied
// presence is an absence, whatever else is in the sentence.
const (
	saysAbsent = iota
	saysGone
)

// absentPhrases and presentPhrases are searched for in words with one blank
// around each.
var (
	absentPhrases = newPhrases([]string{
		" not available ", " unavailable ", " not be available ", " not in the office ", " not be in ", " out of the office ", " out of office ",
		" not reachable ", " away from ", " nie będę dostępn", " niedostępn", " nie ma mnie ", " nie będzie mnie ", " poza biurem ",
		" inte på kontoret ", " inte tillgänglig", " inte nås ", " non sono in ufficio ", " non sarò in ufficio ", " non disponibile ",
		" fuori ufficio ", " tidak berada di ", " tidak di kantor ", " di luar kantor ", " nicht im büro ", " nicht erreichbar ",
		" nicht im haus", " nicht verfügbar ", " pas disponible ", " absent du bureau ", " hors du bureau ", " no estaré ",
		" fuera de la oficina ", " fora do escritório ", " não estarei ", " niet op kantoor ", " niet bereikbaar ", "不在",
	}, []string{
		" away ", " absent ", " on leave ", " annual leave ", " parental leave ", " maternity leave ", " on vacation ", " on holiday",
		" on a business trip ", " on business ", " travelling ", " traveling ", " out until ", " out till ", " out from ", " office is closed ",
		" offices are closed ", " we are closed ", " my vacation ", " my holiday",
		" urlop", " nieobecn", " delegacji ", " zwolnieniu ", " nieczynn", " ledig ", " semester", " bortrest ", " frånvarande ",
		" tjänsteresa ", " föräldraledig", " stängt ", " assente ", " in ferie ", " ferie ", " fuori sede ", " fuori ", " in viaggio ",
		" in trasferta ", " chius", " cuti ", " libur", " dinas ", " urlaub", " abwesen", " dienstreise ", " elternzeit ", " geschlossen ",
		" absence ", " congé", " vacances ", " fermé", " vacaciones ", " ausente ", " fuera ", " cerrad", " férias ", " ausência ",
		" vakantie ", " afwezig ", " verlof ", " ferie ", " fravær", " lomalla ", " poissa ", " отпуск", " отсутств", " dovolen",
		"休假", "請假", "请假", "外出", "出差", "離開", "放假", "度假", "休業", "休み", "休暇", "出張", "まで不",
	})
	presentPhrases = newPhrases([]string{
		" available ", " in the office ", " at the office ", " reachable ", " at work ", " is open ", " are open ", " reach me ", " still here ",
		" w biurze ", " dostępn", " pracuję ", " czynne ", " på kontoret ", " tillgänglig", " anträffbar ", " på plats ", " öppet ",
		" in ufficio ", " disponibil", " raggiungibil", " di kantor ", " tersedia ", " im büro ", " erreichbar ", " im haus",
		" verfügbar ", " besetzt ", " geöffnet ", " au bureau ", " disponible", " joignable ", " ouvert", " en la oficina ", " no escritório ",
		" disponível ", " op kantoor ", " bereikbaar ", "在辦公室", "在办公室", "上班", "營業", "出社", "勤務",
	})
)

// awayOnly leaves of a text the sentences that say that somebody is away, and
// not that they are there: "I am available until 6 November, then on holiday".
func awayOnly(words []token) []token {
	var kept []token
	for len(words) > 0 {
		end := sentenceEnd(words)
		var b strings.Builder
		for _, w := range words[:end] {
			b.WriteByte(' ')
			b.WriteString(w.text)
		}
		b.WriteByte(' ')
		said := b.String()
		if away := absentPhrases.find(said); away == saysAbsent || away == saysGone && !presentPhrases.in(said) {
			kept = append(append(kept, words[:end]...), token{text: "\n", number: -1, mark: true})
		}
		words = words[end:]
	}
	return kept
}

// sentenceEnd counts the words of the first sentence. The point of a date or of
// an abbreviation ends none.
func sentenceEnd(words []token) int {
	for i, w := range words {
		next := wordAt(words, i+1)
		switch {
		case i+1 == len(words):
		case next.line > w.line+1, w.mark && strings.Contains("!?;。", w.text):
			return i + 1
		case w.text == "." && next.gap && next.number < 0 && i > 0:
			before := words[i-1]
			if before.number < 0 && len(before.text) > len("t.o.m") || before.number >= 0 && months[next.text] == 0 {
				return i + 1
			}
		}
	}
	return len(words)
}

// isAwayAround tells whether the sentence around a day says that somebody is
// away, and not that they are there until then.
func isAwayAround(note []rune, start, end int) bool {
	stop := func(r rune) bool { return r == '\n' || r == '。' || r == '！' || r == '；' }
	from, to := start, end
	for from > 0 && start-from < maxClause && !stop(note[from-1]) {
		from--
	}
	for to < len(note) && to-end < maxClause && !stop(note[to]) {
		to++
	}
	said := string(note[from:to])
	away := absentPhrases.find(said)
	return away == saysAbsent || away == saysGone && !presentPhrases.in(said)
}
